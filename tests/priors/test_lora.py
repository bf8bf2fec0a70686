"""Laws of the LoRA student, on small randomly initialised models."""

import json
import math
from copy import deepcopy
from pathlib import Path

import pytest
import tiny
import torch
import trimesh
from peft import LoraConfig

import sds3d.runs.generate
from sds3d.cli import main
from sds3d.diffusion.guidance import cfg
from sds3d.diffusion.noising import add_noise
from sds3d.diffusion.scaling import LossScale
from sds3d.errors import PriorError, RunError
from sds3d.language.prompt import Prompt
from sds3d.loops.learner import Learner, Trainer
from sds3d.objectives import esd, sds, vsd
from sds3d.priors.hub.pretrained import load_pretrained
from sds3d.recipe import build
from sds3d.recipe.load import load
from sds3d.runs import checkpoint
from sds3d.runs.job import Job
from sds3d.runs.report import Silent
from sds3d.students.lora import LoraStudent
from sds3d.views.cameras import orbit
from sds3d.views.directions import plain

CPU = torch.device("cpu")
FAMILIES = ("pixels", "floyd", "latents", "sdxl", "sd3", "pixart", "sana")
TINY = ("camera.sizes=[16]", "export.resolution=32", "export.texture_size=64", "export.faces=500")
VIEWS = 3


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {name: getattr(tiny, name)(tmp_path_factory.mktemp(name)) for name in FAMILIES}


@pytest.fixture(params=("floyd", "sdxl", "sd3", "pixart", "sana"))
def setting(request, folders, rng):
    return make(folders[request.param], rng)


@pytest.fixture(params=("latents", "sd3", "pixart", "sana"))
def trained(request, folders, rng):
    return make(folders[request.param], rng)


@pytest.fixture
def pixels(folders, rng):
    return make(folders["pixels"], rng)


def make(folder, rng, dtype="float32"):
    """(prior, student, z, t, eps, cond)"""
    prior = load_pretrained(str(folder), CPU, dtype=dtype)
    student = LoraStudent(prior, rank=2, alpha=2.0, prediction="v", seed=3)
    cond = prior.condition(Prompt("a red chair"), orbit(VIEWS, 8), torch.zeros(VIEWS, 3))
    z = prior.encode(torch.rand(VIEWS, 3, 8, 8, generator=rng)).detach()
    eps, t = torch.randn(z.shape, generator=rng), torch.rand(VIEWS, generator=rng)
    return prior, student, z, t, eps, cond


def train(student, z, cond, rng, steps, lr=3e-3):
    learner = Learner(
        student, Trainer(torch.optim.AdamW(student.parameters(), lr=lr, fused=True)), 0.1
    )
    return [learner.learn(z, cond, rng, step, steps) for step in range(steps)]


def test_the_student_starts_as_the_prior_bit_for_bit(setting):
    prior, student, z, t, _, cond = setting
    teacher = prior.predict_noise(z, t, cond)
    for seen in (cond, cond.without_camera()):
        assert torch.equal(student.predict_noise(z, t, seen), teacher)


def test_the_prior_is_bit_for_bit_the_same_while_and_after_the_student_trains(trained, rng):
    prior, student, z, t, eps, cond = trained
    before = prior.predict_noise(z, t, cond)
    weights = {name: value.clone() for name, value in prior.denoiser.state_dict().items()}
    student.loss(z, t, eps, cond).backward()
    assert torch.equal(prior.predict_noise(z, t, cond), before)
    train(student, z, cond, rng, 20)
    assert torch.equal(prior.predict_noise(z, t, cond), before)
    assert not torch.equal(student.predict_noise(z, t, cond), before)
    after = prior.denoiser.state_dict()
    assert after.keys() == weights.keys()
    assert all(torch.equal(after[name], weights[name]) for name in weights)
    assert all(p.grad is None for p in prior.denoiser.parameters())


def test_the_student_learns_to_denoise_an_image(trained, rng):
    _, student, z, _, eps, cond = trained
    t = torch.tensor([0.2, 0.5, 0.8])
    before = student.loss(z, t, eps, cond).item()
    train(student, z, cond, rng, 20)
    assert student.loss(z, t, eps, cond).item() < before


def test_the_student_tells_cameras_apart_unless_they_are_dropped(trained, rng):
    prior, student, z, t, _, cond = trained
    train(student, z, cond, rng, 20)
    other = prior.condition(Prompt("a red chair"), orbit(VIEWS, 8).rotated(50), z)
    a, b = (student.predict_noise(z, t, seen) for seen in (cond, other))
    assert not torch.equal(a, b)
    a, b = (student.predict_noise(z, t, seen.without_camera()) for seen in (cond, other))
    assert torch.equal(a, b)


def test_the_student_reads_the_prompt_without_the_words_about_the_side(trained, rng):
    prior, student, z, t, eps, cond = trained
    train(student, z, cond, rng, 5)
    told = prior.condition(
        Prompt("a red chair"),
        orbit(VIEWS, 8),
        torch.zeros(VIEWS, 3),
        plain(45, 60)(orbit(VIEWS, 8)),
    )
    assert not torch.equal(prior.predict_noise(z, t, told), prior.predict_noise(z, t, cond))
    for a, b in ((told, cond), (told.without_camera(), cond.without_camera())):
        assert torch.equal(student.predict_noise(z, t, a), student.predict_noise(z, t, b))
        assert torch.equal(student.loss(z, t, eps, a), student.loss(z, t, eps, b))


def test_vsd_with_the_prior_as_its_student_is_sds_with_the_priors_noise_in_place_of_the_drawn(
    setting,
):
    prior, student, z, t, eps, cond = setting
    options = {"guidance_scale": 7.5, "weight": "sigma2"}
    with torch.no_grad():
        ours = vsd.grad(prior, z, t, eps, cond, student=student, **options)
        alone = vsd.grad(
            prior, z, t, eps, cond, student=student, guidance_scale=1.0, weight="uniform"
        )
        other = esd.grad(prior, z, t, eps, cond, student=student, lam=0.5, **options)
    noise = prior.predict_noise(add_noise(prior, z, t, eps), t, cond)
    theirs = sds.grad(prior, z, t, eps, cond, **options)
    _, sigma_t = prior.alpha_sigma(t)
    expected = theirs + sigma_t**2 * (eps - noise)
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(ours, other)
    assert alone.abs().max() < 1e-6


def test_the_student_is_what_diffusers_makes_of_the_same_low_rank_weights(pixels, rng):
    """The camera's MLP is left out; peft's adapter is put on the UNet through diffusers."""
    prior, student, z, t, _, cond = pixels
    train(student, z, cond, rng, 5)
    unet = deepcopy(prior.denoiser)
    names = {name.replace("/", ".") for name in student.lora}
    targets = sorted({name.partition(".lora_")[0] for name in names})
    unet.add_adapter(LoraConfig(r=2, lora_alpha=2.0, target_modules=targets))
    assert not unet.load_state_dict(
        {name.replace("/", "."): value for name, value in student.lora.items()}, strict=False
    ).unexpected_keys
    torch.nn.init.zeros_(student.camera[2].weight)
    torch.nn.init.zeros_(student.camera[2].bias)
    theirs = unet(z, (1000 * t).round().long(), cond.text.embedding).sample
    torch.testing.assert_close(student.predict_noise(z, t, cond), theirs)
    attention = [f"attn{n}.to_{p}" for n in (1, 2) for p in ("q", "k", "v", "out.0")]
    assert {".".join(name.split(".")[-2:]) for name in targets if "out" not in name} | {
        ".".join(name.split(".")[-3:]) for name in targets if "out" in name
    } == set(attention)


def test_the_students_loss_sends_no_gradient_to_the_scene_and_vsd_none_to_the_student(pixels):
    prior, student, z, t, eps, cond = pixels
    z.requires_grad_()
    student.loss(z, t, eps, cond).backward()
    assert z.grad is None
    assert all(p.grad is not None for p in student.parameters())
    for p in student.parameters():
        p.grad = None
    options = {"guidance_scale": 1.0, "weight": "uniform"}
    with torch.no_grad():
        g = vsd.grad(prior, z, t, eps, cond, student=student, **options)
    (z * g).sum().backward()
    assert all(p.grad is None for p in student.parameters())


def test_the_loss_compares_noise_or_velocity(pixels):
    prior, _, z, _, eps, cond = pixels
    t = torch.full((VIEWS,), 0.4)
    alpha_t, sigma_t = prior.alpha_sigma(t)
    z_t = alpha_t * z + sigma_t * eps
    eps_hat = prior.predict_noise(z_t, t, cond)
    v, v_hat = (alpha_t * e - sigma_t * (z_t - sigma_t * e) / alpha_t for e in (eps, eps_hat))
    losses = {
        name: LoraStudent(prior, rank=1, alpha=1.0, prediction=name).loss(z, t, eps, cond).item()
        for name in ("eps", "v")
    }
    assert losses["eps"] == pytest.approx((eps_hat - eps).square().mean().item(), rel=1e-5)
    assert losses["v"] == pytest.approx((v_hat - v).square().mean().item(), rel=1e-4)


def test_only_the_lora_and_the_camera_mlp_are_trained_saved_and_restored(trained, rng):
    prior, student, z, t, _, cond = trained
    train(student, z, cond, rng, 3)
    state = student.state_dict()
    assert state.keys() == {name for name, _ in student.named_parameters()}
    assert all(name.startswith(("lora.", "camera.")) for name in state)
    assert all(p.requires_grad for p in student.parameters())
    again = LoraStudent(prior, rank=2, alpha=2.0, prediction="v", seed=9)
    checkpoint.restore(Path(), checkpoint.pack({"student": student}, {}), {"student": again}, {})
    assert torch.equal(again.predict_noise(z, t, cond), student.predict_noise(z, t, cond))


def test_the_students_copy_holds_the_priors_own_weights_not_others(setting):
    prior, student, *_ = setting
    ours = {p.data_ptr() for p in student._network[0].parameters()}
    trained = {p.data_ptr() for p in student.parameters()}
    base = {p.data_ptr() for p in prior.denoiser.parameters()}
    camera = {p.data_ptr() for p in student.camera.parameters()}
    assert ours == base | (trained - camera)


def test_the_same_seed_makes_the_same_student_without_touching_the_global_generator(pixels):
    prior, *_ = pixels
    before = torch.get_rng_state()
    a, b = (LoraStudent(prior, rank=2, alpha=2.0, prediction="v", seed=7) for _ in "ab")
    assert torch.equal(before, torch.get_rng_state())
    for p, q in zip(a.parameters(), b.parameters(), strict=True):
        assert torch.equal(p, q)


def test_a_student_costs_what_the_prior_costs(pixels):
    prior, _, z, t, eps, cond = pixels
    student = LoraStudent(prior, rank=1, alpha=1.0, prediction="v")
    before = prior.evaluations
    cfg(prior, z, t, cond, 7.5)
    student.predict_noise(z, t, cond)
    student.loss(z, t, eps, cond)
    assert prior.evaluations == before + 4 * VIEWS


def test_in_half_precision_the_student_learns_from_gradients_that_underflow_in_float16(
    folders, rng
):
    _, half, z, t, eps, cond = make(folders["pixels"], rng, "float16")
    single = make(folders["pixels"], rng)[1]
    assert all(p.dtype is torch.float32 for p in half.parameters())
    found = []
    scale = LossScale()
    for student, factor in ((half, scale.scale), (single, 1.0), (half, 1.0)):
        student.zero_grad()
        (student.loss(z, t, eps, cond) * 1e-6 * factor).backward()
        if factor is scale.scale:
            scale.unscale(student.parameters())
        found.append(torch.cat([p.grad.flatten() for p in student.parameters()]))
    scaled, exact, unscaled = ((grad - found[1]).norm() / found[1].norm() for grad in found)
    assert scaled < 0.05
    assert exact == 0
    assert unscaled > 0.5


def test_a_gradient_that_overflows_in_half_precision_changes_the_scale_and_not_the_student(
    folders, rng
):
    _, student, z, _, _, cond = make(folders["pixels"], rng, "float16")
    optimizer = torch.optim.AdamW(student.parameters(), lr=1e-2)
    learner = Learner(student, Trainer(optimizer), 0.0, LossScale())
    learner.scale.scale.fill_(2.0**40)
    before = [p.clone() for p in student.parameters()]
    loss = learner.learn(z, cond, rng, 0, 10)
    assert math.isfinite(loss)
    assert learner.scale.scale.item() == 2.0**39
    for p, q in zip(student.parameters(), before, strict=True):
        assert torch.equal(p, q)
    for step in range(1, 40):
        learner.learn(z, cond, rng, step, 40)
    assert all(p.isfinite().all() for p in student.parameters())
    assert any(not torch.equal(p, q) for p, q in zip(student.parameters(), before, strict=True))


def test_the_student_of_a_prior_in_half_precision_has_a_scale_that_checkpoints_hold(folders):
    recipe = load("vsd-nerf")
    for dtype, scaled in (("float16", True), ("float32", False)):
        prior = load_pretrained(str(folders["latents"]), CPU, dtype=dtype)
        run = build.optimization(recipe, prior, Prompt("a chair"), seed=0, where=CPU)
        assert ("scales.renders" in run.modules()) is scaled
        assert "scale" not in run.modules()  # this VAE is in float32


def test_a_denoiser_conditioned_on_the_camera_gets_no_second_camera(pixels):
    prior, *_ = pixels
    prior.num_views = 3
    try:
        assert LoraStudent(prior, rank=1, alpha=1.0, prediction="v").camera is None
    finally:
        prior.num_views = 0


def test_a_network_without_attention_is_refused(pixels):
    prior, *_ = pixels
    kept, prior.denoiser = prior.denoiser, prior.denoiser.conv_in
    try:
        with pytest.raises(PriorError, match="no attention") as caught:
            LoraStudent(prior, rank=1, alpha=1.0, prediction="v")
    finally:
        prior.denoiser = kept
    assert "--method sds" in caught.value.fix


class Stopped(Silent):
    """Stops after a step, as a machine does that loses its power."""

    def __init__(self, after):
        self.after = after

    def step(self, step, total, values):
        if step == self.after:
            raise KeyboardInterrupt


def test_a_run_with_a_large_prior_makes_a_model_and_resumes_bit_for_bit(folders, tmp_path):
    prior, tell = f"diffusers:{folders['latents']}", (*TINY, "run.checkpoint_every=1")
    shared = {"recipe": "vsd-nerf", "prior": prior, "steps": 3, "overrides": tell}
    broken = Job("a red chair", out=str(tmp_path / "broken"), **shared)
    for after in (2, 3):
        with pytest.raises(KeyboardInterrupt):
            sds3d.runs.generate.generate(broken, Stopped(after))
    sds3d.runs.generate.generate(broken, Stopped(after=99))
    command = ["generate", "a red chair", "--prior", prior, "--recipe", "vsd-nerf"]
    command += ["--steps", "3"]
    command += [part for override in tell for part in ("--set", override)]
    with pytest.raises(SystemExit) as end:
        main([*command, "--out", str(tmp_path / "whole")])
    assert not end.value.code
    assert len(trimesh.load(tmp_path / "whole" / "mesh.glb", force="mesh").faces) > 0
    record = json.loads((tmp_path / "whole" / "run.json").read_text(encoding="utf-8"))
    assert record["inputs"] == load_pretrained(prior.partition(":")[2], CPU).weights
    assert record["result"]["evaluations"] == 3 * 4 * (2 + 1 + 1)
    ours, theirs = (
        checkpoint.read(tmp_path / name / "checkpoint.safetensors")[0]
        for name in ("broken", "whole")
    )
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    kept = {name for name in ours if name.startswith("students.")}
    assert all(
        name.startswith(("students.renders.lora.", "students.renders.camera.")) for name in kept
    )


def test_a_run_is_not_resumed_with_other_weights(tmp_path):
    model = tiny.pixels(tmp_path / "model")
    job = Job(
        "a red chair", prior=f"diffusers:{model}", recipe="sds-nerf", steps=2, out=str(tmp_path / "run"),
        overrides=(*TINY, "run.checkpoint_every=1"),
    )  # fmt: skip
    with pytest.raises(KeyboardInterrupt):
        sds3d.runs.generate.generate(job, Stopped(1))
    tiny.unet().save_pretrained(model / "unet")
    load_pretrained.cache_clear()
    with pytest.raises(RunError, match="whose prior had other weights"):
        sds3d.runs.generate.generate(job)
