"""How close the meshes of finished runs are to the objects of the exact prior, without and with `export.fit`.

    python benchmarks/surfaces.py RUN [RUN ...] [--out benchmarks/results/surfaces.json]

For each run the member is the one that the scene's views are nearest to.  chamfer_percent: of the diagonal;
normal_deg: mean angle between the normals in pixels that both cover; iou: of the silhouettes; psnr: of the
colours under the library's light, in pixels that either covers, over grey; seconds: of processor time.
All but Chamfer over 12 views at 20 degrees, 128 px a side.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sds3d.diffusion.prior import HasMembers
from sds3d.kernels.rasterize import project, rasterize
from sds3d.library.kit.model import Model
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.pictures import texels
from sds3d.metrics.convergence import convergence, visible_points
from sds3d.metrics.geometry import chamfer, diagonal, silhouette_iou
from sds3d.priors.exact.prior import render
from sds3d.runs.run import open_run
from sds3d.views.cameras import Cameras, orbit

VIEWS, SIZE, GREY = 12, 128, 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/surfaces.json"))
    options = parser.parse_args()
    rows = json.loads(options.out.read_text()) if options.out.exists() else []
    for path in options.runs:
        found = measured(path)
        rows = [row for row in rows if (row["prompt"], row["scene"]) != found[0]] + [found[1]]
        print(json.dumps(found[1]), flush=True)
        options.out.write_text(json.dumps(rows, indent=1) + "\n")


def measured(path: Path) -> tuple[tuple[str, str], dict]:
    """((prompt, scene), the scores of both meshes of a run)."""
    run = open_run(path)
    assert isinstance(run.prior, HasMembers)
    sizes = run.recipe.export
    row: dict = {"prompt": run.job.prompt, "scene": run.recipe.scene.name}
    members = run.prior.members(run.prompt)
    chosen = None
    for name, make in (("none", run.scene.to_asset), ("views", run.scene.to_fitted_asset)):
        begun = time.process_time()
        with torch.no_grad():
            mesh = make(
                resolution=sizes.resolution, texture_size=sizes.texture_size, faces=sizes.faces
            )
        seconds = time.process_time() - begun
        if chosen is None:
            chosen = members[int(convergence(run.scene, members, mesh)["member"])]
        row[name] = scores(mesh, chosen) | {"seconds": round(seconds, 2)}
    return (row["prompt"], row["scene"]), row


def scores(mesh: Mesh, member: Model) -> dict[str, float]:
    """The scores of a mesh, as the module's docstring has them."""
    assert mesh.normals is not None
    assert mesh.uv is not None
    assert mesh.base_color is not None
    cameras = orbit(VIEWS, SIZE, elevation_deg=20).rotated(7)
    points, reference = (visible_points(m.vertices, m.faces) for m in (mesh, member))
    ours, covered = drawn(mesh.vertices, mesh.faces, mesh.normals, cameras)
    theirs, wanted = drawn(member.vertices, member.faces, member.normals, cameras)
    away = (theirs * cameras.rays()[1].numpy()).sum(-1, keepdims=True) > 0  # seen from behind
    theirs = np.where(away, -theirs, theirs)
    length = np.linalg.norm(ours, axis=-1) * np.linalg.norm(theirs, axis=-1)
    cosine = (ours * theirs).sum(-1) / np.maximum(length, 1e-9)
    angle = np.degrees(np.arccos(cosine.clip(-1, 1)))[covered & wanted]
    uv, fine = drawn(mesh.vertices, mesh.faces, mesh.uv, cameras.resized(2 * SIZE, 2 * SIZE))
    image = np.where(fine[..., None], texels(mesh.base_color, uv), GREY)
    image = image.reshape(VIEWS, SIZE, 2, SIZE, 2, 3).mean((2, 4))
    target = render([member], cameras, torch.full((VIEWS, 3), GREY), 2)[:, 0]
    square = (image - target.permute(0, 2, 3, 1).numpy()) ** 2
    values = {
        "chamfer_percent": 100 * chamfer(points, reference) / diagonal(member.vertices),
        "normal_deg": float(angle.mean()),
        "iou": silhouette_iou(covered.astype(float), wanted.astype(float)),
        "psnr": -10 * math.log10(square[covered | wanted].mean()),
    }
    return {name: round(float(value), 4) for name, value in values.items()}


def drawn(
    vertices: np.ndarray, faces: np.ndarray, values: np.ndarray, cameras: Cameras
) -> tuple[np.ndarray, np.ndarray]:
    """(values of the vertices in pixels (B, H, W, C), which of them a face covers (B, H, W))."""

    def tensor(array: np.ndarray, kind: type) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array, kind))

    screen = project(tensor(vertices, np.float32), cameras)
    out, face, _ = rasterize(
        screen,
        tensor(faces, np.int32),
        tensor(values, np.float32),
        cameras.height,
        cameras.width,
    )
    return out.numpy(), face.numpy() >= 0


if __name__ == "__main__":
    main()
