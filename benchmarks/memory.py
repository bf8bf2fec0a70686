"""What score distillation with large models keeps in memory: weights, and what the backward passes save.

The networks are those of the published configurations on the meta device, which has shapes and no data:
neither weights nor a GPU are needed.  Saved tensors are counted once each by their storage; attention counts as
the fused kernels of CUDA do.  The working memory of single operations, CUDA's context, the scene and the
optimizer are not counted.  `checkpointed` is --vram low: text encoders are freed, and activations are computed
again.

    python benchmarks/memory.py --out benchmarks/results/memory.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from sds3d.diffusion.cond import Embedding
from sds3d.priors.hub import calls
from sds3d.priors.hub.memory import GIB, META, adapt, save_memory, saved_bytes

VAE = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
}
SD15 = {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8}
SDXL = {
    "sample_size": 128,
    "block_out_channels": (320, 640, 1280),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10),
    "attention_head_dim": (5, 10, 20),
    "cross_attention_dim": 2048,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
    "use_linear_projection": True,
}
CLIP_L = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12}
CLIP_BIGG = {
    "hidden_size": 1280,
    "intermediate_size": 5120,
    "num_attention_heads": 20,
    "num_hidden_layers": 32,
}
HALF = torch.float16
CASES = {
    "Stable Diffusion 1.5, SDS, 4 views, 512 pixels": (SD15, (CLIP_L,), 512, 4, False),
    "Stable Diffusion 1.5, VSD, 1 view, 512 pixels": (SD15, (CLIP_L,), 512, 1, True),
    "SDXL, SDS, 1 view, 1024 pixels": (SDXL, (CLIP_L, CLIP_BIGG), 1024, 1, False),
    "SDXL, VSD, 1 view, 1024 pixels": (SDXL, (CLIP_L, CLIP_BIGG), 1024, 1, True),
}  # the UNet, the text encoders, pixels a side, views, whether there is a student


def count(network: torch.nn.Module) -> int:
    """The number of weights."""
    return sum(p.numel() for p in network.parameters())


def encoder_bytes(size: int, *, low: bool) -> int:
    """Bytes that the VAE's encoder saves for one image, in float32, as it runs by default."""
    with META:
        vae = AutoencoderKL(**VAE).requires_grad_(False)
        image = torch.empty(1, 3, size, size, requires_grad=True)
    save_memory(vae, low=low)
    return saved_bytes(vae, lambda: vae.encode(image))


def student_bytes(config: dict, size: int, *, low: bool) -> int:
    """Bytes that a student on the UNet saves for one image, in float16."""
    with META:
        unet = torch.nn.Module.to(UNet2DConditionModel(**config), HALF).requires_grad_(False)
        z_t = torch.empty(1, 4, size // 8, size // 8, dtype=HALF)
        text = Embedding(
            torch.empty(1, 77, config["cross_attention_dim"], dtype=HALF),
            torch.empty(1, 1280, dtype=HALF),
        )
        times = torch.zeros(1)
    save_memory(unet, low=low)
    adapt(unet)
    call = calls.xl if "addition_embed_type" in config else calls.unet
    return saved_bytes(unet, lambda: unet(**call(unet, z_t, times, text, size)))


def measure(config: dict, encoders: tuple, size: int, views: int, student: bool) -> dict:
    """GiB of one case, by what they are for."""
    with META:
        weights = 2 * count(UNet2DConditionModel(**config)) + 4 * count(AutoencoderKL(**VAE))
        text = 2 * sum(count(CLIPTextModel(CLIPTextConfig(**told))) for told in encoders)
    out = {"weights": weights, "text encoders": text}
    for name, low in (("plain", False), ("checkpointed", True)):
        saved = {"VAE": views * encoder_bytes(size, low=low)}
        if student:
            saved["student"] = views * student_bytes(config, size, low=low)
        most = max(
            saved.values()
        )  # the scene's backward and the student's come one after the other
        out[f"{name}: saved"] = saved
        out[f"{name}: peak"] = weights + (max(text, most) if low else text + most)
    return rounded(out)


def rounded(values: dict) -> dict:
    """Bytes as GiB with two decimals."""
    return {
        name: rounded(value) if isinstance(value, dict) else round(value / GIB, 2)
        for name, value in values.items()
    }


def main() -> None:
    """Prints the table as JSON, and writes it with --out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path)
    out = parser.parse_args().out
    table = {name: measure(*case) for name, case in CASES.items()}
    text = json.dumps({"unit": "GiB", "torch": torch.__version__, "cases": table}, indent=2)
    print(text)
    if out:
        out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
