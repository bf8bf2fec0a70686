"""Laws of how closely one scene looks like another."""

import math

import pytest
import torch

from sds3d.metrics.fidelity import fidelity, scored
from sds3d.scenes.render import Render

CPU = torch.device("cpu")


class Pane:
    """The left part of every view, up to a share of its width, in one grey."""

    def __init__(self, grey, share=0.5):
        self.grey = grey
        self.share = share

    def render(self, cameras, background, rng=None):
        alpha = torch.zeros(len(cameras), cameras.height, cameras.width)
        alpha[:, :, : int(self.share * cameras.width)] = 1
        rgb = torch.where(alpha[..., None] > 0, self.grey, background[:, None, None])
        return Render(rgb, alpha, alpha, torch.zeros_like(rgb))


def test_what_is_compared_with_itself_is_perfect():
    found = fidelity(Pane(0.2), Pane(0.2), CPU)
    assert found == {"psnr": 100, "psnr_object": 100, "iou": 1}


def test_the_object_alone_counts_in_one_of_the_decibels():
    """A difference of 0.1 on the half that is covered: 20 dB there, 3 dB more over all pixels."""
    found = fidelity(Pane(0.2), Pane(0.3), CPU)
    assert found["psnr_object"] == pytest.approx(20, abs=1e-4)
    assert found["psnr"] == pytest.approx(20 + 10 * math.log10(2), abs=1e-4)
    assert found["iou"] == 1


def test_what_only_one_of_them_covers_counts():
    """Grey like the background, but a quarter of the width against a half."""
    found = fidelity(Pane(0.5, 0.25), Pane(0.5, 0.5), CPU)
    assert found["iou"] == pytest.approx(0.5)
    assert found["psnr"] == 100
    bright = fidelity(Pane(0.9, 0.25), Pane(0.5, 0.5), CPU)
    half = 10 * math.log10(2) - 20 * math.log10(0.4)
    assert bright["psnr_object"] == pytest.approx(half, abs=1e-3)


def test_it_is_symmetric():
    assert fidelity(Pane(0.2), Pane(0.6, 0.7), CPU) == fidelity(Pane(0.6, 0.7), Pane(0.2), CPU)


def test_the_scores_are_said_in_one_line():
    line = scored({"psnr": 31.26, "psnr_object": 25.04, "iou": 0.98765})
    assert line == "beside its source: PSNR 31.3 dB (25.0 dB on the object), silhouette IoU 0.988"
