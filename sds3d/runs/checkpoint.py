"""One file that holds a run's state: tensors as safetensors, the rest as JSON in its header.

Nothing is unpickled, and nothing is loaded into a run before it was verified: the file by its checksum, every
tensor by its name, shape and type against the module or the optimizer that it goes to.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from sds3d import files
from sds3d.errors import RunError
from sds3d.runs.result import expect, is_count, is_number

AGAIN = "make it again with 'sds3d generate' and --overwrite"
Modules = Mapping[str, nn.Module]
Optimizers = Mapping[str, torch.optim.Optimizer]


def pack(modules: Modules, optimizers: Optimizers) -> dict[str, Tensor]:
    """The tensors of modules and optimizers under `name.key` and `name.index.key`."""
    tensors = {
        f"{name}.{key}": value
        for name, module in modules.items()
        for key, value in module.state_dict().items()
    }
    for name, optimizer in optimizers.items():
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"{name}.{index}.{key}": value for key, value in state.items()}
    return {key: value.detach().cpu().contiguous() for key, value in tensors.items()}


def write(path: Path, tensors: dict[str, Tensor], meta: Mapping[str, Any]) -> None:
    """Writes the file whole or not at all.  Raises RunError when the disk refuses."""
    text = json.dumps(meta)
    header = {"sds3d": text, "sha256": _digest(tensors, text)}
    files.write(path, save(tensors, header), durable=True)


def read(path: Path, fix: str = AGAIN) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """(tensors, meta) of a checkpoint.

    Raises RunError when it is damaged, down to a single bit; `fix` says what to do then.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        text = header["sds3d"]
        expect(header["sha256"] == _digest(tensors, text), "its checksum is wrong")
        meta = json.loads(text)
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise RunError(f"the checkpoint '{path}' is damaged ({error})", fix) from error
    return tensors, meta


def read_run(path: Path) -> tuple[dict[str, Tensor], int, dict[str, float], int]:
    """(tensors, steps done, seconds of each part, evaluations of the prior).  Raises RunError."""
    tensors, meta = read(path)
    try:
        expect(is_count(meta["step"]) and is_count(meta["evaluations"]), "counts are missing")
        expect(all(map(is_number, meta["seconds"].values())), "its seconds are not numbers")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RunError(f"the checkpoint '{path}' is not one of a run ({error})", AGAIN) from error
    return tensors, meta["step"], meta["seconds"], meta["evaluations"]


def steps_done(path: Path) -> int:
    """The number of steps in the header of a run's checkpoint; its tensors are not read.  Raises RunError."""
    try:
        with safe_open(path, framework="pt") as file:
            done = json.loads((file.metadata() or {})["sds3d"])["step"]
        expect(is_count(done), "its count of steps is missing")
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise RunError(f"the checkpoint '{path}' is damaged ({error})", AGAIN) from error
    return done


def restore(
    path: Path,
    tensors: Mapping[str, Tensor],
    modules: Modules,
    optimizers: Optimizers,
    fix: str = f"{AGAIN}, or give another folder with --out",
) -> None:
    """Loads the tensors into the modules and the optimizers; groups keep their own settings.

    Tensors of other modules are left alone, so that a scene can be restored by itself.

    Raises RunError, before a module or an optimizer is touched by what does not fit it, for a tensor that
    is missing or too many, or has another shape or type than the run's; `fix` says what to do then.  Where a
    module names tensors in GROWING, their first dimension may differ (splats are cloned and pruned), though
    equally for all.
    """
    try:
        for name, module in modules.items():
            state = _below(tensors, name)
            _check_module(module, state, name)
            module.load_state_dict(state)
        for name, optimizer in optimizers.items():
            fields = _below(tensors, name)
            _check_optimizer(optimizer, fields, name)
            states: dict[int, dict[str, Tensor]] = {}
            for key, value in fields.items():
                index, _, field = key.partition(".")
                states.setdefault(int(index), {})[field] = value
            optimizer.load_state_dict(optimizer.state_dict() | {"state": states})
    except ValueError as error:
        raise RunError(
            f"the checkpoint '{path}' does not fit the run: {error}",
            fix,
        ) from error


def _digest(tensors: Mapping[str, Tensor], text: str) -> str:
    """SHA-256 over names, types, shapes and bytes of the tensors, and over the text."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        value = tensors[name]
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _below(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    prefix = f"{name}."
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _check_module(module: nn.Module, state: Mapping[str, Tensor], name: str) -> None:
    """Raises ValueError when the state is not one of the module's."""
    ours = module.state_dict()
    for key in ours.keys() ^ state.keys():
        expect(key in ours, f"it has {name}.{key}, which the run has not")
        expect(key in state, f"it lacks {name}.{key}")
    growing = {
        f"{prefix}.{key}".removeprefix("."): prefix
        for prefix, part in module.named_modules()
        for key in getattr(part, "GROWING", ())
    }
    counts: dict[str, int] = {}
    for key, value in ours.items():
        theirs = state[key]
        shape = tuple(value.shape)
        if key in growing and theirs.dim():
            count = counts.setdefault(growing[key], len(theirs))
            shape = (count, *shape[1:])
        _check_tensor(theirs, shape, value.dtype, f"{name}.{key}")


def _check_optimizer(
    optimizer: torch.optim.Optimizer, fields: Mapping[str, Tensor], name: str
) -> None:
    """Raises ValueError when the fields are not a state of this kind of optimizer over its parameters."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    expected = _fields(optimizer)
    indices = {key.partition(".")[0] for key in fields}
    for index in indices:
        known = index.isdecimal() and int(index) < len(parameters)
        expect(known, f"it has {name}.{index}, a parameter that the run has not")
        parameter = parameters[int(index)]
        for field, like_parameter in expected.items():
            key = f"{index}.{field}"
            expect(key in fields, f"it lacks {name}.{key}")
            shape = tuple(parameter.shape) if like_parameter else ()
            dtype = parameter.dtype if like_parameter else torch.float32
            _check_tensor(fields[key], shape, dtype, f"{name}.{key}")
    extra = fields.keys() - {f"{index}.{field}" for index in indices for field in expected}
    expect(not extra, f"it has {name}.{min(extra, default='')}, which the run has not")


def _check_tensor(value: Tensor, shape: tuple[int, ...], dtype: torch.dtype, name: str) -> None:
    expect(
        tuple(value.shape) == shape and value.dtype == dtype,
        f"{name} is {tuple(value.shape)} {value.dtype}, the run's {shape} {dtype}".replace(
            "torch.", ""
        ),
    )


def _fields(optimizer: torch.optim.Optimizer) -> dict[str, bool]:
    """The state that such an optimizer keeps of a parameter, and whether it is shaped like the parameter."""
    kind = type(optimizer)
    settings = inspect.signature(kind).parameters
    options = {key: value for key, value in optimizer.defaults.items() if key in settings}
    weight = nn.Parameter(torch.zeros(2, 2))
    weight.grad = torch.zeros(2, 2)
    probe = kind([weight], **options)
    probe.step()
    return {key: value.shape == weight.shape for key, value in probe.state[weight].items()}
