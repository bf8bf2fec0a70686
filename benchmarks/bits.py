"""Whether a change alters the bits of a run: hashes of every objective on every scene, at a tiny size.

    python benchmarks/bits.py --keep before.json [--methods sds,vsd] [--scenes nerf]
    python benchmarks/bits.py --against before.json [--keep after.json]

`state` is the SHA-256 of the tensors of the checkpoint (scene, students, optimizers), `mesh` that of the binary
chunk of mesh.glb.  Bits depend on the processor and on torch, so both commands must run on one machine, and no
result is kept in the repository.  With --against, ends with 1 when a hash differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import struct
import sys
import tempfile
from pathlib import Path

from safetensors.numpy import load_file

from sds3d.objectives import EDITS, OBJECTIVES
from sds3d.runs.generate import generate
from sds3d.runs.job import Job
from sds3d.scenes import SCENES

PROMPT, STEPS = "a red armchair", 3
TINY = ("camera.sizes=[16]", "export.resolution=32", "export.texture_size=64", "export.faces=500")


def job(method: str, scene: str, folder: Path) -> Job:
    """The tiny run of an objective on a scene."""
    return Job(
        PROMPT,
        method=method,
        scene=scene,
        steps=STEPS,
        overrides=TINY,
        out=str(folder),
        preview_size=24,
        turntable_size=32,
    )


def of_state(path: Path) -> str:
    """The SHA-256 of a checkpoint's tensors, by name."""
    digest = hashlib.sha256()
    for name, values in sorted(load_file(path).items()):
        digest.update(f"{name} {values.dtype} {values.shape}\n".encode() + values.tobytes())
    return digest.hexdigest()


def of_mesh(path: Path) -> str:
    """The SHA-256 of the binary chunk of a GLB: vertices, faces and texture."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    return hashlib.sha256(data[20 + length :]).hexdigest()


def hashes(method: str, scene: str) -> dict[str, str]:
    """The hashes of a run: state and mesh."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        generate(job(method, scene, folder))
        state = of_state(folder / "checkpoint.safetensors")
        return {"state": state, "mesh": of_mesh(folder / "mesh.glb")}


def main() -> None:
    """Parses the options, makes the runs and compares."""
    parser = argparse.ArgumentParser(
        description="compares the bits of runs before and after a change"
    )
    generates = ",".join(name for name in OBJECTIVES if name not in EDITS)
    parser.add_argument("--methods", default=generates)
    parser.add_argument("--scenes", default=",".join(SCENES))
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--against", type=Path)
    options = parser.parse_args()
    before = json.loads(options.against.read_text()) if options.against else {}
    found: dict[str, dict[str, str]] = {}
    changed = 0
    for scene in options.scenes.split(","):
        for method in options.methods.split(","):
            name = f"{method}-{scene}"
            found[name] = hashes(method, scene)
            old = before.get(name, {})
            differs = [key for key, value in found[name].items() if old.get(key, value) != value]
            changed += bool(differs)
            shown = " ".join(f"{key} {value[:12]}" for key, value in found[name].items())
            print(
                f"{name:16} {shown}  {'differs: ' + ', '.join(differs) if differs else ''}".rstrip(),
                flush=True,
            )
    if options.keep:
        options.keep.write_text(json.dumps(found, indent=1) + "\n")
    if before:
        print(f"{changed} of {len(found)} differ")
        sys.exit(bool(changed))


if __name__ == "__main__":
    main()
