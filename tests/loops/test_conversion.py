"""Laws of conversions: equal scenes, equal points, and a ball that stays one in every representation."""

from copy import deepcopy

import numpy as np
import pytest
import torch
import trimesh

from sds3d.library.kit.model import Model
from sds3d.loops import convert
from sds3d.loops.convert import Conversion, begin, points_of_rays
from sds3d.loops.scene import optimize
from sds3d.loops.seen import SeenMesh, seen_as, surface_points
from sds3d.mesh.mesh import Mesh
from sds3d.metrics.fidelity import fidelity
from sds3d.recipe import build
from sds3d.recipe.families import losses_of
from sds3d.recipe.load import load
from sds3d.scenes.fields import Blob, Field
from sds3d.scenes.solid import sampled
from sds3d.scenes.volume import VolumeScene
from sds3d.views.cameras import orbit
from sds3d.views.lighting import shaded

SMALL = {
    "nerf": (
        "camera.sizes=[32]",
        "scene.grid=32",
        "scene.levels=4",
        "scene.log2_table=12",
        "scene.max_resolution=48",
    ),
    "triplane": ("camera.sizes=[32]", "scene.grid=32", "scene.plane_resolution=32"),
    "splats": ("scene.count=1500", "camera.sizes=[48]"),
}
RADIUS = 0.6
CPU = torch.device("cpu")


class BallField(Field):
    """An opaque ball whose colour is a function of the place."""

    def __init__(self):
        super().__init__(3, 2, Blob(density=0.0, radius=1.0, scale=1.0))

    def encode(self, x):
        return x

    def groups(self):
        return {}

    def forward(self, x):
        return self.density(x), (0.5 + 0.6 * x).clamp(0, 1)

    def density(self, x):
        return 150 * torch.sigmoid(80 * (RADIUS - x.norm(dim=-1)))


class BallScene(VolumeScene):
    def __init__(self):
        super().__init__(BallField(), step=0.03, grid=32, refresh=8, empty=0.01)


@pytest.fixture(scope="module")
def ball():
    scene = BallScene().requires_grad_(False)
    scene.occupancy.update(scene.field.density)
    return scene


def recipe(to, steps, *more):
    sizes = (*SMALL[to], f"steps={steps}", "objective.rays=1024", *more)
    return load(f"convert-{to}", overrides=sizes)


def conversion(seen, to, steps, *more) -> Conversion:
    return build.conversion(recipe(to, steps, *more), seen, seed=0, where=CPU)


def converted(seen, to, steps):
    run = conversion(seen, to, steps)
    optimize(run, range(steps), lambda event: True)
    return run.scene.requires_grad_(False)


@pytest.fixture(scope="module")
def hash_ball(ball):
    with torch.enable_grad():
        return converted(ball, "nerf", 60)


@pytest.fixture(scope="module")
def ball_mesh():
    sphere = trimesh.creation.icosphere(3, RADIUS)
    vertices = np.asarray(sphere.vertices, np.float32)
    ones = np.ones(len(vertices), np.float32)
    return SeenMesh(
        Model(
            caption="a ball",
            vertices=vertices,
            faces=np.asarray(sphere.faces, np.int32),
            normals=vertices / RADIUS,
            colors=np.clip(0.5 + 0.6 * vertices, 0, 1),
            metallic=0 * ones,
            roughness=ones,
        )
    )


def test_a_hash_grid_takes_the_shape_of_an_analytic_ball(ball, hash_ball):
    scores = fidelity(hash_ball, ball, CPU)
    assert scores["iou"] > 0.95
    assert scores["psnr"] > 30


@pytest.mark.parametrize(("to", "steps"), [("triplane", 60), ("splats", 60), ("nerf", 60)])
def test_a_ball_stays_a_ball_from_one_scene_to_another(ball, hash_ball, to, steps):
    scores = fidelity(converted(hash_ball, to, steps), ball, CPU)
    assert scores["iou"] > 0.95
    assert scores["psnr"] > 26


@pytest.mark.parametrize("to", ["nerf", "splats"])
def test_a_mesh_becomes_a_scene(ball_mesh, to):
    scores = fidelity(converted(ball_mesh, to, 60), ball_mesh, CPU)
    assert scores["iou"] > 0.95
    assert scores["psnr"] > 26


@pytest.mark.parametrize("step", [0, 5, 59])
def test_a_scene_with_the_weights_of_its_source_has_no_loss_in_any_stage(hash_ball, step):
    run = conversion(hash_ball, "nerf", 60)
    run.scene.load_state_dict(hash_ball.state_dict())
    before = deepcopy(run.scene.state_dict())
    event = run.take(step)
    names = {0: {"features"}, 5: {"features", "color", "density"}}
    assert set(event.values) == names.get(step, {"features", "color", "density", "image"})
    assert set(event.values.values()) == {0.0}
    weights = dict(run.scene.named_parameters())
    assert all(torch.equal(weights[name], before[name]) for name in weights)


@pytest.mark.parametrize(
    ("step", "stage"), [(3, "features"), (4, "volume"), (9, "volume"), (10, "pictures")]
)
def test_stages_switch_at_their_steps(hash_ball, ball, step, stage):
    assert conversion(hash_ball, "triplane", 60).stage(step) == stage
    without = "volume" if stage == "features" else stage
    assert conversion(ball, "triplane", 60).stage(step) == without  # the ball has other features


def test_gaussians_are_compared_in_pictures_alone(hash_ball, ball_mesh):
    assert conversion(hash_ball, "splats", 60).stage(0) == "pictures"
    assert conversion(ball_mesh, "splats", 60).stage(0) == "pictures"


def test_only_the_stage_of_pictures_renders(hash_ball, monkeypatch):
    run = conversion(hash_ball, "triplane", 60)
    monkeypatch.setattr(run.scene, "render", None)
    monkeypatch.setattr(run.seen, "render", None)
    for step in (0, 9):
        assert run.take(step).render is None
    with pytest.raises(TypeError):
        run.take(10)


def test_both_scenes_are_asked_at_the_same_points(hash_ball, monkeypatch):
    run = conversion(hash_ball, "triplane", 60)
    asked = []
    for field in (run.scene.field, run.seen.field):
        found = field.with_features

        def spy(points, found=found):
            asked.append(points)
            return found(points)

        monkeypatch.setattr(field, "with_features", spy)
    run.take(5)
    first, second = asked
    assert first is second
    assert len(first) > 1000
    assert (first.norm(dim=-1) <= 1.001).all()


def test_points_lie_wherever_one_of_the_scenes_is_not_empty(rng):
    """Two balls of gas side by side: a ray through both has points in both, and none in between."""
    line = np.linspace(-1, 1, 65)
    x, y, z = np.meshgrid(line, line, line, indexing="ij")
    left, right = (np.hypot(np.hypot(x - c, y), z) < 0.3 for c in (-0.5, 0.5))
    volumes = [
        sampled(np.repeat(2.0 * ball[..., None], 4, -1).astype(np.float32), 0.03, CPU)
        for ball in (left, right)
    ]
    points = points_of_rays(*volumes, orbit(4, 32), 4096, rng)
    for center in (-0.5, 0.5):
        from_center = (points - torch.tensor([center, 0, 0])).norm(dim=-1)
        assert (from_center < 0.3).sum() > 500
    assert not (points[:, 0].abs() < 0.08).any()


def test_rays_end_where_the_old_scene_is_opaque(ball, rng):
    everywhere = sampled(np.ones((33, 33, 33, 4), np.float32), 0.03, CPU)
    points = points_of_rays(everywhere, ball.volume(), orbit(4, 32), 4096, rng)
    radius = points.norm(dim=-1)
    assert (radius > 0.9).sum() > 1000
    assert not (radius < 0.3).any()


def test_a_field_takes_the_last_layer_of_its_source(hash_ball):
    run = conversion(hash_ball, "triplane", 60)
    for ours, theirs in zip(
        run.scene.field.head.parameters(), hash_ball.field.head.parameters(), strict=True
    ):
        assert torch.equal(ours, theirs)
    other = conversion(hash_ball, "triplane", 60, "scene.blob_density=5.0")
    assert not torch.equal(other.scene.field.head.weight, hash_ball.field.head.weight)
    assert other.stage(0) == "volume"


def test_gaussians_begin_on_the_surface_in_its_colours(ball):
    run = conversion(ball, "splats", 60)
    means, colors = run.scene.means.detach(), run.scene.colors.detach().sigmoid()
    assert len(means) == 1500
    assert (means.norm(dim=-1) - RADIUS).abs().max() < 0.06
    assert ((0.5 + 0.6 * means) - colors).abs().mean() < 0.02


def test_surface_points_are_those_of_a_mesh_under_its_light(ball_mesh):
    points, colors = surface_points(ball_mesh, CPU)
    assert (points.norm(dim=-1) - RADIUS).abs().max() < 0.02
    assert colors.min() >= 0
    assert colors.max() <= 1


def test_a_mesh_with_a_texture_is_seen_in_its_colours_or_under_the_light():
    """A pane that faces the first camera, its left half red and its right half blue."""
    corners = np.array([[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0]], np.float32)
    image = np.zeros((8, 8, 3), np.uint8)
    image[:, :4, 0], image[:, 4:, 2] = 200, 100
    pane = Mesh(
        corners,
        np.array([[0, 1, 2], [0, 2, 3]], np.int32),
        np.tile(np.array([0, 0, 1], np.float32), (4, 1)),
        uv=np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32),
        base_color=image,
    )
    cameras = orbit(1, 32, elevation_deg=0)
    plain, lit = (
        seen_as(pane, lit=lit).render(cameras, torch.zeros(1, 3)).rgb[0] for lit in (False, True)
    )
    left, right = plain[16, 10], plain[16, 22]
    torch.testing.assert_close(left, torch.tensor([200 / 255, 0, 0]), atol=0.01, rtol=0)
    torch.testing.assert_close(right, torch.tensor([0, 0, 100 / 255]), atol=0.01, rtol=0)
    shade = torch.from_numpy(shaded(np.ones((1, 3), np.float32), pane.normals[:1]))[0]
    torch.testing.assert_close(lit[16, 10], left * shade, atol=0.01, rtol=0)


def test_the_inside_of_a_mesh_is_opaque_and_the_rest_is_empty(ball_mesh):
    volume = ball_mesh.volume()
    line = torch.linspace(-1, 1, 21)
    points = torch.cartesian_prod(line, line, line)
    density, rgb = volume.at(points)
    radius = points.norm(dim=-1)
    assert (density[radius < RADIUS - 0.05] > 100).all()
    assert (density[radius > RADIUS + 0.08] == 0).all()
    near = (radius > 0.5) & (radius < 0.55)
    assert rgb[near].std() > 0.1


def test_the_volume_of_gaussians_is_as_opaque_as_they_are(ball):
    """One Gaussian: exp(-the density along the ray through its centre) is 1 - its opacity."""
    scene = build.scene(recipe("splats", 10, "scene.count=4"), 0, CPU)
    with torch.no_grad():
        scene.means.copy_(torch.tensor([[0.0, 0, 0], [0.7, 0, 0], [0, 0.7, 0], [0, 0, 0.7]]))
        scene.scales.fill_(np.log(0.05))
        scene.opacities.fill_(torch.tensor(0.8).logit())
    along = torch.linspace(-0.3, 0.3, 601)
    points = torch.stack([along, 0 * along, 0 * along], -1)
    density, rgb = scene.volume().at(points)
    depth = torch.trapezoid(density, along).item()
    assert 1 - np.exp(-depth) == pytest.approx(0.8, abs=0.01)
    torch.testing.assert_close(rgb[300], scene.colors.sigmoid()[0], atol=1e-3, rtol=0)


def test_an_interrupted_conversion_that_goes_on_equals_one_that_was_not(hash_ball):
    whole = conversion(hash_ball, "triplane", 12)
    optimize(whole, range(12), lambda event: True)
    broken = conversion(hash_ball, "triplane", 12)
    optimize(broken, range(12), lambda event: event.step < 4)
    again = conversion(hash_ball, "triplane", 12)
    again.scene.load_state_dict(broken.scene.state_dict())
    again.trainer.optimizer.load_state_dict(broken.trainer.optimizer.state_dict())
    optimize(again, range(5, 12), lambda event: True)
    ours, theirs = again.scene.state_dict(), whole.scene.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_the_recipes_have_the_authors_weights():
    for to in ("nerf", "triplane", "splats"):
        found = load(f"convert-{to}")
        losses = losses_of(found)(**found.objective.options)
        assert (losses.rays, losses.image_weight) == (4096, 1.0)
        weights = (losses.feature_weight, losses.color_weight, losses.density_weight)
        assert weights == (0.002, 0.002, 0.002)
        assert (losses.log_density_low, losses.log_density_high) == (-2, 7)
        assert losses.features_until == pytest.approx(2000 / 30000, abs=1e-4)
        assert losses.volume_until == pytest.approx(5000 / 30000, abs=1e-4)


def test_what_a_conversion_begins_with_leaves_its_source_alone(hash_ball):
    before = deepcopy(hash_ball.state_dict())
    run = conversion(hash_ball, "triplane", 60)
    begin(run.scene, hash_ball, torch.Generator())
    run.take(5)
    run.take(30)
    after = hash_ball.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert convert.common_fields(run.scene, hash_ball)
