"""What a GPU does with the kernels, the steps and a large prior, in at most ten minutes.

    python benchmarks/gpu.py             # on a GPU; writes benchmarks/results/gpu-NAME.json
    python benchmarks/gpu.py --toy       # the same code, small, on the CPU

kernels: each backend against the CPU's kernel: error relative to the largest value, and the milliseconds that a
forward and a backward pass takes both.  steps: median seconds of a step's parts, with the exact prior, by
scene and method.  large prior: SDS with the UNet (half precision) and the VAE of Stable Diffusion 1.5's
configuration and random weights, so that nothing is downloaded, one view of 512 pixels: the most memory that
was allocated, in GiB, and the seconds of a step; `low` is --vram low.
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from machine import RESULTS, machine
from memory import SD15, VAE
from steps import timed

from sds3d.diffusion.cond import Embedding
from sds3d.language.prompt import parse
from sds3d.loops.scene import optimize
from sds3d.priors.hub.prior import DiffusionPrior
from sds3d.recipe import build as parts
from sds3d.recipe.load import load
from sds3d.runs import smoke

MINUTES = 9.0  # after which no further row is begun
SCENES = ("nerf", "triplane", "splats")
METHODS = ("sds", "vsd", "csd", "ism", "sdi", "rfds")
TOY_UNET: dict = {
    **{"sample_size": 4, "block_out_channels": (8, 16), "layers_per_block": 1},
    **{"down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"), "norm_num_groups": 4},
    **{"up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"), "cross_attention_dim": 8},
    **{"attention_head_dim": 2},
}
TOY_VAE: dict = {
    **{"block_out_channels": (4, 4), "down_block_types": ("DownEncoderBlock2D",) * 2},
    **{"up_block_types": ("UpDecoderBlock2D",) * 2, "layers_per_block": 1, "norm_num_groups": 2},
}


class Words:
    """A text encoder's place: random embeddings of 77 tokens."""

    def __init__(self, width: int, device: torch.device) -> None:
        self.width = width
        self.device = device

    def __call__(self, texts: Sequence[str], *, negative: bool = False) -> Embedding:
        return Embedding(torch.randn(len(texts), 77, self.width).to(self.device))

    def unread(self, text: str) -> str:
        return ""

    def release(self) -> None:
        """Nothing is held."""


def large_prior(device: torch.device, *, low: bool, toy: bool) -> DiffusionPrior:
    """A prior in the shape of Stable Diffusion 1.5, or of a toy, whose weights are random."""
    unet: dict = TOY_UNET if toy else SD15
    vae: dict = TOY_VAE if toy else VAE
    half = torch.float16 if device.type == "cuda" else torch.float32
    torch.manual_seed(0)
    with device:
        denoiser = UNet2DConditionModel(**unet)
        encoder = AutoencoderKL(**vae)
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64, device=device) ** 2
    return DiffusionPrior(
        torch.nn.Module.to(denoiser, half),
        Words(unet["cross_attention_dim"], device),
        prediction="epsilon",
        log_alpha_bar=torch.log1p(-betas).cumsum(0),
        steps=1000,
        size=8 if toy else 512,
        vae=encoder,
        low_memory=low,
        name="random",
    )


def large(scene: str, device: torch.device, *, low: bool, toy: bool) -> dict[str, float | None]:
    """The most GiB allocated in three steps of SDS with the large prior, and the seconds of the last."""
    size = 16 if toy else 512
    recipe = load(f"sds-{scene}", overrides=(f"camera.sizes=[{size}]", "camera.views=1"))
    recipe = replace(recipe, steps=3)
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    prior = large_prior(device, low=low, toy=toy)
    run = parts.optimization(recipe, prior, parse("a red armchair"), seed=0, where=device)
    ends: list[float] = []

    def on_step(_: object) -> bool:
        ends.append(time.perf_counter())
        return True

    optimize(run, range(3), on_step)
    peak = torch.cuda.max_memory_allocated(device) / 2**30 if device.type == "cuda" else None
    return {"peak GiB": peak, "seconds": ends[-1] - ends[-2]}


def compared(kernel: str, backend: str, device: torch.device, size: int) -> dict[str, float] | str:
    """The error of a kernel, and the milliseconds that it and the CPU's kernel take."""
    (check,) = smoke.smoke(device, {kernel: (backend,)}, size=size)
    if check.why:
        return check.text
    (twin,) = smoke.smoke(smoke.CPU, {kernel: ("numba",)}, size=size)
    return {"error": check.error, "ms": check.milliseconds, "CPU ms": twin.milliseconds}


def measure(device: torch.device, *, toy: bool, minutes: float = MINUTES) -> dict[str, dict]:
    """All rows, by section and name; "left out" for those that the time did not suffice for."""
    end = time.monotonic() + 60 * minutes
    backends = smoke.CUDA if device.type == "cuda" else {name: ("torch",) for name in smoke.TOYS}
    rows: dict[tuple[str, str], Callable[[], object]] = {}
    for kernel, names in backends.items():
        for name in names:
            rows["kernels", f"{kernel}, {name}"] = lambda k=kernel, n=name: compared(
                k, n, device, 1 if toy else 8
            )
    for scene in SCENES:
        for low in (False, True):
            rows["large prior", f"{scene}{', low' if low else ''}"] = lambda s=scene, low=low: (
                large(s, device, low=low, toy=toy)
            )
    for scene in SCENES:
        for method in METHODS[:2] if toy else METHODS:
            rows["steps", f"{method}-{scene}"] = lambda s=scene, m=method: timed(
                m, s, 16 if toy else 64, 1 if toy else 20, warm=2 if toy else 6, where=device
            )
    table: dict[str, dict] = {"kernels": {}, "large prior": {}, "steps": {}}
    for (section, name), row in rows.items():
        try:
            table[section][name] = row() if time.monotonic() < end else "left out"
        except RuntimeError as error:  # out of memory, say: the other rows are worth having
            table[section][name] = f"failed: {next(iter(str(error).splitlines()), '')}"
        print(f"{section:12} {name:32} {table[section][name]}", flush=True)
    return table


def main() -> None:
    """Prints the rows, and writes them with the machine's description."""
    parser = argparse.ArgumentParser(description="What a GPU does, in at most ten minutes.")
    parser.add_argument(
        "--toy", action="store_true", help="small, on the CPU; writes only with --out"
    )
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if not options.toy and not torch.cuda.is_available():
        parser.error("there is no CUDA device; --toy runs the same code on the CPU")
    device = torch.device("cpu" if options.toy else "cuda")
    out = options.out
    if out is None and not options.toy:
        name = re.sub(r"\W+", "-", torch.cuda.get_device_name(device)).strip("-").lower()
        out = RESULTS / f"gpu-{name}.json"
    values = measure(device, toy=options.toy)
    text = json.dumps({"machine": machine(), "toy": options.toy, "values": values}, indent=1)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
        print(out)


if __name__ == "__main__":
    main()
