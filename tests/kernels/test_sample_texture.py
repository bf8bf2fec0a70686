"""Laws of the texture lookup."""

import pytest
import torch

from sds3d.kernels.fragments import fragments
from sds3d.kernels.interpolate import interpolate, screen_derivatives
from sds3d.kernels.sample_texture import mip_level, pyramid_places, sample_texture
from sds3d.kernels.textures import CLAMP, MIRROR, REPEAT

MODES = pytest.mark.parametrize("mode", [REPEAT, CLAMP, MIRROR], ids=["repeat", "clamp", "mirror"])
BACKENDS = pytest.mark.parametrize("backend", ["numba", "torch"])


def footprints(rng, count, texels, size):
    """Derivatives (count, 2, 2) of uv for samples that step over about `texels` texels of a texture."""
    return torch.randn(count, 2, 2, generator=rng, dtype=torch.float64) * texels / size


@pytest.fixture
def case(rng):
    """(texture (6, 7, 3), uv (40, 2) also outside [0, 1], derivatives over several levels), float64."""
    texture = torch.rand(6, 7, 3, generator=rng, dtype=torch.float64)
    uv = torch.rand(40, 2, generator=rng, dtype=torch.float64) * 4 - 1.5
    return texture, uv, footprints(rng, 40, 2.0, 7)


@BACKENDS
def test_a_texel_is_read_at_its_centre_and_means_between(case, backend):
    texture = case[0]
    rows, cols = torch.meshgrid(torch.arange(6), torch.arange(7), indexing="ij")
    uv = torch.stack([(cols.double() + 0.5) / 7, (rows.double() + 0.5) / 6], -1)
    torch.testing.assert_close(sample_texture(texture, uv, backend=backend), texture)
    between = sample_texture(texture, (uv[:, :-1] + uv[:, 1:]) / 2, backend=backend)
    torch.testing.assert_close(between, (texture[:, 1:] + texture[:, :-1]) / 2)


@BACKENDS
def test_a_level_is_the_mean_of_the_one_before(rng, backend):
    """Samples two and four texels apart read means of 2 x 2 and 4 x 4 texels."""
    texture = torch.rand(8, 16, 2, generator=rng, dtype=torch.float64)
    for step in (2, 4):
        means = texture.unfold(0, step, step).unfold(1, step, step).mean((-1, -2))
        height, width = means.shape[:2]
        rows, cols = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        uv = torch.stack([(cols + 0.5) / width, (rows + 0.5) / height], -1).double()
        derivatives = torch.diag(torch.tensor([step / 16, step / 8])).double()
        derivatives = derivatives.expand(height, width, 2, 2)
        out = sample_texture(texture, uv, derivatives, backend=backend)
        torch.testing.assert_close(out, means)


def test_between_levels_samples_are_linear_in_the_level(case):
    texture, uv, _ = case
    size = torch.tensor([7.0, 6.0], dtype=torch.float64)
    at = [
        sample_texture(texture, uv, torch.diag(2.0**level / size).expand(40, 2, 2))
        for level in (0, 0.25, 1)
    ]
    torch.testing.assert_close(at[1], 0.75 * at[0] + 0.25 * at[2])


def test_the_level_is_that_of_the_longer_step():
    places = pyramid_places(64, 128)
    derivatives = torch.tensor([[8 / 128, 0.0], [0.0, 2 / 64]])  # 8 texels along x, 2 along y
    assert mip_level(derivatives, places) == 3
    assert mip_level(derivatives.flip(1), places) == 3
    assert mip_level(derivatives * 0, places) == 0
    assert mip_level(derivatives * 1e6, places) == len(places) - 1 == 7


@BACKENDS
@MODES
@pytest.mark.parametrize("size", [(1, 1), (1, 5), (6, 7), (8, 8)])
def test_a_constant_is_constant_at_every_place_and_level(rng, size, mode, backend):
    texture = torch.full((*size, 1), 0.7, dtype=torch.float64)
    uv = torch.randn(200, 2, generator=rng, dtype=torch.float64) * 3
    derivatives = footprints(rng, 200, 4.0, 5)
    out = sample_texture(texture, uv, derivatives, wrap=(mode, mode), backend=backend)
    torch.testing.assert_close(out, torch.full_like(out, 0.7))


@BACKENDS
@MODES
@pytest.mark.parametrize("size", [(1, 1), (5, 1), (6, 7), (8, 8)])
def test_the_gradients_of_the_texels_sum_to_those_of_the_samples(rng, size, mode, backend):
    texture = torch.rand(*size, 2, generator=rng, dtype=torch.float64).requires_grad_()
    uv = torch.randn(200, 2, generator=rng, dtype=torch.float64) * 3
    upstream = torch.randn(200, 2, generator=rng, dtype=torch.float64)
    derivatives = footprints(rng, 200, 4.0, 5)
    out = sample_texture(texture, uv, derivatives, wrap=(mode, mode), backend=backend)
    out.backward(upstream)
    torch.testing.assert_close(texture.grad.sum((0, 1)), upstream.sum(0))


@MODES
def test_the_derivatives_pass_finite_differences(case, mode):
    texture, uv, derivatives = case

    def f(t, x):
        return sample_texture(t, x, derivatives, wrap=(mode, mode))

    inputs = (texture.requires_grad_(), uv.requires_grad_())
    assert torch.autograd.gradcheck(f, inputs, eps=1e-7)


@MODES
def test_both_backends_give_the_same_values_and_gradients(case, mode):
    results = []
    for backend in ("numba", "torch"):
        texture, uv = (v.clone().requires_grad_() for v in case[:2])
        out = sample_texture(texture, uv, case[2], wrap=(mode, REPEAT), backend=backend)
        out.square().sum().backward()
        results.append((out.detach(), texture.grad, uv.grad))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_repeated_clamped_and_mirrored_coordinates(case):
    texture, uv, _ = case
    shift = torch.tensor([2.0, -3.0])
    repeated = sample_texture(texture, uv + shift)
    torch.testing.assert_close(repeated, sample_texture(texture, uv))
    half = torch.tensor([0.5 / 7, 0.5 / 6], dtype=torch.float64)
    inside = torch.minimum(torch.maximum(uv, half), 1 - half)
    clamped = sample_texture(texture, uv, wrap=(CLAMP, CLAMP))
    torch.testing.assert_close(clamped, sample_texture(texture, inside))
    mirrored = sample_texture(texture, uv, wrap=(MIRROR, MIRROR))
    torch.testing.assert_close(mirrored, sample_texture(texture, -uv, wrap=(MIRROR, MIRROR)))
    torch.testing.assert_close(mirrored, sample_texture(texture, uv + 2, wrap=(MIRROR, MIRROR)))


def test_one_thread_and_two_give_the_same_bits(rng):
    uv = torch.rand(1001, 2, generator=rng)
    derivatives = footprints(rng, 1001, 3.0, 16).float()
    start = torch.rand(16, 16, 3, generator=rng)
    threads = torch.get_num_threads()
    results = []
    for count in (1, 2):
        torch.set_num_threads(count)
        texture = start.clone().requires_grad_()
        out = sample_texture(texture, uv, derivatives)
        out.square().sum().backward()
        results.append((out.detach(), texture.grad))
    torch.set_num_threads(threads)
    for one, two in zip(*results, strict=True):
        assert torch.equal(one, two)


def test_what_is_not_a_number_stays_so(case):
    texture, uv, derivatives = (v.clone() for v in case)
    uv[3] = torch.nan
    derivatives[5] = torch.nan
    out = sample_texture(texture, uv, derivatives)
    bad = out.isnan().any(-1)
    assert bad.nonzero().flatten().tolist() == [3, 5]


def test_a_chequered_floor_is_grey_in_the_distance():
    """A plane to the horizon: with its levels, far pixels show the mean; without, they alias."""
    size = 64
    x, z = torch.meshgrid(torch.tensor([-80.0, 80.0]), torch.tensor([0.7, 80.0]), indexing="ij")
    x, z = x.flatten(), z.flatten()
    screen = torch.stack([32 + 40 * x / z, 8 + 40 / z, z], -1)[None]
    faces = torch.tensor([[0, 1, 2], [1, 3, 2]])
    uv = torch.stack([x, z], -1)
    texture = (torch.arange(2)[:, None] == torch.arange(2)).float()[..., None]
    texture = texture.repeat_interleave(8, 0).repeat_interleave(8, 1)
    seen = fragments(screen, faces, size, size)
    assert seen.mask[0, 12:].all()
    at = interpolate(uv, faces, seen)
    steps = screen_derivatives(uv, faces, screen, faces, seen.face)
    far = slice(9, 12)
    contrast = [sample_texture(texture, at, d)[0, far].std() for d in (steps, None)]
    assert contrast[0] < 0.05
    assert contrast[1] > 0.3
    near = sample_texture(texture, at, steps)[0, 44:]
    assert near.std() > 0.3


def test_a_texture_is_recovered_from_its_renders(rng):
    """Four oblique views of a square, read with mip levels: from grey to within 0.02 of every texel."""
    texture = torch.rand(12, 12, 3, generator=rng)
    uv = torch.tensor([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    corners = torch.tensor([[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    tilt = torch.tensor([[0.3, 0.2], [-0.4, 0.1], [0.1, -0.5], [0.0, 0.0]])
    z = 2.2 + (tilt[:, None] * corners[None, :, :2]).sum(-1)
    screen = torch.cat([20 + 36 * corners[None, :, :2] / z[..., None], z[..., None]], -1)
    seen = fragments(screen, faces, 40, 40)
    at = interpolate(uv, faces, seen)
    steps = screen_derivatives(uv, faces, screen, faces, seen.face)
    target = sample_texture(texture, at, steps, wrap=(CLAMP, CLAMP))
    found = torch.full_like(texture, 0.5).requires_grad_()
    optimizer = torch.optim.Adam([found], lr=0.05)
    for _ in range(150):
        error = sample_texture(found, at, steps, wrap=(CLAMP, CLAMP)) - target
        loss = (error * seen.mask[..., None]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (found - texture).abs().max() < 0.02
