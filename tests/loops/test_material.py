"""Laws of the material of a finished mesh: what is recovered of an object whose material is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sds3d.language.prompt import Prompt
from sds3d.library.kit.model import Model
from sds3d.library.kit.shapes import ellipsoid
from sds3d.loops.material import MaterialField, baked, fit
from sds3d.mesh.bake import Channels, bake_channels, texel_faces, texel_values
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.tangents import frames, tangents
from sds3d.mesh.unseen import seen
from sds3d.mesh.unwrap import unwrap
from sds3d.priors.exact.choose import built_in
from sds3d.priors.exact.prior import ExactPrior, Members

PROMPT = Prompt("a copper kettle")
SIZE = 128
NUMBERS = {
    "mode": "channels",
    "steps": 40,
    "views": 6,
    "size": 64,
    "lr": 0.03,
    "time": (0.02, 0.3),
    "smoothness": 0.1,
    "seed": 0,
}


def as_mesh(model: Model, values: np.ndarray | None = None) -> Mesh:
    """The model unwrapped, with three values per vertex in the place of its colours."""
    return unwrap(Mesh(model.vertices, model.faces, model.normals, colors=values), SIZE)


def truth(model):
    """(color, metallic, roughness) of the texels of `as_mesh` that can be seen from outside."""
    finish = np.stack([model.metallic, model.roughness, model.roughness], 1)
    colors, finish = (
        texel_values(mesh, mesh.colors, SIZE)[0]
        for mesh in (as_mesh(model, model.colors), as_mesh(model, finish))
    )
    _, known, _ = visible(as_mesh(model))
    return colors[known], finish[known, 0], finish[known, 1]


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def visible(mesh):
    """(face (S, S), which of the covered texels can be seen from outside (N,), those texels (S, S) bool)."""
    _, _, face = texel_faces(mesh, SIZE)
    inside = face >= 0
    known = seen(mesh)[face[inside]]
    texels = np.zeros_like(inside)
    texels[inside] = known
    return face, known, texels


@pytest.fixture(scope="module")
def kettle():
    """(prior of two kettles, the second of them, its mesh without any colour)."""
    prior = ExactPrior(built_in(variants=2, null_members=1))
    model = prior.members(PROMPT)[1]
    return prior, model, as_mesh(model)


@pytest.fixture(scope="module")
def fitted(kettle):
    prior, _, mesh = kettle
    return fit(prior, PROMPT, mesh, **NUMBERS)


def test_the_field_begins_with_the_mesh_s_colour_and_its_normals():
    field = MaterialField(torch.tensor([0.8, 0.4, 0.1]))
    normals = torch.nn.functional.normalize(torch.randn(50, 3), dim=1)
    albedo, metallic, roughness, bent = field(torch.rand(50, 3) - 0.5, normals)
    torch.testing.assert_close(
        albedo, torch.tensor([0.8, 0.4, 0.1]).expand(50, 3), atol=0.03, rtol=0
    )
    torch.testing.assert_close(metallic, torch.full((50,), 0.3), atol=0.03, rtol=0)
    torch.testing.assert_close(roughness, torch.full((50,), 0.5), atol=0.03, rtol=0)
    assert ((bent * normals).sum(1) > 0.99).all()


def test_a_library_object_gets_its_own_material_back(kettle, fitted):
    _, model, mesh = kettle
    made = baked(mesh, fitted, texture_size=SIZE)
    _, _, outside = visible(mesh)
    color, metallic, roughness = truth(model)
    assert 0.1 < metallic.mean() < 0.95  # metal and not
    surface, found = made.surface[outside] / 255, made.base_color[outside] / 255
    # A face whose middle is seen may reach below another part, where nothing is known of it.
    error = np.sqrt(((found - color) ** 2).mean(1))
    assert np.median(error) < 0.03
    assert np.quantile(error, 0.85) < 0.1
    assert np.abs(surface[:, 1] - roughness).mean() < 0.1
    assert ((surface[:, 2] > 0.5) == (metallic > 0.5)).mean() > 0.94


def test_the_mesh_s_own_colours_say_which_object_it_is_before_any_material_does():
    kettle = built_in(variants=1, null_members=1)(PROMPT).models[0]
    ones = np.ones(len(kettle.vertices), np.float32)
    silver = np.full_like(kettle.colors, 0.6)
    chrome = replace(kettle, colors=silver, metallic=ones, roughness=0.1 * ones)
    grey = replace(kettle, colors=silver - 0.1, metallic=0.3 * ones, roughness=0.5 * ones)
    prior = ExactPrior(lambda _: Members((chrome, grey), np.ones(2) / 2, np.ones(2) / 2))
    mesh = replace(as_mesh(kettle), base_color=np.full((SIZE, SIZE, 3), 148, np.uint8))
    field = fit(prior, PROMPT, mesh, **NUMBERS | {"steps": 12, "size": 32, "lr": 0.1})
    surface = baked(mesh, field, texture_size=SIZE).surface[visible(mesh)[2]] / 255
    # It begins with the other's metallic and roughness.
    assert surface[:, 2].mean() > 0.7
    assert surface[:, 1].mean() < 0.3


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(kettle, fitted):
    prior, _, mesh = kettle
    short = NUMBERS | {"steps": 3, "size": 32}
    one, again, other = (
        fit(prior, PROMPT, mesh, **short | {"seed": seed}).state_dict() for seed in (0, 0, 1)
    )
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["table"], other["table"])


def test_normals_that_are_off_are_bent_back(kettle):
    prior, _, mesh = kettle
    bumps = 0.35 * np.sin(40 * mesh.vertices)
    rough = mesh.normals + bumps
    rough /= np.linalg.norm(rough, axis=1, keepdims=True)
    bumpy = replace(mesh, normals=np.float32(rough))
    made = baked(bumpy, fit(prior, PROMPT, bumpy, **NUMBERS | {"steps": 80}), texture_size=SIZE)
    _, known, texels = visible(mesh)
    flat, tangent, right = (
        texel_values(bumpy, values, SIZE)[0][known]
        for values in (bumpy.normals, tangents(bumpy), mesh.normals)
    )
    local = made.normal_map[texels] / 255 * 2 - 1
    bent = np.einsum("nij,nj->ni", frames(flat, tangent), local)
    before, after = (
        np.degrees(np.arccos((unit(n) * unit(right)).sum(1).clip(-1, 1))) for n in (flat, bent)
    )
    assert np.median(before) > 8
    assert np.median(after) < 0.5 * np.median(before)


def test_light_tells_metal_from_plaster():
    """Two balls of one colour, one of them metal, seen only under the environments."""
    sphere = ellipsoid(0.8, 0.8, 0.8)
    ones = np.ones(len(sphere.vertices), np.float32)
    for metallic, rough in ((1.0, 0.3), (0.0, 0.7)):
        colors = np.float32(0.7) * np.ones_like(sphere.vertices, dtype=np.float32)
        model = Model(
            "ball",
            np.float32(sphere.vertices),
            np.int32(sphere.faces),
            np.float32(sphere.normals),
            colors,
            metallic * ones,
            rough * ones,
        )
        prior = ExactPrior(lambda _, model=model: Members((model,), np.ones(1), np.ones(1)))
        mesh = as_mesh(model)
        field = fit(
            prior, PROMPT, mesh, **NUMBERS | {"mode": "lit", "steps": 60, "views": 4, "size": 24}
        )
        with torch.no_grad():
            found = field(torch.from_numpy(mesh.vertices), torch.from_numpy(mesh.normals))
        assert float(((found[1] > 0.5) == (metallic > 0.5)).float().mean()) > 0.9
        assert float((found[2] - rough).abs().mean()) < 0.2


def test_a_prior_that_knows_no_materials_is_refused(kettle):
    _, _, mesh = kettle
    for mode, what in (("channels", "materials"), ("lit", "light")):
        with pytest.raises(TypeError, match=what):
            fit(object(), PROMPT, mesh, **NUMBERS | {"mode": mode})


def test_a_baked_field_is_the_field_at_every_texel(kettle, fitted):
    _, _, mesh = kettle
    made = baked(mesh, fitted, texture_size=SIZE)

    def channels(points, normals):
        with torch.no_grad():
            found = fitted(torch.from_numpy(points), torch.from_numpy(normals))
        albedo, metallic, roughness, bent = (x.numpy() for x in found)
        return Channels(albedo, metallic, roughness, normals=bent)

    again = bake_channels(mesh, channels, texture_size=SIZE)
    for name in ("base_color", "surface", "normal_map"):
        difference = getattr(again, name).astype(int) - getattr(made, name)
        assert np.abs(difference).max() <= 1
