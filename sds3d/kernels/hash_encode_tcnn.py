"""The hash encoding by tinycudann, on CUDA in float32.

Its lattices are ours, shifted by half a cell: a level of base_resolution N + 1 looks up N x' + 0.5, so
x' = x - 0.5 / N puts its vertices on ours.  The hash, the order of a dense level and the rule for when a level
is dense are the same.  There is one call per level, because the resolutions need not be a geometric series.
Source: Müller 2021, https://github.com/NVlabs/tiny-cuda-nn.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn
from torch.func import functional_call

EDGE = 1e-6  # kept away from the faces of the cube, where tinycudann would read the next cell


def hash_encode(x: Tensor, table: Tensor, resolutions: Tensor) -> Tensor:
    """The encoding, (N, L F)."""
    _, rows, features = table.shape
    x = x.clamp(EDGE, 1 - EDGE)
    out = []
    for level, resolution in enumerate(resolutions.tolist()):
        encoding = _encoding(resolution, rows, features)
        count = encoding.get_parameter("params").numel()
        params = table[level].flatten()[:count]
        out.append(functional_call(encoding, {"params": params}, (x - 0.5 / resolution,)))
    return torch.cat(out, -1)


@cache
def _encoding(resolution: int, rows: int, features: int) -> nn.Module:
    import tinycudann  # pyright: ignore[reportMissingImports] an optional package

    settings = {
        "otype": "HashGrid",
        "n_levels": 1,
        "n_features_per_level": features,
        "log2_hashmap_size": rows.bit_length() - 1,
        "base_resolution": resolution + 1,
        "per_level_scale": 1.0,
    }
    return tinycudann.Encoding(3, settings, dtype=torch.float32)
