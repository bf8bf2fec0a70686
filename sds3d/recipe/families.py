"""The members of the families that a recipe names: its objective, scene, prior, regularizers and students."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from torch import Tensor

from sds3d.diffusion.prior import CAPABILITIES, Adaptable, Lit, Prior
from sds3d.errors import PriorError, RecipeError
from sds3d.lookup import find
from sds3d.loops.step import Regularizer, Weight
from sds3d.objectives import CONVERSIONS, OBJECTIVES
from sds3d.objectives.pvd import Distillation
from sds3d.priors import PriorKind, parse_prior
from sds3d.recipe.schedule import Schedule
from sds3d.recipe.schema import Recipe
from sds3d.scenes import SCENES
from sds3d.scenes.scene import Scene

BY_CALLER = (
    "seed",
    "device",
    "views",
    "student",
)  # arguments of loaders that are not their own keys


def objective_of(recipe: Recipe) -> Callable[..., Tensor]:
    """The objective's function, or the losses of a conversion.  Raises RecipeError."""
    return find({**OBJECTIVES, **CONVERSIONS}, recipe.objective.name, "objective.name")


def losses_of(recipe: Recipe) -> type[Distillation]:
    """The losses of a conversion.  Raises RecipeError."""
    return find(CONVERSIONS, recipe.objective.name, "objective.name")


def converts(recipe: Recipe) -> bool:
    """Whether the recipe turns one scene into another, without a prior."""
    return recipe.objective.name in CONVERSIONS


def scene_of(recipe: Recipe) -> Callable[..., Scene]:
    """The class of the scene.  Raises RecipeError."""
    return find(SCENES, recipe.scene.name, "scene.name")


def compares_with_source(recipe: Recipe) -> bool:
    """Whether the objective names what an edit starts from, and so can only edit.  Raises RecipeError."""
    names = inspect.signature(objective_of(recipe)).parameters
    return "source" in names or "source_z" in names


def loader(path: str) -> Callable[..., Prior]:
    """The function at an import path that loads a prior.  Raises PriorError."""
    return find({}, path, "prior", PriorError)


def regularizers_of(recipe: Recipe) -> dict[str, tuple[Regularizer, Weight]]:
    """The regularizers from outside the package: those whose name is an import path."""
    return {
        name: (find({}, name, f"regularizers.{name}"), weight_of(recipe, name))
        for name in recipe.regularizers
        if ":" in name
    }


def weight_of(recipe: Recipe, name: str) -> Weight:
    """The weight of a regularizer: a number, or a function of the step."""
    weight = recipe.regularizers[name]
    return partial(weight.at, steps=recipe.steps) if isinstance(weight, Schedule) else weight


def class_of(kind: PriorKind) -> type | None:
    """What the prior's loader says it returns; None when it does not say."""
    made = inspect.signature(loader(kind.load), eval_str=True).return_annotation
    return made if isinstance(made, type) and made is not inspect.Signature.empty else None


def provides(name: str, capability: type) -> bool:
    """Whether the prior that the user names has a capability; also True when its loader does not say."""
    kind, _ = parse_prior(name)
    made = class_of(kind)
    return made is None or has(made, capability)


def suited(recipe: Recipe, prior: str) -> tuple[Recipe, list[str]]:
    """(the recipe without what makes no sense with the prior of that name, a line about each such thing).

    A learned background has nothing to learn where the prior draws its objects over a colour that it is given.
    Light would fall twice on a scene whose prior has a light of its own, unless the prior takes the scene's.
    """
    kind, _ = parse_prior(prior)
    notes = []
    if recipe.background.mode == "learned" and kind.on_color:
        recipe = replace(recipe, background=replace(recipe.background, mode="random"))
        notes.append("this prior knows the background: random colours, instead of a learned one")
    if recipe.shading.lit and kind.lit and not provides(prior, Lit):
        recipe = replace(recipe, shading=replace(recipe.shading, lit=0.0))
        notes.append("this prior's images have a light of their own: no shading")
    return recipe, notes


def require_capabilities(
    made: type, function: Callable[..., Tensor], prior: str, name: str
) -> None:
    """Raises PriorError when priors of the class `made` lack a capability that the objective needs."""
    parameters = inspect.signature(function, eval_str=True).parameters
    needed = getattr(next(iter(parameters.values())).annotation, "__mro__", ())
    for protocol, capability in CAPABILITIES.items():
        if protocol in needed and not has(made, protocol):
            raise PriorError(
                f"objective '{name}' needs a prior with {capability}, which '{prior}' does not have",
                "use --prior exact",
            )


def has(made: type, protocol: type) -> bool:
    """Whether a class has the methods of a capability's protocol."""
    methods = [k for k, v in vars(protocol).items() if inspect.isfunction(v) and k[0] != "_"]
    return all(callable(getattr(made, name, None)) for name in methods)


def students_of(recipe: Recipe) -> list[str]:
    """The names of the students that the objective asks for.  Raises RecipeError when they are missing."""
    parameters = inspect.signature(objective_of(recipe)).parameters
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


def student_table(recipe: Recipe, name: str, made: type) -> str:
    """`lora` for priors with a network to adapt, else `residual`.  Raises RecipeError when it is missing."""
    table = "lora" if has(made, Adaptable) else "residual"
    if table not in recipe.students[name]:
        raise RecipeError(
            f"the recipe has no [students.{name}.{table}], which this prior's student needs",
            "add that table, or take another prior",
        )
    return table
