"""Laws of [shading] and of a learned background: what the recipe's numbers become, and what is refused."""

import math
from dataclasses import replace

import pytest
import torch

from sds3d.errors import RecipeError
from sds3d.language.prompt import Prompt
from sds3d.loops.step import take_step
from sds3d.recipe import build
from sds3d.recipe.check import check
from sds3d.recipe.families import suited
from sds3d.recipe.load import load
from sds3d.runs import checkpoint
from sds3d.scenes.scene import Shadable
from sds3d.views.cameras import orbit

SMALL = (
    "camera.sizes=[12]",
    "camera.views=2",
    "scene.levels=2",
    "scene.log2_table=6",
    "scene.max_resolution=16",
    "scene.grid=8",
    "scene.step=0.1",
    "prior.exact.variants=2",
    "prior.exact.null_members=1",
    "prior.exact.supersample=1",
)


def recipe(*overrides, name="sds-nerf"):
    return load(name, overrides=overrides)


def looks(*overrides, steps=400, wanted=None):
    """What the steps show, and where their lights and cameras are."""
    draws = build.sampling(recipe(*overrides, "camera.views=1"), steps, 0, build.CPU)
    found = []
    for step in range(steps) if wanted is None else wanted:
        rng = torch.Generator().manual_seed(step)
        found.append(draws.shading(rng, step, orbit(1, 4)))
    return found


def share(found, kind):
    return sum(kind(look) for look in found) / len(found)


def test_no_step_is_lit_by_default_and_nothing_is_drawn_for_it():
    draws = build.sampling(recipe(), 10, 0, build.CPU)
    rng = torch.Generator().manual_seed(5)
    before = rng.get_state()
    assert draws.shading(rng, 3, orbit(1, 4)) is None
    assert torch.equal(rng.get_state(), before)
    assert not any(draws.normals(step) for step in range(10))


def test_the_shares_of_lit_and_textureless_steps_are_the_recipes_from_a_step_on():
    options = ("shading.lit=0.6", "shading.textureless=0.25", "shading.after_step=100")
    found = looks(*options, steps=4000)
    plain = [look for look in found if not look.needs_normals]
    assert not any(look.needs_normals for look in found[:100])
    assert all((p.ambient, p.diffuse, p.surface) == (1.0, 0.0, "albedo") for p in plain)
    late = found[100:]
    assert share(late, lambda look: look.needs_normals) == pytest.approx(0.6, abs=0.03)
    assert share(late, lambda look: look.surface == "white") == pytest.approx(0.15, abs=0.03)
    lit = [look for look in late if look.needs_normals]
    assert {(look.ambient, look.diffuse) for look in lit} == {(0.1, 0.9)}


@pytest.mark.parametrize(
    ("options", "steps", "first"),
    [
        (("shading.after=0.2",), 100, 20),
        (("shading.after=0.2001",), 10000, 2001),
        (("shading.after=0.25",), 10, 3),
        (("shading.after_step=7",), 100, 7),
        ((), 100, 0),
    ],
)
def test_no_step_is_lit_before_the_fraction_or_the_step(options, steps, first):
    wanted = [step for step in (first - 1, first) if step >= 0]
    found = looks("shading.lit=1.0", *options, steps=steps, wanted=wanted)
    assert [look.needs_normals for look in found] == [False, True][-len(wanted) :]


def test_soft_light_is_drawn_anew_for_each_step_and_adds_up_to_one():
    found = looks("shading.lit=1.0", "shading.soft=true")
    diffuse = torch.tensor([look.diffuse for look in found])
    assert all(look.ambient + look.diffuse == pytest.approx(1) for look in found)
    assert diffuse.min() < 0.05
    assert diffuse.max() > 0.95
    assert diffuse.mean().item() == pytest.approx(0.5, abs=0.05)


def test_the_numbers_of_the_light_are_the_recipes():
    found = looks(
        "shading.lit=1.0",
        "shading.textureless=1.0",
        "shading.without_texture='normals'",
        "shading.light_distance=[2.0, 2.5]",
        "shading.light_spread=0.0",
    )
    assert {look.surface for look in found} == {"normal"}
    light = torch.cat([look.light for look in found])
    camera = torch.nn.functional.normalize(orbit(1, 4).position, dim=1)
    torch.testing.assert_close(light / light.norm(dim=1, keepdim=True), camera.expand_as(light))
    assert 2 <= light.norm(dim=1).min() < 2.1
    assert 2.4 < light.norm(dim=1).max() <= 2.5
    cone = looks("shading.lit=1.0", "shading.light='cone'", "shading.light_angle_deg=20.0")
    light = torch.cat([look.light for look in cone])
    cosine = (torch.nn.functional.normalize(light, dim=1) * camera).sum(1)
    assert cosine.min() >= math.cos(math.radians(20.01))
    assert cosine.min() < math.cos(math.radians(18))


def test_normals_are_measured_while_the_orientation_penalty_has_a_weight():
    weight = "regularizers.orient={ start = 0.0, end = 2.0, after_step = 3, until_step = 3 }"
    draws = build.sampling(recipe(weight), 10, 0, build.CPU)
    assert [draws.normals(step) for step in range(10)] == 4 * [False] + 6 * [True]
    light = build.sampling(recipe("regularizers.orient=0.01"), 10, 0, build.CPU)
    assert all(light.normals(step) for step in range(10))


def test_a_learned_background_gives_way_to_random_colours_in_a_share_of_the_steps():
    draws = build.sampling(
        recipe("background.mode='learned'", "background.random=0.3"), 10, 0, build.CPU
    )
    found = [draws.background(torch.Generator().manual_seed(seed), 0) for seed in range(2000)]
    colours = [x for x in found if x is not None]
    assert len(colours) / len(found) == pytest.approx(0.3, abs=0.03)
    assert torch.cat(colours).std(0).min() > 0.25
    always = build.sampling(recipe("background.mode='learned'"), 10, 0, build.CPU)
    assert all(always.background(torch.Generator().manual_seed(s), 0) is None for s in range(50))


def test_a_prior_that_knows_its_background_gets_random_colours_and_the_user_is_told(tmp_path):
    (tmp_path / "model_index.json").write_text("{}", encoding="utf-8")
    asked = recipe("background.mode='learned'", "shading.lit=0.5")
    for prior, mode, lit, count in (
        ("exact", "random", 0.5, 1),
        ("embedded", "random", 0.0, 2),
        (f"diffusers:{tmp_path}", "learned", 0.5, 0),
    ):
        found, notes = suited(asked, prior)
        assert (found.background.mode, found.shading.lit, len(notes)) == (mode, lit, count)
    assert suited(recipe(), "exact") == (recipe(), [])


def test_the_exact_priors_light_is_not_taken_out_of_textures_that_never_had_it():
    assert build.light(recipe(), "exact") is not None
    assert build.light(recipe("shading.lit=0.5"), "exact") is None


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("sds-splats", ("shading.lit=0.5",), "scene 'splats' has no normals to light"),
        ("sds-splats", ("regularizers.orient=1.0",), "regularizers.orient: unknown key"),
        (
            "sds-nerf",
            (
                "shading.lit=0.5",
                "shading.without_texture='normals'",
                "prior.exact.camera_blind=true",
            ),
            "a camera-blind prior does not know where they point",
        ),
    ],
)
def test_light_without_normals_is_refused(name, options, message):
    with pytest.raises(RecipeError) as caught:
        check(recipe(*options, name=name), "exact")
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("shading.after=0.5", "shading.after_step=3"), "must not stand beside `after`"),
        (("shading.light_distance=[2.0, 1.0]",), "must not end below its start"),
        (("shading.lit=1.5",), "must be from 0 to 1"),
        (("background.mode='learnt'",), "learnt"),
    ],
)
def test_wrong_values_are_refused(options, message):
    with pytest.raises(RecipeError) as caught:
        recipe(*options)
    assert message in caught.value.message


def test_a_prior_is_not_blind_to_cameras_unless_the_recipe_says_so(tmp_path):
    (tmp_path / "model_index.json").touch()
    lit = recipe("shading.lit=0.5", "shading.without_texture='normals'")
    network = {name: table for name, table in lit.prior.items() if name != "exact"}
    check(replace(lit, prior=network), f"diffusers:{tmp_path}")


def test_scenes_with_a_density_can_be_lit():
    for name, expected in (("nerf", True), ("triplane", True), ("splats", False)):
        assert isinstance(build.scene(load(f"sds-{name}"), 0, build.CPU), Shadable) == expected


LIT = (
    *SMALL,
    "shading.lit=0.75",
    "shading.after_step=2",
    "regularizers.orient={ start = 10.0, end = 1000.0 }",
    "background.mode='learned'",
    "background.random=0.4",
)


def run(*overrides):
    asked = recipe(*LIT, "steps=8", *overrides)
    prior = build.prior("exact", asked, 0)
    return build.optimization(asked, prior, Prompt("a red armchair"), seed=0, where=build.CPU)


@pytest.mark.parametrize("overrides", [(), ("particles=2", "shading.without_texture='normals'")])
def test_a_lit_run_that_was_interrupted_is_the_uninterrupted_one_bit_for_bit(overrides, tmp_path):
    whole, first, second = run(*overrides), run(*overrides), run(*overrides)
    for step in range(8):
        take_step(whole, step)
    for step in range(4):
        take_step(first, step)
    tensors = checkpoint.pack(first.modules(), first.optimizers())
    checkpoint.write(tmp_path / "c", tensors, {"step": 4})
    tensors, _ = checkpoint.read(tmp_path / "c")
    checkpoint.restore(tmp_path / "c", tensors, second.modules(), second.optimizers())
    for step in range(4, 8):
        take_step(second, step)
    states = [checkpoint.pack(each.modules(), each.optimizers()) for each in (whole, second)]
    assert states[0].keys() == states[1].keys()
    assert any(key.startswith("backdrop.") for key in states[0])
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_the_background_learns_at_its_own_rate():
    made = run("background.lr=0.5", "optimizer.lr_end=1.0")
    groups = {group["name"]: group for group in made.trainer.optimizer.param_groups}
    assert groups["backdrop"]["lr"] == 0.5
    assert {id(p) for p in groups["backdrop"]["params"]} == {
        id(p) for p in made.backdrop.parameters()
    }
    again = run()
    for p, q in zip(made.backdrop.parameters(), again.backdrop.parameters(), strict=True):
        assert torch.equal(p, q)  # it begins as the seed says


def test_a_recipe_with_light_fits_the_mesh_of_an_edit_to_its_colours_without_any():
    asked = recipe(*LIT, "steps=8")
    model = build.prior("exact", asked, 0).members(Prompt("a red armchair"))[0]
    problem = build.fitting(asked, model, seed=0, where=build.CPU)
    for step in range(8):
        look = problem.sampling.shading(torch.Generator(), step, orbit(1, 4))
        assert (look.ambient, look.diffuse, look.surface) == (1.0, 0.0, "albedo")
    assert "orient" in take_step(problem, 0).values
    plain = build.fitting(recipe(*SMALL), model, seed=0, where=build.CPU)
    assert plain.sampling.shading(torch.Generator(), 0, orbit(1, 4)) is None
