import math
from itertools import pairwise

import pytest
import torch

from sds3d.errors import BackendError, UsageError
from sds3d.kernels import composite_torch
from sds3d.kernels.backends import problem
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


@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_a_ray_ends_where_its_transmittance_is_below_the_least(backend, rng):
    """Optical depth 1 a sample: T is 1, 0.37, 0.14, 0.05; below 0.1 samples do not count."""
    density, rgb, dist, delta = samples(rng)
    offsets = torch.tensor([0, 6, 10])
    inputs = [torch.ones_like(density), rgb, dist, torch.ones_like(delta)]
    inputs = [v.clone().requires_grad_() for v in inputs]
    out = composite(*inputs, offsets, min_transmittance=0.1, backend=backend)
    torch.testing.assert_close(out[1], torch.full_like(out[1], 1 - math.exp(-3)))
    sum(v.square().sum() for v in out).backward()
    for value in inputs:
        used = value.grad.abs().reshape(10, -1).sum(1) > 0
        assert used.tolist() == [True] * 3 + [False] * 3 + [True] * 3 + [False]


def test_the_torch_version_ends_rays_where_numba_does(rng):
    inputs = samples(rng)
    results = []
    for backend in ("numba", "torch"):
        values = [v.clone().requires_grad_() for v in inputs]
        out = composite(*values, OFFSETS, min_transmittance=0.4, backend=backend)
        sum(v.sin().sum() for v in out).backward()
        results.append([*out, *(v.grad for v in values)])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


def many_rays(rng):
    """The samples of 512 rays through cells of which some are empty and some opaque, in single precision."""
    density_floor = 30 * torch.rand(8, 8, 8, generator=rng) - 15
    origins, directions = rays()
    jitter = torch.rand(len(origins), generator=rng)
    return march(density_floor, origins, directions, step=0.05, jitter=jitter)


def test_blocks_hold_all_rays_in_order_and_at_most_so_many_samples(rng):
    found = many_rays(rng)
    counts = found.offsets.diff()
    for most in (1, 7, 100, 10**6):
        blocks = found.blocks(most)
        assert torch.equal(torch.cat([b.offsets.diff() for b in blocks]), counts)
        assert torch.equal(torch.cat([b.points for b in blocks]), found.points)
        assert torch.equal(torch.cat([b.dist for b in blocks]), found.dist)
        for block in blocks:
            assert len(block.dist) <= most or len(block.offsets) == 2
        for block, following in pairwise(blocks):  # none could hold the next ray too
            assert len(block.dist) + following.offsets[1] > most
    assert len(blocks) == 1


@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_rays_in_blocks_have_the_bits_that_they_have_together(backend, rng):
    found = many_rays(rng)
    density = 20 * torch.rand(len(found.dist), generator=rng)
    rgb = torch.rand(len(found.dist), 3, generator=rng)

    def composited(block, rows):
        delta = torch.full_like(block.dist, block.step)
        out = composite(
            density[rows], rgb[rows], block.dist, delta, block.offsets,
            min_transmittance=1e-2, backend=backend,
        )  # fmt: skip
        return torch.cat([out[0], out[1][:, None], out[2][:, None]], 1)

    together = composited(found, slice(None))
    start = 0
    parts = []
    for block in found.blocks(300):
        parts.append(composited(block, slice(start, start + len(block.dist))))
        start += len(block.dist)
    assert len(parts) > 5
    assert torch.equal(torch.cat(parts), together)


def test_a_march_in_blocks_has_the_bits_of_one_at_once(rng, monkeypatch):
    density_floor = 30 * torch.rand(8, 8, 8, generator=rng) - 15
    origins, directions = rays()
    found = []
    for size in (composite_torch.BLOCK_BYTES, 100_000):
        monkeypatch.setattr(composite_torch, "BLOCK_BYTES", size)
        found.append(march(density_floor, origins, directions, step=0.05, backend="torch"))
    assert torch.equal(found[0].points, found[1].points)
    assert torch.equal(found[0].dist, found[1].dist)
    assert torch.equal(found[0].offsets, found[1].offsets)


def test_a_march_does_not_look_at_more_places_at_once_than_its_bytes_allow(monkeypatch):
    sizes = []
    whole = composite_torch._march

    def counted(density_floor, origin, *more):
        sizes.append(len(origin))
        return whole(density_floor, origin, *more)

    monkeypatch.setattr(composite_torch, "_march", counted)
    origins, directions = rays(1, 512)
    march(torch.full((8, 8, 8), -1.0), origins, directions, step=0.05, backend="torch")
    assert sum(sizes) == 512 * 512
    assert max(sizes) * 41 * composite_torch.BYTES <= composite_torch.BLOCK_BYTES
    assert len(sizes) == math.ceil(512 * 512 / max(sizes))


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


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("backend", ["nerfacc", "torch"])
def test_cuda_ends_rays_where_numba_does(backend, rng):
    if why := problem(backend):
        pytest.skip(f"{backend} is {why}")
    values = samples(rng, torch.float32)
    here = composite(*values, OFFSETS, min_transmittance=0.4)
    there = (v.cuda() for v in values)
    found = composite(*there, OFFSETS.cuda(), min_transmittance=0.4, backend=backend)
    for a, b in zip(found, here, strict=True):
        torch.testing.assert_close(a.cpu(), b, atol=1e-5, rtol=1e-4)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_and_cpu_march_to_the_same_samples(rng):
    density_floor = 30 * torch.rand(8, 8, 8, generator=rng) - 15
    inputs = (density_floor, *rays())
    here = march(*inputs, step=0.05)
    there = march(*(v.cuda() for v in inputs), step=0.05)
    # Points within rounding of a cell's wall may fall on either side.
    assert (there.offsets.cpu().diff() - here.offsets.diff()).abs().sum() <= 20
