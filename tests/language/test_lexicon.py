"""Words: colours, misspellings, vectors, the tree of things."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from sds3d.language.captions import similarity
from sds3d.language.lexicon import correct, edits, lexicon, vector
from sds3d.language.palette import COLORS
from sds3d.language.surfaces import shade, surface


def test_colour_words_have_their_hue_and_shades_their_lightness() -> None:
    def of(text: str) -> np.ndarray:
        return np.array(surface(text.split())[0].colors[0])

    assert [int(of(c).argmax()) for c in ("red", "green", "blue")] == [0, 1, 2]
    for name in ("red", "green", "blue", "purple", "brown"):
        assert of(f"light {name}").mean() > of(name).mean() > of(f"dark {name}").mean()
        assert np.ptp(of(f"bright {name}")) > np.ptp(of(name))
    np.testing.assert_allclose(of("#ff8800"), [1, 0x88 / 255, 0])
    np.testing.assert_allclose(of("#f80"), of("#ff8800"))
    np.testing.assert_allclose(of("reddish"), of("red"))
    every = [*COLORS.values(), *(shade(COLORS["red"], w) for w in ("neon", "pastel", "deep"))]
    assert np.min(every) > 0
    assert np.max(every) < 1


def test_a_misspelling_is_the_nearest_known_word_and_a_known_word_is_left_alone() -> None:
    names = frozenset({"armchair", "snowman", "sword"})
    assert [correct(w, names) for w in ("armchiar", "snowmann", "sowrd")] == [
        "armchair",
        "snowman",
        "sword",
    ]
    assert [correct(w, names) for w in ("stapler", "xyzzyq", "cat")] == ["stapler", "xyzzyq", "cat"]
    assert [edits("ab", "ba", 2), edits("kitten", "sitting", 3), edits("abc", "xyz", 1)] == [
        1,
        3,
        2,
    ]


def test_near_words_have_near_vectors_of_unit_length() -> None:
    def cosine(a: str, b: str) -> float:
        return float(vector(a) @ vector(b))

    assert cosine("couch", "sofa") > 0.8
    assert cosine("couch", "banana") < 0.4
    rare = {
        "piglet": "pig",
        "hydrant": "fire hydrant",
        "giraffe": "zebra",
        "settee": "sofa",
        "jellyfish": "octopus",
    }
    for word, kin in rare.items():
        others = [k for k in rare.values() if k != kin]
        assert cosine(word, kin) > max(cosine(word, other) for other in others), word
    assert cosine("dog", "dog") == pytest.approx(1, abs=1e-5)
    assert vector("zzqx") is None


def test_captions_are_ranked_by_meaning() -> None:
    captions = ["a wooden sailing boat", "a red sports car", "the statue of a sitting cat", "qqzzx"]
    for text, best in (("kitten", 2), ("an automobile", 1), ("a small yacht", 0)):
        near = similarity(text, captions)
        assert near.shape == (4,)
        assert near.argmax() == best
        assert near[3] == 0
    assert similarity(captions[1], captions[1:2]) == pytest.approx(1, abs=1e-5)


def test_the_hypernym_tree_has_one_root_and_no_cycle() -> None:
    parent = lexicon().parent.astype(int)
    up = np.arange(len(parent))
    for _ in range(20):
        up = parent[up]
    assert not up.any()


def test_reading_a_prompt_needs_no_torch() -> None:
    code = "import sys; from sds3d.language.reading import read; read('a car', {'car': ()}); "
    code += "print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert said.stdout == "False\n"
