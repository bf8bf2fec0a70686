import pytest
import torch

from sds3d.kernels.plane_encode import plane_encode


def inputs(rng, count=200, side=7, channels=4):
    x = torch.rand(count, 3, generator=rng, dtype=torch.float64)
    planes = torch.randn(3, side, side, channels, generator=rng, dtype=torch.float64)
    return x, planes.requires_grad_()


def test_planes_that_store_their_coordinates_return_them(rng):
    x, _ = inputs(rng)
    line = torch.linspace(0, 1, 7, dtype=torch.float64)
    row, column = torch.meshgrid(line, line, indexing="ij")
    planes = torch.stack([column, row], -1).expand(3, 7, 7, 2)
    expected = x[:, [0, 1, 0, 2, 1, 2]]
    torch.testing.assert_close(plane_encode(x, planes), expected)


def test_numba_agrees_with_grid_sample_in_values_and_gradients(rng):
    x, planes = inputs(rng)
    x[0], x[1] = 0, 1
    grad = torch.randn(len(x), 12, generator=rng, dtype=torch.float64)
    outs = [plane_encode(x, planes, backend=name) for name in ("numba", "torch")]
    torch.testing.assert_close(*outs)
    torch.testing.assert_close(*(torch.autograd.grad(out, planes, grad)[0] for out in outs))


def test_the_handwritten_backward_is_the_derivative(rng):
    x, planes = inputs(rng, 5, 3, 2)
    torch.autograd.gradcheck(lambda p: plane_encode(x, p), planes)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_and_cpu_agree(rng):
    x = torch.rand(200, 3, generator=rng)
    planes = torch.randn(3, 9, 9, 4, generator=rng)
    results = []
    for device in ("cpu", "cuda"):
        leaf = planes.to(device).requires_grad_()
        out = plane_encode(x.to(device), leaf)
        out.square().sum().backward()
        results.append([out.detach().cpu(), leaf.grad.cpu()])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
