"""The units and buildings of the strategy game MegaGlest: people, animals, machines, towers, temples.

y up, front +Z.  Each unit has a folder named after it, with a model for each animation.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

from sds3d.errors import PriorError
from sds3d.mesh.shape import Shape
from sds3d.training.data import g3d
from sds3d.training.data.items import Item
from sds3d.training.data.names import cleaned, other_names

FOLDER = Path("/usr/share/games/megaglest")
PACKAGE = "megaglest-data"
LICENCE = "Creative Commons Attribution-ShareAlike 3.0"
AT_REST = ("stand", "stop", "idle")
CHANGED = ("construct", "death", "die", "dead", "damage", "broken", "destroy", "attack", "upgrade")


def objects(folder: str) -> Iterator[tuple[Item, Callable[[], Shape]]]:
    """Every unit of every faction, with a function that loads it at rest.

    folder: the game's data; "" for Debian's location.  Raises PriorError when there are no units.
    """
    place = Path(folder) if folder else FOLDER
    units = sorted(p.parent for p in place.glob("techs/*/factions/*/units/*/models"))
    if not units:
        raise PriorError(
            f"no units in '{place}'", f"apt-get install {PACKAGE}, or megaglest:FOLDER"
        )
    for unit in units:
        model = at_rest(unit)
        if model is None:
            continue
        faction, tech = unit.parents[1].name, unit.parents[3].name
        words = cleaned(unit.name)
        yield (
            Item(
                id=f"megaglest/{tech}/{faction}/{unit.name}",
                source="megaglest",
                name=words.name,
                also=other_names(words.name),
                categories=(faction,),
                title=f"{faction} {unit.name.replace('_', ' ')}",
                creator="The Glest Team and the MegaGlest Team",
                licence=LICENCE,
            ),
            functools.partial(g3d.read, model),
        )


def at_rest(unit: Path) -> Path | None:
    """The unit's standing model, else the one named after it, else the first undamaged one; or None."""
    models = [p for p in sorted(unit.glob("models/*.g3d")) if not any(w in p.stem for w in CHANGED)]
    standing = [p for p in models if any(word in p.stem for word in AT_REST)]
    named = [p for p in models if p.stem == unit.name]
    return next(iter([*standing, *named, *models]), None)
