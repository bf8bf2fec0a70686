"""The parts of a run, built from its recipe.  Below this module nobody sees a recipe."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sds3d.diffusion.cond import Cond
from sds3d.diffusion.guidance import clip, prioritized, progress, ramp, sample_time
from sds3d.diffusion.prior import Prior
from sds3d.errors import BackendError, PriorError, RecipeError, nearest
from sds3d.language.lexicon import assets
from sds3d.language.prompt import Prompt
from sds3d.lookup import find
from sds3d.loops.scene import Sampling, Trainer, generator
from sds3d.objectives import OBJECTIVES, SERVICES
from sds3d.priors import PRIORS
from sds3d.priors.embedded import prior as embedded
from sds3d.priors.exact.choose import built_in, folder
from sds3d.priors.exact.prior import ExactPrior
from sds3d.priors.hub.pretrained import load
from sds3d.recipe.schema import Recipe
from sds3d.recipe.toml import bind, split
from sds3d.scenes import SCENES
from sds3d.scenes.particles import Particles
from sds3d.scenes.scene import Scene
from sds3d.views import directions
from sds3d.views.cameras import Cameras, random_views
from sds3d.views.lighting import shade

SCHEDULES = ("vp", "flow")
BACKGROUNDS = {"white": 1.0, "grey": 0.5, "black": 0.0}
CPU = torch.device("cpu")
EMBEDDED = Path(str(assets())) / "prior"
LIT = ("exact", "embedded")  # priors of pictures in the library's light
INITIAL_SEED_STEP = -1  # the step whose randomness initialises; the loop's steps start at 0


def device(name: str) -> torch.device:
    """`auto` is CUDA where there is one.  Raises BackendError for `cuda` without one."""
    if name == "cuda" and not torch.cuda.is_available():
        raise BackendError(
            "--device cuda, but torch finds no CUDA device",
            "use --device cpu; 'sds3d doctor' says what torch sees",
        )
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def prior(name: str, recipe: Recipe, seed: int, where: torch.device = CPU) -> Prior:
    """The prior of that name: `exact`, `exact:FOLDER` for a user's meshes, `embedded`, `embedded:FOLDER`
    for a network of one's own, or `diffusers:MODEL`.

    Which members of the built-in library stand for a category depends on the seed.

    Raises PriorError for another name.
    """
    kind, _, path = name.partition(":")
    if kind not in PRIORS:
        raise PriorError(f"unknown prior '{kind}'{nearest(kind, PRIORS)}", "use --prior exact")
    own, large = split(recipe.prior, "diffusers")
    if kind == "embedded":
        return embedded.load(Path(path or EMBEDDED), where)
    if kind == "diffusers":
        return load(path, where, **bind(load, large, "prior.diffusers"))
    return exact(Path(path) if path else None, seed, **bind(exact, own, "prior"))


def exact(
    path: Path | None,
    seed: int,
    *,
    variants: int,
    null_members: int,
    supersample: int,
    camera_blind: bool,
    spread: float = 0.0,
    null_spread: float = 0.0,
    schedule: str = "vp",
) -> ExactPrior:
    """The exact prior over a folder of meshes, or over the built-in library."""
    choose = (
        folder(path) if path else built_in(variants=variants, null_members=null_members, seed=seed)
    )
    if schedule not in SCHEDULES:
        raise RecipeError(
            f"prior.schedule = '{schedule}'{nearest(schedule, SCHEDULES)}", "take vp or flow"
        )
    return ExactPrior(
        choose,
        supersample=supersample,
        camera_blind=camera_blind,
        spread=spread,
        null_spread=null_spread,
        schedule=schedule,
    )


def light(name: str) -> Callable[[np.ndarray], np.ndarray] | None:
    """The light that a prior's pictures are known to be under, as a function of the normal; else None."""
    return shade if name.partition(":")[0] in LIT else None


def scene(recipe: Recipe, seed: int, where: torch.device) -> Scene:
    """The recipe's scene at its beginning."""
    make = find(SCENES, recipe.scene.name, "scene.name")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(seed, INITIAL_SEED_STEP).initial_seed())
        options = bind(make, recipe.scene.options, "scene")
        scenes = [make(**options) for _ in range(recipe.particles)]
        return (scenes[0] if recipe.particles == 1 else Particles(scenes)).to(where)


def objective(recipe: Recipe) -> Callable[..., Tensor]:
    """grad(prior, z, t, eps, cond, **services) with the recipe's numbers filled in."""
    function = find(OBJECTIVES, recipe.objective.name, "objective.name")
    options = bind(function, recipe.objective.options, "objective", supplied=SERVICES)
    wanted = [name for name in SERVICES if name in inspect.signature(function).parameters]

    def grad(*args: object, **services: object) -> Tensor:
        return function(*args, **options, **{name: services[name] for name in wanted})

    return grad


def sampling(recipe: Recipe, steps: int, seed: int, where: torch.device) -> Sampling:
    """What the loop draws at each step, as the recipe says."""
    camera, times, views = recipe.camera, recipe.time, recipe.camera.views

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

    def bounds(step: int) -> tuple[float, float]:
        if times.schedule == "prioritized":
            t = prioritized(step / max(steps - 1, 1), *times.priorities)
            return (min(max(t, times.low), times.high),) * 2
        f = progress(step, steps, times.schedule, times.step_at)
        return (
            times.low + f * (times.low_end - times.low),
            times.high + f * (times.high_end - times.high),
        )

    def time(rng: torch.Generator, step: int) -> Tensor:
        return sample_time(rng, views, bounds(step), per_view=times.per_view).to(where)

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
    """How the prior is told about the views of a batch: words about their side, CFG rescale."""
    policy = recipe.prompting
    told = {
        "none": lambda cameras: None,
        "plain": directions.plain(policy.sector_deg, policy.overhead_deg),
        "perp-neg": directions.perp_neg(policy.perp_neg_scale, policy.overhead_deg),
    }[policy.directions]
    if policy.debias:
        told = directions.debiased(told, policy.debias, policy.sector_deg, policy.overhead_deg)

    def condition(prior: Prior, prompt: Prompt, cameras: Cameras, background: Tensor) -> Cond:
        cond = prior.condition(prompt, cameras, background, told(cameras))
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


def trainer(recipe: Recipe, of: Scene) -> Trainer:
    """Adam on the scene's parameter groups."""
    groups = of.param_groups(recipe.lr)
    settings = recipe.optimizer
    optimizer = torch.optim.Adam(groups, betas=tuple(settings.betas), eps=settings.eps, fused=True)
    return Trainer(optimizer, settings.lr_end)
