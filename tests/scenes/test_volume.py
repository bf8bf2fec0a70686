"""Laws of scenes that are a field of density and colour."""

from itertools import pairwise

import numpy as np
import pytest
import torch
import trimesh
from box import COLORS, HALF, make
from skimage.measure import marching_cubes

from sds3d.kernels.backends import prefer
from sds3d.kernels.composite import Samples, composite
from sds3d.mesh.implicit import filled, surface_level
from sds3d.metrics.geometry import chamfer, diagonal, sample_surface
from sds3d.scenes.fields import Field
from sds3d.scenes.render import Render
from sds3d.scenes.volume import VolumeScene, variance_along_rays
from sds3d.views.cameras import look_at_origin, orbit
from sds3d.views.shading import Shading


@pytest.fixture(params=["nerf", "triplane"])
def box(request, fitted_box):
    return fitted_box(request.param)


def test_its_depth_is_the_distance_to_the_box_along_the_axis_of_the_camera(box):
    cameras = look_at_origin(*(torch.tensor([v]) for v in (0.0, 0.0, 3.0, 40.0)), 65, 65)
    with torch.no_grad():
        render = box.render(cameras, torch.zeros(1, 3))
    front = render.depth[0, 28:37, 24:41]
    assert (front - (3 - HALF[2])).abs().mean() < 0.1  # a mean free path behind the surface
    normal = render.normal[0, 28:37, 24:41].mean((0, 1))
    assert normal[2] > 0.8


def test_its_surface_is_the_box(box):
    resolution = 80
    surface = box.implicit_surface(resolution)
    level, agreement = surface_level(surface)
    assert agreement > 0.9
    vertices, faces, _, _ = marching_cubes(filled(surface, level), level)
    found = sample_surface(vertices * (2 / (resolution - 1)) - 1, faces, 4000)
    cube = trimesh.creation.box(2 * HALF.numpy())
    expected = sample_surface(np.asarray(cube.vertices), np.asarray(cube.faces), 4000)
    assert chamfer(found, expected) < 0.03 * diagonal(expected)


def test_the_colour_at_a_surface_point_is_what_is_seen_there(box):
    points = torch.tensor([[HALF[0], 0, 0], [0, HALF[1], 0], [0, 0, HALF[2]]])
    found = box.color_at(points, torch.eye(3), 0.06)
    assert (found - COLORS).abs().mean() < 0.12


class Onion(Field):
    """A ball of RADIUS whose colour is its distance from the centre, opaque within a few hundredths."""

    RADIUS = 0.6

    def __init__(self):
        torch.nn.Module.__init__(self)
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def encode(self, x):
        raise NotImplementedError

    def groups(self):
        return {}

    def density(self, x):
        return 60.0 * (x.norm(dim=-1) < self.RADIUS)

    def forward(self, x):
        return self.density(x), x.norm(dim=-1, keepdim=True).expand(-1, 3)


@pytest.fixture
def onion():
    scene = VolumeScene(Onion(), step=0.02, grid=32, refresh=8, empty=0.01)
    scene.occupancy.update(scene._density)
    return scene


def on_ball(count, rng):
    return torch.nn.functional.normalize(torch.randn(count, 3, generator=rng), dim=1)


def test_the_colour_at_a_surface_point_is_that_of_the_outermost_layer(onion, rng):
    normals = on_ball(200, rng)
    seen = onion.color_at(Onion.RADIUS * normals, normals, 0.1)[:, 0]
    # A mean free path of 1/60 below the surface, however coarse the samples.
    assert (seen < Onion.RADIUS).all()
    assert (seen > Onion.RADIUS - 0.05).all()
    # From the wrong side the look would begin 0.1 deep and end outside.
    from_inside = onion.color_at(Onion.RADIUS * normals, -normals, 0.1)[:, 0]
    assert (from_inside < Onion.RADIUS - 0.08).all()


def test_where_a_ray_meets_no_surface_the_field_itself_is_evaluated(onion, rng):
    normals = on_ball(50, rng)
    seen = onion.color_at(0.9 * normals, normals, 0.05)[:, 0]
    torch.testing.assert_close(seen, torch.full_like(seen, 0.9), atol=1e-5, rtol=0)


def test_a_ray_reaches_as_far_inside_as_it_started_outside(onion, rng):
    normals = on_ball(50, rng)
    above = (Onion.RADIUS + 0.06) * normals
    short = onion.color_at(above, normals, 0.05)[:, 0]
    long = onion.color_at(above, normals, 0.1)[:, 0]
    assert (short > Onion.RADIUS).all()
    assert (long < Onion.RADIUS).all()


def test_depth_is_measured_along_the_axis_of_the_camera_and_zero_beside_the_object(onion):
    cameras = look_at_origin(*(torch.tensor([v]) for v in (30.0, 20.0, 3.0, 40.0)), 33, 33)
    with torch.no_grad():
        render = onion.render(cameras, torch.zeros(1, 3))
    origin, direction = cameras.rays()
    middle = -(origin * direction).sum(-1)
    distance = (origin + middle[..., None] * direction).norm(dim=-1)
    chord = (Onion.RADIUS**2 - distance**2).clamp_min(0).sqrt()
    cosine = torch.einsum("bhwi,bi->bhw", direction, cameras.c2w[:, :3, 2])
    expected = (middle - chord + 1 / 60) * cosine  # a mean free path behind the surface
    inner = distance < 0.9 * Onion.RADIUS
    assert (render.depth - expected)[inner].abs().max() < 0.012
    assert (render.alpha[inner] > 0.99).all()
    outer = distance > Onion.RADIUS + 0.05
    assert not render.depth[outer].any()
    assert not render.alpha[outer].any()


def test_the_depth_of_a_translucent_object_is_the_mean_distance_of_absorption(onion):
    onion.field.density = lambda x: 1.0 * (x.norm(dim=-1) < Onion.RADIUS)
    onion.occupancy.update(onion._density)
    with torch.no_grad():
        render = onion.render(orbit(1, 9, elevation_deg=0), torch.zeros(1, 3))
    alpha = render.alpha[0, 4, 4].item()
    assert alpha == pytest.approx(1 - np.exp(-1.2), abs=0.02)
    # The mean distance of absorption in a slab of optical depth 1.2.
    expected = 3 - 0.6 + (1 - 2.2 * np.exp(-1.2)) / (1 - np.exp(-1.2))
    assert render.depth[0, 4, 4].item() == pytest.approx(expected, abs=0.02)
    # Its variance: that of an exponential distribution cut off at 1.2.
    mean = (1 - 2.2 * np.exp(-1.2)) / (1 - np.exp(-1.2))
    square = (2 - (1.2**2 + 2.4 + 2) * np.exp(-1.2)) / (1 - np.exp(-1.2))
    assert render.z_variance[0, 4, 4].item() == pytest.approx(square - mean**2, abs=0.01)
    covered = render.z_variance[render.alpha > 0.5].mean()
    torch.testing.assert_close(onion.regularizers(render)["z_variance"], covered)


def test_the_variance_along_rays_and_its_gradient_are_those_of_the_formula(rng):
    """sum_i w_i (d_i - m)^2 / sum_i w_i, m the mean of the same weights, differentiated throughout."""
    counts = torch.tensor([5, 1, 8])
    dist = torch.cat([torch.rand(n, generator=rng, dtype=torch.float64).sort()[0] for n in counts])
    density = (3 * torch.rand(14, generator=rng, dtype=torch.float64)).requires_grad_()
    offsets = torch.tensor([0, 5, 6, 14])
    samples = Samples(torch.zeros(14, 3), dist, offsets, 0.2)
    _, alpha, distance = composite(
        density, torch.zeros(14, 3, dtype=dist.dtype), dist, torch.full_like(dist, 0.2), offsets
    )
    found = variance_along_rays(density, samples, alpha, distance)
    expected = []
    for start, stop in pairwise(offsets.tolist()):
        optical_depth = 0.2 * density[start:stop]
        before = torch.cat([optical_depth.new_zeros(1), optical_depth.cumsum(0)])
        w = torch.exp(-before[:-1]) - torch.exp(-before[1:])
        w = w / w.sum()
        d = dist[start:stop]
        expected.append((w * d.square()).sum() - (w * d).sum() ** 2)
    expected = torch.stack(expected)
    torch.testing.assert_close(found, expected, atol=1e-9, rtol=1e-6)
    g = torch.tensor([1.0, 2.0, -0.5], dtype=dist.dtype)
    (a,), (b,) = (
        torch.autograd.grad((x * g).sum(), density, retain_graph=True) for x in (found, expected)
    )
    torch.testing.assert_close(a, b, atol=1e-9, rtol=1e-6)


def test_without_a_covered_pixel_there_is_no_variance_to_penalise(onion):
    onion.field.density = lambda x: 0.01 * (x.norm(dim=-1) < Onion.RADIUS)
    onion.occupancy.update(onion._density)
    render = onion.render(orbit(1, 9), torch.zeros(1, 3))
    assert onion.regularizers(render)["z_variance"].item() == 0


def test_training_renders_are_jittered_by_their_generator_and_others_are_not(onion):
    cameras, background = orbit(1, 16), torch.zeros(1, 3)
    with torch.no_grad():
        plain = [onion.render(cameras, background).rgb for _ in range(2)]
        drawn = [
            onion.render(cameras, background, torch.Generator().manual_seed(seed)).rgb
            for seed in (0, 0, 1)
        ]
    assert torch.equal(*plain)
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drawn[0], plain[0])


def test_the_penalties_pull_in_the_right_direction():
    alpha = torch.full((1, 2, 2), 0.5, requires_grad=True)
    depth = torch.full((1, 2, 2), 3.0, requires_grad=True)
    penalties = make("nerf").regularizers(Render(torch.zeros(1, 2, 2, 3), alpha, depth, None))
    # hollow moves surfaces nearer, but neither grows nor shrinks the object.
    grad = torch.autograd.grad(penalties["hollow"], [alpha, depth], allow_unused=True)
    assert grad[0] is None
    torch.testing.assert_close(grad[1], torch.full((1, 2, 2), 0.125))
    # opaque is the entropy: its slope is ln((1 - a) / a), 0 at 1/2, negative above.
    high = torch.full((1, 1, 1), 0.8, requires_grad=True)
    penalties = make("nerf").regularizers(Render(torch.zeros(1, 1, 1, 3), high, high, None))
    entropy = penalties["opaque"]
    slope = torch.autograd.grad(entropy, high)[0].item()
    assert slope == pytest.approx(np.log(0.2 / 0.8), rel=1e-4)


def test_the_density_grid_is_the_field_at_the_lattice_points(onion):
    grid = onion.density_grid(21)
    line = torch.linspace(-1, 1, 21)
    points = torch.cartesian_prod(line, line, line)
    expected = onion.field.density(points).view(21, 21, 21).numpy()
    np.testing.assert_array_equal(grid, expected)


def test_peaks_are_the_highest_density_of_each_ray_and_zero_where_it_meets_nothing(onion):
    cameras = orbit(2, 24)
    origin, direction = cameras.rays()
    distance = torch.linalg.cross(origin, direction).norm(dim=-1).flatten()
    peaks = torch.from_numpy(onion._peaks(cameras))
    assert (peaks[distance < Onion.RADIUS - 0.02] == 60).all()
    assert (peaks[distance > Onion.RADIUS + 0.1] == 0).all()


def test_peaks_find_a_shell_that_is_thinner_than_a_step_of_the_render(onion):
    onion.field.density = lambda x: 60.0 * ((x.norm(dim=-1) - Onion.RADIUS).abs() < 0.006)
    onion.occupancy.density_floor.zero_()
    cameras = orbit(2, 25)
    origin, direction = cameras.rays()
    distance = torch.linalg.cross(origin, direction).norm(dim=-1).flatten()
    peaks = torch.from_numpy(onion._peaks(cameras))
    assert (peaks[distance < Onion.RADIUS - 0.02] == 60).all()


def test_the_occupancy_is_updated_at_its_interval_and_at_random_points(onion, rng):
    before = onion.occupancy.latest.clone()
    for step in range(8):
        assert torch.equal(onion.occupancy.latest, before)
        onion.after_step(step, None, rng)
    assert not torch.equal(onion.occupancy.latest, before)


@pytest.mark.parametrize("name", ["nerf", "triplane"])
def test_the_groups_that_a_scene_names_are_those_of_its_field(name):
    scene = make(name)
    assert set(scene.GROUPS) == set(scene.field.groups())
    plain = scene.render(orbit(1, 8), torch.zeros(1, 3))
    full = scene.render_shaded(orbit(1, 8), torch.zeros(1, 3), None, None, normals=True)
    assert set(scene.PENALTIES) == set(scene.regularizers(full))
    assert set(scene.PENALTIES) == {*scene.regularizers(plain), "orient"}


def test_the_penalties_have_their_values_on_a_half_covered_image():
    alpha = torch.full((1, 2, 2), 0.5)
    empty = torch.zeros(1, 2, 2, 3)
    penalties = make("nerf").regularizers(Render(empty, alpha, alpha, empty))
    assert penalties["sparsity"].item() == pytest.approx(0.26**0.5)
    assert penalties["opaque"].item() == pytest.approx(np.log(2))
    assert penalties["hollow"].item() == pytest.approx(0.25)


def test_skipping_empty_cells_changes_the_image_by_less_than_their_opacity(box):
    cameras, background = orbit(2, 32), torch.zeros(2, 3)
    with torch.no_grad():
        fast = box.render(cameras, background)
        kept = box.occupancy.density_floor.clone()
        box.occupancy.density_floor.zero_()
        full = box.render(cameras, background)
        box.occupancy.density_floor.copy_(kept)
    assert (fast.alpha - full.alpha).abs().max() < 0.05
    assert (fast.rgb - full.rgb).abs().mean() < 2e-3


def saved(scene, run):
    """(what `run` returns, the bytes that it saves for its backward pass, without the scene's own)."""
    own = {p.untyped_storage().data_ptr() for p in scene.parameters()}
    kept = {}

    def pack(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        out = run()
    return out, sum(storage.nbytes() for pointer, storage in kept.items() if pointer not in own)


def rendered(scene, budget, device="cpu"):
    """Images of two views and their gradients, the bytes that were saved, and the samples of each block."""
    scene.budget = budget
    sizes = []
    block = scene._block
    scene._block = lambda rays, *more, **told: (
        sizes.append(len(rays.samples.dist)) or block(rays, *more, **told)
    )
    scene.zero_grad()
    cameras, background = orbit(2, 24).to(torch.device(device)), torch.ones(2, 3, device=device)
    rng = torch.Generator().manual_seed(0)
    render, kept = saved(scene, lambda: scene.render(cameras, background, rng))
    images = [render.rgb, render.alpha, render.depth, render.z_variance]
    sum(v.square().sum() for v in images).backward()
    scene._block = block
    return (
        [v.detach().clone() for v in images],
        [p.grad.clone() for p in scene.parameters()],
        kept,
        sizes,
    )


@pytest.mark.parametrize("backend", ["numba", "torch"])
@pytest.mark.parametrize("name", ["nerf", "triplane"])
def test_a_render_in_blocks_of_rays_is_that_of_all_rays_and_keeps_little(name, backend):
    with prefer(backend):
        scene = make(name)
        cost = scene.bytes_per_sample()
        images, gradients, kept, (count,) = rendered(scene, 2**40)
        budget = cost * count // 10
        again, other_gradients, other_kept, sizes = rendered(scene, budget)
    assert kept == pytest.approx(cost * count, rel=0.2)
    assert other_kept < 0.1 * cost * count
    assert max(sizes) * cost <= budget
    assert sum(sizes) == 2 * count  # forward, and again in the backward pass
    for ours, theirs in zip(again, images, strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-6, rtol=2e-6)
    for ours, theirs in zip(other_gradients, gradients, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5 * theirs.abs().max().item(), rtol=1e-4)


@pytest.mark.parametrize("surface", ["albedo", "normal"])
def test_a_shaded_render_in_blocks_is_that_of_all_rays(surface):
    scene, cameras = make("nerf"), orbit(2, 16)
    shading = Shading(torch.tensor([[0.0, 2, 2], [1.0, 2, -2]]), 0.3, 0.7, surface)
    results = []
    for budget in (2**40, 500 * scene.bytes_per_sample(shading, normals=True)):
        scene.budget = budget
        scene.zero_grad()
        render = scene.render_shaded(cameras, torch.zeros(2, 3), None, shading, normals=True)
        images = [render.rgb, render.normal, render.depth, render.averted]
        sum(v.square().sum() for v in images).backward()
        results.append([v.detach() for v in images] + [scene.field.head.weight.grad.clone()])
    assert scene.bytes_per_sample(shading, normals=True) > 2 * scene.bytes_per_sample()
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5 * theirs.abs().max().item(), rtol=1e-4)


def test_without_gradients_blocks_are_rendered_once(onion):
    onion.budget = 2**40
    cameras, background = orbit(2, 24), torch.zeros(2, 3)
    with torch.no_grad():
        whole = onion.render(cameras, background)
        onion.budget = 1000 * onion.bytes_per_sample()
        sizes = []
        block = onion._block
        onion._block = lambda rays, *more, **told: (
            sizes.append(len(rays.samples.dist)) or block(rays, *more, **told)
        )
        parts = onion.render(cameras, background)
    assert len(sizes) > 5
    assert torch.equal(parts.rgb, whole.rgb)
    assert torch.equal(parts.depth, whole.depth)
    assert torch.equal(parts.z_variance, whole.z_variance)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", ["nerf", "triplane"])
def test_a_render_in_blocks_on_a_gpu_is_that_of_the_cpu(name):
    images, gradients, _, _ = rendered(make(name), 2**40)
    with prefer("torch"):
        scene = make(name).cuda()
        budget = 1000 * scene.bytes_per_sample()
        theirs, their_gradients, _, sizes = rendered(scene, budget, "cuda")
    assert len(sizes) > 4
    for a, b in zip(theirs, images, strict=True):
        assert (a.cpu() - b).abs().mean() < 1e-3
    for a, b in zip(their_gradients, gradients, strict=True):
        assert (a.cpu() - b).norm() < 0.02 * b.norm()
