"""The command line.  Verbs import what they need when they run, so that --help is fast."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import typer

import sds3d
from sds3d.cli import (
    batch,
    blender,
    compare,
    convert,
    edit,
    export,
    generate,
    information,
    material,
    runs,
)
from sds3d.cli.console import fail
from sds3d.cli.prior import app as prior
from sds3d.cli.prompt import PromptCommand
from sds3d.cli.recipes import app as recipes
from sds3d.errors import (
    BROKEN_PIPE,
    INTERRUPTED,
    RunError,
    Sds3dError,
    UnexpectedError,
    UsageError,
    nearest,
)
from sds3d.files import FIXES

VERBS = "sds3d.verbs"  # entry points by which installed packages add verbs
REPORT = "run it again with --debug for the traceback, and report it"
# click's ClickException, which newer versions of typer bundle
ParserError: type[Exception] = typer.BadParameter.__mro__[2]


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
app.command(epilog=generate.EXAMPLE, cls=PromptCommand)(generate.generate)
app.command(epilog=edit.EXAMPLE)(edit.edit)
app.command(epilog=convert.EXAMPLE)(convert.convert)
app.command(epilog=export.EXAMPLE)(export.export)
app.command(epilog=material.EXAMPLE, cls=PromptCommand)(material.material)
app.command(epilog=batch.EXAMPLE)(batch.batch)
app.command(epilog=runs.EXAMPLE)(runs.runs)
app.command(epilog=compare.EXAMPLE)(compare.compare)
app.command(epilog=information.DOCTOR_EXAMPLE)(information.doctor)
app.command(epilog=information.CITE_EXAMPLE)(information.cite)
app.command(epilog=blender.EXAMPLE)(blender.blender_addon)
app.add_typer(recipes, name="recipes")
app.add_typer(prior, name="prior")
for verb in entry_points(group=VERBS):
    app.command(verb.name)(verb.load())


def _version(wanted: bool) -> None:
    if wanted:
        print(f"sds3d {sds3d.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
    debug: bool = typer.Option(
        False, "--debug", help="Show the traceback of an error; accepted anywhere."
    ),
) -> None:
    """From a sentence to a 3D asset by score distillation."""


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits.

    Every error is one line, followed by one with its fix, and has the exit code of its kind; the traceback is
    shown only with --debug.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, io.TextIOWrapper
        ):  # a terminal without UTF-8 shows \\u2026, not a traceback
            stream.reconfigure(errors="backslashreplace")
    debug = _take_debug(arguments)
    try:
        sys.exit(_run(arguments))
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        _close_stdout()
        sys.exit(BROKEN_PIPE)
    except Exception as error:  # the only such clause: users see a traceback only on request
        if debug:
            raise
        shown = explain(error)
        fail(shown)
        sys.exit(shown.exit_code)


def explain(error: Exception) -> Sds3dError:
    """The error to show for an exception: itself, a parser or file error in our form, or a bug in sds3d."""
    if isinstance(error, Sds3dError):
        return error
    if isinstance(error, ParserError):
        return _from_parser(error)
    if isinstance(error, OSError) and error.errno in FIXES:
        path = f" '{error.filename}'" if error.filename else ""
        return RunError(f"cannot use the file{path}: {error.strerror}", FIXES[error.errno])
    if type(error).__name__ == "OutOfMemoryError":  # torch's, of a GPU
        return RunError(
            "out of memory on the GPU",
            "with a large model use --vram low, then --set camera.views=1, then a smaller "
            "--set prior.diffusers.size; otherwise --preset draft",
        )
    if isinstance(error, MemoryError):
        return RunError("out of memory", "use --preset draft, or fewer views or smaller images")
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if Path(sds3d.__file__).parent in Path(f.filename).parents]
    frame = (ours or frames)[-1]
    place = f"{Path(frame.filename).name}, line {frame.lineno}"
    detail = _one_line(str(error))
    what = f"{type(error).__name__}{': ' if detail else ''}{detail[:200]}"
    return UnexpectedError(f"unexpected {what} ({place}); this is a bug in sds3d", REPORT)


def _from_parser(error: Any) -> UsageError:
    """The parser's message on one line; for an unknown option, with the nearest one of the command."""
    message = _one_line(_parser_text(error)).rstrip(".")
    message = message[:1].lower() + message[1:]
    context = getattr(error, "ctx", None)
    unknown = getattr(error, "option_name", None)
    if context and isinstance(unknown, str):
        known = [name for parameter in context.command.params for name in parameter.opts]
        long = [name for name in known if name.startswith("--")]
        message = f"unknown option '{unknown}'{nearest(unknown, long)}"
    command = context.command_path if context else "sds3d"
    return UsageError(message, f"see {command} --help")


def _parser_text(error: Any) -> str:
    return error.format_message()


def _run(arguments: list[str]) -> int:
    """The exit code of a command line."""
    command = typer.main.get_command(app)
    if any(name.startswith("_SDS3D_COMPLETE") for name in os.environ):
        command(arguments, prog_name="sds3d")  # shell completion, which exits
    try:
        with command.make_context("sds3d", arguments) as context:
            command.invoke(context)
        sys.stdout.flush()
    except typer.Exit as end:
        sys.stdout.flush()
        return end.exit_code
    except typer.Abort as end:
        raise KeyboardInterrupt from end
    except ParserError as error:
        if type(error).__name__ != "NoArgsIsHelpError":
            raise
        print(_parser_text(error))
        return UsageError.exit_code
    return 0


def _take_debug(arguments: list[str]) -> bool:
    """Removes --debug, which may stand anywhere before a "--", and returns whether it was there."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    kept = [word for word in arguments[:end] if word != "--debug"]
    debug = len(kept) < end
    arguments[:end] = kept
    return debug


def _close_stdout() -> None:
    """Redirects stdout to the null device, so that Python's own flush at exit does not fail again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _one_line(text: str) -> str:
    return " ".join(text.split())
