"""sds3d prior"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sds3d.cli.options import UpAxis
from sds3d.cli.prompt import PromptCommand
from sds3d.cli.training import train
from sds3d.errors import INTERRUPTED
from sds3d.language.prompt import parse

if TYPE_CHECKING:
    from sds3d.language.reading import Reading

app = typer.Typer(
    help="The built-in prior: what it knows and how it reads prompts; training of a neural one.",
    epilog="""Examples:

\b
  sds3d prior
  sds3d prior sample "a red armchair" --out members.png
  sds3d prior eval prompts/embedded.txt
  sds3d prior data builtin:4 sweethome3d --out corpus
  sds3d prior train corpus --minutes 20 --out outputs/prior""",
    invoke_without_command=True,
    rich_markup_mode=None,
)


@app.callback()
def prior(context: typer.Context) -> None:
    """The built-in prior: what it knows and how it reads prompts; training of a neural one."""
    if context.invoked_subcommand is None:
        info()


@app.command(epilog="Example:  sds3d prior info")
def info() -> None:
    """List the categories of the built-in library and their synonyms."""
    from sds3d.library import CATEGORIES

    print("--prior diffusers:MODEL uses a diffusion model instead: docs/priors.md")
    print(f"{len(CATEGORIES)} categories, with their synonyms in brackets")
    for name, category in CATEGORIES.items():
        print(f"  {name}" + (f" ({', '.join(category.also)})" if category.also else ""))


@app.command(
    epilog='Example:  sds3d prior sample "a red armchair" --seed 3 --out members.png',
    cls=PromptCommand,
)
def sample(
    prompt: Annotated[str, typer.Argument(help="What to make.")],
    out: Annotated[Path, typer.Option(help="The image to write.")] = Path("members.png"),
    prior: Annotated[str, typer.Option(help="exact, or exact:FOLDER.")] = "exact",
    seed: Annotated[int, typer.Option(help="Random seed; another one selects other members.")] = 0,
    up: UpAxis = "",
) -> None:
    """Draw the objects that a prompt selects, from four sides each."""
    from sds3d.runs.job import Job
    from sds3d.runs.sheet import sheet

    job = Job(
        prompt=prompt,
        prior=prior,
        seed=seed,
        overrides=(f"prior.exact.up={up}",) if up else (),
    )
    job.check_files()
    note = sheet(job, out)
    print(note)
    print(out)


@app.command(
    "eval",
    epilog="""Examples:

\b
  sds3d prior eval prompts/embedded.txt
  sds3d prior eval prompts/embedded.txt --words
  sds3d prior eval prompts/embedded.txt --json
  sds3d prior eval outputs/prior/network --data corpus --out numbers.json""",
)
def evaluate(
    what: Annotated[
        Path, typer.Argument(help="A file with one prompt per line, or a network's folder.")
    ],
    words: Annotated[
        bool, typer.Option("--words", help="Show how every word of each prompt is used.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the readings as JSON, with the use of every word.")
    ] = False,
    data: Annotated[list[Path] | None, typer.Option(help="The network's training sets.")] = None,
    out: Annotated[Path | None, typer.Option(help="File for a network's scores.")] = None,
    card: Annotated[bool, typer.Option("--card", help="Write the network's model card.")] = False,
) -> None:
    """Show how each prompt of a file is read (exit code 1 if one is refused), or measure a network."""
    if what.is_dir():
        from sds3d.cli.training import measure

        measure(what, data or [], out, card)
        return
    from sds3d.priors.exact.choose import refusal, understand
    from sds3d.runs.job_file import read_lines

    lines = read_lines(what)
    readings = [(line, understand(parse(line))) for line in lines]
    refused = sum(not reading.matches for _, reading in readings)
    if as_json:
        print(json.dumps([_record(line, reading) for line, reading in readings], indent=2))
    else:
        for line, reading in readings:
            if reading.matches:
                print(f"     {line}: {reading.note}")
            else:
                print(f"  ?  {line}: {refusal(line, reading).message}")
            if words:
                for fate in reading.fates:
                    print(f"          {fate.word}: {fate}")
        print(f"{len(lines) - refused} of {len(lines)} understood")
    if refused:
        raise typer.Exit(1)


def _record(line: str, reading: Reading) -> dict[str, object]:
    """A reading as JSON values."""
    return {
        "prompt": line,
        "understood": reading.understood,
        "categories": [name for name, _ in reading.matches],
        "nearest": [name for name, _ in reading.nearest],
        "note": reading.note,
        "words": [asdict(fate) for fate in reading.fates],
    }


@app.command(epilog="Example:  sds3d prior data builtin:4 sweethome3d --out corpus")
def data(
    sources: Annotated[
        list[str],
        typer.Argument(help="builtin[:N], sweethome3d[:FOLDER], megaglest[:FOLDER], folder:DIR."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the training set.")],
    views: Annotated[int, typer.Option(help="Views per object, a multiple of 4.")] = 12,
    size: Annotated[int, typer.Option(help="Width and height of a view in pixels.")] = 64,
    seed: Annotated[int, typer.Option(help="Random seed of the cameras.")] = 0,
    limit: Annotated[int | None, typer.Option(help="Objects per source, at most.", min=1)] = None,
    depth: Annotated[bool, typer.Option("--depth", help="Store depth too.")] = False,
) -> None:
    """Render a training set for a neural prior; finished shards are kept when it is repeated."""
    from sds3d.cli.console import Progress
    from sds3d.interrupt import graceful
    from sds3d.training.data.build import Settings, build
    from sds3d.training.data.lists import sheet
    from sds3d.training.data.shards import load_training_set
    from sds3d.training.data.sources import source

    settings = Settings(views, size, seed, depth)
    loaded = [source(text, limit) for text in sources]
    with graceful() as interrupt, Progress() as progress:
        progress.stage("draw")
        outcome = build(loaded, out, settings, interrupt, progress)
    if outcome.stopped:
        print(f"stopped with {outcome.objects} objects in {out}; the same command resumes")
        raise typer.Exit(INTERRUPTED)
    for line in sheet(load_training_set(out), out / "sheet.png"):
        print(f"  {line}")
    print(f"{outcome.objects} objects ({outcome.drawn} drawn now), {len(outcome.skipped)} skipped")
    print(out)


app.command(epilog="Example:  sds3d prior train corpus --minutes 20 --out outputs/prior")(train)
