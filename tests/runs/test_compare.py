"""Laws of the comparison of methods, on a tiny recipe."""

import json
import sys

import pytest
import torch

import sds3d.runs.outputs
from sds3d.cli import main
from sds3d.metrics import retrieval
from sds3d.runs import compare
from sds3d.runs import folder as runs
from sds3d.runs.job import Job

TINY = ("camera.sizes=[16]", "export.resolution=32", "export.texture_size=64", "export.faces=500")


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """(folder, exit code, scores) of two methods on one prompt."""
    folder = tmp_path_factory.mktemp("compare")
    sets = [part for override in TINY for part in ("--set", override)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sds3d.runs.outputs, "PREVIEW", {"views": 8, "size": 24})
        patch.setattr(sds3d.runs.outputs, "TURNTABLE", {"views": 2, "size": 32})
        known = {name: sds3d.library.CATEGORIES[name] for name in ("armchair", "car", "banana")}
        patch.setattr(retrieval.library, "CATEGORIES", known)
        retrieval.library_views.cache_clear()
        with pytest.raises(SystemExit) as end:
            main(["compare", "a red armchair", "--methods", "sds,csm", "--steps", "3", *sets,
                  "--out", str(folder)])  # fmt: skip
        retrieval.library_views.cache_clear()
    scores = json.loads((folder / "compare.json").read_text(encoding="utf-8"))
    return folder, end.value.code or 0, scores


def test_each_method_has_its_numbers(compared):
    _, code, scores = compared
    assert code == 0
    assert [s["method"] for s in scores] == ["sds", "csm"]
    assert all({*compare.NUMBERS} <= s.keys() for s in scores)
    assert all(0 <= s["iou"] <= 1 and s["r5"] == 1 and s["steps"] == 3 for s in scores)


def test_evaluations_are_counted_one_for_each_picture(compared):
    sds, csm = compared[2]
    assert sds["evaluations"] == 3 * 2 * 4  # steps, guided pair, views
    assert csm["evaluations"] > sds["evaluations"]


def test_the_page_shows_every_method_in_motion_and_needs_nothing_else(compared):
    page = (compared[0] / "compare.html").read_text(encoding="utf-8")
    assert page.count("<video") == 2
    assert page.count("data:video/mp4;base64,") == 2
    assert "http" not in page.replace("http-equiv", "")


def test_the_summary_is_mean_and_deviation_over_prompts_and_seeds():
    rows = [{"method": "sds", "iou": v, "seconds": 2} for v in (0.5, 0.7)]
    assert compare.summary(rows)["sds"]["iou"] == pytest.approx((0.6, 0.1))


@pytest.mark.parametrize(("method", "pictures"), [("sds", 2 * 4), ("asd", 3 * 4), ("vsd", 16)])
def test_a_budget_in_evaluations_gives_as_many_steps_as_it_pays(method, pictures):
    """VSD asks twice for the guided pair, once for the student's estimate and once for its training."""
    job = compare.with_budget(Job("a red armchair", method=method), 100 * pictures)
    assert job.steps == 100


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is the process's elsewhere")
def test_the_memory_of_a_run_is_not_that_of_what_ran_before_it():
    held = torch.ones(2**27)
    before = runs.peak_gib()
    del held
    runs.forget_peak()
    assert runs.peak_gib() < before - 0.3
