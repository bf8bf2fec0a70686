"""The tables of a recipe: every key with its type, its choices and its bounds.

[objective], [scene], [lr], [regularizers], [students.*] and [prior.*] belong to the functions and classes
that they name; `sds3d.recipe.check` binds them to these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from sds3d.bounds import Ascending, Bounds, Factor, Fraction, PositiveFraction
from sds3d.recipe.schedule import Schedule
from sds3d.recipe.toml import Named

Side = Literal["front", "side", "back", "overhead"]
LearningRate = Annotated[float, Bounds(0, 10)]
Elevation = Annotated[float, Bounds(-90, 90)]
Distance = Annotated[float, Bounds(1, 100)]  # the object is in the unit ball
LightDistance = Annotated[float, Bounds(0.01, 100)]  # from the centre of the unit ball
FieldOfView = Annotated[float, Bounds(1, 170)]
MovingElevation = Elevation | Schedule[Elevation]
MovingDistance = Distance | Schedule[Distance]
MovingFieldOfView = FieldOfView | Schedule[FieldOfView]
ImageSize = Annotated[int, Bounds(4, 2048, "all views of a step are rendered at once")]
ViewCount = Annotated[int, Bounds(1, 64, "all views of a step are rendered at once")]
Width = Annotated[
    float, Bounds(1e-3, 10)
]  # standard deviation of a flank of the prioritized schedule
Curve = tuple[
    Annotated[float, Bounds(0, 100)],
    Annotated[float, Bounds(0, 100)],
    Annotated[float, Bounds(-100, 100)],
    Fraction,
]
StepCount = Annotated[int, Bounds(1, 1_000_000)]


@dataclass(frozen=True, kw_only=True)
class Paper:
    """Where the method and its numbers come from.

    Attributes:
        title: of the paper.
        authors: family names, separated by commas.
        year: of the preprint.
        url: of the paper or of the authors' code.
        bibtex: its BibTeX entry, which `sds3d cite` prints.
    """

    title: str
    authors: str
    year: Annotated[int, Bounds(1900, 2100)]
    url: str
    bibtex: str = ""


@dataclass(frozen=True, kw_only=True)
class Time:
    """The interval of diffusion times t from which each step draws: 0 is clean, 1 is noise.

    Attributes:
        low: lower bound at the first step.
        high: upper bound at the first step.
        low_end: lower bound at the last step.
        high_end: upper bound at the last step.
        schedule: how the bounds move over the run: not at all (`constant`), linearly, with the
            square root of the fraction done (`sqrt`, HiFA), or in one jump at `step_at` (`step`).
            `prioritized` (DreamTime) draws nothing: t falls along a fixed curve, clipped to `low`
            and `high`.
        until: fraction of the run in which the bounds move; from then on they stay at their ends.
        step_at: fraction of the run at which `step` jumps.
        priorities: m1, m2, s1, s2 of `prioritized`: most steps fall between t = m2 and t = m1,
            with Gaussian flanks of standard deviation s1 above and s2 below.
        distribution: how t lies between the bounds: `uniform`, or `shifted` towards noise, as rectified
            flows are trained: u is uniform between the bounds and t = shift u / (1 + (shift - 1) u).
        shift: of `shifted`; Stable Diffusion 3 has 3.
        per_view: draw a time for each view instead of one for all views of a step.
    """

    low: Fraction
    high: Fraction
    low_end: Fraction
    high_end: Fraction
    schedule: Literal["constant", "linear", "sqrt", "step", "prioritized"] = "linear"
    until: PositiveFraction = 1.0
    step_at: Fraction = 0.5
    priorities: tuple[Fraction, Fraction, Width, Width] = (0.8, 0.5, 0.3, 0.1)
    distribution: Literal["uniform", "shifted"] = "uniform"
    shift: Annotated[float, Bounds(0.01, 100)] = 3.0
    per_view: bool = False


@dataclass(frozen=True, kw_only=True)
class Noise:
    """The noise that is added to the rendered views.

    Attributes:
        mode: `fresh` for each view and step; one `fixed` draw for all views of the whole run; or noise that
            the `surface` carries, so that all views and steps see the same (Yan et al. 2025).
        offset: standard deviation of a further draw, one number a channel, the same for all pixels and views.
    """

    mode: Literal["fresh", "fixed", "surface"] = "fresh"
    offset: Fraction = 0.0


@dataclass(frozen=True, kw_only=True)
class Prompting:
    """The negative prompt, and what the prompt says about the side that a view shows.

    Attributes:
        negative: what to steer away from, where the user names nothing else (--negative).
        directions: `none`, `plain` (", front view" and so on), `mixed`, whose words are those of the two
            nearest sides, mixed by azimuth, or `perp-neg`, which mixes them and steers away from them with
            negative weights (Armandpour et al. 2023).
        left_right: say "left side" and "right side", the object's own, instead of "side".
        sector_deg: half width, in degrees of azimuth, of what counts as front and as back.
        overhead_deg: elevation in degrees above which a view counts as overhead.
        perp_neg_scale: factor on the weights of Perp-Neg.
        perp_neg_curves: a, b, c and cut of the four weights -(a exp(-b x) + c), 0 beyond x = cut: of the front
            and the side in views of the front half, then of the side and the front in those of the back half.
            x falls from 1 to 0 from the front to the side, and from there to the back; the second curve
            takes 1 - x.  Without a value, threestudio's.
        rescale: CFG rescale; 0 is off, 1 restores the standard deviation of the conditional prediction.
        debias: words of the prompt, each with the only sides from which it is kept: `{ face = ["front"] }`.
    """

    negative: str = ""
    directions: Literal["none", "plain", "mixed", "perp-neg"] = "none"
    left_right: bool = False
    sector_deg: Annotated[float, Bounds(0, 90)] = 45.0
    overhead_deg: Annotated[float, Bounds(0, 90)] = 60.0
    perp_neg_scale: Annotated[float, Bounds(0, 100)] = 1.0
    perp_neg_curves: tuple[Curve, Curve, Curve, Curve] = (
        (4.0, 0.5, -2.426, 1.0),
        (4.0, 0.5, -2.426, 1.0),
        (1.0, 0.5, -0.606, 1.0),
        (1.0, 0.5, 0.967, 1.0),
    )
    rescale: Fraction = 0.0
    debias: Mapping[str, tuple[Side, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Camera:
    """The views of a step.  Cameras look at the origin; each step draws their positions from these ranges.

    Either end of a range may have a schedule, so that ranges widen or narrow over the run.

    Attributes:
        views: number of views in a step, at equal distances in azimuth.
        sizes: image sides in pixels; several divide the run into phases of equal length.
        elevation_deg: lowest and highest elevation, in degrees; 90 looks straight down.
        distance: least and greatest distance from the origin, in world units; the object is in the unit ball.
        fov_deg: least and greatest vertical field of view, in degrees.
        front_back_until: fraction of the run in which each view shows, by a coin, the front or the back, from
            at most 30 degrees of azimuth aside (classifier score distillation).
    """

    views: ViewCount
    sizes: tuple[ImageSize, ...]
    elevation_deg: Annotated[tuple[MovingElevation, MovingElevation], Ascending()]
    distance: Annotated[tuple[MovingDistance, MovingDistance], Ascending()]
    fov_deg: Annotated[tuple[MovingFieldOfView, MovingFieldOfView], Ascending()]
    front_back_until: Fraction = 0.0


@dataclass(frozen=True, kw_only=True)
class Background:
    """The colour behind the object.

    Attributes:
        mode: a `random` colour for each view, `white`, `grey` or `black`, or `learned`: a small network of the
            viewing direction, which is optimised with the scene and not exported.  With a prior that draws its
            objects over the colour that it is given (exact, embedded), colours are random instead.
        random: of `learned`: share of the steps with random colours in its place.
        lr: of `learned`: the learning rate of the network.
    """

    mode: Literal["random", "white", "grey", "black", "learned"]
    random: Fraction = 0.0
    lr: LearningRate = 0.001


@dataclass(frozen=True, kw_only=True)
class Shading:
    """Light on the scene (DreamFusion, section 3.1); without `lit` there is none, and steps show plain colours.

    A lit step shows colour (ambient + diffuse max(0, n . l)) under one point light for each view, n the normal
    of the density, l the direction to the light.  The scene must have a density (nerf, triplane), and takes
    several times as long to render.  The exact prior shows its objects under the same light.

    Attributes:
        lit: share of the steps that are lit, once `after_step` is reached.
        textureless: share of the lit steps that show no colours.
        after: fraction of the run up to which no step is lit.
        after_step: `after` as a step instead; 0 means `after`.
        ambient: factor of the light from everywhere.
        diffuse: factor of the point light.
        soft: draw `diffuse` between 0 and 1 for each lit step, with `ambient` the rest to 1 (Magic3D).
        without_texture: what textureless steps show: `white` in place of the colours, lit, or the `normals` as
            colours, 1/2 + n / 2 (classifier score distillation).
        light: where the lights are: in directions `around` that of the camera, it plus normal noise
            (DreamFusion), or in a `cone` around it (Magic3D).
        light_distance: least and greatest distance of the light from the origin, in world units.
        light_spread: of `around`: standard deviation of the noise, in world units.
        light_angle_deg: of `cone`: the widest angle between camera and light, seen from the origin.
    """

    lit: Fraction = 0.0
    textureless: Fraction = 0.5
    after: Fraction = 0.0
    after_step: Annotated[int, Bounds(0, 1_000_000)] = 0
    ambient: Annotated[float, Bounds(0, 10)] = 0.1
    diffuse: Annotated[float, Bounds(0, 10)] = 0.9
    soft: bool = False
    without_texture: Literal["white", "normals"] = "white"
    light: Literal["around", "cone"] = "around"
    light_distance: Annotated[tuple[LightDistance, LightDistance], Ascending()] = (0.8, 1.5)
    light_spread: Annotated[float, Bounds(0, 100)] = 1.0
    light_angle_deg: Annotated[float, Bounds(0, 180)] = 60.0

    def violation(self) -> tuple[str, str]:
        """(a key whose value does not go with the others, what it must be); ("", "") when there is none."""
        if self.after and self.after_step:
            return "after_step", "must not stand beside `after`, the same as a fraction"
        return "", ""


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """The optimizer of the scene's parameters; the learning rates are in [lr].

    Attributes:
        kind: `adam`, or `adamw`, which also shrinks every parameter by `weight_decay` times its learning rate.
        weight_decay: of `adamw`; threestudio's configurations leave torch's 0.01.
        betas: decay rates of the averages of the gradient and of its square.
        eps: added to the root of the second average.
        lr_end: factor at the end of the run, reached exponentially, on the learning rates without a schedule.
    """

    betas: tuple[Annotated[float, Bounds(0, 0.999999)], Annotated[float, Bounds(0, 0.999999)]]
    eps: Annotated[float, Bounds(1e-30, 1)]
    lr_end: Annotated[float, Bounds(1e-6, 100)]
    kind: Literal["adam", "adamw"] = "adam"
    weight_decay: Fraction = 0.0


@dataclass(frozen=True, kw_only=True)
class Gradient:
    """What happens to the objective's gradient before it is backpropagated: scaled, clipped, then reduced.

    The loss is a mean over the views; authors who sum over them have a `scale` of that many views here.

    Attributes:
        scale: factor.
        clip: largest absolute value of an entry at the first step; 0 does not clip.
        clip_end: the same at the last step; 0 means `clip`.
        clip_mode: clip each `element`, or scale each `pixel` as a whole, which keeps its hue.
        clip_space: what is clipped: the gradient of the `latent`, or that of the rendered `image`, behind the
            prior's encoder and with the regularizers' part.
        reduction: of the loss over the entries of a view's latent: their `sum`, or their `mean`.
    """

    scale: Factor = 1.0
    clip: Factor = 0.0
    clip_end: Factor = 0.0
    clip_mode: Literal["element", "pixel"] = "element"
    clip_space: Literal["latent", "image"] = "latent"
    reduction: Literal["sum", "mean"] = "sum"


@dataclass(frozen=True, kw_only=True)
class Export:
    """The size of the exported mesh.

    Attributes:
        resolution: grid points per axis of the isosurface.
        texture_size: side of the texture, in pixels.
        faces: the mesh is simplified to this number of triangles.
        height: of the object, in metres; 0: its usual size where the prior knows it, else 1 m at its longest.
        origin: the point of the object that lies at the file's origin: the middle of its base, or its centre.
        fit: `views` fits the mesh to renders of the scene, the shape to their silhouettes and, from splats, the
            texture to their colours; `none` leaves it as the isosurface and the field have it.
    """

    resolution: Annotated[int, Bounds(8, 512, "a grid of 512^3 points takes gigabytes")]
    texture_size: Annotated[int, Bounds(16, 8192, "a larger texture takes gigabytes")]
    faces: Annotated[int, Bounds(100, 1_000_000, "unwrapping a larger mesh takes hours")]
    height: Annotated[float, Bounds(0, 1e6, "a height is in metres")] = 0.0
    origin: Literal["base", "center"] = "base"
    fit: Literal["views", "none"] = "views"


@dataclass(frozen=True, kw_only=True)
class Material:
    """What the exported mesh is made of: textures of roughness, metallic and normals beside the base colour.

    They are optimised on the finished mesh, against a prior that knows materials.  The numbers are our own.

    Attributes:
        mode: `none`; `channels`, where the prior scores images of albedo, metallic, roughness and normals; or
            `lit`, where it scores renders under known environments.
        steps: of the optimisation.
        views: images of a step.
        size: pixels per side of these images.
        lr: learning rate at the first step; it falls to 0 with the square root of what is left.
        low: lower bound of the diffusion time t, which is uniform.
        high: upper bound of t.
        smoothness: weight of the material's change from pixel to pixel, of `lit`.
    """

    mode: Literal["none", "channels", "lit"] = "none"
    steps: StepCount = 80
    views: ViewCount = 8
    size: ImageSize = 128
    lr: LearningRate = 0.02
    low: PositiveFraction = 0.02
    high: PositiveFraction = 0.3
    smoothness: Factor = 0.1


@dataclass(frozen=True, kw_only=True)
class Run:
    """What does not change the result.

    Attributes:
        checkpoint_every: steps between two checkpoints.
    """

    checkpoint_every: StepCount = 50


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Every number of a run, with the preset and the overrides applied.

    Attributes:
        steps: optimisation steps.
        particles: objects that are optimised together and share their students, one object a step.
        objective: name and keyword arguments of the objective.
        scene: name and keyword arguments of the 3D representation.
        lr: learning rate of each parameter group of the scene, or its schedule over the run.
        regularizers: weight of each regularizer of the scene, or its schedule over the run.
        students: [students.NAME.residual] and [students.NAME.lora], for objectives that train students.
        prior: [prior.exact] and [prior.diffusers], keyword arguments of the prior.
    """

    steps: StepCount
    particles: Annotated[int, Bounds(1, 64, "all of them are in memory")] = 1
    paper: Paper
    objective: Named
    scene: Named
    time: Time
    camera: Camera
    lr: Mapping[str, LearningRate | Schedule[LearningRate]]
    background: Background
    optimizer: Optimizer
    export: Export
    noise: Noise = Noise()
    gradient: Gradient = Gradient()
    shading: Shading = Shading()
    prompting: Prompting = Prompting()
    students: Mapping[str, Any] = field(default_factory=dict)
    prior: Mapping[str, Any] = field(default_factory=dict)
    regularizers: Mapping[str, Factor | Schedule[Factor]] = field(default_factory=dict)
    material: Material = Material()
    run: Run = Run()
