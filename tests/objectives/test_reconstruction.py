"""Laws of the objectives that compare the render with an estimate of the clean image: MVDream's."""

import torch
from gaussian import GaussianPrior, gaussian_cond

from sds3d.objectives import mvdream, sds

MVDREAM = {"guidance_scale": 7.5, "rescale": 0.5, "weight": "uniform"}


def estimates(case, spread=0.7):
    """(z_hat of the prompt, z_hat of no prompt): a Gaussian's posterior means, in closed form."""
    z, t, eps, cond = case
    alpha_t, sigma_t = GaussianPrior(spread).alpha_sigma(t)
    z_t = alpha_t * z + sigma_t * eps
    gain = alpha_t * spread**2 / ((alpha_t * spread) ** 2 + sigma_t**2)
    return [m + gain * (z_t - alpha_t * m) for m in (cond.text.embedding, cond.null.embedding)]


def test_mvdream_without_rescale_is_sds_over_the_signal_to_noise_ratio(case):
    prior = GaussianPrior(0.7)
    g = mvdream.grad(prior, *case, **(MVDREAM | {"rescale": 0.0}))
    torch.testing.assert_close(g, sds.grad(prior, *case, guidance_scale=7.5, weight="ratio"))


def test_mvdream_pulls_to_the_guided_mean_with_half_of_its_excess_contrast_taken_away(case):
    """phi z_hat std(z_pos) / std(z_hat) + (1 - phi) z_hat, the deviations over all views together."""
    z = case[0]
    z_pos, z_null = estimates(case)
    z_hat = z_null + 7.5 * (z_pos - z_null)
    adjusted = z_hat * z_pos.std() / z_hat.std()
    g = mvdream.grad(GaussianPrior(0.7), *case, **MVDREAM)
    torch.testing.assert_close(g, z - (0.5 * adjusted + 0.5 * z_hat))


def test_mvdream_rescaled_in_full_targets_an_image_as_varied_as_the_prompts_own(case):
    z = case[0]
    g = mvdream.grad(GaussianPrior(0.7), *case, **(MVDREAM | {"rescale": 1.0}))
    torch.testing.assert_close((z - g).std(), estimates(case)[0].std())


def test_mvdream_without_guidance_is_not_changed_by_its_rescale(case):
    z, t, eps, cond = case
    plain, rescaled = (
        mvdream.grad(GaussianPrior(0.7), *case, guidance_scale=1.0, rescale=phi, weight="sigma2")
        for phi in (0.0, 1.0)
    )
    torch.testing.assert_close(plain, rescaled)
    same = gaussian_cond(cond.text.embedding, cond.text.embedding)
    at_its_mean = mvdream.grad(GaussianPrior(0.0), cond.text.embedding, t, eps, same, **MVDREAM)
    torch.testing.assert_close(at_its_mean, torch.zeros_like(z), atol=1e-7, rtol=0)
