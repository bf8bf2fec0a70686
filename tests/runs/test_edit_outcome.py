"""With the exact prior the outcome of an edit is known: what must change, and what must stay."""

import numpy as np
import pytest
import torch

from sds3d.metrics.geometry import silhouette_iou
from sds3d.priors.exact.prior import render
from sds3d.runs.edit import edit
from sds3d.runs.generate import generate
from sds3d.runs.job import Job
from sds3d.runs.run import open_run
from sds3d.views.cameras import orbit

SMALL = ("camera.sizes=[36]", "export.resolution=32", "export.texture_size=64", "export.faces=1000")
PICTURES = {"preview_size": 24, "turntable_size": 32}
VIEWS = orbit(8, 64)


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    folder = tmp_path_factory.mktemp("edits") / "start"
    job = Job(
        "a red armchair", scene="nerf", steps=120, overrides=SMALL, out=str(folder), **PICTURES
    )
    return generate(job).folder


def changed(start, target, method, folder, steps):
    job = edit(
        start, target, method=method, steps=steps, overrides=SMALL, out=str(folder), **PICTURES
    )
    return open_run(generate(job).folder)


@torch.no_grad()
def seen(run):
    """(rgb (B, H, W, 3) over grey, alpha (B, H, W)) of the scene."""
    made = run.scene.render(VIEWS, torch.full((len(VIEWS), 3), 0.5))
    return made.rgb, made.alpha


def nearest_member(run):
    """(the images, the coverage) of the member that the scene's silhouettes are nearest to, and their IoU."""
    models = run.prior.members(run.prompt)
    black, grey = (
        render(models, VIEWS, torch.full((len(VIEWS), 3), value), 2).permute(1, 0, 3, 4, 2)
        for value in (0.0, 0.5)
    )
    coverage = 1 - (grey - black)[..., 0] / 0.5
    alpha = seen(run)[1]
    ious = [silhouette_iou(alpha.numpy(), one.numpy()) for one in coverage]
    best = int(np.argmax(ious))
    return grey[best], coverage[best], ious[best]


def mean_color(rgb, alpha):
    return rgb[alpha > 0.5].mean(0)


@pytest.mark.parametrize(("method", "steps"), [("dds", 60), ("pds", 120)])
def test_a_change_of_colour_keeps_the_silhouette_and_reaches_the_colour(
    method, steps, start, tmp_path
):
    before = open_run(start)
    after = changed(start, "a blue armchair", method, tmp_path / "blue", steps)
    rgb, alpha = seen(after)
    iou = silhouette_iou(alpha.numpy(), seen(before)[1].numpy())
    image, coverage, _ = nearest_member(after)
    error = (mean_color(rgb, alpha) - mean_color(image, coverage)).abs().max()
    assert iou >= 0.97
    assert error < 0.04


def test_a_change_of_kind_reaches_an_object_of_that_kind(start, tmp_path):
    after = changed(start, "a red sofa", "dds", tmp_path / "sofa", 160)
    iou = nearest_member(after)[2]
    before = silhouette_iou(seen(after)[1].numpy(), seen(open_run(start))[1].numpy())
    assert iou > 0.9
    assert before < 0.85
