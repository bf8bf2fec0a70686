"""Laws of the built-in objects: their solids, their poses and their paint."""

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from sds3d.errors import UsageError
from sds3d.language.reading import read
from sds3d.library import CATEGORIES, model
from sds3d.library.kit.model import RADIUS, Look, Part, Wish, paint
from sds3d.library.kit.shapes import (
    Solid,
    block,
    box,
    capsule,
    cylinder,
    ellipsoid,
    extrude,
    lathe,
    loft,
    rod,
    rounded_box,
    torus,
    tube,
)
from sds3d.library.kit.solid import volume

NAMES = sorted(CATEGORIES)
VARIANTS = 3
L_SHAPE = [(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]
SQUARE = [(0, 0), (3, 0), (3, 2), (0, 2)]
HOLES = [[(0.5, 0.5), (1, 0.5), (1, 1.5), (0.5, 1.5)], [(2, 0.5), (2.5, 0.5), (2.5, 1.5), (2, 1.5)]]
SHAPES = {
    "box": (box(1, 2, 3), 6.0),
    "block": (block((1, 1, 1), (3, 2, 0)), 2.0),
    "bevelled box": (box(1, 2, 3, 1e-4), 6.0),
    "rounded box": (rounded_box(1, 1, 1, 0.25, steps=12), 0.5 + 0.09375 * np.pi + np.pi / 48),
    "cylinder": (cylinder(1, 2, sides=90), 2 * np.pi),
    "cone": (cylinder(1, 3, 0, sides=90), np.pi),
    "rod": (rod((0, 0, 0), (0, 3, 4), 0.1, sides=90), 0.05 * np.pi),
    "ball": (ellipsoid(1, 2, 3, sides=90), 8 * np.pi),
    "capsule": (capsule((0, 0, 0), (1, 0, 0), 0.3, sides=90), np.pi * (0.09 + 4 / 3 * 0.027)),
    "torus": (torus(1, 0.2, 90, 60), 2 * np.pi**2 * 0.04),
    "cup": (lathe([(0, 0), (1, 0), (1, 1), (0.9, 1), (0.9, 0.1), (0, 0.1)], 90), 0.271 * np.pi),
    "L": (extrude(L_SHAPE, 0.5), 1.5),
    "clockwise L": (extrude(L_SHAPE[::-1], 0.5), 1.5),
    "plate with holes": (extrude(SQUARE, 1, HOLES), 5.0),
    "ring": (tube([(1, 0, 0), (0, 1, 0), (-1, 0, 0), (0, -1, 0)], 0.01, 60, ring=True), None),
    "wedge": (loft(np.array([[(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)],
                             [(0, 0.5, 2), (1, 0.5, 2), (1, 0.5, 2), (0, 0.5, 2)]])), 1.0),
    "mirrored": (box(1, 2, 3).mirror("z").turn("x", 33).scale(1, 2, 0.5), 6.0),
}  # fmt: skip
_built: dict[str, list[list[Part]]] = {}


def members(name: str) -> list[list[Part]]:
    """Some members of a category, built once for all tests."""
    if name not in _built:
        rngs = (np.random.default_rng([7, k]) for k in range(VARIANTS))
        _built[name] = [CATEGORIES[name].build(rng) for rng in rngs]
    return _built[name]


def welded(solid: Solid | Part) -> tuple[np.ndarray, np.ndarray]:
    """Vertices at one place made one, and the faces that keep an area."""
    size = np.ptp(solid.vertices, axis=0).max()
    places, index = np.unique(np.round(solid.vertices / size, 7), axis=0, return_inverse=True)
    faces = index.ravel()[solid.faces]
    return places * size, faces[(faces != np.roll(faces, 1, 1)).all(1)]


def open_edges(solid: Solid | Part) -> int:
    """0 when every directed edge has a partner in the other direction."""
    _, faces = welded(solid)
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    n = faces.max() + 1
    forward, backward = edges @ [n, 1], edges @ [1, n]
    return len(np.setxor1d(forward, backward)) + int((np.sort(forward) != np.sort(backward)).sum())


def piece_volumes(solid: Solid | Part) -> np.ndarray:
    """The signed volume of each connected piece, about its own middle."""
    vertices, faces = welded(solid)
    links = coo_matrix((np.ones(2 * len(faces)), (faces[:, [0, 0]].ravel(), faces[:, 1:].ravel())),
                       shape=(len(vertices),) * 2)  # fmt: skip
    _, label = connected_components(links, directed=False)
    pieces = (faces[label[faces[:, 0]] == k] for k in np.unique(label[faces]))
    return np.array([volume(vertices - vertices[f].mean((0, 1)), f) for f in pieces])


def corners_against_their_face(solid: Solid | Part) -> float:
    """The smallest cosine between a corner's normal and its face's, slivers left out."""
    a, b, c = (solid.vertices[solid.faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    area = np.linalg.norm(normal, axis=1)
    size = np.ptp(solid.vertices, axis=0).max()
    fat = area > 1e-6 * size**2
    unit = normal[fat] / area[fat, None]
    return float(np.einsum("fi,fki->fk", unit, solid.normals[solid.faces[fat]]).min())


@pytest.mark.parametrize("name", SHAPES)
def test_a_primitive_is_closed_and_outward_and_has_the_volume_of_its_formula(name: str) -> None:
    solid, expected = SHAPES[name]
    assert open_edges(solid) == 0
    assert (piece_volumes(solid) > 0).all()
    assert corners_against_their_face(solid) > 0.5
    if expected is not None:
        assert volume(solid.vertices, solid.faces) == pytest.approx(expected, rel=5e-3)


def test_smooth_normals_of_a_ball_point_away_from_its_centre() -> None:
    ball = ellipsoid(1.0, sides=24)
    np.testing.assert_allclose((ball.normals * ball.vertices).sum(1), 1, atol=2e-3)


def test_a_turn_about_y_brings_the_front_to_the_right() -> None:
    moved = box(0.1, 0.1, 0.1).move(z=1).turn("y", 90)
    np.testing.assert_allclose(moved.vertices.mean(0), [1, 0, 0], atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_every_part_is_a_closed_outward_solid_with_unit_normals(name: str) -> None:
    for parts in members(name):
        for part in parts:
            assert open_edges(part) == 0, part.name
            assert (piece_volumes(part) > 0).all(), part.name
            np.testing.assert_allclose(np.linalg.norm(part.normals, axis=1), 1, atol=1e-6)
            assert corners_against_their_face(part) > 0, part.name


@pytest.mark.parametrize("name", NAMES)
def test_every_member_is_cheap_enough_to_be_rendered_at_each_step(name: str) -> None:
    for parts in members(name):
        assert 30 < sum(len(part.faces) for part in parts) <= 4000


@pytest.mark.parametrize("name", NAMES)
def test_every_member_has_main_parts_and_plain_part_names(name: str) -> None:
    for parts in members(name):
        assert any(part.main for part in parts)
        assert all(part.name == part.name.lower().strip() for part in parts)
        looks = np.array([[*p.look.color, p.look.metallic, p.look.roughness] for p in parts])
        assert ((looks >= 0) & (looks <= 1)).all()


@pytest.mark.parametrize("name", NAMES)
def test_members_of_a_category_differ(name: str) -> None:
    shapes = [np.concatenate([p.vertices for p in parts]) for parts in members(name)]
    for one, other in zip(shapes, [*shapes[1:], shapes[0]], strict=True):
        assert one.shape != other.shape or np.abs(one - other).max() > 1e-3 * np.abs(one).max()


@pytest.mark.parametrize("name", NAMES[::6])
def test_the_same_name_and_variant_give_the_same_bits(name: str) -> None:
    one, other = model(name, 3), model(name, 3)
    for field in ("vertices", "faces", "normals", "colors", "metallic", "roughness"):
        a, b = getattr(one, field), getattr(other, field)
        assert a.dtype == b.dtype
        assert np.array_equal(a, b)


@pytest.mark.parametrize("name", NAMES[::6])
def test_a_model_fills_the_ball_of_its_radius(name: str) -> None:
    made = model(name, 0, caption="a thing")
    reach = np.linalg.norm(made.vertices, axis=1).max()
    assert reach == pytest.approx(RADIUS, rel=1e-5)
    assert made.caption == "a thing"
    assert made.faces.max() == len(made.vertices) - 1


@pytest.mark.parametrize("name", NAMES)
def test_a_requested_colour_reaches_exactly_the_main_parts(name: str) -> None:
    wish = Wish(color=(0.123, 0.456, 0.789))
    for before, after in zip(members(name)[0], paint(members(name)[0], wish), strict=True):
        expected = wish.color if before.main else before.look.color
        assert after.look.color == expected
        assert (after.look.metallic, after.look.roughness) == (
            before.look.metallic,
            before.look.roughness,
        )


def test_a_request_for_a_part_overrides_the_objects() -> None:
    red, black = (0.8, 0.1, 0.1), (0.0, 0.0, 0.0)
    painted = paint(members("table")[0], Wish(color=red, parts={"legs": Wish(color=black)}))
    assert {p.name: p.look.color for p in painted}["legs"] == black
    assert {p.name: p.look.color for p in painted}["top"] == red


def test_a_material_without_a_colour_brings_its_own() -> None:
    gold = Look((0.9, 0.7, 0.2), 1.0, 0.2)
    painted = paint(members("teapot")[0], Wish(material=gold))
    assert all(p.look == gold for p in painted if p.main)
    red = paint(members("teapot")[0], Wish(color=(1, 0, 0), material=gold))
    assert all(p.look == Look((1, 0, 0), 1.0, 0.2) for p in red if p.main)


def test_no_two_categories_share_a_word() -> None:
    words = [word for name, row in CATEGORIES.items() for word in (name, *row.also)]
    twice = sorted({word for word in words if words.count(word) > 1})
    assert twice == []


def test_every_name_and_synonym_is_read_as_its_own_category() -> None:
    names = {name: row.also for name, row in CATEGORIES.items()}
    words = {word: name for name, row in CATEGORIES.items() for word in (name, *row.also)}
    read_as = {word: read(word, names).matches for word in words}
    assert read_as == {word: ((name, 1.0),) for word, name in words.items()}


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match="did you mean 'armchair'"):
        model("armchiar", 0)
