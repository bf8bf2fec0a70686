"""Laws of large priors against the denoising loops of diffusers' own pipelines, on random weights.

A pipeline is run from a prompt, and its scheduler's `step` tells what it is given: the time, the noisy
latents and the guided output.  The prior's guided noise at the same time and latents must be the same.
"""

import diffusers
import pytest
import tiny
import torch

from sds3d.diffusion.guidance import cfg
from sds3d.language.prompt import Prompt
from sds3d.priors.hub.pretrained import load_pretrained
from sds3d.priors.hub.prior import EPS
from sds3d.views.cameras import orbit

CPU = torch.device("cpu")
LACKING = dict.fromkeys(("safety_checker", "feature_extractor", "image_encoder", "watermarker"))
SD3 = ("StableDiffusion3Pipeline", {})
LOOPS = {
    "latents": ("StableDiffusionPipeline", LACKING),
    "sdxl": ("StableDiffusionXLPipeline", LACKING),
    "floyd": ("IFPipeline", LACKING),
    "sd3": (SD3[0], {"text_encoder_3": None, "tokenizer_3": None}),
    "sd3_t5": SD3,
    "pixart": ("PixArtSigmaPipeline", {}),
    "pixart_alpha": ("PixArtAlphaPipeline", {}),
    "sana": ("SanaPipeline", {}),
}
OPTIONS = {
    "pixart": {"use_resolution_binning": False, "clean_caption": False},
    "pixart_alpha": {"use_resolution_binning": False, "clean_caption": False},
    "sana": {"use_resolution_binning": False, "height": 32, "width": 32},
}


def loop(folder, kind, lacking, scale, negative, **options):
    """[(t, z_t, output)] of the steps of a pipeline; `negative` is left out when it is empty."""
    pipeline = getattr(diffusers, kind).from_pretrained(folder, **lacking)
    pipeline.set_progress_bar_config(disable=True)
    steps, step = [], pipeline.scheduler.step

    def watched(output, t, z_t, *arguments, **more):
        steps.append((t, z_t.clone(), output.clone()))
        return step(output, t, z_t, *arguments, **more)

    pipeline.scheduler.step = watched
    prompts = {"negative_prompt": negative} if negative else {}
    kind = "pt" if "vae" not in pipeline.components else "latent"
    pipeline(
        "a Red chair",
        guidance_scale=scale,
        num_inference_steps=3,
        generator=torch.Generator().manual_seed(0),
        output_type=kind,
        **prompts,
        **options,
    )
    return steps


def compare(folder, steps, scale, negative, atol=2e-5):
    """Compares the prior's guided noise with what the pipeline's loop had."""
    prior = load_pretrained(str(folder), CPU)
    cond = prior.condition(Prompt("a Red chair", negative), orbit(1, 8), torch.zeros(1, 3))
    assert len(steps) >= 3
    for time, z_t, output in steps:
        t = torch.tensor([float(time) / prior._steps])
        ours = cfg(prior, z_t, t, cond, scale)
        mean = output[:, : z_t.shape[1]]  # without a learned variance
        theirs = EPS[prior._prediction](mean, z_t, *prior.alpha_sigma(t))
        torch.testing.assert_close(ours, theirs, atol=atol, rtol=1e-4)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The configuration file of this scheduler")
@pytest.mark.parametrize("negative", ["", "a bad car"])
@pytest.mark.parametrize("make", LOOPS)
def test_the_guided_noise_is_that_of_the_pipelines_own_loop(make, negative, tmp_path):
    folder = getattr(tiny, make)(tmp_path)
    kind, lacking = LOOPS[make]
    compare(
        folder, loop(folder, kind, lacking, 7.5, negative, **OPTIONS.get(make, {})), 7.5, negative
    )


@pytest.mark.filterwarnings("ignore:The configuration file of this scheduler")
@pytest.mark.parametrize("rescaled", [False, True], ids=["velocities", "zero_snr"])
def test_a_model_of_velocities_is_guided_as_in_its_pipelines_loop(rescaled, tmp_path):
    """Stable Diffusion 2.1's prediction, and the schedule that ends without signal."""
    tiny.velocities(tmp_path, rescale_betas_zero_snr=rescaled, timestep_spacing="trailing")
    compare(tmp_path, loop(tmp_path, *LOOPS["latents"], 7.5, ""), 7.5, "")


@pytest.mark.filterwarnings("ignore:The configuration file of this scheduler")
@pytest.mark.parametrize("forced", [True, False])
def test_without_a_negative_prompt_the_null_branch_of_xl_is_zeros_if_its_index_says_so(
    forced, tmp_path
):
    folder = tiny.sdxl(tmp_path, force_zeros_for_empty_prompt=forced)
    compare(folder, loop(folder, *LOOPS["sdxl"], 7.5, ""), 7.5, "")
    prior = load_pretrained(str(folder), CPU)
    cond, negated = (
        prior.condition(Prompt("a chair", away), orbit(1, 8), torch.zeros(1, 3))
        for away in ("", "a bad car")
    )
    for branch in (cond.null, negated.empty):
        assert (not branch.embedding.any() and not branch.pooled.any()) is forced
    assert negated.null.embedding.any()
