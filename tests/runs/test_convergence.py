"""Every scene under both first methods becomes the library member that it converges to, at small size."""

import pytest

from sds3d.runs.generate import generate
from sds3d.runs.job import SCENES, Job
from sds3d.runs.quality import converged

SMALL = ("export.resolution=64", "export.texture_size=64", "export.faces=4000")
BUDGETS = {  # VSD's student needs some steps, and some pixels, to follow the scene
    "sds": (100, ("camera.sizes=[36]",)),
    "vsd": (160, ("camera.sizes=[48]", "students.renders.residual.lr=5e-3")),
}


@pytest.mark.parametrize("method", BUDGETS)
@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_becomes_the_member_it_converges_to(scene, method, tmp_path):
    steps, more = BUDGETS[method]
    job = Job("a hamburger", method=method, scene=scene, steps=steps, overrides=SMALL + more,
              out=str(tmp_path / "run"), preview_size=24, turntable_size=32)  # fmt: skip
    score = converged(generate(job).folder)
    assert score["iou"] > 0.9
    assert score["chamfer_percent"] < 3
