"""Laws of the parts of a run: the prior that is loaded, the optimisation, the fit of a scene to an object."""

from dataclasses import replace

import pytest
import torch
from gaussian import GaussianPrior
from torch import nn
from toy import Fog

from sds3d.diffusion.prior import HasMembers
from sds3d.errors import PriorError, UsageError
from sds3d.language.prompt import Prompt
from sds3d.library.kit.model import Model
from sds3d.loops.clock import Clock
from sds3d.loops.edit import Source
from sds3d.loops.step import take_step
from sds3d.recipe import build
from sds3d.recipe.check import require_start
from sds3d.recipe.families import compares_with_source, provides
from sds3d.recipe.load import load
from sds3d.scenes.particles import Particles

ARMCHAIR = Prompt("a red armchair")


def recipe(*overrides, name="sds-nerf"):
    return load(name, overrides=["steps=4", "scene.log2_table=4", "camera.sizes=[8]", *overrides])


def optimization(wanted, **more):
    prior = build.prior("exact", wanted, 0)
    return build.optimization(wanted, prior, ARMCHAIR, seed=0, where=build.CPU, **more)


class Given(GaussianPrior):
    """A prior that remembers what it was loaded with."""

    def __init__(self, **options):
        super().__init__(0.7)
        self.options = options


def told(source, *, seed, device, views, student) -> Given:
    return Given(source=source, seed=seed, device=device, views=views, student=student)


def simple(source, *, seed, device) -> Given:
    return Given(source=source, seed=seed, device=device)


USED = Given()
USED.evaluations = 7


def cached(source, *, seed, device) -> Given:
    return USED


def silent(source, *, seed, device):
    """A loader that does not say what it returns."""
    return Given()


def test_a_loader_is_told_what_it_asks_for():
    common = {"source": "here", "seed": 3, "device": build.CPU}
    for name, student in (("sds-nerf", False), ("vsd-nerf", True)):
        wanted = recipe("camera.views=5", name=name)
        made = build.prior(f"{__name__}:told:here", wanted, 3)
        assert made.options == common | {"views": 5, "student": student}
        assert build.prior(f"{__name__}:simple:here", wanted, 3).options == common


def test_a_prior_that_an_earlier_run_has_used_counts_from_zero():
    assert build.prior(f"{__name__}:cached", recipe(), 0).evaluations == 0


def test_a_prior_whose_loader_does_not_say_what_it_is_is_refused_once_it_is_known():
    with pytest.raises(PriorError, match="needs a prior with a known density"):
        build.prior(f"{__name__}:silent", recipe(name="fvsd-nerf"), 0)
    assert provides(f"{__name__}:silent", HasMembers)  # as far as one can tell
    assert provides("exact", HasMembers)
    assert not provides(f"{__name__}:simple", HasMembers)


@pytest.mark.parametrize(("dtype", "scaled"), [(torch.float16, True), (torch.float32, False)])
def test_gradients_are_scaled_where_the_prior_encodes_in_half_precision(dtype, scaled):
    prior = GaussianPrior(0.7)
    prior.encode_dtype = dtype
    run = build.optimization(recipe(), prior, ARMCHAIR, seed=0, where=build.CPU)
    assert (run.scale is not None) == scaled


def test_the_seconds_of_a_run_are_on_the_clock_that_it_is_given():
    clock = Clock()
    for run in (optimization(recipe(), clock=clock), optimization(recipe())):
        take_step(run, 0)
        assert set(run.clock.seconds) == {"prior", "render", "backward", "optimizer"}
    assert clock.seconds
    assert clock is not run.clock


def either(prior, z, t, eps, cond, *, source_z):
    return z - source_z


def other(prior, z, t, eps, cond, *, source):
    return 0 * z


@pytest.mark.parametrize(
    ("name", "compares"),
    [("sds", False), ("dds", True), (f"{__name__}:either", True), (f"{__name__}:other", True)],
)
def test_an_edit_keeps_its_source_for_the_objectives_that_name_it(name, compares):
    base = recipe()
    options = load("dds-nerf").objective.options if name == "dds" else base.objective.options
    options = {} if ":" in name else options
    wanted = replace(base, objective=replace(base.objective, name=name, options=options))
    assert compares_with_source(wanted) == compares
    start = Source(Fog().requires_grad_(False), Prompt("fog"))
    wanted = replace(wanted, lr={"fog": 0.1}, regularizers={})
    run = optimization(wanted, start=start)
    assert run.source is (start if compares else None)
    assert all(p.requires_grad for p in run.scene.parameters())
    assert run.scene is not start.scene
    require_start(wanted, "a folder")
    if compares:
        with pytest.raises(UsageError, match="changes a scene that is there"):
            require_start(wanted, "")
    else:
        require_start(wanted, "")


def shape(render, views, prompt):
    """A regularizer from outside the package."""
    return render.alpha.mean()


def ball(name, light):
    """A ball of one colour."""
    sphere = torch.nn.functional.normalize(torch.randn(40, 3), dim=1).numpy()
    from scipy.spatial import ConvexHull

    faces = ConvexHull(sphere).simplices.astype("int32")
    ones = torch.ones(40).numpy()
    colors = torch.full((40, 3), light).numpy()
    return Model(name, 0.5 * sphere, faces, sphere, colors, 0 * ones, ones)


def test_a_scene_is_fitted_to_an_object_before_random_backgrounds_and_alone():
    regularizers = f"regularizers={{ bumpy = 1.0, '{__name__}:shape' = 2.0 }}"
    wanted = recipe("particles=2", "background.mode=white", regularizers)
    run = build.fitting(wanted, ball("a ball", 0.5), seed=0, where=build.CPU)
    assert not isinstance(run.scene, Particles)
    assert isinstance(build.scene(wanted, 0, build.CPU), Particles)
    assert run.penalties == {"bumpy": 1.0}
    assert {name: weight for name, (_, weight) in run.regularizers.items()} == {
        f"{__name__}:shape": 2.0
    }
    assert run.prompt.text == "a ball"
    background = run.sampling.background(torch.Generator().manual_seed(0), 0)
    assert len(background.unique()) == background.numel()
    assert run.steps == 4


class Memory(nn.Module):
    """What an objective from outside remembers."""

    def __init__(self, prior, prompt):
        super().__init__()
        self.prior, self.prompt = prior, prompt


def remembering(prior, z, t, eps, cond, *, state: "Memory"):
    return 0 * z


def test_an_objective_owns_the_state_that_it_annotates_even_as_a_string():
    base = recipe()
    named = replace(base.objective, name=f"{__name__}:remembering", options={})
    prior = GaussianPrior(0.7)
    _, state = build.objective(replace(base, objective=named), prior, ARMCHAIR)
    assert isinstance(state, Memory)
    assert (state.prior, state.prompt) == (prior, ARMCHAIR)
    assert build.objective(base, prior, ARMCHAIR)[1] is None


def test_a_mean_loss_of_a_single_view_divides_by_its_own_entries():
    g = torch.full((1, 4, 8, 8), 3.0)
    mean = build.gradient(recipe("gradient.reduction=mean"))(g, 0.0)
    torch.testing.assert_close(mean, g / (4 * 8 * 8))
