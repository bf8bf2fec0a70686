"""One run as plain data."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from sds3d.errors import RecipeError, RunError, UsageError, nearest
from sds3d.language.prompt import Prompt, parse
from sds3d.lookup import one_of
from sds3d.mesh.formats import FORMATS
from sds3d.objectives import CONVERSIONS, OBJECTIVES
from sds3d.priors import PRIORS, parse_prior
from sds3d.recipe import load as recipes
from sds3d.recipe.schema import Recipe
from sds3d.scenes import SCENES

DEFAULT_SCENE = next(iter(SCENES))
DEFAULT_METHOD = next(iter(OBJECTIVES))

DEVICES = ("auto", "cpu", "cuda")
RECORD = "run.json"  # what makes a folder a run folder
RECIPE = "recipe.toml"
IMPORT_PATH = re.compile(r"[^\W\d]\w*(\.\w+)*:[^\W\d]\w*(\.\w+)*")  # package.module:name
PICTURE_SIZES = range(16, 2049)  # pixels


@dataclass(frozen=True)
class Job:
    """The options of `sds3d generate`, `sds3d edit` and `sds3d convert`.

    prompt, negative: what to make, and what to steer away from.  image: an image prompt in addition to the
    words, for methods that take one.
    recipe: a shipped recipe's name or a file; empty means METHOD-SCENE, or the default of a large model.
    prior: a name, exact:FOLDER, or diffusers:FOLDER or the name of a model on the hub.
    steps, particles: None leaves the recipe's.  overrides: "table.key=value", applied last.
    out: the run folder itself; empty means outputs/<slug>-<hash>/<method>-<seed>, with the scene beside the
    method unless it is a NeRF.
    preview_size, turntable_size: pixels of a view in preview.png, and of the film.
    start, source: of an edit, the run folder or the mesh file that it begins with, and the prompt that
    describes it; empty means the run's own.  [scene] and particles are those of a run that it begins with.
    Of a conversion, whose method is one of CONVERSIONS, start is what becomes a scene of another kind.
    trust_recipe: whether a recipe that a run folder brought may import code by `package.module:name`.

    Raises UsageError, RecipeError or PriorError for an invalid value.  Whether files and folders
    exist is checked by `check_files`, when the job is run.
    """

    prompt: str
    negative: str = ""
    image: str = ""
    method: str = "sds"
    scene: str = "nerf"
    prior: str = "exact"
    recipe: str = ""
    preset: str = "laptop"
    steps: int | None = None
    particles: int | None = None
    seed: int = 0
    out: str = ""
    device: str = "auto"
    formats: tuple[str, ...] = ("glb",)
    overrides: tuple[str, ...] = ()
    overwrite: bool = False
    preview_size: int = 192
    turntable_size: int = 320
    trust_recipe: bool = False
    start: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        for name in ("formats", "overrides"):
            if isinstance(getattr(self, name), list):
                object.__setattr__(self, name, tuple(getattr(self, name)))
        for field in fields(self):
            _check_type(field.name, str(field.type), getattr(self, field.name))
        parse(self.prompt, self.negative)
        if self.source:
            parse(self.source)
        if self.source and not self.start:
            raise UsageError("source describes a start, and there is none", "give start too")
        if not self.recipe:  # a recipe may name objectives and scenes of the user's own
            _check_name("method", self.method, OBJECTIVES)
            _check_name("scene", self.scene, SCENES)
        one_of("device", self.device, DEVICES)
        if not self.formats:
            raise UsageError("formats is empty", f"give some of {', '.join(FORMATS)}")
        for suffix in self.formats:
            _check_name("format", suffix, FORMATS)
        self._check_numbers()
        if self.prior.partition(":")[0] not in PRIORS:
            parse_prior(self.prior)
        for override in self.overrides:
            if not override.partition("=")[1]:
                raise RecipeError(f"--set {override}: no '='", "write --set table.key=value")
        self._check_default()
        if not self.takes_default and self.recipe_name in recipes.names():
            presets = recipes.presets(self.recipe_name)
            if self.preset not in presets:
                raise RecipeError(
                    f"recipe '{self.recipe_name}' has no preset "
                    f"'{self.preset}'{nearest(self.preset, presets)}",
                    "use one of its presets, or --set its numbers",
                )

    def _check_numbers(self) -> None:
        if not 0 <= self.seed < 2**32:
            raise UsageError(f"seed {self.seed}: must be from 0 to 2^32 - 1", "give 0, 1, 2, ...")
        for name in ("steps", "particles"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"{name} = {value}: must be at least 1", "correct the number")
        for name in ("preview_size", "turntable_size"):
            value = getattr(self, name)
            if value not in PICTURE_SIZES:
                low, high = PICTURE_SIZES[0], PICTURE_SIZES[-1]
                message = f"{name} = {value}: must be from {low} to {high} pixels"
                raise UsageError(message, "correct the number")

    def _check_default(self) -> None:
        """Raises RecipeError for a method or a scene in the place of a recipe that fits the prior."""
        known = (DEFAULT_METHOD, *(self._edit_recipes if self.start else ()))
        if self.takes_default and (self.method not in known or self.scene != DEFAULT_SCENE):
            own = f"{self.method}-{self.scene}"
            raise RecipeError(
                f"recipe '{own}' is made for the exact prior, not for '{self.prior}'",
                f"leave out method and scene for the prior's default, or ask for it: --recipe {own}",
            )

    @property
    def takes_default(self) -> bool:
        """Whether the recipe is the default one of the prior."""
        kind = PRIORS.get(self.prior.partition(":")[0])
        return not self.recipe and kind is not None and kind.recipe is not None

    @property
    def default(self) -> str:
        """The prior's default recipe; "" for priors that METHOD-SCENE is made for.  Reads a model's index."""
        head, _, source = self.prior.partition(":")
        kind = PRIORS.get(head)
        if kind is None or kind.recipe is None:
            return ""
        edits = self._edit_recipes if self.start else {}
        return edits.get(self.method) or kind.recipe(source)

    @property
    def _edit_recipes(self) -> Mapping[str, str]:
        """The prior's default recipes of edits, by objective."""
        kind = PRIORS.get(self.prior.partition(":")[0])
        return {} if kind is None else kind.edit_recipes

    @property
    def recipe_name(self) -> str:
        """The recipe's name or file: without one the prior's default, or METHOD-SCENE."""
        return self.recipe or self.default or f"{self.method}-{self.scene}"

    def folder(self) -> Path:
        """The run folder."""
        if self.out:
            return Path(self.out)
        if self.is_conversion:
            start = Path(os.path.abspath(self.start))
            name = start.name if self.begins_with_run else start.stem
            return Path("outputs") / self.slug / f"{name}-to-{self.scene}"
        return Path("outputs") / self.slug / f"{self.kind}-{self.seed}"

    @property
    def slug(self) -> str:
        """The part of the folder's name that stands for the prompt."""
        text, negative = (" ".join(text.split()) for text in (self.prompt, self.negative))
        return Prompt(text, negative, self.image).slug

    @property
    def kind(self) -> str:
        """The part of the folder's name that stands for the method and the scene."""
        name = self.method if self.scene == DEFAULT_SCENE else f"{self.method}-{self.scene}"
        name = f"edit-{name}" if self.start else name
        return re.sub(r"[^\w-]+", "-", name)

    def check_files(self) -> None:
        """Raises UsageError, PriorError or RunError for an image, a prior's folder or an output that cannot be
        used, and RecipeError for a run folder's recipe that imports code without `trust_recipe`."""
        if self.image and not os.path.isfile(self.image):
            raise UsageError(f"'{self.image}' is not a file", "give a PNG or JPEG of one object")
        if self.image:
            from sds3d.priors.exact.likeness import read_image

            read_image(Path(self.image))
        parse_prior(self.prior)
        self._check_start()
        recipe = Path(self.recipe)
        if os.path.isfile(recipe) and os.path.isfile(recipe.parent / RECORD):
            require_trust(recipe_imports(self.recipe), f"'{recipe}'", self.trust_recipe)
        folder = self.folder()
        try:
            existing = next(p for p in (folder, *folder.parents) if p.exists())
        except OSError as error:
            message = f"cannot write to '{folder}': {error.strerror}"
            raise RunError(message, "give another folder with --out") from error
        if not existing.is_dir():
            raise RunError(f"'{existing}' is a file", "give another folder with --out")
        if not os.access(
            existing, os.W_OK
        ):  # False on a read-only disk too, for a superuser as well
            raise RunError(f"cannot write to '{existing}'", "give another folder with --out")

    @property
    def is_conversion(self) -> bool:
        """Whether it turns its start into another kind of scene."""
        return self.method in CONVERSIONS

    @property
    def begins_with_run(self) -> bool:
        """Whether it begins with the scene of a run, and not with a mesh file."""
        return bool(self.start) and os.path.isdir(self.start)

    def _check_start(self) -> None:
        """Raises UsageError or RecipeError for a start that cannot be used."""
        if not self.start:
            return
        if not self.begins_with_run:
            _check_mesh_name(self.start)
            if not self.source and not self.is_conversion:
                raise UsageError(
                    f"what does '{self.start}' show?", 'say it: --source "a red armchair"'
                )
            return
        if os.path.realpath(self.start) == os.path.realpath(self.folder()):
            raise UsageError(
                f"'{self.start}' is what it starts from, and stays as it is",
                "give another folder with --out",
            )
        recipe = os.path.join(self.start, RECIPE)
        if os.path.isfile(recipe):
            require_trust(recipe_imports(recipe), f"'{recipe}'", self.trust_recipe)


def _check_mesh_name(path: str) -> None:
    """Raises UsageError for what is neither a run folder nor a mesh file."""
    if not os.path.isfile(path):
        raise UsageError(
            f"'{path}' is neither a run folder nor a mesh file",
            "give the folder that 'sds3d generate' named, or a .glb, .gltf, .obj, .ply or .stl",
        )
    from sds3d.mesh.readers import SUFFIXES

    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(
            f"'{path}' is no mesh file{nearest(suffix, SUFFIXES)}",
            f"give one of {', '.join(SUFFIXES)}",
        )


def _check_name(name: str, value: str, known: Mapping[str, str]) -> None:
    """Raises UsageError for what is neither a known name nor an import path."""
    if not IMPORT_PATH.fullmatch(value):
        one_of(name, value, known)


TYPES = {
    "str": (str, "text", "put it in quotes"),
    "int": (int, "a whole number", "give a whole number"),
    "int | None": (int | None, "a whole number", "give a whole number"),
    "bool": (bool, "true or false", "give true or false"),
    "tuple[str, ...]": (tuple, "a list of texts", 'give a list such as ["glb", "ply"]'),
}  # annotation -> (type, what it is called, fix)


def _check_type(name: str, annotation: str, value: object) -> None:
    """Raises UsageError when a field's value has another type, or is text that cannot be encoded."""
    kind, called, fix = TYPES[annotation]
    texts = value if isinstance(value, tuple) else (value,)
    if annotation.startswith("tuple") and not all(isinstance(text, str) for text in texts):
        kind = ()
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise UsageError(f"{name} = {value!r}: not {called}", fix)
    for text in texts:
        if isinstance(text, str) and ("\0" in text or not _is_unicode(text)):
            raise UsageError(f"{name} = {text!r}: not valid text", "remove the odd characters")


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def resolve(job: Job) -> Recipe:
    """The job's recipe with its preset, its --set overrides and its --steps applied."""
    asked = {"steps": job.steps, "particles": job.particles}
    options = [f"{key}={value}" for key, value in asked.items() if value is not None]
    recipe = recipes.load(job.recipe_name, job.preset, [*job.overrides, *options])
    if job.is_conversion:
        return _with_prior_of_start(recipe, job) if job.begins_with_run else recipe
    return _with_scene_of_start(recipe, job) if job.begins_with_run else recipe


def _with_prior_of_start(recipe: Recipe, job: Job) -> Recipe:
    """The recipe of a conversion with the [prior] and the [shading] of its start.

    They say under which light its colours are, to whatever exports or edits them later.
    """
    begun = recipes.load(Path(job.start) / RECIPE)
    return replace(recipe, prior=begun.prior, shading=begun.shading)


def _with_scene_of_start(recipe: Recipe, job: Job) -> Recipe:
    """The recipe with the scene and the particles of the run that the job begins with.

    Raises RecipeError for a recipe of another kind of scene, and for overrides of what the start has settled.
    """
    begun = recipes.load(Path(job.start) / RECIPE)
    particles = [] if job.particles is None else [f"particles={job.particles}"]
    for override in (*job.overrides, *particles):
        key = override.partition("=")[0].strip()
        if key == "particles" or key.startswith("scene."):
            raise RecipeError(
                f"--set {override}: an edit keeps {key} of its start", "leave this one out"
            )
    if recipe.scene.name != begun.scene.name:
        raise RecipeError(
            f"'{job.start}' has the scene '{begun.scene.name}', the recipe '{recipe.scene.name}'",
            f"use a recipe for {begun.scene.name}",
        )
    return replace(recipe, scene=begun.scene, particles=begun.particles)


def prompt_of(job: Job, recipe: Recipe) -> Prompt:
    """The job's prompt, with its negative prompt or else the recipe's.  Raises UsageError."""
    return parse(job.prompt, job.negative or recipe.prompting.negative, job.image)


def source_of(job: Job, recipe: Recipe) -> Prompt:
    """The prompt that describes the job's start, with the negative prompt of the job.  Raises UsageError."""
    return parse(job.source, job.negative or recipe.prompting.negative)


def named_by(recipe: Recipe, job: Job) -> Job:
    """The job with the method and the scene that its recipe names."""
    return replace(
        job, recipe=job.recipe_name, method=recipe.objective.name, scene=recipe.scene.name
    )


def settled(job: Job) -> Job:
    """The job with the method and the scene that its own recipe names.  Raises RecipeError."""
    return named_by(resolve(job), job)


def imports(table: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """`key = name` of every `package.module:name` in a recipe's table, which building it would import."""
    for key, value in table.items():
        name = f"{where}{key}"
        if IMPORT_PATH.fullmatch(key):
            yield name
        if isinstance(value, Mapping):
            yield from imports(value, f"{name}.")
        elif isinstance(value, str) and IMPORT_PATH.fullmatch(value):
            yield f"{name} = {value}"


def recipe_imports(name: str) -> list[str]:
    """`imports` of a recipe file; [] for one that is not TOML, which `load` refuses.  Raises RecipeError."""
    try:
        table = tomllib.loads(recipes.text(name))
    except tomllib.TOMLDecodeError:
        return []
    return list(imports({key: value for key, value in table.items() if key != "paper"}))


def require_trust(found: list[str], source: str, trusted: bool) -> None:
    """Raises RecipeError when `source` would import code without being trusted."""
    if found and not trusted:
        raise RecipeError(
            f"{source} imports code: {found[0]}",
            "read that code first; add --trust-recipe if you trust it",
        )
