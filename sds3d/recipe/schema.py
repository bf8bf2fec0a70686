"""The tables of a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sds3d.recipe.toml import Named


@dataclass(frozen=True, kw_only=True)
class Paper:
    """Where the method and its numbers come from."""

    title: str
    authors: str
    year: int
    url: str
    bibtex: str = ""


@dataclass(frozen=True, kw_only=True)
class Time:
    """Bounds on t (0 clean, 1 noise) at the start and at the end of the run, and how they go between.

    priorities: m1, m2, s1, s2 of the schedule `prioritized`, under which t itself falls from high to low.
    """

    low: float
    high: float
    low_end: float
    high_end: float
    schedule: str = "linear"
    step_at: float = 0.5
    priorities: tuple[float, float, float, float] = (0.8, 0.5, 0.3, 0.1)
    per_view: bool = False


@dataclass(frozen=True, kw_only=True)
class Noise:
    """`fresh` noise for each view and step, or one `fixed` draw for all."""

    mode: str = "fresh"


@dataclass(frozen=True, kw_only=True)
class Prompting:
    """Words about the side of each view: `none`, `plain` (", back view"), or `perp-neg`.

    sector_deg: what is called front and back, to either side; overhead_deg: from which elevation on a view is
    from overhead; perp_neg_scale: a factor on Perp-Neg's weights; rescale: CFG rescale, 0 is off; debias: words
    of the prompt and the sides (front, side, back, overhead) from which alone they are said.
    """

    directions: str = "none"
    sector_deg: float = 45.0
    overhead_deg: float = 60.0
    perp_neg_scale: float = 1.0
    rescale: float = 0.0
    debias: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Camera:
    """Views per step, image sizes (several = equal phases of the run), and ranges."""

    views: int
    sizes: tuple[int, ...]
    elevation_deg: tuple[float, float]
    distance: tuple[float, float]
    fov_deg: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Background:
    """`random` colours, or one of white, grey, black."""

    mode: str = "random"


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """Adam.  lr_end: factor on every learning rate at the end."""

    betas: tuple[float, float] = (0.9, 0.99)
    eps: float = 1e-15
    lr_end: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Gradient:
    """What is done to the objective's gradient: times `scale`, then clipped.

    clip: 0 is off; it goes linearly to clip_end.  clip_mode: `element`, or `pixel`, one factor for the
    channels.
    """

    scale: float = 1.0
    clip: float = 0.0
    clip_end: float = 0.0
    clip_mode: str = "element"


@dataclass(frozen=True, kw_only=True)
class Export:
    """The mesh: grid, texture side in pixels, most triangles."""

    resolution: int = 128
    texture_size: int = 1024
    faces: int = 20000


@dataclass(frozen=True, kw_only=True)
class Run:
    """Plumbing."""

    checkpoint_every: int = 50


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All numbers of a run, presets and overrides applied.  particles: scenes that share one student."""

    steps: int
    paper: Paper
    objective: Named
    scene: Named
    time: Time
    camera: Camera
    lr: Mapping[str, float]
    particles: int = 1
    noise: Noise = Noise()
    background: Background = Background()
    optimizer: Optimizer = Optimizer()
    gradient: Gradient = Gradient()
    prompting: Prompting = Prompting()
    student: Mapping[str, Any] = field(default_factory=dict)
    prior: Mapping[str, Any] = field(default_factory=dict)
    regularizers: Mapping[str, float] = field(default_factory=dict)
    export: Export = Export()
    run: Run = Run()
