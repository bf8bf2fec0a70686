"""sds3d recipes"""

from __future__ import annotations

from typing import Annotated

import typer

from sds3d.recipe import load as recipe

app = typer.Typer(
    help="The built-in recipes: every number of a method, with its source.",
    epilog="""Examples:

\b
  sds3d recipes
  sds3d recipes show sds-nerf
  sds3d recipes show sds-nerf --preset draft > mine.toml
  sds3d recipes keys""",
    invoke_without_command=True,
    rich_markup_mode=None,
)


@app.callback()
def recipes(context: typer.Context) -> None:
    """The built-in recipes: every number of a method, with its source."""
    if context.invoked_subcommand is None:
        list_all()


@app.command("list", epilog="Example:  sds3d recipes list")
def list_all() -> None:
    """List the recipes with their methods, scenes, presets and papers."""
    for name in recipe.names():
        base = recipe.load(name)
        presets = ", ".join(recipe.presets(name))
        print(f"{name}: {base.objective.name} over {base.scene.name}; presets {presets}")
        print(f"    {base.paper.authors} {base.paper.year}, {base.paper.title}")


@app.command(epilog="Example:  sds3d recipes show sds-nerf --preset draft")
def show(
    name: Annotated[str, typer.Argument(help="Name or file of a recipe.")],
    preset: Annotated[
        str, typer.Option(help="Resolve it for draft, laptop or quality, without the sources.")
    ] = "",
) -> None:
    """Print a recipe with its sources, or resolved for a preset."""
    print(recipe.dump(recipe.load(name, preset)) if preset else recipe.text(name), end="")


@app.command(epilog="Example:  sds3d recipes keys > recipe-reference.md")
def keys() -> None:
    """Print every key of a recipe with its type, bounds, default and meaning, in Markdown."""
    from sds3d.recipe.reference import reference

    print(reference(), end="")
