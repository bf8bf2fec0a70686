"""Text encoders of diffusion models: from prompts to the tokens that a denoiser attends to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from sds3d.errors import PriorError
from sds3d.priors.hub.layout import TEXT_ENCODERS, TOKENIZERS, Layout

MOST_TOKENS = 77  # of a prompt, in every pipeline except Stable Diffusion 3's T5
SD3_T5_TOKENS = 256  # its pipeline's default
CLIP = ("CLIPTextModel", "CLIPTextModelWithProjection")
POOLING_CLIP = CLIP[1:]
T5 = ("T5EncoderModel",)


class TextEncoder(Protocol):
    """A function from N prompts to (N, T, D), a row for each token.

    pooled: 0 when every row is a token; otherwise the last row holds one vector for the whole prompt in its
    first `pooled` entries, padded with zeros to D.
    """

    pooled: int

    def __call__(self, texts: Sequence[str]) -> Tensor: ...

    def unread(self, text: str) -> str:
        """The end of a prompt that is too long to be encoded, "" when all of it is."""
        ...


class TransformersText:
    """A pipeline's encoders from `transformers`, joined as its denoiser was trained with them.

    One encoder: its last hidden states.  Stable Diffusion 1 and 2 use CLIP; DeepFloyd IF uses T5, with prompts
    in lower case and the padding masked.

    Two, Stable Diffusion XL: the second-to-last hidden states of both, concatenated, and the pooled vector of
    the second.

    Three, Stable Diffusion 3: as XL with the pooled vectors of both CLIPs, the tokens padded with zeros to
    the width of T5's, which follow as further tokens; zeros in their place when there is no T5.

    Podell et al. 2023, https://arxiv.org/abs/2307.01952, section 2.1; Esser et al. 2024,
    https://arxiv.org/abs/2403.03206, section 4; Saharia et al. 2022, https://arxiv.org/abs/2205.11487.
    """

    def __init__(self, pairs: Sequence[tuple[Any, Any]], width: int = 0) -> None:
        """pairs: up to three (tokenizer, encoder), classes of `transformers`.

        width: of Stable Diffusion 3's tokens, 0 for others.
        """
        self.pairs = list(pairs)
        self.width = width
        self.pooled = 0
        if width or len(self.pairs) > 1:
            clips = [encoder for _, encoder in self.pairs[:2]]
            pooling = clips if width else clips[1:]
            self.pooled = sum(encoder.config.projection_dim for encoder in pooling)

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> Tensor:
        if not self.pooled:
            return self._last_hidden(texts)
        outs = [
            encoder(self._ids(tokenizer, texts).to(encoder.device), output_hidden_states=True)
            for tokenizer, encoder in self.pairs[:2]
        ]
        tokens = torch.cat([out.hidden_states[-2] for out in outs], -1)
        pooled = torch.cat([out.text_embeds for out in (outs if self.width else outs[1:])], -1)
        if self.width:
            tokens = F.pad(tokens, (0, self.width - tokens.shape[-1]))
            tokens = torch.cat([tokens, self._sd3_t5(texts).to(tokens)], 1)
        return torch.cat([tokens, F.pad(pooled, (0, tokens.shape[-1] - self.pooled))[:, None]], 1)

    def unread(self, text: str) -> str:
        """The end of the prompt that is beyond the first encoder's length."""
        tokenizer, _ = self.pairs[0]
        ids = tokenizer(text, add_special_tokens=False, verbose=False).input_ids
        length = self._length(tokenizer) - tokenizer.num_special_tokens_to_add()
        return tokenizer.decode(ids[length:]).strip()

    def _last_hidden(self, texts: Sequence[str]) -> Tensor:
        tokenizer, encoder = self.pairs[0]
        t5 = encoder.config.model_type == "t5"
        batch = self._tokenize(tokenizer, [text.lower() for text in texts] if t5 else texts)
        masked = t5 or getattr(encoder.config, "use_attention_mask", False)
        mask = batch.attention_mask.to(encoder.device) if masked else None
        return encoder(batch.input_ids.to(encoder.device), attention_mask=mask)[0]

    def _sd3_t5(self, texts: Sequence[str]) -> Tensor:
        if len(self.pairs) < 3:
            return torch.zeros(len(texts), SD3_T5_TOKENS, self.width)
        tokenizer, encoder = self.pairs[2]
        return encoder(self._ids(tokenizer, texts, SD3_T5_TOKENS).to(encoder.device))[0]

    def _tokenize(self, tokenizer: Any, texts: Sequence[str], length: int = 0) -> Any:
        return tokenizer(
            list(texts),
            padding="max_length",
            max_length=length or self._length(tokenizer),
            truncation=True,
            return_tensors="pt",
        )

    def _ids(self, tokenizer: Any, texts: Sequence[str], length: int = 0) -> Tensor:
        return self._tokenize(tokenizer, texts, length).input_ids

    def _length(self, tokenizer: Any) -> int:
        """T5's tokenizers have no maximum length, or one far beyond what the pipelines use."""
        return min(tokenizer.model_max_length, MOST_TOKENS)


def check_text_encoder(layout: Layout, width: int) -> None:
    """Checks the classes of a folder's text encoders, before any weights are read.

    width: as for `TransformersText`.  Raises PriorError when they are not those of a pipeline that
    `TransformersText` describes, or one has no tokenizer.
    """
    named = [name for name in TEXT_ENCODERS if name in layout]
    if not named or named != list(TEXT_ENCODERS[: len(named)]) or (width and len(named) < 2):
        raise PriorError(
            f"'{layout.folder}' lacks the text encoders its denoiser needs",
            "use a text-conditioned model with tokenizer/ and text_encoder/",
        )
    if len(named) == 1:
        allowed = [CLIP + T5]
    elif width:
        allowed = [POOLING_CLIP, POOLING_CLIP, T5]
    else:
        allowed = [CLIP, POOLING_CLIP]
    for index, name in enumerate(named):
        kind = layout.class_of(name).__name__
        if index >= len(allowed) or kind not in allowed[index]:
            known = ", ".join(allowed[index]) if index < len(allowed) else "none"
            raise PriorError(
                f"'{layout.folder}' has {kind} as its {name}; supported here: {known}",
                "use Stable Diffusion 1, 2, XL or 3, or DeepFloyd IF",
            )
        if TOKENIZERS[index] not in layout:
            raise PriorError(f"'{layout.folder}' has no {TOKENIZERS[index]}", "use a whole model")


def text_encoder(
    layout: Layout, width: int, where: torch.device, dtype: torch.dtype
) -> TextEncoder:
    """The text encoder of a folder that `check_text_encoder` accepts.  width: as for `TransformersText`."""
    pairs = []
    for tokenizer, encoder in zip(TOKENIZERS, TEXT_ENCODERS, strict=True):
        if encoder in layout:
            network = layout.load(encoder, dtype).to(where)
            pairs.append((layout.load(tokenizer), network))
    return TransformersText(pairs, width)
