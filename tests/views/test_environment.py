"""Laws of surfaces under light from all around: the BRDF, its tables, the split sum against the integral."""

import math

import pytest
import torch
import torch.nn.functional as F

from sds3d.errors import UsageError
from sds3d.mesh import color
from sds3d.views import srgb
from sds3d.views.brdf import brdf, ggx, half_vectors, lattice, lobe, reflectance, schlick
from sds3d.views.cameras import turn_about_y
from sds3d.views.environment import (
    ENVIRONMENTS,
    WHITE,
    Environment,
    directions,
    environment,
    environment_of,
)

ALBEDO = (0.7, 0.5, 0.3)
ROUGHNESS = (0.1, 0.3, 0.5, 0.75, 1.0)


def random_directions(count, seed=0, dtype=torch.float32):
    rng = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(count, 3, generator=rng, dtype=dtype), dim=-1)


def frames(n):
    """(N, 3, 3) rotations whose last columns are the unit n."""
    side = F.normalize(torch.linalg.cross(n, n.roll(1, -1) + torch.tensor([0.3, 0.1, 0.2])), dim=-1)
    return torch.stack([side, torch.linalg.cross(n, side), n], -1)


def around_z(uniform):
    """Directions with density cos / pi."""
    cosine, angle = (1 - uniform[..., 0]).sqrt(), 2 * math.pi * uniform[..., 1]
    sine = uniform[..., 0].sqrt()
    return torch.stack([sine * angle.cos(), sine * angle.sin(), cosine], -1)


def integral(radiance, n, v, albedo, metallic, roughness, samples):
    """Monte Carlo of the integral of f L (n . l): cosine and half-vector samples, balance heuristic."""
    a = torch.tensor(roughness**2)
    uniform = lattice(samples) + torch.rand(
        len(n), 1, 2, generator=torch.Generator().manual_seed(1)
    )
    frame = frames(n)
    diffuse = torch.einsum("nij,nkj->nki", frame, around_z(uniform % 1))
    half = torch.einsum("nij,nkj->nki", frame, half_vectors((uniform + 0.37) % 1, a))
    glossy = 2 * (v[:, None] * half).sum(-1, keepdim=True) * half - v[:, None]
    light = torch.cat([diffuse, glossy], 1)
    n, v = n[:, None].expand_as(light), v[:, None].expand_as(light)
    half = F.normalize(light + v, dim=-1)
    n_l, n_h, v_h = ((p * q).sum(-1).clamp_min(0) for p, q in ((n, light), (n, half), (v, half)))
    density = (n_l / math.pi + ggx(n_h, a) * n_h / (4 * v_h).clamp_min(1e-6)) / 2
    f = brdf(n, v, light, *spread(light.shape[:-1], albedo, metallic, roughness))
    weight = n_l / density.clamp_min(1e-9)
    return (f * radiance(light) * weight[..., None] * (n_l > 0)[..., None]).mean(1)


def spread(shape, albedo, metallic, roughness):
    return (
        torch.tensor(albedo).expand(*shape, 3),
        torch.full(shape, metallic),
        torch.full(shape, roughness),
    )


def ball(count):
    """Normals on the visible half of a ball, uniform on its image, for six sides: [(n, v)]."""
    u = lattice(count)
    r, angle = u[:, 0].sqrt(), 2 * math.pi * u[:, 1]
    n = torch.stack([r * angle.cos(), r * angle.sin(), (1 - r**2).sqrt()], -1)
    v = torch.tensor([0.0, 0.0, 1.0]).expand_as(n)
    tilt = torch.tensor([[1.0, 0, 0], [0, 0.955, 0.296], [0, -0.296, 0.955]])
    turns = [turn_about_y(deg, n) @ tilt for deg in range(0, 360, 60)]
    return [(n @ turn.T, v @ turn.T) for turn in turns]


def test_ggx_s_microfacets_cover_the_surface_once():
    uniform = lattice(1 << 16)
    for a in (0.04, 0.25, 1.0):
        # The samples have the density D cos: the mean of 1 over it is the solid angle of the hemisphere.
        h = half_vectors(uniform, torch.tensor(a))
        mean = (uniform[:, 0] < 0.5).float().mean()
        middle = h[uniform[:, 0] < 0.5, 2].min()
        grid = torch.linspace(float(middle), 1, 200_001, dtype=torch.float64)
        inside = torch.trapezoid(2 * math.pi * ggx(grid, torch.tensor(a)) * grid, grid)
        assert float(inside) == pytest.approx(float(mean), rel=2e-3)


def test_the_brdf_is_the_same_both_ways_and_dark_below_the_surface():
    n, v, light = (random_directions(500, seed) for seed in range(3))
    v, light = (torch.where((x * n).sum(-1, keepdim=True) < 0, -x, x) for x in (v, light))
    surface = spread((500,), ALBEDO, 0.3, 0.4)
    there, back = brdf(n, v, light, *surface), brdf(n, light, v, *surface)
    torch.testing.assert_close(there, back, rtol=1e-4, atol=0)
    assert (brdf(n, v, -light, *surface) == 0).all()


def test_no_metal_sends_back_more_light_than_it_gets():
    n_v = torch.linspace(0.02, 1, 50)
    for roughness in torch.linspace(0, 1, 11):
        found = lobe(n_v, roughness.expand(50))
        assert (found.a + found.b <= 1.005).all()  # F0 = 1
    mirror = lobe(n_v, torch.zeros(50))
    torch.testing.assert_close(mirror.a + mirror.b, torch.ones(50), rtol=0, atol=0.01)
    torch.testing.assert_close(mirror.b, schlick(n_v), rtol=0, atol=0.02)


@pytest.mark.parametrize("metallic", [0.0, 1.0])
@pytest.mark.parametrize("roughness", [0.15, 0.5, 1.0])
def test_under_an_equal_light_from_everywhere_the_split_sum_is_the_integral(metallic, roughness):
    light = torch.tensor([0.9, 1.0, 1.3])
    white = environment_of(light.expand_as)
    for n, v in ball(60):
        expected = integral(light.expand_as, n, v, ALBEDO, metallic, roughness, 2048)
        found = white.lit(*spread((60,), ALBEDO, metallic, roughness), n, v)
        torch.testing.assert_close(found, expected, rtol=0.02, atol=0.004)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_ball_is_as_bright_as_the_integral_says(name):
    # The mean over the ball's image and six sides, of each colour; a single point may differ by more.
    light = environment(name)
    flat = torch.zeros(96 * 512)
    for metallic in (0.0, 0.5, 1.0):
        for roughness in ROUGHNESS:
            found, expected = [], []
            for n, v in ball(96):
                surface = spread((96,), ALBEDO, metallic, roughness)
                found.append(light.lit(*surface, n, v))
                expected.append(
                    integral(
                        lambda d: light.blurred(d.reshape(-1, 3), flat).reshape(d.shape),
                        *(n, v, ALBEDO, metallic, roughness, 256),
                    )
                )
            ours, truth = torch.cat(found).mean(0), torch.cat(expected).mean(0)
            assert (ours / truth - 1).abs().max() < 0.03, (metallic, roughness)


def test_a_mirror_shows_the_environment_and_a_metal_has_no_colour_but_its_reflection():
    light = environment("room")
    n, v = ball(200)[1]
    albedo = torch.full((200, 3), 0.9)
    ones, zeros = torch.ones(200), torch.zeros(200)
    found = light.lit(albedo, ones, zeros, n, v)
    n_v = (n * v).sum(-1, keepdim=True)
    seen = light.blurred(2 * n_v * n - v, zeros)
    fresnel = 0.9 + 0.1 * schlick(n_v)
    inner = n_v[:, 0] > 0.2
    torch.testing.assert_close(found[inner], (fresnel * seen)[inner], rtol=0.06, atol=0.02)
    black = light.lit(torch.zeros(200, 3), ones, zeros + 0.5, n, v)
    assert (black[inner] < 0.35 * light.lit(albedo, ones, zeros + 0.5, n, v)[inner]).all()


def test_the_light_of_a_matte_white_surface_is_the_irradiance():
    light = environment("studio")
    n = random_directions(300)
    flat = directions().reshape(-1, 3)
    sine = (1 - flat[:, 1] ** 2).sqrt()
    weight = (n @ flat.T).clamp_min(0) * sine
    expected = weight @ light.blurred(flat, torch.zeros(len(flat))) / weight.sum(1, keepdim=True)
    torch.testing.assert_close(light.diffuse(n), expected, rtol=0.02, atol=0.01)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_all_environments_are_equally_bright_and_nowhere_dark(name):
    light = environment(name)
    d = directions()
    weight = (1 - d[..., 1] ** 2).sqrt()
    mean = (light.specular[:, 0] * weight).sum((1, 2)) / weight.sum()
    assert float(mean.mean()) == pytest.approx(WHITE, rel=1e-4)
    assert (light.specular > 0).all()
    assert (light.irradiance > 0.1).all()


def test_a_turned_environment_lights_a_turned_surface_as_before():
    light = environment("sky")
    n, v = ball(100)[0]
    surface = spread((100,), ALBEDO, 0.5, 0.3)
    turn = turn_about_y(73.0, n)
    found = light.rotated(73.0).lit(*surface, n @ turn.T, v @ turn.T)
    torch.testing.assert_close(found, light.lit(*surface, n, v), rtol=1e-3, atol=1e-3)


def test_a_light_from_the_left_shines_on_the_left():
    light = environment_of(lambda d: (8 * (d[..., :1] - 1)).exp().expand_as(d))  # +X
    n = torch.tensor([[1.0, 0, 0], [0, 0, 1], [-1, 0, 0]])
    right, front, left = light.diffuse(n)[:, 0]
    assert right > 2 * front > 4 * left
    turned = light.rotated(90).diffuse(n)  # +X goes to -Z
    torch.testing.assert_close(turned[0], light.diffuse(n)[1], rtol=1e-3, atol=1e-4)


def test_gradients_are_those_of_finite_differences():
    light = environment("studio")
    doubled = Environment(light.specular.double(), light.irradiance.double())
    n, v = (x[3:15].double() for x in ball(40)[0])
    albedo = torch.rand(12, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    metallic = torch.linspace(0.1, 0.9, 12, dtype=torch.float64)
    roughness = torch.linspace(0.213, 0.871, 12, dtype=torch.float64)
    inputs = [x.requires_grad_() for x in (albedo, metallic, roughness, n)]
    assert torch.autograd.gradcheck(lambda *x: doubled.lit(*x, v), inputs, eps=1e-7, atol=1e-4)


def test_metals_reflect_their_colour_and_others_four_percent():
    albedo = torch.tensor([ALBEDO, ALBEDO])
    found = reflectance(albedo, torch.tensor([0.0, 1.0]))
    torch.testing.assert_close(found, torch.tensor([[0.04] * 3, ALBEDO]))


def test_an_unknown_environment_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match=r"'studo'.*studio"):
        environment("studo")


def test_srgb_of_tensors_is_that_of_the_files():
    values = torch.linspace(0, 1, 1001, dtype=torch.float64, requires_grad=True)
    light = srgb.linear(values)
    expected = torch.from_numpy(color.linear(values.detach().numpy())).double()
    torch.testing.assert_close(light, expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(srgb.encoded(light), values, rtol=0, atol=1e-6)
    light.sum().backward()
    assert torch.isfinite(values.grad).all()
