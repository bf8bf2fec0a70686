"""Where the objects of a training set come from."""

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
# drawn on the ground and seen from above only; or unlike what their names say
UNFIT = {"road marking", "mistletoe tree", "valhalla", "aerodrome", "summoner guild"}


@dataclass(frozen=True)
class Source:
    """A source as the command line names it: "builtin:8", "sweethome3d", "folder:MESHES"."""

    name: str
    objects: tuple[tuple[Item, Load], ...]


def source(text: str, limit: int | None = None) -> Source:
    """The objects of a source, at most `limit` of them, spread evenly over it; ids made unique.

    Raises UsageError for a source that is not in SOURCES, PriorError for one that is not on this machine.
    """
    name, _, argument = text.partition(":")
    if name not in SOURCES:
        raise UsageError(
            f"no source '{name}'{nearest(name, SOURCES)}",
            "say builtin:4, sweethome3d, megaglest or folder:DIR",
        )
    found = [(item, load) for item, load in SOURCES[name](argument) if item.name not in UNFIT]
    if limit is not None and limit < len(found):
        found = [found[i * len(found) // limit] for i in range(limit)]
    return Source(name, tuple(_numbered(found)))


def _numbered(found: list[tuple[Item, Load]]) -> Iterator[tuple[Item, Load]]:
    seen: dict[str, int] = {}
    for item, load in found:
        seen[item.id] = seen.get(item.id, 0) + 1
        more = f"~{seen[item.id]}" if seen[item.id] > 1 else ""
        yield replace(item, id=item.id + more, also=item.also or other_names(item.name)), load
