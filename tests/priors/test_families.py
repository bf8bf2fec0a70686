"""Laws of which models are supported: decided by two small files, and refused for a reason that is true."""

import inspect
import json

import diffusers
import pytest
import torch

from sds3d.errors import PriorError
from sds3d.priors import parse_prior
from sds3d.priors.hub.families import CONTROLS, FAMILIES, PIPELINES, UNSUPPORTED, family_of
from sds3d.priors.hub.layout import Layout
from sds3d.priors.hub.pretrained import load_pretrained

CPU = torch.device("cpu")
UNET = "UNet2DConditionModel"


def write(folder, config, index=None, pipeline="StableDiffusionPipeline", kind=UNET):
    """A folder of an index and a denoiser's configuration, and nothing else."""
    component = "unet" if "UNet" in kind else "transformer"
    named = {"_class_name": pipeline, "scheduler": ["diffusers", "DDIMScheduler"]}
    named |= {component: ["diffusers", kind], **(index or {})}
    (folder / component).mkdir(parents=True)
    (folder / "model_index.json").write_text(json.dumps(named), encoding="utf-8")
    (folder / component / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


XL = {"addition_embed_type": "text_time"}
SUPPORTED = {
    "materials": ("StableMaterialsPipeline", UNET, {"in_channels": 18, "out_channels": 18}),
    "sd": ("StableDiffusionPipeline", UNET, {"in_channels": 4, "out_channels": 4}),
    "if": (
        "IFPipeline",
        UNET,
        {"in_channels": 3, "out_channels": 6, "addition_embed_type": "text"},
    ),
    "xl": ("StableDiffusionXLPipeline", UNET, XL),
    "sd3": ("StableDiffusion3Pipeline", "SD3Transformer2DModel", {}),
    "alpha": ("PixArtAlphaPipeline", "PixArtTransformer2DModel", {}),
    "sigma": ("PixArtSigmaPipeline", "PixArtTransformer2DModel", {}),
    "sana": ("SanaPipeline", "SanaTransformer2DModel", {"guidance_embeds": False}),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_the_index_and_the_denoisers_configuration_name_the_family(name, tmp_path):
    pipeline, kind, config = SUPPORTED[name]
    folder = write(tmp_path, config, pipeline=pipeline, kind=kind)
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    assert family_of(Layout(folder, index)) is FAMILIES[name]


REFUSED = {  # published configurations: (pipeline, more of the index, config, reason)
    "LCM_Dreamshaper_v7": (
        "LatentConsistencyModelPipeline",
        {},
        {"time_cond_proj_dim": 256},
        "a latent consistency model",
    ),
    "stable-diffusion-inpainting": (
        "StableDiffusionInpaintPipeline",
        {},
        {"in_channels": 9},
        "9 channels: .* a masked picture and its mask",
    ),
    "xl inpainting": ("StableDiffusionXLInpaintPipeline", {}, {"in_channels": 9, **XL}, "inpainting"),
    "instruct-pix2pix": (
        "StableDiffusionInstructPix2PixPipeline",
        {},
        {"in_channels": 8},
        "8 channels: .*InstructPix2Pix",
    ),
    "x4-upscaler": (
        "StableDiffusionUpscalePipeline",
        {},
        {"in_channels": 7, "num_class_embeds": 1000},
        "its noise level as a class label",
    ),
    "depth": ("StableDiffusionDepth2ImgPipeline", {}, {"in_channels": 5}, "the depth of a picture"),
    "xl refiner": (
        "StableDiffusionXLImg2ImgPipeline",
        {"requires_aesthetics_score": True, "text_encoder": [None, None]},
        XL,
        "is the refiner of Stable Diffusion XL",
    ),
    "IF II": (
        "IFSuperResolutionPipeline",
        {},
        {"in_channels": 6, "out_channels": 6, "class_embed_type": "timestep"},
        "an upscaling stage",
    ),
    "unclip": (
        "StableUnCLIPPipeline",
        {},
        {"class_embed_type": "projection"},
        "takes a class label",
    ),
    "Kandinsky 2.2": (
        "KandinskyV22Pipeline",
        {},
        {"addition_embed_type": "image", "out_channels": 8},
        "the embedding of a picture",
    ),
    "channels": ("X", {}, {"in_channels": 4, "out_channels": 3}, "takes 4 channels and gives 3"),
    "ip": ("X", {}, {"encoder_hid_dim_type": "ip_image_proj"}, "'ip_image_proj'"),
    "ControlNet": (
        "StableDiffusionControlNetPipeline",
        {"controlnet": ["diffusers", "ControlNetModel"]},
        {},
        "steered by a ControlNet",
    ),
    "adapter": (
        "StableDiffusionAdapterPipeline",
        {"adapter": ["diffusers", "T2IAdapter"]},
        {},
        "steered by a T2I-Adapter",
    ),
    "Kolors": ("KolorsPipeline", {"text_encoder": ["kolors", "ChatGLMModel"]}, {}, "ChatGLM3"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_model_that_is_not_called_with_a_text_alone_is_refused_by_two_small_files(case, tmp_path):
    pipeline, index, config, reason = REFUSED[case]
    write(tmp_path, config, index, pipeline)
    with pytest.raises(PriorError, match=reason) as caught:
        load_pretrained.__wrapped__(str(tmp_path), CPU)
    assert "use Stable Diffusion" in caught.value.fix


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_each_family_that_is_not_supported_is_refused_by_its_name(kind, tmp_path):
    told = UNSUPPORTED[kind]
    write(tmp_path, {}, pipeline=told.pipeline, kind=kind)
    with pytest.raises(PriorError) as caught:
        load_pretrained.__wrapped__(str(tmp_path), CPU)
    assert f"is {told.name}, whose " in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_the_reason_for_refusing_a_family_is_what_diffusers_says(kind):
    """The denoiser takes those inputs, and the pipeline has that encoder and that VAE."""
    told = UNSUPPORTED[kind]
    assert told.inputs or told.text or told.vae
    if not hasattr(diffusers, kind):
        pytest.skip("not in this version of diffusers")
    taken = inspect.signature(getattr(diffusers, kind).forward).parameters
    assert set(told.inputs) <= taken.keys()
    parts = inspect.signature(getattr(diffusers, told.pipeline).__init__).parameters.values()
    classes = " ".join(str(part.annotation) for part in parts)
    assert told.text in classes
    assert told.vae in classes
    assert kind in classes


def test_pipelines_and_controls_that_are_refused_are_real():
    known = dir(diffusers)
    for prefix in PIPELINES:
        assert any(name.startswith(prefix) and name.endswith("Pipeline") for name in known), prefix
    for component in CONTROLS:
        kind = diffusers.StableDiffusionControlNetPipeline
        if component == "adapter":
            kind = diffusers.StableDiffusionAdapterPipeline
        assert component in inspect.signature(kind.__init__).parameters


def test_the_folder_of_a_controlnet_alone_is_no_model(tmp_path):
    kind = {"_class_name": "ControlNetModel"}
    (tmp_path / "config.json").write_text(json.dumps(kind), encoding="utf-8")
    with pytest.raises(PriorError, match="one network, such as a ControlNet") as caught:
        parse_prior(f"diffusers:{tmp_path}")
    assert "model_index.json" in caught.value.fix


def test_a_distilled_sana_is_refused(tmp_path):
    write(tmp_path / "a", {"guidance_embeds": True}, {}, "SanaPipeline", "SanaTransformer2DModel")
    with pytest.raises(PriorError, match="distilled for a guidance scale"):
        load_pretrained.__wrapped__(str(tmp_path / "a"), CPU)
    write(tmp_path / "b", {}, {}, "SanaSprintPipeline", "SanaTransformer2DModel")
    with pytest.raises(PriorError, match="Sana-Sprint"):
        load_pretrained.__wrapped__(str(tmp_path / "b"), CPU)
