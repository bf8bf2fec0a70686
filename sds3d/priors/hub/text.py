"""Text encoders of diffusion models: from prompts to the tokens that a denoiser attends to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from sds3d.diffusion.cond import Embedding
from sds3d.errors import PriorError
from sds3d.priors.hub.families import SUPPORTED, T5, Family
from sds3d.priors.hub.layout import TEXT_ENCODERS, TOKENIZERS, Layout

CLIP_TOKENS = 77
SANA_INSTRUCTION = "\n".join(
    [
        "Given a user prompt, generate an 'Enhanced prompt' that provides detailed visual descriptions "
        "suitable for image generation. Evaluate the level of detail in the user prompt:",
        "- If the prompt is simple, focus on adding specifics about colors, shapes, sizes, textures, and "
        "spatial relationships to create vivid and concrete scenes.",
        "- If the prompt is already detailed, refine and enhance the existing details slightly without "
        "overcomplicating.",
        "Here are examples of how to transform or refine prompts:",
        "- User Prompt: A cat sleeping -> Enhanced: A small, fluffy white cat curled up in a round shape, "
        "sleeping peacefully on a warm sunny windowsill, surrounded by pots of blooming red flowers.",
        "- User Prompt: A busy city street -> Enhanced: A bustling city street scene at dusk, featuring "
        "glowing street lamps, a diverse crowd of people in colorful clothing, and a double-decker bus "
        "passing by towering glass skyscrapers.",
        "Please generate only the enhanced description for the prompt below and avoid including any "
        "additional commentary or evaluations:",
        "User Prompt: ",
    ]
)  # diffusers' SanaPipeline, complex_human_instruction; Sana was trained with it


class TextEncoder(Protocol):
    """A function from N prompts to their embedding, N rows."""

    def __call__(self, texts: Sequence[str], *, negative: bool = False) -> Embedding:
        """The embedding of the prompts; `negative` ones are what guidance steers away from."""
        ...

    def unread(self, text: str) -> str:
        """The end of a prompt that is too long to be encoded, "" when all of it is."""
        ...

    def release(self) -> None:
        """Frees the memory of what `__call__` can load again."""
        ...


class Held:
    """A network that is loaded when it is first asked for, and again after it was released."""

    def __init__(self, load: Callable[[], Any]) -> None:
        self._load = load
        self._network: Any = None

    def __call__(self) -> Any:
        """The network."""
        if self._network is None:
            self._network = self._load()
        return self._network

    def release(self) -> None:
        """Frees the network's memory."""
        if self._network is not None and self._network.device.type == "cuda":
            self._network = None
            torch.cuda.empty_cache()
        self._network = None


class OneText:
    """The last hidden states of one encoder, or its pooled state (StableMaterials).

    Stable Diffusion 1 and 2 use CLIP.  DeepFloyd IF and PixArt use T5, with prompts in lower case and the
    padding masked in the encoder; in PixArt's denoiser, too.

    Saharia et al. 2022, https://arxiv.org/abs/2205.11487; Chen et al. 2023, https://arxiv.org/abs/2310.00426.
    """

    def __init__(
        self,
        tokenizer: Any,
        encoder: Held,
        *,
        t5: bool,
        tokens: int,
        masks: bool = False,
        pooled: bool = False,
    ) -> None:
        """t5: the encoder is T5, not CLIP.  tokens: of a prompt for T5.  masks: the denoiser gets the mask.
        pooled: the encoder projects its pooled state, and that is the only token."""
        self.tokenizer = tokenizer
        self.encoder = encoder
        self.t5 = t5
        self.tokens = tokens if t5 else 0
        self.masks = masks
        self.pooled = pooled

    @torch.no_grad()
    def __call__(self, texts: Sequence[str], *, negative: bool = False) -> Embedding:
        del negative
        told = [text.lower().strip() for text in texts] if self.t5 else texts
        encoder = self.encoder()
        batch = _tokenize(self.tokenizer, told, self.tokens).to(encoder.device)
        masked = self.t5 or getattr(encoder.config, "use_attention_mask", False)
        out = encoder(batch.input_ids, attention_mask=batch.attention_mask if masked else None)
        if self.pooled:
            return Embedding(out[0][:, None])
        return Embedding(out[0], mask=batch.attention_mask if self.masks else None)

    def unread(self, text: str) -> str:
        """The end of the prompt that is beyond the encoder's length."""
        return _beyond(self.tokenizer, text, self.tokens)

    def release(self) -> None:
        self.encoder.release()


class JoinedText:
    """The joined hidden states of two CLIPs, with pooled vectors, and those of T5.

    Stable Diffusion XL: the second-to-last hidden states of both, concatenated, and the pooled vector of the
    second.  Stable Diffusion 3: the same with the pooled vectors of both, the tokens padded with zeros to the
    width of T5's, which follow as further tokens; zeros in their place when there is no T5.

    Podell et al. 2023, https://arxiv.org/abs/2307.01952, section 2.1; Esser et al. 2024,
    https://arxiv.org/abs/2403.03206, section 4.
    """

    def __init__(
        self, pairs: Sequence[tuple[Any, Held]], *, width: int = 0, tokens: int = 0
    ) -> None:
        """pairs: two or three (tokenizer, encoder).  width, tokens: of Stable Diffusion 3's T5, else 0."""
        self.pairs = list(pairs)
        self.width = width
        self.tokens = tokens

    @torch.no_grad()
    def __call__(self, texts: Sequence[str], *, negative: bool = False) -> Embedding:
        del negative
        outs = []
        for tokenizer, held in self.pairs[:2]:
            encoder = held()
            ids = _tokenize(tokenizer, texts).input_ids.to(encoder.device)
            outs.append(encoder(ids, output_hidden_states=True))
        tokens = torch.cat([out.hidden_states[-2] for out in outs], -1)
        pooled = torch.cat([out.text_embeds for out in (outs if self.width else outs[1:])], -1)
        if self.width:
            tokens = F.pad(tokens, (0, self.width - tokens.shape[-1]))
            tokens = torch.cat([tokens, self._t5(texts).to(tokens)], 1)
        return Embedding(tokens, pooled)

    def unread(self, text: str) -> str:
        """The end of the prompt that is beyond the length of CLIP."""
        return _beyond(self.pairs[0][0], text)

    def release(self) -> None:
        for _, encoder in self.pairs:
            encoder.release()

    def _t5(self, texts: Sequence[str]) -> Tensor:
        if len(self.pairs) < 3:
            return torch.zeros(len(texts), self.tokens, self.width)
        tokenizer, held = self.pairs[2]
        encoder = held()
        return encoder(_tokenize(tokenizer, texts, self.tokens).input_ids.to(encoder.device))[0]


class SanaText:
    """The last hidden states of Gemma 2 and their mask, for prompts in lower case behind an instruction.

    The first token and the last tokens of the instruction with the prompt are kept; what guidance steers away
    from has no instruction.  Xie et al. 2024, https://arxiv.org/abs/2410.10629, section 2.3.
    """

    def __init__(self, tokenizer: Any, encoder: Held, *, tokens: int) -> None:
        self.tokenizer = tokenizer
        self.encoder = encoder
        self.tokens = tokens
        tokenizer.padding_side = "right"

    @torch.no_grad()
    def __call__(self, texts: Sequence[str], *, negative: bool = False) -> Embedding:
        told = [text.lower().strip() for text in texts]
        length = self.tokens
        if not negative:
            told = [SANA_INSTRUCTION + text for text in told]
            length += len(self.tokenizer.encode(SANA_INSTRUCTION)) - 2
        encoder = self.encoder()
        batch = _tokenize(self.tokenizer, told, length).to(encoder.device)
        out = encoder(batch.input_ids, attention_mask=batch.attention_mask)[0]
        kept = [0, *range(length - self.tokens + 1, length)]
        return Embedding(out[:, kept], mask=batch.attention_mask[:, kept])

    def unread(self, text: str) -> str:
        """The end of the prompt that is beyond the encoder's length."""
        return _beyond(self.tokenizer, text, self.tokens)

    def release(self) -> None:
        self.encoder.release()


def _tokenize(tokenizer: Any, texts: Sequence[str], length: int = 0) -> Any:
    """Token ids and masks, padded and cut to `length`, which is that of CLIP where it is 0."""
    return tokenizer(
        list(texts),
        padding="max_length",
        max_length=length or _clip_length(tokenizer),
        truncation=True,
        return_tensors="pt",
    )


def _clip_length(tokenizer: Any) -> int:
    """The tokenizer's own length; one that was saved without it has an enormous number."""
    return min(tokenizer.model_max_length, CLIP_TOKENS)


def _beyond(tokenizer: Any, text: str, length: int = 0) -> str:
    """The end of the text that does not fit into `length` tokens."""
    most = (length or _clip_length(tokenizer)) - tokenizer.num_special_tokens_to_add()
    ids = tokenizer(text, add_special_tokens=False, verbose=False).input_ids
    return tokenizer.decode(ids[most:]).strip()


def check_text_encoder(layout: Layout, family: Family) -> None:
    """Checks the classes of a folder's text encoders, before any weights are read.

    Raises PriorError when they are not those of the family, or one has no tokenizer.
    """
    named = [name for name in TEXT_ENCODERS if name in layout]
    least = len(family.encoders) - family.optional
    if named != list(TEXT_ENCODERS[: len(named)]) or len(named) < least:
        raise PriorError(
            f"'{layout.called}' lacks the text encoders its denoiser needs",
            "use a text-conditioned model with tokenizer/ and text_encoder/",
        )
    for index, name in enumerate(named):
        kind = layout.class_of(name).__name__
        allowed = family.encoders[index] if index < len(family.encoders) else ()
        if kind not in allowed:
            raise PriorError(
                f"'{layout.called}' has {kind} as its {name}; supported for {family.name}: "
                f"{', '.join(allowed) or 'none'}",
                SUPPORTED,
            )
        if TOKENIZERS[index] not in layout:
            raise PriorError(f"'{layout.called}' has no {TOKENIZERS[index]}", "use a whole model")


def text_encoder(
    layout: Layout, family: Family, width: int, where: torch.device, dtype: torch.dtype
) -> TextEncoder:
    """The text encoder of a folder that `check_text_encoder` accepts; its networks are loaded when it is used.

    width: of Stable Diffusion 3's tokens, 0 for other models.
    """
    pairs = []
    for tokenizer, encoder in zip(TOKENIZERS, TEXT_ENCODERS, strict=True):
        if encoder in layout:
            held = Held(lambda name=encoder: layout.load(name, dtype).to(where))
            pairs.append((layout.load(tokenizer), held))
    if family.reads == "joined":
        return JoinedText(pairs, width=width, tokens=family.tokens)
    (pair,) = pairs
    if family.reads == "instructed":
        return SanaText(*pair, tokens=family.tokens)
    t5 = layout.class_of("text_encoder").__name__ in T5
    masks, pooled = (family.reads == how for how in ("masked", "pooled"))
    return OneText(*pair, t5=t5, tokens=family.tokens, masks=masks, pooled=pooled)
