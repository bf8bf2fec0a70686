"""Laws of the suggestion for a mistyped name."""

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sds3d.errors import LISTED, nearest
from sds3d.library import CATEGORIES
from sds3d.mesh.formats import EXPORTERS
from sds3d.objectives import OBJECTIVES
from sds3d.recipe import load as recipe
from sds3d.scenes import SCENES

FAMILIES = {
    "objectives": list(OBJECTIVES),
    "scenes": list(SCENES),
    "formats": list(EXPORTERS),
    "presets": ["draft", "laptop", "quality"],
    "priors": ["exact", "embedded", "diffusers"],
    "recipes": list(recipe.names()),
    "categories": list(CATEGORIES),
}


def suggestion(text):
    match = re.fullmatch(r", did you mean '(.*)'\?", text)
    return match and match[1]


TYPOS = {
    "objectives": {"sd": "sds", "s": "sds", "vds": "vsd", "SDS": "sds", "sdss": "sds", "vs": "vsd",
                   "fv": "fvsd", "fsvd": "fvsd", "ims": "ism", "sdsi": "sds", "rf": "rfds",
                   "rdfs": "rfds", "nf": "nfsd", "csmm": "csm", " vsd ": "vsd", "nfds": "nfsd"},
    "scenes": {"splat": "splats", "gaussian splats": "splats", "ner": "nerf", "nref": "nerf", "neerf": "nerf",
               "tri": "triplane", "tripalne": "triplane", "tri-plane": "triplane"},
    "formats": {"gltf": "glb", "gl": "glb", "ob": "obj", "objj": "obj", "pyl": "ply"},
    "presets": {"laptp": "laptop", "d": "draft", "draught": "draft", "qualty": "quality"},
    "priors": {"exakt": "exact", "ex": "exact", "embeded": "embedded", "difusers": "diffusers",
               "diffuser": "diffusers", "diff": "diffusers"},
    "recipes": {"nerf-sds": "sds-nerf", "sds-nref": "sds-nerf", "sds_nerf": "sds-nerf",
                "dreamfusion": "dreamfusion-nerf", "prolific": "prolificdreamer-nerf"},
    "categories": {"chiar": "chair", "armchiar": "armchair", "elefant": "elephant"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("family", "typo"), [(family, typo) for family, typos in TYPOS.items() for typo in typos]
)
def test_a_typo_is_answered_with_the_name_that_was_meant(family, typo):
    assert suggestion(nearest(typo, FAMILIES[family])) == TYPOS[family][typo]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_beginning_of_a_single_name_is_answered_with_that_name(family):
    names = FAMILIES[family]
    for name in names:
        for end in range(1, len(name)):
            same = [other for other in names if other.startswith(name[:end])]
            if same == [name]:
                assert suggestion(nearest(name[:end], names)) == name


@pytest.mark.parametrize("family", FAMILIES)
def test_a_swapped_doubled_or_dropped_letter_finds_a_name_at_the_same_distance(family):
    names = FAMILIES[family]
    for name in [name for name in names if len(name) > 3][:: 1 + len(names) // 20]:
        for i in range(1, len(name) - 1):
            swapped = name[:i] + name[i + 1] + name[i] + name[i + 2 :]
            doubled = name[:i] + name[i] + name[i:]
            dropped = name[:i] + name[i + 1 :]
            for typo in {swapped, doubled, dropped} - set(names):
                answer = suggestion(nearest(typo, names))
                assert answer
                assert answer == name or abs(len(answer) - len(typo)) <= 1 or typo in answer


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=40), family=st.sampled_from(sorted(FAMILIES)))
def test_an_answer_is_short_whatever_was_typed(text, family):
    answer = nearest(text, FAMILIES[family])
    named = [name for name in FAMILIES[family] if f"'{name}'" in answer]
    assert "\n" not in answer
    assert named or answer.startswith("; ")
    assert len(answer) < 40 * LISTED


def test_a_large_family_is_never_listed_and_a_small_one_is():
    large = nearest("zzzzzzzzzz", CATEGORIES)
    assert len(CATEGORIES) > 100
    assert large.endswith(f"and {len(CATEGORIES) - 3} more are known")
    assert nearest("zzzzzzzzzz", ("nerf", "splats")) == "; known: nerf, splats"


def test_a_set_is_listed_in_a_fixed_order():
    names = set(string.ascii_lowercase)
    assert nearest("zz9", names) == nearest("zz9", sorted(names))
    assert nearest("", {"b", "a"}) == "; known: a, b"
