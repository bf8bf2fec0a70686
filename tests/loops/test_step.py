"""Laws of one step."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from gaussian import Always, GaussianPrior, gaussian_cond
from toy import Fog

from sds3d.diffusion.scaling import LossScale
from sds3d.errors import NonFiniteError
from sds3d.language.prompt import Prompt
from sds3d.loops.edit import Source
from sds3d.loops.learner import Learner, Trainer
from sds3d.loops.step import Optimization, Sampling, generator, take_step
from sds3d.objectives.context import Gradients
from sds3d.scenes.backdrop import Backdrop
from sds3d.views.cameras import orbit
from sds3d.views.shading import Shading

SIZE, VIEWS = 6, 3


class Flat(GaussianPrior):
    def condition(self, prompt, cameras, background):
        return gaussian_cond(torch.zeros(len(cameras), 3, SIZE, SIZE))


def sampling(**more):
    functions = {
        "cameras": lambda rng, step: orbit(VIEWS, SIZE),
        "background": lambda rng, step: torch.full((VIEWS, 3), 0.25),
        "bounds": lambda step: (0.2, 0.7),
        "time": lambda rng, step: torch.full((VIEWS,), 0.5),
        "noise": lambda rng, z, render, cameras: torch.ones_like(z),
    }
    return Sampling(**(functions | more))


def run_of(objective, scene=None, **more):
    scene = scene or Fog()
    settings = {
        "scene": scene,
        "prior": Flat(0.5),
        "objective": objective,
        "prompt": Prompt("fog"),
        "sampling": sampling(),
        "trainer": Trainer(torch.optim.SGD(scene.parameters(), lr=1.0)),
        "steps": 10,
        "seed": 3,
    }
    return Optimization(**(settings | more))


def test_a_step_moves_the_scene_by_the_mean_over_views_of_the_objectives_gradient_and_its_penalties():
    g = torch.randn(VIEWS, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    run = run_of(lambda *_: g, penalties={"cover": 0.7})
    reference = Fog()
    render = reference.render(orbit(VIEWS, SIZE), torch.full((VIEWS, 3), 0.25))
    z = render.rgb.permute(0, 3, 1, 2)
    sum_over_views = sum((z[i] * g[i]).sum() for i in range(VIEWS))
    loss = sum_over_views / VIEWS + 0.7 * render.alpha.mean()
    expected = torch.autograd.grad(loss, list(reference.parameters()))
    event = take_step(run, 4)
    for p, q, d in zip(run.scene.parameters(), reference.parameters(), expected, strict=True):
        torch.testing.assert_close(p.detach(), q.detach() - d)
    assert event.step == 4
    assert event.values["cover"] == pytest.approx(0.5)
    assert event.values["t"] == pytest.approx(0.5)
    assert event.values["grad"] == pytest.approx(g.square().mean().sqrt().item())


def test_the_gradient_of_the_images_is_changed_behind_the_encoder_together_with_the_penalties():
    """z = 10 rgb; the images' gradient is 10 g / B plus the penalty's, before the change and nowhere else."""

    class Tenfold(Flat):
        def encode(self, rgb):
            return 10 * rgb

    seen = []

    def halve(g, fraction):
        seen.append((g, fraction))
        return g / 2

    g = torch.randn(VIEWS, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    bright = {"bright": (lambda render, views, prompt: render.rgb.sum(), 0.7)}
    settings = {"prior": Tenfold(0.5), "regularizers": bright}
    plain, changed = (
        run_of(lambda *_: g, **settings),
        run_of(lambda *_: g, image_gradient=halve, **settings),
    )
    start = [p.clone() for p in plain.scene.parameters()]
    for run in (plain, changed):
        take_step(run, 9)
    ((found, fraction),) = seen
    torch.testing.assert_close(found, 10 * g / VIEWS + 0.7)
    assert fraction == 1
    for p, a, b in zip(start, plain.scene.parameters(), changed.scene.parameters(), strict=True):
        torch.testing.assert_close(b - p, (a - p) / 2)


def test_a_gradient_with_respect_to_the_images_is_added_and_treated_as_that_with_respect_to_z():
    """z is the images themselves here, so half of a gradient may be given with respect to either."""
    g = torch.randn(VIEWS, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    seen = []

    def halves(prior, z, t, eps, cond, context):
        seen.append(context.rgb)
        assert not context.rgb.requires_grad
        return Gradients(0.25 * g, 0.75 * g)

    doubled = {"gradient": lambda g, fraction: 2 * g}
    whole, split = run_of(lambda *_: g, **doubled), run_of(halves, **doubled)
    render = take_step(split, 0).render
    torch.testing.assert_close(seen[0], render.rgb.detach().permute(0, 3, 1, 2))
    take_step(whole, 0)
    for p, q in zip(whole.scene.parameters(), split.scene.parameters(), strict=True):
        torch.testing.assert_close(p, q)


def test_a_gradient_with_respect_to_the_images_that_is_not_finite_is_named():
    run = run_of(lambda prior, z, *_: Gradients(0 * z, z / 0))
    with pytest.raises(NonFiniteError, match="gradient on the images"):
        take_step(run, 2)


def test_a_penalty_without_weight_is_recorded_and_moves_nothing():
    run = run_of(lambda prior, z, *_: torch.zeros_like(z), penalties={"cover": 0.0})
    before = [p.clone() for p in run.scene.parameters()]
    assert "cover" in take_step(run, 0).values
    assert all(torch.equal(a, b) for a, b in zip(before, run.scene.parameters(), strict=True))


def test_a_weight_can_be_a_function_of_the_step():
    for step, weight in ((0, 0.0), (4, 2.0)):
        runs = [
            run_of(lambda prior, z, *_: torch.zeros_like(z), penalties={"cover": given})
            for given in (weight, lambda step: step / 2)
        ]
        for run in runs:
            take_step(run, step)
        fixed, moving = (list(run.scene.parameters()) for run in runs)
        assert all(torch.equal(a, b) for a, b in zip(fixed, moving, strict=True))


def test_a_regularizer_sees_the_render_the_views_and_the_prompt_and_is_weighed():
    def pale(render, views, prompt):
        assert (len(views), prompt.text) == (VIEWS, "fog")
        return -render.rgb.mean()

    run = run_of(lambda prior, z, *_: torch.zeros_like(z), regularizers={"pale": (pale, 5.0)})
    first = take_step(run, 0).values["pale"]
    assert take_step(run, 1).values["pale"] < first


def test_an_objective_receives_the_fraction_of_the_run():
    contexts = []

    def objective(prior, z, t, eps, cond, context):
        contexts.append(context)
        return torch.zeros_like(z)

    run = run_of(objective)
    for step in (0, 3, 9):
        take_step(run, step)
    assert [c.fraction for c in contexts] == pytest.approx([0, 1 / 3, 1])
    assert [(c.step, c.steps) for c in contexts] == [(0, 10), (3, 10), (9, 10)]
    assert all(c.t_low == 0.2 for c in contexts)
    assert all(c.student is None and c.state is None and c.image is None for c in contexts)


def test_what_is_done_to_the_gradient_is_given_the_fraction_of_the_run():
    seen = []

    def gradient(g, fraction):
        seen.append(fraction)
        return 0 * g

    run = run_of(lambda prior, z, *_: torch.ones_like(z), gradient=gradient)
    before = [p.clone() for p in run.scene.parameters()]
    take_step(run, 9)
    assert seen == [1.0]
    assert all(torch.equal(a, b) for a, b in zip(before, run.scene.parameters(), strict=True))


def test_the_randomness_of_a_step_depends_on_the_seed_and_the_step_alone():
    def draw(seed, step):
        return torch.rand(3, generator=generator(seed, step)).tolist()

    assert draw(1, 2) == draw(1, 2)
    assert len({tuple(draw(seed, step)) for seed in range(4) for step in range(4)}) == 16


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"objective": lambda prior, z, *_: z * float("nan")}, "the objective's gradient"),
        ({"regularizers": {"bad": (lambda *_: torch.tensor(float("inf")), 1.0)}}, "penalty 'bad'"),
        (
            {"objective": lambda prior, z, *_: torch.full_like(z, 3e38)},
            "the scene's gradient",
        ),
    ],
)
def test_a_value_that_is_not_finite_stops_the_run_and_is_named(change, message):
    run = run_of(**({"objective": lambda prior, z, *_: torch.zeros_like(z)} | change))
    with pytest.raises(NonFiniteError, match=r"step 5.*t = \[0.5") as caught:
        take_step(run, 5)
    assert message in caught.value.message


class Recorder(torch.nn.Module):
    """A student that records the cameras it is trained with."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))
        self.cameras, self.times = [], []

    def loss(self, z, t, eps, cond):
        assert not z.requires_grad
        self.cameras.append(cond.camera)
        self.times.append(t)
        return (self.scale * eps).square().mean()

    def predict_noise(self, z_t, t, cond):
        return Always(z_t).predict_noise(z_t, t, cond)


def learned(dropout, steps=200):
    student = Recorder()
    learner = Learner(student, Trainer(torch.optim.SGD(student.parameters(), lr=1e-3)), dropout)
    cond = gaussian_cond(torch.zeros(VIEWS, 3, SIZE, SIZE))
    cond = type(cond)(cond.text, cond.null, torch.ones(VIEWS, 16))
    for step in range(steps):
        learner.learn(torch.zeros(VIEWS, 3, SIZE, SIZE), cond, generator(0, step), step, steps)
    return student


def test_a_student_sees_the_camera_except_in_the_share_of_steps_that_drops_it():
    for dropout, low, high in ((0.0, 0, 0), (0.3, 0.2, 0.4), (1.0, 1, 1)):
        cameras = learned(dropout).cameras
        assert all(len(camera.unique()) == 1 for camera in cameras)  # all rows or none
        assert low <= sum(not camera.any() for camera in cameras) / len(cameras) <= high


def test_a_student_is_trained_at_all_times_one_for_each_view_and_by_its_own_optimizer():
    student = learned(0.0)
    times = torch.cat(student.times)
    assert times.min() < 0.01
    assert times.max() > 0.99
    assert all(len(t.unique()) == VIEWS for t in student.times)
    assert student.scale < 1


def test_two_students_of_a_run_are_both_trained_and_both_named_in_its_values():
    students = {name: Recorder() for name in "ab"}
    learners = {
        name: Learner(s, Trainer(torch.optim.SGD(s.parameters(), lr=1e-3)), 0.0)
        for name, s in students.items()
    }
    contexts = []

    def objective(prior, z, t, eps, cond, context):
        contexts.append(context)
        return torch.zeros_like(z)

    event = take_step(run_of(objective, learners=learners), 0)
    assert {"a", "b"} <= event.values.keys()
    assert all(s.scale < 1 for s in students.values())
    assert contexts[0].students == students
    assert contexts[0].student is None  # which of the two would it be?


def test_a_group_with_a_rate_of_its_own_leaves_the_others_to_lr_end():
    own, other = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))
    groups = [{"name": "own", "params": [own], "lr": 5.0}, {"params": [other], "lr": 8.0}]
    trainer = Trainer(
        torch.optim.SGD(groups), 0.25, {"own": lambda step, steps: 100 * step + steps}
    )
    moved = []
    for step in (0, 4, 8):
        before = [own.item(), other.item()]
        own.grad, other.grad = -torch.ones(1), -torch.ones(1)
        trainer.step(step, 8)
        moved.append([own.item() - before[0], other.item() - before[1]])
    assert moved == [[8, 8], [408, 4], [808, 2]]


class Overflowing(Flat):
    """A prior whose gradients overflow in half precision from a scale of 2^10 on."""

    def encode(self, rgb):
        z = rgb.clone()
        if z.requires_grad:
            z.register_hook(lambda g: torch.where(g.abs() > 2.0**10, torch.inf, g))
        return z


def test_a_step_whose_gradient_overflows_moves_nothing_and_halves_the_scale():
    run = run_of(lambda prior, z, *_: torch.ones_like(z), prior=Overflowing(0.5), scale=LossScale())
    plain = run_of(lambda prior, z, *_: torch.ones_like(z))
    before = [p.clone() for p in run.scene.parameters()]
    skipped = 0
    while run.scale.scale > 2.0**10 * VIEWS:
        take_step(run, 0)
        skipped += 1
        assert run.scale.scale == 2.0 ** (16 - skipped)
        assert all(torch.equal(p, q) for p, q in zip(run.scene.parameters(), before, strict=True))
    for each in (run, plain):
        take_step(each, 0)
    for p, q in zip(run.scene.parameters(), plain.scene.parameters(), strict=True):
        torch.testing.assert_close(p, q)
    assert skipped > 2
    assert "scale" in run.modules()


def test_a_gradient_that_is_not_finite_at_any_scale_ends_the_run():
    run = run_of(lambda prior, z, *_: torch.ones_like(z), prior=Overflowing(0.5), scale=LossScale())
    run.prior.encode = lambda rgb: (rgb - rgb.detach()).sqrt() + rgb
    run.scale.scale.fill_(4.0)
    for step in range(2):
        take_step(run, step)
    with pytest.raises(NonFiniteError, match="the scene's gradient is not finite"):
        take_step(run, 2)


class Broken(torch.nn.Module):
    """A student whose loss is finite and whose gradient is not."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(3))

    def loss(self, z, t, eps, cond):
        return sum((p - p.detach()).abs().sqrt().sum() for p in self.parameters())


def test_a_students_gradient_that_is_not_finite_ends_the_run_before_it_moves():
    student = Broken()
    before = [p.clone() for p in student.parameters()]
    learner = Learner(student, Trainer(torch.optim.SGD(student.parameters(), lr=1.0)), 0.0)
    run = run_of(lambda prior, z, *_: torch.zeros_like(z), learners={"renders": learner})
    with pytest.raises(NonFiniteError, match="the student's gradient is not finite"):
        take_step(run, 0)
    assert before
    assert all(torch.equal(p, q) for p, q in zip(student.parameters(), before, strict=True))


class Lost(Recorder):
    """A student whose loss is not a number."""

    def loss(self, z, t, eps, cond):
        return super().loss(z, t, eps, cond) * float("nan")


def test_a_students_loss_that_is_not_finite_is_named_with_the_step():
    student = Lost()
    learner = Learner(student, Trainer(torch.optim.SGD(student.parameters(), lr=1.0)), 0.0)
    run = run_of(lambda prior, z, *_: torch.zeros_like(z), learners={"renders": learner})
    with pytest.raises(NonFiniteError, match="step 4: the student's loss is not finite"):
        take_step(run, 4)
    assert student.scale == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_one_entry_that_is_not_finite_is_enough_to_stop(value):
    def objective(prior, z, *_):
        g = torch.zeros_like(z)
        g[1, 0, 2, 3] = value
        return g

    with pytest.raises(NonFiniteError, match="step 2: the objective's gradient is not finite"):
        take_step(run_of(objective), 2)


def test_the_fraction_of_a_run_of_two_steps_is_zero_then_one():
    fractions = []

    def objective(prior, z, t, eps, cond, context):
        fractions.append(context.fraction)
        return torch.zeros_like(z)

    run = run_of(objective, steps=2)
    for step in range(2):
        take_step(run, step)
    assert fractions == [0.0, 1.0]


@pytest.mark.parametrize(
    ("seed", "step", "number"),
    [(2, 5, 2_000_011), (0, -1, 2**63 - 1), (2**32 - 1, 7, (2**32 - 1) * 1_000_003 + 7)],
)
def test_the_seed_of_a_step_is_the_same_in_every_version(seed, step, number):
    assert generator(seed, step).initial_seed() == number


def test_the_scene_is_called_after_each_step_with_the_step_its_optimizer_and_the_randomness():
    calls = []

    class Watched(Fog):
        def after_step(self, step, optimizer, rng):
            calls.append((step, optimizer, self.color.grad is None))
            torch.rand(1, generator=rng)

    scene = Watched()
    run = run_of(lambda prior, z, *_: torch.ones_like(z), scene)
    for step in (3, 4):
        take_step(run, step)
    assert calls == [(3, run.trainer.optimizer, True), (4, run.trainer.optimizer, True)]


def test_a_student_learns_the_same_from_a_scaled_loss():
    """The scale is a power of two, so not even the last bit differs."""
    plain, scaled = Recorder(), Recorder()
    for student, scale in ((plain, None), (scaled, LossScale())):
        trainer = Trainer(torch.optim.SGD(student.parameters(), lr=0.1))
        learner = Learner(student, trainer, 0.0, scale)
        cond = gaussian_cond(torch.zeros(VIEWS, 3, SIZE, SIZE))
        learner.learn(torch.zeros(VIEWS, 3, SIZE, SIZE), cond, generator(0, 0), 0, 10)
    assert plain.scale != 1
    assert torch.equal(plain.scale, scaled.scale)


def test_the_state_of_an_objective_is_a_part_of_the_run():
    memory = torch.nn.Linear(1, 1)
    contexts = []

    def objective(prior, z, t, eps, cond, context):
        contexts.append(context)
        return torch.zeros_like(z)

    run = run_of(objective, state=memory)
    take_step(run, 0)
    assert contexts[0].state is memory
    assert run.modules() == {"scene": run.scene, "state": memory}


class Rough(torch.nn.Module):
    """A student whose first gradient is not finite."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(3))
        self.losses = 0

    def loss(self, z, t, eps, cond):
        self.losses += 1
        if self.losses == 1:
            return (self.weight - self.weight.detach()).abs().sqrt().sum()
        return self.weight.sum()


def test_a_students_step_that_overflows_is_skipped_and_leaves_nothing_behind():
    student = Rough()
    trainer = Trainer(torch.optim.SGD(student.parameters(), lr=0.5))
    run = run_of(
        lambda prior, z, *_: torch.zeros_like(z),
        learners={"renders": Learner(student, trainer, 0.0, LossScale())},
    )
    take_step(run, 0)
    assert (student.weight == 1).all()
    take_step(run, 1)
    assert (student.weight == 0.5).all()


class Grainy(Fog):
    """Fog with grain that is drawn anew for each image."""

    def render(self, cameras, background, rng=None):
        clear = super().render(cameras, background)
        return replace(clear, rgb=clear.rgb + 0.1 * torch.rand(clear.rgb.shape, generator=rng))


def test_an_edit_sees_its_source_at_the_same_cameras_backgrounds_and_random_numbers():
    """A scene that has not changed looks like its source, to the last bit."""
    scene = Grainy()
    source = Source(deepcopy(scene).requires_grad_(False), Prompt("smoke"))
    seen, prompts = [], []

    def condition(prior, prompt, cameras, background):
        prompts.append((prompt.text, len(cameras), background))
        return prior.condition(prompt, cameras, background)

    def objective(prior, z, t, eps, cond, context):
        seen.append((z.clone(), context.source_z, context.source))
        return torch.ones_like(z)

    background = {"background": lambda rng, step: torch.rand(VIEWS, 3, generator=rng)}
    run = run_of(
        objective, scene, source=source, sampling=sampling(condition=condition, **background)
    )
    for step in range(2):
        take_step(run, step)
    (z, source_z, of_source), (moved, still, _) = seen
    assert torch.equal(z, source_z)
    assert not torch.equal(moved, still)
    assert torch.equal(of_source.text.embedding, torch.zeros(VIEWS, 3, SIZE, SIZE))
    assert [(text, views) for text, views, _ in prompts] == [("fog", VIEWS), ("smoke", VIEWS)] * 2
    assert torch.equal(prompts[0][2], prompts[1][2])
    without = run_of(lambda prior, z, t, eps, cond, context: seen.append(context) or 0 * z)
    take_step(without, 0)
    assert seen[-1].source is None


class Lamp(Fog):
    """A fog that is as bright as the light is strong, and remembers what it was asked for."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def render_shaded(self, cameras, background, rng, shading, *, normals):
        self.asked.append((shading, normals))
        render = self.render(cameras, background, rng)
        factor = 1.0 if shading is None else shading.ambient
        return replace(render, rgb=render.rgb * factor, averted=0 * render.alpha)


class Relit(Flat):
    """A prior that takes the light of the steps, and remembers what it was conditioned on."""

    def __init__(self, shading=None, told=None):
        super().__init__(0.5)
        self.shading, self.told = shading, [] if told is None else told

    def under(self, shading):
        return Relit(shading, self.told)

    def condition(self, prompt, cameras, background):
        self.told.append((self.shading, background))
        return super().condition(prompt, cameras, background)


def still(prior, z, t, eps, cond, context):
    return torch.zeros_like(z)


def test_a_step_shows_scene_and_prior_in_the_light_that_it_draws():
    drawn = []

    def shading(rng, step, cameras):
        light = torch.rand(len(cameras), 3, generator=rng)
        drawn.append(Shading(light, ambient=0.5))
        return drawn[-1]

    scene, prior = Lamp(), Relit()
    run = run_of(still, scene, prior=prior, sampling=sampling(shading=shading))
    render = take_step(run, 4).render
    assert scene.asked == [(drawn[0], False)]
    assert prior.told[0][0] is drawn[0]
    plain = run_of(still, sampling=sampling())
    torch.testing.assert_close(render.rgb, take_step(plain, 4).render.rgb / 2)
    assert torch.equal(drawn[0].light, torch.rand(VIEWS, 3, generator=generator(3, 4)))


def test_a_step_without_light_asks_for_normals_only_where_it_needs_them():
    scene, prior = Lamp(), Relit()
    run = run_of(still, scene, prior=prior, sampling=sampling(normals=lambda step: step >= 2))
    for step in range(4):
        take_step(run, step)
    assert scene.asked == [(None, True), (None, True)]
    assert [shading for shading, _ in prior.told] == [None] * 4


def test_a_scene_that_cannot_be_shaded_says_so():
    run = run_of(still, sampling=sampling(normals=lambda step: True))
    with pytest.raises(TypeError, match="Fog cannot be shaded"):
        take_step(run, 0)


def test_an_edit_that_has_changed_nothing_looks_like_its_source_in_every_light():
    def shading(rng, step, cameras):
        return Shading(cameras.position, ambient=0.3)

    def same(prior, z, t, eps, cond, context):
        assert torch.equal(context.source_z, z)
        return torch.zeros_like(z)

    torch.manual_seed(0)
    backdrop = Backdrop()
    draws = sampling(shading=shading, background=lambda rng, step: None)
    source = Source(Lamp(), Prompt("mist"))
    run = run_of(same, Lamp(), sampling=draws, source=source, backdrop=backdrop)
    take_step(run, 0)
    assert len(source.scene.asked) == 1


def test_a_learned_background_lies_behind_the_scene_and_learns_with_it():
    """d/db sum(z g) / B = (1 - alpha) g / B for the background's colour b, through its own network."""
    torch.manual_seed(0)
    backdrop, prior, scene = Backdrop(), Relit(), Fog()
    g = torch.randn(VIEWS, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    cameras = orbit(VIEWS, SIZE)
    behind = backdrop.render(cameras)
    alpha = scene.cover.sigmoid().item()
    expected = alpha * 0.5 + (1 - alpha) * behind
    parameters = list(backdrop.parameters())
    loss = (1 - alpha) * (behind.permute(0, 3, 1, 2) * g).sum() / VIEWS
    slopes = torch.autograd.grad(loss, parameters)
    before = [p.detach().clone() for p in parameters]
    optimizer = torch.optim.SGD([*scene.parameters(), *parameters], lr=1e-3)
    run = run_of(
        lambda *_: g,
        scene,
        prior=prior,
        sampling=sampling(background=lambda rng, step: None if step else torch.ones(VIEWS, 3)),
        trainer=Trainer(optimizer),
        backdrop=backdrop,
    )
    render = take_step(run, 1).render
    torch.testing.assert_close(render.rgb, expected)
    torch.testing.assert_close(prior.told[0][1], behind.mean((1, 2)))
    for p, q, slope in zip(parameters, before, slopes, strict=True):
        torch.testing.assert_close(p, q - 1e-3 * slope)
    kept = [p.detach().clone() for p in parameters]
    take_step(run, 0)  # over white: the network is not asked
    assert all(torch.equal(p, q) for p, q in zip(parameters, kept, strict=True))
    assert torch.equal(prior.told[1][1], torch.ones(VIEWS, 3))
    assert "backdrop" in run.modules()


def test_without_a_learned_background_none_can_be_asked_for():
    with pytest.raises(ValueError, match="the run has none"):
        take_step(run_of(still, sampling=sampling(background=lambda rng, step: None)), 0)


def test_a_background_whose_gradient_is_not_finite_ends_the_run():
    torch.manual_seed(0)
    backdrop = Backdrop()
    backdrop.last.weight.register_hook(lambda g: g / 0)
    draws = sampling(background=lambda rng, step: None)
    run = run_of(lambda prior, z, *_: torch.ones_like(z), sampling=draws, backdrop=backdrop)
    with pytest.raises(NonFiniteError, match="the scene's gradient"):
        take_step(run, 0)
