"""Laws of the splat rasteriser."""

import math

import pytest
import torch

from sds3d.kernels.splat import blend, project, rotations, splat
from sds3d.views.cameras import orbit

SIZE = 20


def gaussians(count, rng, dtype=torch.float64):
    def draw(*shape):
        return torch.rand(*shape, generator=rng, dtype=dtype)

    return [
        draw(count, 3) - 0.5,
        draw(count, 4) - 0.5,
        0.05 + 0.15 * draw(count, 3),
        0.1 + 0.8 * draw(count),
        draw(count, 3),
    ]


def reference(means, quats, scales, opacities, colors, cameras, b):
    """Pixel by pixel and Gaussian by Gaussian, from the definition."""
    center, conic, z, fade = project(means, quats, scales, cameras)
    out = torch.zeros(cameras.height, cameras.width, 5, dtype=means.dtype)
    for row in range(cameras.height):
        for col in range(cameras.width):
            light = 1.0
            for n in z[b].argsort().tolist():
                if light < 1e-4:
                    break
                d = torch.tensor([col + 0.5, row + 0.5], dtype=means.dtype) - center[b, n]
                a, c, e = conic[b, n].tolist()
                q = (a * d[0] ** 2 + e * d[1] ** 2) / 2 + c * d[0] * d[1]
                alpha = (opacities[n] * fade[b, n] * torch.exp(-q)).item()
                if alpha < 1 / 255:
                    continue
                alpha = min(alpha, 0.999)
                value = torch.cat([colors[n], torch.ones(1), z[b, n : n + 1]])
                out[row, col] += light * alpha * value
                light *= 1 - alpha
    return out


def test_images_match_a_loop_over_pixels_and_gaussians(rng):
    g, cameras = gaussians(12, rng), orbit(2, 12, elevation_deg=20)
    rgb, alpha, depth, _ = splat(*g, cameras)
    for b in range(2):
        expected = reference(*g, cameras, b)
        ours = torch.cat([rgb[b], alpha[b, ..., None], depth[b, ..., None]], -1)
        torch.testing.assert_close(ours, expected, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("views", [1, 3])
def test_images_and_gradients_match_the_torch_version(views, rng):
    g, cameras = gaussians(60, rng), orbit(views, SIZE, elevation_deg=20)
    results = []
    for backend in ("numba", "torch"):
        leaves = [v.clone().requires_grad_() for v in g]
        rgb, alpha, depth, _ = splat(*leaves, cameras, backend=backend)
        (rgb.square().sum() + alpha.cos().sum() + depth.sin().sum()).backward()
        results.append([rgb.detach(), alpha.detach(), depth.detach(), *(v.grad for v in leaves)])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-8, rtol=1e-6)


def test_the_backward_is_the_derivative(rng):
    """Gaussians wide enough that no pixel crosses the cut at 1/255 within the step."""
    means, quats, scales, _, colors = gaussians(4, rng)
    g = [means * 0.3, quats, scales + 0.8, torch.full((4,), 0.5, dtype=torch.float64), colors]
    g = [v.requires_grad_() for v in g]
    cameras = orbit(2, 5)
    assert torch.autograd.gradcheck(lambda *a: splat(*a, cameras)[:3], g, eps=1e-6, atol=1e-5)


def test_a_round_gaussian_has_the_profile_of_its_formula():
    """On the axis: alpha = opacity sqrt(fade) exp(-r^2 / 2 s^2) with s its standard deviation in pixels."""
    cameras = orbit(1, 41, elevation_deg=0)
    one = torch.ones(1, dtype=torch.float64)
    scale, opacity = 0.2, 0.8
    _, alpha, depth, _ = splat(
        torch.zeros(1, 3, dtype=torch.float64),
        torch.tensor([[1.0, 0, 0, 0]], dtype=torch.float64),
        scale * one.expand(1, 3),
        opacity * one,
        one.expand(1, 3),
        cameras,
    )
    focal = cameras.K[0, 0, 0].item()
    raw = (scale * focal / 3) ** 2
    variance = raw + 0.3
    for offset in (0, 3, 6):
        expected = opacity * raw / variance * math.exp(-(offset**2) / 2 / variance)
        assert alpha[0, 20, 20 + offset].item() == pytest.approx(expected, rel=1e-5)
    assert (depth / alpha)[0, 20, 20].item() == pytest.approx(3.0)


def test_quaternions_of_any_length_act_as_rotations(rng):
    quats = torch.randn(20, 4, generator=rng, dtype=torch.float64)
    R = rotations(quats)
    torch.testing.assert_close(R @ R.transpose(1, 2), torch.eye(3, dtype=R.dtype).expand_as(R))
    torch.testing.assert_close(torch.linalg.det(R), torch.ones(20, dtype=R.dtype))
    torch.testing.assert_close(rotations(3 * quats), R)
    quarter = rotations(torch.tensor([[math.sqrt(0.5), 0, 0, math.sqrt(0.5)]]))
    torch.testing.assert_close(quarter[0] @ torch.tensor([1.0, 0, 0]), torch.tensor([0, 1.0, 0]))


def test_the_order_of_the_gaussians_does_not_matter(rng):
    g, cameras = gaussians(30, rng), orbit(1, SIZE)
    turned = [v.flip(0) for v in g]
    for a, b in zip(splat(*g, cameras)[:3], splat(*turned, cameras)[:3], strict=True):
        torch.testing.assert_close(a, b)


def test_gaussians_behind_the_camera_are_not_seen(rng):
    g, cameras = gaussians(5, rng), orbit(1, SIZE)
    g[0] = g[0] + torch.tensor([0.0, 0.0, 6.0], dtype=torch.float64)
    assert not splat(*g, cameras)[1].any()


def test_the_same_image_is_reproduced_bit_for_bit(rng):
    g, cameras = gaussians(50, rng, torch.float32), orbit(2, SIZE)
    leaves = [[v.clone().requires_grad_() for v in g] for _ in range(2)]
    for row in leaves:
        sum(v.square().sum() for v in splat(*row, cameras)[:3]).backward()
    for a, b in zip(*leaves, strict=True):
        assert torch.equal(a.grad, b.grad)
    whole = splat(*g, cameras)[0]
    alone = torch.cat([splat(*g, cameras[i : i + 1])[0] for i in range(2)])
    torch.testing.assert_close(whole, alone, atol=1e-6, rtol=1e-5)


def test_blend_of_two_opaque_layers_shows_the_nearer(rng):
    center = torch.full((1, 2, 2), 2.5)
    conic = torch.tensor([[[1e-4, 0, 1e-4]]]).expand(1, 2, 3)
    feature, z = torch.tensor([[[1.0], [5.0]]]), torch.tensor([[3.0, 2.0]])
    out = blend(center, conic, torch.full((1, 2), 0.9), feature, z, (5, 5), "numba")
    assert out[0, 2, 2, 0].item() == pytest.approx(0.9 * 5 + 0.1 * 0.9 * 1, rel=1e-3)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_gsplat_agrees_with_numba(rng):
    g, cameras = gaussians(200, rng, torch.float32), orbit(2, 64)
    device = torch.device("cuda")
    ours = splat(*g, cameras, backend="numba")
    theirs = splat(*(v.to(device) for v in g), cameras.to(device), backend="gsplat")
    for a, b in zip(ours[:3], theirs[:3], strict=True):
        torch.testing.assert_close(a, b.cpu(), atol=2e-2, rtol=2e-2)
