"""Which members of a library a prompt is about: the built-in objects, or a folder of a user's meshes."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sds3d import library
from sds3d.errors import PriorError
from sds3d.language.captions import similarity
from sds3d.language.prompt import Prompt
from sds3d.language.reading import Reading, read
from sds3d.library.kit.model import Model, from_mesh
from sds3d.priors.exact.prior import Members

MESHES = (".glb", ".gltf", ".obj", ".ply")
NEAR = 0.35  # a caption below this similarity is not what the prompt means (unrelated words: up to 0.3)
SHELF = 64  # variants of each category on the library's shelf
TIED = 0.05  # captions this close to the best share the prompt


def reading(prompt: Prompt) -> Reading:
    """How the built-in library understands the prompt.  Raises PriorError when it knows nothing near it."""
    names = {name: category.also for name, category in library.CATEGORIES.items()}
    matches = read(prompt.text, names).matches
    parts = {name: library.part_names(name) for name, _ in matches}
    found = read(prompt.text, names, parts)
    if not found.matches:
        near = ", ".join(name for name, _ in found.nearest)
        raise PriorError(
            f"the built-in prior knows nothing like '{prompt.text}'; the nearest it knows: {near}",
            "choose one of these ('sds3d prior info' lists all), or give your own meshes: "
            "--prior exact:FOLDER",
        )
    return found


def built_in(*, variants: int, null_members: int, seed: int = 0) -> Callable[[Prompt], Members]:
    """Members of the parametric library in the prompt's colours and materials.

    variants: members per matching category, drawn by `seed` from the category's SHELF variants.
    null_members: how many objects of other categories, in their own colours, the unconditional branch weighs
    beside the prompt's own.
    """

    drawn = np.random.default_rng(seed).choice(SHELF, variants, replace=False).tolist()

    def choose(prompt: Prompt) -> Members:
        found = reading(prompt)
        chosen = [
            (library.model(name, variant, found.wish, found.understood), weight / variants)
            for name, weight in found.matches
            for variant in drawn
        ]
        matching = {name for name, _ in found.matches}
        avoided = _avoided(prompt, drawn)
        others = _sample(null_members, matching)
        own, rest, bad = len(chosen), len(others), len(avoided)
        models = (*(m for m, _ in chosen), *others, *avoided)
        text = np.array([w for _, w in chosen] + [0.0] * (rest + bad))
        empty = np.repeat([1 / (own + rest), 0.0], [own + rest, bad])
        if not avoided:
            return Members(models, text / text.sum(), empty, _note(found))
        null = np.repeat([0.0, 1 / bad], [own + rest, bad])
        return Members(models, text / text.sum(), null, _note(found), empty)

    return choose


def _note(found: Reading) -> str:
    ignored = f"; not understood: {', '.join(found.ignored)}" if found.ignored else ""
    return f"prompt read as '{found.understood}'{ignored}"


def _avoided(prompt: Prompt, drawn: list[int]) -> list[Model]:
    """The members that a negative prompt names."""
    if not prompt.negative:
        return []
    found = reading(Prompt(prompt.negative))
    return [
        library.model(name, variant, found.wish, found.understood)
        for name, _ in found.matches
        for variant in drawn
    ]


def _sample(count: int, matching: set[str]) -> list[Model]:
    """`count` categories spread evenly over the table, without the matching ones."""
    names = [name for name in library.CATEGORIES if name not in matching]
    picks = np.linspace(0, len(names) - 1, min(count, len(names))).astype(int)
    return [library.model(names[i], 0) for i in picks]


def folder(path: Path) -> Callable[[Prompt], Members]:
    """Members among the meshes of `path`, captioned by captions.csv (file,caption) or by their file names.

    Raises PriorError when the folder holds no mesh, or when a file or a caption cannot be read.
    """
    captions = _captions(path)
    models = [from_mesh(file, caption) for file, caption in captions.items()]
    texts = list(captions.values())

    def choose(prompt: Prompt) -> Members:
        near = similarity(prompt.text, texts)
        if near.max() < NEAR:
            best = ", ".join(texts[i] for i in np.argsort(-near)[:5])
            raise PriorError(
                f"no caption in {path} is near '{prompt.text}'; the nearest: {best}",
                "write captions in captions.csv (file,caption), or use the built-in --prior exact",
            )
        text = np.where(near >= near.max() - TIED, near, 0.0)
        null = np.full(len(models), 1 / len(models))
        used = ", ".join(texts[i] for i in np.flatnonzero(text))
        return Members(tuple(models), text / text.sum(), null, f"meshes used: {used}")

    return choose


def _captions(path: Path) -> dict[Path, str]:
    if not path.is_dir():
        raise PriorError(
            f"'{path}' is not a folder", "--prior exact:FOLDER takes a folder of meshes"
        )
    table = path / "captions.csv"
    if not table.is_file():
        files = sorted(p for p in path.iterdir() if p.suffix.lower() in MESHES)
        found = {p: p.stem.replace("_", " ").replace("-", " ") for p in files}
    else:
        with table.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        if not rows or not {"file", "caption"} <= rows[0].keys():
            raise PriorError(
                f"{table} needs the columns file,caption", "add a first line: file,caption"
            )
        found = {path / row["file"]: row["caption"] for row in rows}
        missing = next((p for p in found if not p.is_file()), None)
        if missing:
            raise PriorError(
                f"{table} names '{missing.name}', which is not there", "correct the row"
            )
    if not found:
        raise PriorError(
            f"'{path}' holds no mesh", f"put {', '.join(MESHES)} files there, one object each"
        )
    return found
