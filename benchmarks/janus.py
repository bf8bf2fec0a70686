"""Whether ESD shows fewer second faces than VSD when the prior does not see the camera.

    python benchmarks/janus.py [--prompt "a teddy bear"] [--seeds 30] [--lam 0,0.5,1] [--steps 200] [--size 32]
        [--out docs/janus.png]

The camera-blind exact prior scores each view alone, over one object in eight poses, so that every view may
become the most likely one. The student is exact too: conditioned on the camera, it knows the render that the
camera sees, which makes VSD (lam = 0) equal to SDS; with the camera dropped, it knows the renders of the
step's four cameras, 90 degrees apart, but not which one it sees. Each of eight views of a result is assigned
the side of the object that it resembles most. A correct object shows all eight in order, whichever way it
faces. `janus` is the share of results in which views at least 90 degrees apart resemble the same side,
`agree` the share of views that show the side they should, and `sides` the number of the eight that appear."""

from __future__ import annotations

import argparse
from itertools import combinations
from pathlib import Path
from statistics import fmean

import numpy as np
import torch
from machine import keep
from torch import Tensor

from sds3d.diffusion.cond import Cond
from sds3d.language.prompt import parse
from sds3d.loops.scene import optimize
from sds3d.loops.step import Optimization
from sds3d.mesh.pictures import preview
from sds3d.objectives import esd
from sds3d.objectives.context import StepContext
from sds3d.priors.exact.prior import render
from sds3d.recipe import build as parts
from sds3d.runs.job import Job, resolve
from sds3d.scenes.render import Render
from sds3d.scenes.scene import Scene
from sds3d.views.cameras import Cameras, orbit

VIEWS = 8
SIZE = 64
GREY = 0.5
SHOWN = 10  # seeds in the image, the values of lam side by side
SETTINGS = (
    "prior.exact.camera_blind=true",
    "prior.exact.variants=1",
    "objective.guidance_scale=2",
    "time.high_end=0.3",
)
CPU = torch.device("cpu")


class Renders:
    """The exact student of one scene: the renders of its cameras, before the background."""

    def __init__(self, scene: Scene, prior) -> None:
        self.prior, self._render = prior, scene.render
        scene.render = self.render

    def render(self, cameras: Cameras, background: Tensor, rng=None) -> Render:
        """The scene's render, which is also stored without its background."""
        seen = self._render(cameras, background, rng)
        clear = 1 - seen.alpha[..., None].detach()
        rest = clear * background[:, None, None]
        every = (seen.rgb.detach() - rest)[None] + clear[None] * background[:, None, None, None]
        self.known = self.prior.encode(every.movedim(-1, 2))  # (row, camera, 3, H, W)
        return seen

    def predict_noise(self, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        """eps_hat of N(alpha_t z, sigma_t^2) at the row's own z, or of its equal mixture over all cameras."""
        alpha_t, sigma_t = self.prior.alpha_sigma(t)
        away = z_t[:, None] - alpha_t[:, None] * self.known
        if (cond.camera != 0).any():
            return away.diagonal().movedim(-1, 0) / sigma_t
        w = torch.softmax(-away.square().sum((2, 3, 4)) / (2 * sigma_t.flatten(1) ** 2), 1)
        return torch.einsum("bk,bkchw->bchw", w, away) / sigma_t


def distil(prompt: str, lam: float, seed: int, steps: int, size: int) -> tuple[Tensor, list[int]]:
    """(eight views (8, S, S, 3) of the result, the side of the object that each looks like)."""
    job = Job(prompt, method="esd", scene="triplane", seed=seed, steps=steps,
              overrides=(f"camera.sizes=[{size}]", *SETTINGS))  # fmt: skip
    recipe = resolve(job)
    prior, scene = parts.prior("exact", recipe, seed), parts.scene(recipe, seed, CPU)
    student = Renders(scene, prior)

    def objective(prior, z, t, eps, cond, context: StepContext) -> Tensor:
        del context
        options = {**recipe.objective.options, "lam": lam}
        return esd.grad(prior, z, t, eps, cond, student=student, **options)

    run = Optimization(
        scene=scene,
        prior=prior,
        objective=objective,
        prompt=parse(prompt),
        sampling=parts.sampling(recipe, steps, seed, CPU),
        trainer=parts.trainer(recipe, scene),
        steps=steps,
        seed=seed,
        gradient=parts.gradient(recipe),
        penalties=recipe.regularizers,
    )
    optimize(run, range(steps), lambda event: True)
    cameras, grey = orbit(VIEWS, SIZE, elevation_deg=15), torch.full((VIEWS, 3), GREY)
    with torch.no_grad():
        seen = student._render(cameras, grey).rgb
    known = render(prior.members(parse(prompt)), cameras, grey, 2)[:, 0].movedim(
        1, -1
    )  # (side, S, S, 3)
    return seen, torch.cdist(seen.flatten(1), known.flatten(1)).argmin(-1).tolist()


def agree(sides: list[int]) -> float:
    """The share of views that show the correct side, for the best-fitting rotation of the object."""
    turns = [[(view + turn) % VIEWS for view in range(VIEWS)] for turn in range(VIEWS)]
    return max(fmean(a == b for a, b in zip(sides, right, strict=True)) for right in turns)


def janus(sides: list[int]) -> bool:
    """Whether views 90 degrees or more apart look like the same side."""
    apart = [(i, j) for i, j in combinations(range(VIEWS), 2) if 2 <= j - i <= VIEWS - 2]
    return any(sides[i] == sides[j] for i, j in apart)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompt", default="a teddy bear")
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--lam", default="0,0.5,1")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows, blocks = [], []
    for lam in map(float, options.lam.split(",")):
        made, shown = [], []
        for seed in range(options.seeds):
            views, sides = distil(options.prompt, lam, seed, options.steps, options.size)
            made.append({"seed": seed, "sides": sides})
            shown.append(views)
            print(lam, made[-1], flush=True)
        blocks.append(torch.stack(shown[:SHOWN]))  # (seed, view, S, S, 3)
        rows.append({
            "lam": lam,
            "runs": len(made),
            "janus": round(fmean(janus(m["sides"]) for m in made), 3),
            "agree": round(fmean(agree(m["sides"]) for m in made), 3),
            "sides": round(fmean(len(set(m["sides"])) for m in made), 2),
            "each": made,
        })  # fmt: skip
        print({k: v for k, v in rows[-1].items() if k != "each"}, flush=True)
    if options.out:
        pictures = torch.cat(blocks, 1).flatten(0, 1).clamp(0, 1).numpy()
        preview(np.uint8(pictures * 255), options.out, columns=VIEWS * len(blocks))
    print(
        keep(
            "janus",
            {"prompt": options.prompt, "steps": options.steps, "size": options.size, "rows": rows},
        )
    )


if __name__ == "__main__":
    main()
