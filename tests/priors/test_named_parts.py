"""Laws of what a prompt and its negative select from the built-in library and from a folder."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from sds3d import library
from sds3d.language.palette import COLORS
from sds3d.language.prompt import parse
from sds3d.language.words import Use
from sds3d.priors.exact import choose
from sds3d.priors.exact.choose import built_in, understand
from sds3d.priors.exact.folder import folder

# a part that some of a kind's 64 members have and others lack
OPTIONAL = {
    "chair": "cushion",  # 18 members
    "table": "apron",
    "wardrobe": "drawers",
    "bathtub": "feet",
    "sink": "pedestal",
    "kettle": "water gauge",
    "frying pan": "egg white",
    "television": "antennas",
    "clock": "bells",
    "watch": "links",
    "headphones": "cable",
    "microphone": "clip",
    "vacuum cleaner": "dust cup",
    "book": "title",
    "suitcase": "straps",
    "trash can": "wheels",
    "vase": "handles",  # 14
    "mug": "saucer",
    "bowl": "rim",
    "truck": "tank",  # 10
    "bicycle": "basket",
    "tractor": "windows",
    "bulldozer": "ripper",
    "crane": "load",
    "mailbox": "flag",
    "street lamp": "globes",
    "traffic light": "board",  # 9
    "drone": "guards",
    "rocket": "boosters",
    "barn": "silo",
    "castle": "roof",
    "tower": "roof",
    "bridge": "cables",
    "tent": "ropes",
    "pyramid": "stairs",
    "fence": "pales",
    "teddy bear": "bow tie",
    "paintbrush": "hole",
    "bulldog": "patches",
    "deer": "spots",
    "panda": "bamboo",
    "fish": "stripes",
    "goldfish": "stripes",
    "tennis racket": "ball",
    "bowling pin": "ball",
    "helmet": "stripes",
    "snow globe": "snowman",
    "cactus": "flower",
    "pine tree": "star",
    "lollipop": "bow",
    "tomato": "seeds",
}


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The (category, variant) of every member that is made."""
    made = []

    def model(name, variant, *rest):
        made.append((name, variant))
        return real(name, variant, *rest)

    real = library.model
    monkeypatch.setattr(choose.library, "model", model)
    return made


@pytest.mark.parametrize(("kind", "part"), OPTIONAL.items())
def test_a_named_part_is_present_in_its_colour(kind: str, part: str, built) -> None:
    members = built_in(variants=2, null_members=0)(parse(f"a {kind} with a green {part}"))
    assert f"{kind} with green {part}'" in members.note
    assert "not made" not in members.note
    assert len(members.named) == 2
    assert all(part in library.parts_of(name, variant) for name, variant in built)
    green = np.array(COLORS["green"], np.float32)
    for model in members.named:
        assert np.isclose(model.colors, green, atol=1e-3).all(1).any()


@pytest.mark.parametrize("kind", library.CATEGORIES)
def test_every_part_of_every_kind_is_understood_by_its_name(kind: str) -> None:
    variants = [library.parts_of(kind, variant) for variant in range(4)]
    assert kind in OPTIONAL or len({frozenset(names) for names in variants}) == 1
    for part in library.part_names(kind):
        reading = understand(parse(f"a {kind} with a green {part}"))
        assert reading.matches[0][0] == kind
        assert reading.parts[part] == f"green {part}"
        assert "not made" not in reading.note


def test_an_unwanted_part_is_absent(built) -> None:
    members = built_in(variants=3, null_members=0)(parse("a teddy bear without a bow tie"))
    assert len(members.named) == 3
    assert not any("bow tie" in library.parts_of(name, variant) for name, variant in built)
    assert "teddy bear without bow tie" in members.note


def test_a_part_that_every_member_has_cannot_be_left_out_and_is_reported() -> None:
    reading = understand(parse("a chair without a seat"))
    assert reading.understood == "chair"
    assert "seat (every chair has it)" in reading.note


def test_parts_that_no_member_has_together_are_reported_with_their_colour() -> None:
    reading = understand(parse("a suitcase with wheels and brass locks"))
    unmade = {f.word for f in reading.fates if f.use is Use.NOT_MADE}
    assert unmade in ({"locks", "brass"}, {"wheels"})
    assert len(reading.parts) == 1
    assert set(reading.wish.parts) <= set(reading.parts)


def test_a_part_that_the_kind_never_has_is_reported() -> None:
    assert "not made: wings" in understand(parse("a chair with wings")).note


def test_without_named_parts_the_members_are_those_sampled(built) -> None:
    built_in(variants=4, null_members=0, seed=5)(parse("a red chair"))
    drawn = np.random.default_rng(5).choice(choose.SHELF, 4, replace=False).tolist()
    assert built == [("chair", v) for v in drawn]


@pytest.mark.parametrize("negative", ["ugly, blurry", "low quality", "日本", "!!!", ","])
def test_a_negative_that_names_nothing_has_no_effect_and_is_reported(negative: str) -> None:
    make = built_in(variants=1, null_members=1)
    plain, steered = make(parse("a red chair")), make(parse("a red chair", negative))
    np.testing.assert_array_equal(steered.null, plain.null)
    phrases = [p.strip() for p in negative.split(",") if p.strip()]
    assert all(p in steered.note.partition("negative without effect")[2] for p in phrases)


def test_a_negative_names_what_to_steer_away_from_and_the_rest_is_reported() -> None:
    members = built_in(variants=1, null_members=0)(parse("a red chair", "ugly, a wooden sofa"))
    assert "negative prompt read as 'wooden sofa'" in members.note
    assert "ugly" in members.note.partition("without effect")[2]
    assert [m.caption for m, p in zip(members.models, members.null, strict=True) if p] == [
        "wooden sofa"
    ]


def test_a_negative_prompt_works_for_a_folder_too(tmp_path) -> None:
    for name in ("red_chair", "blue_fish", "steam_train"):
        trimesh.creation.box().export(tmp_path / f"{name}.ply")
    make = folder(tmp_path)
    away = make(parse("a chair", "a fish, ugly"))
    assert [m.caption for m, p in zip(away.models, away.null, strict=True) if p] == ["blue fish"]
    assert "away from blue fish" in away.note
    assert "ugly" in away.note.partition("without effect")[2]
    idle = make(parse("a chair", "ugly"))
    np.testing.assert_array_equal(idle.null, make(parse("a chair")).null)
    assert "ugly" in idle.note
