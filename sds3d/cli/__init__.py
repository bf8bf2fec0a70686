"""The command line.  Verbs import what they need when they run, so that --help is quick."""

from __future__ import annotations

import io
import sys

import typer

import sds3d
from sds3d.cli.batch import batch
from sds3d.cli.compare import compare
from sds3d.cli.console import fail
from sds3d.cli.export import export
from sds3d.cli.generate import generate
from sds3d.cli.information import cite, doctor
from sds3d.cli.prior import app as prior
from sds3d.cli.recipes import app as recipes
from sds3d.errors import INTERRUPTED, Sds3dError

app = typer.Typer(
    name="sds3d",
    help="From a sentence to a 3D asset by score distillation.",
    epilog="""Examples:

\b
  sds3d generate "a red armchair"
  sds3d batch prompts/embedded.txt --preset draft
  sds3d doctor""",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (generate, export, batch, compare, doctor, cite):
    app.command(epilog=verb.example)(verb)
app.add_typer(recipes, name="recipes")
app.add_typer(prior, name="prior")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"sds3d {sds3d.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """From a sentence to a 3D asset by score distillation."""


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line; a user's error is one line with its fix and its own exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without UTF-8 shows \\u2026, no trace
            stream.reconfigure(errors="backslashreplace")
    try:
        app(arguments)
    except Sds3dError as error:
        if "--debug" in arguments:
            raise
        fail(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
