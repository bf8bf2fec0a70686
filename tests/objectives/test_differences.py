"""Laws of the objectives that are differences of predictions at one point: CSD, NFSD, BSD; and of guidance."""

from dataclasses import replace

import pytest
import torch
from gaussian import GaussianPrior, gaussian_cond

from sds3d.diffusion.cond import Embedding
from sds3d.diffusion.guidance import cfg, perp
from sds3d.diffusion.noising import WEIGHTS, add_noise
from sds3d.diffusion.times import ramp
from sds3d.loops.clipping import clip
from sds3d.objectives import bsd, csd, nfsd, sds
from sds3d.objectives.bsd import shortest

CSD = {"fraction": 0.5, "negative": 0.0, "negative_end": 1.0, "until": 1.0, "normalize": False,
       "weight": "sigma2"}  # fmt: skip
NFSD = {"guidance_scale": 7.5, "threshold": 0.2, "weight": "sigma2"}


def predictions(case, *texts):
    z, t, eps, cond = case
    prior = GaussianPrior(0.7)
    z_t = add_noise(prior, z, t, eps)
    return [prior.predict_noise(z_t, t, replace(cond, text=text)) for text in texts]


def w_at(t, name="sigma2"):
    return WEIGHTS[name](*GaussianPrior(0.7).alpha_sigma(t))


@pytest.fixture
def three(case, rng):
    """The case with an empty prompt that is not the negative one."""
    z, t, eps, cond = case
    empty = torch.randn(z.shape, generator=rng, dtype=z.dtype)
    return z, t, eps, replace(cond, empty=Embedding(empty))


def test_csd_weights_the_empty_and_the_negative_prompt_by_the_ramp(three):
    _, t, _, cond = three
    eps_pos, eps_empty, eps_null = predictions(three, cond.text, cond.empty, cond.null)
    g = csd.grad(GaussianPrior(0.7), *three, **(CSD | {"fraction": 0.25, "until": 0.5}))
    torch.testing.assert_close(g, w_at(t) * (eps_pos - 0.5 * eps_empty - 0.5 * eps_null))
    end = csd.grad(GaussianPrior(0.7), *three, **(CSD | {"fraction": 0.9, "until": 0.5}))
    torch.testing.assert_close(end, w_at(t) * (eps_pos - eps_null))


def test_csd_is_the_limit_of_sds_as_guidance_goes_to_infinity(case):
    prior = GaussianPrior(0.7)
    huge = sds.grad(prior, *case, guidance_scale=1e9, weight="sigma2") / 1e9
    torch.testing.assert_close(csd.grad(prior, *case, **CSD), huge, atol=1e-7, rtol=1e-6)


def test_csd_normalised_has_norm_one_over_the_batch(three):
    g = csd.grad(GaussianPrior(0.7), *three, **(CSD | {"normalize": True}))
    plain = csd.grad(GaussianPrior(0.7), *three, **CSD)
    assert g.norm().item() == pytest.approx(1, abs=1e-6)
    torch.testing.assert_close(g * plain.norm(), plain)


def test_nfsd_with_the_empty_prompt_as_negative_is_csd_in_the_noise_and_guidance_near_the_clean(
    case,
):
    z, t, eps, cond = case
    prior = GaussianPrior(0.7)
    g = nfsd.grad(prior, *case, **NFSD)
    noisy = t >= 0.2
    torch.testing.assert_close(g[noisy], 7.5 * csd.grad(prior, *case, **CSD)[noisy])
    guided = w_at(t) * cfg(prior, add_noise(prior, z, t, eps), t, cond, 7.5)
    torch.testing.assert_close(g[~noisy], guided[~noisy])


@pytest.mark.parametrize("threshold", [0.2, 0.3])  # one of the times is 0.3
def test_nfsd_subtracts_the_negative_prompt_only_in_the_noise(three, threshold):
    _, t, _, cond = three
    eps_pos, eps_empty, eps_null = predictions(three, cond.text, cond.empty, cond.null)
    noisy = (t >= threshold)[:, None, None, None]
    expected = 7.5 * (eps_pos - eps_empty) + eps_empty - noisy * eps_null
    g = nfsd.grad(GaussianPrior(0.7), *three, **(NFSD | {"threshold": threshold}))
    torch.testing.assert_close(g, w_at(t) * expected)


def pairs(rng, count=200):
    return torch.randn(2, count, 3, 2, 2, generator=rng, dtype=torch.float64)


def dot(a, b):
    return (a * b).sum((1, 2, 3))


def test_the_shortest_vector_is_no_longer_than_any_other_of_the_segment(rng):
    C, D = pairs(rng)
    best = dot(shortest(C, D), shortest(C, D))
    for k in torch.linspace(0, 1, 101, dtype=torch.float64):
        other = k * C + (1 - k) * D
        assert (best <= dot(other, other) + 1e-12).all()


def test_the_shortest_vector_descends_both_and_equally_inside_the_segment(rng):
    C, D = pairs(rng)
    G = shortest(C, D)
    assert (dot(G, C) >= dot(G, G) - 1e-10).all()
    assert (dot(G, D) >= dot(G, G) - 1e-10).all()
    inside = (dot(C, D) < dot(C, C)) & (dot(C, D) < dot(D, D))
    assert inside.any()
    torch.testing.assert_close(dot(G, C)[inside], dot(G, D)[inside])


def test_the_shortest_vector_is_an_end_when_that_end_agrees_with_the_other(rng):
    C, _ = pairs(rng, 4)
    torch.testing.assert_close(shortest(C, 3 * C), C)
    torch.testing.assert_close(shortest(3 * C, C), C)
    torch.testing.assert_close(shortest(C, C), C)


def test_the_shortest_vector_between_opposites_is_zero_and_the_order_does_not_matter(rng):
    C, D = pairs(rng)
    zero = shortest(C, -2 * C)
    torch.testing.assert_close(zero, torch.zeros_like(zero), atol=1e-12, rtol=0)
    torch.testing.assert_close(shortest(C, D), shortest(D, C))


def test_bsd_is_the_shortest_vector_of_its_two_directions_in_both_forms(case):
    _, t, eps, cond = case
    eps_pos, eps_null = predictions(case, cond.text, cond.null)
    prior, options = GaussianPrior(0.7), {"classifier": 15.0, "lam": 0.1, "weight": "alpha"}
    expected = 0.1 * w_at(t, "alpha") * shortest(15 * (eps_pos - eps_null), eps_null)
    torch.testing.assert_close(bsd.grad(prior, *case, auto=False, **options), expected)
    residual = eps_null - eps
    w = residual.norm() * prior.alpha_sigma(t)[1] / 50
    expected = 0.1 * w * shortest(eps_pos - eps_null, 1.25 * residual)
    torch.testing.assert_close(bsd.grad(prior, *case, auto=True, **options), expected)


def test_perp_is_perpendicular_and_zero_for_a_parallel_vector(rng):
    a, b = pairs(rng)
    torch.testing.assert_close(dot(perp(a, b), b), torch.zeros_like(dot(a, b)), atol=1e-10, rtol=0)
    zero = perp(3 * b, b)
    torch.testing.assert_close(zero, torch.zeros_like(zero), atol=1e-12, rtol=0)


@pytest.fixture
def away(case, rng):
    """The case with Perp-Neg's two further prompts, their weights different in each row."""
    z, t, eps, cond = case
    texts = torch.randn(2, *z.shape, generator=rng, dtype=z.dtype)
    weights = -torch.rand(2, len(z), generator=rng, dtype=z.dtype)
    return z, t, eps, replace(cond, away=tuple(zip(map(Embedding, texts), weights, strict=True)))


def test_perp_neg_of_a_batch_is_that_of_its_rows_alone(away):
    z, t, _, cond = away
    prior = GaussianPrior(0.7)
    batch = cfg(prior, z, t, cond, 7.5)
    for i in range(len(z)):
        row = slice(i, i + 1)
        alone = replace(
            gaussian_cond(cond.text.embedding[row], cond.null.embedding[row]),
            away=tuple((Embedding(e.embedding[row]), w[row]) for e, w in cond.away),
        )
        torch.testing.assert_close(batch[row], cfg(prior, z[row], t[row], alone, 7.5))


def test_perp_neg_without_weight_is_plain_guidance_and_never_changes_the_prompts_own_direction(
    away,
):
    z, t, _, cond = away
    prior = GaussianPrior(0.7)
    plain = cfg(prior, z, t, replace(cond, away=()), 7.5)
    none = replace(cond, away=tuple((text, 0 * w) for text, w in cond.away))
    torch.testing.assert_close(cfg(prior, z, t, none, 7.5), plain)
    eps_pos, eps_null = (prior.predict_noise(z, t, c) for c in (cond, cond.unconditional()))
    change = cfg(prior, z, t, cond, 7.5) - plain
    assert change.abs().max() > 1e-3
    along = dot(change, eps_pos - eps_null)
    torch.testing.assert_close(along, torch.zeros_like(along), atol=1e-9, rtol=0)


def test_fully_rescaled_guidance_has_the_standard_deviation_of_the_conditional_branch(case):
    z, t, _, cond = case
    prior = GaussianPrior(0.7)
    full = cfg(prior, z, t, replace(cond, rescale=1.0), 7.5)
    eps_pos = prior.predict_noise(z, t, cond)
    torch.testing.assert_close(full.std((1, 2, 3)), eps_pos.std((1, 2, 3)))
    half, plain = (cfg(prior, z, t, replace(cond, rescale=r), 7.5) for r in (0.5, 0.0))
    torch.testing.assert_close(half, (full + plain) / 2)


def test_a_ramp_is_linear_to_its_end_and_constant_after():
    assert [ramp(f, 100, 50, 0.5) for f in (0, 0.25, 0.5, 1)] == [100, 75, 50, 50]


def test_clipping_keeps_values_within_the_limit_and_none_beyond(rng):
    g, _ = pairs(rng)
    for per_pixel in (False, True):
        clipped = clip(g, 0.8, per_pixel=per_pixel)
        assert clipped.abs().max() <= 0.8 + 1e-12
        within = (g.abs() <= 0.8).all(1, keepdim=True).expand_as(g)
        assert torch.equal(clipped[within], g[within])


def test_clipping_by_pixel_keeps_the_ratios_of_its_channels(rng):
    g, _ = pairs(rng)
    clipped = clip(g, 0.8, per_pixel=True)
    torch.testing.assert_close(
        clipped * g.abs().amax(1, keepdim=True), g * clipped.abs().amax(1, keepdim=True)
    )


def test_perp_neg_adds_the_weighted_perpendicular_part_of_each_further_prompt(away):
    """eps_null + s (d + sum_i w_i perp(eps_i - eps_null, d)), written out; negative weights push away."""
    z, t, _, cond = away
    prior = GaussianPrior(0.7)
    eps_pos, eps_null = (prior.predict_noise(z, t, c) for c in (cond, cond.unconditional()))
    d = eps_pos - eps_null
    total = d
    for e, w in cond.away:
        a = prior.predict_noise(z, t, replace(cond, text=e)) - eps_null
        a = a - (dot(a, d) / dot(d, d))[:, None, None, None] * d
        total = total + w[:, None, None, None] * a
        assert (w < 0).all()
    torch.testing.assert_close(cfg(prior, z, t, cond, 7.5), eps_null + 7.5 * total)


@pytest.mark.parametrize("normalize", [False, True])
def test_csd_adds_the_perpendicular_parts_beside_the_negative_prompt_before_it_normalises(
    away, rng, normalize
):
    """The authors' gradient: a eps_pos + b eps_null + d eps_empty + sum_i w_i perp(eps_i - eps_null, d)."""
    z, t, eps, cond = away
    cond = replace(cond, empty=Embedding(torch.randn(z.shape, generator=rng, dtype=z.dtype)))
    case = (z, t, eps, cond)
    texts = [e for e, _ in cond.away]
    eps_pos, eps_empty, eps_null, *eps_away = predictions(
        case, cond.text, cond.empty, cond.null, *texts
    )
    d = eps_pos - eps_null
    expected = eps_pos - 0.75 * eps_empty - 0.25 * eps_null
    for eps_i, (_, w) in zip(eps_away, cond.away, strict=True):
        a = eps_i - eps_null
        a = a - (dot(a, d) / dot(d, d))[:, None, None, None] * d
        expected = expected + w[:, None, None, None] * a
    expected = w_at(t) * expected
    if normalize:
        expected = expected / expected.norm()
    options = CSD | {"fraction": 0.25, "normalize": normalize}
    g = csd.grad(GaussianPrior(0.7), *case, **options)
    torch.testing.assert_close(g, expected, atol=1e-7, rtol=1e-7)


def test_csd_with_perp_neg_is_the_limit_of_sds_with_perp_neg_as_guidance_goes_to_infinity(
    away,
):
    prior = GaussianPrior(0.7)
    huge = sds.grad(prior, *away, guidance_scale=1e9, weight="sigma2") / 1e9
    torch.testing.assert_close(csd.grad(prior, *away, **CSD), huge, atol=1e-7, rtol=1e-6)


def test_the_shortest_vector_between_equals_is_either():
    C = torch.ones(2, 3, 2, 2, dtype=torch.float64)
    torch.testing.assert_close(shortest(C, C), C)
    torch.testing.assert_close(shortest(0 * C, 0 * C), 0 * C)
