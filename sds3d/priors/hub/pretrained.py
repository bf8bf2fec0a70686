"""The parts of a folder in the diffusers layout, put together as a prior."""

from __future__ import annotations

import inspect
from functools import lru_cache

import torch
from torch import Tensor, nn

from sds3d.errors import PriorError, nearest
from sds3d.priors.hub.layout import Layout, find
from sds3d.priors.hub.prior import EPS, DiffusionPrior
from sds3d.priors.hub.text import text_encoder

DTYPES = {name: getattr(torch, name) for name in ("float32", "bfloat16", "float16")}
LEAST_ALPHA_BAR = 2.0**-24  # diffusers' own, where a schedule ends without any signal
KNOWN = {"sample", "timestep", "encoder_hidden_states"}  # what a denoiser is called with
JOINT = {
    "hidden_states",
    "timestep",
    "encoder_hidden_states",
    "pooled_projections",
}  # Stable Diffusion 3


@lru_cache(maxsize=1)  # the jobs of a batch share one
def load(name: str, where: torch.device, *, dtype: str = "auto", size: int = 0) -> DiffusionPrior:
    """The prior in a folder in the diffusers layout, or of a hub model.

    dtype: of the weights; `auto` is float32 on the CPU and float16 on CUDA.  size: pixels of the side that
    pictures are resized to; 0 is what the model was trained with.

    Raises PriorError when it cannot be had, or needs what this adapter does not give.
    """
    if dtype not in ("auto", *DTYPES):
        raise PriorError(
            f"prior.diffusers.dtype = '{dtype}'{nearest(dtype, DTYPES)}", "take one of these"
        )
    half = torch.float32 if where.type == "cpu" else torch.float16
    wanted = half if dtype == "auto" else DTYPES[dtype]
    layout = find(name)
    config = layout.config(layout.denoiser)
    log_alpha_bar, prediction, steps = _schedule(layout)
    denoiser = _denoiser(layout, wanted).to(where)
    factor, vae = 1, None
    if "vae" in layout:
        vae, factor = _vae(layout, where, wanted)
    own = config.get("sample_size")
    own = own if isinstance(own, int) else max(own or [0])
    if not size and not own:
        raise PriorError(
            f"'{name}' does not say the size of its pictures", "--set prior.diffusers.size=512"
        )
    if size % factor:
        raise PriorError(
            f"prior.diffusers.size = {size}: the VAE needs a multiple of {factor}", "round it"
        )
    width = config["joint_attention_dim"] if "pooled_projection_dim" in config else 0
    return DiffusionPrior(
        denoiser,
        text_encoder(layout, width, where, wanted),
        prediction=prediction,
        log_alpha_bar=log_alpha_bar,
        steps=steps,
        size=size or own * factor,
        vae=vae,
        name=name,
        weights=layout.hashes(),
    )


def _schedule(layout: Layout) -> tuple[Tensor | None, str, int]:
    """(log alpha_bar or None for a flow, what is predicted, N)."""
    told = layout.config("scheduler")
    _, kind = layout.index["scheduler"]
    flow = told.get("use_flow_sigmas") or kind.startswith("FlowMatch")
    prediction = told.get("prediction_type", "flow_prediction" if flow else "epsilon")
    scheduler = None if flow else layout.load("scheduler")
    foreign = "v_prediction" if flow else "flow_prediction"  # velocities of the other kind of path
    known = flow or hasattr(scheduler, "alphas_cumprod")
    if not known or prediction not in EPS or prediction == foreign:
        raise PriorError(
            f"'{layout.folder}' has the schedule {kind} with '{prediction}'",
            f"give a model with alphas_cumprod or a flow that predicts {', '.join(EPS)}",
        )
    if flow:
        return None, prediction, told.get("num_train_timesteps", 1000)
    bar = scheduler.alphas_cumprod.double().clamp_min(LEAST_ALPHA_BAR)
    return bar.log(), prediction, len(bar)


def _denoiser(layout: Layout, dtype: torch.dtype) -> nn.Module:
    """The denoiser.  Raises PriorError when it must be told what this adapter does not know."""
    network = layout.load(layout.denoiser, dtype)
    found = inspect.signature(network.forward).parameters.values()
    needed = {p.name for p in found if p.default is p.empty and p.kind is not p.VAR_KEYWORD}
    names, config = {p.name for p in found}, network.config
    added = getattr(config, "addition_embed_type", None)
    fits = names >= KNOWN and needed <= KNOWN | {"camera"}
    fits |= names >= JOINT and needed <= JOINT and "img_ids" not in names
    if (
        not fits
        or added not in (None, "text", "text_time")
        or getattr(config, "class_embed_type", None)
    ):
        raise PriorError(
            f"{type(network).__name__} in '{layout.folder}' needs more than text to be called",
            "give a text-conditioned UNet2DConditionModel or SD3Transformer2DModel",
        )
    return network


def _vae(layout: Layout, where: torch.device, dtype: torch.dtype) -> tuple[nn.Module, int]:
    """(the VAE, pixels for each latent); float32 where its configuration says that less overflows."""
    if layout.index["vae"][1] != "AutoencoderKL":
        raise PriorError(
            f"{layout.index['vae'][1]} is not supported", "give a model with an AutoencoderKL"
        )
    overflows = layout.config("vae").get("force_upcast", True) and dtype is torch.float16
    vae = layout.load("vae", torch.float32 if overflows else dtype).to(where)
    return vae, 2 ** (len(vae.config.block_out_channels) - 1)
