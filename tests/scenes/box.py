"""A coloured box whose images are known in closed form, and scenes fitted to them."""

from __future__ import annotations

import functools

import torch

from sds3d.recipe.load import load
from sds3d.scenes.mesh import MeshScene
from sds3d.scenes.splats import SplatScene
from sds3d.scenes.volume import NerfScene, TriplaneScene
from sds3d.views.cameras import random_views

HALF = torch.tensor([0.5, 0.35, 0.25])  # of the box, world units
COLORS = torch.tensor(
    [[0.9, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.2, 0.9]]
)  # of the faces +x, +y, +z
SPLATS = functools.partial(
    SplatScene,
    count=800,
    radius=0.5,
    opacity=0.1,
    densify_every=30,
    densify_until=100,
    densify_grad=1e-6,
    split_scale=0.03,
    prune_opacity=0.01,
    most=3000,
    sh_degree=0,
    sh_every=10,
)
SCENES = {
    "nerf": functools.partial(NerfScene, **load("sds-nerf").scene.options),
    "triplane": functools.partial(TriplaneScene, **load("sds-triplane").scene.options),
    "splats": SPLATS,
    "mesh": functools.partial(MeshScene, **{**load("sds-mesh").scene.options, "resolution": 48}),
}
LR = {
    "nerf": {"table": 0.05, "mlp": 0.01},
    "triplane": {"planes": 0.05, "mlp": 0.01},
    "splats": {
        "means": 0.01,
        "scales": 0.02,
        "quats": 0.02,
        "opacities": 0.05,
        "colors": 0.05,
        "harmonics": 0.01,
    },
    "mesh": {
        "shape_table": 0.02,
        "shape_mlp": 0.02,
        "weights": 0.02,
        "table": 0.05,
        "mlp": 0.01,
    },
}


def box_images(cameras):
    """rgb premultiplied and alpha of a box whose six faces have six colours, by the slab test."""
    origin, direction = cameras.rays()
    near, far = (-HALF - origin) / direction, (HALF - origin) / direction
    first, last = torch.minimum(near, far).amax(-1), torch.maximum(near, far).amin(-1)
    hit = (first < last).float()
    point = (origin + first[..., None] * direction) / HALF
    axis = point.abs().argmax(-1)
    positive = point.gather(-1, axis[..., None])[..., 0] > 0
    rgb = torch.where(positive[..., None], COLORS[axis], 1 - COLORS[axis])
    return rgb * hit[..., None], hit


def make(name, **options):
    """The scene at its beginning, always the same."""
    torch.manual_seed(0)
    return SCENES[name](**options)


def adam(scene, name):
    return torch.optim.Adam(scene.param_groups(LR[name]), betas=(0.9, 0.99), eps=1e-15, fused=True)


def fitted(name, steps=100, size=40):
    """(scene, optimizer) after fitting to the box by least squares."""
    rng = torch.Generator().manual_seed(0)
    scene = make(name)
    optimizer = adam(scene, name)
    for step in range(steps):
        cameras = random_views(
            rng, 4, size, elevation_deg=(-40, 60), distance=(2.8, 3.2), fov_deg=(38, 42)
        )
        background = torch.rand(4, 3, generator=rng)
        rgb, alpha = box_images(cameras)
        target = rgb + (1 - alpha)[..., None] * background[:, None, None]
        loss = (scene.render(cameras, background, rng).rgb - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scene.after_step(step, optimizer, rng)
    return scene, optimizer
