"""Models in the diffusers folder layout: found here or on the hub, their parts loaded from safetensors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from sds3d.errors import PriorError
from sds3d.priors.hub import MODEL_INDEX as INDEX

INSTALL = 'pip install "sds3d[diffusers]"'
DENOISERS = ("unet", "transformer")
TEXT = tuple(f"{kind}{n}" for n in ("", "_2", "_3") for kind in ("tokenizer", "text_encoder"))
PARTS = ("scheduler", *DENOISERS, "vae", *TEXT)  # of a pipeline; the others are not needed
LIBRARIES = ("diffusers", "transformers", "sds3d")  # whose classes a folder may name
SMALL = ("*.json", "*.txt", "*.model")  # configurations and tokenizers
OTHER_WEIGHTS = ("*.fp16.*", "*.non_ema.*", "*.bf16.*")


def digest(file: Path) -> str:
    """The file's SHA-256."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True)
class Layout:
    """A folder that holds `model_index.json` and a folder for each part that it names."""

    folder: Path
    index: Mapping[str, Any]

    def __contains__(self, part: str) -> bool:
        """Whether the index names the part."""
        entry = self.index.get(part)
        return isinstance(entry, list) and len(entry) == 2 and all(entry)

    @property
    def denoiser(self) -> str:
        """`unet` or `transformer`.  Raises PriorError when there is neither, or no scheduler."""
        found = [part for part in DENOISERS if part in self]
        if not found or "scheduler" not in self:
            lacking = "scheduler" if found else "denoiser (unet or transformer)"
            kind = self.index.get("_class_name", "pipeline")
            message = f"the {kind} in '{self.folder}' has no {lacking}"
            raise PriorError(message, "give a text-conditioned diffusion model")
        return found[0]

    def config(self, part: str) -> dict[str, Any]:
        """The part's own JSON.  Raises PriorError when it cannot be read."""
        file = "scheduler_config.json" if part == "scheduler" else "config.json"
        return _json(self.folder / part / file)

    def load(self, part: str, dtype: Any = None) -> Any:
        """The part by its class's from_pretrained; networks in `dtype`, from safetensors only, and whole.

        Raises PriorError for a class of another library, weights that lack or are in pickles, and a part that
        does not load.
        """
        library, name = self.index[part]
        kind, path = self._class(part, library, name), self.folder / part
        diffusers, transformers = module("diffusers"), module("transformers")
        if not issubclass(kind, (diffusers.ModelMixin, transformers.PreTrainedModel)):
            return _loaded(kind, path)
        if not list(path.glob("*.safetensors")):
            raise PriorError(
                f"'{path}' holds no .safetensors file",
                "save the model anew with save_pretrained(..., safe_serialization=True)",
            )
        options = {"use_safetensors": True, "output_loading_info": True}
        if issubclass(kind, transformers.PreTrainedModel):
            with _without_bars(transformers.utils.logging):
                model, info = _loaded(kind, path, **options)
            model = model.to(dtype)
        else:
            model, info = _loaded(kind, path, torch_dtype=dtype, **options)
        if info["missing_keys"]:
            first, *more = sorted(info["missing_keys"])
            message = f"'{path}' lacks the weights {first} and {len(more)} others"
            raise PriorError(message, "fetch the model anew")
        return model.eval().requires_grad_(False)

    def _class(self, part: str, library: str, name: str) -> Any:
        if library.partition(".")[0] in LIBRARIES:
            found = getattr(module(library), name, None)
            if found is not None:
                return found
        raise PriorError(
            f"'{self.folder}' asks for {library}.{name} as its {part}, which is not known",
            f"update: {INSTALL}; parts of other libraries are not loaded",
        )

    def hashes(self) -> dict[str, str]:
        """SHA-256 of each safetensors file of the parts, by its path in the folder."""
        files = sorted(
            file for p in PARTS if p in self for file in self.folder.glob(f"{p}/*.safetensors")
        )
        return {file.relative_to(self.folder).as_posix(): digest(file) for file in files}


def find(name: str) -> Layout:
    """The layout in a folder, or of a hub model by its name, downloaded where it is not kept yet.

    Raises PriorError when there is none.
    """
    folder = Path(name)
    if not folder.is_dir():
        folder = _from_hub(name)
    layout = Layout(folder, _json(folder / INDEX))
    for part in PARTS:
        if part in layout and not (folder / part).is_dir():
            raise PriorError(
                f"'{name}' names {part} but has no folder for it", "fetch the model anew"
            )
    return layout


def _from_hub(name: str) -> Path:
    """The folder of the hub's model.  What is kept here already is taken without asking the hub."""
    hub = module("huggingface_hub")
    try:
        try:
            index = Path(hub.hf_hub_download(name, INDEX, local_files_only=True))
        except hub.errors.LocalEntryNotFoundError:
            hub.HfApi().model_info(name, timeout=20)  # fails at once where a download would retry
            index = Path(hub.hf_hub_download(name, INDEX))
        parts = [part for part in PARTS if part in Layout(index.parent, _json(index))]
        if all(_whole(index.parent / part) for part in parts):
            return index.parent
        wanted = [
            INDEX,
            *(f"{part}/{kind}" for part in parts for kind in (*SMALL, "*.safetensors")),
        ]
        folder = hub.snapshot_download(name, allow_patterns=wanted, ignore_patterns=OTHER_WEIGHTS)
        return Path(folder)
    except (OSError, ValueError, hub.errors.HTTPError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise PriorError(
            f"'{name}' is no folder, and the hub does not give it: {reason}",
            "give the folder of a copy, --prior diffusers:FOLDER; names change, and models are withdrawn",
        ) from error


def _whole(part: Path) -> bool:
    """Whether the part was fetched to its end."""
    shards = {
        name for file in part.glob("*.index.json") for name in _json(file)["weight_map"].values()
    }
    network = not part.name.startswith(("scheduler", "tokenizer"))
    found = {file.name for file in part.glob("*.safetensors")}
    return part.is_dir() and found >= shards and (bool(found) or not network)


def _loaded(kind: Any, path: Path, **options: Any) -> Any:
    try:
        return kind.from_pretrained(path, local_files_only=True, **options)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise PriorError(
            f"'{path}' cannot be loaded: {reason}", "fetch the model anew, or update diffusers"
        ) from error


@contextmanager
def _without_bars(logging: Any) -> Iterator[None]:
    """Within it transformers draws no progress bars; the run has its own."""
    drawn = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if drawn:
            logging.enable_progress_bar()


def module(name: str) -> Any:
    """The module.  Raises PriorError when its package is not installed."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise PriorError(f"this prior needs the package {error.name}", INSTALL) from error


def _json(file: Path) -> dict[str, Any]:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PriorError(f"cannot read '{file}': {error}", "fetch the model anew") from error
