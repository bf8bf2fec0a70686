"""Small randomly initialised models, saved in the diffusers folder layout."""

from __future__ import annotations

import json
import string

import torch
from diffusers import (
    AutoencoderDC,
    AutoencoderKL,
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    FlowMatchEulerDiscreteScheduler,
    PixArtTransformer2DModel,
    SanaTransformer2DModel,
    SD3Transformer2DModel,
    UNet2DConditionModel,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    Gemma2Config,
    Gemma2Model,
    GemmaTokenizer,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

LETTERS = [letter + end for letter in string.ascii_lowercase + "," for end in ("", "</w>")]
VOCABULARY = {name: i for i, name in enumerate(("<|startoftext|>", "<|endoftext|>", *LETTERS))}
TOKENS = 20
SCHEDULE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def tokenizer():
    return CLIPTokenizer(vocab=VOCABULARY, merges=[], model_max_length=TOKENS)


def clip(width=8, kind=CLIPTextModel):
    return kind(
        CLIPTextConfig(
            vocab_size=len(VOCABULARY),
            hidden_size=width,
            intermediate_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=TOKENS,
            projection_dim=6,
            bos_token_id=0,
            eos_token_id=1,
            pad_token_id=1,
        )
    )


PIECES = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0), ("\u2581", -2.0)]
PIECES += [(letter, -3.0) for letter in string.ascii_lowercase]


def t5(width=8):
    return T5EncoderModel(
        T5Config(vocab_size=len(PIECES), d_model=width, d_kv=4, d_ff=16, num_layers=1, num_heads=2)
    )


def unet(channels=3, width=8, out_channels=None, **options):
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=channels,
        out_channels=out_channels or channels,
        block_out_channels=(8, 16),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        layers_per_block=1,
        norm_num_groups=4,
        attention_head_dim=4,
        cross_attention_dim=width,
        **options,
    )


def vae(**options):
    return AutoencoderKL(
        block_out_channels=(4, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=4,
        **options,
    )


def save(folder, pipeline="StableDiffusionPipeline", more=None, **parts):
    """Writes the parts and the index of a pipeline, with `more` entries; returns the folder."""
    index = {"_class_name": pipeline, "safety_checker": [None, None], **(more or {})}
    for name, part in parts.items():
        part.save_pretrained(folder / name)
        index[name] = [type(part).__module__.partition(".")[0], type(part).__name__]
    (folder / "model_index.json").write_text(json.dumps(index), encoding="utf-8")
    return folder


def pixels(folder, prediction="epsilon", **options):
    """A pixel model, 8 x 8."""
    torch.manual_seed(0)
    scheduler = DDIMScheduler(**SCHEDULE, prediction_type=prediction)
    return save(
        folder,
        scheduler=scheduler,
        unet=unet(**options),
        text_encoder=clip(),
        tokenizer=tokenizer(),
    )


def floyd(folder):
    """A pixel model as DeepFloyd IF's first stage is: T5, a learned variance."""
    torch.manual_seed(0)
    return save(
        folder,
        "IFPipeline",
        scheduler=DDPMScheduler(beta_schedule="squaredcos_cap_v2", variance_type="learned_range"),
        unet=unet(
            out_channels=6, encoder_hid_dim=12, addition_embed_type="text",
            addition_embed_type_num_heads=2,
        ),
        text_encoder=t5(12),
        tokenizer=T5Tokenizer(vocab=PIECES, extra_ids=0),
    )  # fmt: skip


def latents(folder):
    """A latent model as Stable Diffusion is: 16 x 16 pixels, 8 x 8 latents."""
    torch.manual_seed(0)
    return save(
        folder,
        scheduler=DDIMScheduler(**SCHEDULE),
        unet=unet(4),
        vae=vae(scaling_factor=0.2),
        text_encoder=clip(),
        tokenizer=tokenizer(),
    )


def velocities(folder, **more):
    """The same as Stable Diffusion 2.1 predicts; `more` of its scheduler's configuration."""
    file = latents(folder) / "scheduler" / "scheduler_config.json"
    told = json.loads(file.read_text(encoding="utf-8")) | {"prediction_type": "v_prediction"}
    told |= {"clip_sample": False, "set_alpha_to_one": False, **more}
    file.write_text(json.dumps(told), encoding="utf-8")
    return folder


def sdxl(folder, **more):
    """Two text encoders, a pooled vector and the picture's sizes; `more` entries of the index."""
    torch.manual_seed(0)
    added = {"addition_embed_type": "text_time", "addition_time_embed_dim": 4}
    return save(
        folder,
        "StableDiffusionXLPipeline",
        more,
        scheduler=DDIMScheduler(**SCHEDULE),
        unet=unet(4, 16, projection_class_embeddings_input_dim=6 + 6 * 4, **added),
        vae=vae(scaling_factor=0.2),
        text_encoder=clip(),
        tokenizer=tokenizer(),
        text_encoder_2=clip(kind=CLIPTextModelWithProjection),
        tokenizer_2=tokenizer(),
    )


def sd3(folder, **more):
    """A flow by a transformer of joint attention; two CLIPs, T5 only with `more`."""
    torch.manual_seed(0)
    transformer = SD3Transformer2DModel(
        sample_size=8,
        patch_size=2,
        in_channels=4,
        out_channels=4,
        num_layers=1,
        attention_head_dim=8,
        num_attention_heads=2,
        caption_projection_dim=16,
        joint_attention_dim=20,
        pooled_projection_dim=12,
        pos_embed_max_size=8,
    )
    return save(
        folder,
        "StableDiffusion3Pipeline",
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        transformer=transformer,
        vae=vae(scaling_factor=1.5, shift_factor=0.06),
        text_encoder=clip(kind=CLIPTextModelWithProjection),
        tokenizer=tokenizer(),
        text_encoder_2=clip(kind=CLIPTextModelWithProjection),
        tokenizer_2=tokenizer(),
        **more,
    )


def sd3_t5(folder):
    """The same with T5."""
    torch.manual_seed(1)
    encoder = t5(20)
    return sd3(folder, text_encoder_3=encoder, tokenizer_3=T5Tokenizer(vocab=PIECES, extra_ids=0))


def pixart(folder, pipeline="PixArtSigmaPipeline", side=8):
    """A transformer of cross-attention to T5's tokens and their mask, for latents of a side."""
    torch.manual_seed(0)
    transformer = PixArtTransformer2DModel(
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=4,
        out_channels=8,
        num_layers=1,
        cross_attention_dim=24,
        sample_size=side,
        patch_size=side // 4,
        norm_num_groups=4,
        caption_channels=12,
    )
    return save(
        folder,
        pipeline,
        scheduler=DPMSolverMultistepScheduler(**SCHEDULE),
        transformer=transformer,
        vae=vae(scaling_factor=0.2),
        text_encoder=t5(12),
        tokenizer=T5Tokenizer(vocab=PIECES, extra_ids=0),
    )


def pixart_alpha(folder):
    """The same as alpha is at its full size, which it is told."""
    return pixart(folder, "PixArtAlphaPipeline", side=128)


def sana(folder):
    """A flow by a transformer of linear attention, Gemma 2, an autoencoder of 4 x 4 pixels a latent."""
    torch.manual_seed(0)
    signs = [*string.ascii_letters, *"'-:,.;()\n\u2581", *string.digits]
    specials = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>")
    words = {name: i for i, name in enumerate((*specials, *signs))}
    encoder = Gemma2Model(
        Gemma2Config(
            vocab_size=len(words),
            hidden_size=12,
            intermediate_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=6,
        )
    )
    transformer = SanaTransformer2DModel(
        in_channels=4,
        out_channels=4,
        num_attention_heads=2,
        attention_head_dim=4,
        num_layers=1,
        num_cross_attention_heads=2,
        cross_attention_head_dim=4,
        cross_attention_dim=8,
        caption_channels=12,
        sample_size=4,
        timestep_scale=0.5,
    )
    blocks = {"block_out_channels": (8, 8, 8), "layers_per_block": (1, 1, 1)}
    blocks |= {"qkv_multiscales": ((), (), ()), "block_types": "ResBlock"}
    autoencoder = AutoencoderDC(
        latent_channels=4,
        attention_head_dim=4,
        scaling_factor=0.4,
        **{
            f"{side}_{name}": value
            for side in ("encoder", "decoder")
            for name, value in blocks.items()
        },
    )
    return save(
        folder,
        "SanaPipeline",
        scheduler=DPMSolverMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
        ),
        transformer=transformer,
        vae=autoencoder,
        text_encoder=encoder,
        tokenizer=GemmaTokenizer(vocab=words, merges=[]),
    )


def materials(folder):
    """Maps of 9 channels as StableMaterials makes them, its UNet told one pooled token."""
    torch.manual_seed(0)
    return save(
        folder,
        "StableMaterialsPipeline",
        scheduler=DDIMScheduler(**SCHEDULE),
        unet=unet(6, 6),
        vae=AutoencoderKL(
            in_channels=9,
            out_channels=9,
            block_out_channels=(4, 8),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            latent_channels=6,
            norm_num_groups=2,
            scaling_factor=0.18215,
        ),
        text_encoder=clip(kind=CLIPTextModelWithProjection),
        tokenizer=tokenizer(),
    )
