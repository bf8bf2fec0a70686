"""Laws of names and captions."""

import io
import random
import re
import zipfile

import numpy as np
import pytest

from sds3d.errors import PriorError
from sds3d.training.data import sweethome3d
from sds3d.training.data.captions import article, caption
from sds3d.training.data.items import Item, from_json, to_json
from sds3d.training.data.names import cleaned, concept, held_out_synonyms, other_names
from sds3d.training.data.sources import source

CUBE = """mtllib cube.mtl
v -1 -2 -3
v 1 -2 -3
v 1 2 -3
v -1 2 -3
v -1 -2 3
v 1 -2 3
v 1 2 3
v -1 2 3
usemtl front
f 5 6 7 8
usemtl rest
f 1 4 3 2
f 1 2 6 5
f 4 8 7 3
f 1 5 8 4
f 2 3 7 6
"""
MTL = "newmtl front\nKd 1 0 0\nd 1\nnewmtl rest\nKd 0 0 1\nd 0.5\n"
CATALOGUE = """# a catalogue
license=Creative Commons Attribution 3.0   Copyright someone
name#1=Caf\xe9 chair 2
tags#1=Blend Swap, Seat, \\u00c9t\\u00e9
category#1=Exterior
model#1=/things/cube/cube.obj
modelRotation#1=0 0 1 0 1 0 -1 0 0
width#1=6
depth#1=2
height#1=4
creator#1=Jos\\u00e9
"""


@pytest.fixture
def library(tmp_path):
    with zipfile.ZipFile(tmp_path / "Tiny.sh3f", "w") as archive:
        archive.writestr("PluginFurnitureCatalog.properties", CATALOGUE.encode("latin-1"))
        archive.writestr("things/cube/cube.obj", CUBE)
        archive.writestr("things/cube/cube.mtl", MTL)
    return tmp_path


def test_a_furniture_library_gives_names_and_licences_and_rotates_its_models(library):
    ((item, load),) = source(f"sweethome3d:{library}").objects
    assert (item.name, item.title, item.creator) == ("cafe chair", "Café chair 2", "José")
    assert item.licence == "Creative Commons Attribution 3.0"
    assert item.categories == ("exterior", "seat", "été")
    shape = load()
    assert np.allclose(np.ptp(shape.vertices, axis=0), (6, 4, 2))
    red = (shape.colors == (1, 0, 0)).all(1)
    assert np.allclose(shape.normals[red], (1, 0, 0), atol=1e-5)  # +Z turned to +X
    glass = np.unique(shape.colors[~red], axis=0)
    assert np.allclose(glass, [[0.39, 0.425, 0.935]], atol=0.01)  # half blue, half what is behind


def test_a_library_that_is_not_a_zip_is_refused(tmp_path):
    (tmp_path / "Bad.sh3f").write_bytes(io.BytesIO(b"nothing").getvalue())
    with pytest.raises(PriorError, match="cannot read"):
        list(sweethome3d.objects(str(tmp_path)))


@pytest.mark.parametrize(
    ("title", "name", "color", "material"),
    [
        ("Office chair 2", "office chair", "", ""),
        ("Black table", "table", "black", ""),
        ("Oak chair", "chair", "", "oak"),
        ("VW new beetle", "car", "", ""),
        ("Sofa 3 seats", "sofa", "", ""),
        ("Wall type E plug", "wall socket", "", ""),
        ("Air conditioning - External unit", "air conditioner", "", ""),
        ("Teddy bear", "teddy bear", "", ""),
        ("Couch", "sofa", "", ""),
        ("Full bookcase", "bookshelf", "", ""),
    ],
)
def test_titles_become_names(title, name, color, material):
    words = cleaned(title)
    assert (words.name, words.color, words.material) == (name, color, material)


def test_captions_never_contain_a_held_out_synonym():
    titles = ["Couch", "Cupboard", "Full bookcase", "Washbasin", "Espresso kettle", "Fridge"]
    titles += ["Telly", "Large fridge", "Locomotive", "Kitty", "Toy locomotive"]
    items = [item for item, _ in source("builtin:2").objects]
    items += [Item(t, "x", cleaned(t).name, other_names(cleaned(t).name)) for t in titles]
    rng = random.Random(0)
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, held_out_synonyms()))})\b")
    for item in items:
        for _ in range(12):
            text = caption(rng, item)
            assert not pattern.search(text), text


def test_held_out_synonyms_are_replaced_by_names_that_are_used():
    names = {item.name for item, _ in source("builtin:1").objects}
    assert set(held_out_synonyms().values()) <= names
    assert not set(held_out_synonyms()) & names


def test_a_given_colour_is_always_named_and_known_words_often():
    item = Item("a", "x", "table", color="red", material="wooden", parts=(("black", "legs"),))
    rng = random.Random(0)
    texts = [caption(rng, item, "blue") for _ in range(200)]
    assert all("blue" in text and "red" not in text for text in texts)
    assert sum("with black legs" in text for text in texts) > 120
    assert sum("made of wood" in text for text in texts) > 20
    assert caption(random.Random(5), item) == caption(random.Random(5), item)


def test_phrases_have_the_article_of_their_noun():
    assert article("orange car", "car") == "an"
    assert article("glass", "glass") == "a"
    assert article("red scissors", "scissors") == "a pair of"
    assert article("tulips", "tulips") == article("bread", "bread") == ""


def test_names_with_one_meaning_are_one_concept():
    assert concept("phone") == concept("telephone") == "telephone"
    assert concept("ottoman") == "ottoman"


def test_an_item_survives_a_round_trip_through_json():
    item = Item(
        "a",
        "x",
        "table",
        ("desk",),
        ("b",),
        parts=(("red", "top"),),
        palette=((1, 2, 3, 0.5, "red"),),
    )
    assert from_json(to_json(item)) == item
