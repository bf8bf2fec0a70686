"""Noising and inversion beside those of diffusers' schedulers, on a small random UNet."""

import pytest
import torch
from gaussian import gaussian_cond

from sds3d.diffusion.noising import add_noise, ddim, invert
from sds3d.diffusion.schedule import alpha_bar, alpha_sigma

diffusers = pytest.importorskip("diffusers")
SCHEDULE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


class UNetPrior:
    """A UNet that predicts noise, its integer step 1000 t."""

    def __init__(self):
        torch.manual_seed(0)
        self.unet = diffusers.UNet2DConditionModel(
            sample_size=8,
            in_channels=4,
            out_channels=4,
            block_out_channels=(8, 16),
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            layers_per_block=1,
            norm_num_groups=4,
            attention_head_dim=4,
            cross_attention_dim=6,
        ).eval()
        self.log_alpha_bar = alpha_bar().log()

    def alpha_sigma(self, t):
        return alpha_sigma(t, self.log_alpha_bar)

    @torch.no_grad()
    def predict_noise(self, z_t, t, cond):
        return self.unet(z_t, (1000 * t).round().long(), cond.text.embedding).sample


@pytest.fixture(scope="module")
def prior():
    return UNetPrior()


@pytest.fixture
def drawn(rng):
    z, eps = (torch.randn(2, 4, 8, 8, generator=rng) for _ in range(2))
    return z, eps, gaussian_cond(torch.randn(2, 5, 6, generator=rng))


@pytest.mark.parametrize("step", [1, 20, 500, 980])
def test_forward_noising_is_the_schedulers(prior, drawn, step):
    z, eps, _ = drawn
    scheduler = diffusers.DDIMScheduler(**SCHEDULE)
    t = torch.full((2,), step / 1000)
    theirs = scheduler.add_noise(z, eps, torch.tensor([step, step]))
    torch.testing.assert_close(add_noise(prior, z, t, eps), theirs, atol=1e-5, rtol=1e-5)


def test_inversion_is_that_of_ddims_inverse_scheduler(prior, drawn):
    z, eps, cond = drawn
    inverse = diffusers.DDIMInverseScheduler(**SCHEDULE, clip_sample=False)
    inverse.set_timesteps(5)  # strides of 200 steps
    theirs = add_noise(prior, z, torch.full((2,), 0.001), eps)
    for below, above in ((1, 201), (201, 401), (401, 601), (601, 801)):
        eps_hat = prior.predict_noise(theirs, torch.full((2,), below / 1000), cond)
        theirs = inverse.step(eps_hat, above, theirs).prev_sample
    ours, eps_ours = invert(prior, z, eps, torch.full((2,), 0.801), cond, 0.2)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    expected = prior.predict_noise(theirs, torch.full((2,), 0.801), cond)
    torch.testing.assert_close(eps_ours, expected, atol=1e-5, rtol=1e-5)


def test_a_move_down_is_a_ddim_sampling_step(prior, drawn):
    z, _, cond = drawn
    scheduler = diffusers.DDIMScheduler(**SCHEDULE, clip_sample=False, set_alpha_to_one=False)
    scheduler.set_timesteps(5)
    t = torch.full((2,), 0.6)
    eps_hat = prior.predict_noise(z, t, cond)
    theirs = scheduler.step(eps_hat, 600, z).prev_sample
    ours = ddim(prior, z, eps_hat, t, torch.full((2,), 0.4))
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
