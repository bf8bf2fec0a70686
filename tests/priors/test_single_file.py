"""Laws of models in one file of weights: it is read as diffusers reads it, and strictly."""

import json
import shutil

import diffusers
import pytest
import tiny
import torch
from diffusers import DDIMScheduler
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModelWithProjection

from sds3d.cli import main
from sds3d.errors import PriorError
from sds3d.language.prompt import Prompt
from sds3d.priors import parse_prior
from sds3d.priors.hub import default_recipe, single_file
from sds3d.priors.hub.pretrained import load_pretrained
from sds3d.priors.hub.single_file import names
from sds3d.views.cameras import orbit

CPU = torch.device("cpu")
load = load_pretrained.__wrapped__  # without its cache
MIXED = ("DownBlock2D", "CrossAttnDownBlock2D"), ("CrossAttnUpBlock2D", "UpBlock2D")
OPENAI = "cond_stage_model.transformer.text_model.{}"
XL = "conditioner.embedders.0.transformer.text_model.{}"


@pytest.fixture(autouse=True)
def models(tmp_path_factory, monkeypatch):
    """Converted models are kept in a folder of the test's own."""
    folder = tmp_path_factory.mktemp("models")
    monkeypatch.setattr(single_file, "folder", lambda: folder)
    return folder


def sdxl(folder):
    """As `tiny.sdxl` with two encoders of different widths, by which diffusers tells them apart."""
    torch.manual_seed(0)
    down, up = MIXED  # as XL's, whose first block has no attention
    unet = tiny.UNet2DConditionModel(
        sample_size=8,
        in_channels=4,
        out_channels=4,
        block_out_channels=(8, 16),
        down_block_types=down,
        up_block_types=up,
        layers_per_block=2,
        norm_num_groups=4,
        attention_head_dim=4,
        cross_attention_dim=20,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=4,
        projection_class_embeddings_input_dim=6 + 6 * 4,
    )
    return tiny.save(
        folder,
        "StableDiffusionXLPipeline",
        scheduler=DDIMScheduler(**tiny.SCHEDULE),
        unet=unet,
        vae=tiny.vae(scaling_factor=0.2),
        text_encoder=tiny.clip(8),
        tokenizer=tiny.tokenizer(),
        text_encoder_2=tiny.clip(12, CLIPTextModelWithProjection),
        tokenizer_2=tiny.tokenizer(),
    )


def weights(folder, component):
    (file,) = (folder / component).glob("*.safetensors")
    return load_file(file)


def write(folder, file, clip="openai"):
    """The folder's weights in one file, by the names of the training code; returns it."""
    out = {}
    for component in ("unet", "vae", "text_encoder", "text_encoder_2"):
        if not (folder / component).is_dir():
            continue
        own = weights(folder, component)
        first = "conditioner.embedders.0.transformer.text_model.x"
        if not (folder / "text_encoder_2").is_dir():
            first = {"openai": OPENAI.format("x"), "open_clip": "cond_stage_model.model.x"}[clip]
        stored = [first if component == "text_encoder" else "conditioner.embedders.1.model.x"]
        for name, (place, _) in names(component, own, stored).items():
            tensor = own[name]
            if component == "vae" and "mid_block.attentions" in name and name.endswith("weight"):
                tensor = tensor[..., None, None] if tensor.ndim == 2 else tensor  # a convolution
            if "in_proj" in place:
                out.setdefault(place, {})[name] = tensor
            else:
                out[place] = tensor.T if place.endswith("text_projection") else tensor
    for place, parts in out.items():
        if isinstance(parts, dict):
            order = sorted(parts, key=lambda name: "qkv".index(name.split("_proj")[0][-1]))
            out[place] = torch.cat([parts[name] for name in order])
    out["model_ema.decay"] = torch.ones(())  # such files hold more than is used
    save_file({name: x.contiguous() for name, x in out.items()}, file)
    return file


CASES = {
    "sd15": (tiny.latents, "openai", "StableDiffusionPipeline"),
    "sd21": (tiny.velocities, "open_clip", "StableDiffusionPipeline"),
    "sdxl": (sdxl, "", "StableDiffusionXLPipeline"),
}


@pytest.fixture(params=CASES)
def case(request, tmp_path):
    """(folder, file, the pipeline's class)"""
    make, clip, kind = CASES[request.param]
    folder = make(tmp_path / "folder")
    return folder, write(folder, tmp_path / "model.safetensors", clip), getattr(diffusers, kind)


def bare(folder, place):
    """The folder without its weights."""
    shutil.copytree(folder, place, ignore=shutil.ignore_patterns("*.safetensors"))
    return place


def noise(prior):
    """A prediction and what leads to it."""
    rng = torch.Generator().manual_seed(0)
    cond = prior.condition(Prompt("a Red chair"), orbit(1, 8), torch.zeros(1, 3))
    z = prior.encode(torch.rand(1, 3, 16, 16, generator=rng))
    return z, cond.text.embedding, prior.predict_noise(z, torch.tensor([0.4]), cond)


def test_a_single_file_predicts_what_its_folder_predicts(case, tmp_path):
    folder, file, _ = case
    config = str(bare(folder, tmp_path / "bare"))
    ours, theirs = noise(load(str(file), CPU, config=config)), noise(load(str(folder), CPU))
    for a, b in zip(ours, theirs, strict=True):
        assert torch.equal(a, b)


@pytest.mark.filterwarnings("ignore")
def test_diffusers_reads_the_same_weights_from_the_same_file(case, models, tmp_path):
    """An independent reader, so that the names are those of published files."""
    folder, file, kind = case
    config = str(bare(folder, tmp_path / "bare"))
    load(str(file), CPU, config=config)
    (ours,) = models.iterdir()
    pipeline = kind.from_single_file(str(file), config=config, local_files_only=True)
    for component in ("unet", "vae", "text_encoder", "text_encoder_2"):
        if (folder / component).is_dir():
            theirs = pipeline.components[component].state_dict()
            found = weights(ours, component)
            assert found
            for name, tensor in found.items():
                assert torch.equal(tensor, theirs[name]), (component, name)


def test_a_file_is_converted_once_and_again_for_another_configuration(models, tmp_path):
    folder = tiny.latents(tmp_path / "folder")
    file = write(folder, tmp_path / "model.safetensors")
    first = load(str(file), CPU, config=str(folder))
    (place,) = models.iterdir()
    stamp = (place / "unet" / "diffusion_pytorch_model.safetensors").stat().st_mtime_ns
    again = load(str(file), CPU, config=str(folder))
    assert again.weights == first.weights
    assert (place / "unet" / "diffusion_pytorch_model.safetensors").stat().st_mtime_ns == stamp
    scheduler = folder / "scheduler" / "scheduler_config.json"
    told = json.loads(scheduler.read_text(encoding="utf-8")) | {"prediction_type": "v_prediction"}
    scheduler.write_text(json.dumps(told), encoding="utf-8")
    other = load(str(file), CPU, config=str(folder))
    assert not torch.equal(noise(other)[2], noise(first)[2])
    assert len(list(models.iterdir())) == 2


def changed(file, change):
    tensors = load_file(file)
    change(tensors)
    save_file(tensors, file)


def narrower(tensors):
    name = "model.diffusion_model.out.2.weight"
    tensors[name] = tensors[name][:, :4].contiguous()


DAMAGE = {
    "missing": (
        lambda x: x.pop("first_stage_model.quant_conv.bias"),
        "has no weights 'first_stage_",
    ),
    "no text": (
        lambda x: [x.pop(n) for n in list(x) if n.startswith("cond_stage")],
        "has no weights 'cond_stage_model.transformer.text_model.embeddings",
    ),
    "shape": (narrower, r"'model.diffusion_model.out.2.weight' of shape \(4, 4, 3, 3\)"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_weights_that_are_missing_or_of_another_shape_are_named(damage, models, tmp_path):
    folder = tiny.latents(tmp_path / "folder")
    file = write(folder, tmp_path / "model.safetensors")
    change, message = DAMAGE[damage]
    changed(file, change)
    with pytest.raises(PriorError, match=message) as caught:
        load(str(file), CPU, config=str(folder))
    assert "prior.diffusers.config" in caught.value.fix
    assert not list(models.iterdir())


@pytest.mark.parametrize("alias", CASES)
def test_without_a_configuration_the_one_that_fits_is_named_and_nothing_is_asked_of_the_hub(
    alias, tmp_path, monkeypatch
):
    monkeypatch.setattr("huggingface_hub.hf_hub_download", None)
    make, clip, _ = CASES[alias]
    file = write(make(tmp_path / "folder"), tmp_path / "model.safetensors", clip)
    with pytest.raises(PriorError, match="holds weights and no configuration") as caught:
        load(str(file), CPU)
    assert f"prior.diffusers.config={alias}," in caught.value.fix
    assert default_recipe(str(file)) == "dreamfusion-sd-nerf"


def test_single_files_of_other_families_configurations_of_folders_and_pickles_are_refused(tmp_path):
    file = write(tiny.latents(tmp_path / "folder"), tmp_path / "model.safetensors")
    flow = tiny.sd3(tmp_path / "sd3")
    with pytest.raises(
        PriorError, match="the configuration of Stable Diffusion 3: single files of"
    ):
        load(str(file), CPU, config=str(flow))
    with pytest.raises(PriorError, match="has its own configurations"):
        load(str(flow), CPU, config=str(flow))
    (tmp_path / "model.ckpt").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(PriorError, match="are pickles") as caught:
        parse_prior(f"diffusers:{tmp_path / 'model.ckpt'}")
    assert ".safetensors" in caught.value.fix


def test_a_file_in_a_folder_is_not_taken_for_a_name_on_the_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    write(tiny.latents(tmp_path / "folder"), tmp_path / "models" / "a.safetensors")
    parse_prior("diffusers:models/a.safetensors")
    assert load("models/a.safetensors", CPU, config="folder").weights


def test_the_command_line_makes_an_object_with_a_single_file(tmp_path, capsys):
    folder = tiny.latents(tmp_path / "folder")
    file = write(folder, tmp_path / "model.safetensors")
    sizes = ["camera.sizes=[16]", "scene.log2_table=8", "scene.levels=4", "scene.step=0.2"]
    sizes += ["export.resolution=20", "export.texture_size=64", "export.faces=300"]
    command = ["generate", "a red chair", "--prior", f"diffusers:{file}", "--steps", "1"]
    command += ["--preview-size", "16", "--turntable-size", "16", "--out", str(tmp_path / "run")]
    for override in (f"prior.diffusers.config={folder}", *sizes):
        command += ["--set", override]
    with pytest.raises(SystemExit) as end:
        main(command)
    assert not end.value.code, capsys.readouterr().err
    assert (tmp_path / "run" / "mesh.glb").stat().st_size
