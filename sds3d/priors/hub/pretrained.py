"""A prior from a folder in the diffusers layout, checked before its weights are downloaded or read."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal

import torch
from torch import Tensor

from sds3d.bounds import Bounds, MultipleOf
from sds3d.errors import PriorError, nearest
from sds3d.priors.hub.layout import Layout, find
from sds3d.priors.hub.prior import EPS, DiffusionPrior
from sds3d.priors.hub.text import check_text_encoder, text_encoder

DTYPES = {name: getattr(torch, name) for name in ("float32", "bfloat16", "float16")}
SMALLEST_ALPHA_BAR = 2.0**-24  # diffusers' own, for schedules that end with no signal
MOST_STEPS = 100_000
MOST_PIXELS_A_SIDE = 4096
UNET_INPUTS = {"sample", "timestep", "encoder_hidden_states"}
SD3_INPUTS = {"hidden_states", "timestep", "encoder_hidden_states", "pooled_projections"}
ADDED_INPUTS = (None, "text", "text_time")  # addition_embed_type: IF's and SDXL's


def diffusers_prior(
    source: str,
    *,
    seed: int,
    device: torch.device,
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto",
    size: Annotated[int, Bounds(0, 2048), MultipleOf(8)] = 0,
) -> DiffusionPrior:
    """The prior of a folder in the diffusers layout, or of the hub model OWNER/MODEL, as `load_pretrained`."""
    del seed
    return load_pretrained(source, device, dtype=dtype, size=size)


@lru_cache(maxsize=1)  # shared by the jobs of a batch
def load_pretrained(
    name: str, where: torch.device, *, dtype: str = "auto", size: int = 0
) -> DiffusionPrior:
    """The prior in a folder in the diffusers layout, or of a hub model.

    dtype: of the weights; `auto` is float32 on the CPU and float16 on CUDA.  size: pixels a side to which
    images are resized; 0 is the size that the model was trained with.

    Raises PriorError when the model is not there, is not safe to load, or takes inputs that this adapter does
    not provide; nothing large is downloaded or read before all of that is known.
    """
    if dtype not in ("auto", *DTYPES):
        raise PriorError(
            f"prior.diffusers.dtype = '{dtype}'{nearest(dtype, DTYPES)}",
            f"use one of auto, {', '.join(DTYPES)}",
        )
    default = torch.float32 if where.type == "cpu" else torch.float16
    wanted = default if dtype == "auto" else DTYPES[dtype]

    layout = find(name)
    layout.check()
    config = layout.config(layout.denoiser)
    _check_denoiser(layout, config)
    width = _text_width(layout, config)
    check_text_encoder(layout, width)
    scale = _vae_scale(layout)
    pixels = _image_size(name, config, size, scale)
    log_alpha_bar, prediction, steps = _schedule(layout)
    layout.download()
    layout.check_weights()

    vae = layout.load("vae", _vae_dtype(layout, wanted)).to(where) if "vae" in layout else None
    return DiffusionPrior(
        layout.load(layout.denoiser, wanted).to(where),
        text_encoder(layout, width, where, wanted),
        prediction=prediction,
        log_alpha_bar=log_alpha_bar,
        steps=steps,
        size=pixels,
        vae=vae,
        zero_empty=_zero_empty(layout, config),
        name=name,
        weights=layout.hashes(),
    )


def _check_denoiser(layout: Layout, config: Mapping[str, Any]) -> None:
    """Raises PriorError when the denoiser requires inputs that this adapter does not provide."""
    kind = layout.class_of(layout.denoiser)
    parameters = inspect.signature(kind.forward).parameters.values()
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    named = [p for p in parameters if p.name != "self" and p.kind not in variadic]
    names = {p.name for p in named}
    required = {p.name for p in named if p.default is p.empty}
    like_unet = names >= UNET_INPUTS and required <= UNET_INPUTS | {"camera"}
    like_sd3 = names >= SD3_INPUTS and required <= SD3_INPUTS and "img_ids" not in names
    added = config.get("addition_embed_type") in ADDED_INPUTS and not config.get("class_embed_type")
    if not (like_unet or like_sd3) or not added:
        raise PriorError(
            f"{kind.__name__} in '{layout.folder}' needs other inputs than a text",
            "use a text-conditioned UNet2DConditionModel or SD3Transformer2DModel",
        )


def _zero_empty(layout: Layout, config: Mapping[str, Any]) -> bool:
    """Whether the empty prompt is zeros: Stable Diffusion XL, unless its index says otherwise."""
    xl = config.get("addition_embed_type") == "text_time"
    return xl and bool(layout.index.get("force_zeros_for_empty_prompt", True))


def _text_width(layout: Layout, config: Mapping[str, Any]) -> int:
    """The width of Stable Diffusion 3's tokens; 0 for other models."""
    parameters = inspect.signature(layout.class_of(layout.denoiser).forward).parameters
    if "pooled_projections" not in parameters:
        return 0
    return _whole_number(layout, "joint_attention_dim", config.get("joint_attention_dim", 4096))


def _image_size(name: str, config: Mapping[str, Any], size: int, scale: int) -> int:
    """Pixels a side: `size`, or the one that the model was trained with.  Raises PriorError."""
    trained = config.get("sample_size")
    if isinstance(trained, list) and trained and all(isinstance(n, int) for n in trained):
        trained = max(trained)
    default = trained * scale if isinstance(trained, int) else 0
    if not size and not 0 < default <= MOST_PIXELS_A_SIDE:
        raise PriorError(
            f"'{name}' does not specify the size of its images", "--set prior.diffusers.size=512"
        )
    if size % scale or not 0 <= size <= MOST_PIXELS_A_SIDE:
        raise PriorError(
            f"prior.diffusers.size = {size}: must be a multiple of {scale}, the VAE's scale, "
            f"up to {MOST_PIXELS_A_SIDE}",
            f"use {min(MOST_PIXELS_A_SIDE, max(scale, round(size / scale) * scale))}",
        )
    return size or default


def _schedule(layout: Layout) -> tuple[Tensor | None, str, int]:
    """(log alpha_bar, None for a flow; what the network predicts; the number of trained times N)."""
    config = layout.config("scheduler")
    kind = layout.class_of("scheduler").__name__
    flow = bool(config.get("use_flow_sigmas")) or kind.startswith("FlowMatch")
    prediction = config.get("prediction_type", "flow_prediction" if flow else "epsilon")
    steps = _whole_number(layout, "num_train_timesteps", config.get("num_train_timesteps", 1000))
    scheduler = None if flow else layout.load("scheduler")
    of_other_paths = "v_prediction" if flow else "flow_prediction"
    known = isinstance(prediction, str) and prediction in EPS and prediction != of_other_paths
    alphas_cumprod = getattr(scheduler, "alphas_cumprod", None)
    refused = PriorError(
        f"'{layout.folder}' has the schedule {kind} with {prediction!r}",
        f"use a model with alphas_cumprod, or a flow, that predicts {', '.join(EPS)}",
    )
    if not known:
        raise refused
    if flow:
        return None, prediction, steps
    if not isinstance(alphas_cumprod, Tensor):
        raise refused
    log_alpha_bar = alphas_cumprod.double().clamp_min(SMALLEST_ALPHA_BAR).log()
    if log_alpha_bar.shape != (steps,) or not log_alpha_bar.isfinite().all():
        raise PriorError(
            f"the schedule of '{layout.folder}' is not {steps} finite numbers", "use another model"
        )
    return log_alpha_bar, prediction, len(log_alpha_bar)


def _vae_scale(layout: Layout) -> int:
    """Pixels a side of one latent; 1 for models of pixels.  Raises PriorError for an unknown VAE."""
    if "vae" not in layout:
        return 1
    kind = layout.class_of("vae").__name__
    if kind != "AutoencoderKL":
        raise PriorError(f"{kind} is not supported", "use a model with an AutoencoderKL")
    channels = layout.config("vae").get("block_out_channels", [64])
    if not isinstance(channels, list) or not 1 <= len(channels) <= 8:
        raise PriorError(
            f"the VAE in '{layout.folder}' has no valid block_out_channels", "use another model"
        )
    return 2 ** (len(channels) - 1)


def _vae_dtype(layout: Layout, dtype: torch.dtype) -> torch.dtype:
    """float32 where the VAE's configuration says that it overflows in float16."""
    overflows = layout.config("vae").get("force_upcast", True) and dtype is torch.float16
    return torch.float32 if overflows else dtype


def _whole_number(layout: Layout, key: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_STEPS:
        raise PriorError(
            f"'{layout.folder}': {key} = {value!r} is not a whole number from 1 to {MOST_STEPS:,}",
            "download the model again",
        )
    return value
