"""The sources of training objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sds3d.errors import UsageError, nearest
from sds3d.mesh.shape import Shape
from sds3d.training.data import builtin, folder, megaglest, sweethome3d
from sds3d.training.data.items import Item
from sds3d.training.data.names import other_names

Load = Callable[[], Shape]
SOURCES: dict[str, Callable[[str], Iterator[tuple[Item, Load]]]] = {
    "builtin": builtin.objects,
    "sweethome3d": sweethome3d.objects,
    "megaglest": megaglest.objects,
    "folder": folder.objects,
}
# flat on the ground, or nothing like their names
UNFIT = {"road marking", "mistletoe tree", "valhalla", "aerodrome", "summoner guild"}


@dataclass(frozen=True)
class Source:
    """The objects of a source such as "builtin:8", "sweethome3d" or "folder:MESHES"."""

    name: str
    objects: tuple[tuple[Item, Load], ...]


def source(text: str, limit: int | None = None) -> Source:
    """A source by its name on the command line; at most `limit` of its objects, evenly spaced.

    Raises UsageError for a name that is not in SOURCES, PriorError for a source that is not installed.
    """
    name, _, argument = text.partition(":")
    if name not in SOURCES:
        raise UsageError(
            f"no source '{name}'{nearest(name, SOURCES)}",
            "use builtin:4, sweethome3d, megaglest or folder:DIR",
        )
    objects = [(item, load) for item, load in SOURCES[name](argument) if item.name not in UNFIT]
    if limit is not None and limit < len(objects):
        objects = [objects[i * len(objects) // limit] for i in range(limit)]
    return Source(name, tuple(_with_unique_ids(objects)))


def _with_unique_ids(objects: list[tuple[Item, Load]]) -> Iterator[tuple[Item, Load]]:
    counts: dict[str, int] = {}
    for item, load in objects:
        counts[item.id] = counts.get(item.id, 0) + 1
        suffix = f"~{counts[item.id]}" if counts[item.id] > 1 else ""
        yield replace(item, id=item.id + suffix, also=item.also or other_names(item.name)), load
