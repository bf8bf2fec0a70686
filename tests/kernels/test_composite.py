import math
from itertools import pairwise

import pytest
import torch

from sds3d.errors import BackendError, UsageError
from sds3d.kernels.composite import composite, march
from sds3d.views.cameras import orbit

OFFSETS = torch.tensor([0, 4, 4, 9, 10])


def samples(rng, dtype=torch.float64):
    n = int(OFFSETS[-1])

    def uniform(*shape):
        return torch.rand(*shape, generator=rng, dtype=dtype)

    return 3 * uniform(n), uniform(n, 3), uniform(n).cumsum(0), 0.1 + uniform(n)


def rays(views=2, size=16):
    origin, direction = orbit(views, size).rays()
    return origin.reshape(-1, 3).contiguous(), direction.reshape(-1, 3).contiguous()


def test_a_uniform_medium_follows_beers_law():
    n, density, step = 50, 1.7, 0.03
    full = torch.full((n,), 1.0, dtype=torch.float64)
    dist = (torch.arange(n) + 0.5) * step
    offsets = torch.tensor([0, n])
    rgb, alpha, _ = composite(
        density * full, full[:, None].expand(n, 3), dist, step * full, offsets
    )
    assert alpha.item() == pytest.approx(1 - math.exp(-density * step * n), rel=1e-9)
    torch.testing.assert_close(rgb[0], alpha.expand(3))


def test_an_opaque_sample_hides_those_behind_it():
    density = torch.tensor([1e4, 1e4])
    rgb = torch.eye(3)[:2]
    dist, delta = torch.tensor([1.0, 2.0]), torch.ones(2)
    out, alpha, depth = composite(density, rgb, dist, delta, torch.tensor([0, 2]))
    torch.testing.assert_close(out, rgb[:1])
    assert alpha.item() == depth.item() == 1.0


def test_a_ray_without_samples_is_empty(rng):
    rgb, alpha, depth = composite(*samples(rng), OFFSETS)
    assert not rgb[1].any()
    assert alpha[1] == depth[1] == 0


def test_numba_agrees_with_a_loop_over_rays_and_with_torch(rng):
    values = [v.requires_grad_() for v in samples(rng)]
    density, rgb, dist, delta = values
    expected = []
    for start, stop in pairwise(OFFSETS):
        through, total = torch.tensor(1.0, dtype=torch.float64), torch.zeros(5, dtype=torch.float64)
        for i in range(start, stop):
            opacity = 1 - torch.exp(-density[i] * delta[i])
            value = torch.cat([rgb[i], torch.ones(1, dtype=torch.float64), dist[i : i + 1]])
            total = total + through * opacity * value
            through = through * (1 - opacity)
        expected.append(total)
    expected = torch.stack(expected)
    upstream = torch.randn(4, 5, generator=rng, dtype=torch.float64)
    gradients = torch.autograd.grad((expected * upstream).sum(), values)
    for backend in ("numba", "torch"):
        a, b, c = composite(*values, OFFSETS, backend=backend)
        out = torch.cat([a, b[:, None], c[:, None]], 1)
        torch.testing.assert_close(out, expected)
        torch.testing.assert_close(torch.autograd.grad((out * upstream).sum(), values), gradients)


def test_the_handwritten_backward_is_the_derivative(rng):
    values = [v.requires_grad_() for v in samples(rng)]
    torch.autograd.gradcheck(lambda *v: composite(*v, OFFSETS), values)


def test_marching_keeps_exactly_the_lattice_samples_in_cells_that_are_not_empty(rng):
    density_floor = (torch.rand(8, 8, 8, generator=rng) > 0.7).float() - 1
    origins, directions = rays()
    jitter = torch.rand(len(origins), generator=rng)
    found = march(density_floor, origins, directions, step=0.05, jitter=jitter)
    assert (found.points.norm(dim=-1) <= 1 + 1e-4).all()
    cell = ((found.points + 1) * 4).long().clamp(0, 7)
    assert (density_floor[cell.unbind(-1)] >= 0).all()
    other = march(density_floor, origins, directions, step=0.05, jitter=jitter, backend="torch")
    # Points within rounding of a cell's wall may fall on either side.
    assert (found.offsets.diff() - other.offsets.diff()).abs().sum() <= 4
    full = march(torch.zeros(8, 8, 8), origins, directions, step=0.05, jitter=jitter)
    chord = 2 * (1 - torch.linalg.cross(origins, directions).square().sum(-1)).clamp_min(0).sqrt()
    assert ((full.offsets.diff() * 0.05 - chord).abs() <= 0.051).all()


@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_a_ray_ends_in_cells_that_are_surely_opaque(backend):
    density_floor = torch.full((8, 8, 8), 100.0)
    origin, direction = torch.tensor([[0.0, 0, 3]]), torch.tensor([[0.0, 0, -1]])
    found = march(
        density_floor, origin, direction, step=0.05, max_optical_depth=14.0, backend=backend
    )
    assert len(found.points) == 3
    torch.testing.assert_close(found.dist, torch.tensor([2.025, 2.075, 2.125]))


@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_a_ray_that_starts_inside_the_ball_is_sampled_from_its_start(backend):
    origin, direction = torch.tensor([[0.0, 0, 0.5]]), torch.tensor([[0.0, 0, 1]])
    samples = march(torch.zeros(4, 4, 4), origin, direction, step=0.1, backend=backend)
    torch.testing.assert_close(samples.dist, torch.tensor([0.05, 0.15, 0.25, 0.35, 0.45]))
    torch.testing.assert_close(samples.points[:, 2], 0.5 + samples.dist)


def test_a_missing_backend_is_an_error_with_the_fix(rng):
    with pytest.raises(BackendError) as caught:
        composite(*samples(rng), OFFSETS, backend="nerfacc")
    assert "numba" in caught.value.fix
    with pytest.raises(UsageError, match="did you mean 'numba'"):
        composite(*samples(rng), OFFSETS, backend="numbo")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_and_cpu_agree(rng):
    values = samples(rng, torch.float32)
    on_gpu = composite(*(v.cuda() for v in values), OFFSETS.cuda())
    for a, b in zip(on_gpu, composite(*values, OFFSETS), strict=True):
        torch.testing.assert_close(a.cpu(), b, atol=1e-5, rtol=1e-4)
