"""How well --pbr finds the material of a generated object, against the parts of the library's object.

    python benchmarks/materials.py [--runs outputs/materials] [--preset draft] [--mode channels] [--prompts 20]

Each prompt is generated once without material (runs that are there are taken), and its mesh is given one.
Texels that can be seen from outside are compared with the nearest point of the library's object whose surface
looks the same way: albedo in sRGB, roughness, and whether it is metal.  `near` is the same over the texels that
lie within NEAR of that point, where the mesh has the object's shape at all; their share is `shared`.  `before`
is the mesh as it was: its texture, roughness 0.8 and no metal.  Seconds are of the processor, on one thread.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import keep
from scipy.spatial import KDTree

from sds3d.diffusion.prior import HasMembers
from sds3d.language.prompt import Prompt
from sds3d.library.kit.model import Model
from sds3d.mesh.bake import texel_faces, texel_values
from sds3d.mesh.load import load_exported
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.tangents import frames, tangents
from sds3d.mesh.unseen import paint_unseen, seen
from sds3d.recipe import build
from sds3d.recipe.load import load
from sds3d.runs.generate import generate
from sds3d.runs.job import Job

PROMPTS = (
    "a chrome motorcycle",
    "a copper kettle",
    "a gold crown",
    "a wooden table",
    "a school bus",
    "a red leather armchair",
    "a glass vase",
    "a silver teapot",
    "a bronze bell",
    "a trumpet",
    "a treasure chest",
    "a hammer",
    "a car",
    "a wine glass",
    "a blue velvet sofa",
    "a marble table",
    "a bicycle",
    "a robot",
    "a guitar",
    "a teddy bear",
)
SAMPLES = 100_000  # of the surface of each object of the library
NEAR = 0.02  # of the unit ball that the objects lie in
TURN = 0.05  # how far away a surface counts that looks a radian elsewhere
EVERY = 8  # of so many texels one is compared
SIZES = ("export.resolution=128",)


def surface(model: Model, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Points of the object's surface, uniform by area, and what they are made of."""
    corners = model.vertices[model.faces]
    area = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    face = model.faces[rng.choice(len(area), SAMPLES, p=area / area.sum())]
    weight = rng.dirichlet([1, 1, 1], SAMPLES).astype(np.float32)
    names = ("vertices", "normals", "colors", "metallic", "roughness")
    return {name: np.einsum("nk,nk...->n...", weight, getattr(model, name)[face]) for name in names}


def nearest(
    models: list[Model], points: np.ndarray, normals: np.ndarray, colors: np.ndarray
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(distances, the truth there) on the object that the mesh has become.

    That with the least sum of the mean distance and the mean error of the mesh's own colours (N, 3).
    """
    found = []
    for model in models:
        at = surface(model, np.random.default_rng(0))
        tree = KDTree(np.concatenate([at["vertices"], TURN * at["normals"]], 1))
        _, index = tree.query(np.concatenate([points, TURN * normals], 1))
        distance = np.linalg.norm(at["vertices"][index] - points, axis=1)
        truth = {name: values[index] for name, values in at.items()}
        off = distance.mean() + np.abs(truth["colors"] - colors).mean()
        found.append((off, distance, truth))
    _, distance, truth = min(found, key=lambda one: one[0])
    return distance, truth


def errors(
    mesh: Mesh, texels: np.ndarray, known: np.ndarray, truth: dict[str, np.ndarray]
) -> np.ndarray:
    """(N, 4): squared error of the albedo, error of roughness, whether metal is right, degrees of normals."""

    def of(image: np.ndarray) -> np.ndarray:
        return image[texels][::EVERY] / np.float32(255)

    size = texels.shape[0]
    assert mesh.base_color is not None
    assert mesh.normals is not None
    color = ((of(mesh.base_color) - truth["colors"]) ** 2).mean(1)
    if mesh.surface is None:
        metal, rough = (np.full(len(color), x) for x in (mesh.metallic, mesh.roughness))
    else:
        rough, metal = of(mesh.surface)[:, 1:].T
    normal = texel_values(mesh, mesh.normals, size)[0][known][::EVERY]
    if mesh.normal_map is not None:
        tangent = texel_values(mesh, tangents(mesh), size)[0][known][::EVERY]
        local = 2 * of(mesh.normal_map) - 1
        normal = np.einsum("nij,nj->ni", frames(normal, tangent), local)
    cosine = (unit(normal) * unit(truth["normals"])).sum(1).clip(-1, 1)
    right = (metal > 0.5) == (truth["metallic"] > 0.5)
    return np.stack(
        [color, np.abs(rough - truth["roughness"]), right, np.degrees(np.arccos(cosine))], 1
    )


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def summary(found: np.ndarray) -> dict[str, float]:
    """RMSE of the albedo, MAE of the roughness, share of the surface that is rightly metal or not, degrees."""
    square, rough, right, degrees = found.T
    return {
        "albedo_rmse": float(np.sqrt(square.mean())),
        "roughness_mae": float(rough.mean()),
        "metallic_right": float(right.mean()),
        "normal_deg": float(np.median(degrees)),
    }


def measured(prompt: str, folder: Path, preset: str, mode: str) -> dict[str, Any]:
    """The errors of one prompt's material."""
    if not (folder / "mesh.glb").is_file():
        generate(Job(prompt, preset=preset, overrides=SIZES, out=str(folder), turntable_size=16))
    recipe = load("sds-nerf", preset, SIZES)
    prior = build.prior("exact", recipe, 0)
    assert isinstance(prior, HasMembers)
    asked = Prompt(prompt)
    mesh = replace(load_exported(folder / "mesh.glb"), surface=None, normal_map=None)
    material = replace(recipe.material, mode=mode)
    begin = time.process_time()
    made = build.with_material(mesh, material, prior, asked, seed=0)
    seconds = time.process_time() - begin
    made = paint_unseen(made)
    assert mesh.base_color is not None
    points, normals, face = texel_faces(mesh, mesh.base_color.shape[0])
    known = seen(mesh)[face[face >= 0]]
    texels = np.zeros(face.shape, bool)
    texels[face >= 0] = known
    distance, truth = nearest(
        list(prior.members(asked)),
        points[known][::EVERY],
        normals[known][::EVERY],
        mesh.base_color[texels][::EVERY] / np.float32(255),
    )
    near = distance < NEAR
    before, after = (errors(m, texels, known, truth) for m in (mesh, made))
    return {
        "prompt": prompt,
        "seconds": seconds,
        "metal": float((truth["metallic"] > 0.5).mean()),
        "shared": float(near.mean()),
        "before": summary(before),
        "before_near": summary(before[near]),
        "seen": summary(after),
        "near": summary(after[near]),
    }


def main() -> None:
    """Prints a line a prompt and the means, and keeps them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=Path, default=Path("outputs/materials"))
    parser.add_argument("--preset", default="draft")
    parser.add_argument("--mode", default="channels")
    parser.add_argument("--prompts", type=int, default=len(PROMPTS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for number, prompt in enumerate(PROMPTS[: options.prompts], 1):
        row = measured(prompt, options.runs / f"{number:02d}", options.preset, options.mode)
        rows.append(row)
        print(prompt, {k: v for k, v in row.items() if k != "prompt"}, flush=True)
    means = {
        where: {key: statistics.fmean(row[where][key] for row in rows) for key in rows[0][where]}
        for where in ("before", "before_near", "seen", "near")
    }
    print(means)
    name = "materials" if options.mode == "channels" else f"materials_{options.mode}"
    facts = {"preset": options.preset, "mode": options.mode, "sizes": SIZES}
    print(keep(name, {**facts, "means": means, "runs": rows}))


if __name__ == "__main__":
    main()
