"""One file that holds a run's state: tensors as safetensors, the rest as JSON in its header."""

from __future__ import annotations

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


def pack(modules: Mapping[str, nn.Module], optimizers: Mapping[str, Any]) -> dict[str, Tensor]:
    """The tensors of modules and optimizers under `name.key` and `name.index.key`."""
    tensors = {
        f"{name}.{key}": value
        for name, m in modules.items()
        for key, value in m.state_dict().items()
    }
    for name, optimizer in optimizers.items():
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"{name}.{index}.{key}": value for key, value in state.items()}
    return {key: value.detach().cpu().contiguous() for key, value in tensors.items()}


def unpack_module(module: nn.Module, tensors: Mapping[str, Tensor], name: str) -> None:
    """Loads the tensors under `name.` into the module."""
    prefix = f"{name}."
    state = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    module.load_state_dict(state)


def unpack_optimizer(
    optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], name: str
) -> None:
    """Loads the state under `name.`; the groups keep their own settings."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith(f"{name}."):
            index, field = key.removeprefix(f"{name}.").split(".", 1)
            state.setdefault(int(index), {})[field] = value
    optimizer.load_state_dict(optimizer.state_dict() | {"state": state})


def write(path: Path, tensors: dict[str, Tensor], meta: Mapping[str, Any]) -> None:
    """Writes the file whole or not at all.  Raises RunError when the disk refuses."""
    files.write(path, save(tensors, {"sds3d": json.dumps(meta)}), durable=True)


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """(tensors, meta) of a checkpoint.  Raises RunError when it is damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            meta = json.loads((file.metadata() or {})["sds3d"])
            return {key: file.get_tensor(key) for key in file.keys()}, meta  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise RunError(
            f"the checkpoint {path} is damaged ({error})", "start anew with --overwrite"
        ) from error
