"""The contract of a prior: a frozen text-conditioned diffusion model, and what only some of them can do.

An objective or a student names what it needs by the annotation of its `prior` parameter: `Prior`, or a protocol
that adds a capability, such as `PriorWithDensity`.  `sds3d.recipe.families` compares it with what the prior's
loader returns, before anything is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from sds3d.diffusion.cond import Cond
from sds3d.language.prompt import Prompt
from sds3d.library.kit.model import Model
from sds3d.views.cameras import Cameras
from sds3d.views.directions import Directions
from sds3d.views.environment import Environment
from sds3d.views.shading import Shading


class Prior(Protocol):
    """A frozen diffusion model.  t is (B,) in [0, 1]: 0 clean, 1 noise;  z_t = alpha_t z + sigma_t eps.

    evaluations: how many images `predict_noise` has denoised; the run records it.
    """

    evaluations: int

    @property
    def weights(self) -> Mapping[str, str]:
        """SHA-256 of each file that the prior was made from, by name; {} when there is none."""
        ...

    def describe(self, prompt: Prompt) -> str:
        """How the prompt is understood, in one line.  Raises PriorError when it is not."""
        ...

    def condition(
        self,
        prompt: Prompt,
        cameras: Cameras,
        background: Tensor,
        directions: Directions | None = None,
    ) -> Cond:
        """The conditioning of B views of `prompt` over `background` (B, 3) in [0, 1].

        directions: words about the side of each view, for priors that do not see the camera.
        """
        ...

    def encode(self, rgb: Tensor) -> Tensor:
        """z (B, C, h, w) of images (B, 3, H, W) in [0, 1]; differentiable."""
        ...

    def alpha_sigma(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """(alpha_t, sigma_t), each (B, 1, 1, 1)."""
        ...

    def predict_noise(self, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        """eps_hat (R, C, h, w) of z_t, whatever the model itself predicts."""
        ...


@runtime_checkable
class HasDensity(Protocol):
    """A density that is known, not only its score."""

    def log_ratio(self, z: Tensor, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        """ln p_t(z_t) / q_t(z_t), (R,): the prior's density over that of the render z with noise added."""
        ...


@runtime_checkable
class Decodes(Protocol):
    """A decoder beside the encoder."""

    def decode(self, z: Tensor) -> Tensor:
        """Images (B, 3, H, W) in [0, 1] of z (B, C, h, w)."""
        ...


@runtime_checkable
class HasMembers(Protocol):
    """A finite set of objects that a prompt can become."""

    def members(self, prompt: Prompt) -> Sequence[Model]:
        """The objects that the prompt can become.  Raises PriorError when there are none."""
        ...


@runtime_checkable
class Adaptable(Protocol):
    """A network that a low-rank student can be trained on."""

    @property
    def denoiser(self) -> nn.Module:
        """The network."""
        ...

    @property
    def num_views(self) -> int:
        """How many images the network denoises together; 0 where each is denoised alone."""
        ...

    def denoise(self, network: nn.Module, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        """eps_hat of z_t by `network`, which has the denoiser's interface; differentiable."""
        ...


@runtime_checkable
class EncodesIn(Protocol):
    """A network that encodes images, and through which the gradients of the scene pass."""

    @property
    def encode_dtype(self) -> torch.dtype:
        """The dtype in which it does."""
        ...


@runtime_checkable
class Lit(Protocol):
    """Images whose light is known and can be chosen."""

    def under(self, shading: Shading) -> Prior:
        """The same prior, conditioned on images that are shaded so; its views are those of `shading`."""
        ...


@runtime_checkable
class HasMaterials(Protocol):
    """Images of what surfaces are made of, beside images of how they look."""

    def of_materials(self, told: float = 1.0) -> PriorWithDecoder:
        """The same prior, of images of material channels.

        Its images are (B, 9, H, W) in [0, 1], each channel times the coverage: sRGB albedo (3), metallic,
        roughness, (n + 1) / 2 of the normals in the object's frame (3), and the coverage itself.  The
        background shows in none of them.

        told: factor on metallic and roughness in z, above 0.  At 1 they are evidence like the others; close to
        0 they say nothing beside the noise, and a denoised image has those that go with the other channels.
        """
        ...


@runtime_checkable
class LightAware(Protocol):
    """Images under light from all around, which is known and can be chosen."""

    def within(self, environment: Environment) -> Prior:
        """The same prior, conditioned on images whose surfaces the environment lights; without shadows."""
        ...


class PriorWithDensity(Prior, HasDensity, Protocol):
    """A prior whose density is known."""


class PriorWithDecoder(Prior, Decodes, Protocol):
    """A prior that can show what it denoises."""


class AdaptablePrior(Prior, Adaptable, Protocol):
    """A prior with a network that a low-rank student can be trained on."""

    @property
    def dtype(self) -> torch.dtype:
        """Of the denoiser's weights."""
        ...


CAPABILITIES: dict[type, str] = {
    HasDensity: "a known density",
    Decodes: "a decoder",
    HasMembers: "a list of members",
    Adaptable: "a network to adapt",
    HasMaterials: "images of materials",
    LightAware: "images under a light that can be chosen",
}
