import functools
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))

import box


@functools.cache
def _fitted(name):
    with torch.enable_grad():
        return box.fitted(name)[0]


@pytest.fixture
def fitted_box():
    """name -> a scene fitted to the box, made once."""
    return _fitted
