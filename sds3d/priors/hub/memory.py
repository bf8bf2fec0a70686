"""How much memory a large model needs, before it is loaded.

Weights are counted from their files' headers, and what the backward passes save from the networks' own code,
run on the meta device: shapes without data.  Working memory of single operations is not counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from sds3d.diffusion.cond import Embedding
from sds3d.errors import PriorError
from sds3d.priors.hub.families import Family
from sds3d.priors.hub.headers import read_header
from sds3d.priors.hub.layout import NETWORKS, TEXT_ENCODERS, Layout, module

GIB = 2**30
META = torch.device("meta")
Vram = Literal["auto", "low", "high"]
ROOM = 0.8  # of the card that `auto` fills; the rest is for working memory, which is not counted
RANK = 4  # of the student that is estimated
PROJECTION = re.compile(r"(^|\.)(to_(q|k|v|qkv|add_out|out(\.0)?)|add_[qkv]_proj)$")  # of attention


@dataclass(frozen=True)
class Load:
    """What a run asks of a prior.  size: pixels a side.  views: of a step.  student: whether one is trained."""

    size: int
    views: int = 1
    student: bool = False


def needed(
    layout: Layout, family: Family, dtypes: Mapping[str, torch.dtype], load: Load, *, low: bool
) -> int:
    """Bytes on the device at the most, for weights and what backward passes save.

    dtypes: of each network.  low: with gradient checkpointing, and with text encoders that are there only while
    prompts are encoded.
    """
    weights = {name: weight_bytes(layout, name, dtypes[name]) for name in dtypes}
    text = sum(weights[name] for name in weights if name in TEXT_ENCODERS)
    others = sum(weights.values()) - text
    saved = 0
    if "vae" in layout:
        rows = 1 if low and not checkpoints(layout.class_of("vae")) else load.views
        saved = rows * vae_bytes(layout, dtypes, load.size, low=low)
    if load.student:
        student = student_bytes(layout, family, dtypes[layout.denoiser], load.size, low=low)
        saved = max(saved, load.views * student)
    return others + (max(text, saved) if low else text + saved)


def choose(called: str, vram: Vram, load: Load, high: int, low: int, total: int) -> bool:
    """Whether memory is saved, for what the model needs (`high`, or `low` when saving) and the card has.

    Raises PriorError, with the fix, when it does not fit.
    """
    saving = vram == "low" or (vram == "auto" and high > ROOM * total)
    need = low if saving else high
    if need <= total:
        return saving
    views = f"{load.views} views" if load.views > 1 else "one view"
    fewer = "--set camera.views=1, " if load.views > 1 else ""
    raise PriorError(
        f"'{called}' needs about {need / GIB:.1f} GiB with {views} of {load.size} pixels, and this "
        f"card has {total / GIB:.1f} GiB",
        "use --vram low"
        if not saving and low <= total
        else f"use {fewer}--set prior.diffusers.size={max(load.size // 2, 8)}, or a smaller model",
    )


def weight_bytes(layout: Layout, component: str, dtype: torch.dtype) -> int:
    """Bytes of a network's weights in `dtype`, from the headers of its files.  Raises PriorError."""
    count = 0
    for file in layout.weight_files(component):
        count += sum(prod(entry.get("shape", ())) for entry in read_header(file).values())
    return count * dtype.itemsize


def vae_bytes(layout: Layout, dtypes: Mapping[str, torch.dtype], size: int, *, low: bool) -> int:
    """Bytes that the VAE's encoder saves for the backward pass of one image."""
    vae = _on_meta(layout, "vae", dtypes["vae"])
    save_memory(vae, low=low)
    x = torch.empty(1, 3, size, size, device=META, dtype=dtypes["vae"], requires_grad=True)
    return saved_bytes(vae, lambda: vae.encode(x))


def student_bytes(
    layout: Layout, family: Family, dtype: torch.dtype, size: int, *, low: bool
) -> int:
    """Bytes that a student on the denoiser saves for the backward pass of one image, without its weights."""
    network = _on_meta(layout, layout.denoiser, dtype)
    save_memory(network, low=low)
    adapt(network)
    config = network.config
    side = size * config.sample_size // _trained_size(layout, config.sample_size)
    z_t = torch.empty(1, config.in_channels, side, side, device=META, dtype=dtype)
    text = _text_on_meta(config, family.tokens, dtype)
    arguments = family.call(network, z_t, torch.zeros(1, device=META), text, size)
    return saved_bytes(network, lambda: network(**arguments))


def saved_bytes(network: nn.Module, run: Callable[[], Any]) -> int:
    """Bytes that `run` saves for its backward pass, each storage once and without the network's own.

    Attention counts as the fused kernels of CUDA do: inputs, output and a number for each row.
    """
    own = {p.untyped_storage()._cdata for p in (*network.parameters(), *network.buffers())}
    kept: dict[int, Any] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            kept[storage._cdata] = storage
        return tensor

    hooks = torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor)
    with torch.enable_grad(), _FusedAttention(), hooks:
        run()
    return sum(storage.nbytes() for storage in kept.values())


def save_memory(network: Any, *, low: bool) -> None:
    """Turns gradient checkpointing on, and slicing of batches, where the network has them."""
    if network is None or not low:
        return
    if checkpoints(network):
        network.enable_gradient_checkpointing()
    if hasattr(network, "enable_slicing"):
        network.enable_slicing()


def projections(network: nn.Module) -> list[str]:
    """The names of the projections of attention, which a low-rank student adapts."""
    modules = network.named_modules()
    return [name for name, m in modules if isinstance(m, nn.Linear) and PROJECTION.search(name)]


def adapt(network: nn.Module) -> None:
    """Puts float32 low-rank additions on a network on the meta device, as a student has them."""
    peft = module("peft")
    config = peft.LoraConfig(r=RANK, lora_alpha=RANK, target_modules=projections(network))
    with META:
        peft.inject_adapter_in_model(config, network)
    for p in network.parameters():
        if p.requires_grad:
            p.data = p.data.float()


def checkpoints(network: Any) -> bool:
    """Whether the network can compute its blocks again in the backward pass."""
    return getattr(network, "_supports_gradient_checkpointing", False)


def _on_meta(layout: Layout, component: str, dtype: torch.dtype) -> Any:
    """A network of the configuration without data."""
    with META:
        network: Any = layout.class_of(component)
        made = network.from_config(layout.config(component))
    return nn.Module.to(made, dtype).requires_grad_(False)


def _trained_size(layout: Layout, side: int) -> int:
    """Pixels a side of latents of a side."""
    if "vae" not in layout:
        return side
    config = layout.config("vae")
    blocks = config.get("encoder_block_out_channels") or config.get("block_out_channels", [64])
    return side * 2 ** (len(blocks) - 1)


def _text_on_meta(config: Any, tokens: int, dtype: torch.dtype) -> Embedding:
    """The embedding of one prompt, of the widths that a denoiser's configuration tells."""
    widths = ("encoder_hid_dim", "joint_attention_dim", "caption_channels", "cross_attention_dim")
    width = next(config[name] for name in widths if config.get(name))
    pooled = config.get("pooled_projection_dim")
    if config.get("addition_embed_type") == "text_time":
        sizes = 6 * config.addition_time_embed_dim
        pooled = config.projection_class_embeddings_input_dim - sizes
    return Embedding(
        torch.empty(1, tokens, width, device=META, dtype=dtype),
        None if pooled is None else torch.empty(1, pooled, device=META, dtype=dtype),
        mask=torch.empty(1, tokens, device=META, dtype=dtype),
    )


class _FusedAttention(TorchFunctionMode):
    """Replaces attention, of which the meta device has only the form that saves a matrix of all pairs."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is F.scaled_dot_product_attention:
            return _Attention.apply(*args[:3], *map((kwargs or {}).get, ("query", "key", "value")))
        return func(*args, **(kwargs or {}))


class _Attention(torch.autograd.Function):
    """What a fused attention saves; its values and gradients are not computed."""

    @staticmethod
    def forward(ctx: Any, *given: Tensor | None) -> Tensor:
        query, key, value = (x for x in given if x is not None)
        out = query.new_empty(*query.shape[:-1], value.shape[-1])
        ctx.save_for_backward(query, key, value, out, query.new_empty(query.shape[:-1]))
        return out

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> Any:
        raise RuntimeError("only what an attention saves is counted; it has no gradients")


def dtypes_of(layout: Layout, dtype: torch.dtype, vae: torch.dtype) -> dict[str, torch.dtype]:
    """The dtype of each network."""
    networks = [name for name in layout.components if name in NETWORKS]
    return dict.fromkeys(networks, dtype) | ({"vae": vae} if "vae" in layout else {})
