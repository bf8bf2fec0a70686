"""Where models come from: local folders, and the Hugging Face hub with its cache.

A model of the hub is downloaded in three steps, between which it may be refused: its index and its denoiser's
configuration; the other configurations and the tokenizers; the weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sds3d.errors import PriorError
from sds3d.priors.hub import MODEL_INDEX, address, aliases
from sds3d.priors.hub.layout import (
    NETWORKS,
    Layout,
    choose_weights,
    first_line,
    module,
    read_json,
)

SMALL = ("*.json", "*.txt", "*.model")  # configurations and tokenizers
INDICES = "*.index*.json"  # of shards
TIMEOUT_S = 20.0
HUB = "https://huggingface.co"
LOGIN = "hf auth login"
LOCAL_COPY = "or use a local copy, --prior diffusers:FOLDER"


def find(source: str) -> Layout:
    """The layout at an address, of a hub model with its denoiser's configuration and no more.

    Of several names the first that is in the hub's cache is used, without asking the hub, else the first that
    the hub provides.  Raises PriorError, which says why each cannot be had.
    """
    place = address(source)
    if place is None:
        raise PriorError(f"'{source}' is not a folder", "give --prior diffusers:FOLDER")
    if place.folder:
        return Layout(place.folder, read_json(place.folder / MODEL_INDEX))
    for name in place.models:
        index = _cached(name, MODEL_INDEX, place.revision)
        if index:
            return _begun(name, place.revision, index)
    failures: list[PriorError] = []
    for name in place.models:
        try:
            return _begun(name, place.revision, _file(name, MODEL_INDEX, place.revision))
        except PriorError as error:
            failures.append(error)
    if len(failures) == 1:
        raise failures[0]
    reasons = "; ".join(error.message for error in failures)
    raise PriorError(f"none of the models of '{source}' can be had: {reasons}", failures[0].fix)


def download_configurations(layout: Layout) -> None:
    """Downloads the configurations and tokenizers of a hub model.  Raises PriorError."""
    if layout.source and not layout.configured():
        wanted = [f"{component}/{kind}" for component in layout.components for kind in SMALL]
        _snapshot(layout, [MODEL_INDEX, *wanted])


def download_weights(layout: Layout) -> None:
    """Downloads the weights of a hub model, unless they are in the cache.  Raises PriorError.

    Of the weights in single and in half precision only those are downloaded that are used.
    """
    networks = [component for component in layout.components if component in NETWORKS]
    if not layout.source or all(map(layout.has_weights, networks)):
        return
    names = _names(layout)
    wanted = []
    for component in networks:
        inside = [n.removeprefix(f"{component}/") for n in names if n.startswith(f"{component}/")]
        chosen = choose_weights(inside, half=component in layout.half)
        if not chosen.files:
            raise PriorError(
                f"'{layout.called}' has no .safetensors file in {component}/; "
                "pickled weights are never opened",
                "use a copy of the model with safetensors, " + LOCAL_COPY,
            )
        wanted += [f"{component}/{name}" for name in chosen.files]
        wanted.append(f"{component}/{INDICES}")
    _snapshot(layout, wanted)


def _begun(name: str, revision: str, index: Path) -> Layout:
    """The layout of a hub model whose index is in the cache, with its denoiser's configuration."""
    layout = Layout(index.parent, read_json(index), name, revision)
    for component in layout.denoisers:
        file = f"{component}/config.json"
        if not _cached(name, file, revision):
            _file(name, file, revision)
    return layout


def _cached(name: str, file: str, revision: str) -> Path | None:
    """A file of the hub's model in the cache; None when it is not there."""
    hub = module("huggingface_hub")
    missing = module("huggingface_hub.errors").LocalEntryNotFoundError
    try:
        options = {"local_files_only": True, "revision": revision or None}
        return Path(hub.hf_hub_download(name, file, **options))
    except missing:
        return None


def _file(name: str, file: str, revision: str) -> Path:
    """A file of the hub's model, downloaded into the cache.  Raises PriorError."""
    hub = module("huggingface_hub")
    asked = {"revision": revision or None}
    try:
        hub.HfApi().model_info(name, timeout=TIMEOUT_S, **asked)  # a download would retry
        return Path(hub.hf_hub_download(name, file, **asked))
    except _hub_errors() as error:
        raise unavailable(name, revision, error) from error


def _names(layout: Layout) -> list[str]:
    """The names of all files of a hub model.  Raises PriorError."""
    hub = module("huggingface_hub")
    try:
        return hub.HfApi().list_repo_files(layout.source, revision=layout.revision or None)
    except _hub_errors() as error:
        raise unavailable(layout.source, layout.revision, error) from error


def _snapshot(layout: Layout, wanted: list[str]) -> None:
    hub = module("huggingface_hub")
    try:
        hub.snapshot_download(
            layout.source, allow_patterns=wanted, revision=layout.revision or None
        )
    except _hub_errors() as error:
        raise unavailable(layout.source, layout.revision, error) from error


def _hub_errors() -> tuple[type[Exception], ...]:
    return (OSError, ValueError, module("huggingface_hub.errors").HTTPError)


def unavailable(name: str, revision: str, error: BaseException) -> PriorError:
    """Why the hub does not provide a model, from what its client raised, with what to do about it.

    The hub answers 401 to a stranger and 404 to a known user both for a model that is not there and for one
    that is private: it does not say which.
    """
    kinds = {kind.__name__ for cause in _chain(error) for kind in type(cause).__mro__}
    status = next((s for s in map(_status, _chain(error)) if s), 0)
    known = status == 403  # the user is logged in
    page = f"{HUB}/{name}"
    alias = next((short for short, a in aliases().items() if name in a.withdrawn), "")
    other = f"use --prior diffusers:{alias}, a copy of it" if alias else "correct the name"
    rows = {  # class of an exception -> what is wrong, what to do; the first that is there decides
        "GatedRepoError": (
            f"'{name}' is gated, and you have not accepted its licence"
            if known
            else f"'{name}' is gated, and you are not logged in",
            f"accept the licence at {page}" + ("" if known else f", then: {LOGIN}"),
        ),
        "RevisionNotFoundError": (f"'{name}' has no revision '{revision}'", f"see {page}/commits"),
        "RemoteEntryNotFoundError": (
            f"'{name}' has no {MODEL_INDEX} or lacks another file: it is not in the diffusers layout",
            f"use a model with 'Diffusers' on its page, {LOCAL_COPY}",
        ),
        "DisabledRepoError": (f"'{name}' was disabled by the hub", f"{other}, {LOCAL_COPY}"),
        "RepositoryNotFoundError": (
            f"'{name}' is gone from the hub, or it is private to others"
            if status == 404
            else f"'{name}' is not on the hub, or it is private and you are not logged in",
            f"{other}, {LOCAL_COPY}"
            if status == 404 or alias
            else f"correct the name; for a private model: {LOGIN}",
        ),
        "HFValidationError": (f"'{name}' is not a name of the hub", "give OWNER/MODEL"),
        "OfflineModeIsEnabled": (
            f"'{name}' is not in the cache, and the hub's offline mode is on",
            f"unset HF_HUB_OFFLINE, {LOCAL_COPY}",
        ),
        "HfHubHTTPError": (
            f"the hub refuses '{name}' ({status}): your token is not valid or may not read it"
            if status in (401, 403)
            else f"the hub cannot provide '{name}' now: it answers {status}",
            LOGIN if status in (401, 403) else f"try later, {LOCAL_COPY}",
        ),
        **dict.fromkeys(
            ("TimeoutException", "Timeout", "TimeoutError"),
            (f"the hub did not answer in time about '{name}'", f"try again, {LOCAL_COPY}"),
        ),
        **dict.fromkeys(
            ("ConnectError", "ConnectionError", "NetworkError", "LocalEntryNotFoundError"),
            (
                f"'{name}' is not in the cache, and the hub cannot be reached",
                f"check the network connection, {LOCAL_COPY}",
            ),
        ),
    }
    unknown = (f"the hub does not provide '{name}': {first_line(error)}", f"{other}, {LOCAL_COPY}")
    what, fix = next((row for kind, row in rows.items() if kind in kinds), unknown)
    return PriorError(what, fix)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The exception and those that led to it."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__


def _status(error: Any) -> int:
    """The status code of the response that an exception is about; 0 without one."""
    return getattr(getattr(error, "response", None), "status_code", 0) or 0
