"""The families of text-to-image models that are supported, and why others are not.

A model's family follows from its index and its denoiser's configuration alone, so that nothing large is
downloaded before a model is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sds3d.errors import PriorError
from sds3d.priors.hub import calls
from sds3d.priors.hub.layout import Layout

CLIP = ("CLIPTextModel", "CLIPTextModelWithProjection")
POOLING_CLIP = CLIP[1:]
T5 = ("T5EncoderModel",)
GEMMA = ("Gemma2Model", "Gemma2ForCausalLM")
UNET = "UNet2DConditionModel"


@dataclass(frozen=True)
class Family:
    """Models that are called in one way.

    denoiser: its class.  pipelines: the prefixes of the pipelines' names; () for all.  added: a UNet's
    `addition_embed_type`.  encoders: the classes of each text encoder.  optional: how many of the last may be
    missing.  vae: the class of the VAE, if there is one.  tokens: the length of a prompt for T5 or Gemma.
    reads: by `OneText`, alone, telling the denoiser its mask, or as its pooled token alone; by `JoinedText`; by
    `SanaText`.  call: (network, z_t, times, text, size) -> arguments of the network.
    """

    name: str
    denoiser: str
    encoders: tuple[tuple[str, ...], ...]
    call: calls.Call
    pipelines: tuple[str, ...] = ()
    added: str | None = None
    optional: int = 0
    vae: str = "AutoencoderKL"
    tokens: int = 77
    reads: Literal["one", "masked", "pooled", "joined", "instructed"] = "one"


FAMILIES = {
    "materials": Family(
        "StableMaterials",
        UNET,
        (POOLING_CLIP,),
        calls.unet,
        pipelines=("StableMaterials",),
        reads="pooled",
    ),
    "sd": Family("Stable Diffusion 1 or 2", UNET, (CLIP + T5,), calls.unet),
    "if": Family("DeepFloyd IF", UNET, (T5,), calls.unet, added="text"),
    "xl": Family(
        "Stable Diffusion XL",
        UNET,
        (CLIP, POOLING_CLIP),
        calls.xl,
        added="text_time",
        reads="joined",
    ),
    "sd3": Family(
        "Stable Diffusion 3",
        "SD3Transformer2DModel",
        (POOLING_CLIP, POOLING_CLIP, T5),
        calls.joint,
        optional=1,
        tokens=256,
        reads="joined",
    ),
    "alpha": Family(
        "PixArt-alpha",
        "PixArtTransformer2DModel",
        (T5,),
        calls.pixart,
        pipelines=("PixArtAlpha",),
        tokens=120,
        reads="masked",
    ),
    "sigma": Family(
        "PixArt-Sigma",
        "PixArtTransformer2DModel",
        (T5,),
        calls.pixart,
        tokens=300,
        reads="masked",
    ),
    "sana": Family(
        "Sana",
        "SanaTransformer2DModel",
        (GEMMA,),
        calls.sana,
        pipelines=("SanaPipeline", "SanaPAG"),
        vae="AutoencoderDC",
        tokens=300,
        reads="instructed",
    ),
}
SUPPORTED = "use Stable Diffusion 1, 2, XL or 3, PixArt, Sana, or DeepFloyd IF's first stage"


@dataclass(frozen=True)
class Unsupported:
    """Why the models of a denoiser's class are not supported.

    inputs: what the denoiser takes and no prior here gives it.  text: the class that reads the prompt.
    vae: the class of the VAE.  pipeline: where diffusers calls them.
    """

    name: str
    pipeline: str
    inputs: tuple[str, ...] = ()
    text: str = ""
    vae: str = ""

    @property
    def reason(self) -> str:
        """What is missing here: "FLUX.1, whose denoiser takes img_ids, txt_ids and guidance"."""
        reasons = []
        if self.inputs:
            *others, last = self.inputs
            reasons.append(f"denoiser takes {', '.join(others) + ' and ' if others else ''}{last}")
        if self.text:
            reasons.append(f"prompts are read by {self.text}")
        if self.vae:
            reasons.append(f"VAE is {self.vae}")
        return f"{self.name}, whose {' and whose '.join(reasons)}"


UNSUPPORTED = {
    "FluxTransformer2DModel": Unsupported(
        "FLUX.1", "FluxPipeline", ("img_ids", "txt_ids", "guidance")
    ),
    "Flux2Transformer2DModel": Unsupported(
        "FLUX.2", "Flux2Pipeline", ("img_ids", "txt_ids", "guidance"), vae="AutoencoderKLFlux2"
    ),
    "LuminaNextDiT2DModel": Unsupported(
        "Lumina-Next", "LuminaPipeline", ("image_rotary_emb",), "GemmaPreTrainedModel"
    ),
    "Lumina2Transformer2DModel": Unsupported(
        "Lumina-Image 2", "Lumina2Pipeline", text="Gemma2PreTrainedModel"
    ),
    "QwenImageTransformer2DModel": Unsupported(
        "Qwen-Image",
        "QwenImagePipeline",
        ("img_shapes",),
        "Qwen2_5_VLForConditionalGeneration",
        "AutoencoderKLQwenImage",
    ),
    "ZImageTransformer2DModel": Unsupported("Z-Image", "ZImagePipeline", ("cap_feats",)),
    "AuraFlowTransformer2DModel": Unsupported(
        "AuraFlow", "AuraFlowPipeline", text="UMT5EncoderModel"
    ),
    "CogView3PlusTransformer2DModel": Unsupported(
        "CogView3", "CogView3PlusPipeline", ("original_size", "target_size", "crop_coords")
    ),
    "CogView4Transformer2DModel": Unsupported(
        "CogView4", "CogView4Pipeline", ("original_size", "target_size", "crop_coords"), "GlmModel"
    ),
    "ChromaTransformer2DModel": Unsupported("Chroma", "ChromaPipeline", ("img_ids", "txt_ids")),
    "Kandinsky3UNet": Unsupported(
        "Kandinsky 3", "Kandinsky3Pipeline", ("encoder_attention_mask",), vae="VQModel"
    ),
    "Kandinsky5Transformer3DModel": Unsupported(
        "Kandinsky 5",
        "Kandinsky5T2IPipeline",
        ("visual_rope_pos", "text_rope_pos"),
        "Qwen2_5_VLForConditionalGeneration",
    ),
    "HunyuanDiT2DModel": Unsupported(
        "Hunyuan-DiT", "HunyuanDiTPipeline", ("image_rotary_emb",), "BertModel"
    ),
    "HiDreamImageTransformer2DModel": Unsupported(
        "HiDream", "HiDreamImagePipeline", ("encoder_hidden_states_llama3",), "LlamaForCausalLM"
    ),
    "OmniGenTransformer2DModel": Unsupported(
        "OmniGen", "OmniGenPipeline", ("input_img_latents", "position_ids")
    ),
    "DiTTransformer2DModel": Unsupported("DiT", "DiTPipeline", ("class_labels",)),
    "WanTransformer3DModel": Unsupported(
        "Wan", "WanPipeline", text="UMT5EncoderModel", vae="AutoencoderKLWan"
    ),
}
PIPELINES = {  # prefix of a pipeline's name -> why its models are not supported
    "Kolors": "Kolors, whose prompts are read by ChatGLM3, which is not in transformers",
    "StableCascade": "Stable Cascade, whose pictures are made in two stages",
    "Wuerstchen": "Würstchen, whose pictures are made in two stages",
    "UnCLIP": "unCLIP, whose decoder is conditioned on the embedding of a picture",
    "SanaSprint": "Sana-Sprint, which is distilled to few steps and predicts no score",
    "SanaControlNet": "Sana with a ControlNet, whose picture no prior here gives it",
}
CONTROLS = {"controlnet": "a ControlNet", "adapter": "a T2I-Adapter"}
CHANNELS = {  # in_channels of a UNet that gives 4
    5: "the depth of a picture beside the noisy latents (depth-to-image)",
    7: "a small picture beside the noisy latents, and its noise level as a class label (upscaling)",
    8: "a picture beside the noisy latents (InstructPix2Pix, Marigold)",
    9: "a masked picture and its mask beside the noisy latents (inpainting)",
}


def family_of(layout: Layout) -> Family:
    """The family of a model, from its index and its denoiser's configuration.

    Raises PriorError, with the reason, for models that are not supported.
    """
    pipeline = layout.pipeline
    for prefix, reason in PIPELINES.items():
        if pipeline.startswith(prefix):
            raise _refused(layout, f"is {reason}")
    for component, called in CONTROLS.items():
        if layout.index.get(component) not in (None, [None, None]):
            raise _refused(layout, f"is steered by {called}, whose picture no prior here gives it")
    _, kind = layout.components[layout.denoiser]
    if kind in UNSUPPORTED:
        raise _refused(layout, f"is {UNSUPPORTED[kind].reason}")
    config = layout.config(layout.denoiser)
    if kind == UNET:
        reason = _other_unet(layout.index, config)
        if reason:
            raise _refused(layout, reason)
    if config.get("guidance_embeds"):
        raise _refused(layout, "is distilled for a guidance scale and predicts no score")
    added = config.get("addition_embed_type")
    for family in FAMILIES.values():
        named = not family.pipelines or pipeline.startswith(family.pipelines)
        if kind == family.denoiser and added == family.added and named:
            return family
    layout.class_of(layout.denoiser)
    raise _refused(layout, f"is a {pipeline or 'pipeline'} with {kind}, which sds3d cannot call")


def _other_unet(index: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """Why a UNet2DConditionModel cannot be called with a text alone; "" when it can."""
    channels, given = (config.get(f"{side}_channels", 4) for side in ("in", "out"))
    labels = config.get("class_embed_type") or config.get("num_class_embeds")
    added = config.get("addition_embed_type")
    projected = config.get("encoder_hid_dim_type")
    takes_more = given not in (channels, 2 * channels if isinstance(channels, int) else None)
    named = given == 4 and isinstance(channels, int) and channels in CHANNELS
    reasons = {
        "is a latent consistency model, which is distilled to few steps and predicts no score": (
            config.get("time_cond_proj_dim") is not None
        ),
        f"has a UNet of {channels!r} channels: it takes {CHANNELS[channels] if named else ''}": named,
        "is an upscaling stage: its UNet takes a small picture and its noise level": (
            channels == 6 and bool(labels)
        ),
        f"has a UNet that takes {channels!r} channels and gives {given!r}": takes_more,
        f"has a UNet that takes a class label ({labels!r})": bool(labels),
        f"has a UNet that takes the embedding of a picture ({added!r})": (
            added not in (None, "text", "text_time")
        ),
        f"has a UNet that takes the embedding of a picture ({projected!r})": (
            projected not in (None, "text_proj")
        ),
        "is the refiner of Stable Diffusion XL, which improves pictures that are nearly done": (
            bool(index.get("requires_aesthetics_score"))
        ),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _refused(layout: Layout, reason: str) -> PriorError:
    return PriorError(f"'{layout.called}' {reason}", SUPPORTED)
