"""Every scene under both first methods becomes the library member that it converges to, at small size."""

import pytest

import sds3d.outputs
from sds3d.batch import Line
from sds3d.generate import generate
from sds3d.job import SCENES, Job
from sds3d.metrics.convergence import converged

SMALL = ("camera.sizes=[36]", "export.resolution=64", "export.texture_size=64", "export.faces=4000")
STEPS = {"sds": 100, "vsd": 160}  # VSD's student needs some steps to follow


@pytest.mark.parametrize("method", STEPS)
@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_becomes_the_member_it_converges_to(scene, method, tmp_path, monkeypatch):
    monkeypatch.setattr(sds3d.outputs, "PREVIEW", {"views": 8, "size": 24})
    monkeypatch.setattr(sds3d.outputs, "TURNTABLE", {"views": 2, "size": 32})
    job = Job("a hamburger", method=method, scene=scene, steps=STEPS[method], overrides=SMALL,
              out=str(tmp_path / "run"))  # fmt: skip
    score = converged(generate(job, Line()).folder)
    assert score["iou"] > 0.9
    assert score["chamfer_percent"] < 3
