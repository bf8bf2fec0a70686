"""Which members of a library a prompt is about: the built-in objects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np

from sds3d import library
from sds3d.errors import PriorError
from sds3d.language.lexicon import vector
from sds3d.language.prompt import Prompt
from sds3d.language.reading import Reading, read
from sds3d.library.kit.model import Model
from sds3d.priors.exact.prior import Members

SHELF = 64  # variants of each category on the library's shelf
FEW = 4  # variants whose part names are looked up first


def reading(prompt: Prompt) -> Reading:
    """How the built-in library understands the prompt.  Raises PriorError when it has nothing of the kind."""
    read = understand(prompt)
    if not read.matches:
        raise refusal(prompt.text, read)
    return read


def refusal(text: str, refused: Reading) -> PriorError:
    """The error for a prompt that the library has nothing for, with the nearest that it has."""
    near = ", ".join(name for name, _ in refused.nearest)
    known = vector(refused.noun) is not None
    how = "the nearest that it knows" if known else "the nearest by spelling"
    what = f"it knows no '{refused.noun}'" if refused.noun else "it names no object"
    return PriorError(
        f"the built-in prior cannot make '{text}': {what}; {how}: {near}",
        "choose one of these ('sds3d prior info' lists all), or give your own meshes: "
        "--prior exact:FOLDER",
    )


def understand(prompt: Prompt) -> Reading:
    """How the built-in library understands the prompt; without matches where it has nothing of the kind.

    Parts that no member has together are among the words that are not made.
    """
    names = {name: category.also for name, category in library.CATEGORIES.items()}
    understood = read(prompt.text, names, _part_names)
    if not _asks(understood):
        return understood
    ((name, _), *_) = understood.matches
    for part in _fewest_misses(name, understood):
        why = (
            f"every {name} has it" if part in understood.without else f"no {name} has all of these"
        )
        understood = understood.unmade(part, why)
    return understood


def _part_names(name: str, thorough: bool) -> tuple[str, ...]:
    return library.part_names(name, SHELF if thorough else FEW)


def _fewest_misses(name: str, found: Reading) -> list[str]:
    """What the member that comes nearest to the named parts lacks or has too much."""
    best = [*found.parts, *found.without]
    for variant in range(SHELF):
        best = min(best, _misses(name, variant, found), key=len)
        if not best:
            break
    return best


def _misses(name: str, variant: int, found: Reading) -> list[str]:
    """The parts that a member lacks though they were named, and those that it has though it should not."""
    own = library.parts_of(name, variant)
    return [p for p in found.parts if p not in own] + [p for p in found.without if p in own]


def built_in(*, variants: int, null_members: int, seed: int = 0) -> Callable[[Prompt], Members]:
    """Members of the parametric library in the prompt's colours and materials, with the parts it names.

    variants: members of the prompt's category, drawn by `seed` from the category's SHELF variants; all have
    the named parts.  null_members: how many objects of other categories, in their own colours, the
    unconditional branch weighs beside the prompt's own.
    """
    rng = np.random.default_rng(seed)
    drawn = rng.choice(SHELF, variants, replace=False).tolist()
    order = [*drawn, *(v for v in rng.permutation(SHELF).tolist() if v not in drawn)]

    def choose(prompt: Prompt) -> Members:
        found = reading(prompt)
        chosen = _members(found, order, variants)
        avoided, negative = _avoided(prompt.negative, order, variants)
        others = _sample(null_members, {name for name, _ in found.matches})
        own = len(chosen)
        rest = len(others)
        bad = len(avoided)
        note = "; ".join(x for x in (found.note, negative) if x)
        models = (*(m for m, _ in chosen), *others, *avoided)
        text = np.array([w for _, w in chosen] + [0.0] * (rest + bad))
        empty = np.repeat([1 / (own + rest), 0.0], [own + rest, bad])
        if not avoided:
            return Members(models, text / text.sum(), empty, note)
        null = np.repeat([0.0, 1 / bad], [own + rest, bad])
        return Members(models, text / text.sum(), null, note, empty)

    return choose


def _members(found: Reading, order: Sequence[int], count: int) -> list[tuple[Model, float]]:
    """(member, weight) of the first `count` variants in `order` with the parts that were named."""
    out = []
    for name, weight in found.matches:
        fit = (v for v in order if not _misses(name, v, found)) if _asks(found) else iter(order)
        taken = list(islice(fit, count))
        models = (library.model(name, v, found.wish, found.understood) for v in taken)
        out += [(model, weight / len(taken)) for model in models]
    return out


def _asks(found: Reading) -> bool:
    return bool(found.parts or found.without)


def _avoided(negative: str, order: Sequence[int], count: int) -> tuple[list[Model], str]:
    """The members that a negative prompt names, and a note on what each of its phrases does."""
    phrases = [phrase.strip() for phrase in negative.split(",") if phrase.strip()]
    readings = {phrase: understand(Prompt(phrase)) for phrase in phrases}
    models = [m for r in readings.values() for m, _ in _members(r, order, count)]
    away = [r.understood for r in readings.values() if r.matches]
    idle = [phrase for phrase, r in readings.items() if not r.matches]
    notes = [f"negative prompt read as {' and '.join(repr(x) for x in away)}"] if away else []
    notes += [f"negative without effect, as it names no object: {', '.join(idle)}"] if idle else []
    return models, "; ".join(notes)


def _sample(count: int, matching: set[str]) -> list[Model]:
    """`count` categories spread evenly over the table, without the matching ones."""
    names = [name for name in library.CATEGORIES if name not in matching]
    picks = np.linspace(0, len(names) - 1, min(count, len(names))).astype(int)
    return [library.model(names[i], 0) for i in picks]
