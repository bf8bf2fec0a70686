"""A prior from a folder in the diffusers layout, checked before its weights are downloaded or read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from torch import Tensor

from sds3d.bounds import Bounds, MultipleOf
from sds3d.errors import PriorError, nearest
from sds3d.files import digest
from sds3d.priors.hub.download import download_configurations, download_weights, find
from sds3d.priors.hub.embeddings import KeptText
from sds3d.priors.hub.families import FAMILIES, SUPPORTED, Family, family_of
from sds3d.priors.hub.layout import TEXT_ENCODERS, TOKENIZERS, Layout, module
from sds3d.priors.hub.memory import Load, Vram, choose, dtypes_of, needed
from sds3d.priors.hub.prior import EPS, DiffusionPrior
from sds3d.priors.hub.single_file import converted, is_single_file, require_config
from sds3d.priors.hub.text import check_text_encoder, text_encoder

DTYPES = {name: getattr(torch, name) for name in ("float32", "bfloat16", "float16")}
SMALLEST_ALPHA_BAR = 2.0**-24  # diffusers' own, for schedules that end with no signal
MOST_STEPS = 100_000
MOST_PIXELS_A_SIDE = 4096


def diffusers_prior(
    source: str,
    *,
    seed: int,
    device: torch.device,
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto",
    size: Annotated[int, Bounds(0, 2048), MultipleOf(8)] = 0,
    vram: Vram = "auto",
    config: str = "",
    views: int = 1,
    student: bool = False,
) -> DiffusionPrior:
    """The prior of a folder in the diffusers layout, of the hub model OWNER/MODEL, or of one file of weights,
    as `load_pretrained`.

    Args:
        source: the folder, OWNER/MODEL, or the file.
        seed: not used.
        device: where the model is loaded to.
        dtype: of the weights; `auto` is `float32` on the CPU and `float16` on CUDA.
        size: pixels a side to which images are resized; 0 is the size that the model was trained with.
        vram: `low` saves GPU memory where it costs time (activations are computed again, text encoders are
            freed), `auto` does so where the model would not fit otherwise, `high` never does.
        config: where the configurations and tokenizers of one file of weights are: a folder, OWNER/MODEL or a
            short name.
        views: of a step, for what memory is needed.
        student: whether one is trained, likewise.
    """
    del seed
    return load_pretrained(
        source,
        device,
        dtype=dtype,
        size=size,
        vram=vram,
        config=config,
        views=views,
        student=student,
    )


@lru_cache(maxsize=1)  # shared by the jobs of a batch
def load_pretrained(
    name: str,
    where: torch.device,
    *,
    dtype: str = "auto",
    size: int = 0,
    vram: Vram = "auto",
    config: str = "",
    views: int = 1,
    student: bool = False,
    maps: bool = False,
) -> DiffusionPrior:
    """The prior in a folder in the diffusers layout, of a hub model, or of a safetensors file of weights alone.

    dtype: of the weights; `auto` is float32 on the CPU and float16 on CUDA.  size: pixels a side to which
    images are resized; 0 is the size that the model was trained with.  vram: `low` saves memory where it costs
    time (activations of the VAE and of a student are computed again, text encoders are freed); `auto` does so
    on CUDA where the model would not fit otherwise.  config: for a file of weights alone, the folder or hub
    model that its configurations and tokenizers are taken from.  maps: whether a model that makes the maps of a
    material, instead of a picture, will do.

    Raises PriorError when the model is not there, is not safe to load, takes inputs that this adapter does not
    provide, or does not fit; nothing large is downloaded or read before all of that is known.
    """
    if dtype not in ("auto", *DTYPES):
        raise PriorError(
            f"prior.diffusers.dtype = '{dtype}'{nearest(dtype, DTYPES)}",
            f"use one of auto, {', '.join(DTYPES)}",
        )
    default = torch.float32 if where.type == "cpu" else torch.float16
    wanted = default if dtype == "auto" else DTYPES[dtype]

    layout, family = _described(name, config)
    described = layout.config(layout.denoiser)
    check_text_encoder(layout, family)
    width = _text_width(layout, family, described)
    scale = _vae_scale(layout, family)
    channels = layout.config("vae").get("out_channels", 3) if "vae" in layout else 3
    if channels != 3 and not maps:
        raise PriorError(
            f"'{layout.called}' makes the maps of a material, not pictures", "use sds3d material"
        )
    pixels = _image_size(name, described, size, scale)
    log_alpha_bar, prediction, steps = _schedule(layout)
    vae_dtype = _vae_dtype(layout, wanted) if "vae" in layout else wanted
    dtypes = dtypes_of(layout, wanted, vae_dtype)
    layout = replace(layout, half=frozenset(n for n, d in dtypes.items() if d is torch.float16))
    download_weights(layout)
    layout.check_weights()
    low = vram == "low"
    if where.type == "cuda" and not maps:
        load = Load(pixels, views, student)
        high_need, low_need = (
            needed(layout, family, dtypes, load, low=saving) for saving in (False, True)
        )
        total = torch.cuda.get_device_properties(where).total_memory
        low = choose(layout.called, vram, load, high_need, low_need, total)
    weights = layout.hashes()

    vae = layout.load("vae", vae_dtype).to(where) if "vae" in layout else None
    return DiffusionPrior(
        layout.load(layout.denoiser, wanted).to(where),
        KeptText(
            text_encoder(layout, family, width, where, wanted),
            _identity(layout, family, weights, where, wanted),
        ),
        prediction=prediction,
        log_alpha_bar=log_alpha_bar,
        steps=steps,
        size=pixels,
        vae=vae,
        zero_empty=family is FAMILIES["xl"] and _zero_empty(layout),
        call=family.call,
        low_memory=low,
        name=name,
        weights=weights,
    )


def _described(name: str, config: str) -> tuple[Layout, Family]:
    """The model's layout with its configurations, and its family; of a file of weights, that of its folder."""
    single = is_single_file(name)
    if single:
        require_config(name, config)
    elif config:
        raise PriorError(
            f"prior.diffusers.config = '{config}': '{name}' has its own configurations",
            "leave it out; it belongs to a file of weights alone",
        )
    layout = find(config if single else name)
    family = family_of(layout)
    download_configurations(layout)
    layout.check()
    return (converted(Path(name), layout, family) if single else layout), family


def _identity(
    layout: Layout,
    family: Family,
    weights: Mapping[str, str],
    where: torch.device,
    dtype: torch.dtype,
) -> dict[str, str]:
    """What the embeddings of prompts depend on beside the prompts."""
    files = {name: sha for name, sha in weights.items() if name.partition("/")[0] in TEXT_ENCODERS}
    for component in (*TOKENIZERS, *TEXT_ENCODERS):
        for file in sorted((layout.folder / component).glob("*")):
            if file.suffix in (".json", ".txt", ".model"):
                files[f"{component}/{file.name}"] = digest(file)
    settings = {"family": family.name, "dtype": str(dtype), "device": where.type}
    return files | settings | {"transformers": module("transformers").__version__}


def _zero_empty(layout: Layout) -> bool:
    """Whether the empty prompt of a Stable Diffusion XL is zeros: unless its index says otherwise."""
    return bool(layout.index.get("force_zeros_for_empty_prompt", True))


def _text_width(layout: Layout, family: Family, config: Mapping[str, Any]) -> int:
    """The width of Stable Diffusion 3's tokens; 0 for other models."""
    if family is not FAMILIES["sd3"]:
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


def _vae_scale(layout: Layout, family: Family) -> int:
    """Pixels a side of one latent; 1 for models of pixels.  Raises PriorError for an unknown VAE."""
    if "vae" not in layout:
        return 1
    kind = layout.class_of("vae").__name__
    if kind != family.vae:
        message = (
            f"'{layout.called}' has {kind} as its vae; supported for {family.name}: {family.vae}"
        )
        raise PriorError(message, SUPPORTED)
    key = "encoder_block_out_channels" if kind == "AutoencoderDC" else "block_out_channels"
    channels = layout.config("vae").get(key, [64])
    if not isinstance(channels, list) or not 1 <= len(channels) <= 8:
        raise PriorError(f"the VAE in '{layout.folder}' has no valid {key}", "use another model")
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
