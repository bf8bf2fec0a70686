"""The README's contact sheet: the GLBs of twelve prompts with the default preset, in four views each.

    python benchmarks/contact_sheet.py [--prior exact] [--preset laptop]
        [--folder outputs/contact] [--out assets/contact_sheet.png]

Finished runs are not repeated.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from sds3d.mesh.load import load_exported
from sds3d.mesh.pictures import contact_sheet, render_mesh
from sds3d.views.cameras import orbit

PROMPTS = (
    "a red armchair",
    "a blue car",
    "a wooden table",
    "a green cactus in a pot",
    "a teddy bear",
    "a grand piano",
    "a snowman",
    "a hamburger",
    "a white toilet",
    "a biplane",
    "a palm tree",
    "a yellow fire hydrant",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prior", default="exact")
    parser.add_argument("--preset", default="laptop")
    parser.add_argument("--folder", type=Path, default=Path("outputs/contact"))
    parser.add_argument("--out", type=Path, default=Path("assets/contact_sheet.png"))
    options = parser.parse_args()
    rows = []
    for prompt in PROMPTS:
        run = options.folder / prompt.replace(" ", "-")
        command = [sys.executable, "-m", "sds3d", "generate", prompt, "--out", str(run)]
        chosen = ["--prior", options.prior, "--preset", options.preset]
        subprocess.run([*command, *chosen], check=True)
        mesh = load_exported(run / "mesh.glb")
        cameras = orbit(8, 224, elevation_deg=20).rotated(25)[::2]
        rows.append((prompt, list(render_mesh(mesh, cameras))))
    contact_sheet(rows, options.out)
    print(options.out)


if __name__ == "__main__":
    main()
