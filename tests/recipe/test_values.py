"""Laws of a recipe's values: each is allowed by its bounds or refused in one line, and nothing is loaded."""

import math
import typing
from collections.abc import Mapping
from functools import cache
from typing import Annotated

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sds3d.bounds import Bounds
from sds3d.errors import RecipeError
from sds3d.lookup import find
from sds3d.mesh.bake import textured
from sds3d.mesh.isosurface import isosurface
from sds3d.objectives import OBJECTIVES
from sds3d.objectives.context import SERVICES
from sds3d.priors import PRIORS
from sds3d.recipe import load as recipes
from sds3d.recipe.check import check
from sds3d.recipe.families import BY_CALLER
from sds3d.recipe.load import dump, load, schema_keys, tables_of
from sds3d.recipe.schedule import Schedule
from sds3d.recipe.schema import Export, Recipe
from sds3d.recipe.students import STUDENTS
from sds3d.recipe.toml import annotations_of, flat, is_table, parameters
from sds3d.scenes import SCENES
from sds3d.views.cameras import orbit

NASTY = (
    *("nan", "inf", "-inf", "1e308", "-1e308", "1e-320", "1e400", "9" * 30, "-7", "0", "1e9"),
    *("true", '"x"', '""', "[]", "[nan, nan]", "[1, 2, 3, 4, 5]", "{}", "{ a = 1 }", "1979-05-27"),
)
LARGEST = 1e6  # of the numbers that a shipped table allows
FAST = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def owner(recipe, key):
    """What a key belongs to: the same key of another scene or objective is another key."""
    named = {"objective": recipe.objective.name, "regularizers": recipe.scene.name}
    named |= {"scene": recipe.scene.name, "lr": recipe.scene.name}
    return named.get(key.partition(".")[0], "")


@cache
def keys():
    """A shipped recipe for every key of every table, and for the tables themselves."""
    examples = {}
    for name in recipes.names():
        recipe = load(name)
        values = tables_of(recipe)
        nested = {"students.renders", "students.renders.residual", "students.renders.lora"}
        for key in {*schema_keys(Recipe), *flat(values), *values, *nested}:
            examples.setdefault((owner(recipe, key), key), name)
    return examples


def numbers(value):
    """Every number in nested tables and lists."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [number for inner in value for number in numbers(inner)]
    return [value] if isinstance(value, int | float) else []


def refusal(name, overrides):
    """The message with which the recipe is refused, "" when it is accepted with numbers that are in bounds."""
    refused = None
    try:
        recipe = load(name, overrides=overrides)
        check(recipe, "exact")
    except RecipeError as error:
        refused = error
    if refused:
        assert refused.fix
        assert len(refused.message.splitlines()) == 1
        assert len(refused.message) < 500
        return refused.message
    assert all(math.isfinite(n) and abs(n) <= LARGEST for n in numbers(tables_of(recipe)))
    return ""


def test_there_are_more_than_2075_values_to_try():
    assert len(keys()) * len(NASTY) > 2075


@pytest.mark.parametrize(("of", "key"), sorted(keys()))
def test_a_nasty_value_is_refused_in_one_line_that_names_the_key_or_is_in_bounds(of, key):
    for value in NASTY:
        message = refusal(keys()[of, key], [f"{key}={value}"])
        assert not message or key in message, (value, message)


@pytest.mark.parametrize(("of", "key"), sorted(keys()))
def test_a_misspelled_key_is_answered_with_the_correct_one(of, key):
    message = refusal(keys()[of, key], [f"{key}e=1"])
    if key.startswith("prompting.debias"):  # a table with keys of the user's own
        assert f"{key}e: unknown key" in message
    elif key == "students.renders":  # a name of the user's own
        assert f"{key}e: unknown key; known: NAME.lora, NAME.residual" in message
    else:
        assert f"did you mean '{key}'?" in message


def unbounded(annotation, bounded=False):
    """Whether an annotation allows a number without bounds."""
    inner = typing.get_args(annotation)
    if typing.get_origin(annotation) is Annotated:
        constraints = annotation.__metadata__
        return unbounded(inner[0], bounded or any(isinstance(c, Bounds) for c in constraints))
    if is_table(annotation):
        return any(map(unbounded, annotations_of(annotation).values()))
    return (annotation in {int, float} and not bounded) or any(map(unbounded, inner))


def functions():
    """Every function whose parameters are keys of a recipe."""
    paths = [*OBJECTIVES.values(), *SCENES.values(), *STUDENTS.values()]
    return [*paths, *(kind.load for kind in PRIORS.values())]


@pytest.mark.parametrize("path", functions())
def test_every_number_that_a_function_takes_from_a_recipe_has_bounds(path):
    for name, parameter in parameters(find({}, path, "path"), path).items():
        if name not in (*SERVICES, *BY_CALLER):
            assert not unbounded(parameter.annotation), name


def test_every_number_of_the_schema_has_bounds():
    assert unbounded(tuple[float, ...])
    assert unbounded(Schedule[float])
    assert not unbounded(Recipe)


SMALL = {
    "nerf": {
        **{"levels": 2, "features": 2, "log2_table": 6, "base_resolution": 2, "max_resolution": 4},
        **{"width": 4, "blob_density": 10.0, "blob_radius": 0.5, "density_scale": 25.0},
        **{"step": 0.1, "grid": 8, "refresh": 1, "empty": 0.01},
    },
    "triplane": {
        **{"channels": 2, "plane_resolution": 4, "width": 4, "blob_density": 10.0},
        **{"blob_radius": 0.5, "density_scale": 25.0, "step": 0.1, "grid": 8, "refresh": 1},
        **{"empty": 0.01},
    },
    "splats": {
        **{"count": 50, "radius": 0.5, "opacity": 0.1, "densify_every": 1, "densify_until": 9},
        **{"densify_grad": 0.0, "split_scale": 0.03, "prune_opacity": 0.01, "most": 60},
        **{"sh_degree": 1, "sh_every": 1},
    },
    "mesh": {
        **{"levels": 2, "features": 2, "log2_table": 6, "base_resolution": 2, "max_resolution": 4},
        **{"width": 4, "resolution": 8, "radius": 0.5},
    },
}


def ends():
    """(scene, parameter, value) for both ends of each range; not the upper end of what memory bounds."""
    for scene, path in SCENES.items():
        for name, parameter in parameters(find({}, path, "path"), path).items():
            for bounds in getattr(parameter.annotation, "__metadata__", ()):
                yield scene, name, bounds.low
                if not bounds.reason:
                    yield scene, name, bounds.high


@pytest.mark.parametrize(("scene", "name", "value"), list(ends()))
def test_a_scene_trains_at_either_end_of_each_of_its_bounds(scene, name, value):
    torch.manual_seed(0)
    family = find(SCENES, scene, "scene")
    kind = type(SMALL[scene][name])
    made = family(**(SMALL[scene] | {name: kind(value)}))
    optimizer = torch.optim.Adam(made.param_groups({group: 0.01 for group in family.GROUPS}))
    rng = torch.Generator().manual_seed(0)
    for step in range(2):
        render = made.render(orbit(1, 8), torch.ones(1, 3), rng)
        penalties = made.regularizers(render)
        assert set(penalties) == set(family.PENALTIES) - {"orient"}  # which needs normals
        (render.rgb.square().mean() + sum(penalties.values())).backward()
        optimizer.step()
        optimizer.zero_grad()
        made.after_step(step, optimizer, rng)
    image = made.render(orbit(1, 8), torch.ones(1, 3)).rgb
    assert torch.isfinite(image).all()


@pytest.mark.parametrize("end", ["low", "high"])
def test_a_mesh_of_the_smallest_export_has_a_texture(end):
    types = annotations_of(Export)
    bounds = {k: types[k].__metadata__[0] for k in ("resolution", "faces", "texture_size")}
    line = np.linspace(-1, 1, bounds["resolution"].low)
    x, y, z = np.meshgrid(line, line, line, indexing="ij")
    density = np.clip(3 - 4 * np.sqrt(x * x + y * y + z * z), 0, None).astype(np.float32)
    mesh = isosurface(density, 0.5, faces=getattr(bounds["faces"], end))
    size = bounds["texture_size"].low
    grey = textured(mesh, lambda points, normals: np.full((len(points), 3), 0.5), texture_size=size)
    assert grey.base_color.shape[:2] == (size, size)


SCALARS = st.one_of(
    st.sampled_from(NASTY),
    st.integers().map(str),
    st.floats().map(repr),
    st.floats(0, 1).map(repr),
    st.text(max_size=12),
    st.sampled_from(["sds", "nerf", "x:y", "os:getcwd", "math:pi", ":", "fixed", "white", "back"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(inner, max_size=2).map(lambda items: f"{{ a = {', b = '.join(items)} }}"),
    ),
    max_leaves=6,
)


def known_keys():
    return sorted({key for _, key in keys()})


KEYS = st.one_of(
    st.deferred(lambda: st.sampled_from(known_keys())),
    st.deferred(lambda: st.sampled_from(known_keys())).map(lambda key: key[:-1]),
    st.text(max_size=12),
    st.text("abc.\"'= \n", max_size=8),
)


@given(st.sampled_from(recipes.names()), st.lists(st.tuples(KEYS, VALUES), max_size=3))
@settings(FAST, max_examples=700)
def test_any_override_is_applied_or_refused_in_one_line(name, pairs):
    refusal(name, [f"{key}={value}" for key, value in pairs])


@given(st.text(max_size=40))
@settings(FAST, max_examples=200)
def test_any_text_after_set_is_applied_or_refused_in_one_line(override):
    refusal("sds-nerf", [override])


@given(
    st.sampled_from(recipes.names()),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 60), st.text(max_size=8)), max_size=3),
)
@settings(FAST, max_examples=450)
def test_any_damaged_recipe_loads_or_is_refused_in_one_line(tmp_path_factory, name, cuts):
    text = recipes.text(name)
    for where, length, inserted in cuts:
        start = int(where * len(text))
        text = text[:start] + inserted + text[start + length :]
    file = tmp_path_factory.getbasetemp() / "damaged.toml"
    file.write_text(text, encoding="utf-8", newline="")
    refusal(file, [])


@given(
    st.sampled_from(recipes.names()),
    st.floats(0, 1),
    st.integers(1, 64),
    st.text(max_size=20),
    st.dictionaries(st.text(max_size=6), st.lists(st.sampled_from(["front", "back"]), min_size=1)),
    st.floats(1e-30, 1),
)
@settings(FAST, max_examples=150)
def test_whatever_loads_is_dumped_as_toml_that_loads_equal(
    tmp_path_factory, name, fraction, views, title, debias, eps
):
    file = tmp_path_factory.getbasetemp() / "dumped.toml"
    recipe = load(name)
    values = {"time.low": fraction * recipe.time.high, "camera.views": views, "optimizer.eps": eps}
    overrides = [f"{key}={value}" for key, value in values.items()]
    overrides += [f"paper.title={recipes.write(title)}"]
    overrides += [f"prompting.debias={recipes.write(debias)}", "camera.sizes=[8]"]
    recipe = load(name, overrides=overrides)
    file.write_text(dump(recipe), encoding="utf-8", newline="")
    assert load(file) == recipe
    assert recipe.paper.title == title
    assert set(recipe.prompting.debias) == set(debias)
