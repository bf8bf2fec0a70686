import sys
from itertools import product
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from sds3d.kernels import hash_encode_tcnn
from sds3d.kernels.hash_encode import hash_encode
from sds3d.kernels.hash_encode_numba import backward_table

RESOLUTIONS = torch.tensor([2, 5, 16, 40], dtype=torch.int32)


def inputs(rng, count, dtype=torch.float32):
    x = torch.rand(count, 3, generator=rng, dtype=dtype)
    table = torch.randn(len(RESOLUTIONS), 256, 2, generator=rng, dtype=dtype)
    return x, table


def test_at_the_points_of_a_dense_lattice_the_encoding_is_the_table(rng):
    _, table = inputs(rng, 1)
    lattice = torch.cartesian_prod(*[torch.arange(6) for _ in range(3)])
    out = hash_encode(lattice / 5, table, RESOLUTIONS)[:, 2:4]
    row = lattice[:, 0] + 6 * lattice[:, 1] + 36 * lattice[:, 2]
    torch.testing.assert_close(out, table[1][row], atol=1e-5, rtol=0)


def test_a_table_that_holds_a_linear_function_gives_that_function_everywhere(rng):
    x, table = inputs(rng, 50, torch.float64)
    lattice = torch.cartesian_prod(*[torch.arange(6, dtype=torch.float64) for _ in range(3)])
    row = (lattice @ torch.tensor([1.0, 6, 36], dtype=torch.float64)).long()
    slope = torch.tensor([[1.0, -2], [3, 0.5], [-1, 4]], dtype=torch.float64)
    table[1][row] = lattice / 5 @ slope
    torch.testing.assert_close(hash_encode(x, table, RESOLUTIONS)[:, 2:4], x @ slope)


def test_numba_and_torch_agree_in_values_and_gradients(rng):
    grad = torch.randn(500, 8, generator=rng, dtype=torch.float64)
    results = []
    for backend in ("numba", "torch"):
        x, table = inputs(torch.Generator().manual_seed(1), 500, torch.float64)
        x.requires_grad_(), table.requires_grad_()
        out = hash_encode(x, table, RESOLUTIONS, backend=backend)
        out.backward(grad)
        results.append((out.detach(), x.grad, table.grad))
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b)


class Whole(TorchDispatchMode):
    """Counts the tensors that are made as large as a table."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        self.count += isinstance(out, torch.Tensor) and out.shape == self.shape
        return out


def test_the_gradient_of_the_torch_encoding_makes_one_table_and_not_one_for_each_level(rng):
    x, table = inputs(rng, 50)
    out = hash_encode(x, table.requires_grad_(), RESOLUTIONS, backend="torch")
    with Whole(table.shape) as made:
        out.sum().backward()
    assert made.count <= 2  # the gradient, and autograd's own view of it


def test_the_handwritten_backward_is_the_derivative(rng):
    x, table = inputs(rng, 6, torch.float64)
    x.requires_grad_(), table.requires_grad_()
    torch.autograd.gradcheck(lambda x, t: hash_encode(x, t, RESOLUTIONS), (x, table), atol=1e-6)


@pytest.mark.parametrize("threads", [2, 3])
def test_the_gradient_has_the_same_bits_each_time_and_for_any_number_of_threads(rng, threads):
    x, _ = inputs(rng, 2000)
    grad = torch.randn(2000, 8, generator=rng).numpy()
    before = torch.get_num_threads()
    results = []
    for n in (threads, threads, 1):
        torch.set_num_threads(n)
        results.append(
            torch.from_numpy(backward_table(x.numpy(), 256, 2, RESOLUTIONS.numpy(), grad))
        )
    torch.set_num_threads(before)
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_and_cpu_agree(rng):
    x, table = inputs(rng, 500)
    on_gpu = hash_encode(x.cuda(), table.cuda(), RESOLUTIONS.cuda())
    torch.testing.assert_close(on_gpu.cpu(), hash_encode(x, table, RESOLUTIONS))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_tinycudann_and_the_cpu_agree_in_values_and_gradients(rng):
    pytest.importorskip("tinycudann")
    grad = torch.randn(500, 8, generator=rng)
    results = []
    for device, backend in (("cuda", "tinycudann"), ("cpu", "numba")):
        x, table = (v.to(device) for v in inputs(torch.Generator().manual_seed(1), 500))
        x.requires_grad_(), table.requires_grad_()
        out = hash_encode(x, table, RESOLUTIONS.to(device), backend=backend)
        out.backward(grad.to(device))
        results.append((out.detach().cpu(), x.grad.cpu(), table.grad.cpu()))
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


class PublishedGrid(nn.Module):
    """One level of tinycudann's HashGrid, written from the formulas of its grid.h."""

    def __init__(self, dimensions, settings, dtype):
        super().__init__()
        assert settings["n_levels"] == 1
        self.side = settings["base_resolution"]
        self.features = settings["n_features_per_level"]
        dense = -(-(self.side**dimensions) // 8) * 8
        self.rows = min(dense, 2 ** settings["log2_hashmap_size"])
        self.params = nn.Parameter(torch.zeros(self.rows * self.features, dtype=dtype))

    def forward(self, x):
        position = x * (self.side - 1) + 0.5
        cell = position.detach().floor()
        inside, cell = position - cell, cell.long()
        out = 0
        for corner in product((0, 1), repeat=3):
            a, b, c = (cell + torch.tensor(corner)).unbind(-1)
            row = a + self.side * (b + self.side * c)
            if self.rows < self.side**3:
                row = a ^ b * 2654435761 ^ c * 805459861
            above = torch.tensor(corner, dtype=torch.bool)
            weight = torch.where(above, inside, 1 - inside).prod(-1)
            out = out + weight[:, None] * self.params.view(-1, self.features)[row % self.rows]
        return out


def test_the_lattices_of_tinycudann_shifted_by_half_a_cell_are_ours(rng, monkeypatch):
    monkeypatch.setitem(sys.modules, "tinycudann", SimpleNamespace(Encoding=PublishedGrid))
    grad = torch.randn(300, 8, generator=rng)
    results = []
    for encode in (hash_encode, hash_encode_tcnn.hash_encode):
        x, table = inputs(torch.Generator().manual_seed(1), 300)
        x.requires_grad_(), table.requires_grad_()
        out = encode(x, table, RESOLUTIONS)
        out.backward(grad)
        results.append((out.detach(), x.grad, table.grad))
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, atol=2e-3, rtol=1e-4)
