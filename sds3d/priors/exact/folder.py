"""A folder of a user's meshes as the library of the exact prior."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sds3d.errors import MeshError, PriorError, RecipeError, nearest
from sds3d.language.captions import best, similarity
from sds3d.language.prompt import Prompt
from sds3d.library.kit.model import Model, member
from sds3d.mesh.load import load_shape
from sds3d.mesh.readers import SUFFIXES, UP
from sds3d.priors.exact import captions_file
from sds3d.priors.exact.prior import Members

NEAR = 0.35  # a caption below this similarity is not what the prompt means (unrelated words: up to 0.3)
NAMED = (
    32  # most meshes that a prompt can become: more of equal merit are sampled, which bounds memory
)
OTHERS = 30  # most other meshes that the branch without a prompt weighs
TEXTURE = 1024  # the longer side of a texture, in pixels; larger ones are halved
SHOWN = 3  # names in a note


@dataclass(frozen=True)
class Entry:
    """A mesh file and what it is called."""

    path: Path
    captions: tuple[str, ...]


@dataclass
class Shelf:
    """The meshes of a folder, each read when it is first needed.

    bad: name -> (why it could not be read, the fix).  notes: what a mesh that was read lacks.
    """

    root: Path
    entries: list[Entry]
    up: str = "y"
    bad: dict[str, tuple[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    weights: dict[str, str] = field(default_factory=dict)
    _models: dict[Path, Model | None] = field(default_factory=dict)

    def model(self, entry: Entry) -> Model | None:
        """The entry's mesh, None when it cannot be read; `bad` then has the reason."""
        if entry.path not in self._models:
            self._models[entry.path] = self._read(entry)
        return self._models[entry.path]

    def _read(self, entry: Entry) -> Model | None:
        try:
            shape, file = load_shape(entry.path, up=self.up, root=self.root, longest=TEXTURE)
        except MeshError as error:
            self.bad[self.name(entry)] = error.message.split("': ", 1)[-1], error.fix
            return None
        self.notes += file.notes
        self.weights.update(file.hashes)
        return member(shape, entry.captions[0])

    def name(self, entry: Entry) -> str:
        """The file's name, relative to the folder."""
        return entry.path.relative_to(self.root).as_posix()


def folder(path: Path, *, up: str = "y", seed: int = 0) -> Callable[[Prompt], Members]:
    """Members among the meshes in and below a folder.

    Captions are those of captions.csv (file,caption), else the file names.  Which meshes of equal merit are
    used when there are more than NAMED depends on the seed.  up: the axis of the files, "y" or "z".

    Raises PriorError when the folder holds no mesh; a file that cannot be read is left out and noted, and is an
    error only for a prompt that means no other.
    """
    if up not in UP:
        raise RecipeError(f"prior.exact.up = '{up}'{nearest(up, UP)}", "use y or z")
    entries, notes = _entries(path)
    shelf = Shelf(path, entries, up)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(entries))

    def choose(prompt: Prompt) -> Members:
        weights = _meant(shelf, prompt.text, order)
        if not weights:
            raise PriorError(*_unknown(shelf, prompt.text))
        named = sorted(weights)
        avoided, remarks = _avoided(shelf, prompt.negative, set(named), order)
        others = _others(shelf, {*named, *avoided}, order)
        indices = [*named, *others, *avoided]
        models = tuple(m for m in (shelf.model(shelf.entries[i]) for i in indices) if m)
        own, rest, away = len(named), len(others), len(avoided)
        text = np.array([weights[i] for i in named] + [0.0] * (rest + away))
        empty = np.repeat([1 / (own + rest), 0.0], [own + rest, away])
        note = _note(shelf, named, [*notes, *remarks])
        used = dict(shelf.weights)
        if not avoided:
            return Members(models, text / text.sum(), empty, note, weights=used)
        null = np.repeat([0.0, 1 / away], [own + rest, away])
        return Members(models, text / text.sum(), null, note, empty, used)

    return choose


def _meant(shelf: Shelf, text: str, order: np.ndarray) -> dict[int, float]:
    """The readable meshes that a text means and their weights, at most NAMED."""
    usable = np.ones(len(shelf.entries), bool)
    while True:
        captions = [e.captions if ok else () for e, ok in zip(shelf.entries, usable, strict=True)]
        weights = best(text, captions, NEAR)
        chosen = [int(i) for i in order if weights[i] > 0][:NAMED]
        broken = [i for i in chosen if shelf.model(shelf.entries[i]) is None]
        if not broken:
            return {i: float(weights[i]) for i in chosen}
        usable[broken] = False


def _others(shelf: Shelf, taken: set[int], order: np.ndarray) -> list[int]:
    """Up to OTHERS meshes beside those taken, in the folder's order."""
    out: list[int] = []
    for i in order:
        if len(out) == OTHERS:
            break
        if int(i) not in taken and shelf.model(shelf.entries[i]) is not None:
            out.append(int(i))
    return sorted(out)


def _avoided(
    shelf: Shelf, negative: str, named: set[int], order: np.ndarray
) -> tuple[list[int], list[str]]:
    """(the meshes that the phrases of a negative prompt mean beside those named, remarks)."""
    avoided: set[int] = set()
    idle = []
    for phrase in filter(None, (part.strip() for part in negative.split(","))):
        meant = set(_meant(shelf, phrase, order)) - named
        avoided |= meant
        idle += [] if meant else [phrase]
    away = sorted(avoided)
    remarks = []
    if away:
        remarks.append(
            f"negative prompt: away from {_listed([shelf.entries[i].captions[0] for i in away])}"
        )
    if idle:
        remarks.append(f"negative without effect, no other caption is near: {', '.join(idle)}")
    return away, remarks


def _note(shelf: Shelf, named: Sequence[int], more: Sequence[str]) -> str:
    used = _listed([shelf.entries[i].captions[0] for i in named])
    notes = [f"meshes used: {used}"]
    if shelf.bad:
        notes.append(
            f"left out: {_listed([f'{name} ({why})' for name, (why, _) in shelf.bad.items()])}"
        )
    notes += [_listed(list(dict.fromkeys(shelf.notes)))] if shelf.notes else []
    return "; ".join([*notes, *more])


def _listed(names: Sequence[str]) -> str:
    unique = list(dict.fromkeys(names))
    more = f" and {len(unique) - SHOWN} more" if len(unique) > SHOWN else ""
    return ", ".join(unique[:SHOWN]) + more


def _unknown(shelf: Shelf, text: str) -> tuple[str, str]:
    """(message, fix) when no mesh that can be read is meant."""
    wanted = best(text, [entry.captions for entry in shelf.entries], NEAR)
    broken = [shelf.name(e) for e, w in zip(shelf.entries, wanted, strict=True) if w > 0]
    broken = [name for name in broken if name in shelf.bad]
    if broken:
        reasons = _listed([f"{name}: {shelf.bad[name][0]}" for name in broken])
        fixes = dict.fromkeys(shelf.bad[name][1] for name in broken[:SHOWN])
        return f"cannot read what '{text}' means in {shelf.root}: {reasons}", "; ".join(fixes)
    flat = [entry.captions[0] for entry in shelf.entries]
    near = similarity(text, flat)
    nearest = _listed([flat[i] for i in np.argsort(-near, kind="stable")])
    return (
        f"no caption in {shelf.root} is near '{text}'; the nearest: {nearest}",
        "write captions in captions.csv (file,caption), or use the built-in --prior exact",
    )


def _entries(root: Path) -> tuple[list[Entry], list[str]]:
    """(the meshes with their captions, notes)."""
    if not root.is_dir():
        raise PriorError(
            f"'{root}' is not a folder", "--prior exact:FOLDER takes a folder of meshes"
        )
    has_table = (root / captions_file.NAME).is_file()
    entries, notes = _named(root) if has_table else (_found(root), [])
    if not entries:
        reasons = f": {_listed(notes)}" if notes else ""
        raise PriorError(
            f"'{root}' holds no mesh{reasons}",
            f"put {', '.join(SUFFIXES)} files there, one object each",
        )
    return entries, notes


def _found(root: Path) -> list[Entry]:
    """Every mesh in and below the folder; what is hidden (._box.glb, .git, __MACOSX) is no mesh."""
    files = [
        path
        for path in sorted(root.rglob("*"))
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not any(part[0] == "." or part == "__MACOSX" for part in path.relative_to(root).parts)
    ]
    return [Entry(path, (captions_file.caption_of(path, root),)) for path in files]


def _named(root: Path) -> tuple[list[Entry], list[str]]:
    """The meshes that captions.csv names, each once with all its captions, and notes on the other rows."""
    meshes, notes = captions_file.meshes(root)
    captions = {path: dict.fromkeys(row.caption for row in rows) for path, rows in meshes.items()}
    return [Entry(path, tuple(names)) for path, names in captions.items()], notes
