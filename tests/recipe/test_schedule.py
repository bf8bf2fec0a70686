"""Laws of numbers that change over a run."""

import math
import typing
from itertools import pairwise
from typing import Annotated

import pytest
import torch
from toy import Fog

from sds3d.bounds import Bounds
from sds3d.errors import RecipeError
from sds3d.language.prompt import Prompt
from sds3d.recipe import build
from sds3d.recipe.load import dump, load
from sds3d.recipe.schedule import Schedule, at
from sds3d.recipe.toml import typed

WEIGHT = Annotated[float, Bounds(0, 100)]


def threestudio(value, step):
    """C(value, epoch, global_step) of threestudio/utils/misc.py for [start_step, start, end, end_step]."""
    start_step, start, end, end_step = value
    return start + (end - start) * max(min(1.0, (step - start_step) / (end_step - start_step)), 0.0)


@pytest.mark.parametrize("steps", [100, 10000])
def test_a_linear_schedule_is_threestudios_scheduled_scalar(steps):
    found = Schedule(start=10.0, end=1.0, after=0.2, until=0.5)
    for step in range(0, steps, steps // 50):
        expected = threestudio([0.2 * steps, 10.0, 1.0, 0.5 * steps], step)
        assert found.at(step, steps) == pytest.approx(expected)


def test_a_schedule_that_ends_where_it_starts_jumps_in_one_step_as_threestudios_does():
    """threestudio writes [10000, 0, 1000, 10001]."""
    found = Schedule(start=0.0, end=1000.0, after=0.4, until=0.4)
    for step in (0, 9999, 10000, 10001, 24999):
        assert found.at(step, 25000) == threestudio([10000, 0.0, 1000.0, 10001], step)


def test_steps_do_not_depend_on_the_length_of_the_run_and_fractions_do():
    fixed = Schedule(start=0.0, end=1.0, after_step=10, until_step=30)
    share = Schedule(start=0.0, end=1.0, after=0.1, until=0.3)
    assert [fixed.at(20, steps) for steps in (100, 1000)] == [0.5, 0.5]
    assert share.at(20, 100) == pytest.approx(0.5)
    assert share.at(200, 1000) == pytest.approx(0.5)
    assert share.at(20, 1000) == 0


def test_an_exponential_schedule_is_a_straight_line_in_the_logarithm():
    found = Schedule(start=1e-2, end=1e-4, until=0.5, curve="exponential")
    for step in range(50):
        expected = (1 - step / 50) * math.log(1e-2) + step / 50 * math.log(1e-4)
        assert math.log(found.at(step, 100)) == pytest.approx(expected)
    assert [found.at(step, 100) for step in (50, 75, 100)] == [1e-4] * 3


@pytest.mark.parametrize("curve", ["linear", "exponential"])
def test_the_ends_are_exact_and_values_outside_are_constant(curve):
    found = Schedule(start=0.3, end=0.7, after=0.25, until=0.75, curve=curve)
    assert [found.at(step, 100) for step in (0, 25)] == [0.3, 0.3]
    assert [found.at(step, 100) for step in (75, 99)] == [0.7, 0.7]
    between = [found.at(step, 100) for step in range(25, 76)]
    assert all(a < b for a, b in pairwise(between))


def test_a_constant_schedule_is_its_number():
    assert at(3.0, 7, 9) == 3.0


def test_a_number_and_a_schedule_are_accepted_in_the_same_place_with_the_same_bounds():
    either = typing.Union[WEIGHT, Schedule[WEIGHT]]  # noqa: UP007
    assert typed(3, either, "x") == 3.0
    made = typed({"start": 1, "end": 2, "curve": "exponential"}, either, "x")
    assert made == Schedule(start=1.0, end=2.0, curve="exponential")
    assert isinstance(made.start, float)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("-1", "regularizers.bumpy = -1: must be from 0 to 1,000,000"),
        ('"a"', 'regularizers.bumpy = "a": not a number'),
        ("{}", "regularizers.bumpy.start: missing key"),
        ("{ start = 1 }", "regularizers.bumpy.end: missing key"),
        ("{ start = -1, end = 1 }", "regularizers.bumpy.start = -1: must be from 0"),
        ("{ start = 1, end = nan }", "regularizers.bumpy.end = nan: not a finite number"),
        ("{ start = 1, end = 2, untl = 1 }", "did you mean 'regularizers.bumpy.until'"),
        ("{ start = 1, end = 2, until = 2 }", "regularizers.bumpy.until = 2: must be from 0 to 1"),
        ("{ start = 1, end = 2, until_step = 0.5 }", "until_step = 0.5: not an integer"),
        (
            "{ start = 1, end = 2, until = 0.5, until_step = 3 }",
            "bumpy.until_step = 3: must not stand beside",
        ),
        (
            "{ start = 1, end = 2, after = 0.5, after_step = 3 }",
            "bumpy.after_step = 3: must not stand beside",
        ),
        ('{ start = 0, end = 2, curve = "exponential" }', "bumpy.start = 0.0: must be above 0"),
        ('{ start = 1, end = 0, curve = "exponential" }', "bumpy.end = 0.0: must be above 0"),
        ('{ start = 1, end = 2, curve = "linaer" }', "did you mean 'linear'"),
        ("{ start = 1, end = 2, after_step = -1 }", "after_step = -1: must be from 0 to 1,000,000"),
    ],
)
def test_a_weight_that_cannot_work_is_refused_by_its_key(value, message):
    with pytest.raises(RecipeError) as caught:
        load("sds-nerf", overrides=[f"regularizers.bumpy={value}"])
    assert message in caught.value.message
    assert len(caught.value.message.splitlines()) == 1


def test_a_step_of_a_schedule_may_be_the_last_of_the_longest_run():
    moving = "regularizers.bumpy={{ start = 1, end = 2, until_step = {} }}"
    found = load("sds-nerf", overrides=[moving.format(1_000_000)])
    assert found.regularizers["bumpy"].until_step == 1_000_000
    with pytest.raises(RecipeError, match="until_step = 1000001: must be from 0 to 1,000,000"):
        load("sds-nerf", overrides=[moving.format(1_000_001)])


def test_a_recipe_with_schedules_is_dumped_and_loaded_as_the_same(tmp_path):
    moving = "regularizers.bumpy={ start = 1, end = 2.5, after_step = 3, curve = 'exponential' }"
    found = load("sds-nerf", overrides=[moving])
    (tmp_path / "r.toml").write_text(dump(found), encoding="utf-8")
    assert load(tmp_path / "r.toml") == found


def shape(render, views, prompt):
    """A regularizer from outside the package."""
    return render.alpha.mean()


def test_the_weights_of_a_run_follow_their_schedules_even_from_outside_the_package():
    moving = "{ start = 1.0, end = 3.0, until = 0.5 }"
    name = f"{__name__}:shape"
    weights = f"regularizers={{ bumpy = {moving}, hollow = 2.0, '{name}' = {moving} }}"
    wanted = load("sds-nerf", overrides=["steps=8", "scene.log2_table=4", weights])
    prior = build.prior("exact", wanted, 0)
    run = build.optimization(wanted, prior, Prompt("a red armchair"), seed=0, where=build.CPU)
    assert run.penalties["hollow"] == 2.0
    for weight in (run.penalties["bumpy"], run.regularizers[name][1]):
        assert [weight(step) for step in (0, 2, 4, 7)] == [1.0, 2.0, 3.0, 3.0]


@pytest.mark.parametrize("particles", [1, 2])
def test_each_group_of_a_run_has_its_learning_rate_at_every_step(particles):
    own = "lr.table={ start = 0.02, end = 0.0002, until_step = 4, curve = 'exponential' }"
    wanted = load(
        "sds-nerf",
        overrides=["steps=8", "scene.log2_table=4", own, "lr.mlp=0.5", "optimizer.lr_end=0.25",
                   f"particles={particles}"],
    )  # fmt: skip
    trainer = build.trainer(wanted, build.scene(wanted, 0, build.CPU))
    for step, table, mlp in (
        (0, 0.02, 0.5),
        (2, 0.002, 0.5 * 0.25**0.25),
        (6, 0.0002, 0.5 * 0.25**0.75),
    ):
        trainer.step(step, wanted.steps)
        found = [(group["name"], group["lr"]) for group in trainer.optimizer.param_groups]
        expected = [("table", pytest.approx(table)), ("mlp", pytest.approx(mlp))]
        assert found == expected * particles


def test_adamw_shrinks_the_parameters_by_their_learning_rate_times_the_decay_and_adam_does_not():
    for kind, decay, factor in (("adam", 0.0, 1.0), ("adamw", 0.1, 1 - 0.5 * 0.1)):
        options = [f"optimizer.kind={kind}", f"optimizer.weight_decay={decay}", "lr.mlp=0.5"]
        wanted = load("sds-nerf", overrides=["scene.log2_table=4", *options])
        trainer = build.trainer(wanted, build.scene(wanted, 0, build.CPU))
        (weight, *_) = trainer.optimizer.param_groups[1]["params"]
        before = weight.detach().clone()
        weight.grad = torch.zeros_like(weight)
        trainer.step(0, 8)
        torch.testing.assert_close(weight.detach(), factor * before)


def test_a_decay_without_adamw_is_refused():
    with pytest.raises(RecipeError, match=r"optimizer.weight_decay = 0.1: 'adam' has none"):
        load("sds-nerf", overrides=["optimizer.weight_decay=0.1"])


def test_a_schedule_for_a_group_without_a_name_is_refused():
    moving = "lr={ fog = { start = 1.0, end = 2.0 } }"
    wanted = load("sds-nerf", overrides=["scene={ name = 'toy:Fog' }", moving])
    with pytest.raises(RecipeError, match=r"lr.fog: a schedule, but scene 'toy:Fog' does not name"):
        build.trainer(wanted, Fog())
