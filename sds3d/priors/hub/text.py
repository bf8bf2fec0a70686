"""Text encoders of diffusion models: from sentences to what a denoiser attends to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sds3d.errors import PriorError
from sds3d.priors.hub.layout import Layout

ALONE, THIRD = (
    77,
    256,
)  # tokens of T5 in DeepFloyd IF and in Stable Diffusion 3, their pipelines' numbers


class TextEncoder(Protocol):
    """A function from N texts to (N, T, D), a row for each token.

    pooled: how many numbers of the last row are one vector for the whole text, padded with zeros to D; 0 when
    the last row is a token as the others.  A class of sds3d's own that a folder names as its text encoder has
    from_pretrained(folder, local_files_only=True) and to(device) besides.
    """

    pooled: int

    def __call__(self, texts: Sequence[str]) -> Tensor: ...

    def unread(self, text: str) -> str:
        """The end of the text that is too long to be read, else ""."""


class TransformersText:
    """The encoders of `transformers` that a pipeline has, joined as its denoiser was trained with them.

    One encoder: its last hidden states (Stable Diffusion 1 and 2: CLIP; DeepFloyd IF: T5 in lower case, its
    padding masked).  Two, SDXL: the last hidden states but one of both, side by side, and the second's pooled
    vector.  Three, Stable Diffusion 3: the same of two CLIPs with both pooled vectors, padded to the width of
    T5's, which follow as further tokens, zeros where there is no T5.

    Podell et al. 2023, https://arxiv.org/abs/2307.01952, section 2.1; Esser et al. 2024,
    https://arxiv.org/abs/2403.03206, section 4; Saharia et al. 2022, https://arxiv.org/abs/2205.11487.
    """

    def __init__(self, pairs: Sequence[tuple[Any, nn.Module]], width: int = 0) -> None:
        """pairs: (tokenizer, encoder), at most three.  width: of Stable Diffusion 3's tokens, else 0."""
        self.pairs, self.width = list(pairs), width
        self.pooled = 0
        if width or len(self.pairs) > 1:
            clips = [encoder for _, encoder in self.pairs[:2]]
            given = clips if width else clips[1:]
            self.pooled = sum(encoder.config.projection_dim for encoder in given)

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> Tensor:
        if not self.pooled:
            return self._last(texts)
        outs = [
            encoder(self._ids(tokenizer, texts).to(encoder.device), output_hidden_states=True)
            for tokenizer, encoder in self.pairs[:2]
        ]
        tokens = torch.cat([out.hidden_states[-2] for out in outs], -1)
        pooled = torch.cat([out.text_embeds for out in (outs if self.width else outs[1:])], -1)
        if self.width:
            tokens = F.pad(tokens, (0, self.width - tokens.shape[-1]))
            tokens = torch.cat([tokens, self._third(texts).to(tokens)], 1)
        return torch.cat([tokens, F.pad(pooled, (0, tokens.shape[-1] - self.pooled))[:, None]], 1)

    def unread(self, text: str) -> str:
        """The end of the text that the first encoder does not read."""
        tokenizer, _ = self.pairs[0]
        ids = tokenizer(text, add_special_tokens=False, verbose=False).input_ids
        kept = self._length(tokenizer) - tokenizer.num_special_tokens_to_add()
        return tokenizer.decode(ids[kept:]).strip()

    def _last(self, texts: Sequence[str]) -> Tensor:
        tokenizer, encoder = self.pairs[0]
        t5 = encoder.config.model_type == "t5"
        read = self._read(tokenizer, [text.lower() for text in texts] if t5 else texts)
        masked = t5 or getattr(encoder.config, "use_attention_mask", False)
        mask = read.attention_mask.to(encoder.device) if masked else None
        return encoder(read.input_ids.to(encoder.device), attention_mask=mask)[0]

    def _third(self, texts: Sequence[str]) -> Tensor:
        if len(self.pairs) < 3:
            return torch.zeros(len(texts), THIRD, self.width)
        tokenizer, encoder = self.pairs[2]
        return encoder(self._ids(tokenizer, texts, THIRD).to(encoder.device))[0]

    def _read(self, tokenizer: Any, texts: Sequence[str], length: int = 0) -> Any:
        return tokenizer(
            list(texts),
            padding="max_length",
            max_length=length or self._length(tokenizer),
            truncation=True,
            return_tensors="pt",
        )

    def _ids(self, tokenizer: Any, texts: Sequence[str], length: int = 0) -> Tensor:
        return self._read(tokenizer, texts, length).input_ids

    def _length(self, tokenizer: Any) -> int:
        """T5's tokenizers know no end, or one far beyond what the pipelines give them."""
        return min(tokenizer.model_max_length, ALONE)


def text_encoder(
    layout: Layout, width: int, where: torch.device, dtype: torch.dtype
) -> TextEncoder:
    """The text encoder of a folder.  width: as TransformersText.

    A class of sds3d's own in the place of `text_encoder` is the encoder itself.  Raises PriorError when there
    is none.
    """
    if "text_encoder" in layout and layout.index["text_encoder"][0].partition(".")[0] == "sds3d":
        return layout.load("text_encoder", dtype).to(where)
    pairs = []
    for end in ("", "_2", "_3"):
        if f"text_encoder{end}" in layout:
            encoder = layout.load(f"text_encoder{end}", dtype).to(where)
            pairs.append((layout.load(f"tokenizer{end}"), encoder))
    if not pairs or (width and len(pairs) < 2):
        raise PriorError(
            f"'{layout.folder}' has not the text encoders that its denoiser needs",
            "give a text-conditioned model with tokenizer/ and text_encoder/",
        )
    return TransformersText(pairs, width)
