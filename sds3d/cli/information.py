"""sds3d doctor, sds3d cite"""

from __future__ import annotations

from typing import Annotated

import typer

from sds3d.errors import UsageError, nearest


def doctor() -> None:
    """Say what this machine has, what runs where, and what is missing."""
    from sds3d.runs.doctor import report

    for name, value in report():
        print(f"{name:14} {value}")


doctor.example = "Example:  sds3d doctor"


def cite(
    method: Annotated[str, typer.Argument(help="An objective, such as vsd, or a recipe.")],
) -> None:
    """Print the BibTeX entry of a method's or a recipe's paper."""
    from sds3d.recipe import load as recipe

    papers = {}
    for name in recipe.names():
        loaded = recipe.load(name)
        papers[name] = loaded.paper
        papers.setdefault(loaded.objective.name, loaded.paper)
    if method not in papers:
        raise UsageError(f"unknown method '{method}'{nearest(method, papers)}", "name one of these")
    print(papers[method].bibtex.strip())


cite.example = """Examples:

\b
  sds3d cite vsd
  sds3d cite dreamgaussian-splats"""
