"""How often the category of a prompt's noun is recognised, compared with whole-sentence MiniLM.

    python benchmarks/words.py [--split held] [--model MINILM_FOLDER] [--list] [--out results.json]

Reads benchmarks/words.tsv: phrases and the category that each should reach ('-': the library has nothing of the
kind, so it must be refused).  'dev' lines chose the thresholds of sds3d/language/matching.py; 'held' lines
did not.  The baseline (needs transformers) takes the category whose name has the nearest sentence vector, with
the threshold that is best on the dev lines.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sds3d import library
from sds3d.language.reading import read

Rows = list[tuple[str, str]]
TABLE = Path(__file__).with_name("words.tsv")


def rows(split: str) -> Rows:
    """(phrase, category or '-') of a split, without lines whose category the library lacks."""
    lines = [x.split("\t") for x in TABLE.read_text("utf-8").splitlines() if not x.startswith("#")]
    known = {*library.CATEGORIES, "-"}
    return [
        (phrase, category)
        for name, phrase, category in lines
        if name == split and category in known
    ]


def count(categorise: Callable[[str], str], lines: Rows, show: bool) -> dict[str, int]:
    """How many phrases were right, refused though known, misread, and accepted though unknown."""
    out: Counter[str] = Counter()
    for phrase, category in lines:
        got = categorise(phrase)
        known = category != "-"
        kind = {
            (True, True): "right",
            (True, False): "refused, though known" if got == "-" else "another category",
            (False, True): "correctly refused",
            (False, False): "accepted, though unknown",
        }[known, got == category]
        out[kind] += 1
        if show and got != category:
            print(f"  {phrase}: {got}, not {category}")
    return dict(out)


def ours(phrase: str) -> str:
    """The category that the reader finds, '-' for none; the phrase itself when it names one."""
    names = {name: category.also for name, category in library.CATEGORIES.items()}
    return next((name for name, _ in read(f"a {phrase}", names).matches), "-")


def sentence_vectors(model: str) -> Callable[[list[str]], np.ndarray]:
    """A function from texts to MiniLM's unit sentence vectors."""
    from distill_words import embed

    return lambda texts: embed(texts, model)


def baseline(model: str, dev: Rows, lines: Rows) -> Callable[[str], str]:
    """Categorises by the nearest sentence vector, with the threshold that is best on the dev lines."""
    vectors = sentence_vectors(model)
    owners = [(name, n) for name, c in library.CATEGORIES.items() for n in (name, *c.also)]
    table = vectors([f"a photo of a {n}" for _, n in owners])
    said = [s for s, _ in dev + lines]
    cosines = vectors([f"a photo of a {s}" for s in said]) @ table.T
    best = {
        s: (float(c.max()), owners[int(c.argmax())][0]) for s, c in zip(said, cosines, strict=True)
    }

    def answer(s: str, threshold: float) -> str:
        return best[s][1] if best[s][0] >= threshold else "-"

    thresholds = np.linspace(0.3, 0.95, 66)
    scores = [sum(answer(s, t) == c for s, c in dev) for t in thresholds]
    chosen = float(thresholds[int(np.argmax(scores))])
    print(f"baseline's threshold: {chosen:.2f}")
    return lambda s: answer(s, chosen)


def main() -> None:
    """Prints the counts, and writes them to --out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=("dev", "held"), default="held")
    parser.add_argument("--model")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    lines = rows(args.split)
    result = {"sds3d.language": count(ours, lines, args.list)}
    if args.model:
        result["MiniLM"] = count(baseline(args.model, rows("dev"), lines), lines, args.list)
    print(
        json.dumps({"lines": len(lines), "categories": len(library.CATEGORIES), **result}, indent=2)
    )
    if args.out:
        args.out.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
