"""What light costs, and what a run of the exact prior reaches in it.

    python benchmarks/shading.py [--seeds 3] [--steps 120] [--size 48] [--prompt "a red armchair"]

Times, of the processor: forward and backward of one render of a scene after 60 steps, as the default recipe
has it, of plain colours, lit, and lit with the normals that the orientation penalty needs.  Runs: the draft of
sds-nerf without light, with DreamFusion's (lit in 0.75 of the steps after a fifth of the run, half of them
white), and with the orientation penalty too.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from machine import keep

from sds3d.language.prompt import Prompt
from sds3d.loops.step import Optimization, take_step
from sds3d.metrics.convergence import convergence
from sds3d.priors.exact.prior import render
from sds3d.recipe import build
from sds3d.recipe.load import load
from sds3d.scenes.volume import VolumeScene
from sds3d.views.cameras import orbit
from sds3d.views.shading import Shading

LIGHT = ("shading.lit=0.75", "shading.textureless=0.5", "shading.after=0.2")
ORIENT = ("regularizers.orient={ start = 10.0, end = 1000.0, until = 0.5 }",)
RUNS = {"plain": (), "lit": LIGHT, "lit, orient": (*LIGHT, *ORIENT)}
REPEATS = 9


def optimization(scene: str, prompt: str, seed: int, *overrides: str) -> Optimization:
    """A run of the exact prior at its beginning."""
    recipe = load(f"sds-{scene}", "draft", overrides)
    prior = build.prior("exact", recipe, seed)
    return build.optimization(recipe, prior, Prompt(prompt), seed=seed, where=build.CPU)


def milliseconds(run: Callable[[], None]) -> float:
    """Of processor time, the median over REPEATS calls after one that does not count."""
    run()
    spans = []
    for _ in range(REPEATS):
        start = time.process_time()
        run()
        spans.append(time.process_time() - start)
    return 1e3 * statistics.median(spans)


def costs(scene: VolumeScene, size: int) -> dict[str, float]:
    """Milliseconds of forward and backward of four views, by what is shown."""
    cameras = orbit(4, size, elevation_deg=20)
    black = torch.zeros(4, 3)
    light = Shading(0.4 * cameras.position, 0.1, 0.9)

    def shown(shading: Shading | None, *, normals: bool) -> Callable[[], None]:
        def run() -> None:
            scene.zero_grad()
            rng = torch.Generator().manual_seed(0)
            found = scene.render_shaded(cameras, black, rng, shading, normals=normals)
            loss = found.rgb.square().mean()
            if found.averted is not None:
                loss = loss + found.averted.mean()
            loss.backward()

        return run

    return {
        "plain": milliseconds(shown(None, normals=False)),
        "lit": milliseconds(shown(light, normals=False)),
        "lit, orient": milliseconds(shown(light, normals=True)),
    }


def reached(prompt: str, seed: int, steps: int, size: int, *overrides: str) -> dict[str, float]:
    """How close a draft comes to the member it converges to, in the light that it should show."""
    sizes = (f"steps={steps}", f"camera.sizes=[{size}]")
    run = optimization("nerf", prompt, seed, *sizes, *overrides)
    start = time.process_time()
    for step in range(steps):
        take_step(run, step)
    seconds = time.process_time() - start
    with torch.no_grad():
        mesh = run.scene.to_asset(resolution=96, texture_size=256, faces=8000)
    members = run.prior.members(run.prompt)
    found = convergence(run.scene, members, mesh)
    cameras = orbit(12, 96, elevation_deg=20)
    grey = torch.full((12, 3), 0.5)
    look = Shading(cameras.position) if overrides else None
    expected = render([members[found["member"]]], cameras, grey, 2, look)[:, 0].movedim(1, -1)
    with torch.no_grad():
        error = (run.scene.render(cameras, grey).rgb - expected).square().mean()
    found["psnr"] = float(-10 * error.log10())
    return {**found, "seconds": seconds}


def main() -> None:
    """Prints the costs and the runs, and keeps them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--size", type=int, default=48)
    parser.add_argument("--prompt", default="a red armchair")
    options = parser.parse_args()
    times = {}
    for scene in ("nerf", "triplane"):
        run = optimization(scene, options.prompt, 0, f"camera.sizes=[{options.size}]")
        for step in range(min(60, options.steps)):
            take_step(run, step)
        times[scene] = costs(run.scene, options.size)
        plain = times[scene]["plain"]
        shares = ", ".join(f"{k} {v:.0f} ms ({v / plain:.1f})" for k, v in times[scene].items())
        print(f"{scene}: {shares}", flush=True)
    rows = []
    for seed in range(options.seeds):
        for name, overrides in RUNS.items():
            found = reached(options.prompt, seed, options.steps, options.size, *overrides)
            rows.append({"run": name, "seed": seed, **found})
            values = ", ".join(f"{k} {v:.3g}" for k, v in found.items())
            print(f"{name}, seed {seed}: {values}", flush=True)
    print(keep("shading", {**vars(options), "milliseconds": times, "runs": rows}))


if __name__ == "__main__":
    main()
