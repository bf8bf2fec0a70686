"""A scene and a file format that live outside the package are used by their import path."""

import json

import numpy as np
import pytest
import torch
import trimesh

from sds3d.errors import ExportError
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.save import save
from sds3d.recipe import build
from sds3d.recipe.load import load
from sds3d.views.cameras import orbit

CODE = '''
"""A ball of one colour whose radius is learned, and a file format, in twenty lines each."""

import json

import numpy as np
import torch
from torch import nn

from sds3d.mesh.extract import extract
from sds3d.mesh.implicit import ImplicitSurface, grid_peaks
from sds3d.scenes.render import Render, normal_from_depth, over
from sds3d.scenes.scene import Scene


class BallScene(Scene):
    GROUPS = ("ball",)
    PENALTIES = ("size",)

    def __init__(self, *, radius: float, softness: float) -> None:
        super().__init__()
        self.radius = nn.Parameter(torch.tensor(radius))
        self.color = nn.Parameter(0.1 * torch.randn(3))
        self.softness = softness

    def render(self, cameras, background, rng=None):
        origin, direction = cameras.rays()
        middle = -(origin * direction).sum(-1)
        distance = (origin + middle[..., None] * direction).norm(dim=-1)
        alpha = torch.sigmoid((self.radius - distance) / self.softness)
        chord = (self.radius**2 - distance**2).clamp_min(0).sqrt()
        depth = (middle - chord) * (direction * cameras.c2w[:, None, None, :3, 2]).sum(-1)
        rgb = over(alpha[..., None] * self.color.sigmoid(), alpha, background)
        return Render(rgb, alpha, depth, normal_from_depth(depth, alpha, cameras))

    def param_groups(self, lr):
        self.require_groups(lr)
        return [{"params": [self.radius, self.color], "lr": lr["ball"]}]

    def regularizers(self, render):
        return {"size": self.radius}

    def to_asset(self, *, resolution, texture_size, faces):
        line = np.linspace(-1, 1, resolution)
        points = np.stack(np.meshgrid(line, line, line, indexing="ij"), -1)
        density = np.float32(2 - np.linalg.norm(points, axis=-1) / self.radius.item()).clip(0)
        surface = ImplicitSurface(
            density=density,
            color_at=lambda points, normals: self.color.sigmoid().expand(len(points), 3).numpy(),
            look=self.coverage_and_depth,
            peaks=lambda cameras: grid_peaks(density, cameras),
            levels=np.linspace(0.5, 1.5, 21),
            slack=0.0,
            size=64,
            margin=0.03,
        )
        return extract(surface, texture_size=texture_size, faces=faces)


def write_json(mesh, stem, extras):
    content = {"vertices": mesh.vertices.tolist(), "faces": mesh.faces.tolist(), **extras}
    return {f"{stem}.mesh.json": json.dumps(content).encode()}
'''
OVERRIDES = (
    'scene={name = "outside_ball:BallScene", radius = 0.4, softness = 0.02}',
    "lr={ball = 0.05}",
    "regularizers={}",
)


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    (tmp_path / "outside_ball.py").write_text(CODE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return load("sds-nerf", overrides=OVERRIDES)


def scene_of(recipe, seed=0):
    return build.scene(recipe, seed, torch.device("cpu"))


def test_a_recipe_names_a_scene_by_its_import_path_and_sets_its_parameters(recipe):
    scene = scene_of(recipe)
    assert type(scene).__module__ == "outside_ball"
    assert scene.radius.item() == pytest.approx(0.4)
    assert torch.equal(scene_of(recipe).color, scene.color)
    assert not torch.equal(scene_of(recipe, seed=1).color, scene.color)


def test_the_recipes_learning_rates_train_it(recipe):
    scene = scene_of(recipe)
    optimizer = build.trainer(recipe, scene).optimizer
    cameras = orbit(2, 24)
    for _ in range(30):
        optimizer.zero_grad()
        coverage = scene.render(cameras, torch.zeros(2, 3)).alpha.mean()
        (coverage - 0.35).square().backward()
        optimizer.step()
    assert coverage.item() == pytest.approx(0.35, abs=0.03)
    assert scene.radius > 0.45


def test_its_mesh_is_made_by_the_packages_own_extraction(recipe):
    with torch.no_grad():
        scene = scene_of(recipe)
        mesh = scene.to_asset(resolution=48, texture_size=64, faces=1200)
        color = scene.color.sigmoid()
    assert np.abs(np.linalg.norm(mesh.vertices, axis=1) - 0.4).max() < 0.04
    expected = np.rint(255 * color.numpy())
    assert np.abs(mesh.base_color.reshape(-1, 3) - expected).max() <= 1


def test_particles_of_it_are_separate_objects(recipe):
    several = scene_of(load("sds-nerf", overrides=(*OVERRIDES, "particles=2")))
    first, second = several.particles
    assert not torch.equal(first.color, second.color)
    assert len(several.param_groups({"ball": 0.1})) == 2


def test_an_exporter_is_named_by_its_import_path_and_names_its_own_files(recipe, tmp_path):
    ball = trimesh.creation.icosphere(1)
    mesh = Mesh(np.float32(ball.vertices), np.int32(ball.faces))
    folder = tmp_path / "meshes"
    folder.mkdir()
    exporter = "outside_ball:write_json"
    paths = save(mesh, folder / "mesh", {"seed": 3}, exporter=exporter)
    assert paths == [folder / "mesh.mesh.json"]
    content = json.loads(paths[0].read_text())
    assert content["seed"] == 3
    np.testing.assert_array_equal(np.float32(content["vertices"]), mesh.vertices)
    assert [p.name for p in folder.iterdir()] == ["mesh.mesh.json"]


def test_a_missing_exporter_is_named_in_one_line(recipe, tmp_path):
    ball = trimesh.creation.icosphere(1)
    mesh = Mesh(np.float32(ball.vertices), np.int32(ball.faces))
    with pytest.raises(ExportError, match="'outside_ball' has no 'write_jsn'"):
        save(mesh, tmp_path / "mesh", exporter="outside_ball:write_jsn")
    assert not (tmp_path / "mesh.mesh.json").exists()
