"""Maps of a flat material from a sentence, without a scene, by a text-to-image model or by StableMaterials."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from sds3d import files
from sds3d.diffusion.sampling import sample
from sds3d.errors import ExportError, PriorError, UsageError
from sds3d.language.prompt import Prompt, parse
from sds3d.lookup import one_of
from sds3d.priors import parse_prior
from sds3d.priors.hub.maps import NAMES, Maps, maps_of
from sds3d.priors.hub.pretrained import load_pretrained
from sds3d.priors.hub.prior import DiffusionPrior
from sds3d.priors.hub.tiling import seam, tiling
from sds3d.runs.machine import device
from sds3d.views.brdf import brdf
from sds3d.views.cameras import orbit
from sds3d.views.srgb import encoded, linear

Normals = Literal["opengl", "directx"]
FLAT = "texture, seen straight from above in even light"  # what a model of pictures is asked for besides
MOST_STEPS = 1000
TO_LIGHT = (
    0.45,
    0.6,
    0.66,
)  # of the preview: from the upper right, in the frame of the tangent space
SUN, SKY = 2.8, 0.25  # its radiance, times pi, and the ambient share


@dataclass(frozen=True)
class Made:
    """The files of a material by name, what there is to say about it, the seam (`tiling.seam`) of each map."""

    files: Mapping[str, Path]
    notes: tuple[str, ...]
    seams: Mapping[str, float]


def material(
    prompt: str,
    *,
    prior: str,
    out: str = "",
    negative: str = "",
    size: int = 0,
    steps: int = 50,
    guidance_scale: float = 7.5,
    seed: int = 0,
    tile: bool = False,
    normals: Normals = "opengl",
    where: str = "auto",
    overwrite: bool = False,
) -> Made:
    """Makes the maps and writes them as PNG: NAME_basecolor.png and, of a model that makes them,
    NAME_normal.png, NAME_height.png, NAME_roughness.png and NAME_metallic.png; beside them NAME_preview.png and
    NAME.json.

    prior: diffusers:MODEL.  out: the folder, by default outputs/materials/SLUG-SEED.  size: pixels a side, 0
    for the size that the model was trained with.  tile: the maps continue across their borders.  normals: the
    sign of green; opengl is +Y up.

    Raises UsageError for arguments out of range, PriorError for a prior that makes no pictures from words,
    ExportError for files that are there already and for a disk that refuses.
    """
    asked = parse(prompt, negative)
    _check(steps, guidance_scale, size)
    one_of("--normals", normals, get_args(Normals))
    kind, source = parse_prior(prior)
    if kind.table != "diffusers":
        raise PriorError(
            f"'{prior}' makes objects, not materials", "use --prior diffusers:OWNER/MODEL, or sd15"
        )
    folder = Path(out) if out else Path("outputs") / "materials" / f"{asked.slug}-{seed}"
    stem = asked.slug.rpartition("-")[0]
    paths = {name: folder / f"{stem}_{name}.png" for name in (*NAMES, "preview")}
    paths["record"] = folder / f"{stem}.json"
    if not overwrite:
        for path in paths.values():
            if path.exists():
                raise ExportError(
                    f"'{path}' is there already", "use --overwrite, or another --out or --seed"
                )
    model = load_pretrained(source, device(where), size=size, maps=True)
    signals, words = draw(model, asked, steps, guidance_scale, seed, tile=tile)
    maps = maps_of(signals)
    images = {name: _bytes(image) for name, image in maps.named().items()}
    if "normal" in images and normals == "directx":
        images["normal"][..., 1] = 255 - images["normal"][..., 1]
    images["preview"] = _bytes(preview(maps))
    with files.writing(folder, ExportError):
        folder.mkdir(parents=True, exist_ok=True)
    for name, path in paths.items():
        if name in images:
            with files.replacing(path, ExportError) as temporary:
                Image.fromarray(images[name]).save(temporary)
        elif path.suffix == ".png" and overwrite:  # of an earlier model that made more
            with files.writing(path, ExportError):
                path.unlink(missing_ok=True)
    seams = {name: round(seam(image), 3) for name, image in maps.named().items()}
    record = {
        "prompt": asked.text,
        "negative": asked.negative,
        "asked": words,
        "prior": prior,
        "weights": model.weights,
        "size": model.size,
        "steps": steps,
        "guidance_scale": guidance_scale,
        "seed": seed,
        "tile": tile,
        "normals": normals,
        "seams": seams,
    }
    files.write(paths["record"], json.dumps(record, indent=1) + "\n", ExportError)
    written = {name: path for name, path in paths.items() if name in (*images, "record")}
    return Made(written, tuple(_notes(model, maps, tile=tile)), seams)


def draw(
    model: DiffusionPrior, prompt: Prompt, steps: int, scale: float, seed: int, *, tile: bool
) -> tuple[Tensor, str]:
    """(what the model makes, (C, H, W) in about [-1, 1]; the words that it was given).

    The noise is drawn on the CPU from the seed.  Raises PriorError for a model of several views.
    """
    if model.num_views:
        raise PriorError(
            f"{model.name} makes {model.num_views} views of an object, not materials",
            "use a text-to-image model",
        )
    pictures = model.vae is None or model.vae.config.out_channels == 3
    words = f"{prompt.text}, {'seamless ' if tile else ''}{FLAT}" if pictures else prompt.text
    rng = torch.Generator().manual_seed(seed)
    eps = torch.randn(1, *model.shape, generator=rng).to(model.device)
    told = Prompt(words, prompt.negative)
    cond = model.condition(told, orbit(1, 1).to(model.device), torch.zeros(1, 3).to(eps))
    networks = [model.denoiser] if model.vae is None else [model.denoiser, model.vae]
    with tiling(*networks) if tile else nullcontext():
        z = sample(model, eps, cond, steps=steps, guidance_scale=scale, rng=rng if tile else None)
        return model.signals(z)[0].float().cpu(), words


def preview(maps: Maps) -> Tensor:
    """2 x 2 tiles (2 H, 2 W, 3) sRGB, from above: lit where the material is whole, else its base colour."""
    rgb = maps.base_color
    if maps.normal is not None and maps.roughness is not None and maps.metallic is not None:
        normal = F.normalize(2 * maps.normal - 1, dim=-1)
        to_light = F.normalize(torch.tensor(TO_LIGHT), dim=0).expand_as(normal)
        to_camera = torch.tensor([0.0, 0.0, 1.0]).expand_as(normal)
        albedo = linear(rgb)
        f = brdf(normal, to_camera, to_light, albedo, maps.metallic, maps.roughness)
        cosine = (normal * to_light).sum(-1, keepdim=True).clamp_min(0)
        rgb = encoded(torch.pi * SUN * f * cosine + SKY * albedo).clamp(0, 1)
    return rgb.repeat(2, 2, 1)


def _check(steps: int, guidance_scale: float, size: int) -> None:
    if not 1 <= steps <= MOST_STEPS:
        raise UsageError(f"--steps {steps}: must be from 1 to {MOST_STEPS:,}", "use --steps 50")
    if not 0 <= guidance_scale <= 1000:
        raise UsageError(
            f"--guidance {guidance_scale:g}: must be from 0 to 1,000", "use --guidance 7.5"
        )
    if size < 0:
        raise UsageError(f"--size {size}: must not be negative", "leave it out, or use --size 512")


def _notes(model: DiffusionPrior, maps: Maps, *, tile: bool) -> list[str]:
    """What the user should know: maps that are not there, and a seam that cannot be excluded."""
    notes = []
    absent = [name for name in NAMES if name not in maps.named()]
    if absent:
        notes.append(f"{model.name} makes no {', '.join(absent)}: none was written")
    if tile and type(model.denoiser).__name__ != "UNet2DConditionModel":
        kind = type(model.denoiser).__name__
        notes.append(f"{kind} knows where it is in the image: look at the seams of the preview")
    return notes


def _bytes(image: Tensor) -> np.ndarray:
    """uint8 of values in [0, 1]."""
    return (image * 255).round().byte().numpy()
