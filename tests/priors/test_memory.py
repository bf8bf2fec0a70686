"""Laws of memory: what is saved, what is computed again, what is estimated, and that no value changes."""

import json
import os
from functools import partial

import pytest
import tiny
import torch
from diffusers import AutoencoderKL

from sds3d.errors import PriorError
from sds3d.language.prompt import Prompt
from sds3d.priors.hub import embeddings, memory
from sds3d.priors.hub.download import find
from sds3d.priors.hub.families import family_of
from sds3d.priors.hub.memory import GIB, Load, choose, dtypes_of, needed, saved_bytes, weight_bytes
from sds3d.priors.hub.pretrained import load_pretrained
from sds3d.students.lora import LoraStudent
from sds3d.views.cameras import orbit
from sds3d.views.directions import plain

CPU = torch.device("cpu")
FAMILIES = ("pixels", "floyd", "latents", "sdxl", "sd3_t5", "pixart", "sana")
load = load_pretrained.__wrapped__  # without its cache
SD_VAE = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
}  # of Stable Diffusion 1.5


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {name: getattr(tiny, name)(tmp_path_factory.mktemp(name)) for name in FAMILIES}


def conditioned(prior, text="a chair", directions=None):
    return prior.condition(Prompt(text), orbit(2, 8), torch.zeros(2, 3), directions)


@pytest.mark.parametrize("make", ["latents", "sana"])
def test_saving_memory_changes_no_gradient_of_the_scene(make, folders, rng):
    rgb, found = torch.rand(3, 3, 16, 16, generator=rng), []
    for vram in ("high", "low"):
        prior = load(str(folders[make]), CPU, vram=vram)
        x = rgb.clone().requires_grad_()
        z = prior.encode(x)
        found.append((z, *torch.autograd.grad(z.square().sum(), x)))
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("make", ["latents", "sdxl", "sd3_t5", "pixart"])
def test_saving_memory_changes_no_gradient_of_a_student(make, folders, rng):
    found = []
    for vram in ("high", "low"):
        prior = load(str(folders[make]), CPU, vram=vram)
        student = LoraStudent(prior, rank=2, alpha=2.0, prediction="eps")
        z = torch.rand(2, 4, 8, 8, generator=torch.Generator().manual_seed(1))
        t = torch.tensor([0.3, 0.7])
        cond = conditioned(prior)
        count = saved_bytes(student._network[0], partial(student.loss, z, t, z, cond))
        student.loss(z, t, z, cond).backward()
        found.append((count, [p.grad for p in student.parameters()]))
        assert not any(p.requires_grad for p in prior.denoiser.parameters())
    (high, plain_grads), (low, again_grads) = found
    for a, b in zip(plain_grads, again_grads, strict=True):
        torch.testing.assert_close(a, b)
    assert low < 0.7 * high


def test_the_vae_of_stable_diffusion_saves_what_was_measured_and_a_fourteenth_with_checkpoints():
    """3.0 GiB for an image of 512 pixels in float32, 0.21 with checkpoints: counted on the CPU with data."""
    with torch.device("meta"):
        vae = AutoencoderKL(**SD_VAE).requires_grad_(False)
        image = torch.empty(1, 3, 512, 512, requires_grad=True)
    plain_count = saved_bytes(vae, lambda: vae.encode(image))
    memory.save_memory(vae, low=True)
    assert plain_count / GIB == pytest.approx(3.0, abs=0.06)
    assert saved_bytes(vae, lambda: vae.encode(image)) / GIB == pytest.approx(0.21, abs=0.01)


def test_what_is_counted_without_data_is_what_is_saved_with_data():
    torch.manual_seed(0)
    vae = tiny.vae().requires_grad_(False)
    counts = []
    for device in ("cpu", "meta"):
        image = torch.empty(1, 3, 32, 32, device=device, requires_grad=True)
        counts.append(saved_bytes(vae.to(device), lambda x=image: vae.encode(x)))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("make", FAMILIES)
def test_the_need_of_every_family_is_its_weights_and_what_its_backward_passes_save(make, folders):
    layout = find(str(folders[make]))
    family = family_of(layout)
    dtypes = dtypes_of(layout, torch.float16, torch.float32)
    weights = 0
    for name in dtypes:
        prior = layout.load(name)
        tensors = {x.data_ptr(): x.numel() for x in prior.state_dict().values()}  # tied ones once
        assert weight_bytes(layout, name, torch.float16) == 2 * sum(tensors.values())
        weights += weight_bytes(layout, name, dtypes[name])
    asked = Load(size=16, views=2)
    high, low = (needed(layout, family, dtypes, asked, low=low) for low in (False, True))
    assert low < high or "vae" not in layout
    assert high >= weights
    assert (high > weights) is ("vae" in layout)
    trained = Load(size=16, views=2, student=True)
    assert needed(layout, family, dtypes, trained, low=False) > weights
    double = needed(layout, family, dtypes, Load(size=16, views=4), low=False)
    assert double - high == high - weights


def test_memory_is_saved_where_it_is_asked_for_or_where_the_model_would_not_fit():
    asked = Load(512, 4)
    assert not choose("m", "auto", asked, 8, 5, 10)
    assert choose("m", "auto", asked, 9, 5, 10)
    assert choose("m", "auto", asked, 12, 5, 10)
    assert choose("m", "low", asked, 9, 5, 10)
    assert not choose("m", "high", asked, 9, 5, 10)


REFUSED = {
    "high": ("high", 9, 5, 8, "needs about 9.0 GiB with 4 views of 512 pixels", "use --vram low"),
    "auto": ("auto", 12, 9, 8, "needs about 9.0 GiB", "camera.views=1, --set prior.diffusers.size=256"),
    "low": ("low", 12, 9, 8, "this card has 8.0 GiB", "a smaller model"),
    "hopeless": ("high", 12, 9, 8, "needs about 12.0 GiB", "a smaller model"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_model_that_does_not_fit_is_refused_with_what_it_needs_and_what_there_is(case):
    vram, high, low, total, message, fix = REFUSED[case]
    with pytest.raises(PriorError) as caught:
        choose("m", vram, Load(512, 4), high * GIB, low * GIB, total * GIB)
    assert message in caught.value.message
    assert fix in caught.value.fix


class Counted:
    """Counts how often text encoders are loaded."""

    def __init__(self, monkeypatch, prior):
        self.loads = 0
        for held in self.held(prior):
            monkeypatch.setattr(held, "_load", self.counting(held._load))

    @staticmethod
    def held(prior):
        encoder = prior._text.encoder
        return [h for _, h in encoder.pairs] if hasattr(encoder, "pairs") else [encoder.encoder]

    def counting(self, load):
        def loaded():
            self.loads += 1
            return load()

        return loaded


def test_text_encoders_are_loaded_once_freed_when_memory_is_saved_and_not_loaded_for_known_prompts(
    folders, monkeypatch
):
    words = plain(45, 60)(orbit(2, 8))
    for vram in ("high", "low"):
        prior = load(str(folders["sd3_t5"]), CPU, vram=vram)
        counted = Counted(monkeypatch, prior)
        first = conditioned(prior, f"a chair {vram}", words)
        for _ in range(3):
            conditioned(prior, f"a chair {vram}", plain(45, 60)(orbit(2, 8).rotated(70)))
        assert counted.loads == 3
        assert all((held._network is None) is (vram == "low") for held in counted.held(prior))
        again = load(str(folders["sd3_t5"]), CPU, vram=vram)
        counted = Counted(monkeypatch, again)
        cond = conditioned(again, f"a chair {vram}", words)
        assert counted.loads == 0
        assert torch.equal(cond.text.embedding, first.text.embedding)
        assert torch.equal(cond.text.pooled, first.text.pooled)


def test_masks_are_kept_too(folders):
    one, other = (conditioned(load(str(folders["pixart"]), CPU)) for _ in range(2))
    assert torch.equal(one.text.mask, other.text.mask)
    assert torch.equal(one.null.embedding, other.null.embedding)


CHANGES = {
    "weights": lambda f: tiny.clip().save_pretrained(f / "text_encoder"),
    "tokenizer": lambda f: edit(f / "tokenizer" / "tokenizer_config.json", model_max_length=19),
}


def edit(file, **values):
    content = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(content | values), encoding="utf-8")


@pytest.mark.parametrize("case", CHANGES)
def test_an_embedding_of_another_encoder_is_never_used(case, tmp_path, monkeypatch):
    folder = tiny.pixels(tmp_path)
    conditioned(load(str(folder), CPU))
    torch.manual_seed(5)
    CHANGES[case](folder)
    prior = load(str(folder), CPU)
    counted = Counted(monkeypatch, prior)
    conditioned(prior)
    assert counted.loads == 1


def test_a_damaged_file_is_made_again_and_a_disk_that_cannot_be_written_is_no_error(
    folders, no_embeddings_of_others, monkeypatch
):
    name = str(folders["pixels"])
    expected = conditioned(load(name, CPU)).text.embedding
    files = list(no_embeddings_of_others.iterdir())
    assert files
    for file in files:
        file.write_bytes(b"damaged")
    assert torch.equal(conditioned(load(name, CPU)).text.embedding, expected)
    assert all(file.read_bytes() != b"damaged" for file in files)
    monkeypatch.setattr(embeddings, "folder", lambda: files[0] / "inside")
    assert torch.equal(conditioned(load(name, CPU)).text.embedding, expected)
    assert os.fspath(files[0])
