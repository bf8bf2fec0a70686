"""Laws of recipes: what loads fits the functions it names, and what does not is refused by name."""

import inspect

import pytest

from sds3d.errors import RecipeError
from sds3d.lookup import find
from sds3d.objectives import OBJECTIVES, SERVICES
from sds3d.recipe import build as parts
from sds3d.recipe import load as recipe
from sds3d.recipe import students
from sds3d.recipe.load import dump, load
from sds3d.recipe.toml import bind, split
from sds3d.runs import job
from sds3d.runs.job import Job, resolve, settled
from sds3d.scenes import SCENES

SHIPPED = [(name, preset) for name in recipe.names() for preset in recipe.presets(name)]
MINIMAL = """
steps = 10
paper = { title = "T", authors = "A", year = 2026, url = "https://example.org" }
objective = { name = "sds", guidance_scale = 1, weight = "uniform" }
time = { low = 0.1, high = 0.9, low_end = 0.1, high_end = 0.9 }
camera = { views = 1, sizes = [8], elevation_deg = [0, 9], distance = [3, 3], fov_deg = [40, 40] }
scene = { name = "nerf" }
lr = { table = 0.1 }

[presets.draft]
steps = 5
"camera.sizes" = [4, 6]
"""


@pytest.fixture
def minimal(tmp_path):
    path = tmp_path / "minimal.toml"
    path.write_text(MINIMAL, encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "preset"), SHIPPED)
def test_a_shipped_recipe_binds_to_the_functions_it_names(name, preset):
    found = load(name, preset)
    function = find(OBJECTIVES, found.objective.name, "objective.name")
    bind(function, found.objective.options, "objective", supplied=SERVICES)
    bind(find(SCENES, found.scene.name, "scene.name"), found.scene.options, "scene")
    own, large = split(found.prior, "diffusers")
    bind(parts.exact, own, "prior")
    bind(parts.load, large, "prior.diffusers")
    assert ("student" in inspect.signature(function).parameters) == bool(found.student)
    if found.student:
        own, large = split(found.student, "lora")
        bind(students.student, own, "student")
        if (
            large or found.objective.name not in job.OF_DENSITY
        ):  # which need no other prior's student
            bind(students.lora, large, "student.lora")


@pytest.mark.parametrize("name", recipe.names())
def test_a_shipped_recipe_trains_exactly_the_parameter_groups_of_its_scene(name):
    found = load(name)
    scene = find(SCENES, found.scene.name, "scene.name")(**found.scene.options)
    trained = {id(p) for group in scene.param_groups(found.lr) for p in group["params"]}
    assert trained == {id(p) for p in scene.parameters()}


@pytest.mark.parametrize(("name", "preset"), SHIPPED)
def test_a_dumped_recipe_loads_as_the_same_recipe(name, preset, tmp_path):
    found = load(name, preset)
    (tmp_path / "r.toml").write_text(dump(found), encoding="utf-8")
    assert load(tmp_path / "r.toml") == found


@pytest.mark.parametrize("name", recipe.names())
def test_a_shipped_recipe_cites_its_paper_and_gives_the_source_of_its_numbers(name):
    found = load(name)
    assert found.paper.bibtex.strip().startswith("@")
    assert found.paper.url.startswith("https://")
    assert recipe.text(name).count("#") >= 5


def test_every_method_has_a_recipe_over_every_scene():
    assert {f"{m}-{s}" for m in OBJECTIVES for s in SCENES} <= set(recipe.names())
    for method in OBJECTIVES:
        for scene in SCENES:
            found = load(f"{method}-{scene}")
            assert (found.objective.name, found.scene.name) == (method, scene)
            assert {"draft", "laptop", "quality"} <= set(recipe.presets(f"{method}-{scene}"))


def test_a_preset_replaces_single_numbers_and_overrides_come_after_it(minimal):
    assert load(minimal).steps == 10
    draft = load(minimal, "draft")
    assert (draft.steps, draft.camera.sizes, draft.camera.views) == (5, (4, 6), 1)
    assert load(minimal, "draft", ["steps=7", "scene.width = 3"]).steps == 7
    assert recipe.presets(str(minimal)) == ["laptop", "draft"]


def test_steps_of_the_job_win_over_preset_and_overrides(minimal):
    wanted = Job("x", recipe=str(minimal), preset="draft", steps=3, overrides=("steps=9",))
    assert resolve(wanted).steps == 3


def test_a_recipe_of_its_own_names_the_method_and_the_scene_of_the_job(minimal):
    asked = Job("x", recipe="vsd-triplane")
    assert (settled(asked).method, settled(asked).scene) == ("vsd", "triplane")
    assert settled(Job("x")) == Job("x")


REFUSED = {
    "stepz=3": "stepz: unknown key, did you mean 'steps'",
    "camera.view=3": "camera.view: unknown key, did you mean 'views'",
    "steps=1.5": "steps = 1.5: not a whole number",
    "steps=true": "steps = true: not a whole number",
    "steps=0": "steps = 0: must be at least 1",
    "steps=-3": "steps = -3: must be at least 1",
    "steps.x=3": "'steps' is a value, not a table",
    "time.low=2": "time.low = 2.0: must be from 0 to 1",
    "time.schedule=lineer": "did you mean 'linear'",
    "prompting.debias={face=['frnt']}": "did you mean 'front'",
    "noise.mode=7": "noise.mode = 7: not a text",
    "camera.sizes=[]": "camera.sizes = []: not a list",
    "camera.sizes=[8, 0]": "camera.sizes[1] = 0: must be at least 1",
    "camera.distance=[3]": "not a list of 2",
    "camera.distance=[4, 3]": "ends below its start",
    "camera.distance=[0.5, 3]": "must be at least 1",
    "lr.table=abc": 'lr.table = "abc": not a number',
    "lr.table=-1": "lr.table = -1.0: must be at least 0",
    "export.texture_size=-5": "export.texture_size = -5",
    "objective=3": "objective = 3: not a table",
    "objective.name=3": "objective.name = 3: not a text",
    "noequals": "no '='",
}


@pytest.mark.parametrize(("override", "message"), REFUSED.items())
def test_what_cannot_work_is_refused_by_name(minimal, override, message):
    with pytest.raises(RecipeError) as caught:
        load(minimal, overrides=[override])
    assert message in caught.value.message
    assert caught.value.fix


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (MINIMAL.replace("steps = 10", ""), "lacks the key 'steps'"),
        (MINIMAL.replace('name = "nerf"', ""), "scene: missing key 'name'"),
        (MINIMAL.replace("views = 1, ", ""), "[camera] lacks the key 'views'"),
        (MINIMAL + "]", "not valid TOML"),
        (MINIMAL.replace("[presets.draft]", "[presets]\ndraft = 3\n[other]"), "presets.draft"),
    ],
)
def test_a_broken_recipe_is_refused_by_what_is_wrong_with_it(tmp_path, broken, message):
    (tmp_path / "r.toml").write_text(broken, encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        load(tmp_path / "r.toml")
    assert message in caught.value.message


def test_an_unknown_recipe_or_preset_is_answered_with_the_nearest():
    with pytest.raises(RecipeError, match="did you mean 'sds-nerf'"):
        load("sds-nref")
    with pytest.raises(RecipeError, match="did you mean 'quality'"):
        load("sds-nerf", "qualty")


def area(*, width: float, height: int = 2, names: tuple[str, ...] = (), student: object) -> None:
    """What the tests of `bind` bind to."""


def test_bind_returns_the_keywords_with_their_annotated_types():
    values = {"width": 3, "names": ["a", "b"]}
    bound = bind(area, values, "here", supplied=["student"])
    assert bound == {"width": 3.0, "names": ("a", "b")}
    assert isinstance(bound["width"], float)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "here: missing key 'width'"),
        ({"width": 1, "heigth": 2}, "here.heigth: unknown key, did you mean 'height'"),
        ({"width": "1"}, 'here.width = "1": not a number'),
        ({"width": 1, "student": 3}, "here.student: unknown key"),
    ],
)
def test_bind_refuses_missing_unknown_and_wrongly_typed_keys(values, message):
    with pytest.raises(RecipeError) as caught:
        bind(area, values, "here", supplied=["student"])
    assert message in caught.value.message
