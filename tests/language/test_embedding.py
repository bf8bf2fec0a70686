"""Laws of text embeddings."""

import numpy as np
import pytest

from sds3d.language.embedding import COLOR, DIM, KNOWN, LENGTH, MATERIAL, MEANING, embed, row, spans
from sds3d.language.palette import COLORS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a DSLR photo of a red armchair", ["a", "red", "armchair"]),
        ("a sky blue Fire-Hydrant, front view", ["a", "sky blue", "fire hydrant"]),
        ("grand piano", ["grand piano"]),
        ("", []),
    ],
)
def test_the_rows_of_a_text_are_its_words_with_compounds_as_one(text, expected):
    assert spans(text) == expected


def test_near_words_have_near_rows():
    def near(a, b):
        return float(row(a)[MEANING] @ row(b)[MEANING]) / len(row(a)[MEANING])

    assert near("sofa", "couch") > 0.6
    assert near("sofa", "couch") > near("sofa", "banana") + 0.4


def test_the_row_of_a_colour_has_its_rgb_and_that_of_a_material_its_surface():
    assert row("red")[COLOR].tolist() == pytest.approx([1, *(2 * c - 1 for c in COLORS["red"])])
    assert row("wooden")[COLOR][0] == 1
    assert row("steel")[MATERIAL][:2].tolist() == [1, 1]
    assert not row("armchair")[COLOR].any()


def test_the_empty_text_is_zero_and_unknown_words_are_marked_unknown():
    assert not embed([""]).any()
    assert row("xqzzt")[KNOWN] == 0
    assert embed(["a red car"]).shape == (1, LENGTH, DIM)


def test_a_batch_of_texts_is_embedded_like_each_text_alone():
    texts = ["a red car", "a wooden table with black legs", ""]
    assert np.array_equal(embed(texts), np.concatenate([embed([t]) for t in texts]))
