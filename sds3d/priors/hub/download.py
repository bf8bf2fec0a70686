"""Where models come from: local folders, and the Hugging Face hub with its cache.

A model of the hub is downloaded in three steps, between which it may be refused: its index and its denoiser's
configuration; the other configurations and the tokenizers; the weights.
"""

from __future__ import annotations

from pathlib import Path

from sds3d.errors import PriorError
from sds3d.priors.hub import MODEL_INDEX
from sds3d.priors.hub.layout import NETWORKS, Layout, first_line, module, read_json

SMALL = ("*.json", "*.txt", "*.model")  # configurations and tokenizers
OTHER_WEIGHTS = ("*.fp16.*", "*.non_ema.*", "*.bf16.*")


def find(name: str) -> Layout:
    """The layout in a folder, or of a hub model by its name, with its denoiser's configuration and no more.

    A model that is in the hub's cache is used without asking the hub.  Raises PriorError when there is none.
    """
    folder = Path(name)
    if folder.is_dir():
        return Layout(folder, read_json(folder / MODEL_INDEX))
    index = _file(name, MODEL_INDEX)
    layout = Layout(index.parent, read_json(index), name)
    for component in layout.denoisers:
        _file(name, f"{component}/config.json")
    return layout


def download_configurations(layout: Layout) -> None:
    """Downloads the configurations and tokenizers of a hub model.  Raises PriorError."""
    if layout.source and not layout.configured():
        wanted = [f"{component}/{kind}" for component in layout.components for kind in SMALL]
        _snapshot(layout.source, [MODEL_INDEX, *wanted])


def download_weights(layout: Layout) -> None:
    """Downloads the weights of a hub model, unless they are in the cache.  Raises PriorError."""
    networks = [component for component in layout.components if component in NETWORKS]
    if layout.source and not all(map(layout.has_weights, networks)):
        _snapshot(layout.source, [f"{name}/*.safetensors" for name in networks])


def _file(name: str, file: str) -> Path:
    """A file of the hub's model, in the cache."""
    hub = module("huggingface_hub")
    missing = module("huggingface_hub.errors").LocalEntryNotFoundError
    try:
        try:
            return Path(hub.hf_hub_download(name, file, local_files_only=True))
        except missing:
            hub.HfApi().model_info(name, timeout=20)  # fails at once where a download would retry
            return Path(hub.hf_hub_download(name, file))
    except _hub_errors() as error:
        raise _not_on_hub(name, error) from error


def _snapshot(name: str, wanted: list[str]) -> None:
    hub = module("huggingface_hub")
    try:
        hub.snapshot_download(name, allow_patterns=wanted, ignore_patterns=OTHER_WEIGHTS)
    except _hub_errors() as error:
        raise _not_on_hub(name, error) from error


def _hub_errors() -> tuple[type[Exception], ...]:
    return (OSError, ValueError, module("huggingface_hub.errors").HTTPError)


def _not_on_hub(name: str, error: Exception) -> PriorError:
    return PriorError(
        f"'{name}' is not a folder, and the hub does not provide it: {first_line(error)}",
        "use a local copy, --prior diffusers:FOLDER; models are renamed and withdrawn",
    )
