"""sds3d recipes"""

from __future__ import annotations

from typing import Annotated

import typer

from sds3d import recipe

app = typer.Typer(
    help="The shipped recipes: every number of a method, with its source.",
    epilog="Example:  sds3d recipes show sds-nerf",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_all() -> None:
    """Name each recipe, its method, scene, presets and paper."""
    for name in recipe.names():
        base = recipe.load(name)
        presets = ", ".join(recipe.presets(name))
        print(
            f"{name:18} {base.objective.name} over {base.scene.name}; {presets}; {base.paper.title}"
        )


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A recipe's name or file.")],
    preset: Annotated[str, typer.Option(help="draft, laptop or quality.")] = "",
) -> None:
    """Print a recipe with its sources, or as a preset resolves it."""
    print(recipe.dump(recipe.load(name, preset)) if preset else recipe.text(name), end="")
