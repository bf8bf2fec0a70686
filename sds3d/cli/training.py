"""sds3d prior train, and the evaluation of trained networks"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sds3d.cli.options import Device


def train(
    sets: Annotated[list[Path], typer.Argument(help="Folders made by 'sds3d prior data'.")],
    out: Annotated[
        Path, typer.Option(help="The folder for the network, samples and state.")
    ] = Path("outputs/prior"),
    minutes: Annotated[
        float, typer.Option(min=0.01, help="Minutes of training, over all calls.")
    ] = 20,
    this_call: Annotated[
        float | None, typer.Option(min=0.01, help="Minutes in this call; the next call resumes.")
    ] = None,
    objects: Annotated[
        int, typer.Option(min=1, help="Objects per batch, with four views each.")
    ] = 256,
    lr: Annotated[float, typer.Option(min=0, help="Learning rate of Adam and Muon.")] = 1e-3,
    muon: Annotated[
        bool | None,
        typer.Option(help="Optimise the blocks' matrices with Muon.", show_default="on CUDA"),
    ] = None,
    width: Annotated[int, typer.Option(min=64, help="Channels of the transformer.")] = 384,
    depth: Annotated[int, typer.Option(min=1, help="Blocks of the transformer.")] = 6,
    device: Device = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the weights and batches.")] = 0,
) -> None:
    """Train the embedded prior's network; the same command resumes it."""
    import json

    from sds3d.priors.embedded.multiview import Config
    from sds3d.runs import machine
    from sds3d.training.loop import METRICS, Budget
    from sds3d.training.train import NETWORK, train
    from sds3d.views.lighting import LIGHT

    where = machine.device(device)
    fast = where.type == "cuda"  # Muon works in bfloat16, which many CPUs only emulate
    muon = fast if muon is None else muon
    budget = Budget(minutes=minutes, objects=objects, lr=lr, muon=muon)
    config = Config(width=width, depth=depth, heads=max(1, width // 64))
    trainer = train(
        sets,
        out,
        budget,
        light=LIGHT,
        config=config,
        device=where,
        seed=seed,
        minutes=this_call,
        report=lambda line: print(line, flush=True),
    )
    lines = (out / METRICS).read_text(encoding="utf-8").splitlines() if trainer.step else []
    loss = f", loss {json.loads(lines[-1])['loss']:.4f}" if lines else ""
    print(f"{trainer.step} steps, {trainer.seconds / 60:.1f} of {minutes:g} minutes{loss}")
    print(out / NETWORK)


def measure(folder: Path, sets: list[Path], out: Path | None, card: bool) -> None:
    """Evaluates a network against its training sets, prints the scores and writes them to `out`.

    card: whether to write the model card into the network's folder as well.
    """
    import json

    from sds3d import files
    from sds3d.errors import UsageError
    from sds3d.metrics.features import imagenet
    from sds3d.priors.embedded import prior as embedded
    from sds3d.runs import machine
    from sds3d.training.card import write_card
    from sds3d.training.data.names import held_out_synonyms
    from sds3d.training.data.shards import load_training_set
    from sds3d.training.evaluate import evaluate
    from sds3d.training.pool import build_pool
    from sds3d.views.lighting import LIGHT

    if not sets:
        raise UsageError("evaluating a network requires its training sets", "add --data FOLDER")
    prior = embedded.load_embedded(folder, machine.device("auto"))
    corpora = [load_training_set(path) for path in sets]
    numbers = evaluate(
        prior.network, build_pool(corpora, LIGHT), corpora, imagenet, held_out_synonyms()
    )
    text = json.dumps(numbers, indent=1)
    print(text)
    if out:
        files.write(out, text + "\n")
    if card:
        print(write_card(folder, numbers))
