"""sds3d doctor, sds3d cite"""

from __future__ import annotations

from typing import Annotated

import typer

from sds3d.cli.options import Json
from sds3d.errors import UsageError, nearest


def doctor(
    json: Json = False,
) -> None:
    """Report versions, devices and accelerators, what is missing, and whether a GPU's kernels are right."""
    from json import dumps

    import torch

    from sds3d.runs.doctor import report
    from sds3d.runs.smoke import lines

    device = torch.device("cuda") if torch.cuda.is_available() else None
    values = report() | lines(device)
    if json:
        print(dumps(values, indent=1))
        return
    for name, value in values.items():
        print(f"{name:14} {value}")


DOCTOR_EXAMPLE = """Examples:

\b
  sds3d doctor
  sds3d doctor --json"""


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
        raise UsageError(
            f"unknown method '{method}'{nearest(method, papers)}", "see sds3d recipes list"
        )
    print(papers[method].bibtex.strip())


CITE_EXAMPLE = """Examples:

\b
  sds3d cite vsd
  sds3d cite dreamgaussian-splats"""
