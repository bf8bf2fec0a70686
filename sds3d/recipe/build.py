"""From a recipe to what a run works with.  Below this module nothing sees a recipe."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from sds3d.diffusion.cond import Cond
from sds3d.diffusion.prior import CAPABILITIES, Adaptable, Prior
from sds3d.diffusion.times import prioritized, progress, ramp, sample_time, shifted
from sds3d.errors import BackendError, PriorError, RecipeError, UsageError
from sds3d.language.prompt import Prompt
from sds3d.lookup import find
from sds3d.loops.clipping import clip
from sds3d.loops.clock import Clock
from sds3d.loops.learner import Learner, Trainer
from sds3d.loops.step import Objective, Optimization, Regularizer, Sampling, Weight, generator
from sds3d.objectives import OBJECTIVES
from sds3d.objectives.context import SERVICES, CondWithoutPerpNeg, StepContext
from sds3d.priors import OWN, PRIORS, PriorKind, parse_prior
from sds3d.recipe.load import schema_keys, tables_of
from sds3d.recipe.schedule import Schedule
from sds3d.recipe.schema import Recipe
from sds3d.recipe.students import STUDENTS
from sds3d.recipe.toml import UnknownKeyError, bind, dotted, flat, missing, parameters
from sds3d.scenes import SCENES
from sds3d.scenes.particles import Particles
from sds3d.scenes.scene import Scene
from sds3d.views import directions
from sds3d.views.cameras import Cameras, random_views
from sds3d.views.lighting import shade

BACKGROUNDS = {"white": 1.0, "grey": 0.5, "black": 0.0}
CPU = torch.device("cpu")
INITIAL_SEED_STEP = -1  # the step whose randomness initialises; the loop's steps start at 0
BY_CALLER = ("seed", "device")  # arguments of a prior's loader that are not in the recipe


def check(recipe: Recipe, prior: str, *, image: bool = False) -> None:
    """Refuses a recipe that does not fit the prior of that name or the functions it names; loads nothing.

    image: whether the prompt has an image.  Raises RecipeError for keys and values, PriorError for a prior that
    lacks what the objective needs, UsageError for an image prompt that the objective does not read.
    """
    kind, _ = parse_prior(prior)
    function = _objective(recipe)
    accepted = inspect.signature(function).parameters
    try:
        _bind_all(recipe, kind)
    except UnknownKeyError as error:
        raise error.among(_keys(recipe)) from None
    made = _class_of(kind)
    if made is not None:
        _require(made, function, prior, recipe.objective.name)
    for name in _students_of(recipe):
        if made is not None and _student_table(recipe, name, made) == "residual":
            _require_whole_patches(recipe, name)
    _require_perp_neg(recipe, function)
    if image and "image" not in accepted:
        raise UsageError(
            f"objective '{recipe.objective.name}' takes no image prompt", "use --method csm"
        )


def _bind_all(recipe: Recipe, kind: PriorKind) -> None:
    """Binds every table of the recipe to what it belongs to.  Raises RecipeError."""
    bind(_objective(recipe), recipe.objective.options, "objective", supplied=SERVICES)
    _check_scene(recipe)
    loaders = {PRIORS[name].table: PRIORS[name].load for name in PRIORS}
    loaders[kind.table] = kind.load
    for table in recipe.prior:
        if table not in (*loaders, OWN):
            raise UnknownKeyError(dotted("prior", table), loaders)
    for table, load in loaders.items():
        if table in recipe.prior or table == kind.table:
            options = recipe.prior.get(table, {})
            bind(_loader(load), options, f"prior.{table}", supplied=BY_CALLER)
    for name, tables in recipe.students.items():
        if not isinstance(tables, Mapping):
            raise UnknownKeyError(dotted("students", name), [f"NAME.{kind}" for kind in STUDENTS])
        for table, options in tables.items():
            where = dotted(dotted("students", name), table)
            if table not in STUDENTS and ":" not in table:
                raise UnknownKeyError(where, STUDENTS)
            bind(find(STUDENTS, table, where), options, where, supplied=BY_CALLER)


def _keys(recipe: Recipe) -> set[str]:
    """The dotted keys that a recipe can have, for a hint at the table that a misplaced key belongs to."""
    tables = {"objective": (_objective(recipe), SERVICES), "scene": (_scene(recipe), ())}
    tables |= {f"prior.{k.table}": (_loader(k.load), BY_CALLER) for k in PRIORS.values()}
    keys = {*schema_keys(Recipe), *flat(tables_of(recipe))}
    for table, (function, supplied) in tables.items():
        keys |= {f"{table}.{k}" for k in parameters(function, table) if k not in supplied}
    return keys


def _require_whole_patches(recipe: Recipe, student: str) -> None:
    """Raises RecipeError for image sizes that the patches of a residual student do not divide."""
    patch = recipe.students[student]["residual"]["patch"]
    for i, size in enumerate(recipe.camera.sizes):
        if size % patch:
            raise RecipeError(
                f"camera.sizes[{i}] = {size}: must be a multiple of "
                f"students.{student}.residual.patch = {patch}",
                "change one of them",
            )


def _require_perp_neg(recipe: Recipe, function: Callable[..., Tensor]) -> None:
    """Raises RecipeError for Perp-Neg with an objective that has no form of it."""
    annotations = [
        p.annotation for p in inspect.signature(function, eval_str=True).parameters.values()
    ]
    if recipe.prompting.directions == "perp-neg" and CondWithoutPerpNeg in annotations:
        raise RecipeError(
            f"prompting.directions = \"perp-neg\": objective '{recipe.objective.name}' has no form of Perp-Neg",
            'use "plain" or "none", or another method, such as --method csd',
        )


def _check_scene(recipe: Recipe) -> None:
    """Raises RecipeError for options, [lr] groups and [regularizers] that the scene does not have.

    A scene says its groups and penalties by GROUPS and PENALTIES; one from outside the package need not.
    """
    family = _scene(recipe)
    bind(family, recipe.scene.options, "scene")
    _regularizers(recipe)
    groups = getattr(family, "GROUPS", None)
    if groups is not None:
        for name in recipe.lr:
            if name not in groups:
                raise UnknownKeyError(dotted("lr", name), groups)
        for name in groups:
            if name not in recipe.lr:
                raise missing(name, "lr")
    penalties = getattr(family, "PENALTIES", None)
    if penalties is not None:
        for name in recipe.regularizers:
            if name not in penalties and ":" not in name:
                raise UnknownKeyError(dotted("regularizers", name), penalties)


def device(name: str) -> torch.device:
    """The device of that name; `auto` is CUDA where there is one.

    Raises BackendError for `cuda` without a CUDA device.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise BackendError(
            "--device cuda, but torch finds no CUDA device",
            "use --device cpu; 'sds3d doctor' says what torch sees",
        )
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def prior(name: str, recipe: Recipe, seed: int, where: torch.device = CPU) -> Prior:
    """The prior that the user names: NAME, NAME:SOURCE, or MODULE:FUNCTION[:SOURCE].

    Raises PriorError when it cannot be loaded or lacks what the recipe's objective needs.
    """
    kind, source = parse_prior(name)
    load = _loader(kind.load)
    options = bind(
        load, recipe.prior.get(kind.table, {}), f"prior.{kind.table}", supplied=BY_CALLER
    )
    made = load(source, seed=seed, device=where, **options)
    _require(type(made), _objective(recipe), name, recipe.objective.name)
    made.evaluations = 0  # a loader may return one that an earlier run has used
    return made


def provides(name: str, capability: type) -> bool:
    """Whether the prior that the user names has a capability; also True when its loader does not say."""
    kind, _ = parse_prior(name)
    made = _class_of(kind)
    return made is None or _has(made, capability)


def light(name: str) -> Callable[[np.ndarray], np.ndarray] | None:
    """The light that a prior's images are known to be under, as a function of the normal; else None."""
    kind, _ = parse_prior(name)
    return shade if kind.lit else None


def optimization(
    recipe: Recipe,
    prior: Prior,
    prompt: Prompt,
    *,
    seed: int,
    where: torch.device,
    clock: Clock | None = None,
) -> Optimization:
    """Everything that the recipe's run works with, at its beginning."""
    made = scene(recipe, seed, where)
    function, state = objective(recipe, prior, prompt)
    return Optimization(
        scene=made,
        prior=prior,
        objective=function,
        prompt=prompt,
        sampling=sampling(recipe, recipe.steps, seed, where),
        trainer=trainer(recipe, made),
        steps=recipe.steps,
        seed=seed,
        gradient=gradient(recipe),
        penalties={name: _weight(recipe, name) for name in recipe.regularizers if ":" not in name},
        regularizers=_regularizers(recipe),
        learners=learners(recipe, prior, seed, where),
        state=None if state is None else state.to(where),
        clock=clock or Clock(),
    )


def scene(recipe: Recipe, seed: int, where: torch.device) -> Scene:
    """The recipe's scene at its beginning."""
    make = _scene(recipe)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(seed, INITIAL_SEED_STEP).initial_seed())
        options = bind(make, recipe.scene.options, "scene")
        scenes = [make(**options) for _ in range(recipe.particles)]
        return (scenes[0] if recipe.particles == 1 else Particles(scenes)).to(where)


def objective(recipe: Recipe, prior: Prior, prompt: Prompt) -> tuple[Objective, nn.Module | None]:
    """(the objective with the recipe's numbers bound, the state that it owns or None).

    An objective that names `state` in its signature owns one: an instance of the parameter's annotation, an
    nn.Module made from (prior, prompt).
    """
    function = _objective(recipe)
    options = bind(function, recipe.objective.options, "objective", supplied=SERVICES)
    parameters = inspect.signature(function, eval_str=True).parameters
    services = [name for name in SERVICES if name in parameters]

    def grad(
        prior: Prior, z: Tensor, t: Tensor, eps: Tensor, cond: Cond, context: StepContext
    ) -> Tensor:
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
    for k, name in enumerate(_students_of(recipe)):
        table = _student_table(recipe, name, type(prior))
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
        size = camera.sizes[min(step * len(camera.sizes) // steps, len(camera.sizes) - 1)]
        return random_views(
            rng,
            views,
            size,
            elevation_deg=camera.elevation_deg,
            distance=camera.distance,
            fov_deg=camera.fov_deg,
        ).to(where)

    def background(rng: torch.Generator, step: int) -> Tensor:
        if recipe.background.mode == "random":
            return torch.rand(views, 3, generator=rng).to(where)
        return torch.full((views, 3), BACKGROUNDS[recipe.background.mode], device=where)

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

    def noise(rng: torch.Generator, z: Tensor) -> Tensor:
        if recipe.noise.mode == "fixed":  # one for all views and steps
            return (
                torch.randn(z.shape[1:], generator=generator(seed, INITIAL_SEED_STEP))
                .to(z)
                .expand_as(z)
            )
        return torch.randn(z.shape, generator=rng).to(z)

    return Sampling(cameras, background, bounds, time, noise, conditioning(recipe))


def conditioning(recipe: Recipe) -> Callable[[Prior, Prompt, Cameras, Tensor], Cond]:
    """The conditioning of a batch: words about the side of each view, CFG rescale."""
    policy = recipe.prompting
    words = {
        "none": lambda cameras: None,
        "plain": directions.plain(policy.sector_deg, policy.overhead_deg),
        "perp-neg": directions.perp_neg(policy.perp_neg_scale, policy.overhead_deg),
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
        limit = ramp(fraction, policy.clip, policy.clip_end or policy.clip)
        g = policy.scale * g
        return clip(g, limit, per_pixel=policy.clip_mode == "pixel") if limit else g

    return apply


def trainer(recipe: Recipe, scene: Scene) -> Trainer:
    """Adam on the scene's parameter groups."""
    groups = scene.param_groups(recipe.lr)
    settings = recipe.optimizer
    optimizer = torch.optim.Adam(groups, betas=settings.betas, eps=settings.eps, fused=True)
    return Trainer(optimizer, settings.lr_end)


def _objective(recipe: Recipe) -> Callable[..., Tensor]:
    return find(OBJECTIVES, recipe.objective.name, "objective.name")


def _scene(recipe: Recipe) -> Callable[..., Scene]:
    return find(SCENES, recipe.scene.name, "scene.name")


def _loader(path: str) -> Callable[..., Prior]:
    return find({}, path, "prior", PriorError)


def _regularizers(recipe: Recipe) -> dict[str, tuple[Regularizer, Weight]]:
    """The regularizers from outside the package: those whose name is an import path."""
    return {
        name: (find({}, name, f"regularizers.{name}"), _weight(recipe, name))
        for name in recipe.regularizers
        if ":" in name
    }


def _weight(recipe: Recipe, name: str) -> Weight:
    """The weight of a regularizer: a number, or a function of the step."""
    weight = recipe.regularizers[name]
    return partial(weight.at, steps=recipe.steps) if isinstance(weight, Schedule) else weight


def _class_of(kind: PriorKind) -> type | None:
    """What the prior's loader says it returns; None when it does not say."""
    made = inspect.signature(_loader(kind.load), eval_str=True).return_annotation
    return made if isinstance(made, type) and made is not inspect.Signature.empty else None


def _require(made: type, function: Callable[..., Tensor], prior: str, name: str) -> None:
    """Raises PriorError when priors of the class `made` lack a capability that the objective needs."""
    parameters = inspect.signature(function, eval_str=True).parameters
    needed = getattr(next(iter(parameters.values())).annotation, "__mro__", ())
    for protocol, capability in CAPABILITIES.items():
        if protocol in needed and not _has(made, protocol):
            raise PriorError(
                f"objective '{name}' needs a prior with {capability}, which '{prior}' does not have",
                "use --prior exact",
            )


def _has(made: type, protocol: type) -> bool:
    """Whether a class has the methods of a capability's protocol."""
    methods = [k for k, v in vars(protocol).items() if inspect.isfunction(v) and k[0] != "_"]
    return all(callable(getattr(made, name, None)) for name in methods)


def _students_of(recipe: Recipe) -> list[str]:
    """The names of the students that the objective asks for.  Raises RecipeError when they are missing."""
    parameters = inspect.signature(_objective(recipe)).parameters
    if "student" not in parameters and "students" not in parameters:
        return []
    names = list(recipe.students)
    if not names or ("student" in parameters and len(names) > 1):
        count = "a student" if "students" in parameters else "exactly one student"
        raise RecipeError(
            f"objective '{recipe.objective.name}' needs {count}; the recipe has {len(names)}",
            "add [students.renders.residual] for the exact prior, [students.renders.lora] for networks",
        )
    return names


def _student_table(recipe: Recipe, name: str, made: type) -> str:
    """`lora` for priors with a network to adapt, else `residual`.  Raises RecipeError when it is missing."""
    table = "lora" if _has(made, Adaptable) else "residual"
    if table not in recipe.students[name]:
        raise RecipeError(
            f"the recipe has no [students.{name}.{table}], which this prior's student needs",
            "add that table, or take another prior",
        )
    return table
