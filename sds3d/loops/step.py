"""One step of score distillation: the body that every loop shares.

views -> scene.render -> prior.encode -> z -> objective(prior, z, t, eps, cond) -> g
  ^                                                                                |
  +---- optimizer <- backward of sum(z g) / B + penalties <------------------------+

An objective with a loss on the images returns its gradient with respect to them too: plus sum(rgb g_rgb) / B.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from sds3d.diffusion.cond import Cond
from sds3d.diffusion.prior import Lit, Prior
from sds3d.diffusion.scaling import LossScale
from sds3d.language.prompt import Prompt
from sds3d.loops.clock import Clock
from sds3d.loops.edit import Source
from sds3d.loops.learner import Learner, Trainer, accepted, gradient_norm, require_finite
from sds3d.objectives.context import Gradients, StepContext
from sds3d.scenes.backdrop import Backdrop
from sds3d.scenes.render import Render, over
from sds3d.scenes.scene import Scene, Shadable
from sds3d.views.cameras import Cameras
from sds3d.views.shading import Shading

# (prior, z, t, eps, cond, context) -> the gradient with respect to z, with the recipe's numbers bound
Objective = Callable[[Prior, Tensor, Tensor, Tensor, Cond, StepContext], Tensor | Gradients]
# (render, views, prompt) -> a scalar
Regularizer = Callable[[Render, Cameras, Prompt], Tensor]
# of a penalty: a number, or a function of the step
Weight = float | Callable[[int], float]


def _condition(prior: Prior, prompt: Prompt, cameras: Cameras, background: Tensor) -> Cond:
    return prior.condition(prompt, cameras, background)


def unshaded(rng: torch.Generator, step: int, cameras: Cameras) -> None:
    """No shading: colours are shown as they are.  Draws nothing."""
    del rng, step, cameras


@dataclass(frozen=True)
class Sampling:
    """What each step draws, in the order in which it is called: functions of (rng, step).

    Shading follows background.  The noise is a function of (rng, z, render, cameras): surfaces may carry it.
    """

    cameras: Callable[[torch.Generator, int], Cameras]
    background: Callable[[torch.Generator, int], Tensor | None]  # (B, 3); None is the learned one
    bounds: Callable[[int], tuple[float, float]]  # of t at a step; draws nothing
    time: Callable[[torch.Generator, int], Tensor]  # (B,)
    noise: Callable[[torch.Generator, Tensor, Render, Cameras], Tensor]  # shaped as z
    condition: Callable[[Prior, Prompt, Cameras, Tensor], Cond] = _condition
    shading: Callable[[torch.Generator, int, Cameras], Shading | None] = unshaded
    normals: Callable[[int], bool] = lambda step: False  # whether a step needs those of the scene


@dataclass(frozen=True)
class Optimization:
    """A scene, what moves it, and what it is moved by.

    steps: of the whole run.  gradient: what is done to g and to g_rgb, given it and the fraction of the run
    that is done.
    image_gradient: what is done to the gradient of the rendered images (B, 3, H, W), likewise; None, nothing.
    penalties: weights of the scene's own penalties by name.  regularizers: further penalties by name, each with
    its weight.  state: a module that belongs to the objective.  scale: of the gradients in the prior's
    `encode`, where they are in half precision.  source: what the objective of an edit compares with.
    backdrop: the background that is learned; its parameters are the trainer's too.
    """

    scene: Scene
    prior: Prior
    objective: Objective
    prompt: Prompt
    sampling: Sampling
    trainer: Trainer
    steps: int
    seed: int
    gradient: Callable[[Tensor, float], Tensor] = lambda g, fraction: g
    image_gradient: Callable[[Tensor, float], Tensor] | None = None
    penalties: Mapping[str, Weight] = field(default_factory=dict)
    regularizers: Mapping[str, tuple[Regularizer, Weight]] = field(default_factory=dict)
    learners: Mapping[str, Learner] = field(default_factory=dict)
    state: nn.Module | None = None
    scale: LossScale | None = None
    source: Source | None = None
    backdrop: Backdrop | None = None
    clock: Clock = field(default_factory=Clock)

    def modules(self) -> dict[str, nn.Module]:
        """Everything with a state that a checkpoint holds, by name."""
        modules: dict[str, nn.Module] = {"scene": self.scene}
        modules |= {} if self.backdrop is None else {"backdrop": self.backdrop}
        modules |= {f"students.{name}": learner.student for name, learner in self.learners.items()}
        scales = {f"scales.{name}": learner.scale for name, learner in self.learners.items()}
        scales |= {"scale": self.scale}
        modules |= {name: scale for name, scale in scales.items() if scale is not None}
        return modules if self.state is None else modules | {"state": self.state}

    @property
    def moved(self) -> nn.ModuleList:
        """What the trainer moves: the scene, and the background where it is learned."""
        return nn.ModuleList([self.scene] if self.backdrop is None else [self.scene, self.backdrop])

    def take(self, step: int) -> Event:
        """As `take_step`."""
        return take_step(self, step)

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """The optimizers that a checkpoint holds, by name."""
        optimizers = {"adam": self.trainer.optimizer}
        for name, learner in self.learners.items():
            optimizers[f"students_adam.{name}"] = learner.trainer.optimizer
        return optimizers


@dataclass(frozen=True)
class Event:
    """What a step did.

    render: what it rendered, None where it only compared points.  values: scalars of the step by name (t, grad,
    penalties, students' losses).
    """

    step: int
    render: Render | None
    values: Mapping[str, float]


@dataclass(frozen=True)
class Look:
    """What a step looks at: from where, over which background, (B, 3) or (B, H, W, 3), and under which light.

    normals: whether those of the scene itself are measured.
    """

    cameras: Cameras
    background: Tensor
    shading: Shading | None
    normals: bool

    def at(self, scene: Scene, rng: torch.Generator) -> Render:
        """The render of a scene.  Raises TypeError for one that cannot be shaded and has to be."""
        plain = self.background.dim() == 2
        colors = self.background if plain else torch.zeros_like(self.background[:, 0, 0])
        if self.shading is None and not self.normals:
            render = scene.render(self.cameras, colors, rng)
        elif isinstance(scene, Shadable):
            render = scene.render_shaded(
                self.cameras, colors, rng, self.shading, normals=self.normals
            )
        else:
            raise TypeError(f"{type(scene).__name__} cannot be shaded")
        return (
            render
            if plain
            else replace(render, rgb=over(render.rgb, render.alpha, self.background))
        )


def generator(seed: int, step: int) -> torch.Generator:
    """The randomness of one step.  It depends on nothing else, so a resumed run repeats it exactly."""
    return torch.Generator().manual_seed((seed * 1_000_003 + step) % 2**63)


def take_step(run: Optimization, step: int) -> Event:
    """Moves the scene, then its students, by one step.

    A step whose gradients overflow in half precision moves nothing and halves their scale.

    Raises NonFiniteError, naming the step and t, when the objective's gradient, a penalty, the scene's gradient
    or a student's loss or gradient is not finite.
    """
    rng = generator(run.seed, step)
    cameras = run.sampling.cameras(rng, step)
    background = _background(run, cameras, run.sampling.background(rng, step))
    shading = run.sampling.shading(rng, step, cameras)
    look = Look(cameras, background, shading, run.sampling.normals(step))
    with run.clock("prior"), torch.no_grad():
        cond = _conditioning(run, run.prompt, look)
    before = rng.get_state()
    with run.clock("render"):
        render = look.at(run.scene, rng)
        rgb = render.rgb.permute(0, 3, 1, 2)
        z = _encode(run, rgb)
    t = run.sampling.time(rng, step)
    eps = run.sampling.noise(rng, z, render, cameras)
    with run.clock("prior"), torch.no_grad():
        context = _context(run, step, rng, cond, rgb)
        if run.source is not None:
            context = _with_source(context, run, run.source, look, before)
        found = run.objective(run.prior, z, t, eps, cond, context)
        found = found if isinstance(found, Gradients) else Gradients(found)
        require_finite({"the objective's gradient": found.z}, step, t)
        g = run.gradient(found.z, context.fraction)
        g_rgb = found.rgb
        if g_rgb is not None:
            require_finite({"the objective's gradient on the images": g_rgb}, step, t)
            g_rgb = run.gradient(g_rgb, context.fraction)
    if run.image_gradient is not None:
        _hook(render.rgb, run.image_gradient, context.fraction)
    with run.clock("backward"):
        penalties = run.scene.regularizers(render)
        for name, (regularizer, _) in run.regularizers.items():
            penalties[name] = regularizer(render, cameras, run.prompt)
        require_finite({f"the penalty '{k}'": v for k, v in penalties.items()}, step, t)
        pull = (z * g).sum() if g_rgb is None else (z * g).sum() + (rgb * g_rgb).sum()
        (pull / len(z) + _weighted(run, penalties, step)).backward()
        norm = gradient_norm(run.moved)
        taken = accepted(norm, run.scale, "the scene's gradient", step, t)
    with run.clock("optimizer"):
        if taken:
            run.trainer.step(step, run.steps)
            run.scene.after_step(step, run.trainer.optimizer, rng)
        else:
            run.trainer.skip()
    values = {"t": t.mean().item(), "grad": g.square().mean().sqrt().item()}
    values |= {name: value.item() for name, value in penalties.items()}
    for name, learner in run.learners.items():
        with run.clock("student"):
            values[name] = learner.learn(z, cond, rng, step, run.steps)
    return Event(step, render, values)


def _background(run: Optimization, cameras: Cameras, drawn: Tensor | None) -> Tensor:
    """The colours that were drawn, (B, 3), or what the cameras see of the learned background, (B, H, W, 3)."""
    if drawn is not None:
        return drawn
    if run.backdrop is None:
        raise ValueError("the sampling asks for a learned background, and the run has none")
    with run.clock("render"):
        return run.backdrop.render(cameras)


def _conditioning(run: Optimization, prompt: Prompt, look: Look) -> Cond:
    """The prior's conditioning on what a step shows; a prior that knows its light takes the step's.

    Of a learned background it gets the mean colour of each view.
    """
    prior = run.prior
    if look.shading is not None and isinstance(prior, Lit):
        prior = prior.under(look.shading)
    background = look.background.detach()
    if background.dim() == 4:
        background = background.mean((1, 2))
    return run.sampling.condition(prior, prompt, look.cameras, background)


def _encode(run: Optimization, rgb: Tensor) -> Tensor:
    """z of images; gradients pass through a prior in half precision at the scale of the run."""
    if run.scale is None:
        return run.prior.encode(rgb)
    return run.scale.enlarge(run.prior.encode(run.scale.reduce(rgb)))


def _hook(rgb: Tensor, change: Callable[[Tensor, float], Tensor], fraction: float) -> None:
    """Has the gradient of the images (B, H, W, 3) changed, channels first, on its way back to the scene."""
    rgb.register_hook(lambda g: change(g.movedim(-1, 1), fraction).movedim(1, -1))


def _context(
    run: Optimization, step: int, rng: torch.Generator, cond: Cond, rgb: Tensor
) -> StepContext:
    return StepContext(
        rng=rng,
        step=step,
        steps=run.steps,
        fraction=step / max(run.steps - 1, 1),
        t_low=run.sampling.bounds(step)[0],
        students={name: learner.student for name, learner in run.learners.items()},
        state=run.state,
        rgb=rgb.detach(),
        image=cond.with_image(),
    )


def _with_source(
    context: StepContext, run: Optimization, source: Source, look: Look, before: Tensor
) -> StepContext:
    """The context with what the source looks like and is called.

    before: the state of the step's generator when the scene was rendered.  The source is rendered with the same
    numbers: an unchanged scene differs from it by exactly zero, and of several particles the same is shown.
    """
    rng = torch.Generator()
    rng.set_state(before)
    rgb = look.at(source.scene, rng).rgb.permute(0, 3, 1, 2)
    return replace(
        context,
        source_z=run.prior.encode(rgb),
        source=_conditioning(run, source.prompt, look),
    )


def _weighted(run: Optimization, penalties: Mapping[str, Tensor], step: int) -> Tensor | float:
    """sum_k w_k penalty_k, over the penalties whose weight at this step is not zero."""
    weights = {**run.penalties, **{name: w for name, (_, w) in run.regularizers.items()}}
    now = {name: w(step) if callable(w) else w for name, w in weights.items()}
    return sum(w * penalties[name] for name, w in now.items() if w)
