"""Kills runs at random moments: each must resume to exactly the state that an undisturbed run reaches.

    python benchmarks/kills.py [--kills 30] [--scenes nerf,triplane,splats] [--methods sds,vsd] [--keep]

A process that has imported everything forks one child per attempt; the child runs the job and is killed
(SIGKILL) after a random time.  A run that finishes is compared, bit for bit, with the undisturbed one, and its
folder is started over.  It uses one thread, because a fork keeps no other.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import shutil
import signal
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported

import torch

from sds3d.runs import checkpoint
from sds3d.runs.generate import generate
from sds3d.runs.job import Job

torch.set_num_threads(1)
TINY = (
    "camera.sizes=[16]",
    "export.resolution=32",
    "export.texture_size=64",
    "export.faces=500",
    "run.checkpoint_every=1",
)


OF_NERF = ("scene.step=0.15", "scene.levels=2", "scene.log2_table=10")


def job(folder: Path, scene: str, method: str, steps: int) -> Job:
    """A tiny run that checkpoints every step."""
    return Job(
        "a red armchair",
        scene=scene,
        method=method,
        steps=steps,
        overrides=(*TINY, *OF_NERF) if scene == "nerf" else TINY,
        preview_size=24,
        turntable_size=32,
        out=str(folder),
    )


def survives(made: Job, seconds: float) -> bool:
    """Runs the job in a child that is killed after `seconds`; returns whether it finished first.

    Raises RuntimeError when it ended in an error.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            generate(made)
            status = 0
        finally:
            os._exit(status)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if os.waitpid(child, os.WNOHANG)[0]:
            break
        time.sleep(0.002)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return False
    record = Path(made.out) / "run.json"
    if '"status": "finished"' not in record.read_text(encoding="utf-8"):
        raise RuntimeError(f"the run in {made.out} ended in an error")
    return True


def state(folder: Path) -> dict[str, torch.Tensor]:
    """The tensors of a run's checkpoint."""
    return checkpoint.read(folder / "checkpoint.safetensors")[0]


def trial(top: Path, scene: str, method: str, kills: int, steps: int, dice: random.Random) -> dict:
    """Kills runs `kills` times and compares each one that finishes with an undisturbed one."""
    whole = top / "whole"
    generate(job(whole, scene, method, steps))  # compiles and caches what the next one needs
    shutil.rmtree(whole)
    began = time.monotonic()
    generate(job(whole, scene, method, steps))
    seconds = time.monotonic() - began
    wanted = state(whole)
    files = {path.name for path in whole.iterdir()}
    broken = top / "broken"
    row = {"scene": scene, "method": method, "kills": 0, "ends": 0, "equal": 0}
    while row["kills"] < kills or broken.exists():
        limit = dice.uniform(0, 1.2 * seconds) if row["kills"] < kills else 1e9
        if not survives(job(broken, scene, method, steps), limit):
            row["kills"] += 1
            continue
        found = state(broken)
        same = found.keys() == wanted.keys() and all(
            torch.equal(found[k], wanted[k]) for k in found
        )
        clean = {path.name for path in broken.iterdir()} == files
        same_mesh = (broken / "mesh.glb").read_bytes() == (whole / "mesh.glb").read_bytes()
        row["ends"] += 1
        row["equal"] += same and clean and same_mesh
        shutil.rmtree(broken)
    shutil.rmtree(whole)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--scenes", default="nerf,triplane,splats")
    parser.add_argument("--methods", default="sds,vsd")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    pairs = list(itertools.product(options.scenes.split(","), options.methods.split(",")))
    dice = random.Random(options.seed)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for number, (scene, method) in enumerate(pairs):
            share = options.kills // len(pairs) + (number < options.kills % len(pairs))
            rows.append(trial(Path(scratch), scene, method, share, options.steps, dice))
            print(rows[-1], flush=True)
    if options.keep:
        from machine import keep

        print(keep("kills", {"steps": options.steps, "seed": options.seed, "runs": rows}))
    wrong = sum(row["ends"] - row["equal"] for row in rows)
    raise SystemExit(f"{wrong} runs differ" if wrong else 0)


if __name__ == "__main__":
    main()
