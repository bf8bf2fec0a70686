"""The check of a recipe before anything is loaded: against its prior and the functions that it names."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, replace

from torch import Tensor

from sds3d.diffusion.prior import CAPABILITIES, HasMaterials, LightAware
from sds3d.errors import ExportError, PriorError, RecipeError, UsageError
from sds3d.lookup import find
from sds3d.mesh.formats import SPLAT_EXPORTERS, require_installed
from sds3d.objectives.context import SERVICES, CondWithoutPerpNeg
from sds3d.priors import OWN, PRIORS, PriorKind, parse_prior
from sds3d.recipe.families import (
    BY_CALLER,
    class_of,
    compares_with_source,
    converts,
    has,
    loader,
    objective_of,
    provides,
    regularizers_of,
    require_capabilities,
    scene_of,
    student_table,
    students_of,
)
from sds3d.recipe.load import schema_keys, tables_of
from sds3d.recipe.schema import Material, Recipe, Shading
from sds3d.recipe.students import STUDENTS
from sds3d.recipe.toml import UnknownKeyError, bind, dotted, flat, missing, parameters
from sds3d.scenes import SCENES
from sds3d.scenes.scene import MadeOfGaussians, Scene, Shadable

WITHOUT_PART = ("noise", "gradient", "prompting", "students", "regularizers", "material")


def check(recipe: Recipe, prior: str, *, image: bool = False) -> None:
    """Refuses a recipe that does not fit the prior of that name or the functions it names; loads nothing.

    image: whether the prompt has an image.  Raises RecipeError for keys and values, PriorError for a prior that
    lacks what the objective needs, UsageError for an image prompt that the objective does not read.
    """
    kind, _ = parse_prior(prior)
    function = objective_of(recipe)
    accepted = inspect.signature(function).parameters
    try:
        _bind_all(recipe, kind)
    except UnknownKeyError as error:
        raise error.among(_keys(recipe)) from None
    made = class_of(kind)
    if made is not None:
        require_capabilities(made, function, prior, recipe.objective.name)
    for name in students_of(recipe):
        if made is not None and student_table(recipe, name, made) == "residual":
            _require_whole_patches(recipe, name)
    _require_perp_neg(recipe, function)
    _require_shadable(recipe)
    require_material(recipe.material, prior)
    if image and "image" not in accepted:
        raise UsageError(
            f"objective '{recipe.objective.name}' takes no image prompt", "use --method csm"
        )


def check_conversion(recipe: Recipe, prior: str) -> None:
    """As `check`, for the recipe of a conversion, whose [shading] is that of its start.

    Raises UsageError for a recipe of another kind, RecipeError for tables that have no part in a conversion.
    """
    if not converts(recipe):
        raise UsageError(
            f"objective '{recipe.objective.name}' does not turn one scene into another",
            f"use the recipe convert-{recipe.scene.name}",
        )
    for name in WITHOUT_PART:
        default = Recipe.__dataclass_fields__[name]
        empty = {} if default.default is MISSING else default.default
        if getattr(recipe, name) != empty:
            raise RecipeError(f"[{name}] has no part in a conversion", "leave it out")
    if recipe.background.mode == "learned" or recipe.particles > 1:
        raise RecipeError(
            "a conversion has one object and backgrounds that are known",
            'use background.mode = "random", and particles = 1',
        )
    check(replace(recipe, shading=Shading()), prior)


def require_start(recipe: Recipe, start: str) -> None:
    """Raises UsageError when the objective compares with a source and the run starts from nothing, and for the
    recipe of a conversion."""
    if converts(recipe):
        raise UsageError(
            f"objective '{recipe.objective.name}' turns one kind of scene into another",
            "use sds3d convert, or another recipe",
        )
    if not start and compares_with_source(recipe):
        raise UsageError(
            f"objective '{recipe.objective.name}' changes a scene that is there, and needs one",
            "use sds3d edit, or another --method",
        )


def require_material(material: Material, prior: str) -> None:
    """Raises PriorError when the prior of that name does not know materials in the way that is asked for."""
    needed = {"channels": HasMaterials, "lit": LightAware}.get(material.mode)
    if needed and not provides(prior, needed):
        raise PriorError(
            f'material.mode = "{material.mode}" (--pbr) needs a prior with {CAPABILITIES[needed]}, which '
            f"'{prior}' does not have",
            "use --prior exact, or leave it out",
        )


def require_formats(recipe: Recipe, formats: Sequence[str]) -> None:
    """Raises ExportError for a format of Gaussians that the scene is not made of, or one not installed."""
    require_installed(formats)
    family = scene_of(recipe)
    for name in formats:
        if name in SPLAT_EXPORTERS and not _made_of_gaussians(family):
            able = [scene for scene in SCENES if _made_of_gaussians(find(SCENES, scene, "scene"))]
            raise ExportError(
                f"format '{name}' holds Gaussians, which scene '{recipe.scene.name}' is not made of",
                f"use --scene {' or '.join(able)}, or take another --format",
            )


def _made_of_gaussians(family: Callable[..., Scene]) -> bool:
    return isinstance(family, type) and has(family, MadeOfGaussians)


def _bind_all(recipe: Recipe, kind: PriorKind) -> None:
    """Binds every table of the recipe to what it belongs to.  Raises RecipeError."""
    bind(objective_of(recipe), recipe.objective.options, "objective", supplied=SERVICES)
    _bind_scene(recipe)
    loaders = {PRIORS[name].table: PRIORS[name].load for name in PRIORS}
    loaders[kind.table] = kind.load
    for table in recipe.prior:
        if table not in (*loaders, OWN):
            raise UnknownKeyError(dotted("prior", table), loaders)
    for table, load in loaders.items():
        if table in recipe.prior or table == kind.table:
            options = recipe.prior.get(table, {})
            bind(loader(load), options, f"prior.{table}", supplied=BY_CALLER)
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
    tables = {"objective": (objective_of(recipe), SERVICES), "scene": (scene_of(recipe), ())}
    tables |= {f"prior.{k.table}": (loader(k.load), BY_CALLER) for k in PRIORS.values()}
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


def _require_shadable(recipe: Recipe) -> None:
    """Raises RecipeError for light on a scene without normals, and for normals as colours without cameras."""
    family = scene_of(recipe)
    if recipe.shading.lit and not (isinstance(family, type) and has(family, Shadable)):
        raise RecipeError(
            f"shading.lit = {recipe.shading.lit}: scene '{recipe.scene.name}' has no normals to light",
            "use --scene nerf or triplane, or --set shading.lit=0",
        )
    blind = recipe.prior.get("exact", {}).get("camera_blind", False)
    if recipe.shading.lit and recipe.shading.without_texture == "normals" and blind:
        raise RecipeError(
            'shading.without_texture = "normals": a camera-blind prior does not know where they point',
            'use "white"',
        )


def _bind_scene(recipe: Recipe) -> None:
    """Raises RecipeError for options, [lr] groups and [regularizers] that the scene does not have.

    A scene says its groups and penalties by GROUPS and PENALTIES; one from outside the package need not.
    """
    family = scene_of(recipe)
    bind(family, recipe.scene.options, "scene")
    regularizers_of(recipe)
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
