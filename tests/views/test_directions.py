"""Laws of view-dependent prompting and of Perp-Neg's weights."""

import math

import pytest
import torch

from sds3d.recipe.schema import Prompting
from sds3d.views.cameras import look_at_origin
from sds3d.views.directions import (
    Directions,
    debiased,
    fall,
    mixed,
    perp_neg,
    plain,
    side_word,
    sides,
    without,
    word,
)  # fmt: skip

CURVES = Prompting().perp_neg_curves
LUCIDDREAMER = ((2, 2, 0, 0.8), (2, 10, 0, 0.8), (1, 10, 0, 0.8), (2, 0, 0, 1))


def at(*azimuths, elevation=10.0):
    full = torch.ones(len(azimuths))
    return look_at_origin(torch.tensor(azimuths), elevation * full, 3 * full, 40 * full, 8, 8)


@pytest.mark.parametrize(
    ("azimuth", "elevation", "expected"),
    [(0, 0, "front"), (44, 0, "front"), (46, 0, "side"), (-90, 0, "side"), (136, 0, "back"),
     (-179, 0, "back"), (181, 0, "back"), (350, 0, "front"), (0, 61, "overhead"), (45, 0, "side"),
     (-45, 0, "side"), (135, 0, "side"), (0, 60, "front")],
)  # fmt: skip
def test_the_word_is_the_side_that_the_camera_sees(azimuth, elevation, expected):
    assert word(azimuth, elevation, 45, 60) == expected


def test_plain_directions_are_one_word_per_view():
    found = plain(45, 60)(at(0.0, 90.0, 180.0)).blends
    assert found == ({"front": 1.0}, {"side": 1.0}, {"back": 1.0})


def test_perp_negs_curves_have_threestudios_values():
    front, side, side_behind, front_behind = CURVES
    assert front == side
    assert fall(front, 0) == pytest.approx(1.574)
    assert fall(front, 1) == pytest.approx(1e-4, abs=5e-5)
    assert fall(side_behind, 0) == pytest.approx(0.394)
    assert fall(front_behind, 0) == pytest.approx(1.967)
    assert fall(front_behind, 1) == pytest.approx(1.5735, abs=1e-4)


def luciddreamer(azimuth):
    """(blend, [(word, weight)] * 2) of its train.py, lines 67 to 107: negative_w -2, decays 2 and 10."""
    r = 1 - abs(azimuth) / 90
    if r > 0:
        front = 0.0 if r > 0.8 else -2 * math.exp(-2 * r)
        side = 0.0 if r < 0.2 else -2 * math.exp(-10 * (1 - r))
        return {"front": r, "side": 1 - r}, [("front", front), ("side", side)]
    r = 1 - (abs(azimuth) - 90) / 90
    side = 0.0 if r > 0.8 else -math.exp(-10 * r)
    return {"side": r, "back": 1 - r}, [("side", side), ("front", -2.0)]


@pytest.mark.parametrize("azimuth", [5.0, 25.0, 60.0, 80.0, 100.0, 130.0, 175.0, -40.0, -160.0])
def test_curves_can_be_those_of_luciddreamer(azimuth):
    blend, negatives = luciddreamer(azimuth)
    found = perp_neg(1.0, 90, LUCIDDREAMER)(at(azimuth))
    assert found.blends[0] == pytest.approx(blend, abs=1e-5)
    for (blends, weights), (name, weight) in zip(found.away, negatives, strict=True):
        assert blends == ({name: 1.0},)
        assert weights.item() == pytest.approx(weight, rel=1e-4, abs=1e-7)


def test_mixed_words_are_perp_negs_without_its_negatives():
    cameras = at(0.0, 30.0, 100.0, -170.0)
    found = mixed(60)(cameras)
    assert found.blends == perp_neg(1.0, 60, CURVES)(cameras).blends
    assert found.away == ()
    assert mixed(60)(at(20.0, elevation=80.0)).blends == ({"overhead": 1.0},)


def test_left_and_right_are_the_objects_own():
    """The object looks along +Z with y up: its left hand is on +X, where the azimuth is 90."""
    assert [side_word(a, left_right=True) for a in (90, -90, 170, 190, 359)] == [
        "left side", "right side", "left side", "right side", "right side",
    ]  # fmt: skip
    cameras = at(45.0, -135.0)
    left, right = mixed(60, left_right=True)(cameras).blends
    assert left == pytest.approx({"front": 0.5, "left side": 0.5}, abs=1e-4)
    assert right == pytest.approx({"right side": 0.5, "back": 0.5}, abs=1e-4)
    said = plain(30, 60, left_right=True)(at(45.0, -135.0, 0.0)).blends
    assert said == ({"left side": 1.0}, {"right side": 1.0}, {"front": 1.0})
    away = perp_neg(1.0, 60, CURVES, left_right=True)(cameras).away
    assert [blends for blends, _ in away] == [
        ({"front": 1.0}, {"right side": 1.0}), ({"left side": 1.0}, {"front": 1.0}),
    ]  # fmt: skip


def test_a_left_side_is_a_side_that_is_seen_from_the_left():
    rows = sides([{"left side": 1.0}, {"right side": 1.0}, {"side": 1.0}], at(1.0, 1.0, 1.0), 4)
    torch.testing.assert_close(rows[0], torch.tensor([0.0, 1, 0, 0]))
    torch.testing.assert_close(rows[1], torch.tensor([0.0, 0, 0, 1]))
    torch.testing.assert_close(rows[2], torch.tensor([0.0, 0.5, 0, 0.5]))


def test_perp_negs_prompts_and_weights_are_continuous_where_front_half_and_back_half_meet():
    before, after = (perp_neg(1.0, 60, CURVES)(at(a)) for a in (89.99, 90.01))
    assert before.blends[0]["side"] == pytest.approx(after.blends[0]["side"], abs=1e-3)

    def weight(found, name):
        return sum(float(w) for blends, w in found.away if blends[0] == {name: 1.0})

    assert weight(before, "side") == pytest.approx(weight(after, "side"), abs=1e-3)
    assert weight(before, "front") == pytest.approx(weight(after, "front"), abs=1e-3)


def test_perp_neg_pushes_away_from_the_front_most_at_the_back_and_not_at_the_front():
    found = perp_neg(1.0, 60, CURVES)(at(0.0, 180.0))
    front = [w for blends, w in found.away if blends[1] == {"front": 1.0}]
    assert front[0][1].item() == pytest.approx(-1.967, abs=1e-3)
    at_front = [w[0].item() for blends, w in found.away if blends[0] == {"front": 1.0}]
    assert at_front[0] == pytest.approx(0, abs=1e-3)


def test_from_overhead_nothing_is_pushed_away():
    found = perp_neg(1.0, 60, CURVES)(at(20.0, elevation=80.0))
    assert found.blends == ({"overhead": 1.0},)
    assert [w.item() for _, w in found.away] == [0.0, 0.0]


def test_a_listed_word_is_used_only_from_its_sides():
    sides = {"smiling": ("front", "side"), "long hair": ("back",)}
    found = debiased(plain(45, 60), sides, 45, 60)(at(0.0, 90.0, 180.0))
    texts = found.texts("a smiling woman with long hair")
    assert texts == ["a smiling woman with", "a smiling woman with", "a woman with long hair"]
    assert found.blends == plain(45, 60)(at(0.0, 90.0, 180.0)).blends


def test_debiasing_alone_adds_no_words_about_the_side():
    found = debiased(lambda _: None, {"smiling": ("front",)}, 45, 60)(at(0.0, 180.0))
    assert found.blends == ({}, {})
    assert found.texts("a smiling bear") == ["a smiling bear", "a bear"]


@pytest.mark.parametrize(
    ("words", "left"),
    [(["Red"], "a car, new"), (["car", "new"], "a red"), (["ca"], "a red car, new"), ([], "a red car, new"),
     (["a", "red", "car", "new"], "a red car, new")],
)  # fmt: skip
def test_whole_words_are_dropped_and_never_all_of_them(words, left):
    assert without("a red car, new", words) == left


def test_the_sides_that_a_word_leaves_open_share_its_probability():
    # From azimuth 0 of 8 turns, +45 each: the front is seen at 0 (and 45 is no longer front).
    front, side, back, any_side, none = sides(
        [
            {"front": 1.0},
            {"side": 1.0},
            {"back": 1.0},
            {"overhead": 1.0},
            {"side": 0.5, "back": 0.5},
        ],
        at(*[1.0] * 5),
        8,
    )
    azimuths = [1, 46, 91, 136, 181, 226, 271, 316]
    for row, name in ((front, "front"), (side, "side"), (back, "back")):
        expected = torch.tensor([float(word(a, 10, 45, 90) == name) for a in azimuths])
        torch.testing.assert_close(row, expected / expected.sum())
    torch.testing.assert_close(any_side, torch.full((8,), 1 / 8))
    torch.testing.assert_close(none, (side + back) / 2)


def test_a_view_of_the_back_is_the_front_of_an_object_turned_by_180_degrees():
    rows = sides([{"front": 1.0}, {"front": 1.0}, {"front": 1.0}], at(0.0, 90.0, 180.0), 4)
    torch.testing.assert_close(rows, torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]))


def test_perp_negs_scale_multiplies_its_weights_and_nothing_else():
    one, three = (perp_neg(scale, 60, CURVES)(at(30.0, 100.0)) for scale in (1.0, 3.0))
    assert one.blends == three.blends
    for (names, weights), (other_names, other_weights) in zip(one.away, three.away, strict=True):
        assert names == other_names
        torch.testing.assert_close(other_weights, 3 * weights)
        assert (weights <= 0).all()


def test_perp_neg_mixes_the_words_of_the_two_nearest_sides():
    blends = perp_neg(1.0, 60, CURVES)(at(0.0, 30.0, 90.0, 150.0, -150.0)).blends
    assert blends[0] == {"front": 1.0, "side": 0.0}
    assert blends[1] == pytest.approx({"front": 2 / 3, "side": 1 / 3}, abs=1e-4)
    assert blends[2]["side"] == pytest.approx(1.0, abs=1e-4)
    for row in blends[3:]:
        assert row == pytest.approx({"side": 1 / 3, "back": 2 / 3}, abs=1e-4)


def test_words_that_fit_no_turn_leave_their_share_to_the_others():
    """From azimuth 1 of two turns the front is seen at the first, the back at the second, no side at all."""
    rows = sides([{"front": 0.5, "side": 0.5}, {"front": 0.5, "overhead": 0.5}], at(1.0, 1.0), 2)
    torch.testing.assert_close(rows, torch.tensor([[1.0, 0.0], [0.75, 0.25]]))


def test_the_turns_divide_the_circle():
    """45 degrees beyond azimuth -0.1 the front is still seen, 45 degrees beyond 0.1 no longer."""
    rows = sides([{"front": 1.0}, {"front": 1.0}], at(-0.1, 0.1), 8)
    assert [int((row > 0).sum()) for row in rows] == [2, 2]
    assert rows[0, 1] > 0
    assert rows[1, 7] > 0


def test_left_ends_where_right_begins():
    sides_of = {
        a: side_word(a, left_right=True) for a in (179.5, 180, 180.5, -179.5, -180.5, 0, 360)
    }
    assert sides_of == {
        179.5: "left side", 180: "right side", 180.5: "right side", -179.5: "right side",
        -180.5: "left side", 0: "left side", 360: "left side",
    }  # fmt: skip


def test_just_behind_the_side_the_back_has_its_first_share():
    (blend,) = mixed(60)(at(90.5)).blends
    assert blend == pytest.approx({"side": 1 - 0.5 / 90, "back": 0.5 / 90}, abs=1e-5)


def test_from_overhead_both_of_perp_negs_prompts_are_that_word_alone():
    away = perp_neg(1.0, 60, CURVES)(at(20.0, elevation=80.0)).away
    assert [blends for blends, _ in away] == [({"overhead": 1.0},), ({"overhead": 1.0},)]


def test_a_prompt_without_dropped_words_is_the_same_for_every_view():
    assert Directions(({"front": 1.0}, {}, {})).texts("a smiling bear") == ["a smiling bear"] * 3
