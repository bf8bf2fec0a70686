"""Laws of what a recipe's numbers become: cameras, times, noise, backgrounds, gradients, students, priors."""

from dataclasses import replace

import pytest
import torch
from gaussian import GaussianPrior

from sds3d.diffusion.cond import Cond, Embedding
from sds3d.diffusion.noises import carried, on_surface
from sds3d.diffusion.times import prioritized
from sds3d.errors import ExportError, PriorError, RecipeError, UsageError
from sds3d.language.prompt import Prompt
from sds3d.loops.step import generator
from sds3d.mesh import formats
from sds3d.mesh.formats import EXPORTERS, SPLAT_EXPORTERS
from sds3d.recipe import build
from sds3d.recipe.check import check, require_formats
from sds3d.recipe.load import load
from sds3d.scenes import SCENES
from sds3d.scenes.backdrop import Backdrop
from sds3d.scenes.render import Render
from sds3d.views.cameras import orbit

STEPS = 12


def recipe(*overrides, name="sds-nerf"):
    return load(name, "laptop", [f"steps={STEPS}", *overrides])


def draws(*overrides, steps=STEPS, seed=0):
    return build.sampling(recipe(*overrides), steps, seed, build.CPU)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("sizes", "steps", "expected"),
    [
        ([8], 3, [8, 8, 8]),
        ([8, 16], 4, [8, 8, 16, 16]),
        ([8, 16, 24], 7, [8, 8, 8, 16, 16, 24, 24]),
        ([8, 16, 24], 2, [8, 16]),
    ],
)
def test_several_image_sizes_are_equal_phases_of_the_run(sizes, steps, expected):
    sampling = draws(f"camera.sizes={sizes}", steps=steps)
    assert [sampling.cameras(rng(), step).height for step in range(steps)] == expected
    assert [sampling.cameras(rng(), step).width for step in range(steps)] == expected


def test_cameras_lie_in_the_recipes_ranges_and_fill_them():
    ranges = {"elevation_deg": (-30.0, 50.0), "distance": (2.0, 3.0), "fov_deg": (30.0, 60.0)}
    sampling = draws(*(f"camera.{k}=[{a}, {b}]" for k, (a, b) in ranges.items()), "camera.views=64")
    cameras = sampling.cameras(rng(), 0)
    focal = cameras.K[:, 1, 1]
    seen = {
        "elevation_deg": cameras.elevation_deg,
        "distance": cameras.position.norm(dim=1),
        "fov_deg": torch.rad2deg(2 * torch.atan(0.5 * cameras.height / focal)),
    }
    for name, (low, high) in ranges.items():
        margin = 0.2 * (high - low)
        assert low - 1e-3 <= seen[name].min() < low + margin
        assert high - margin < seen[name].max() <= high + 1e-3


def test_a_range_of_cameras_widens_and_moves_over_the_run():
    low = "{ start = 5.2, end = 3.5, until = 0.5, curve = 'exponential' }"
    wide = "{ start = 10.0, end = 40.0 }"
    sampling = draws(
        *(
            f"camera.distance=[{low}, 6.0]",
            f"camera.elevation_deg=[-5.0, {wide}]",
            "camera.views=64",
        ),
        steps=101,
    )
    for step, nearest, highest in (
        (0, 5.2, 10.0),
        (25, 5.2 * (3.5 / 5.2) ** (25 / 50.5), 17.4),
        (100, 3.5, 39.7),
    ):
        cameras = sampling.cameras(rng(), step)
        distance, elevation = cameras.position.norm(dim=1), cameras.elevation_deg
        assert nearest - 1e-3 <= distance.min() < nearest + 0.1 * (6 - nearest)
        assert 6 - 0.1 * (6 - nearest) < distance.max() <= 6 + 1e-3
        assert highest - 2 < elevation.max() <= highest + 0.1
        assert elevation.min() >= -5 - 1e-3


def test_at_first_only_the_front_and_the_back_are_seen_where_the_recipe_says_so():
    sampling = draws("camera.front_back_until=0.1", "camera.views=1", steps=1000)
    for step in (0, 99):
        away = torch.cat(
            [sampling.cameras(rng(seed), step).azimuth_deg.abs() for seed in range(300)]
        )
        assert ((away <= 30.01) | (away >= 149.99)).all()
        assert 100 < (away < 90).sum() < 200
        assert away.min() < 2
        assert (away - 180).abs().min() < 2
        assert ((away > 25) & (away < 155)).sum() > 10
    sides = [sampling.cameras(rng(seed), 100).azimuth_deg.abs().item() for seed in range(100)]
    assert any(60 < azimuth < 120 for azimuth in sides)


def test_all_cameras_of_a_step_are_turned_by_one_random_angle():
    """The first view is not always in the first sector: over many steps it comes from every side."""
    sampling = draws("camera.views=4")
    first = torch.cat([sampling.cameras(rng(seed), 0).azimuth_deg[:1] for seed in range(300)])
    counts = torch.histc(first, 8, -180, 180)
    assert counts.min() > 15
    views = sampling.cameras(rng(7), 0).azimuth_deg.sort().values
    gaps = torch.cat([views.diff(), views[:1] + 360 - views[-1:]])
    assert gaps.max() < 180  # a view in every quarter


@pytest.mark.parametrize(("mode", "value"), [("white", 1.0), ("grey", 0.5), ("black", 0.0)])
def test_a_named_background_is_that_colour_in_every_view(mode, value):
    background = draws(f"background.mode={mode}").background(rng(), 0)
    assert torch.equal(background, torch.full((4, 3), value))


def test_random_backgrounds_differ_between_views_and_channels():
    background = draws("background.mode=random").background(rng(), 0)
    assert background.shape == (4, 3)
    assert len(background.unique()) == 12
    assert ((background >= 0) & (background <= 1)).all()


def test_bounds_on_t_move_from_their_starts_to_their_ends():
    times = ("low=0.1", "high=0.9", "low_end=0.2", "high_end=0.4", "schedule=linear")
    sampling = draws(*(f"time.{x}" for x in times), steps=11)
    assert sampling.bounds(0) == pytest.approx((0.1, 0.9))
    assert sampling.bounds(5) == pytest.approx((0.15, 0.65))
    assert sampling.bounds(10) == pytest.approx((0.2, 0.4))
    t = torch.cat([sampling.time(rng(k), 10) for k in range(200)])
    assert t.min() >= 0.2
    assert t.max() <= 0.4
    assert t.max() - t.min() > 0.19


def test_bounds_on_t_move_in_the_first_part_of_the_run_and_then_stay():
    times = ("low=0.1", "high=0.9", "low_end=0.2", "high_end=0.4", "schedule=linear", "until=0.3")
    sampling = draws(*(f"time.{x}" for x in times), steps=101)
    assert sampling.bounds(15) == pytest.approx((0.15, 0.65))
    for step in (30, 31, 99, 100):
        assert sampling.bounds(step) == pytest.approx((0.2, 0.4))


def test_prioritized_times_fall_within_until():
    bounds = ("low=0.0", "high=1.0", "low_end=0.0", "high_end=1.0", "schedule=prioritized")
    whole, half = (
        draws(*(f"time.{x}" for x in bounds), f"time.until={u}", steps=41) for u in (1, 0.5)
    )
    assert [half.bounds(k) for k in range(21)] == [whole.bounds(2 * k) for k in range(21)]
    assert half.bounds(40) == half.bounds(20)
    narrow = ("time.until=0.5", "time.priorities=[0.8, 0.5, 0.3, 0.01]")
    sampling = draws(*(f"time.{x}" for x in bounds), *narrow, steps=41)
    assert sampling.bounds(40) == sampling.bounds(20) > (0.1, 0.1)


def test_the_last_of_two_prioritized_times_is_that_of_the_end():
    bounds = ("low=0.0", "high=1.0", "low_end=0.0", "high_end=1.0", "schedule=prioritized")
    sampling = draws(*(f"time.{x}" for x in bounds), steps=2)
    expected = [prioritized(fraction, *recipe().time.priorities) for fraction in (0.0, 1.0)]
    assert [sampling.bounds(step)[0] for step in range(2)] == expected


def test_bounds_and_draws_of_shifted_times_are_shifted_alike():
    times = ("low=0.2", "high=0.7", "low_end=0.2", "high_end=0.7", "distribution=shifted")
    sampling = draws(*(f"time.{x}" for x in times), "time.shift=2", "time.schedule=constant")
    assert sampling.bounds(3) == pytest.approx((0.4 / 1.2, 1.4 / 1.7))
    plain = draws(*(f"time.{x}" for x in times[:4]), "time.schedule=constant")
    for seed in range(20):
        u, t = (sampler.time(rng(seed), 3) for sampler in (plain, sampling))
        torch.testing.assert_close(t, 2 * u / (1 + u))


def test_prioritized_times_are_clipped_to_the_bounds_and_need_no_randomness():
    bounds = ("low=0.3", "high=0.6", "low_end=0.3", "high_end=0.6", "schedule=prioritized")
    sampling = draws(*(f"time.{x}" for x in bounds), steps=20)
    times = [sampling.time(rng(step), step)[0].item() for step in range(20)]
    assert times == sorted(times, reverse=True)
    assert times[0] == pytest.approx(0.6)
    assert times[-1] == pytest.approx(0.3)
    assert torch.equal(sampling.time(rng(1), 9), sampling.time(rng(2), 9))


SEEN = (Render(*(torch.zeros(2, 4, 4) for _ in range(4))), orbit(2, 4))  # nothing


def test_noise_that_the_surface_carries_is_one_for_the_run_where_something_is_seen():
    z = torch.zeros(2, 3, 4, 4)
    depth, alpha = torch.full((2, 4, 4), 2.5), torch.zeros(2, 4, 4)
    alpha[:, 1:3] = 1
    seen = (Render(torch.zeros(2, 4, 4, 3), alpha, depth, torch.zeros(2, 4, 4, 3)), orbit(2, 4))
    carried = draws("noise.mode=surface")
    a, b = (carried.noise(rng(k), z, *seen) for k in (1, 2))
    same = (a == b).all(1)
    assert same[:, 1:3].any()
    assert not same[:, 0].any()
    other = draws("noise.mode=surface", seed=1).noise(rng(1), z, *seen)
    assert not (a == other).all(1)[same].any()
    assert torch.equal(carried.noise(rng(1), z, *SEEN), draws().noise(rng(1), z, *SEEN))


def test_the_noise_of_a_run_is_drawn_from_its_seed_at_a_step_before_the_first():
    """So no step draws the same numbers again, and a seed means the same noise tomorrow."""
    start = torch.Generator().manual_seed(5 * 1_000_003 - 1)
    shape, (_, cameras) = (2, 3, 4, 4), SEEN
    expected = torch.randn(shape[1:], generator=start).expand(shape)
    fixed = draws("noise.mode=fixed", seed=5)
    assert torch.equal(fixed.noise(rng(1), torch.zeros(shape), *SEEN), expected)
    cells = carried(torch.Generator().manual_seed(5 * 1_000_003 - 1), 3)
    depth, alpha = torch.full((2, 4, 4), 2.5), torch.ones(2, 4, 4)
    seen = Render(torch.zeros(2, 4, 4, 3), alpha, depth, torch.zeros(2, 4, 4, 3))
    found = draws("noise.mode=surface", seed=5).noise(rng(1), torch.zeros(shape), seen, cameras)
    fresh = torch.randn(shape, generator=rng(1))
    assert torch.equal(found, on_surface(fresh, cells, depth, alpha, cameras))


def test_fresh_noise_differs_at_every_step_and_view_and_fixed_noise_never():
    z = torch.zeros(2, 3, 4, 4)
    fresh = draws("noise.mode=fresh")
    a, b = fresh.noise(rng(1), z, *SEEN), fresh.noise(rng(2), z, *SEEN)
    assert not torch.equal(a, b)
    assert not torch.equal(a[0], a[1])
    fixed = draws("noise.mode=fixed")
    a, b = fixed.noise(rng(1), z, *SEEN), fixed.noise(rng(2), z, *SEEN)
    assert torch.equal(a, b)
    assert torch.equal(a[0], a[1])
    assert not torch.equal(a, draws("noise.mode=fixed", seed=1).noise(rng(1), z, *SEEN))


def test_the_gradient_is_scaled_and_then_clipped_by_a_limit_that_changes_over_the_run():
    g = torch.tensor([[[[0.5]], [[-3.0]]]])
    policy = build.gradient(
        recipe("gradient.scale=2", "gradient.clip=1", "gradient.clip_end=3", "particles=1")
    )
    assert policy(g, 0.0).flatten().tolist() == [1, -1]
    assert policy(g, 0.5).flatten().tolist() == [1, -2]
    assert policy(g, 1.0).flatten().tolist() == [1, -3]
    pixel = build.gradient(recipe("gradient.clip=1.5", "gradient.clip_mode=pixel"))
    assert pixel(g, 0.3).flatten().tolist() == [0.25, -1.5]
    assert build.gradient(recipe())(g, 0.5) is not None
    assert torch.equal(build.gradient(recipe("gradient.scale=1"))(g, 0.5), g)


def test_a_mean_loss_divides_by_the_entries_of_a_views_latent_after_the_clip():
    g = torch.full((2, 4, 8, 8), 3.0)
    options = ("gradient.reduction=mean", "gradient.scale=2", "gradient.clip=5")
    mean = build.gradient(recipe(*options))(g, 0.0)
    torch.testing.assert_close(mean, torch.full_like(g, 5 / (4 * 8 * 8)))


def test_a_clip_in_image_space_leaves_the_latents_gradient_and_keeps_hues():
    options = ("gradient.clip=0.05", "gradient.clip_mode=pixel", "gradient.clip_space=image")
    wanted = recipe(*options)
    g = torch.tensor([[[[0.1]], [[-0.2]], [[0.0]]], [[[0.01]], [[0.05]], [[0.0]]]])
    assert torch.equal(build.gradient(wanted)(g, 0.5), g)
    clipped = build.image_gradient(wanted)(g, 0.5)
    expected = torch.tensor([[0.025, -0.05, 0.0], [0.01, 0.05, 0.0]])
    torch.testing.assert_close(clipped.flatten(1), expected)
    assert build.image_gradient(recipe("gradient.clip=0.05")) is None
    assert build.image_gradient(recipe("gradient.clip_space=image")) is None


@pytest.mark.parametrize("mode", ["fresh", "fixed"])
def test_offset_noise_adds_one_number_to_each_channel_of_all_views(mode):
    z = torch.zeros(3, 4, 6, 6)
    plain, offset = (draws(f"noise.mode={mode}", f"noise.offset={x}") for x in (0, 0.1))
    added = torch.stack(
        [offset.noise(rng(k), z, *SEEN) - plain.noise(rng(k), z, *SEEN) for k in range(400)]
    )
    torch.testing.assert_close(added, added[:, :1, :, :1, :1].expand_as(added))
    numbers = added[:, 0, :, 0, 0]
    assert len(numbers.unique(dim=0)) == (400 if mode == "fresh" else 1)
    if mode == "fresh":
        assert numbers.std().item() == pytest.approx(0.1, rel=0.05)
        assert numbers.mean().item() == pytest.approx(0, abs=0.01)


class Listener:
    """A prior that remembers the directions it was given."""

    def condition(self, prompt, cameras, background, directions=None):
        self.directions = directions
        text = Embedding(torch.zeros(len(cameras), 1))
        return Cond(text, text, torch.zeros(len(cameras), 16))


@pytest.mark.parametrize("mode", ["none", "plain", "mixed", "perp-neg"])
def test_words_about_the_side_reach_the_prior_as_the_recipe_specifies(mode):
    sampling = draws(
        f"prompting.directions={mode}", "prompting.rescale=0.25", "prompting.perp_neg_scale=2"
    )
    prior = Listener()
    cameras = sampling.cameras(rng(), 0)
    cond = sampling.condition(prior, Prompt("x"), cameras, torch.zeros(4, 3))
    assert cond.rescale == 0.25
    if mode == "none":
        assert prior.directions is None
    else:
        assert all(prior.directions.blends)
        assert len(prior.directions.away) == (2 if mode == "perp-neg" else 0)
    for _, weights in () if prior.directions is None else prior.directions.away:
        assert (weights <= 0).all()


def test_the_curves_and_the_words_for_the_sides_are_the_recipes():
    curves = "[[1, 0, 0, 1], [2, 0, 0, 1], [3, 0, 0, 1], [4, 0, 0, 1]]"
    options = (f"prompting.perp_neg_curves={curves}", "prompting.perp_neg_scale=2")
    prior = Listener()
    for mode in ("perp-neg", "mixed", "plain"):
        sampling = draws(f"prompting.directions={mode}", "prompting.left_right=true", *options)
        cameras = sampling.cameras(rng(), 0)
        sampling.condition(prior, Prompt("x"), cameras, torch.zeros(4, 3))
        found = {name for blend in prior.directions.blends for name in blend}
        assert found & {"left side", "right side"}
        assert "side" not in found
        if mode == "perp-neg":
            (_, first), (_, second) = prior.directions.away
            for a, b, azimuth in zip(first, second, cameras.azimuth_deg.abs(), strict=True):
                assert (a, b) == ((-2, -4) if azimuth < 90 else (-6, -8))


def test_debiased_words_are_dropped_from_the_sides_they_are_not_about():
    said = 'prompting.debias={"smiling" = ["front"]}'
    sampling = draws("prompting.directions=none", said)
    prior = Listener()
    sampling.condition(prior, Prompt("x"), sampling.cameras(rng(), 0), torch.zeros(4, 3))
    dropped = sum(bool(words) for words in prior.directions.dropped)
    assert 0 < dropped < 4 or dropped == 4


def test_each_seed_initialises_the_scene_and_the_students_differently_and_reproducibly():
    wanted = recipe("scene.width=8", name="vsd-nerf")
    prior = build.prior("exact", wanted, 0)
    made = {
        seed: [build.optimization(wanted, prior, Prompt("a red armchair"), seed=seed, where=build.CPU)
               for _ in range(2)]
        for seed in (0, 1)
    }  # fmt: skip
    for pick in (lambda run: run.scene, lambda run: run.learners["renders"].student):
        a, b = (next(pick(run).parameters()) for run in made[0])
        other = next(pick(made[1][0]).parameters())
        assert torch.equal(a, b)
        assert not torch.equal(a, other)


def test_a_learned_background_begins_as_the_seed_says_and_unlike_any_step():
    wanted = recipe("background.mode='learned'")

    def weights(seed):
        return build.backdrop(wanted, seed, build.CPU).first.weight

    before = torch.random.get_rng_state()
    first = weights(1)
    torch.manual_seed(2)
    assert torch.equal(weights(1), first)
    assert not torch.equal(weights(0), first)
    for step in range(-1, 50):  # the scene's beginning, and steps of the loop
        torch.manual_seed(generator(1, step).initial_seed())
        assert not torch.equal(Backdrop().first.weight, first)
    torch.random.set_rng_state(before)


def test_several_students_start_apart_and_are_kept_apart_in_a_checkpoint():
    one = load("vsd-nerf").students["renders"]
    wanted = replace(recipe(name="vsd-nerf"), students={"a": one, "b": one})
    with pytest.raises(RecipeError, match="exactly one student; the recipe has 2"):
        check(wanted, "exact")
    learners = {}
    prior = build.prior("exact", wanted, 0)
    wanted = replace(
        wanted, objective=replace(wanted.objective, name=f"{__name__}:both", options={})
    )
    learners = build.learners(wanted, prior, 0, build.CPU)
    assert list(learners) == ["a", "b"]
    a, b = (next(learner.student.parameters()) for learner in learners.values())
    assert not torch.equal(a, b)
    run = build.optimization(wanted, prior, Prompt("a red armchair"), seed=0, where=build.CPU)
    assert set(run.modules()) == {"scene", "students.a", "students.b"}
    assert set(run.optimizers()) == {"adam", "students_adam.a", "students_adam.b"}


def both(prior, z, t, eps, cond, *, students):
    """An objective of two students."""
    return sum(student.predict_noise(z, t, cond) for student in students.values())


@pytest.mark.parametrize(
    ("overrides", "error", "message"),
    [
        (["objective.name=sdss"], RecipeError, "did you mean 'sds'"),
        (["objective.weight=sigma3"], RecipeError, "objective.weight"),
        (["scene.name=voxels"], RecipeError, "scene.name: unknown 'voxels'"),
        (["regularizers.foo=1"], RecipeError, "regularizers.foo"),
        (["lr.foo=1"], RecipeError, "lr.foo"),
        (["scene.foo=1"], RecipeError, "scene.foo"),
        (["prior.exact.variants=0"], RecipeError, "prior.exact.variants"),
        (["prior.exactt.variants=1"], RecipeError, "prior.exactt"),
        (["prior.diffusers.vram=enormous"], RecipeError, "prior.diffusers.vram"),
        (["regularizers.os:nothing=1"], RecipeError, "'os' has no 'nothing'"),
    ],
)
def test_a_mismatch_is_refused_before_anything_loads(overrides, error, message):
    with pytest.raises(error) as caught:
        check(recipe(*overrides), "exact")
    assert message in caught.value.message
    assert caught.value.fix


def test_an_image_prompt_is_refused_by_objectives_that_do_not_read_it():
    check(recipe(name="csm-nerf"), "exact", image=True)
    with pytest.raises(UsageError, match="takes no image prompt"):
        check(recipe(), "exact", image=True)


def test_an_objective_that_needs_a_student_is_refused_without_one():
    wanted = replace(recipe(name="vsd-nerf"), students={})
    with pytest.raises(RecipeError, match="needs exactly one student; the recipe has 0"):
        check(wanted, "exact")


def test_a_network_without_a_table_for_its_student_is_refused(tmp_path):
    (tmp_path / "model_index.json").write_text("{}", encoding="utf-8")
    wanted = recipe(name="vsd-nerf")
    residual = {"residual": wanted.students["renders"]["residual"]}
    with pytest.raises(RecipeError, match=r"no \[students.renders.lora\]"):
        check(replace(wanted, students={"renders": residual}), f"diffusers:{tmp_path}")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("exakt", "did you mean 'exact'"),
        ("exact:nowhere", "'nowhere' is not a folder"),
        ("diffusers", "'' is not a folder"),
        ("no_such_module.prior:load", "there is no module 'no_such_module'"),
        ("os.path:nothing", "'os.path' has no 'nothing'"),
    ],
)
def test_a_prior_that_does_not_exist_is_refused_with_the_nearest_name(name, message):
    with pytest.raises(PriorError) as caught:
        check(recipe(), name)
    assert message in caught.value.message


def test_the_light_of_a_prior_is_known_without_loading_it(tmp_path):
    (tmp_path / "model_index.json").write_text("{}", encoding="utf-8")
    plain = recipe()
    assert build.light(plain, "exact") is not None
    assert build.light(plain, "embedded") is not None
    assert build.light(plain, f"diffusers:{tmp_path}") is None


def blind(source, *, seed, device) -> GaussianPrior:
    raise AssertionError("refused before it is loaded")


def test_an_objective_with_a_loss_on_images_is_refused_with_a_prior_that_cannot_decode():
    with pytest.raises(PriorError, match="'hifa' needs a prior with a decoder"):
        check(load("hifa-nerf"), f"{__name__}:blind")
    check(load("hifa-nerf"), "exact")


@pytest.mark.parametrize("method", ["bsd", "csm", "isd", "nfsd"])
def test_perp_neg_is_refused_before_loading_for_objectives_without_a_form_of_it(
    method,
):
    wanted = load(f"{method}-nerf", overrides=["prompting.directions=perp-neg"])
    with pytest.raises(RecipeError, match=f"'{method}' has no form of Perp-Neg") as caught:
        check(wanted, "exact")
    assert "prompting.directions" in caught.value.message
    assert "plain" in caught.value.fix
    check(load(f"{method}-nerf", overrides=["prompting.directions=plain"]), "exact")
    check(load("csd-nerf", overrides=["prompting.directions=perp-neg"]), "exact")


def test_prioritized_times_are_dreamtimes_over_the_first_part_of_the_run():
    wide = ["time.low=0.0", "time.low_end=0.0", "time.high=1.0", "time.high_end=1.0"]
    sampling = draws('time.schedule="prioritized"', "time.until=0.5", *wide, steps=11)
    expected = [prioritized(min(step / 5, 1.0), *recipe().time.priorities) for step in range(11)]
    assert [sampling.bounds(step) for step in range(11)] == [(t, t) for t in expected]
    alone = draws('time.schedule="prioritized"', *wide, steps=1)
    assert alone.bounds(0)[0] == prioritized(0.0, *recipe().time.priorities)


def test_image_sizes_that_a_students_patches_do_not_divide_are_refused_before_anything_loads(
    tmp_path,
):
    made = recipe("camera.sizes=[16, 18]", name="vsd-nerf")
    with pytest.raises(
        RecipeError, match=r"camera\.sizes\[1\] = 18: must be a multiple of"
    ) as caught:
        check(made, "exact")
    assert "students.renders.residual.patch = 4" in caught.value.message
    check(recipe("camera.sizes=[16, 20]", name="vsd-nerf"), "exact")
    check(recipe("camera.sizes=[18]"), "exact")  # SDS has no student
    (tmp_path / "model_index.json").touch()
    check(made, f"diffusers:{tmp_path}")  # and the student of a network has no such patches


def test_a_prior_without_what_the_objective_needs_is_refused_before_it_loads(tmp_path):
    (tmp_path / "model_index.json").touch()
    with pytest.raises(PriorError, match="objective 'fvsd' needs a prior with a known density"):
        check(recipe(name="fvsd-nerf"), f"diffusers:{tmp_path}")


def test_only_scenes_of_gaussians_take_a_format_of_gaussians():
    for scene in SCENES:
        wanted = recipe(name=f"sds-{scene}")
        require_formats(wanted, [name for name in EXPORTERS if name not in formats.NEEDS])
        if scene == "splats":
            require_formats(wanted, [*SPLAT_EXPORTERS])
            continue
        for name in SPLAT_EXPORTERS:
            with pytest.raises(
                ExportError, match=f"'{name}' holds Gaussians, which scene '{scene}'"
            ) as e:
                require_formats(wanted, ["glb", name])
            assert e.value.fix == "use --scene splats, or take another --format"


def test_a_format_whose_package_is_not_installed_is_refused_with_the_recipe(monkeypatch):
    monkeypatch.setattr(formats, "find_spec", lambda name: None)
    with pytest.raises(ExportError, match="'usdz' needs a package that is not installed"):
        require_formats(recipe(), ["usdz"])


def test_the_table_of_the_prior_is_checked_even_where_the_recipe_has_none_of_it():
    with pytest.raises(RecipeError, match=r"prior\.exact\.variants: missing"):
        check(replace(recipe(), prior={}), "exact")


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("prior.exact.guidance_scale", "objective.guidance_scale"),
        ("objective.vram", "prior.diffusers.vram"),
        ("objective.varants", "prior.exact.variants"),
        ("scene.wdth", "scene.width"),
        ("objective.guidance", "objective.guidance_scale"),
        ("scene.weight_deca", "optimizer.weight_decay"),
    ],
)
def test_a_key_in_the_wrong_table_is_answered_with_its_own_even_where_the_recipe_has_none(
    key, nearest
):
    with pytest.raises(RecipeError) as caught:
        check(recipe(f"{key}=1"), "exact")
    assert f"{key}: unknown key, did you mean '{nearest}'?" in caught.value.message


def test_what_the_loop_supplies_is_no_key_that_a_hint_names():
    for key in ("scene.rng", "scene.device"):
        with pytest.raises(RecipeError) as caught:
            check(recipe(f"{key}=1"), "exact")
        assert f"{key}: unknown key; known: " in caught.value.message
