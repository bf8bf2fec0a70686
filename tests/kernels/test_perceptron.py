"""Laws of the perceptron with one hidden layer."""

import pytest
import torch
import torch.nn.functional as F

from sds3d.kernels.perceptron import perceptron
from sds3d.kernels.perceptron_numba import BLOCK, PIECES


def inputs(rng, points, features=5, units=7, outputs=3, dtype=torch.float64):
    shapes = ((points, features), (units, features), (units,), (outputs, units), (outputs,))
    return [torch.randn(s, generator=rng, dtype=dtype).requires_grad_() for s in shapes]


@pytest.mark.parametrize("points", [0, 1, BLOCK - 1, BLOCK, 3 * BLOCK + 5, PIECES * BLOCK + 1])
def test_values_and_gradients_are_those_of_two_linear_layers(rng, points):
    arguments = inputs(rng, points)
    grad = torch.randn(points, 3, generator=rng, dtype=torch.float64)
    results = []
    for backend in ("numba", "torch"):
        out = perceptron(*arguments, backend=backend)
        results.append([out.detach(), *torch.autograd.grad(out, arguments, grad)])
    for numba, reference in zip(*results, strict=True):
        torch.testing.assert_close(numba, reference)


def test_gradients_are_those_of_finite_differences(rng):
    assert torch.autograd.gradcheck(perceptron, inputs(rng, 4))


def test_transposed_points_and_a_slice_of_the_head_are_as_good(rng):
    x, weight, bias, head, head_bias = inputs(rng, 40)
    whole = perceptron(x, weight, bias, head, head_bias)
    turned = x.detach().t().contiguous().t()
    part = perceptron(turned, weight, bias, head[:1], head_bias[:1])
    torch.testing.assert_close(part, whole[:, :1])


def test_a_point_depends_on_no_other_and_the_number_of_threads_changes_no_bit(rng):
    arguments = inputs(rng, 2 * BLOCK + 9, dtype=torch.float32)
    grad = torch.randn(2 * BLOCK + 9, 3, generator=rng)
    before = torch.get_num_threads()
    results = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            out = perceptron(*arguments)
            results.append(torch.autograd.grad(out, arguments[1:], grad))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))
    x, *others = arguments
    torch.testing.assert_close(perceptron(x[3:4], *others), perceptron(x, *others)[3:4])


def test_what_is_not_a_number_stays_visible(rng):
    x, *others = inputs(rng, 3)
    x = x.detach().index_fill(0, torch.tensor([1]), float("nan"))
    out = perceptron(x, *others)
    assert out[1].isnan().all()
    assert not out[[0, 2]].isnan().any()
    assert F.relu(torch.tensor(float("nan"))).isnan()  # as torch's own
