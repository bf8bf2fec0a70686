"""The hash encoding in vectorised torch: the fallback on devices without a kernel."""

from __future__ import annotations

import torch
from torch import Tensor

PRIMES = (1, 2654435761, 805459861)


def hash_encode(x: Tensor, table: Tensor, resolutions: Tensor) -> Tensor:
    """The encoding, (N, L F), differentiated by autograd; arguments as in `hash_encode.hash_encode`."""
    _, rows, _ = table.shape
    corner = torch.tensor([[c & 1, (c >> 1) & 1, c >> 2] for c in range(8)], device=x.device)
    out = []
    for level, entries in enumerate(
        table.unbind(0)
    ):  # a slice's gradient would be as large as all levels
        resolution = int(resolutions[level])
        position = x.clamp(0, 1) * resolution
        cell = position.detach().long().clamp(max=resolution - 1)
        fraction = (position - cell)[:, None]  # (N, 1, 3)
        lattice = cell[:, None] + corner  # (N, 8, 3)
        side = resolution + 1
        if side**3 <= rows:
            row = lattice[..., 0] + side * (lattice[..., 1] + side * lattice[..., 2])
        else:
            scattered = lattice * torch.tensor(PRIMES, device=x.device)
            row = scattered[..., 0] ^ scattered[..., 1] ^ scattered[..., 2]
            row = row & (rows - 1)
        weight = torch.where(corner.bool(), fraction, 1 - fraction).prod(-1, keepdim=True)
        out.append((weight * entries[row]).sum(1))
    return torch.cat(out, -1)
