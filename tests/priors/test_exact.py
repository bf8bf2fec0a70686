"""Laws of the exact prior: its score is that of its mixture."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import trimesh

from sds3d.diffusion.guidance import together
from sds3d.diffusion.noising import add_noise
from sds3d.diffusion.prior import HasMaterials, LightAware, Lit
from sds3d.errors import PriorError
from sds3d.language.prompt import Prompt
from sds3d.library.kit.model import RADIUS, Model
from sds3d.priors.exact.prior import ExactPrior, Members, render
from sds3d.views.cameras import look_at_origin, orbit
from sds3d.views.environment import environment, environment_of
from sds3d.views.lighting import shaded
from sds3d.views.shading import Shading
from sds3d.views.srgb import encoded, linear

SIZE, GREY = 12, 0.5


def cuboid(size, color, front=None) -> Model:
    """A box of the given half extents; its +Z side may have a colour of its own."""
    vertices, faces, normals, colors = [], [], [], []
    for axis in range(3):
        for sign in (-1, 1):
            n = np.eye(3)[axis] * sign
            u, v = np.eye(3)[(axis + 1) % 3], np.eye(3)[(axis + 2) % 3]
            u = u * sign
            corner = [n - u - v, n + u - v, n + u + v, n - u + v]
            faces += [np.array([[0, 1, 2], [0, 2, 3]]) + len(vertices)]
            vertices += corner
            normals += [n] * 4
            colors += [front if front is not None and axis == 2 and sign == 1 else color] * 4
    vertices = np.array(vertices) * np.array(size)
    vertices = vertices * RADIUS / np.linalg.norm(vertices, axis=1).max()
    flat = np.full(len(vertices), 0.5, np.float32)
    arrays = (vertices, np.concatenate(faces).astype(np.int32), normals, colors)
    v, f, n, c = (np.asarray(a) for a in arrays)
    return Model("box", np.float32(v), f, np.float32(n), np.float32(c), flat, flat)


RED, BLUE, GREEN = (0.8, 0.1, 0.1), (0.1, 0.1, 0.8), (0.1, 0.7, 0.1)
MODELS = (cuboid((1, 1, 1), RED), cuboid((1, 2, 1), BLUE), cuboid((2, 1, 1), GREEN, front=RED))
PROMPT = Prompt("a box")


def make(text=(0.7, 0.3, 0.0), null=(0.2, 0.2, 0.6), **options) -> ExactPrior:
    return ExactPrior(lambda _: Members(MODELS, np.array(text), np.array(null)), **options)


def conditioned(prior, cameras):
    return prior.condition(PROMPT, cameras, torch.full((len(cameras), 3), GREY))


@pytest.fixture
def cameras():
    return orbit(2, SIZE, elevation_deg=20)


def members(prior, cameras):
    """z_i(c) in float64, (M, B, 3, H, W)."""
    images = render(MODELS, cameras, torch.full((len(cameras), 3), GREY), 2)
    return prior.encode(images).transpose(0, 1).double()


def test_the_noise_prediction_is_the_score_of_the_mixture_by_autograd(cameras, rng):
    """eps_hat = -sigma grad log sum_i p_i N(z_t; alpha z_i, sigma^2), jointly over the views."""
    prior, cond = make(), conditioned(make(), cameras)
    z_i, p = members(prior, cameras), torch.tensor([0.7, 0.3, 0.0], dtype=torch.float64)
    for t in (0.5, 0.9, 0.98):
        times = torch.full((2,), t, dtype=torch.float64)
        alpha_t, sigma_t = (x[0].item() for x in prior.alpha_sigma(times))
        noise = torch.randn(z_i.shape[1:], generator=rng, dtype=torch.float64)
        z_t = (alpha_t * z_i[:2].mean(0) + sigma_t * noise).requires_grad_()
        logits = p.log() - (z_t - alpha_t * z_i).square().sum((1, 2, 3, 4)) / (2 * sigma_t**2)
        (score,) = torch.autograd.grad(torch.logsumexp(logits, 0), z_t)
        eps_hat = prior.predict_noise(z_t.detach(), times, cond)
        torch.testing.assert_close(eps_hat, -sigma_t * score, rtol=1e-5, atol=1e-6)


def test_a_library_of_one_predicts_exactly_the_noise_that_was_added(cameras, rng):
    prior = make(text=(0, 1, 0))
    z, t = members(prior, cameras)[1].float(), torch.tensor([0.3, 0.8])
    alpha_t, sigma_t = prior.alpha_sigma(t)
    eps = torch.randn(z.shape, generator=rng)
    eps_hat = prior.predict_noise(alpha_t * z + sigma_t * eps, t, conditioned(prior, cameras))
    torch.testing.assert_close(eps_hat, eps, atol=1e-4, rtol=1e-4)


def test_a_member_outside_the_text_never_wins_however_well_it_fits(cameras):
    prior = make()
    z = members(prior, cameras)[2].float()
    w = prior.posterior(z, torch.full((2,), 0.02), conditioned(prior, cameras))
    assert torch.equal(w[:, 2], torch.zeros(2))
    torch.testing.assert_close(w.sum(1), torch.ones(2))


def test_the_unconditional_branch_sees_the_whole_library(cameras):
    prior = make()
    cond = conditioned(prior, cameras).unconditional()
    z = members(prior, cameras)[2].float()
    w = prior.posterior(z, torch.full((2,), 0.3), cond)
    assert w[:, 2].min() > 0.99


def test_the_views_of_a_batch_are_scored_as_one_object(cameras, rng):
    """Evidence in one view decides the other: both rows hold the same weights."""
    prior, cond = make(), conditioned(make(), cameras)
    z = members(prior, cameras)[1].float()
    z[0] = torch.randn(z[0].shape, generator=rng)
    w = prior.posterior(z, torch.full((2,), 0.5), cond)
    assert torch.equal(w[0], w[1])
    assert w[0, 1] > 0.99


def test_branches_in_one_batch_are_the_branches_alone(cameras, rng):
    prior = make()
    cond = conditioned(prior, cameras)
    z_t, t = torch.randn(2, 3, SIZE, SIZE, generator=rng), torch.tensor([0.6, 0.95])
    both = together(prior, [(z_t, t, cond), (z_t, t, cond.unconditional())])
    torch.testing.assert_close(both[0], prior.predict_noise(z_t, t, cond))
    torch.testing.assert_close(both[1], prior.predict_noise(z_t, t, cond.unconditional()))


def test_the_sharp_prior_knows_the_camera_and_the_blind_one_does_not():
    """The back view of a box with a red front: the blind prior takes the front for equally possible."""
    back = look_at_origin(*(torch.tensor([x]) for x in (180.0, 0.0, 3.0, 40.0)), SIZE, SIZE)
    front = look_at_origin(*(torch.tensor([x]) for x in (0.0, 0.0, 3.0, 40.0)), SIZE, SIZE)
    t = torch.tensor([0.3])
    for blind in (False, True):
        prior = make(text=(0, 0, 1), camera_blind=blind)
        z = members(prior, front)[2].float()
        eps_hat = prior.predict_noise(z, t, conditioned(prior, back))
        alpha_t, sigma_t = prior.alpha_sigma(t)
        z_hat = (z - sigma_t * eps_hat) / alpha_t
        target = members(prior, front if blind else back)[2].float()
        torch.testing.assert_close(z_hat, target, atol=1e-4, rtol=1e-4)


def test_the_same_views_over_another_background_are_other_images(cameras):
    prior = make()
    black = prior.condition(PROMPT, cameras, torch.zeros(2, 3)).views.z
    white = prior.condition(PROMPT, cameras, torch.ones(2, 3)).views.z
    corner = white.reshape(2, 3, 3, SIZE, SIZE)[..., 0, 0]
    assert torch.equal(corner, torch.ones_like(corner))
    assert torch.equal(black.reshape(2, 3, 3, SIZE, SIZE)[..., 0, 0], -torch.ones_like(corner))


def test_the_light_shades_by_the_normal_and_keeps_colours_displayable():
    for model in MODELS:
        s = shaded(model.colors, model.normals)
        assert s.min() >= 0
        assert s.max() <= 1
    top, bottom = (
        shaded(MODELS[0].colors, MODELS[0].normals)[MODELS[0].normals[:, 1] == s].mean()
        for s in (1, -1)
    )
    assert top > bottom


@pytest.mark.parametrize("text", ["qwertyuiop", "the second law of thermodynamics"])
def test_a_prompt_outside_the_library_is_refused_with_the_nearest_concepts(text):
    from sds3d.priors.exact.choose import built_in

    with pytest.raises(PriorError, match="nearest") as caught:
        built_in(variants=1, null_members=1)(Prompt(text))
    assert "exact:FOLDER" in caught.value.fix


def test_the_built_in_members_have_the_requested_colour():
    from sds3d.priors.exact.choose import built_in

    members = built_in(variants=3, null_members=4)(Prompt("a red armchair"))
    assert len(members.models) == 7
    assert members.text[:3].sum() == pytest.approx(1)
    assert not members.text[3:].any()
    assert members.null.sum() == pytest.approx(1)
    for model in members.models[:3]:
        red, green, blue = model.colors[np.ptp(model.colors, axis=1) > 0.3].mean(0)
        assert red > 2 * max(green, blue)


def test_a_word_about_the_side_selects_the_side_for_a_camera_blind_prior():
    from sds3d.views.directions import plain

    prior, cameras = (
        make(text=(0.0, 0.0, 1.0), camera_blind=True),
        orbit(4, SIZE),
    )  # the front is red
    background = torch.full((4, 3), GREY)
    cond = prior.condition(PROMPT, cameras, background, plain(45, 60)(cameras))
    t = torch.full((4,), 0.98)
    z_t = torch.zeros(4, 3, SIZE, SIZE)
    seen = members(prior, cameras)[2]
    blind = conditioned(prior, cameras)

    def error(of):
        alpha_t, sigma_t = prior.alpha_sigma(t)
        mean = (z_t - sigma_t * prior.predict_noise(z_t, t, of)) / alpha_t
        return (mean - seen).square().mean((1, 2, 3))

    assert (error(cond) < error(blind)).all()
    p = cond.text.embedding.exp().sum(1)
    torch.testing.assert_close(p, torch.ones(4))


def test_a_prior_conditioned_on_the_camera_ignores_words_about_the_side(cameras):
    from sds3d.recipe.schema import Prompting
    from sds3d.views.directions import perp_neg

    prior, background = make(), torch.full((len(cameras), 3), GREY)
    directions = perp_neg(1.0, 60, Prompting().perp_neg_curves)(cameras)
    cond = prior.condition(PROMPT, cameras, background, directions)
    assert torch.equal(cond.text.embedding, conditioned(prior, cameras).text.embedding)
    assert cond.away == ()


def test_a_blurred_prior_has_the_score_of_gaussians_around_its_members(cameras, rng):
    prior = make(text=(0.7, 0.3, 0.0), spread=0.4)
    cond = conditioned(prior, cameras)
    z_i, t = members(prior, cameras), torch.full((2,), 0.9, dtype=torch.float64)
    z_t = torch.randn(2, 3, SIZE, SIZE, generator=rng, dtype=torch.float64, requires_grad=False)
    z_t.requires_grad_()
    alpha_t, sigma_t = prior.alpha_sigma(t)
    variance = (sigma_t**2 + (alpha_t * 0.4) ** 2)[0].item()
    square = (z_t - alpha_t * z_i).square().sum((1, 2, 3, 4))
    log_p = torch.logsumexp(
        torch.tensor([0.7, 0.3]).double().log() - square[:2] / (2 * variance), 0
    )
    (score,) = torch.autograd.grad(log_p, z_t)
    eps_hat = prior.predict_noise(z_t.detach(), t, cond)
    torch.testing.assert_close(eps_hat, -sigma_t * score, atol=1e-5, rtol=1e-5)


def test_a_flow_schedule_mixes_image_and_noise_linearly():
    alpha_t, sigma_t = make(schedule="flow").alpha_sigma(torch.tensor([0.0, 0.25, 1.0]))
    assert alpha_t.flatten().tolist() == [1.0, 0.75, 0.0]
    assert sigma_t.flatten().tolist() == [0.0, 0.25, 1.0]


@pytest.mark.parametrize("options", [{}, {"spread": 0.3}, {"camera_blind": True}])
def test_the_ratio_of_densities_is_that_of_the_two_mixtures_written_out(cameras, rng, options):
    """ln sum_i p_i N(z_t; alpha z_i, sigma^2 + (alpha spread)^2) / N(z_t; alpha z, sigma^2)."""
    prior = make(**options)
    cond, spread = conditioned(prior, cameras), options.get("spread", 0.0)
    z = 2 * torch.rand(2, 3, SIZE, SIZE, generator=rng, dtype=torch.float64) - 1
    for t in (0.3, 0.9):
        times = torch.full((2,), t, dtype=torch.float64)
        alpha_t, sigma_t = (x[0].item() for x in prior.alpha_sigma(times))
        z_t = alpha_t * z + sigma_t * torch.randn(z.shape, generator=rng, dtype=torch.float64)

        wide = math.hypot(sigma_t, alpha_t * spread)
        z_i = cond.views.z.double().unflatten(-1, z.shape[1:]).transpose(0, 1)
        log_p = torch.log(torch.tensor([0.7, 0.3, 0.0], dtype=torch.float64))
        known, ours = (
            torch.distributions.Normal(alpha_t * mean, width).log_prob(z_t).sum((-1, -2, -3))
            for mean, width in ((z_i, wide), (z, sigma_t))
        )
        if "camera_blind" in options:  # eight sides alike, each view alone
            expected = (log_p.repeat(8)[:, None] - math.log(8) + known).logsumexp(0) - ours
        else:
            expected = ((log_p + known.sum(1)).logsumexp(0) - ours.sum()).expand(2)
        torch.testing.assert_close(
            prior.log_ratio(z, z_t, times, cond), expected, rtol=1e-6, atol=1e-4
        )


def test_a_member_itself_is_as_likely_as_its_share(cameras, rng):
    """With z a member, p_t >= p_i q_t, and where the others are far, p_t / q_t is p_i."""
    prior, cond = make(), conditioned(make(), cameras)
    z, times = members(prior, cameras)[1], torch.full((2,), 0.2, dtype=torch.float64)
    z_t = add_noise(prior, z, times, torch.randn(z.shape, generator=rng, dtype=torch.float64))
    assert prior.log_ratio(z, z_t, times, cond).exp().tolist() == pytest.approx(
        [0.3, 0.3], rel=1e-4
    )


def test_the_exact_prior_decodes_what_it_encodes_and_shows_no_colour_beyond_white():
    rgb = torch.rand(2, 3, 5, 5)
    torch.testing.assert_close(make().decode(make().encode(rgb)), rgb)
    assert make().decode(torch.tensor([-3.0, 3.0])).tolist() == [0, 1]


def ball() -> Model:
    """A white ball of RADIUS with the normals of a sphere."""
    mesh = trimesh.creation.icosphere(4, RADIUS)
    vertices = np.float32(mesh.vertices)
    flat = np.full(len(vertices), 0.5, np.float32)
    white = np.ones_like(vertices)
    return Model("ball", vertices, np.int32(mesh.faces), vertices / RADIUS, white, flat, flat)


def test_under_a_point_light_a_member_has_lamberts_image_in_each_view():
    cameras = orbit(2, 32, elevation_deg=20)
    look = Shading(cameras.position + torch.tensor([[2.0, 1.0, 0.0], [0.0, 2.0, 1.0]]), 0.1, 0.9)
    image = render([ball()], cameras, torch.zeros(2, 3), 1, look)[:, 0]
    origin, direction = cameras.rays()
    middle = -(origin * direction).sum(-1)
    square = RADIUS**2 - (origin.square().sum(-1) - middle**2)
    point = origin + (middle - square.clamp_min(0).sqrt())[..., None] * direction
    normal = torch.nn.functional.normalize(point, dim=-1)
    to_light = torch.nn.functional.normalize(look.light[:, None, None] - point, dim=-1)
    expected = 0.1 + 0.9 * (normal * to_light).sum(-1).clamp_min(0)
    inner = square > 0.1
    torch.testing.assert_close(image[:, 0][inner], expected[inner], atol=0.01, rtol=0)
    assert expected[inner].min() < 0.15


def test_without_a_point_light_a_member_shows_its_colours_white_or_its_normals():
    cameras, black = orbit(1, 24), torch.zeros(1, 3)
    red = MODELS[0]
    plain = render([red], cameras, black, 1, Shading(cameras.position))[0, 0]
    inside = plain.amax(0) > 0
    torch.testing.assert_close(plain[:, inside].T, torch.tensor(RED).expand(inside.sum(), 3))
    white = render([red], cameras, black, 1, Shading(cameras.position, 0.5, 0.0, "white"))[0, 0]
    torch.testing.assert_close(white, 0.5 * inside.float().expand(3, -1, -1))
    normals = render([red], cameras, black, 1, Shading(cameras.position, surface="normal"))[0, 0]
    front = torch.tensor([0.5, 0.5, 1.0])  # the camera stands at the front, +Z
    torch.testing.assert_close(normals[:, 12, 12], front, atol=1e-5, rtol=0)


def test_a_prior_under_a_light_is_conditioned_on_its_members_in_that_light(cameras):
    prior = make(supersample=1)
    before = conditioned(prior, cameras).views.z
    look = Shading(cameras.position, 0.2, 0.8)
    lit = prior.under(look)
    found = conditioned(lit, cameras).views.z
    expected = render(MODELS, cameras, torch.full((2, 3), GREY), 1, look)
    torch.testing.assert_close(found, (2 * expected - 1).flatten(2))
    assert torch.equal(
        conditioned(prior, cameras).views.z, before
    )  # the prior itself stays as it is
    assert (found - before).abs().max() > 0.1
    assert isinstance(prior, Lit)


def test_the_light_turns_with_the_members_of_a_camera_blind_prior():
    """Its k-th turn is the member as cameras see it that stand, with their lights, 45 k degrees further."""
    prior, cameras = make(supersample=1, camera_blind=True), orbit(1, 12)
    look = Shading(cameras.position + 1.0, 0.2, 0.8)
    found = conditioned(prior.under(look), cameras).views.z.unflatten(1, (8, 3))
    grey = torch.full((1, 3), GREY)
    for k in (0, 3):
        turned = cameras.rotated(45.0 * k)
        expected = render(MODELS, turned, grey, 1, look.rotated(45.0 * k))
        torch.testing.assert_close(found[:, k], (2 * expected - 1).flatten(2))


def finished(model, metallic, roughness):
    ones = np.ones(len(model.vertices), np.float32)
    return replace(model, metallic=metallic * ones, roughness=roughness * ones)


def test_images_of_materials_have_the_channels_of_the_members_that_can_be_meant(cameras):
    models = (finished(MODELS[0], 1.0, 0.25), finished(MODELS[1], 0.0, 0.75), MODELS[2])
    weights = np.array([0.7, 0.3, 0.0])
    prior = ExactPrior(lambda _: Members(models, weights, np.ones(3) / 3), supersample=1)
    assert isinstance(prior, HasMaterials)
    before = conditioned(prior, cameras).views.z
    cond = conditioned(prior.of_materials(), cameras)
    images = prior.decode(cond.views.z).reshape(2, 2, 9, SIZE, SIZE)
    lit = prior.decode(before[:, :2]).reshape(2, 2, 3, SIZE, SIZE)
    for m, (color, metallic, roughness) in enumerate([(RED, 1, 0.25), (BLUE, 0, 0.75)]):
        image = images[:, m].movedim(1, -1)
        inside = image[..., 8] > 0.5
        expected = torch.tensor([*color, metallic, roughness])
        torch.testing.assert_close(image[inside][:, :5], expected.expand(inside.sum(), 5))
        normal = 2 * image[inside][:, 5:8] - 1
        torch.testing.assert_close(normal.norm(dim=1), torch.ones(len(normal)))
        assert (image[~inside] == 0).all()
        assert torch.equal(inside, (lit[:, m] - GREY).abs().amax(1) > 0.01)
    torch.testing.assert_close(cond.text.embedding.exp(), torch.tensor([[0.7, 0.3]] * 2))
    assert torch.equal(conditioned(prior, cameras).views.z, before)
    z_t, t = torch.randn(2, 9, SIZE, SIZE), torch.full((2,), 0.5)
    assert prior.of_materials().predict_noise(z_t, t, cond).shape == z_t.shape


def test_a_finish_that_is_not_told_is_read_from_the_other_channels(cameras):
    models = (finished(MODELS[0], 1.0, 0.2), finished(MODELS[1], 0.0, 0.8))
    prior = ExactPrior(lambda _: Members(models, np.ones(2) / 2, np.ones(2) / 2), supersample=1)
    t = torch.full((2,), 0.3)
    found = {}
    for told in (1.0, 1e-3):
        channels = prior.of_materials(told)
        cond = conditioned(channels, cameras)
        images = channels.decode(cond.views.z.reshape(2, 2, 9, SIZE, SIZE))
        torch.testing.assert_close(channels.encode(images).flatten(2), cond.views.z)
        mixed = images[:, 0].clone()
        mixed[:, :3] = (
            0.6 * mixed[:, :3] + 0.4 * images[:, 1, :3]
        )  # the first's colours, a little off
        mixed[:, 3:5] = images[:, 1, 3:5]  # and the second's finish
        alpha_t, sigma_t = channels.alpha_sigma(t)
        z_t = alpha_t * channels.encode(mixed)
        denoised = (z_t - sigma_t * channels.predict_noise(z_t, t, cond)) / alpha_t
        inside = images[0, 0, 8] > 0.5
        found[told] = channels.decode(denoised)[0, 3][inside].mean().item()
    assert found[1e-3] > 0.99
    assert found[1.0] < 0.01


def test_a_member_in_an_environment_is_shaded_by_its_own_material(cameras):
    prior = ExactPrior(
        lambda _: Members((finished(MODELS[0], 0.6, 0.3),), np.ones(1), np.ones(1)), supersample=1
    )
    assert isinstance(prior, LightAware)
    even = environment_of(torch.tensor([0.5, 0.5, 0.5]).expand_as)
    z = conditioned(prior.within(even), cameras).views.z
    image = prior.decode(z).reshape(2, 3, SIZE, SIZE).movedim(1, -1)
    channels = conditioned(prior.of_materials(), cameras).views.z
    channels = prior.decode(channels).reshape(2, 9, SIZE, SIZE).movedim(1, -1)
    inside = channels[..., 8] > 0.5
    _, ray = cameras.rays()
    count = int(inside.sum())
    expected = even.lit(
        linear(torch.tensor(RED)).expand(count, 3),
        torch.full((count,), 0.6),
        torch.full((count,), 0.3),
        2 * channels[inside][:, 5:8] - 1,
        -ray[inside],
    )
    torch.testing.assert_close(image[inside], encoded(expected), atol=2e-3, rtol=0)
    assert (image[~inside] == GREY).all()


def test_the_environment_turns_with_the_members_of_a_camera_blind_prior():
    prior, cameras = make(supersample=1, camera_blind=True), orbit(1, 12)
    light = environment("studio")
    found = conditioned(prior.within(light), cameras).views.z.unflatten(1, (8, 3))
    grey = torch.full((1, 3), GREY)
    for k in (0, 3):
        expected = render(MODELS, cameras.rotated(45.0 * k), grey, 1, light.rotated(45.0 * k))
        torch.testing.assert_close(found[:, k], (2 * expected - 1).flatten(2))


def test_chrome_mirrors_the_light_and_rubber_does_not():
    light = environment("room")
    views, grey = orbit(8, 24), torch.full((8, 3), GREY)
    chrome, rubber = finished(MODELS[0], 1.0, 0.1), finished(MODELS[0], 0.0, 0.9)
    images = render([chrome, rubber], views, grey, 1, light)
    inside = (images - GREY).abs().amax(2) > 1e-3
    spread = [images.movedim(2, -1)[:, m][inside[:, m]].std(0).mean() for m in (0, 1)]
    assert spread[0] > 1.5 * spread[1]
