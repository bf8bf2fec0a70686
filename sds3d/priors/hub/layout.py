"""Models in the diffusers folder layout, their networks loaded from safetensors.

A folder is data from a stranger.  Its index may name only classes of diffusers and transformers, of the kind
that the component needs; code in the folder is never run, and pickles are never opened.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from sds3d.errors import PriorError
from sds3d.files import digest
from sds3d.priors.hub import MODEL_INDEX
from sds3d.priors.hub.headers import count_tensors

INSTALL = 'pip install "sds3d[diffusers]"'
AGAIN = "download the model again"
DENOISERS = ("unet", "transformer")
TEXT_ENCODERS = ("text_encoder", "text_encoder_2", "text_encoder_3")
TOKENIZERS = ("tokenizer", "tokenizer_2", "tokenizer_3")
NETWORKS = (*DENOISERS, "vae", *TEXT_ENCODERS)
COMPONENTS = ("scheduler", *NETWORKS, *TOKENIZERS)  # of a pipeline; the others are not used
BASES = {  # library -> the classes that a component's class must derive from
    "diffusers": ("ModelMixin", "SchedulerMixin"),
    "transformers": ("PreTrainedModel", "PreTrainedTokenizerBase"),
}
CONFIGS = (
    "config.json",
    "scheduler_config.json",
    "tokenizer_config.json",
    "generation_config.json",
)
MOST_JSON_BYTES = 2**24
LOADING_ERRORS = (
    ArithmeticError,
    AttributeError,
    ImportError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,  # with NotImplementedError and RecursionError
    SafetensorError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class Layout:
    """A folder with a `model_index.json` and a subfolder for each component that the index names.

    source, revision: of the hub model that the folder is a download of, "" for a local folder and for the
    newest.  half: the networks that are to run in float16, for which weights in that precision are preferred.
    """

    folder: Path
    index: Mapping[str, Any]
    source: str = ""
    revision: str = ""
    half: frozenset[str] = frozenset()

    @cached_property
    def components(self) -> dict[str, tuple[str, str]]:
        """(library, class name) of each component that is used.

        Raises PriorError for an entry that is not a pair of names, and for another library.
        """
        entries = {}
        for component in COMPONENTS:
            entry = self.index.get(component)
            if entry is None or entry == [None, None]:
                continue
            if not isinstance(entry, list) or len(entry) != 2 or not all(map(_is_name, entry)):
                raise PriorError(
                    f"'{self.folder / MODEL_INDEX}' does not name a class for {component}", AGAIN
                )
            library, name = entry
            if library not in BASES:
                raise PriorError(
                    f"'{self.folder}' asks for {library}.{name} as its {component}",
                    f"use a model whose components are from {' and '.join(BASES)}",
                )
            entries[component] = (library, name)
        return entries

    @property
    def called(self) -> str:
        """The model's name on the hub, or its folder."""
        return self.source or str(self.folder)

    @property
    def pipeline(self) -> str:
        """The name of the pipeline's class, "" when the index has none."""
        kind = self.index.get("_class_name")
        return kind if isinstance(kind, str) and _is_name(kind) else ""

    def __contains__(self, component: str) -> bool:
        """Whether the index names the component."""
        return component in self.components

    @property
    def denoisers(self) -> list[str]:
        """Those of `unet` and `transformer` that the index names."""
        return [component for component in DENOISERS if component in self]

    @property
    def denoiser(self) -> str:
        """`unet` or `transformer`.  Raises PriorError when there is neither, or no scheduler."""
        named = self.denoisers
        if not named or "scheduler" not in self:
            missing = "scheduler" if named else "denoiser (unet or transformer)"
            message = f"the {self.pipeline or 'pipeline'} in '{self.called}' has no {missing}"
            raise PriorError(message, "use a text-conditioned diffusion model")
        return named[0]

    def config(self, component: str) -> dict[str, Any]:
        """The configuration of the scheduler or a network.  Raises PriorError when it cannot be read."""
        return read_json(self._config_file(component))

    def _config_file(self, component: str) -> Path:
        name = "scheduler_config.json" if component == "scheduler" else "config.json"
        return self.folder / component / name

    def configured(self) -> bool:
        """Whether every component has its configuration, or a tokenizer its folder."""
        return all(
            (self.folder / name).is_dir()
            if name in TOKENIZERS
            else self._config_file(name).is_file()
            for name in self.components
        )

    def class_of(self, component: str) -> type:
        """The component's class.

        Raises PriorError for a name that diffusers or transformers does not have, and for one that is not a
        network, scheduler or tokenizer: Auto classes, for example, can end at pickled weights.
        """
        library, name = self.components[component]
        package = module(library)
        try:
            kind = getattr(package, name, None)
        except (ImportError, RuntimeError):  # a class whose own dependencies are not installed
            kind = None
        bases = tuple(getattr(package, base) for base in BASES[library])
        network = component in NETWORKS
        if not (isinstance(kind, type) and issubclass(kind, bases[0] if network else bases[1])):
            role = "a network" if network else f"a {component.partition('_')[0]}"
            raise PriorError(
                f"'{self.folder}' asks for {library}.{name} as its {component}, "
                f"which is not {role} of the installed {library}",
                f"update with: {INSTALL}; or use another model",
            )
        return kind

    def check(self) -> None:
        """Checks the index and the configurations, before any weights are downloaded or read.

        Raises PriorError for a missing folder, a class as in `class_of`, custom code and adapters.
        """
        for component in self.components:
            folder = self.folder / component
            if not folder.is_dir():
                raise PriorError(f"'{self.folder}' has no folder '{component}'", AGAIN)
            self.class_of(component)
            for name in CONFIGS:
                if (folder / name).exists() and "auto_map" in read_json(folder / name):
                    raise PriorError(
                        f"'{folder / name}' asks for custom code (auto_map), which is never run",
                        "use a model whose classes are in diffusers and transformers",
                    )
            if (folder / "adapter_config.json").exists():
                raise PriorError(
                    f"'{folder}' is an adapter, not a whole network",
                    "merge it into its base model (peft: merge_and_unload) and save that",
                )

    def weights(self, component: str) -> Weights:
        """The weights that are used of a network, among the files that are there."""
        folder = self.folder / component
        names = [file.name for file in folder.glob("*") if file.is_file()]
        return choose_weights(names, half=component in self.half)

    def has_weights(self, component: str) -> bool:
        """Whether a network's folder holds weights, with every shard of an index.  Raises PriorError."""
        return bool(self.weights(component).files) and not self._missing_shards(component)

    def _missing_shards(self, component: str) -> list[tuple[Path, str]]:
        """(index, name) of the shards that are not there."""
        folder = self.folder / component
        chosen = self.weights(component)
        indices = [folder / name for name in chosen.indices]
        return [(i, name) for i in indices for name in _shards(i) if name not in chosen.files]

    def check_weights(self) -> None:
        """Checks the headers of all weights.  Raises PriorError for pickles, damage and missing shards."""
        for component in self.components:
            if component in NETWORKS:
                count_tensors(self.weight_files(component))

    def weight_files(self, component: str) -> list[Path]:
        """The component's safetensors files.

        Raises PriorError when there are none, and for an index of shards that names anything else.
        """
        folder = self.folder / component
        files = [folder / name for name in self.weights(component).files]
        if not files:
            raise PriorError(
                f"'{folder}' has no .safetensors file; pickled weights are never opened",
                "save the model again with save_pretrained(..., safe_serialization=True)",
            )
        for index, name in self._missing_shards(component):
            raise PriorError(
                f"'{index}' names {name!r}, which is not a safetensors file beside it", AGAIN
            )
        return files

    def load(self, component: str, dtype: Any = None) -> Any:
        """The component, by its class's from_pretrained; networks in `dtype`, frozen, in evaluation mode.

        Raises PriorError when it cannot be loaded or some of its weights are missing.
        """
        kind = self.class_of(component)
        path = self.folder / component
        if component not in NETWORKS:
            trust = {"trust_remote_code": False} if component in TOKENIZERS else {}
            return _from_pretrained(kind, path, **trust)
        self.weight_files(component)
        variant = self.weights(component).variant or None
        options = {"use_safetensors": True, "output_loading_info": True, "variant": variant}
        if self.components[component][0] == "transformers":
            with _without_bars(module("transformers").utils.logging):
                network, info = _from_pretrained(kind, path, trust_remote_code=False, **options)
            network = _cast(network, dtype)
        else:
            network, info = _from_pretrained(kind, path, torch_dtype=dtype, **options)
        if info["missing_keys"]:
            first, *others = sorted(info["missing_keys"])
            message = f"'{path}' lacks the weights {first} and {len(others)} others"
            raise PriorError(message, AGAIN)
        return network.eval().requires_grad_(False)

    def hashes(self) -> dict[str, str]:
        """SHA-256 of each safetensors file of the components, by its path in the folder."""
        networks = [component for component in self.components if component in NETWORKS]
        files = sorted(file for component in networks for file in self.weight_files(component))
        return {file.relative_to(self.folder).as_posix(): digest(file) for file in files}


@dataclass(frozen=True)
class Weights:
    """Names of safetensors files of one network, and of their indices of shards; variant: "" or "fp16"."""

    variant: str
    files: tuple[str, ...]
    indices: tuple[str, ...]


def choose_weights(names: Iterable[str], *, half: bool) -> Weights:
    """The weights that are used, of the names in a network's folder.

    Those in half precision (`*.fp16.*`) are used when there are no others, or with `half`; other variants
    (`non_ema`, `ema`, `bf16`) never.  `files` is empty when there are none.
    """
    found = {"": ([], []), "fp16": ([], [])}
    for name in sorted(names):
        match = re.fullmatch(
            r"[^.]+?(\.(?P<variant>[a-z]\w*))?(-\d+-of-\d+)?(\.(?P<late>[a-z]\w*))?\.safetensors"
            r"(?P<index>\.index(\.(?P<last>\w+))?\.json)?",
            name,
        )
        if match:
            variant = match["variant"] or match["late"] or match["last"] or ""
            if variant in found:
                found[variant][1 if match["index"] else 0].append(name)
    full, fp16 = (files for files, _ in found.values())
    variant = "fp16" if fp16 and (half or not full) else ""
    files, indices = found[variant]
    return Weights(variant, tuple(files), tuple(indices))


def _shards(index: Path) -> list[str]:
    """The names of the files that an index of shards names.  Raises PriorError."""
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict):
        raise PriorError(f"'{index}' is not an index of weights", AGAIN)
    names = list(weight_map.values())
    return list(dict.fromkeys(name if isinstance(name, str) else repr(name) for name in names))


def _from_pretrained(kind: Any, path: Path, **options: Any) -> Any:
    try:
        return kind.from_pretrained(path, local_files_only=True, **options)
    except LOADING_ERRORS as error:
        raise PriorError(
            f"'{path}' cannot be loaded: {first_line(error)}", f"{AGAIN}, or update diffusers"
        ) from error


def _cast(network: Any, dtype: Any) -> Any:
    """The network in `dtype`; in float16 the layers that transformers keeps in float32, such as T5's `wo`."""
    kept = set(network._keep_in_fp32_modules_strict or ())
    if str(dtype) == "torch.float16":
        kept |= set(network._keep_in_fp32_modules or ())
    for name, tensor in (*network.named_parameters(), *network.named_buffers()):
        if tensor.is_floating_point() and kept.isdisjoint(name.split(".")):
            tensor.data = tensor.data.to(dtype)
    return network


@contextmanager
def _without_bars(logging: Any) -> Iterator[None]:
    """Turns off transformers' progress bars; the run has its own."""
    enabled = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if enabled:
            logging.enable_progress_bar()


def module(name: str) -> Any:
    """The module.  Raises PriorError when its package is not installed."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise PriorError(f"this prior needs the package {error.name}", INSTALL) from error


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\w+(\.\w+)*", value) is not None


def first_line(error: BaseException) -> str:
    """The first line of an exception's text, or its name."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def read_json(file: Path) -> dict[str, Any]:
    """The JSON object in a file.  Raises PriorError."""
    try:
        if file.stat().st_size > MOST_JSON_BYTES:
            raise ValueError(f"it is larger than {MOST_JSON_BYTES / 2**20:.0f} MB")
        content = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("it is not a JSON object")
    except (OSError, ValueError, RecursionError) as error:
        raise PriorError(f"cannot read '{file}': {first_line(error)}", AGAIN) from error
    return content
