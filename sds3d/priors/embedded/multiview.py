"""The embedded prior's network: a transformer over the patches of several views of one object.

The patches of all views in a group, and each view's words, attend to each other.  A patch is given its position
in the image and its ray in world space, so that the views can agree on the geometry.  The network predicts the
clean image, as Li and He 2025 argue for large patches (https://arxiv.org/abs/2511.13720); attention over views:
Shi et al. 2023, MVDream, https://arxiv.org/abs/2308.16512; one modulation for all layers: Chen et al. 2023,
PixArt-alpha, https://arxiv.org/abs/2310.00426.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional as F

from sds3d import files

CONFIG = "config.json"
WEIGHTS = "diffusion_pytorch_model.safetensors"


@dataclass(frozen=True)
class Config:
    """The network's sizes.  num_views: rows in a group; fov_deg: of the cameras in the training set."""

    sample_size: int = 64
    in_channels: int = 3
    patch_size: int = 8
    width: int = 384
    depth: int = 6
    heads: int = 6
    cross_attention_dim: int = 104
    text_length: int = 16
    num_views: int = 4
    fov_deg: float = 40.0


class Output(NamedTuple):
    """A denoiser's output, in the form of diffusers' networks."""

    sample: Tensor


class TransformerBlock(nn.Module):
    """Attention over all tokens of a group and a gated MLP, both modulated by time."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, hidden = heads, int(width * 8 / 3 / 32) * 32
        self.modulation = nn.Parameter(torch.zeros(6, width))
        self.norm1, self.norm2 = (nn.RMSNorm(width, elementwise_affine=False) for _ in range(2))
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.norm_q, self.norm_k = (nn.RMSNorm(width // heads) for _ in range(2))
        self.to_out = nn.Linear(width, width)
        self.gate, self.up = (nn.Linear(width, hidden, bias=False) for _ in range(2))
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, h: Tensor, time: Tensor) -> Tensor:
        """h: (G, N, width); time: (G, 6, width)."""
        modulation = (time + self.modulation)[:, :, :, None]
        shift1, scale1, gate1, shift2, scale2, gate2 = modulation.unbind(2)
        x = self.norm1(h) * (1 + scale1) + shift1
        q, k, v = (
            to(x).flatten(1, 2).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for to in (self.to_q, self.to_k, self.to_v)
        )
        like = (
            self.norm_q.weight
        )  # float32 under autocast, where the norm would warn of half inputs
        x = F.scaled_dot_product_attention(self.norm_q(q.to(like)), self.norm_k(k.to(like)), v)
        h = h + gate1 * self.to_out(x.transpose(1, 2).flatten(2)).view_as(h)
        x = self.norm2(h) * (1 + scale2) + shift2
        return h + gate2 * self.down(F.silu(self.gate(x)) * self.up(x))


class MultiviewTransformer(nn.Module):
    """x0_hat of noisy views, given time, words, cameras and backgrounds."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config, width = config, config.width
        side = config.sample_size // config.patch_size
        pixels = config.in_channels * config.patch_size**2
        self.inward = nn.Linear(pixels, width)
        self.place = nn.Parameter(0.02 * torch.randn(side**2, width))
        self.ray = nn.Linear(6 * 5, width, bias=False)
        self.background = nn.Linear(4, width, bias=False)
        self.words = nn.Linear(config.cross_attention_dim, width)
        self.word_place = nn.Parameter(0.02 * torch.randn(config.text_length, width))
        self.time = nn.Sequential(nn.Linear(256, width), nn.SiLU(), nn.Linear(width, width))
        self.subject = nn.Linear(config.cross_attention_dim, width)
        self.modulation = nn.Linear(width, 6 * width)
        self.blocks = nn.ModuleList(
            TransformerBlock(width, config.heads) for _ in range(config.depth)
        )
        self.last_modulation = nn.Linear(width, 2 * width)
        self.last_norm = nn.RMSNorm(width, elementwise_affine=False)
        self.outward = nn.Linear(width, pixels)
        for layer in (self.modulation, self.last_modulation, self.outward):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self,
        sample: Tensor,
        timestep: Tensor,
        encoder_hidden_states: Tensor,
        camera: Tensor | None = None,
        background: Tensor | None = None,
        num_views: int | None = None,
    ) -> Output:
        """x0_hat, shaped like `sample`, as `.sample`.

        sample: (R, C, S, S) noisy images, in [-1, 1] when clean; every `num_views` consecutive rows are one
        object.  timestep: (R,) in [0, 1000).  encoder_hidden_states: (R, T, D).  camera: (R, 16) flattened
        c2w, zeros for an unknown camera.  background: (R, 4) colour in [-1, 1] and 1, zeros when unknown.
        """
        c = self.config
        rows = len(sample)
        views = num_views or c.num_views
        if rows % views:
            raise ValueError(f"{rows} rows do not divide into groups of {views} views")
        camera = sample.new_zeros(rows, 16) if camera is None else camera
        background = sample.new_zeros(rows, 4) if background is None else background
        patches = (
            F.pixel_unshuffle(sample, c.patch_size).flatten(2).transpose(1, 2)
        )  # (R, P, C p^2)
        h = self.inward(patches) + self.place + self.ray(self.rays(camera))
        h = h + self.background(background)[:, None]
        text = encoder_hidden_states[:, : c.text_length]
        words = self.words(text) + self.word_place[: text.shape[1]]
        h = torch.cat([words, h], 1).unflatten(0, (-1, views))  # (G, V, T + P, width)
        angles = timestep.to(sample)[:, None] * _frequencies(sample)
        time = self.time(torch.cat([angles.cos(), angles.sin()], -1))
        subject = text.sum(1) / (text != 0).any(-1).sum(1, keepdim=True).clamp_min(1)
        time = F.silu(time + self.subject(subject)).unflatten(0, (-1, views))
        modulation = self.modulation(time).unflatten(-1, (6, -1))
        for block in self.blocks:
            h = block(h, modulation)
        shift, scale = self.last_modulation(time)[:, :, None].chunk(2, -1)
        h = self.outward(self.last_norm(h) * (1 + scale) + shift)
        h = h.flatten(0, 1)[:, text.shape[1] :]
        side = c.sample_size // c.patch_size
        out = F.pixel_shuffle(h.transpose(1, 2).unflatten(2, (side, side)), c.patch_size)
        return Output(out)

    def rays(self, camera: Tensor) -> Tensor:
        """Plücker coordinates (moment, direction) of the rays through the patches' centres, (R, P, 30).

        At five frequencies; zeros for an unknown camera.
        """
        side = self.config.sample_size // self.config.patch_size
        c2w = camera.unflatten(-1, (4, 4))
        at = (torch.arange(side, device=camera.device, dtype=camera.dtype) + 0.5) / side * 2 - 1
        v, u = torch.meshgrid(at, at, indexing="ij")
        tan = math.tan(math.radians(self.config.fov_deg) / 2)
        direction = torch.stack([u * tan, v * tan, torch.ones_like(u)], -1).flatten(0, 1)
        # a product and a sum: under autocast a matmul would be in half precision
        turned = (direction[:, None] * c2w[:, None, :3, :3]).sum(-1)
        direction = F.normalize(turned, dim=-1, eps=1e-6)
        moment = torch.linalg.cross(c2w[:, None, :3, 3].expand_as(direction), direction)
        line = torch.cat([moment, direction], -1)
        waves = [f(line * math.pi * 2**k) for k in (-1, 0) for f in (torch.sin, torch.cos)]
        known = (camera != 0).any(-1)[:, None, None]
        return torch.cat([line, *waves], -1) * known

    def save_pretrained(self, folder: Path, dtype: torch.dtype = torch.float16) -> None:
        """Writes config.json and the weights in diffusers' layout.  Raises RunError when the disk refuses."""
        with files.writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        config = {"_class_name": type(self).__name__, **asdict(self.config)}
        weights = {k: v.to(dtype).contiguous() for k, v in self.state_dict().items()}
        files.write(folder / CONFIG, json.dumps(config, indent=2) + "\n")
        files.write(folder / WEIGHTS, save(weights))

    @classmethod
    def from_pretrained(cls, folder: Path) -> MultiviewTransformer:
        """The network of such a folder, float32."""
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        known = {k: v for k, v in config.items() if k in Config.__dataclass_fields__}
        network = cls(Config(**known))
        network.load_state_dict({k: v.float() for k, v in load_file(folder / WEIGHTS).items()})
        return network


def _frequencies(like: Tensor) -> Tensor:
    """128 frequencies of the time embedding, from 1 to 1/10000 a timestep."""
    return torch.exp(torch.linspace(0, -math.log(10000), 128, device=like.device, dtype=like.dtype))
