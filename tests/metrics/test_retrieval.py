"""Laws of retrieval by shape and of the variety of views."""

import math

import pytest
import torch

from sds3d import library
from sds3d.metrics import retrieval
from sds3d.metrics.retrieval import guesses, ranking, shape_images, variety

SOME = ("armchair", "car", "teddy bear", "banana", "bicycle")


@pytest.fixture
def small_library(monkeypatch):
    monkeypatch.setattr(library, "CATEGORIES", {name: library.CATEGORIES[name] for name in SOME})
    retrieval.library_views.cache_clear()
    yield
    retrieval.library_views.cache_clear()


def pictures_of(name, variant):
    made = library.model(name, variant)
    return shape_images(made.vertices, made.faces, made.normals)


@pytest.mark.parametrize("name", SOME)
def test_a_held_out_member_is_nearest_to_its_own_category(small_library, name):
    assert ranking(pictures_of(name, 9))[0] == name


def test_colour_does_not_matter_and_the_pose_does(small_library):
    made = library.model("armchair", 0)
    turned = made.vertices[:, [1, 2, 0]], made.faces, made.normals[:, [1, 2, 0]]
    known = retrieval.library_views().images[0, 0]
    assert torch.equal(pictures_of("armchair", 0), known)
    assert (shape_images(*turned) - known).square().mean() > 0.01


def test_each_view_is_classified_separately_whatever_its_side(small_library):
    p = guesses(pictures_of("car", 9).roll(3, 0))
    torch.testing.assert_close(p.sum(-1), torch.ones(len(p)))
    assert (p.argmax(-1) == SOME.index("car")).float().mean() > 0.7


def test_views_that_agree_have_no_gain_and_views_that_all_differ_have_the_most():
    same = torch.tensor([[0.5, 0.25, 0.25]]).expand(4, -1)
    found = variety(same)
    assert found["iv"] == pytest.approx(found["iq"])
    assert found["ig"] == pytest.approx(0)
    each = variety(torch.eye(6))
    assert each["iq"] == pytest.approx(0, abs=1e-6)
    assert each["iv"] == pytest.approx(math.log(6))
    flat = variety(torch.full((5, 1000), 1e-3))
    assert flat["iq"] == pytest.approx(math.log(1000), rel=1e-5)
    assert flat["ig"] == pytest.approx(0, abs=1e-5)


def test_variety_is_never_below_quality_and_blind_to_the_order_of_views(rng):
    p = torch.rand(8, 20, generator=rng).softmax(-1)
    found, turned = variety(p), variety(p.flip(0))
    assert found["iv"] >= found["iq"]
    assert found == pytest.approx(turned)
