"""How denoisers are called: functions (network, z_t, times, text, size) -> keyword arguments of the network.

times: (R,) in the model's own units.  text: of each row.  size: pixels a side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from sds3d.diffusion.cond import Embedding

Call = Callable[[Any, Tensor, Tensor, Embedding, int], dict[str, Any]]


def unet(network: Any, z_t: Tensor, times: Tensor, text: Embedding, size: int) -> dict[str, Any]:
    """Stable Diffusion 1 and 2, DeepFloyd IF."""
    del network, size
    return {"sample": z_t, "timestep": times, "encoder_hidden_states": text.embedding}


def xl(network: Any, z_t: Tensor, times: Tensor, text: Embedding, size: int) -> dict[str, Any]:
    """Stable Diffusion XL: the original size, the corner of the crop and the wanted size, too.

    Podell et al. 2023, https://arxiv.org/abs/2307.01952, section 2.2.
    """
    sizes = z_t.new_tensor([[size, size, 0, 0, size, size]]).expand(len(z_t), -1)
    added = {"text_embeds": text.pooled, "time_ids": sizes}
    return unet(network, z_t, times, text, size) | {"added_cond_kwargs": added}


def joint(network: Any, z_t: Tensor, times: Tensor, text: Embedding, size: int) -> dict[str, Any]:
    """Stable Diffusion 3."""
    del network, size
    return {
        "hidden_states": z_t,
        "timestep": times,
        "encoder_hidden_states": text.embedding,
        "pooled_projections": text.pooled,
    }


def pixart(network: Any, z_t: Tensor, times: Tensor, text: Embedding, size: int) -> dict[str, Any]:
    """PixArt-alpha and PixArt-Sigma; the first is given the size at 1024 pixels.

    Chen et al. 2023, https://arxiv.org/abs/2310.00426.
    """
    sizes = ratios = None
    if network.use_additional_conditions:
        sizes = z_t.new_full((len(z_t), 2), size)
        ratios = z_t.new_ones((len(z_t), 1))
    return {
        "hidden_states": z_t,
        "timestep": times,
        "encoder_hidden_states": text.embedding,
        "encoder_attention_mask": text.mask,
        "added_cond_kwargs": {"resolution": sizes, "aspect_ratio": ratios},
    }


def sana(network: Any, z_t: Tensor, times: Tensor, text: Embedding, size: int) -> dict[str, Any]:
    """Sana.  Xie et al. 2024, https://arxiv.org/abs/2410.10629."""
    del size
    return {
        "hidden_states": z_t,
        "timestep": times * network.config.timestep_scale,
        "encoder_hidden_states": text.embedding,
        "encoder_attention_mask": text.mask,
    }
