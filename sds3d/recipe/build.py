"""From a recipe to what a run works with.  Below this module nothing sees a recipe."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sds3d.diffusion.cond import Cond
from sds3d.diffusion.noises import carried, on_surface
from sds3d.diffusion.prior import EncodesIn, Prior
from sds3d.diffusion.scaling import LossScale
from sds3d.diffusion.times import prioritized, progress, ramp, sample_time, shifted
from sds3d.errors import RecipeError
from sds3d.language.prompt import Prompt
from sds3d.library.kit.model import Model
from sds3d.lookup import find
from sds3d.loops import inverse
from sds3d.loops.clipping import clip
from sds3d.loops.clock import Clock
from sds3d.loops.convert import Conversion, begin
from sds3d.loops.edit import Source
from sds3d.loops.learner import Learner, Trainer
from sds3d.loops.material import baked
from sds3d.loops.material import fit as fit_material
from sds3d.loops.seen import Seen
from sds3d.loops.step import Objective, Optimization, Sampling, generator, unshaded
from sds3d.mesh.mesh import Mesh
from sds3d.objectives.context import SERVICES, Gradients, StepContext
from sds3d.priors import parse_prior
from sds3d.recipe.families import (
    BY_CALLER,
    compares_with_source,
    loader,
    losses_of,
    objective_of,
    regularizers_of,
    require_capabilities,
    scene_of,
    student_table,
    students_of,
    weight_of,
)
from sds3d.recipe.schedule import Schedule, at
from sds3d.recipe.schema import Background, Gradient, Material, Recipe, Shading
from sds3d.recipe.students import STUDENTS
from sds3d.recipe.toml import bind
from sds3d.scenes.backdrop import Backdrop
from sds3d.scenes.particles import Particles
from sds3d.scenes.render import Render
from sds3d.scenes.scene import Scene
from sds3d.views import directions
from sds3d.views import shading as views_shading
from sds3d.views.cameras import Cameras, random_views
from sds3d.views.lighting import shade

BACKGROUNDS = {"white": 1.0, "grey": 0.5, "black": 0.0}
CPU = torch.device("cpu")
INITIAL_SEED_STEP = -1  # the step whose randomness initialises; the loop's steps start at 0
BACKDROP_SEED_STEP = -2  # the same of the learned background


def prior(name: str, recipe: Recipe, seed: int, where: torch.device = CPU) -> Prior:
    """The prior that the user names: NAME, NAME:SOURCE, or MODULE:FUNCTION[:SOURCE].

    Raises PriorError when it cannot be loaded or lacks what the recipe's objective needs.
    """
    kind, source = parse_prior(name)
    load = loader(kind.load)
    options = bind(
        load, recipe.prior.get(kind.table, {}), f"prior.{kind.table}", supplied=BY_CALLER
    )
    accepted = inspect.signature(load).parameters
    if "views" in accepted:
        options["views"] = recipe.camera.views
    if "student" in accepted:
        options["student"] = bool(students_of(recipe))
    made = load(source, seed=seed, device=where, **options)
    require_capabilities(type(made), objective_of(recipe), name, recipe.objective.name)
    made.evaluations = 0  # a loader may return one that an earlier run has used
    return made


def light(recipe: Recipe, name: str) -> Callable[[np.ndarray], np.ndarray] | None:
    """The light that a prior's images are known to be under, as a function of the normal; else None.

    A prior that takes the light of the steps leaves none in the scene's colours.
    """
    kind, _ = parse_prior(name)
    return shade if kind.lit and not recipe.shading.lit else None


def with_material(
    mesh: Mesh, material: Material, prior: Prior, prompt: Prompt, *, seed: int
) -> Mesh:
    """The mesh with textures of albedo, roughness, metallic and normals; see `loops.material`.

    mesh: in the scene's frame, unwrapped.  The textures have the size of its base colour.
    """
    if mesh.base_color is None or material.mode == "none":
        return mesh
    field = fit_material(
        prior,
        prompt,
        mesh,
        mode=material.mode,
        steps=material.steps,
        views=material.views,
        size=material.size,
        lr=material.lr,
        time=(material.low, material.high),
        smoothness=material.smoothness,
        seed=seed,
    )
    return baked(mesh, field, texture_size=mesh.base_color.shape[0])


def optimization(
    recipe: Recipe,
    prior: Prior,
    prompt: Prompt,
    *,
    seed: int,
    where: torch.device,
    clock: Clock | None = None,
    start: Source | None = None,
) -> Optimization:
    """Everything that the recipe's run works with, at its beginning.

    start: of an edit; its scene is copied.
    """
    made = scene(recipe, seed, where) if start is None else deepcopy(start.scene).requires_grad_()
    behind = backdrop(recipe, seed, where)
    function, state = objective(recipe, prior, prompt)
    in_half = isinstance(prior, EncodesIn) and prior.encode_dtype is torch.float16
    return Optimization(
        scene=made,
        prior=prior,
        objective=function,
        prompt=prompt,
        sampling=sampling(recipe, recipe.steps, seed, where),
        trainer=trainer(recipe, made, behind),
        steps=recipe.steps,
        seed=seed,
        gradient=gradient(recipe),
        image_gradient=image_gradient(recipe),
        penalties={
            name: weight_of(recipe, name) for name in recipe.regularizers if ":" not in name
        },
        regularizers=regularizers_of(recipe),
        learners=learners(recipe, prior, seed, where),
        state=None if state is None else state.to(where),
        scale=LossScale().to(where) if in_half else None,
        source=start if compares_with_source(recipe) else None,
        backdrop=behind,
        clock=clock or Clock(),
    )


def fitting(recipe: Recipe, model: Model, *, seed: int, where: torch.device) -> Optimization:
    """The recipe's scene, at its beginning, on the way to look like an object: in as many steps as the run has.

    Backgrounds are random whatever the recipe has, so that an object in a background's colour is not missed.
    No step is lit; what a recipe with light fits to are the object's colours without any.
    """
    dark = replace(recipe.shading, after=1.0, after_step=0)
    recipe = replace(recipe, background=Background(mode="random"), shading=dark, particles=1)
    made = scene(recipe, seed, where)
    return Optimization(
        scene=made,
        prior=inverse.only(model),
        objective=inverse.residual,
        prompt=Prompt(model.caption),
        sampling=sampling(recipe, recipe.steps, seed, where),
        trainer=trainer(recipe, made),
        steps=recipe.steps,
        seed=seed,
        penalties={
            name: weight_of(recipe, name) for name in recipe.regularizers if ":" not in name
        },
        regularizers=regularizers_of(recipe),
    )


def conversion(
    recipe: Recipe,
    seen: Seen,
    *,
    seed: int,
    where: torch.device,
    clock: Clock | None = None,
) -> Conversion:
    """The recipe's scene on the way to become like another: with what it can take from it at once."""
    made = scene(recipe, seed, where)
    begin(made, seen, generator(seed, INITIAL_SEED_STEP))
    losses = losses_of(recipe)
    return Conversion(
        scene=made,
        seen=seen,
        distillation=losses(**bind(losses, recipe.objective.options, "objective")),
        sampling=sampling(recipe, recipe.steps, seed, where),
        trainer=trainer(recipe, made),
        steps=recipe.steps,
        seed=seed,
        clock=clock or Clock(),
    )


def scene(recipe: Recipe, seed: int, where: torch.device) -> Scene:
    """The recipe's scene at its beginning."""
    make = scene_of(recipe)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(seed, INITIAL_SEED_STEP).initial_seed())
        options = bind(make, recipe.scene.options, "scene")
        scenes = [make(**options) for _ in range(recipe.particles)]
        return (scenes[0] if recipe.particles == 1 else Particles(scenes)).to(where)


def backdrop(recipe: Recipe, seed: int, where: torch.device) -> Backdrop | None:
    """The learned background at its beginning, where the recipe has one."""
    if recipe.background.mode != "learned":
        return None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(seed, BACKDROP_SEED_STEP).initial_seed())
        return Backdrop().to(where)


def objective(recipe: Recipe, prior: Prior, prompt: Prompt) -> tuple[Objective, nn.Module | None]:
    """(the objective with the recipe's numbers bound, the state that it owns or None).

    An objective that names `state` in its signature owns one: an instance of the parameter's annotation, an
    nn.Module made from (prior, prompt).
    """
    function = objective_of(recipe)
    options = bind(function, recipe.objective.options, "objective", supplied=SERVICES)
    parameters = inspect.signature(function, eval_str=True).parameters
    services = [name for name in SERVICES if name in parameters]

    def grad(
        prior: Prior, z: Tensor, t: Tensor, eps: Tensor, cond: Cond, context: StepContext
    ) -> Tensor | Gradients:
        given = {name: getattr(context, name) for name in services}
        return function(prior, z, t, eps, cond, **options, **given)

    if "state" not in parameters:
        return grad, None
    return grad, parameters["state"].annotation(prior, prompt)


def learners(recipe: Recipe, prior: Prior, seed: int, where: torch.device) -> dict[str, Learner]:
    """The students that the objective asks for, by name, with their optimizers.

    A prior with a network to adapt gets the student of [students.NAME.lora], any other that of
    [students.NAME.residual].  Student k starts from seed + k.
    """
    out = {}
    for k, name in enumerate(students_of(recipe)):
        table = student_table(recipe, name, type(prior))
        make = find(STUDENTS, table, f"students.{name}")
        options = bind(
            make, recipe.students[name][table], f"students.{name}.{table}", supplied=BY_CALLER
        )
        out[name] = make(prior, seed=seed + k, device=where, **options)
    return out


def sampling(recipe: Recipe, steps: int, seed: int, where: torch.device) -> Sampling:
    """What the loop draws at each of `steps` steps."""
    camera = recipe.camera
    times = recipe.time
    views = camera.views

    def cameras(rng: torch.Generator, step: int) -> Cameras:
        size = camera.sizes[step * len(camera.sizes) // steps]

        def now(ends: tuple[float | Schedule, float | Schedule]) -> tuple[float, float]:
            low, high = ends
            return at(low, step, steps), at(high, step, steps)

        return random_views(
            rng,
            views,
            size,
            elevation_deg=now(camera.elevation_deg),
            distance=now(camera.distance),
            fov_deg=now(camera.fov_deg),
            front_back=step < camera.front_back_until * steps,
        ).to(where)

    def background(rng: torch.Generator, step: int) -> Tensor | None:
        mode = recipe.background.mode
        if mode == "learned" and torch.rand((), generator=rng) >= recipe.background.random:
            return None
        if mode in ("random", "learned"):
            return torch.rand(views, 3, generator=rng).to(where)
        return torch.full((views, 3), BACKGROUNDS[mode], device=where)

    shift = times.shift if times.distribution == "shifted" else 1.0

    def uniform_bounds(step: int) -> tuple[float, float]:
        if times.schedule == "prioritized":
            fraction = min(step / max(steps - 1, 1) / times.until, 1.0)
            t = prioritized(fraction, *times.priorities)
            t = min(max(t, times.low), times.high)
            return t, t
        f = progress(step, steps, times.schedule, times.step_at, times.until)
        return (
            times.low + f * (times.low_end - times.low),
            times.high + f * (times.high_end - times.high),
        )

    def bounds(step: int) -> tuple[float, float]:
        low, high = uniform_bounds(step)
        return shifted(low, shift), shifted(high, shift)

    def time(rng: torch.Generator, step: int) -> Tensor:
        draw = sample_time(rng, views, uniform_bounds(step), per_view=times.per_view, shift=shift)
        return draw.to(where)

    @cache
    def cells(channels: int) -> Tensor:
        return carried(generator(seed, INITIAL_SEED_STEP), channels).to(where)

    def noise(rng: torch.Generator, z: Tensor, render: Render, cameras: Cameras) -> Tensor:
        fixed = recipe.noise.mode == "fixed"  # one for all views and steps
        source = generator(seed, INITIAL_SEED_STEP) if fixed else rng
        eps = torch.randn(z.shape[1:] if fixed else z.shape, generator=source).to(z)
        if recipe.noise.mode == "surface":
            depth, alpha = render.depth.detach(), render.alpha.detach()
            eps = on_surface(eps, cells(z.shape[1]), depth, alpha, cameras)
        if recipe.noise.offset:
            channels = torch.randn(z.shape[1], 1, 1, generator=source).to(z)
            eps = eps + recipe.noise.offset * channels
        return eps.expand_as(z)

    return Sampling(
        cameras,
        background,
        bounds,
        time,
        noise,
        conditioning(recipe),
        shading(recipe.shading, steps) if recipe.shading.lit else unshaded,
        lambda step: (
            "orient" in recipe.regularizers and at(recipe.regularizers["orient"], step, steps) > 0
        ),
    )


def shading(
    policy: Shading, steps: int
) -> Callable[[torch.Generator, int, Cameras], views_shading.Shading]:
    """(rng, step, cameras) -> what a step shows, and under which light; all numbers are drawn in every step."""
    first = policy.after_step or math.ceil(policy.after * steps)

    def draw(rng: torch.Generator, step: int, cameras: Cameras) -> views_shading.Shading:
        lit, textureless, diffuse = torch.rand(3, generator=rng).tolist()
        if policy.light == "cone":
            angle = policy.light_angle_deg
            light = views_shading.lights_in_cone(rng, cameras, policy.light_distance, angle)
        else:
            spread = policy.light_spread
            light = views_shading.lights_around(rng, cameras, policy.light_distance, spread)
        if step < first or lit >= policy.lit:
            return views_shading.Shading(light)
        surface: views_shading.Surface = "albedo"
        if textureless < policy.textureless:
            surface = "normal" if policy.without_texture == "normals" else "white"
        if policy.soft:
            return views_shading.Shading(light, 1 - diffuse, diffuse, surface)
        return views_shading.Shading(light, policy.ambient, policy.diffuse, surface)

    return draw


def conditioning(recipe: Recipe) -> Callable[[Prior, Prompt, Cameras, Tensor], Cond]:
    """The conditioning of a batch: words about the side of each view, CFG rescale."""
    policy = recipe.prompting
    words = {
        "none": lambda cameras: None,
        "plain": directions.plain(
            policy.sector_deg, policy.overhead_deg, left_right=policy.left_right
        ),
        "mixed": directions.mixed(policy.overhead_deg, left_right=policy.left_right),
        "perp-neg": directions.perp_neg(
            policy.perp_neg_scale,
            policy.overhead_deg,
            policy.perp_neg_curves,
            left_right=policy.left_right,
        ),
    }[policy.directions]
    if policy.debias:
        words = directions.debiased(words, policy.debias, policy.sector_deg, policy.overhead_deg)

    def condition(prior: Prior, prompt: Prompt, cameras: Cameras, background: Tensor) -> Cond:
        cond = prior.condition(prompt, cameras, background, words(cameras))
        return replace(cond, rescale=policy.rescale)

    return condition


def gradient(recipe: Recipe) -> Callable[[Tensor, float], Tensor]:
    """What is done to the objective's gradient, given it and the fraction of the run that is done."""
    policy = recipe.gradient

    def apply(g: Tensor, fraction: float) -> Tensor:
        g = policy.scale * g
        if policy.clip_space == "latent":
            g = _clipped(policy, g, fraction)
        return g / g[0].numel() if policy.reduction == "mean" else g

    return apply


def image_gradient(recipe: Recipe) -> Callable[[Tensor, float], Tensor] | None:
    """What is done to the gradient of the images (B, 3, H, W), given it and the fraction done; or None."""
    policy = recipe.gradient
    return partial(_clipped, policy) if policy.clip_space == "image" and policy.clip else None


def _clipped(policy: Gradient, g: Tensor, fraction: float) -> Tensor:
    limit = ramp(fraction, policy.clip, policy.clip_end or policy.clip)
    return clip(g, limit, per_pixel=policy.clip_mode == "pixel") if limit else g


def trainer(recipe: Recipe, scene: Scene, backdrop: Backdrop | None = None) -> Trainer:
    """Adam or AdamW on the parameter groups of the scene and the learned background, with their schedules.

    Raises RecipeError for the schedule of a group to which the scene gives no name.
    """
    groups = scene.param_groups({name: at(lr, 0, recipe.steps) for name, lr in recipe.lr.items()})
    rates = {name: lr.at for name, lr in recipe.lr.items() if isinstance(lr, Schedule)}
    for name in rates:
        if name not in [group.get("name") for group in groups]:
            raise RecipeError(
                f"lr.{name}: a schedule, but scene '{recipe.scene.name}' does not name its groups",
                'give a number, or add "name" to the groups that its param_groups returns',
            )
    if backdrop is not None:
        rate = recipe.background.lr
        groups.append({"name": "backdrop", "params": list(backdrop.parameters()), "lr": rate})
    settings = recipe.optimizer
    shared: dict[str, Any] = {"betas": settings.betas, "eps": settings.eps, "fused": True}
    if settings.kind == "adamw":
        optimizer = torch.optim.AdamW(groups, weight_decay=settings.weight_decay, **shared)
    else:
        optimizer = torch.optim.Adam(groups, **shared)
    return Trainer(optimizer, settings.lr_end, rates)
