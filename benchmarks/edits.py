"""Edits with the exact prior, whose outcome is known: what changes, and what stays.

    python benchmarks/edits.py [--methods dds,pds,sds] [--scenes nerf,splats] [--preset laptop]
        [--folder outputs/edits] [--sheet FILE.png]

Each edit begins with a run of its own prompt. `iou_start` is the silhouette IoU with that run's scene and
`iou_member` that with the nearest member of the target, over eight views; `color` is the largest difference of
a channel between the mean colours of the edit and of that member. `color_start` and `iou_start_member` are
those of the start and its own member: an edit that keeps the rest keeps their errors too. A sheet has, for each
edit, the start, the edit and the member. Finished runs are not repeated.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from machine import keep
from PIL import Image
from torch import Tensor

from sds3d.diffusion.prior import HasMembers
from sds3d.metrics.geometry import silhouette_iou
from sds3d.priors.exact.prior import render as draw
from sds3d.runs.edit import edit
from sds3d.runs.generate import generate
from sds3d.runs.job import Job
from sds3d.runs.run import Run, open_run
from sds3d.views.cameras import orbit

EDITS = (
    ("a red armchair", "a blue armchair"),
    ("a wooden table", "a metal table"),
    ("a sofa", "an armchair"),
)
SMALL = ("export.resolution=64", "export.texture_size=64", "export.faces=2000")
VIEWS = orbit(8, 96)
SHOWN = [0, 1, 3, 5]


@torch.no_grad()
def seen(run: Run) -> tuple[Tensor, Tensor]:
    """(rgb (B, H, W, 3) over grey, alpha (B, H, W)) of a run's scene."""
    render = run.scene.render(VIEWS, torch.full((len(VIEWS), 3), 0.5))
    return render.rgb, render.alpha


def members(run: Run) -> tuple[Tensor, Tensor]:
    """The same of each object that the run's prompt can become, (M, B, H, W, 3) and (M, B, H, W)."""
    if not isinstance(run.prior, HasMembers):
        raise TypeError("a prior with members is needed")
    models = run.prior.members(run.prompt)
    black, grey = (
        draw(models, VIEWS, torch.full((len(VIEWS), 3), value), 2).permute(1, 0, 3, 4, 2)
        for value in (0.0, 0.5)
    )
    return grey, 1 - (grey - black)[..., 0] / 0.5


def mean_color(rgb: Tensor, alpha: Tensor) -> Tensor:
    """The mean colour of the covered pixels, (3,)."""
    return rgb[alpha > 0.5].mean(0)


def nearest(run: Run) -> tuple[Tensor, float, float]:
    """(the images of the nearest member, its silhouette IoU, the largest difference of the mean colours)."""
    rgb, alpha = seen(run)
    images, coverage = members(run)
    ious = [silhouette_iou(alpha.numpy(), one.numpy()) for one in coverage]
    best = int(np.argmax(ious))
    difference = mean_color(rgb, alpha) - mean_color(images[best], coverage[best])
    return images[best], ious[best], difference.abs().max().item()


def score(start: Run, edited: Run) -> tuple[dict[str, float], Tensor]:
    """(the numbers of an edit, its part of the sheet)."""
    (rgb, alpha), (rgb_start, alpha_start) = seen(edited), seen(start)
    image, iou, color = nearest(edited)
    _, iou_of_start, color_of_start = nearest(start)
    numbers = {
        "iou_start": silhouette_iou(alpha.numpy(), alpha_start.numpy()),
        "iou_member": iou,
        "iou_start_member": iou_of_start,
        "color": color,
        "color_start": color_of_start,
    }
    rows = [torch.cat(list(images[SHOWN]), 1) for images in (rgb_start, rgb, image)]
    return {name: round(value, 3) for name, value in numbers.items()}, torch.cat(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", default="dds,pds,sds")
    parser.add_argument("--scenes", default="nerf,splats")
    parser.add_argument("--preset", default="laptop")
    parser.add_argument("--folder", type=Path, default=Path("outputs/edits"))
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    rows = []
    tiles = []
    for scene in options.scenes.split(","):
        for source, target in EDITS:
            made = Job(
                source,
                scene=scene,
                preset=options.preset,
                overrides=SMALL,
                preview_size=64,
                turntable_size=64,
            )
            made = replace(made, out=str(options.folder / made.folder().relative_to("outputs")))
            start = generate(made).folder
            for method in options.methods.split(","):
                asked = edit(
                    start,
                    target,
                    method=method,
                    preset=options.preset,
                    overrides=SMALL,
                    preview_size=64,
                    turntable_size=64,
                )
                asked = replace(
                    asked, out=str(options.folder / asked.folder().relative_to("outputs"))
                )
                result = generate(asked)
                numbers, tile = score(open_run(start), open_run(result.folder))
                numbers["seconds"] = round(sum(result.seconds.values()), 1)
                row = {"scene": scene, "source": source, "target": target, "method": method}
                rows.append(row | numbers)
                tiles.append(tile)
                print(rows[-1], flush=True)
    if options.sheet:
        sheet = (torch.cat(tiles).clamp(0, 1) * 255).byte().numpy()
        Image.fromarray(sheet).save(options.sheet)
    print(keep("edits", {"settings": {"preset": options.preset, "prior": "exact"}, "edits": rows}))


if __name__ == "__main__":
    main()
