"""Laws of priors in the diffusers folder layout, on small randomly initialised models."""

import json
import sys
from types import SimpleNamespace

import pytest
import tiny
import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    FlowMatchEulerDiscreteScheduler,
    IFPipeline,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
)
from torch import nn
from transformers import T5EncoderModel

from sds3d.diffusion.cond import Embedding
from sds3d.diffusion.noising import add_noise
from sds3d.errors import PriorError
from sds3d.language.prompt import Prompt
from sds3d.objectives import sds
from sds3d.priors.hub.pretrained import load_pretrained
from sds3d.priors.hub.prior import EPS, DiffusionPrior
from sds3d.recipe.schema import Prompting
from sds3d.students.lora import LoraStudent
from sds3d.views.cameras import orbit
from sds3d.views.directions import Directions, perp_neg, plain

CPU = torch.device("cpu")
PROMPT = Prompt("a Red chair", "a bad car")
FAMILIES = ("floyd", "latents", "sdxl", "sd3")


@pytest.fixture(scope="module", params=FAMILIES)
def folder(request, tmp_path_factory):
    return getattr(tiny, request.param)(tmp_path_factory.mktemp(request.param))


@pytest.fixture
def prior(folder):
    return load_pretrained(str(folder), CPU)


@pytest.fixture(scope="module")
def pixel_folder(tmp_path_factory):
    return tiny.pixels(tmp_path_factory.mktemp("pixels"))


@pytest.fixture(scope="module")
def latent_folder(tmp_path_factory):
    return tiny.latents(tmp_path_factory.mktemp("latents"))


def seen(prior, views=2, prompt=PROMPT, directions=None):
    """(z, cond) of random pictures."""
    rgb = torch.rand(views, 3, 12, 12, generator=torch.Generator().manual_seed(1))
    cond = prior.condition(prompt, orbit(views, 12), torch.zeros(views, 3), directions)
    return prior.encode(rgb), cond


class Known(nn.Module):
    """A network that gives `answer`, and keeps what it was called with."""

    def __init__(self, answer, **config):
        super().__init__()
        self.answer, self.config = nn.Parameter(answer), SimpleNamespace(**config)

    def forward(self, sample, timestep, encoder_hidden_states, **more):
        self.called = {"timestep": timestep, "text": encoder_hidden_states, **more}
        return SimpleNamespace(sample=self.answer[: len(sample)])


class Letters:
    """A text encoder: one row of letters' numbers."""

    def __init__(self):
        self.asked = []

    def __call__(self, texts, *, negative=False):
        self.asked += [(text, negative) for text in texts]
        rows = [[[float(ord(c)) for c in text.ljust(40)]] for text in texts]
        return Embedding(torch.tensor(rows))

    def unread(self, text):
        return text[40:]

    def release(self):
        pass


def known(answer, prediction="epsilon", flow=False, **config):
    table = None if flow else DDIMScheduler(**tiny.SCHEDULE).alphas_cumprod.double().log()
    network = Known(answer, **config)
    return DiffusionPrior(
        network, Letters(), prediction=prediction, log_alpha_bar=table, steps=1000, size=8
    )


def velocity(z, eps, t):
    return DDIMScheduler(**tiny.SCHEDULE).get_velocity(z, eps, (1000 * t).round().long())


ANSWERS = {
    ("epsilon", False): lambda z, eps, t: eps,
    ("sample", False): lambda z, eps, t: z,
    ("v_prediction", False): velocity,
    ("flow_prediction", True): lambda z, eps, t: eps - z,
    ("sample", True): lambda z, eps, t: z,
}


@pytest.mark.parametrize(("prediction", "flow"), ANSWERS)
def test_a_network_that_knows_the_image_yields_the_noise_whatever_its_prediction_type(
    prediction, flow, rng
):
    z, eps = (torch.randn(3, 3, 8, 8, generator=rng) for _ in range(2))
    t = torch.tensor([0.02, 0.5, 0.98])
    answer = ANSWERS[prediction, flow](z, eps, t)
    prior = known(answer, prediction, flow)
    cond = prior.condition(PROMPT, orbit(3, 8), torch.zeros(3, 3))
    found = prior.predict_noise(add_noise(prior, z, t, eps), t, cond)
    torch.testing.assert_close(found, eps, atol=1e-4, rtol=1e-4)
    assert {name for name, _ in ANSWERS} == set(EPS)


@pytest.mark.parametrize("step", [0, 1, 20, 500, 980, 999])
def test_noising_is_the_schedulers_at_its_integer_times(pixel_folder, step, rng):
    prior = load_pretrained(str(pixel_folder), CPU)
    z, eps = (torch.randn(1, 3, 8, 8, generator=rng) for _ in range(2))
    theirs = DDIMScheduler(**tiny.SCHEDULE).add_noise(z, eps, torch.tensor([step]))
    ours = add_noise(prior, z, torch.tensor([step / 1000]), eps)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_noising_of_a_flow_is_the_schedulers(rng):
    prior = known(torch.zeros(1, 3, 8, 8), "flow_prediction", flow=True)
    z, eps = (torch.randn(2, 3, 8, 8, generator=rng) for _ in range(2))
    scheduler = FlowMatchEulerDiscreteScheduler()
    times = scheduler.timesteps[[100, 700]]
    theirs = scheduler.scale_noise(z, times, eps)
    torch.testing.assert_close(add_noise(prior, z, times / 1000, eps), theirs)


def test_the_time_is_rounded_to_the_models_own_once_and_a_flows_is_not():
    t = torch.tensor([0.0, 0.4206, 1.0])
    for flow, expected in ((False, [0, 421, 999]), (True, [0.0, 420.6, 1000.0])):
        prior = known(torch.zeros(3, 3, 8, 8), flow=flow)
        z, cond = seen(prior, 3)
        prior.predict_noise(z, t, cond)
        assert prior.denoiser.called["timestep"].tolist() == pytest.approx(expected)


def test_a_batch_of_two_is_two_batches_of_one(prior):
    z, cond = seen(prior)
    t = torch.tensor([0.3, 0.8])
    both = prior.predict_noise(z, t, cond)
    for i in range(2):
        z_one, cond_one = z[i : i + 1], prior.condition(PROMPT, orbit(2, 12)[i : i + 1], z)
        one = prior.predict_noise(z_one, t[i : i + 1], cond_one)
        torch.testing.assert_close(both[i : i + 1], one, atol=1e-5, rtol=1e-5)


def test_images_of_pixel_models_range_from_minus_one_to_one_at_the_models_size(pixel_folder):
    prior = load_pretrained(str(pixel_folder), CPU)
    rgb = torch.rand(2, 3, 8, 8)
    assert torch.equal(prior.encode(rgb), 2 * rgb - 1)
    blocks = torch.rand(1, 3, 8, 8).repeat_interleave(3, 2).repeat_interleave(3, 3)
    assert prior.encode(blocks).shape == (1, 3, 8, 8)
    assert prior.encode(torch.ones(1, 3, 50, 50)).allclose(torch.ones(1, 3, 8, 8))


@pytest.mark.parametrize("make", ["latents", "sd3"])
def test_encoding_is_the_vaes_scaled_mode_and_sends_its_gradient_to_the_image(make, tmp_path):
    prior = load_pretrained(str(getattr(tiny, make)(tmp_path)), CPU)
    rgb = torch.rand(2, 3, 16, 16, requires_grad=True)
    z, config = prior.encode(rgb), prior.vae.config
    moments = prior.vae.quant_conv(prior.vae.encoder(2 * rgb - 1))
    by_hand = (moments[:, :4] - (config.shift_factor or 0)) * config.scaling_factor
    torch.testing.assert_close(z, by_hand)
    g = torch.randn(z.shape, generator=torch.Generator().manual_seed(0))
    (found,) = torch.autograd.grad((z * g).sum(), rgb)
    torch.testing.assert_close(found, torch.autograd.grad((by_hand * g).sum(), rgb)[0])
    assert found.abs().min() > 0


@pytest.mark.parametrize("make", ["latents", "sd3"])
def test_decoding_shows_what_the_vae_makes_of_latents_in_the_range_of_pictures(make, tmp_path):
    prior = load_pretrained(str(getattr(tiny, make)(tmp_path)), CPU)
    z, config = 3 * torch.randn(2, 4, 8, 8), prior.vae.config
    latent = z / config.scaling_factor + (config.shift_factor or 0)
    with torch.no_grad():
        shown = prior.vae.decode(latent).sample / 2 + 0.5
    found = prior.decode(z)
    torch.testing.assert_close(found, shown.clamp(0, 1))
    assert found.shape == (2, 3, *(s * 16 // 8 for s in z.shape[2:]))


def test_decoding_of_a_pixel_model_is_its_encoding_backwards(pixel_folder):
    prior = load_pretrained(str(pixel_folder), CPU)
    rgb = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(prior.decode(prior.encode(rgb)), rgb)
    assert prior.decode(torch.full((1, 3, 8, 8), 9.0)).max() == 1


PIPELINES = {
    "latents": (StableDiffusionPipeline, {"do_classifier_free_guidance": True}),
    "sdxl": (StableDiffusionXLPipeline, {"do_classifier_free_guidance": True}),
    "floyd": (IFPipeline, {"do_classifier_free_guidance": True}),
    "sd3": (StableDiffusion3Pipeline, {"prompt_2": None, "prompt_3": None}),
    "sd3_t5": (StableDiffusion3Pipeline, {"prompt_2": None, "prompt_3": None}),
}


LACKING = dict.fromkeys(("safety_checker", "feature_extractor", "image_encoder", "watermarker"))


@pytest.mark.filterwarnings("ignore:The configuration file of this scheduler")
@pytest.mark.parametrize("make", PIPELINES)
def test_prompts_are_encoded_as_the_models_own_pipeline_does(make, tmp_path):
    folder = getattr(tiny, make)(tmp_path)
    prior, (kind, options) = load_pretrained(str(folder), CPU), PIPELINES[make]
    lacking = LACKING if make != "sd3" else {"text_encoder_3": None, "tokenizer_3": None}
    pipeline = kind.from_pretrained(folder, **lacking)
    _, cond = seen(prior, 1)
    named = {"prompt": PROMPT.text, "negative_prompt": PROMPT.negative, **options}
    with torch.no_grad():
        theirs = pipeline.encode_prompt(device=CPU, num_images_per_prompt=1, **named)
    ours = [branch.embedding for branch in (cond.text, cond.null)]
    if cond.text.pooled is not None:
        ours += [branch.pooled for branch in (cond.text, cond.null)]
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)


def test_the_null_branch_is_the_negative_prompt_and_the_empty_one_is_kept_beside_it(prior):
    _, cond = seen(prior)
    _, negative = seen(prior, prompt=Prompt(PROMPT.negative))
    _, nothing = seen(prior, prompt=Prompt(PROMPT.text))
    assert torch.equal(cond.null.embedding, negative.text.embedding)
    assert torch.equal(cond.empty.embedding, nothing.null.embedding)
    assert nothing.empty is None
    assert not torch.equal(cond.null.embedding, cond.empty.embedding)
    assert nothing.without_prompt().text is nothing.null


def test_sds_is_the_formula_written_with_diffusers_alone(folder, prior):
    """w (eps_null + s (eps_pos - eps_null) - eps) with one call of the network for each branch."""
    z, cond = seen(prior, 1)
    t, eps, s = torch.tensor([0.6]), torch.randn_like(z), 7.5
    ours = sds.grad(prior, z, t, eps, cond, guidance_scale=s, weight="sigma2")
    flow = prior._log_alpha_bar is None
    kind = DDPMScheduler if prior.vae is None else DDIMScheduler
    bar = kind.from_pretrained(folder / "scheduler").alphas_cumprod[600]
    a, b = (0.4, 0.6) if flow else (bar.sqrt(), (1 - bar).sqrt())
    z_t, out = a * z + b * eps, []
    for text in (cond.text, cond.null):
        words, pooled = text.embedding, text.pooled
        if flow:
            v = prior.denoiser(z_t, words, pooled, torch.tensor([600.0])).sample
            out.append(z_t + 0.4 * v)
        else:
            ids = torch.tensor([[16.0, 16, 0, 0, 16, 16]])
            added = pooled is not None and {"text_embeds": pooled, "time_ids": ids}
            raw = prior.denoiser(z_t, 600, words, added_cond_kwargs=added or None).sample
            out.append(raw[:, : z.shape[1]])
    expected = b**2 * (out[1] + s * (out[0] - out[1]) - eps)
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-4)


def test_words_about_the_side_are_mixed_as_their_shares_say():
    prior = known(torch.zeros(2, 3, 8, 8))
    cameras = orbit(2, 8)
    front, side, plainly = (
        prior.condition(Prompt(text), cameras[:1], torch.zeros(1, 3)).text.embedding[0]
        for text in ("a chair, front view", "a chair, side view", "a chair")
    )
    blends = ({"front": 1.0}, {"front": 0.25, "side": 0.75})
    away = (blends, torch.tensor([-0.5, -1.0]))
    cond = prior.condition(
        Prompt("a chair"), cameras, torch.zeros(2, 3), Directions(blends, (away,))
    )
    expected = torch.stack([front, 0.25 * front + 0.75 * side])
    torch.testing.assert_close(cond.text.embedding, expected)
    torch.testing.assert_close(cond.away[0][0].embedding, expected)
    assert torch.equal(cond.away[0][1], away[1])
    other = prior.condition(Prompt("x"), cameras, cameras.K)
    assert torch.equal(cond.null.embedding[0], other.null.embedding[1])
    assert not torch.equal(front, plainly)


class Masked(Letters):
    """The same with a mask of the letters, which are followed by padding."""

    def __call__(self, texts, *, negative=False):
        masks = [[float(i < len(text)) for i in range(40)] for text in texts]
        rows = super().__call__(texts).embedding.mT
        return Embedding(rows, mask=torch.tensor(masks))


def test_a_mixture_of_texts_of_different_lengths_counts_the_padding_of_each_as_nothing():
    prior = known(torch.zeros(1, 3, 8, 8))
    prior._text = Masked()
    blend = Directions(({"front": 0.25, "back": 0.75},))
    cond = prior.condition(Prompt("a"), orbit(1, 8), torch.zeros(1, 3), blend)
    front, back = "a, front view", "a, back view"
    assert cond.text.mask[0].tolist() == [1.0] * len(front) + [0.0] * (40 - len(front))
    last = cond.text.embedding[0, len(front) - 1]
    assert last.item() == pytest.approx(0.25 * ord("w"))
    assert cond.text.embedding[0, len(back) - 1].item() == pytest.approx(
        0.25 * ord("e") + 0.75 * ord("w")
    )


def test_a_row_whose_prompt_drops_a_word_is_conditioned_on_the_rest():
    prior, cameras = known(torch.zeros(2, 3, 8, 8)), orbit(2, 8)
    told = Directions(({}, {"back": 1.0}), dropped=((), ("red",)))
    cond = prior.condition(Prompt("a red chair"), cameras, torch.zeros(2, 3), told)
    for row, text in zip(cond.text.embedding, ("a red chair", "a chair, back view"), strict=True):
        alone = prior.condition(Prompt(text), cameras[:1], torch.zeros(1, 3)).text.embedding[0]
        assert torch.equal(row, alone)


def test_perp_neg_runs_and_each_text_is_encoded_once():
    prior = known(torch.zeros(16, 3, 8, 8))
    for _ in range(3):
        for policy in (plain(45, 60), perp_neg(1.0, 60, Prompting().perp_neg_curves)):
            z, cond = seen(prior, 4, directions=policy(orbit(4, 12)))
            t = torch.full((4,), 0.5)
            sds.grad(prior, z, t, z, cond, guidance_scale=7.5, weight="uniform")
    assert len(prior._text.asked) == len(set(prior._text.asked))


def test_the_camera_reaches_only_a_denoiser_that_sees_several_views_together():
    prior = known(torch.zeros(4, 3, 8, 8), num_views=2)
    z, cond = seen(prior, 4)
    prior.predict_noise(z, torch.full((4,), 0.5), cond)
    assert torch.equal(prior.denoiser.called["camera"], orbit(4, 12).c2w.flatten(1))
    with pytest.raises(PriorError, match=r"sees 2 views together, but camera.views = 3"):
        seen(prior, 3)
    alone = known(torch.zeros(4, 3, 8, 8))
    alone.predict_noise(z, torch.full((4,), 0.5), cond)
    assert "camera" not in alone.denoiser.called


def test_a_learned_variance_is_ignored(rng):
    answer = torch.randn(2, 6, 8, 8, generator=rng)
    prior = known(answer)
    z, cond = seen(prior)
    assert torch.equal(prior.predict_noise(z, torch.full((2,), 0.5), cond), answer[:, :3])


def test_embeddings_made_in_inference_mode_can_be_trained_on(pixel_folder):
    prior = load_pretrained(str(pixel_folder), CPU)
    prior._embedded.clear()
    with torch.inference_mode():
        seen(prior)
    weight = torch.ones(8, requires_grad=True)
    _, cond = seen(prior)
    (cond.text.embedding * weight).sum().backward()
    assert weight.grad.abs().min() > 0


def test_weights_in_bfloat16_predict_nearly_the_same_in_the_dtype_of_z(folder):
    exact, coarse = (
        load_pretrained(str(folder), CPU, dtype=name) for name in ("float32", "bfloat16")
    )
    z, cond = seen(exact)
    t = torch.tensor([0.3, 0.8])
    a, b = (prior.predict_noise(z, t, cond) for prior in (exact, coarse))
    assert (b.dtype, coarse.dtype) == (torch.float32, torch.bfloat16)
    assert (a - b).abs().max() < 0.05 * a.abs().max()
    assert not any(p.requires_grad for p in coarse.denoiser.parameters())


@pytest.mark.parametrize("make", ["sd3_t5", "floyd"])
def test_in_float16_the_layers_of_t5_that_overflow_stay_in_float32(make, tmp_path):
    """transformers' own rule, by its own loading."""
    folder = getattr(tiny, make)(tmp_path)
    name = "text_encoder_3" if make == "sd3_t5" else "text_encoder"
    theirs = T5EncoderModel.from_pretrained(folder / name, dtype=torch.float16)
    prior = load_pretrained(str(folder), CPU, dtype="float16")
    encoder = (
        prior._text.encoder.pairs[2][1]() if make == "sd3_t5" else prior._text.encoder.encoder()
    )
    dtypes = {n: p.dtype for n, p in encoder.named_parameters()}
    assert dtypes == {n: p.dtype for n, p in theirs.named_parameters()}
    assert {n.rsplit(".", 2)[-2] for n, kind in dtypes.items() if kind is torch.float32} == {"wo"}
    for (n, p), q in zip(encoder.named_parameters(), theirs.parameters(), strict=True):
        assert torch.equal(p, q), n


def test_the_same_folder_is_loaded_once_and_its_files_are_named_by_hash(pixel_folder):
    import hashlib

    prior = load_pretrained(str(pixel_folder), CPU)
    assert load_pretrained(str(pixel_folder), CPU) is prior
    for name, digest in prior.weights.items():
        assert hashlib.sha256((pixel_folder / name).read_bytes()).hexdigest() == digest
    assert {name.partition("/")[0] for name in prior.weights} == {"unet", "text_encoder"}


def test_a_prompt_that_is_too_long_is_reported(pixel_folder):
    prior = load_pretrained(str(pixel_folder), CPU)
    assert "too long" not in prior.describe(PROMPT)
    assert prior.describe(Prompt("a red chair, a red chair")).endswith("too long: 'r'")


def broken(folder, change):
    """A copy of the model with one thing wrong."""
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    change(folder, index)
    (folder / "model_index.json").write_text(json.dumps(index), encoding="utf-8")


def pickled(folder, index):
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'false'\ntR.")


def lacking(folder, index):
    from safetensors.torch import load_file, save_file

    file = folder / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(file)
    del tensors["conv_in.weight"]
    save_file(tensors, file, {"format": "pt"})


def schedule(**values):
    def change(folder, index):
        file = folder / "scheduler" / "scheduler_config.json"
        told = json.loads(file.read_text(encoding="utf-8")) | values
        file.write_text(json.dumps(told), encoding="utf-8")

    return change


BROKEN = {
    "no scheduler": (lambda f, i: i.pop("scheduler"), "has no scheduler"),
    "no denoiser": (lambda f, i: i.pop("unet"), "has no denoiser"),
    "no text": (lambda f, i: i.pop("text_encoder"), "lacks the text encoders its denoiser needs"),
    "no folder": (lambda f, i: i.update(vae=["diffusers", "AutoencoderKL"]), "has no folder 'vae'"),
    "foreign": (lambda f, i: i.update(unet=["os", "system"]), "asks for os.system as its unet"),
    "unknown": (lambda f, i: i.update(unet=["diffusers", "UNet9"]), "asks for diffusers.UNet9"),
    "other": (
        lambda f, i: i.update(unet=["diffusers", "UNet2DModel"]),
        "with UNet2DModel, which sds3d cannot",
    ),
    "pickle": (pickled, "has no .safetensors file"),
    "holes": (lacking, "lacks the weights conv_in.weight"),
    "prediction": (schedule(prediction_type="score"), "with 'score'"),
    "velocity": (schedule(prediction_type="flow_prediction"), "with 'flow_prediction'"),
    "sigmas": (lambda f, i: i.update(scheduler=["diffusers", "EDMEulerScheduler"]), "EDMEuler"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_model_that_cannot_be_loaded_is_refused_in_one_line_with_the_fix(case, tmp_path):
    change, message = BROKEN[case]
    broken(tiny.pixels(tmp_path), change)
    with pytest.raises(PriorError, match=message) as caught:
        load_pretrained(str(tmp_path), CPU)
    assert caught.value.fix
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("options", "message"),
    [({"dtype": "bfloat"}, "did you mean 'bfloat16'"), ({"size": 13}, "a multiple of 2")],
)
def test_options_that_do_not_fit_are_refused(latent_folder, options, message):
    with pytest.raises(PriorError, match=message):
        load_pretrained(str(latent_folder), CPU, **options)


def test_images_can_have_another_size_than_the_models_own(latent_folder):
    prior = load_pretrained(str(latent_folder), CPU, size=32)
    z, cond = seen(prior)
    assert z.shape == (2, 4, 16, 16)
    assert prior.predict_noise(z, torch.full((2,), 0.5), cond).shape == z.shape


NEEDED = {
    "diffusers": lambda folder, prior: load_pretrained.__wrapped__(str(folder), CPU),
    "transformers": lambda folder, prior: load_pretrained.__wrapped__(str(folder), CPU),
    "huggingface_hub": lambda folder, prior: load_pretrained.__wrapped__("owner/model", CPU),
    "peft": lambda folder, prior: LoraStudent(prior, rank=1, alpha=1.0, prediction="v"),
}


@pytest.mark.parametrize("package", NEEDED)
def test_a_package_that_is_not_installed_is_named_with_how_to_install_it(
    pixel_folder, monkeypatch, package
):
    prior = load_pretrained(str(pixel_folder), CPU)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(PriorError, match=f"needs the package {package}") as caught:
        NEEDED[package](pixel_folder, prior)
    assert "sds3d[diffusers]" in caught.value.fix


def test_a_folder_that_is_not_a_model_is_refused_with_what_it_lacks(tmp_path):
    with pytest.raises(PriorError, match=r"cannot read .*model_index.json"):
        load_pretrained(str(tmp_path), CPU)
    (tmp_path / "model_index.json").write_text("{", encoding="utf-8")
    with pytest.raises(PriorError, match="cannot read"):
        load_pretrained(str(tmp_path), CPU)


@pytest.fixture
def offline(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def test_a_hub_model_that_cannot_be_downloaded_is_refused_with_how_to_use_a_copy(offline):
    with pytest.raises(
        PriorError, match=r"'owner/model' is not in the cache, and .* offline"
    ) as caught:
        load_pretrained("owner/model", CPU)
    assert "--prior diffusers:FOLDER" in caught.value.fix


def test_a_cached_hub_model_is_used_offline_unless_it_is_incomplete(offline):
    kept = offline / "models--owner--model"
    (kept / "refs").mkdir(parents=True)
    (kept / "refs" / "main").write_text("0" * 40, encoding="utf-8")
    (kept / "snapshots" / ("0" * 40)).mkdir(parents=True)
    folder = tiny.pixels(kept / "snapshots" / ("0" * 40))
    assert load_pretrained("owner/model", CPU).weights
    load_pretrained.cache_clear()
    pickled(folder, {})
    with pytest.raises(PriorError, match="is not in the cache"):
        load_pretrained("owner/model", CPU)
