"""Training batches: four views of each object, recoloured, lit and composited, computed on the device."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

GROUP = 4  # views of one object that attend to each other; their azimuths are 90 degrees apart
JITTER = 0.04  # standard deviation of a recoloured surface around the named colour, sRGB
NEAR = 0.18  # width of the soft mask around an object's main colour, sRGB
OTHER_LIGHT = 0.15  # share of objects that are lit from a random direction


@dataclass(frozen=True)
class Pool:
    """N objects with V views each, and M captions.

    albedo: (N, V, S, S, 4) uint8, unlit sRGB and coverage.  normals: (N, V, S, S, 3) uint8 in the object's
    frame, 128 is zero.  c2w: (N, V, 4, 4).  main: (N, 3) the object's main colour, sRGB in [0, 1].
    owner: (M,) the caption's object.  text: (M, T, D) its words.  color: (M, 4) the colour it names, then 1, or
    zeros to keep the object's own colours.  light: (4,) of the library, shade(n) = light[0] + n . light[1:].
    """

    albedo: Tensor
    normals: Tensor
    c2w: Tensor
    main: Tensor
    owner: Tensor
    text: Tensor
    color: Tensor
    light: Tensor

    def to(self, device: torch.device) -> Pool:
        """The pool with all tensors on a device."""
        return Pool(**{name: value.to(device) for name, value in vars(self).items()})


@dataclass(frozen=True)
class Batch:
    """Four views of B objects: z (4 B, 3, S, S) in [-1, 1], and the network's conditions, (4 B, ...)."""

    z: Tensor
    text: Tensor
    camera: Tensor
    background: Tensor


def batch(pool: Pool, size: int, rng: torch.Generator) -> Batch:
    """`size` captions sampled uniformly, each with four views of its object; rng is on the pool's device."""
    device = pool.albedo.device
    views = pool.albedo.shape[1]

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, device=device, generator=rng)

    caption = torch.randint(len(pool.owner), (size,), device=device, generator=rng)
    item = pool.owner[caption][:, None]
    group = torch.randint(views // GROUP, (size, 1), device=device, generator=rng)
    view = group * GROUP + torch.arange(GROUP, device=device)
    rgba = pool.albedo[item, view].float() / 255  # (B, 4, S, S, 4)
    normals = pool.normals[item, view].float() / 127.5 - 1
    color = pool.color[caption]
    jitter = JITTER * torch.randn(size, 3, device=device, generator=rng)
    rgb = recolored(rgba[..., :3], pool.main[item[:, 0]], color[:, :3] + jitter, color[:, 3])
    towards = torch.randn(size, 3, device=device, generator=rng)
    elsewhere = 0.25 * torch.nn.functional.normalize(towards, dim=-1)
    other = torch.cat([pool.light[:1].expand(size, 1), elsewhere], -1)
    light = torch.where(uniform(size, 1) < OTHER_LIGHT, other, pool.light)[:, None, None, None]
    shade = light[..., :1] + (normals * light[..., 1:]).sum(-1, keepdim=True)
    background = uniform(size, GROUP, 3)
    alpha = rgba[..., 3:]
    rgb = alpha * (rgb * shade).clamp(0, 1) + (1 - alpha) * background[:, :, None, None]
    return Batch(
        (2 * rgb - 1).flatten(0, 1).permute(0, 3, 1, 2).contiguous(),
        pool.text[caption].float().repeat_interleave(GROUP, 0),
        pool.c2w[item, view].flatten(2).flatten(0, 1),
        torch.cat([2 * background - 1, torch.ones_like(background[..., :1])], -1).flatten(0, 1),
    )


def recolored(rgb: Tensor, main: Tensor, wanted: Tensor, share: Tensor) -> Tensor:
    """rgb (B, ..., 3) with the main colour (B, 3) replaced by the wanted one (B, 3), keeping relative luma.

    out = rgb + share m (wanted Y(rgb) / Y(main) - rgb),  m = exp(-||rgb - main||^2 / (2 NEAR^2)),  Y luma.
    share: (B,) in [0, 1], 0 to keep an object's own colours.
    """
    shape = (-1, *[1] * (rgb.ndim - 2), 3)
    main = main.view(shape)
    wanted = wanted.view(shape)
    share = share.view(*shape[:-1], 1)
    luma = rgb.new_tensor([0.299, 0.587, 0.114])
    ratio = (rgb @ luma)[..., None] / (main @ luma)[..., None].clamp_min(0.05)
    m = torch.exp(-(rgb - main).square().sum(-1, keepdim=True) / (2 * NEAR**2))
    return rgb + share * m * ((wanted * ratio.clamp(0.4, 1.6)).clamp(0, 1) - rgb)
