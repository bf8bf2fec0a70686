"""Networks that see an image as a torus, so that what they make continues across its borders."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from torch import Tensor, nn


@contextmanager
def tiling(*networks: nn.Module) -> Iterator[None]:
    """Within the block the convolutions of the networks pad circularly instead of with zeros.

    A network of convolutions and attention without positions then commutes with rolling its input by multiples
    of its coarsest stride: no border is left.  Every convolution has its own padding back at the end of the
    block, also when it raises.
    """
    with ExitStack() as undo:
        for network in networks:
            for module in network.modules():
                if isinstance(module, nn.Conv2d) and module.padding_mode == "zeros":
                    undo.callback(setattr, module, "padding_mode", module.padding_mode)
                    module.padding_mode = "circular"
        yield


def seam(image: Tensor) -> float:
    """The mean step across the borders of an image (H, W, ...) as a share of the mean step inside; 1: no seam.

    The larger of the two axes.  A step is the absolute difference of neighbours; an image without any has 0.
    """
    return max(_seam(image), _seam(image.transpose(0, 1)))


def _seam(image: Tensor) -> float:
    across = (image[0] - image[-1]).abs().mean().item()
    inside = image.diff(dim=0).abs().mean().item()
    if inside == 0:
        return 0.0 if across == 0 else float("inf")
    return across / inside
