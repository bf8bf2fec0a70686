"""Laws of the comparison of methods, on a tiny recipe."""

import json
import re
import sys

import pytest
import tiny_run
import torch

import sds3d
from sds3d.cli import main
from sds3d.metrics import retrieval
from sds3d.runs import compare, machine
from sds3d.runs.job import Job

TINY = tiny_run.OVERRIDES


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """(folder, exit code, scores) of two methods on one prompt."""
    folder = tmp_path_factory.mktemp("compare")
    sets = [part for override in TINY for part in ("--set", override)]
    with pytest.MonkeyPatch.context() as patch:
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


def test_evaluations_are_counted_per_image(compared):
    sds, csm = compared[2]
    assert sds["evaluations"] == 3 * 2 * 4  # steps, guided pair, views
    assert csm["evaluations"] > sds["evaluations"]


def test_the_page_shows_every_method_in_motion_and_needs_nothing_else(compared):
    page = (compared[0] / "compare.html").read_text(encoding="utf-8")
    assert page.count("<video") == 2
    assert page.count("data:video/mp4;base64,") == 2
    assert "http" not in page.replace("http-equiv", "")


def test_the_summary_is_mean_and_standard_deviation_over_prompts_and_seeds():
    rows = [{"method": "sds", "iou": v, "seconds": 2} for v in (0.5, 0.7)]
    number = compare.summary(rows)["sds"]["iou"]
    assert (number.mean, number.std, number.count) == pytest.approx((0.6, 0.1, 2))


def test_one_run_has_no_standard_deviation_and_shares_are_percentages():
    one = compare.summary([{"method": "sds", "r1": 1.0, "seconds": 61.234}])["sds"]
    assert one["r1"].text(compare.NUMBERS["r1"].factor) == "100"
    assert one["seconds"].text() == "61.2"
    two = compare.summary([{"method": "sds", "iou": v} for v in (0.5, 0.7)])["sds"]
    assert two["iou"].text() == "0.6 ± 0.1"


def test_the_page_names_its_numbers_in_words_and_leads_to_the_runs(compared):
    page = (compared[0] / "compare.html").read_text(encoding="utf-8")
    assert "chamfer_percent" not in page
    assert all(number.heading in page for number in compare.NUMBERS.values())
    links = re.findall(r'href="([^"]+)"', page)
    assert len(links) == 2
    assert all((compared[0] / link).is_file() for link in links)
    assert "± 0" not in page


@pytest.mark.parametrize(("method", "pictures"), [("sds", 2 * 4), ("asd", 3 * 4), ("vsd", 16)])
def test_a_budget_in_evaluations_gives_the_steps_that_it_affords(method, pictures):
    """VSD asks twice for the guided pair, once for the student's estimate and once for its training."""
    job = compare.with_budget(Job("a red armchair", method=method), 100 * pictures)
    assert job.steps == 100


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is the process's elsewhere")
def test_the_peak_memory_of_a_run_excludes_earlier_runs():
    held = torch.ones(2**27)
    before = machine.peak_gib()
    del held
    machine.reset_peak()
    assert machine.peak_gib() < before - 0.3
