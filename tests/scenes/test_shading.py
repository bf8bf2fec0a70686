"""Laws of light on fields of density and colour, and of their normals."""

import pytest
import torch
from box import make
from torch.nn.functional import normalize

from sds3d.kernels.composite import Samples
from sds3d.scenes import volume
from sds3d.scenes.fields import Blob, Field, HashField, TriplaneField
from sds3d.scenes.particles import Particles
from sds3d.scenes.scene import Shadable
from sds3d.scenes.volume import VolumeScene, averted_along_rays, normal_along_rays
from sds3d.views.cameras import orbit, turn_about_y
from sds3d.views.shading import Shading

RADIUS = 0.6
BLOB = Blob(density=6.0, radius=0.5, scale=3.0)


class Ellipsoid(Field):
    """An opaque ellipsoid with a soft rim, in a colour that depends on the point, turned about the y axis."""

    def __init__(self, axes=(RADIUS, RADIUS, RADIUS), turn_deg=0.0, rim=0.01):
        torch.nn.Module.__init__(self)
        self.axes = torch.nn.Parameter(torch.tensor(axes))
        self.turn = turn_about_y(turn_deg, self.axes.detach())
        self.rim = rim

    def encode(self, x):
        raise NotImplementedError

    def groups(self):
        return {"axes": [self.axes]}

    def density(self, x):
        return 150 * torch.sigmoid(
            (1 - (x @ self.turn / self.axes).norm(dim=-1)) * RADIUS / self.rim
        )

    def forward(self, x):
        return self.density(x), 0.5 + 0.4 * torch.sin(3 * (x @ self.turn))


def scene_of(field, step=0.01):
    return VolumeScene(field, step=step, grid=48, refresh=8, empty=0.001)


def lit(cameras, ambient=0.1, diffuse=0.9, surface="white"):
    """A light beside and above each camera."""
    side = cameras.position + 1.2 * cameras.c2w[:, :3, 0] + torch.tensor([0.0, 0.8, 0.0])
    return Shading(0.5 * side, ambient, diffuse, surface)


def shaded(scene, cameras, look, *, normals=False, background=0.0):
    behind = torch.full((len(cameras), 3), background)
    return scene.render_shaded(cameras, behind, None, look, normals=normals)


def hit(cameras):
    """(points where the pixels see a ball of RADIUS, whether they do), by the quadratic formula."""
    origin, direction = cameras.rays()
    middle = -(origin * direction).sum(-1)
    square = RADIUS**2 - (origin.square().sum(-1) - middle**2)
    return origin + (middle - square.clamp_min(0).sqrt())[..., None] * direction, square > 0


def test_a_ball_under_a_point_light_is_lamberts_image():
    cameras = orbit(2, 40, elevation_deg=20)
    look = lit(cameras)
    with torch.no_grad():
        render = shaded(scene_of(Ellipsoid()), cameras, look, normals=True)
    point, seen = hit(cameras)
    to_light = normalize(look.light[:, None, None] - point, dim=-1)
    expected = 0.1 + 0.9 * (normalize(point, dim=-1) * to_light).sum(-1).clamp_min(0)
    _, direction = cameras.rays()
    inner = seen & ((normalize(point, dim=-1) * direction).sum(-1) < -0.3)
    assert inner.sum() > 400
    error = (render.rgb[..., 0] - expected)[inner].abs()
    assert error.mean() < 0.015  # what is seen lies within the soft rim, not on the ball
    assert error.max() < 0.06
    assert expected[inner].min() < 0.15  # part of it lies in shadow
    assert (render.normal - normalize(point, dim=-1))[inner].norm(dim=-1).max() < 0.1
    assert not render.normal[render.alpha < 0.5].any()


@pytest.mark.parametrize("kind", ["hash", "triplane"])
def test_the_normal_of_a_field_is_the_direction_in_which_its_density_falls(kind, rng):
    torch.manual_seed(0)
    if kind == "hash":
        field = HashField(
            levels=2,
            features=2,
            log2_table=10,
            base_resolution=3,
            max_resolution=6,
            width=8,
            blob=BLOB,
        )
        with torch.no_grad():
            field.table.mul_(100)
    else:
        field = TriplaneField(channels=4, plane_resolution=6, width=8, blob=BLOB)
    x = (1.4 * torch.rand(400, 3, generator=rng) - 0.7).requires_grad_()
    (gradient,) = torch.autograd.grad(field.density(x).sum(), x)
    with torch.no_grad():
        found = field.normal(x, 0.002)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(400))
    cosine = (found * normalize(-gradient, dim=1)).sum(1)
    assert cosine.quantile(0.1) > 0.999  # but for kinks between the two points
    ball, x = Ellipsoid(rim=0.05), x[x.norm(dim=1) > 0.2]
    torch.testing.assert_close(ball.normal(x, 0.01), normalize(x, dim=1), atol=2e-3, rtol=0)


def small(dtype=torch.float64):
    torch.manual_seed(0)
    scene = volume.NerfScene(
        levels=2,
        features=1,
        log2_table=4,
        base_resolution=2,
        max_resolution=4,
        width=4,
        blob_density=4.0,
        blob_radius=0.5,
        density_scale=3.0,
        step=0.2,
        grid=8,
        refresh=8,
        empty=0.0,
    )
    with torch.no_grad():
        scene.field.table.mul_(30)
    return scene.to(dtype)


def in_double(cameras):
    return type(cameras)(cameras.c2w.double(), cameras.K.double(), cameras.height, cameras.width)


class Shown(torch.nn.Module):
    """The images of a scene as a function of its parameters."""

    def __init__(self, scene, cameras, look):
        super().__init__()
        self.scene, self.cameras, self.look = scene, cameras, look

    def forward(self):
        black = torch.zeros(1, 3, dtype=torch.float64)
        render = self.scene.render_shaded(self.cameras, black, None, self.look, normals=True)
        return render.rgb, render.normal


@pytest.mark.parametrize("surface", ["albedo", "white", "normal"])
def test_the_gradient_of_shaded_images_and_of_their_normals_is_exact(surface):
    cameras = in_double(orbit(1, 3))
    shown = Shown(small(), cameras, lit(cameras, surface=surface))
    names = ["scene.field.table", "scene.field.hidden.weight", "scene.field.head.weight"]
    values = [shown.get_parameter(n).detach().clone().requires_grad_() for n in names]

    def render(*values):
        return torch.func.functional_call(shown, dict(zip(names, values, strict=True)), ())

    assert torch.autograd.gradcheck(render, values, eps=1e-6, atol=1e-5)


def test_ambient_light_alone_is_the_plain_render_bit_for_bit():
    scene, cameras, background = make("nerf"), orbit(2, 16), torch.rand(2, 3)
    plain = scene.render(cameras, background, torch.Generator().manual_seed(1))
    plain.rgb.square().sum().backward()
    expected = [p.grad.clone() for p in scene.parameters()]
    look = Shading(cameras.position)
    for normals in (False, True):
        scene.zero_grad()
        rng = torch.Generator().manual_seed(1)
        found = scene.render_shaded(cameras, background, rng, look, normals=normals)
        for name in ("rgb", "alpha", "depth", "z_variance"):
            assert torch.equal(getattr(found, name), getattr(plain, name))
        found.rgb.square().sum().backward()
        assert all(
            torch.equal(p.grad, g) for p, g in zip(scene.parameters(), expected, strict=True)
        )
        assert (found.averted is None) != normals


def test_images_do_not_change_when_scene_light_and_camera_turn_together():
    angle, axes = 37.0, (0.7, 0.5, 0.35)
    cameras = orbit(2, 24, elevation_deg=15)
    look = lit(cameras, surface="albedo")
    with torch.no_grad():
        still = shaded(scene_of(Ellipsoid(axes)), cameras, look, normals=True)
        scene = scene_of(Ellipsoid(axes, turn_deg=angle))
        moved = shaded(scene, cameras.rotated(angle), look.rotated(angle), normals=True)
    inner = still.alpha > 0.999
    assert inner.sum() > 200
    assert (moved.rgb - still.rgb)[inner].abs().max() < 0.01
    turned = still.normal @ turn_about_y(angle, still.normal).T
    assert (moved.normal - turned)[inner].norm(dim=-1).max() < 0.02
    # the light did matter: it is not the image of another one
    other = shaded(scene_of(Ellipsoid(axes)), cameras, look.rotated(90.0))
    assert (other.rgb - still.rgb)[inner].abs().max() > 0.2


def test_samples_behind_an_opaque_surface_need_no_normals(monkeypatch):
    scene, cameras = scene_of(Ellipsoid(), step=0.02), orbit(1, 16)
    look = lit(cameras, surface="albedo")
    scene.bytes_per_sample(look)  # once, before the samples of renders are counted

    def images():
        scene.zero_grad()
        rgb = shaded(scene, cameras, look).rgb
        rgb.square().sum().backward()
        return rgb.detach(), scene.field.axes.grad.clone()

    counts = []

    def count(x, distance):
        counts.append(len(x))
        return Ellipsoid.normal(scene.field, x, distance)

    monkeypatch.setattr(scene.field, "normal", count)
    scene.occupancy.density_floor.zero_()
    fast = images()
    monkeypatch.setattr(
        volume, "reached_by_light", lambda density, samples: torch.ones_like(density).bool()
    )
    slow = images()
    assert torch.equal(fast[0], slow[0])
    torch.testing.assert_close(fast[1], slow[1])
    assert len(counts) == 2
    assert counts[0] < 0.7 * counts[1]


def rays(rng):
    offsets = torch.tensor([0, 4, 4, 7])
    points = torch.zeros(7, 3, dtype=torch.float64)
    dist = torch.rand(7, generator=rng, dtype=torch.float64)
    density = (5 * torch.rand(7, generator=rng, dtype=torch.float64)).requires_grad_()
    normal = normalize(torch.randn(7, 3, generator=rng, dtype=torch.float64), dim=1)
    return Samples(points, dist, offsets, 0.3), density, normal.requires_grad_()


def weights(density, start, stop, step):
    before = torch.cat([density.new_zeros(1), (step * density[start:stop]).cumsum(0)])
    return torch.exp(-before[:-1]) - torch.exp(-before[1:])


def test_the_normal_of_a_ray_is_the_direction_of_the_weighted_sum(rng):
    samples, density, normal = rays(rng)
    found = normal_along_rays(density, normal, samples)
    for ray, (start, stop) in enumerate(((0, 4), (4, 4), (4, 7))):
        w = weights(density, start, stop, 0.3)
        expected = normalize((w[:, None] * normal[start:stop]).sum(0), dim=0)
        torch.testing.assert_close(found[ray], expected)
    assert torch.autograd.gradcheck(
        lambda d, n: normal_along_rays(d, n, samples), (density, normal)
    )


def test_what_faces_away_counts_by_its_squared_cosine_and_a_weight_that_is_held(rng):
    samples, density, normal = rays(rng)
    directions = normalize(torch.randn(3, 3, generator=rng, dtype=torch.float64), dim=1)
    found = averted_along_rays(density, normal, samples, directions)
    expected = []
    for ray, (start, stop) in enumerate(((0, 4), (4, 4), (4, 7))):
        w = weights(density, start, stop, 0.3).detach()
        cosine = normal[start:stop] @ directions[ray]
        expected.append((w * cosine.clamp_min(0).square()).sum())
    expected = torch.stack(expected)
    torch.testing.assert_close(found, expected)
    assert found[1] == 0
    g = [torch.autograd.grad(x.sum(), normal, retain_graph=True)[0] for x in (found, expected)]
    torch.testing.assert_close(*g)
    assert torch.autograd.grad(found.sum(), density, allow_unused=True)[0] is None


def test_the_orientation_penalty_is_the_mean_over_the_rays_that_meet_something():
    cameras = orbit(1, 24)
    outside, inside = Ellipsoid(), Ellipsoid()
    inside.density = lambda x: 3.0 * x.norm(dim=-1) * (x.norm(dim=-1) < RADIUS)  # denser outwards
    found = {}
    for name, field in {"outside": outside, "inside": inside}.items():
        scene = scene_of(field)
        with torch.no_grad():
            render = shaded(scene, cameras, None, normals=True)
        penalty = scene.regularizers(render)["orient"]
        seen = render.alpha > 0
        assert 0 < seen.sum() < seen.numel()
        torch.testing.assert_close(penalty, render.averted[seen].mean())
        found[name] = penalty.item()
    assert found["outside"] < 0.02
    assert found["inside"] > 0.1  # the near half of a shell that is densest outside faces away


def test_each_view_is_lit_by_its_own_light():
    scene, cameras = scene_of(Ellipsoid(), step=0.03), orbit(2, 12)
    look = lit(cameras)
    with torch.no_grad():
        both = shaded(scene, cameras, look)
        for i in range(2):
            one = shaded(
                scene, cameras[i : i + 1], Shading(look.light[i : i + 1], 0.1, 0.9, "white")
            )
            torch.testing.assert_close(one.rgb[0], both.rgb[i], atol=1e-5, rtol=1e-4)
        crossed = shaded(scene, cameras, Shading(look.light.flip(0), 0.1, 0.9, "white"))
    assert (crossed.rgb - both.rgb).abs().max() > 0.2


def test_textureless_images_move_the_density_and_not_the_colours():
    scene, cameras = make("nerf"), orbit(1, 16)
    shaded(scene, cameras, lit(cameras)).rgb.square().sum().backward()
    gradient = scene.field.head.weight.grad
    assert gradient[0].abs().sum() > 0
    assert not gradient[1:].any()


def test_white_in_ambient_light_alone_is_the_silhouette():
    """Consistent3D's textureless images: ambient 1, no point light."""
    scene, cameras = scene_of(Ellipsoid(), step=0.03), orbit(1, 16)
    with torch.no_grad():
        render = shaded(scene, cameras, Shading(cameras.position, 1.0, 0.0, "white"))
        torch.testing.assert_close(render.rgb, render.alpha[..., None].expand(-1, -1, -1, 3))
        dim = shaded(scene, cameras, Shading(cameras.position, 0.25, 0.0, "white"))
        torch.testing.assert_close(dim.rgb, render.rgb / 4)


def test_particles_are_shaded_as_the_scene_that_is_drawn():
    torch.manual_seed(0)
    scenes = [make("triplane"), make("triplane")]
    with torch.no_grad():
        next(scenes[1].parameters()).add_(0.3)
    particles, cameras = Particles(scenes), orbit(1, 12)
    look, black = lit(cameras, surface="albedo"), torch.zeros(1, 3)
    seen = set()
    for seed in range(6):
        rng = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            found = particles.render_shaded(cameras, black, rng, look, normals=True)
        seen.add(particles.drawn)
        again = torch.Generator().manual_seed(seed)
        torch.randint(2, (), generator=again)
        with torch.no_grad():
            alone = scenes[particles.drawn].render_shaded(cameras, black, again, look, normals=True)
        assert torch.equal(found.rgb, alone.rgb)
    assert seen == {0, 1}
    splats = Particles([make("splats")])
    with pytest.raises(TypeError, match="SplatScene cannot be shaded"):
        splats.render_shaded(cameras, black, None, look, normals=False)
    assert isinstance(scenes[0], Shadable)
    assert not isinstance(make("splats"), Shadable)
