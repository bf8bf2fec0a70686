"""Laws of the papers' recipes: what they give is what the authors' configurations give.

The expected numbers are derived here from those configurations, never by the code under test: threestudio
28d9d80 ("3s"), LucidDreamer 2ecf093, Dreamer-XL b2d4a20, PlacidDreamer 9e5f1f5, CSD 5c65ca7, RFDS 235e39f,
ScaleDreamer 23f433f, Consistent3D 9118a5c, DreamGaussian 69a3c70, PDS e4e0da3.
"""

import math
import tomllib
from dataclasses import replace

import pytest
import torch

from sds3d.recipe import build
from sds3d.recipe.families import weight_of
from sds3d.recipe.load import load, text
from sds3d.recipe.schedule import at
from sds3d.views.cameras import orbit

LUCIDDREAMERS = ("luciddreamer-splats", "dreamer-xl-splats", "placiddreamer-splats")
ITERATIONS = {"luciddreamer-splats": 5000, "dreamer-xl-splats": 2500, "placiddreamer-splats": 5000}
WARMUP = {"luciddreamer-splats": 1500, "dreamer-xl-splats": 750, "placiddreamer-splats": 1500}
SIZE = {"luciddreamer-splats": 512, "dreamer-xl-splats": 1024, "placiddreamer-splats": 512}


def sampling(name):
    recipe = load(name)
    return build.sampling(recipe, recipe.steps, 0, build.CPU)


def scheduled(value, step):
    """3s: utils/misc.py, C([start_step, start, end, end_step], epoch, step)."""
    start_step, start, end, end_step = value
    return start + (end - start) * max(min(1.0, (step - start_step) / (end_step - start_step)), 0.0)


def exponential(start, end, step, steps):
    """LucidDreamer and DreamGaussian: get_expon_lr_func, whose delay has no steps and so no effect."""
    t = min(max(step / steps, 0.0), 1.0)
    return math.exp(math.log(start) * (1 - t) + math.log(end) * t)


@pytest.mark.parametrize("name", LUCIDDREAMERS)
def test_the_share_of_steps_in_much_noise_is_luciddreamers(name):
    """sd_utils.py: t = (i + 1) / 1000, i in [20, 500 + int(480 r)), r = 1 - min(iteration / warmup, 1)."""
    shares = []
    for iteration in range(1, ITERATIONS[name] + 1):
        high = 500 + int(480 * (1 - min(iteration / WARMUP[name], 1)))
        shares.append(max(high - 500, 0) / (high - 20))
    expected = sum(shares) / len(shares)
    assert expected == pytest.approx(0.092, abs=1e-3)
    draws = sampling(name)
    bounds = [draws.bounds(step) for step in range(ITERATIONS[name])]
    share = sum(max(high - 0.5, 0) / (high - low) for low, high in bounds) / len(bounds)
    assert share == pytest.approx(expected, abs=1e-3)
    assert bounds[0] == pytest.approx((0.02, 0.98))
    assert bounds[WARMUP[name]] == pytest.approx((0.02, 0.5))
    assert bounds[-1] == pytest.approx((0.02, 0.5))


def test_the_times_of_rectified_flow_are_those_of_the_schedulers_list():
    """RFDS_sd3.py:330 draws an index from 300 to 980 of Stable Diffusion 3's 1,000 falling sigmas, shift 3."""
    u = [1 - index / 1000 for index in range(1000)]
    sigmas = [3 * x / (1 + 2 * x) for x in u]
    assert (sigmas[300], sigmas[980]) == (pytest.approx(0.875), pytest.approx(0.0577, abs=1e-4))
    draws = sampling("rectified-flow-nerf")
    assert draws.bounds(0) == pytest.approx((sigmas[980], sigmas[300]))
    assert draws.bounds(14999) == pytest.approx((sigmas[980], sigmas[300]))
    times = [draws.time(torch.Generator().manual_seed(seed), 0).item() for seed in range(4000)]
    authors = sorted(sigmas[300:981])
    for quantile in (0.1, 0.5, 0.9):
        ours = sorted(times)[int(quantile * len(times))]
        assert ours == pytest.approx(authors[int(quantile * len(authors))], abs=0.02)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("dreamfusion-nerf", 0.02, 0.98),
        ("dreamfusion-sd-nerf", 0.02, 0.98),
        ("dreamfusion-if-nerf", 0.02, 0.98),
        ("posterior-distillation-nerf", 0.02, 0.98),
        ("multiview-dream-nerf", [0, 0.98, 0.02, 8000], [0, 0.98, 0.5, 8000]),
        ("delta-denoising-nerf", 0.05, 0.948),
        ("sjc-nerf", 0.01, 0.97),
        ("prolificdreamer-nerf", 0.02, [5000, 0.98, 0.5, 5001]),
        ("mode-collapse-nerf", 0.02, [5000, 0.98, 0.5, 5001]),
        ("classifier-score-nerf", 0.02, [5000, 0.98, 0.5, 5001]),
        ("scaledreamer-nerf", [0, 0.5, 0.02, 25000], [0, 0.98, 0.5, 25000]),
    ],
)
def test_the_bounds_on_t_are_those_of_min_and_max_step_percent(name, low, high):
    draws = sampling(name)
    for step in (0, 2500, 4990, 5010, 9999):
        expected = [x if isinstance(x, float) else scheduled(x, step) for x in (low, high)]
        assert draws.bounds(step) == pytest.approx(expected, abs=1e-4)


def test_sdi_falls_linearly_without_randomness():
    """3s: sdi.yaml, t_anneal from max_step_percent 0.98 to min_step_percent 0.25."""
    draws = sampling("score-inversion-nerf")
    for step in (0, 5000, 9999):
        expected = 0.98 + (0.25 - 0.98) * step / 9999
        assert draws.bounds(step) == pytest.approx((expected, expected))


def small(name):
    """The recipe with a scene that is made at once."""
    if "splats" in name:
        return load(name, overrides=["scene.count=50"])
    return load(name, overrides=["scene.log2_table=4", "scene.levels=1", "scene.grid=4"])


def trainer_of(name):
    recipe = small(name)
    return build.trainer(recipe, build.scene(recipe, 0, build.CPU))


def rates(trainer, name, step):
    """The learning rate of each group at a step."""
    trainer.step(step, load(name).steps)
    return {group["name"]: group["lr"] for group in trainer.optimizer.param_groups}


@pytest.mark.parametrize("name", LUCIDDREAMERS)
def test_the_learning_rates_are_luciddreamers(name):
    """arguments/__init__.py, gaussian_model.py: positions in units of the extent, 3.5; opacity is constant."""
    steps = ITERATIONS[name]
    trainer = trainer_of(name)
    for step in (0, steps // 3, steps - 1):
        expected = {
            "means": exponential(1.6e-4 * 3.5, 1.6e-6 * 3.5, step, steps),
            "scales": exponential(0.005, 0.001, step, steps),
            "quats": exponential(0.001, 0.0002, step, steps),
            "opacities": 0.05,
            "colors": exponential(0.005, 0.003, step, steps),
        }
        assert rates(trainer, name, step) == pytest.approx(expected)


def test_dreamgaussians_positions_alone_slow_down_and_have_done_so_by_step_300():
    """configs/text.yaml: position_lr 0.001 to 0.00002 by position_lr_max_steps 300; spatial_lr_scale is 10."""
    trainer = trainer_of("dreamgaussian-splats")
    others = {"scales": 0.005, "quats": 0.005, "opacities": 0.05, "colors": 0.01}
    for step in (0, 150, 300, 499):
        expected = {"means": exponential(0.001 * 10, 0.00002 * 10, step, 300), **others}
        assert rates(trainer, "dreamgaussian-splats", step) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "table", "mlp", "decay"),
    [
        ("dreamfusion-nerf", 0.01, 0.01, None),
        ("dreamfusion-sd-nerf", 0.01, 0.01, None),
        ("dreamfusion-if-nerf", 0.01, 0.01, None),
        ("classifier-score-nerf", 0.001, 0.001, None),
        ("score-inversion-nerf", 0.01, 0.01, None),
        ("prolificdreamer-nerf", 0.01, 0.001, 0.01),
        ("mode-collapse-nerf", 0.01, 0.001, 0.01),
        ("scaledreamer-nerf", 0.01, 0.001, 0.01),
        ("rectified-flow-nerf", 0.01, 0.001, 0.01),
        ("multiview-dream-nerf", 0.01, 0.001, 0.01),
    ],
)
def test_the_optimizer_and_its_constant_rates_are_those_of_the_configuration(
    name, table, mlp, decay
):
    """`optimizer.name` and `params` of the yaml files; torch's AdamW decays by 0.01 unless told."""
    trainer = trainer_of(name)
    for step in (0, load(name).steps - 1):
        assert rates(trainer, name, step) == pytest.approx({"table": table, "mlp": mlp})
    optimizer = trainer.optimizer
    assert isinstance(optimizer, torch.optim.AdamW) == (decay is not None)
    assert optimizer.defaults["weight_decay"] == (decay or 0)


@pytest.mark.parametrize(
    ("name", "penalty", "value"),
    [
        ("dreamfusion-nerf", "sparsity", 1.0),
        ("dreamfusion-sd-nerf", "sparsity", 1.0),
        ("dreamfusion-if-nerf", "sparsity", 1.0),
        ("dreamfusion-sd-nerf", "opaque", 0.0),
        ("dreamfusion-if-nerf", "opaque", 0.0),
        ("dreamfusion-nerf", "opaque", 0.0),
        ("prolificdreamer-nerf", "sparsity", 10.0),
        ("prolificdreamer-nerf", "opaque", [10000, 0.0, 1000.0, 10001]),
        ("mode-collapse-nerf", "opaque", [10000, 0.0, 1000.0, 10001]),
        ("scaledreamer-nerf", "sparsity", 30.0),
        ("scaledreamer-nerf", "opaque", [10000, 0.0, 100.0, 10001]),
        ("classifier-score-nerf", "sparsity", [0, 10.0, 1.0, 5000]),
        ("score-inversion-nerf", "sparsity", [0, 0.15, 0.0, 3000]),
        ("score-inversion-nerf", "opaque", 0.1),
        ("score-inversion-nerf", "z_variance", 1.0),
        ("dreamfusion-nerf", "orient", [0, 10.0, 1000.0, 5000]),
        ("dreamfusion-sd-nerf", "orient", [0, 10.0, 1000.0, 5000]),
        ("dreamfusion-if-nerf", "orient", [0, 10.0, 1000.0, 5000]),
        ("dreamtime-nerf", "orient", [0, 10.0, 1000.0, 5000]),
        ("magic3d-nerf", "orient", [0, 10.0, 1000.0, 5000]),
        ("magic3d-nerf", "sparsity", 1.0),
        ("classifier-score-nerf", "orient", [0, 1.0, 100.0, 5000]),
        ("score-inversion-nerf", "orient", 0.1),
        ("consistent3d-nerf", "orient", [0, 10.0, 1000.0, 2000]),
        ("rectified-flow-nerf", "sparsity", 0.1),
        ("rectified-flow-nerf", "opaque", [5000, 0.1, 0.1, 5001]),
    ],
)
def test_the_weight_of_a_penalty_is_its_lambda_at_every_step(name, penalty, value):
    weight = weight_of(load(name), penalty)
    for step in (0, 1500, 3000, 5000, 9999, 10000, 10001):
        expected = value if isinstance(value, float) else scheduled(value, step)
        found = weight(step) if callable(weight) else weight
        assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "channels", "size", "factor"),
    [
        (
            "score-inversion-nerf",
            4,
            64,
            1 / 16384,
        ),  # 3s sdi_guidance:524: 0.5 * mean squared error / B
        (
            "rectified-flow-nerf",
            16,
            64,
            2 * 0.5 / 65536,
        ),  # :407: mean squared error, times a factor of mean 1/2
        ("dreamfusion-sd-nerf", 4, 64, 1.0),
        ("dreamfusion-if-nerf", 3, 64, 1.0),
        ("posterior-distillation-nerf", 4, 64, 1 / 16384),  # pds.py:204, as 3s's sdi
        ("delta-denoising-nerf", 4, 64, 1 / 16384),  # pds.py:260
        ("dreamfusion-nerf", 4, 64, 1.0),  # 3s: 0.5 * summed squared error / B
        ("luciddreamer-splats", 4, 64, 4.0),  # summed over the views too, which we average
        ("dreamer-xl-splats", 4, 128, 4.0),
        ("placiddreamer-splats", 4, 64, 4.0),
    ],
)
def test_the_latents_gradient_has_the_authors_reduction(name, channels, size, factor):
    g = torch.randn(2, channels, size, size, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(build.gradient(load(name))(g, 0.5), factor * g)


def test_dreamer_xl_clips_the_gradient_of_the_image_and_keeps_its_hue():
    """train.py:350-359: grad * amin over channels of min(1, clip_value / |grad|), clip_value 0.05."""
    recipe = load("dreamer-xl-splats")
    change = build.image_gradient(recipe)
    g = 0.1 * torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    expected = g * torch.clamp(0.05 / g.abs(), max=1.0).amin(1, keepdim=True)
    torch.testing.assert_close(change(g, 0.7), expected)
    assert build.image_gradient(load("luciddreamer-splats")) is None


def test_consistent3d_clips_the_latents_gradient_from_2_to_8():
    """consistency-coarse.yaml: grad_clip [0, 2.0, 8.0, 3000]."""
    change = build.gradient(load("consistent3d-nerf"))
    g = torch.tensor([[[[-100.0, 1.0]]]])
    for step in (0, 1500, 2999):
        limit = scheduled([0, 2.0, 8.0, 3000], step)
        assert change(g, step / 2999).flatten().tolist() == pytest.approx([-limit, 1.0], abs=3e-3)


@pytest.mark.parametrize("name", LUCIDDREAMERS)
def test_gaussians_densify_at_the_authors_threshold_for_their_summed_loss(name):
    """densify_grad_threshold 0.00075: in clip space, -1 to 1 over the image, of the loss summed over views."""
    recipe = load(name)
    of_our_mean = 0.00075 * 2 / SIZE[name] * recipe.gradient.scale / recipe.camera.views
    assert recipe.scene.options["densify_grad"] == pytest.approx(of_our_mean, rel=0.01)
    assert recipe.camera.sizes == (SIZE[name],)


@pytest.mark.parametrize("name", LUCIDDREAMERS)
def test_the_cameras_come_nearer_and_the_view_angle_widens_in_luciddreamers_stages(name):
    """train.py: every 500 iterations the radii * 0.95 down to [3.5, 5.0], fovy_range[0] * 0.75 down to 0.16."""
    recipe = load(name)
    for stage in range(ITERATIONS[name] // 500 + 1):
        step = 500 * stage
        found = [
            at(end, step, recipe.steps) for end in (*recipe.camera.distance, *recipe.camera.fov_deg)
        ]
        expected = [
            max(5.2 * 0.95**stage, 3.5),
            max(5.5 * 0.95**stage, 5.0),
            math.degrees(max(0.32 * 0.75**stage, 0.16)),
            math.degrees(0.60),
        ]
        assert found == pytest.approx(expected, rel=2e-3)
    assert recipe.camera.elevation_deg == (
        90 - 105,
        90 - 45,
    )  # theta_range [45, 105], from the pole


def test_csd_begins_with_fronts_and_backs_alone():
    """csd-if.yaml: front_back_only_iters 1000, offsets of +-30 degrees (data/uncond.py:190)."""
    draws = sampling("classifier-score-nerf")

    def azimuths(step):
        views = [draws.cameras(torch.Generator().manual_seed(seed), step) for seed in range(60)]
        return torch.cat([view.azimuth_deg for view in views])

    for step in (0, 999):
        away = azimuths(step).abs()
        assert torch.minimum(away, 180 - away).max() <= 30.01
    away = azimuths(1000).abs()
    assert torch.minimum(away, 180 - away).max() > 45


@pytest.mark.parametrize(
    ("name", "milestone", "before", "after"),
    [
        ("prolificdreamer-nerf", 5000, 64, 512),
        ("mode-collapse-nerf", 5000, 64, 512),
        ("multiview-dream-nerf", 5000, 64, 256),
        ("scaledreamer-nerf", 10000, 64, 256),
        ("rectified-flow-nerf", 5000, 256, 512),
    ],
)
def test_images_grow_at_the_resolution_milestone(name, milestone, before, after):
    draws = sampling(name)
    sizes = [draws.cameras(torch.Generator(), step).height for step in (milestone - 1, milestone)]
    assert sizes == [before, after]


LONG = (
    "unrealistic, blurry, low quality, out of focus, ugly, low contrast, dull, dark, low-resolution, "
    "oversaturation."
)


@pytest.mark.parametrize(
    ("name", "negative"),
    [
        ("luciddreamer-splats", LONG),
        ("dreamer-xl-splats", LONG),
        ("placiddreamer-splats", "unrealistic, blurry, low quality."),
        ("rectified-flow-nerf", "unrealistic, blurry, low quality, oversaturation."),
        ("classifier-score-nerf", "oversaturated color, ugly, tiling, low quality, noisy"),
        (
            "multiview-dream-nerf",
            "ugly, bad anatomy, blurry, pixelated obscure, unnatural colors, poor lighting, dull, and unclear, "
            "cropped, lowres, low quality, artifacts, duplicate, morbid, mutilated, poorly drawn face, "
            "deformed, dehydrated, bad proportions",
        ),
        ("dreamfusion-nerf", ""),
        ("prolificdreamer-nerf", ""),
    ],
)
def test_the_negative_prompt_is_the_configurations(name, negative):
    assert load(name).prompting.negative == negative


@pytest.mark.parametrize(
    ("name", "directions", "sector"),
    [
        ("dreamfusion-nerf", "plain", 45),
        ("dreamfusion-sd-nerf", "plain", 45),
        ("dreamfusion-if-nerf", "plain", 45),
        ("sjc-nerf", "plain", 45),
        ("dreamtime-nerf", "plain", 45),
        ("consistent3d-nerf", "plain", 45),
        ("prolificdreamer-nerf", "plain", 30),
        ("mode-collapse-nerf", "plain", 30),
        ("rectified-flow-nerf", "plain", 30),
        ("classifier-score-nerf", "perp-neg", 30),
        ("score-inversion-nerf", "perp-neg", 45),
        ("scaledreamer-nerf", "perp-neg", 30),
        ("luciddreamer-splats", "mixed", 45),
        ("dreamer-xl-splats", "mixed", 45),
        ("placiddreamer-splats", "mixed", 45),
    ],
)
def test_the_words_about_the_side_are_the_authors(name, directions, sector):
    """3s: front_threshold is 45 but where it says 30; LucidDreamer's train.py:257-272 mixes embeddings."""
    policy = load(name).prompting
    assert (policy.directions, policy.sector_deg) == (directions, sector)
    assert policy.left_right == (name == "placiddreamer-splats")


def test_luciddreamers_perp_neg_has_its_own_curves():
    """train.py:67-107 with negative_w -2, front_decay_factor 2, side_decay_factor 10, at r = 1/2."""
    for name in ("luciddreamer-splats", "dreamer-xl-splats"):
        curves = load(name).prompting.perp_neg_curves
        found = [a * math.exp(-b * 0.5) + c for a, b, c, _ in curves]
        assert found == pytest.approx([2 * math.exp(-1), 2 * math.exp(-5), math.exp(-5), 2])
        assert [cut for *_, cut in curves] == [0.8, 0.8, 0.8, 1.0]


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        (
            "dreamfusion-nerf",
            101,
        ),  # 3s guidance:251 adds s' (eps_pos - eps_null) to eps_pos, s' = 100
        ("dreamfusion-sd-nerf", 101),
        ("dreamfusion-if-nerf", 21),  # 3s deep_floyd_guidance:210, s' = 20
        ("multiview-dream-nerf", 50),
        ("posterior-distillation-nerf", 100),  # pds.py:192 adds s (eps_pos - eps_null) to eps_null
        ("delta-denoising-nerf", 7.5),  # DDS_zeroshot.ipynb, likewise
        ("sjc-nerf", 101),
        ("dreamtime-nerf", 101),
        ("consistent3d-nerf", 101),
        ("prolificdreamer-nerf", 7.5),
        ("scaledreamer-nerf", 7.5),
        ("rectified-flow-nerf", 100),
        ("luciddreamer-splats", 7.5),
        ("dreamer-xl-splats", 7.5),
    ],
)
def test_the_guidance_scale_is_the_authors_in_our_convention(name, scale):
    assert load(name).objective.options["guidance_scale"] == scale


@pytest.mark.parametrize("name", LUCIDDREAMERS)
def test_the_noise_of_luciddreamer_has_an_offset_for_each_channel(name):
    """sd_utils.py:243: randn(z.shape) + 0.1 randn(1, 4, 1, 1)."""
    draws = sampling(name)
    z = torch.zeros(4, 4, 64, 64)
    means = torch.stack(
        [
            draws.noise(torch.Generator().manual_seed(seed), z, None, None).mean((2, 3))
            for seed in range(200)
        ]
    )
    assert means.std().item() == pytest.approx(math.sqrt(0.1**2 + 1 / 64**2), rel=0.05)
    torch.testing.assert_close(means[:, 0], means[:, 1], atol=0.1, rtol=0)


@pytest.mark.parametrize(
    ("name", "levels", "coarsest", "finest", "half_side"),
    [
        ("dreamfusion-nerf", 16, 16, 16 * 1.447269237440378**15, 2.0),
        ("dreamfusion-sd-nerf", 16, 16, 16 * 1.447269237440378**15, 2.0),
        ("dreamfusion-if-nerf", 16, 16, 16 * 1.447269237440378**15, 2.0),
        ("delta-denoising-nerf", 16, 16, 16 * 1.447269237440378**15, 2.0),
        ("posterior-distillation-nerf", 16, 16, 16 * 1.447269237440378**15, 2.0),
        ("consistent3d-nerf", 16, 16, 16 * 1.447269237440378**15, 2.0),
        ("classifier-score-nerf", 12, 16, 16 * 1.3703509847201236**11, 1.0),
        ("prolificdreamer-nerf", 16, 16, 16 * 1.447269237440378**15, 1.0),
        ("rectified-flow-nerf", 16, 16, 16 * 1.447269237440378**15, 1.0),
        ("multiview-dream-nerf", 16, 16, 16 * 1.447269237440378**15, 1.0),
        ("scaledreamer-nerf", 16, 16, 16 * 1.447269237440378**15, 1.0),
    ],
)
def test_the_hash_grid_and_the_samples_are_the_authors_in_our_box(
    name, levels, coarsest, finest, half_side
):
    """Their box reaches from -radius to radius, ours from -1 to 1; 512 samples lie on their box's diagonal."""
    scene = load(name).scene.options
    assert scene["levels"] == levels
    assert scene["base_resolution"] == coarsest / half_side
    assert scene["max_resolution"] == pytest.approx(finest / half_side, rel=1e-3)
    assert scene["step"] == pytest.approx(2 * half_side * math.sqrt(3) / 512, rel=0.01)


@pytest.mark.parametrize(
    ("name", "distance", "views"),
    [
        ("sjc-nerf", (1.5, 1.5), 4),
        ("rectified-flow-nerf", (1.0, 1.5), 1),
        ("classifier-score-nerf", (1.5, 2.0), 1),
        ("prolificdreamer-nerf", (1.0, 1.5), 1),
        ("consistent3d-nerf", (1.5, 2.0), 8),
        ("dreamfusion-sd-nerf", (1.5, 2.0), 1),
        ("dreamfusion-if-nerf", (1.5, 2.0), 1),
    ],
)
def test_the_cameras_stand_where_the_configuration_says(name, distance, views):
    camera = load(name).camera
    assert (camera.distance, camera.views) == (distance, views)


def test_the_default_for_large_flows_has_the_numbers_of_rectified_flow():
    big, papers = load("rectified-flow-big-nerf"), load("rectified-flow-nerf")
    assert replace(big, paper=papers.paper) == papers


def test_mvdreams_object_has_the_authors_size_in_the_picture():
    """mvdream-sd21.yaml: camera_distance_range [0.8, 1.0], relative: distance = that / tan(fov / 2)."""
    camera = load("multiview-dream-nerf").camera
    relative = [d * math.tan(math.radians(camera.fov_deg[0] / 2)) for d in camera.distance]
    assert relative == pytest.approx([0.8, 1.0], abs=2e-3)
    assert camera.views == 4


def test_hifas_time_falls_with_the_square_root_of_the_progress():
    """HiFA d0213bc, main.py: min_percent 0.3, max_percent 0.98, timestep_scheduling sqrt; no randomness."""
    recipe = load("hifa-nerf")
    draws = build.sampling(recipe, 1001, 0, build.CPU)
    for step in (0, 40, 250, 1000):
        expected = 0.98 + (0.3 - 0.98) * math.sqrt(step / 1000)
        assert draws.bounds(step) == pytest.approx((expected, expected))
    assert recipe.objective.options["image_weight"] == 0.1  # lambda_rgb


OURS = {  # of a default recipe for large models: what no configuration says
    "name",
    "paper",
    "prior",
    "run",
    "scene.name",
    "scene.grid",
    "scene.refresh",
    "scene.empty",
    "export.texture_size",
    "export.faces",
}
RANDOM = {"low": 0.02, "high": 0.98, "low_end": 0.02, "high_end": 0.98, "schedule": "constant"}
THREESTUDIO = {  # configs/dreamfusion-sd.yaml, in our units and conventions
    "steps": 10000,
    "objective": {"name": "sds", "guidance_scale": 101.0, "weight": "sigma2"},
    "time": {**RANDOM, "per_view": True},
    "camera": {
        "views": 1,
        "sizes": [64],
        "elevation_deg": [-10.0, 45.0],
        "distance": [1.5, 2.0],
        "fov_deg": [40.0, 70.0],
    },
    "prompting": {"directions": "plain", "sector_deg": 45.0, "overhead_deg": 60.0},
    "scene": {
        "levels": 16,
        "features": 2,
        "log2_table": 19,
        "base_resolution": 16 / 2,
        "max_resolution": round(16 * 1.447269237440378**15 / 2),
        "width": 64,
        "blob_density": 10.0,
        "blob_radius": 0.5,
        "density_scale": 1.0,
        "step": round(1.732 * 2 * 2.0 / 512, 4),
    },
    "lr": {"table": 0.01, "mlp": 0.01},
    "optimizer": {"betas": [0.9, 0.99], "eps": 1e-15, "lr_end": 1.0},
    "regularizers": {
        "sparsity": 1.0,
        "opaque": 0.0,
        "orient": {"start": 10.0, "end": 1000.0, "until": 5000 / 10000},
    },
    "background": {"mode": "learned", "lr": 0.001},
    "shading": {
        "lit": 0.75,
        "textureless": 0.5,
        "after": 2001 / 10000,
        "ambient": 0.1,
        "diffuse": 0.9,
        "light": "around",
        "light_distance": [0.8, 1.5],
        "light_spread": 1.0,
    },
    "export": {"resolution": 128},
}
DEEP_FLOYD = {  # configs/dreamfusion-if.yaml, where it differs
    "objective": {"name": "sds", "guidance_scale": 21.0, "weight": "sigma2"},
    "camera": {**THREESTUDIO["camera"], "elevation_deg": [-10.0, 90.0]},
}
PDS = {  # pds.py, pds_config.py; the cameras and the scene are threestudio's
    "steps": 30000,
    "objective": {"name": "pds", "guidance_scale": 100.0, "stride": 1 / 500},
    "time": RANDOM,
    "camera": {**THREESTUDIO["camera"], "sizes": [512]},
    "prompting": {},
    "optimizer": {"betas": [0.9, 0.999], "eps": 1e-15, "lr_end": 1e-3 / 1e-2},
    "regularizers": {},
    "background": {"mode": "random"},  # ours
    "shading": {},
    "gradient": {"reduction": "mean"},
}
DDS = {  # DDS_zeroshot.ipynb; the loop is that of PDS
    "objective": {"name": "dds", "guidance_scale": 7.5, "weight": "uniform"},
    "time": {**RANDOM, "low": 0.05, "high": 0.948, "low_end": 0.05, "high_end": 0.948},
}


RFDS = {  # configs/rfds_sd3.yaml
    "steps": 15000,
    "objective": {
        "name": "rfds",
        "guidance_scale": 100.0,
        "improve_noise": False,
        "weight": "uniform",
    },
    "time": {
        "low": 1 - 0.98,
        "high": 1 - 0.3,
        "low_end": 1 - 0.98,
        "high_end": 1 - 0.3,
        "schedule": "constant",
        "distribution": "shifted",
        "shift": 3.0,
    },
    "camera": {**THREESTUDIO["camera"], "sizes": [256, 512, 512], "distance": [1.0, 1.5]},
    "prompting": {
        "negative": "unrealistic, blurry, low quality, oversaturation.",
        "directions": "plain",
        "sector_deg": 30.0,
    },
    "scene": {
        **THREESTUDIO["scene"],
        "base_resolution": 16,
        "max_resolution": round(16 * 1.447269237440378**15),
        "step": round(1.732 * 2 / 512, 4),
    },
    "lr": {"table": 0.01, "mlp": 0.001},
    "optimizer": {**THREESTUDIO["optimizer"], "kind": "adamw", "weight_decay": 0.01},
    "regularizers": {"sparsity": 0.1, "opaque": 0.1},
    "background": {"mode": "learned", "random": 0.5, "lr": 0.001},
    "shading": {},
    "gradient": {"reduction": "mean", "scale": 2 * 0.5},
}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("rectified-flow-big-nerf", THREESTUDIO | RFDS),
        ("dreamfusion-sd-nerf", THREESTUDIO),
        ("dreamfusion-if-nerf", THREESTUDIO | DEEP_FLOYD),
        ("posterior-distillation-nerf", THREESTUDIO | PDS),
        ("delta-denoising-nerf", THREESTUDIO | PDS | DDS),
    ],
)
def test_every_number_of_a_default_recipe_for_large_models_is_its_sources(name, told):
    """Whatever the file says is in the authors' configuration, or in the list of what is ours."""
    expected = {
        f"{table}.{key}" if key else table: value
        for table, values in told.items()
        for key, value in (values.items() if isinstance(values, dict) else [("", values)])
    }
    found = {}
    for table, values in tomllib.loads(text(name)).items():
        pairs = values.items() if isinstance(values, dict) else [("", values)]
        found |= {f"{table}.{key}" if key else table: value for key, value in pairs}
    said = {
        key: value
        for key, value in found.items()
        if key not in OURS and key.partition(".")[0] not in OURS
    }
    assert said.keys() == expected.keys()
    for key, value in expected.items():
        assert said[key] == (value if isinstance(value, str) else pytest.approx(value)), key


DREAMFUSION = {"first": 2001, "lit": 0.75, "textureless": 0.5}
MAGIC3D = {**DREAMFUSION, "light": "magic3d", "soft": True}
CSD = {"first": 5001, "lit": 0.5, "textureless": 1.0, "white": "normal", "spread": 0.1}
SDI = {"first": 1000, "lit": 0.3, "textureless": 0.75}
CONSISTENT3D = {"first": 1000, "lit": 0.75, "textureless": 0.5, "light": "magic3d", "ambient": 1.0}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dreamfusion-nerf", DREAMFUSION),
        ("dreamfusion-sd-nerf", DREAMFUSION),
        ("dreamfusion-if-nerf", DREAMFUSION),
        ("dreamtime-nerf", DREAMFUSION),
        ("magic3d-nerf", MAGIC3D),
        ("classifier-score-nerf", CSD | {"distance": (1.5, 2.0)}),
        ("score-inversion-nerf", SDI),
        ("consistent3d-nerf", CONSISTENT3D),
    ],
)
def test_what_the_steps_show_and_under_which_light_is_the_authors_material(name, expected):
    """The material's and the lights' numbers in the yaml files, else 3s's defaults.

    `ambient_only_steps`, `diffuse_prob`, `textureless_prob`, `soft_shading` and the light colours 0.1 and 0.9
    (diffuse_with_point_light_material.py); `light_sample_strategy`, `light_distance_range` [0.8, 1.5] and
    `light_position_perturb` 1 (data/uncond.py); csd: `textureless_normal`; Consistent3D: colours 1 and 0.
    """
    draws, recipe = sampling(name), load(name)
    first, steps = expected["first"], recipe.steps
    cameras = orbit(1, 4, distance=1.75)

    def look(step):
        return draws.shading(torch.Generator().manual_seed(step), step, cameras)

    early = [look(step) for step in range(first - 60, first)]
    assert {(x.ambient, x.diffuse, x.surface) for x in early} == {(1.0, 0.0, "albedo")}
    late = [look(step) for step in range(first, steps, max(1, (steps - first) // 2000))]
    blank = expected.get("white", "white")
    textureless = expected["lit"] * expected["textureless"]
    assert sum(x.surface == blank for x in late) / len(late) == pytest.approx(textureless, abs=0.04)
    assert {x.surface for x in late} == {"albedo", blank}
    ambient = expected.get("ambient", 0.1)
    if expected.get("soft"):
        diffuse = sorted(x.diffuse for x in late if x.surface == blank)
        assert diffuse[len(diffuse) // 4] == pytest.approx(0.25, abs=0.05)
        assert diffuse[3 * len(diffuse) // 4] == pytest.approx(0.75, abs=0.05)
        assert all(x.ambient + x.diffuse == pytest.approx(1) for x in late)
    elif blank == "white":
        colours = {(x.ambient, round(x.ambient + x.diffuse, 6)) for x in late if x.surface == blank}
        assert colours == {(ambient, 1.0)}
        if ambient < 1:
            lit = sum(x.diffuse > 0 for x in late) / len(late)
            assert lit == pytest.approx(expected["lit"], abs=0.04)
    light = torch.cat([x.light for x in late])
    low, high = expected.get("distance", (0.8, 1.5))
    distance = light.norm(dim=1)
    assert low <= distance.min() < low + 0.02
    assert high - 0.02 < distance.max() <= high
    cosine = (light / distance[:, None]) @ (cameras.position[0] / 1.75)
    if expected.get("light") == "magic3d":
        angle = torch.rad2deg(cosine.clamp(-1, 1).acos())
        assert angle.max() < 60.1
        assert angle.median().item() == pytest.approx(30, abs=3)
    else:
        spread = expected.get("spread", 1.0)
        noise = spread * torch.randn(20_000, 3, generator=torch.Generator().manual_seed(0))
        direction = cameras.position + noise
        authors = (direction / direction.norm(dim=1, keepdim=True)) @ cameras.position[0] / 1.75
        for quantile in (0.1, 0.5):
            assert cosine.quantile(quantile).item() == pytest.approx(
                authors.quantile(quantile).item(), abs=0.05
            )


@pytest.mark.parametrize(
    ("name", "random", "rate"),
    [
        ("dreamfusion-nerf", 0.0, 0.001),
        ("dreamfusion-sd-nerf", 0.0, 0.001),
        ("dreamfusion-if-nerf", 0.0, 0.001),
        ("dreamtime-nerf", 0.0, 0.001),
        ("magic3d-nerf", 0.0, 0.001),
        ("score-inversion-nerf", 0.0, 0.001),
        ("prolificdreamer-nerf", 0.5, 0.001),
        ("mode-collapse-nerf", 0.5, 0.001),
        ("rectified-flow-nerf", 0.5, 0.001),
        ("scaledreamer-nerf", 0.5, 0.001),
        ("classifier-score-nerf", 0.5, 0.001),
        ("consistent3d-nerf", 0.5, 0.005),
    ],
)
def test_the_background_is_learned_at_the_configurations_rate_and_random_in_its_share(
    name, random, rate
):
    """`background.random_aug`, with 3s's random_aug_prob 0.5; optimizer.params.background.lr."""
    draws = sampling(name)
    colours = [draws.background(torch.Generator().manual_seed(seed), 0) for seed in range(1000)]
    share = sum(x is not None for x in colours) / len(colours)
    assert share == pytest.approx(random, abs=0.05)
    recipe = small(name)
    behind = build.backdrop(recipe, 0, build.CPU)
    trainer = build.trainer(recipe, build.scene(recipe, 0, build.CPU), behind)
    assert rates(trainer, name, 0)["backdrop"] == rate
    assert rates(trainer, name, recipe.steps - 1)["backdrop"] == pytest.approx(rate)
