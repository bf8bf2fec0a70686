"""Models in one safetensors file, under the names of the code that they were trained with.

Stable Diffusion 1, 2 and XL are published so.  Such a file holds weights alone: the configurations come from a
folder in the diffusers layout or from the hub.  It becomes a folder once, in the user's cache, by names that
follow from the networks themselves, so that no weight can be missing, left over or of another shape unnoticed.
Names: https://github.com/CompVis/stable-diffusion, https://github.com/Stability-AI/generative-models.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from sds3d.errors import PriorError
from sds3d.files import digest
from sds3d.priors.hub import MODEL_INDEX
from sds3d.priors.hub.download import SMALL
from sds3d.priors.hub.families import FAMILIES, Family
from sds3d.priors.hub.headers import count_tensors, read_header
from sds3d.priors.hub.layout import NETWORKS, Layout, first_line

FORMAT = "1"  # of converted folders; another one when the names below change
META = torch.device("meta")
UNET = "model.diffusion_model."
VAE = "first_stage_model."
ALIASES = {  # short name -> how the names of its files begin
    "sdxl": "conditioner.embedders.1.model.",
    "sd21": "cond_stage_model.model.",
    "sd15": "cond_stage_model.transformer.",
}
CLIPS = {  # of text_encoder and text_encoder_2: (prefix of OpenAI's names, prefix of OpenCLIP's)
    "text_encoder": (
        ("cond_stage_model.transformer.text_model.", "cond_stage_model.model."),
        ("conditioner.embedders.0.transformer.text_model.", ""),
    ),
    "text_encoder_2": (("", "conditioner.embedders.1.model."),),
}
OF_UNET = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
OF_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
OF_VAE = {
    "mid_block.resnets.0": "mid.block_1",
    "mid_block.attentions.0": "mid.attn_1",
    "mid_block.resnets.1": "mid.block_2",
    "conv_norm_out": "norm_out",
    "conv_shortcut": "nin_shortcut",
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
}
OF_OPEN_CLIP = {
    "embeddings.token_embedding.weight": "token_embedding.weight",
    "embeddings.position_embedding.weight": "positional_embedding",
    "final_layer_norm": "ln_final",
    "text_projection.weight": "text_projection",
    "encoder.layers": "transformer.resblocks",
    "layer_norm": "ln_",
    "self_attn.out_proj": "attn.out_proj",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}


def folder() -> Path:
    """The user's folder of converted models."""
    return Path.home() / ".cache" / "sds3d" / "models"


def is_single_file(source: str) -> bool:
    """Whether a source is one file of weights."""
    return Path(source).suffix == ".safetensors" and Path(source).is_file()


def require_config(source: str, config: str) -> None:
    """Raises PriorError for a single file without a configuration, with the one that fits its names."""
    if not config:
        names = read_header(Path(source))
        fits = next(
            (a for a, prefix in ALIASES.items() if any(name.startswith(prefix) for name in names)),
            "FOLDER",
        )
        raise PriorError(
            f"'{source}' holds weights and no configuration",
            f"--set prior.diffusers.config={fits}, whose configurations and tokenizers are downloaded and no "
            "weights, or a folder in the diffusers layout",
        )


def converted(file: Path, layout: Layout, family: Family) -> Layout:
    """The folder with the weights of a single file and the configurations of a layout, made once.

    Raises PriorError for families whose single files are not read, for a file that is no safetensors file, and
    for weights that are missing or have another shape than the configuration says.
    """
    if family not in (FAMILIES["sd"], FAMILIES["xl"]):
        raise PriorError(
            f"'{file}' with the configuration of {family.name}: single files of Stable Diffusion 1, 2 and XL "
            "are read, and no others",
            "convert it to a folder with diffusers: from_single_file, then save_pretrained",
        )
    count_tensors([file])
    texts = {path.relative_to(layout.folder).as_posix(): path for path in _small(layout)}
    identity = [FORMAT, digest(file), *(f"{name} {digest(path)}" for name, path in texts.items())]
    place = folder() / sha256("\n".join(identity).encode()).hexdigest()[:32]
    if not (place / MODEL_INDEX).is_file():
        _convert(file, layout, texts, place)
    return Layout(place, layout.index)


def _convert(file: Path, layout: Layout, texts: Mapping[str, Path], place: Path) -> None:
    """Writes the folder beside its place, and moves it there when it is whole."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
            whole = Path(scratch) / place.name
            for name, path in texts.items():
                (whole / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, whole / name)
            with safe_open(file, "pt") as weights:
                for component in layout.components:
                    if component in NETWORKS:
                        tensors = _network(file, layout, component, weights)
                        own = layout.components[component][0] == "diffusers"
                        target = "diffusion_pytorch_model" if own else "model"
                        out = whole / component / f"{target}.safetensors"
                        save_file(tensors, out, {"format": "pt"})
            (whole / MODEL_INDEX).write_text(json.dumps(dict(layout.index)), "utf-8")
            shutil.rmtree(place, ignore_errors=True)
            whole.replace(place)
    except (OSError, SafetensorError) as error:
        raise PriorError(
            f"'{file}' cannot be converted in '{place.parent}': {first_line(error)}",
            "make room there, or convert it with diffusers: from_single_file, then save_pretrained",
        ) from error


def _small(layout: Layout) -> list[Path]:
    """The configurations and tokenizers of a layout."""
    return [
        path
        for component in layout.components
        for path in sorted((layout.folder / component).glob("*"))
        if any(fnmatch(path.name, kind) for kind in SMALL) and ".index." not in path.name
    ]


def _network(file: Path, layout: Layout, component: str, weights: Any) -> dict[str, Tensor]:
    """The tensors of one network by its own names.  Raises PriorError."""
    shapes = {name: x.shape for name, x in _empty(layout, component).state_dict().items()}
    stored = set(weights.keys())
    out = {}
    for name, (read, make) in names(component, shapes, stored).items():
        if read not in stored:
            raise PriorError(
                f"'{file}' has no weights '{read}', which the configuration of {component} asks for",
                "name the configuration of this model: --set prior.diffusers.config=...",
            )
        tensor = make(weights.get_tensor(read))
        if tensor.numel() != shapes[name].numel():
            raise PriorError(
                f"'{file}' has '{read}' of shape {tuple(tensor.shape)}, and the configuration of {component} "
                f"says {tuple(shapes[name])}",
                "name the configuration of this model: --set prior.diffusers.config=...",
            )
        out[name] = tensor.reshape(shapes[name]).contiguous()
    return out


def _empty(layout: Layout, component: str) -> Any:
    """A network of the configuration without data."""
    kind: Any = layout.class_of(component)
    with META:
        if layout.components[component][0] == "diffusers":
            return kind.from_config(layout.config(component))
        return kind(kind.config_class.from_dict(layout.config(component)))


Source = tuple[
    str, Callable[[Tensor], Tensor]
]  # a name in the file, and what is made of its tensor


def names(component: str, own: Iterable[str], stored: Iterable[str]) -> dict[str, Source]:
    """Where each tensor of a network is in a single file.  stored: the names in the file."""
    if component == "unet":
        return {name: (UNET + ldm_unet(name, own), _same) for name in own}
    if component == "vae":
        return {name: (VAE + ldm_vae(name, own), _same) for name in own}
    found = set(stored)
    for openai, open_clip in CLIPS[component]:
        if openai and any(name.startswith(openai) for name in found):
            return {n: (openai + n.removeprefix("text_model."), _same) for n in own}
        if open_clip and any(name.startswith(open_clip) for name in found):
            return {n: _open_clip(open_clip, n.removeprefix("text_model.")) for n in own}
    openai, open_clip = CLIPS[component][0]
    return {name: (f"{openai or open_clip}{name}", _same) for name in own}


def ldm_unet(name: str, own: Iterable[str]) -> str:
    """The name of a UNet's tensor in the code of latent diffusion, of a network whose names are `own`."""
    match = re.match(
        r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.", name
    )
    if match is None:
        stem = next((stem for stem in OF_UNET if name.startswith(f"{stem}.")), "")
        rest = name.removeprefix(f"{stem}.")
        return f"{OF_UNET.get(stem, stem)}.{_inside(rest) if 'resnets' in stem else rest}"
    way, kind, rest = match[1], match[3], name[match.end() :]
    i, j = int(match[2]), int(match[4])
    count = sum(1 for x in own if re.fullmatch(r"down_blocks\.0\.resnets\.\d+\.conv1\.weight", x))
    if way == "down":
        block = (count + 1) * i + 1
        if kind == "downsamplers":
            return f"input_blocks.{block + count}.0.op.{rest.removeprefix('conv.')}"
        place = f"input_blocks.{block + j}"
    else:
        block = (count + 1) * i
        if kind == "upsamplers":
            attends = any(x.startswith(f"up_blocks.{i}.attentions.") for x in own)
            return f"output_blocks.{block + count}.{1 + attends}.{rest}"
        place = f"output_blocks.{block + j}"
    return f"{place}.0.{_inside(rest)}" if kind == "resnets" else f"{place}.1.{rest}"


def _inside(rest: str) -> str:
    """A name inside a residual block."""
    head, _, tail = rest.partition(".")
    return f"{OF_RESNET.get(head, head)}.{tail}"


def ldm_vae(name: str, own: Iterable[str]) -> str:
    """The name of a VAE's tensor in the code of latent diffusion; the decoder's blocks count backwards."""
    last = max(int(m[1]) for x in own if (m := re.match(r"decoder\.up_blocks\.(\d+)\.", x)))
    name = re.sub(r"down_blocks\.(\d+)\.resnets", r"down.\1.block", name)
    name = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d+)\.resnets", lambda m: f"up.{last - int(m[1])}.block", name)
    name = re.sub(
        r"up_blocks\.(\d+)\.upsamplers\.0", lambda m: f"up.{last - int(m[1])}.upsample", name
    )
    for own_part, part in OF_VAE.items():
        name = re.sub(rf"(^|\.){re.escape(own_part)}\.", rf"\g<1>{part}.", name)
    return name


def _open_clip(prefix: str, name: str) -> Source:
    """Where a CLIP's tensor is among OpenCLIP's: q, k and v are one there, the projection is transposed."""
    make = (lambda x: x.T) if name == "text_projection.weight" else _same
    match = re.fullmatch(r"(.*self_attn)\.([qkv])_proj\.(weight|bias)", name)
    if match:
        third = "qkv".index(match[2])
        name = f"{match[1].removesuffix('self_attn')}attn.in_proj_{match[3]}"
        make = lambda x: x.chunk(3)[third]  # noqa: E731
    for own_part, part in OF_OPEN_CLIP.items():
        name = name.replace(own_part, part)
    return prefix + name, make


def _same(tensor: Tensor) -> Tensor:
    return tensor
