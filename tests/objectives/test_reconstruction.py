"""Laws of the objectives that compare the render with an estimate of the clean image: MVDream's and HiFA."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from gaussian import GaussianPrior, gaussian_cond
from PIL import Image

from sds3d.objectives import hifa, mvdream, sds

HIFA = {"guidance_scale": 7.5, "image_weight": 0.1, "weight": "sigma2"}
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


class Decoding(GaussianPrior):
    """A prior of pixels at `size`."""

    def __init__(self, size):
        super().__init__(0.7)
        self.size = size

    def decode(self, z):
        return F.interpolate((z + 1) / 2, (self.size, self.size), mode="nearest")


def test_hifa_on_z_is_sds_over_the_signal_to_noise_ratio(case):
    z, t = case[:2]
    prior = Decoding(6)
    found = hifa.grad(prior, *case, rgb=(z + 1) / 2, **(HIFA | {"weight": "uniform"}))
    expected = sds.grad(prior, *case, guidance_scale=7.5, weight="ratio")
    torch.testing.assert_close(found.z, expected)
    alone = hifa.grad(GaussianPrior(0.7), *case, rgb=z, **(HIFA | {"image_weight": 0.0}))
    sigma_t = prior.alpha_sigma(t)[1]
    torch.testing.assert_close(alone.z, sigma_t**2 * expected)
    assert alone.rgb is None


def test_hifas_loss_on_images_is_the_render_minus_the_decoded_guided_mean(case):
    z, t, _, _ = case
    z_pos, z_null = estimates(case)
    rgb_hat = (z_null + 7.5 * (z_pos - z_null) + 1) / 2
    rgb = torch.rand(z.shape, dtype=z.dtype)
    w = GaussianPrior(0.7).alpha_sigma(t)[1] ** 2
    found = hifa.grad(Decoding(6), *case, rgb=rgb, **HIFA)
    torch.testing.assert_close(found.rgb, 0.1 * w * (rgb - rgb_hat))


@pytest.mark.parametrize("decoded", [6, 12, 24])
def test_hifas_decoded_estimate_is_resized_to_the_render(case, decoded):
    z = case[0]
    rgb = torch.full((len(z), 3, 12, 12), 0.5, dtype=z.dtype)
    found = hifa.grad(Decoding(decoded), *case, rgb=rgb, **HIFA)
    assert found.rgb.shape == rgb.shape
    flat = torch.zeros_like(z)
    still = hifa.grad(
        Decoding(decoded), flat, case[1], 0 * flat, gaussian_cond(flat), rgb=rgb, **HIFA
    )
    torch.testing.assert_close(still.rgb, torch.zeros_like(rgb))


class Pictured(GaussianPrior):
    """A prior that decodes everything as one picture."""

    def __init__(self, picture):
        super().__init__(0.7)
        self.picture = picture

    def decode(self, z):
        return self.picture.expand(len(z), -1, -1, -1)


@pytest.mark.parametrize("size", [4, 12, 30])
def test_every_pixel_of_hifas_decoded_estimate_counts_as_in_pillows_resize(case, rng, size):
    picture = torch.rand(3, 24, 24, generator=rng, dtype=case[0].dtype)
    rgb = torch.zeros(len(case[0]), 3, size, size, dtype=case[0].dtype)
    options = HIFA | {"image_weight": 1.0, "weight": "uniform"}
    found = -hifa.grad(Pictured(picture), *case, rgb=rgb, **options).rgb
    for channel in range(3):
        image = Image.fromarray(picture[channel].float().numpy())
        expected = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))
        np.testing.assert_allclose(found[0, channel], expected, atol=1e-5)
