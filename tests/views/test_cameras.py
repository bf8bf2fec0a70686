"""Laws of cameras and of the images' geometry."""

import pytest
import torch

from sds3d.scenes.render import bumpiness, normal_from_depth, over
from sds3d.views.cameras import dome, look_at_origin, orbit, random_views


def camera(azimuth, elevation=0.0, size=33):
    angles = (torch.tensor([float(x)]) for x in (azimuth, elevation, 3.0, 40.0))
    return look_at_origin(*angles, size, size)


def project(cameras, point):
    p = cameras.w2c[0, :3, :3] @ torch.tensor(point) + cameras.w2c[0, :3, 3]
    q = cameras.K[0] @ p
    return (q[:2] / q[2]).tolist()


def test_the_camera_at_azimuth_zero_looks_at_the_front_with_plus_x_on_the_right_and_y_up():
    front = camera(0)
    assert front.position[0].tolist() == pytest.approx([0, 0, 3])
    center = 33 / 2
    assert project(front, [0.0, 0.0, 0.0]) == pytest.approx([center, center])
    right, up = project(front, [0.5, 0.0, 0.0]), project(front, [0.0, 0.5, 0.0])
    assert right[0] > center
    assert up[1] < center


def test_the_camera_at_azimuth_ninety_is_on_plus_x():
    assert camera(90).position[0].tolist() == pytest.approx([3, 0, 0], abs=1e-5)


@pytest.mark.parametrize(("azimuth", "elevation"), [(10, -20), (100, 30), (-150, 70)])
def test_angles_are_read_back_from_the_pose(azimuth, elevation):
    c = camera(azimuth, elevation)
    assert c.azimuth_deg.item() == pytest.approx(azimuth, abs=1e-3)
    assert c.elevation_deg.item() == pytest.approx(elevation, abs=1e-3)
    assert c.rotated(30).azimuth_deg.item() == pytest.approx(
        (azimuth + 30 + 180) % 360 - 180, abs=1e-3
    )
    identity = (c.w2c @ c.c2w)[0]
    torch.testing.assert_close(identity, torch.eye(4), atol=1e-5, rtol=0)


def test_a_ray_through_a_pixel_hits_what_projects_there():
    c = camera(40, 25)
    origin, direction = c.rays()
    point = origin[0, 5, 20] + 2.7 * direction[0, 5, 20]
    assert project(c, point.tolist()) == pytest.approx([20.5, 5.5], abs=1e-3)


def test_resizing_keeps_the_view():
    c = camera(40, 25)
    half = c.resized(11, 11)
    point = [0.2, 0.3, -0.1]
    assert project(half, point) == pytest.approx([x / 3 for x in project(c, point)], abs=1e-4)


def test_random_views_see_all_sides_and_keep_their_ranges(rng):
    ranges = {"elevation_deg": (-10.0, 40.0), "distance": (2.5, 3.0), "fov_deg": (35.0, 45.0)}
    for _ in range(50):
        views = random_views(rng, 4, 16, **ranges)
        azimuth = views.azimuth_deg.sort().values
        gaps = torch.diff(torch.cat([azimuth, azimuth[:1] + 360]))
        assert gaps.max() <= 180 + 1e-3
        assert views.elevation_deg.min() >= -10.001
        assert views.elevation_deg.max() <= 40.001
        distance = views.position.norm(dim=-1)
        assert distance.min() >= 2.499
        assert distance.max() <= 3.001


def test_the_first_of_random_views_is_anywhere_on_the_circle():
    ranges = {"elevation_deg": (0.0, 0.0), "distance": (3.0, 3.0), "fov_deg": (40.0, 40.0)}
    azimuths = torch.cat(
        [
            random_views(torch.Generator().manual_seed(seed), 4, 8, **ranges).azimuth_deg[:1]
            for seed in range(200)
        ]
    )
    counts = torch.histc(azimuths, 4, -180, 180)
    assert counts.min() > 25


def test_a_camera_can_be_straight_above_or_below():
    for elevation in (90.0, -90.0):
        c = camera(30, elevation)
        assert torch.isfinite(c.c2w).all()
        assert c.elevation_deg.item() == pytest.approx(elevation, abs=0.2)
        assert project(c, [0.0, 0.0, 0.0]) == pytest.approx([16.5, 16.5], abs=1e-3)
        beside = camera(30, 0.997 * elevation)  # nothing turns over on the way up
        torch.testing.assert_close(c.c2w, beside.c2w, atol=0.02, rtol=0)


def test_the_field_of_view_is_vertical_and_pixels_are_square():
    angles = (torch.tensor([x]) for x in (0.0, 0.0, 3.0, 90.0))
    wide = look_at_origin(*angles, 20, 60)
    top = [0.0, 3.0, 0.0]  # at 45 degrees above the axis of a camera 3 away
    assert project(wide, top) == pytest.approx([30, 0], abs=1e-3)
    assert project(wide, [1.5, 0.0, 0.0]) == pytest.approx([35, 10], abs=1e-3)


def test_an_orbit_starts_at_the_front_and_moves_to_plus_x():
    ring = orbit(4, 8, elevation_deg=0, distance=2.0)
    expected = torch.tensor([[0.0, 0, 2], [2, 0, 0], [0, 0, -2], [-2, 0, 0]])
    torch.testing.assert_close(ring.position, expected, atol=1e-5, rtol=0)


def test_normals_from_the_depth_of_a_sphere_are_the_spheres():
    c = orbit(3, 48, elevation_deg=30)
    origin, direction = c.rays()
    b = (origin * direction).sum(-1)
    discriminant = b**2 - (origin.square().sum(-1) - 0.8**2)
    alpha = (discriminant > 0).float()
    along = -b - discriminant.clamp_min(0).sqrt()
    point = origin + along[..., None] * direction
    depth = along * torch.einsum("bhwi,bi->bhw", direction, c.c2w[:, :3, 2]) * alpha
    normal = normal_from_depth(depth, alpha, c)
    inside = (discriminant > 0.1)[..., None]
    cosine = (normal * point / 0.8)[inside.expand_as(normal)].reshape(-1, 3).sum(-1)
    assert cosine.min() > 0.95
    assert not normal[alpha == 0].any()


def test_the_normals_of_a_step_do_not_bleed_over_its_edge():
    c = orbit(1, 16, elevation_deg=0)
    depth = torch.full((1, 16, 16), 3.0)
    depth[:, :, 8:] = 3.5  # two planes that face the camera
    normal = normal_from_depth(depth, torch.ones(1, 16, 16), c)
    torch.testing.assert_close(normal[..., 2], torch.ones(1, 16, 16), atol=1e-4, rtol=0)


def test_half_covered_pixels_have_a_normal_and_emptier_ones_none():
    c = orbit(1, 8, elevation_deg=0)
    alpha = torch.linspace(0, 1, 64).view(1, 8, 8)
    normal = normal_from_depth(torch.full((1, 8, 8), 3.0), alpha, c)
    length = normal.norm(dim=-1)
    torch.testing.assert_close(length, (alpha >= 0.5).float())


def test_over_is_the_premultiplied_blend():
    rgb, alpha = torch.full((1, 1, 1, 3), 0.3), torch.full((1, 1, 1), 0.25)
    out = over(rgb, alpha, torch.tensor([[1.0, 0.0, 0.4]]))
    torch.testing.assert_close(out.flatten(), torch.tensor([1.05, 0.3, 0.6]))


def test_a_plane_is_not_bumpy_and_a_ripple_is_bumpier_the_higher_it_is(rng):
    row, col = torch.meshgrid(torch.arange(12.0), torch.arange(12.0), indexing="ij")
    plane, alpha = (3 + 0.1 * row - 0.05 * col)[None], torch.ones(1, 12, 12)
    ripple = torch.randn(1, 12, 12, generator=rng)
    values = [bumpiness(plane + h * ripple, alpha).item() for h in (0.0, 0.001, 0.003)]
    assert values[0] == pytest.approx(0, abs=1e-6)
    assert values[2] == pytest.approx(3 * values[1], rel=0.1)
    assert bumpiness(plane + 100 * ripple, alpha) < 2 * 0.03 * 1.01
    assert bumpiness(ripple, 0 * alpha) == 0


@pytest.mark.parametrize("size", [1, 2])
def test_an_image_too_small_to_bend_is_not_bumpy(size):
    assert bumpiness(torch.rand(1, size, size), torch.ones(1, size, size)) == 0


def test_only_triples_of_opaque_pixels_are_bumpy():
    depth = torch.zeros(1, 3, 9)
    depth[:, :, 4] = 1.0  # a ridge
    opaque = torch.ones(1, 3, 9)
    assert bumpiness(depth, opaque) > 0
    beside = opaque.clone()
    beside[:, :, 3] = 0.5
    beside[:, :, 5] = 0.5
    assert bumpiness(depth, beside) == 0


def test_the_dome_sees_the_object_from_level_to_well_above_and_from_all_sides_in_each_ring():
    rings = list(dome(16))
    elevations = [ring.elevation_deg for ring in rings]
    assert [round(e.mean().item()) for e in elevations] == [0, 35, 70]
    for ring in rings:
        assert (ring.height, ring.width) == (16, 16)
        azimuth = ring.azimuth_deg.sort().values
        gaps = torch.diff(torch.cat([azimuth, azimuth[:1] + 360]))
        torch.testing.assert_close(gaps, torch.full_like(gaps, 360 / len(ring)))
    assert sum(len(ring) for ring in rings) == 24


def test_turned_cameras_are_rigid_motions_around_the_y_axis():
    cameras = orbit(4, 16)
    turned = cameras.rotated(30)
    cos, sin = 3**0.5 / 2, 0.5
    x, y, z = cameras.position.unbind(-1)
    expected = torch.stack([cos * x + sin * z, y, cos * z - sin * x], -1)
    torch.testing.assert_close(turned.position, expected)
    torch.testing.assert_close(turned.c2w[:, 3], torch.tensor([[0.0, 0, 0, 1]]).expand(4, 4))
    torch.testing.assert_close(turned.w2c @ turned.c2w, torch.eye(4).expand(4, 4, 4))


def test_a_point_on_a_ray_is_seen_at_the_centre_of_its_pixel_in_images_of_any_shape():
    angles = (torch.tensor([float(x)]) for x in (25, 15, 3.0, 40.0))
    cameras = look_at_origin(*angles, 6, 10)
    origin, direction = cameras.rays()
    for row, column in ((0, 0), (5, 9), (2, 7)):
        point = (origin + 2.5 * direction)[0, row, column]
        assert project(cameras, point.tolist()) == pytest.approx(
            [column + 0.5, row + 0.5], abs=1e-4
        )
    torch.testing.assert_close(direction.norm(dim=-1), torch.ones(1, 6, 10))


@pytest.mark.parametrize("front_back", [False, True])
@pytest.mark.parametrize("views", [1, 4])
def test_random_views_are_their_formula_in_the_order_of_their_draws(views, front_back):
    rng = torch.Generator().manual_seed(3)
    ranges = {"elevation_deg": (-10.0, 60.0), "distance": (2.5, 4.0), "fov_deg": (30.0, 50.0)}
    cameras = random_views(rng, views, 8, front_back=front_back, **ranges)

    draw = torch.Generator().manual_seed(3)
    turn, share = (torch.rand(count, generator=draw) for count in (1, views))
    azimuth = (torch.arange(views) + share) * 360 / views + 360 * turn
    if front_back:
        behind = torch.rand(views, generator=draw) < 0.5
        azimuth = torch.where(behind, 180.0, 0.0) + (60 * share - 30)
    others = [
        low + (high - low) * torch.rand(views, generator=draw) for low, high in ranges.values()
    ]
    expected = look_at_origin(azimuth, *others, 8, 8)
    torch.testing.assert_close(cameras.c2w, expected.c2w)
    torch.testing.assert_close(cameras.K, expected.K)


def test_an_orbit_is_seen_from_a_little_above_unless_asked_otherwise():
    cameras = orbit(3, 8)
    torch.testing.assert_close(cameras.elevation_deg, torch.full((3,), 15.0))
    torch.testing.assert_close(cameras.position.norm(dim=1), torch.full((3,), 3.0))
    fov = 2 * torch.rad2deg(torch.atan(4 / cameras.K[:, 1, 1]))
    torch.testing.assert_close(fov, torch.full((3,), 40.0))
