"""Laws of recipes: what loads matches the functions it names; anything else is refused by name."""

import inspect

import pytest

from sds3d.errors import PriorError, RecipeError
from sds3d.lookup import find
from sds3d.objectives import OBJECTIVES
from sds3d.recipe import load as recipe
from sds3d.recipe.check import check
from sds3d.recipe.families import objective_of
from sds3d.recipe.load import dump, load
from sds3d.recipe.reference import meanings
from sds3d.recipe.toml import bind, parameters
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
background = { mode = "white" }
optimizer = { betas = [0.9, 0.99], eps = 1e-15, lr_end = 1 }
export = { resolution = 8, texture_size = 64, faces = 100 }

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
def test_a_shipped_recipe_matches_the_functions_it_names(name, preset):
    check(load(name, preset), "exact")


@pytest.mark.parametrize("name", recipe.names())
def test_a_shipped_recipe_also_works_with_a_network_unless_its_objective_needs_a_density(
    name, tmp_path
):
    (tmp_path / "model_index.json").write_text("{}", encoding="utf-8")
    found = load(name)
    if found.objective.name == "fvsd":
        with pytest.raises(PriorError, match="a known density"):
            check(found, f"diffusers:{tmp_path}")
    else:
        check(found, f"diffusers:{tmp_path}")


@pytest.mark.parametrize("name", recipe.names())
def test_a_shipped_recipe_has_a_student_exactly_when_its_objective_asks_for_one(name):
    found = load(name)
    function = objective_of(found)
    assert ("student" in inspect.signature(function).parameters) == bool(found.students)


@pytest.mark.parametrize("name", [f"sds-{scene}" for scene in SCENES])
def test_the_groups_of_a_scene_are_all_its_parameters(name):
    found = load(name)
    family = find(SCENES, found.scene.name, "scene.name")
    scene = family(**found.scene.options)
    groups = scene.param_groups({group: 0.1 for group in family.GROUPS})
    assert {id(p) for g in groups for p in g["params"]} == {id(p) for p in scene.parameters()}


@pytest.mark.parametrize("name", recipe.names())
def test_a_shipped_recipe_gives_a_learning_rate_to_every_group_of_its_scene(name):
    found = load(name)
    family = find(SCENES, found.scene.name, "scene.name")
    assert set(found.lr) == set(family.GROUPS)
    assert set(found.regularizers) <= set(family.PENALTIES)


@pytest.mark.parametrize("scene", SCENES.values())
def test_the_numbers_of_a_scene_are_only_in_recipes(scene):
    found = parameters(find(SCENES, scene, "scene.name"), "scene")
    assert found
    assert all(p.default is p.empty for p in found.values())


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
    assert settled(Job("x")) == Job("x", recipe="sds-nerf")


REFUSED = {
    "stepz=3": "stepz: unknown key, did you mean 'steps'?",
    "camera.view=3": "camera.view: unknown key, did you mean 'camera.views'?",
    "camera.veiws=3": "camera.veiws: unknown key, did you mean 'camera.views'?",
    "viwes=3": "viwes: unknown key, did you mean 'camera.views'?",
    "view=3": "view: unknown key, did you mean 'camera.views'?",
    "views=3": "views: unknown key, did you mean 'camera.views'?",
    "guidance_scale=3": "guidance_scale: unknown key, did you mean 'objective.guidance_scale'?",
    "camera.schedule=3": "camera.schedule: unknown key, did you mean 'time.schedule'?",
    "gradient.lr_end=3": "gradient.lr_end: unknown key, did you mean 'optimizer.lr_end'?",
    "flurble.zorp=3": "flurble: unknown key; known: background, camera, ",
    "steps=1.5": "steps = 1.5: not an integer",
    "steps=true": "steps = true: not an integer",
    "steps=0": "steps = 0: must be from 1 to 1,000,000",
    "steps=-3": "steps = -3: must be from 1 to 1,000,000",
    "steps=1000001": "steps = 1000001: must be from 1 to 1,000,000",
    "steps=0x" + "f" * 99: "steps = an integer of 396 bits: not",
    "steps=" + "9" * 5000: 'steps = "9999',
    "steps=1\nparticles=3": 'steps = "1\\nparticles=3": not an integer',
    "steps=1979-05-27": "steps = 1979-05-27: not an integer",
    "steps.x=3": "'steps' is a value, not a table",
    "paper.year=1e3": "paper.year = 1000.0: not an integer",
    "paper.title=\udcff": 'paper.title = "\\udcff": not Unicode text',
    "time.low=2": "time.low = 2: must be from 0 to 1",
    "time.low=nan": "time.low = nan: not a finite number",
    "time.low=-inf": "time.low = -inf: not a finite number",
    "time.low=1e400": "time.low = inf: not a finite number",
    "time.low=0.95": "time.low = 0.95: above time.high = 0.9",
    "time.high_end=0.05": "time.low_end = 0.1: above time.high_end = 0.05",
    "time.schedule=lineer": "did you mean 'linear'?",
    "time.schedule=7": "time.schedule = 7: not one of constant, linear, sqrt, step, prioritized",
    "time.until=0": "time.until = 0: must be from 0.001 to 1",
    "time.shift=0": "time.shift = 0: must be from 0.01 to 100",
    "time.distribution=shift": "did you mean 'shifted'?",
    "time.per_view=1": "time.per_view = 1: not true or false",
    "time.priorities=[1,1,0,1]": "time.priorities[2] = 0: must be from 0.001 to 10",
    "prompting.debias={face=['frnt']}": 'prompting.debias.face[0] = "frnt": not one of front, ',
    'prompting.debias={"a b"=3}': 'prompting.debias."a b" = 3: not a list',
    "prompting.negative=7": "prompting.negative = 7: not a string",
    "prompting.negative="
    + "x" * 1001: "prompting.negative: the negative prompt has 1,001 characters",
    "prompting.perp_neg_curves=[[1, 1, 0, 1]]": "not a list of 4",
    "prompting.perp_neg_curves=[[1,1,0,1],[1,1,0,2],[1,1,0,1],[1,1,0,1]]": (
        "prompting.perp_neg_curves[1][3] = 2: must be from 0 to 1"
    ),
    "noise.offset=nan": "noise.offset = nan: not a finite number",
    "noise.mode=7": "noise.mode = 7: not one of fresh, fixed",
    "camera.sizes=[]": "camera.sizes = []: not a list of at least one",
    "camera.sizes=[8, 0]": "camera.sizes[1] = 0: must be from 4 to 2048",
    "camera.sizes=[4096]": "camera.sizes[0] = 4096: must be from 4 to 2048 (all views",
    "camera.views=65": "camera.views = 65: must be from 1 to 64 (all views of a step",
    "camera.distance=[3]": "not a list of 2",
    "camera.distance=[4, 3]": "camera.distance = [4, 3]: must not end below its start",
    "camera.distance=[0.5, 3]": "camera.distance[0] = 0.5: must be from 1 to 100",
    "camera.distance=[3, {start=5, end=2}]": "camera.distance: at step 7 it starts at 3 and ends at 2.9",
    "camera.distance=[{start=3, end=200}, 4]": "camera.distance[0].end = 200: must be from 1 to 100",
    "camera.distance=[{start=3, end=4, until=0.5}, 3.5]": "at step 3 it starts at 3.6 and ends at 3.5",
    "camera.front_back_until=2": "camera.front_back_until = 2: must be from 0 to 1",
    "lr.table=abc": 'lr.table = "abc": not a number',
    "lr.table=-1": "lr.table = -1: must be from 0 to 10",
    "optimizer.betas=[0.9, 1.0]": "optimizer.betas[1] = 1.0: must be from 0 to 0.999999",
    "export.texture_size=1": "export.texture_size = 1: must be from 16 to 8192",
    "regularizers.bumpy=nan": "regularizers.bumpy = nan: not a finite number",
    "objective=3": "objective = 3: not a table",
    "objective.name=3": "objective.name = 3: not a string",
    "objective.x=[1, [inf]]": "objective.x[1][0] = inf: not a finite number",
    "scene.x={y=1e400}": "scene.x.y = inf: not a finite number",
    "noequals": '--set "noequals": not KEY=VALUE',
    "=3": '--set "=3": not KEY=VALUE',
}


@pytest.mark.parametrize(("override", "message"), REFUSED.items())
def test_what_cannot_work_is_refused_by_name(minimal, override, message):
    with pytest.raises(RecipeError) as caught:
        load(minimal, overrides=[override])
    assert message in caught.value.message
    assert len(caught.value.message.splitlines()) == 1
    assert len(caught.value.message) < 300
    assert caught.value.fix


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (MINIMAL.replace("steps = 10", ""), "steps: missing key"),
        (MINIMAL.replace('name = "nerf"', ""), "scene.name: missing key"),
        (MINIMAL.replace("views = 1, ", ""), "camera.views: missing key"),
        (MINIMAL + "]", "not valid TOML"),
        (MINIMAL.replace("[presets.draft]", "[presets]\ndraft = 3\n[other]"), "presets.draft"),
        (
            MINIMAL + "[scenes.splat]\nsteps = 3\n",
            "scenes.splat: unknown key, did you mean 'scenes.splats'",
        ),
        (MINIMAL + "[scenes]\nnerf = 3\n", "scenes.nerf"),
    ],
)
def test_a_broken_recipe_is_refused_with_the_reason(tmp_path, broken, message):
    (tmp_path / "r.toml").write_text(broken, encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        load(tmp_path / "r.toml")
    assert message in caught.value.message


def test_a_table_in_a_preset_replaces_only_the_keys_that_it_has(minimal):
    minimal.write_text(MINIMAL + "[presets.other.camera]\nviews = 2\n", encoding="utf-8")
    assert load(minimal, "other").camera.views == 2
    assert load(minimal, "other").camera.sizes == load(minimal).camera.sizes


def test_a_method_has_values_for_single_scenes_which_a_preset_replaces(minimal):
    of_scenes = """
[scenes.nerf]
"camera.sizes" = [12]
lr = { table = 0.3 }
[scenes.splats]
"camera.views" = 3
"""
    minimal.write_text(MINIMAL + of_scenes, encoding="utf-8")
    found = load(minimal)
    assert (found.camera.sizes, found.camera.views, found.lr["table"]) == ((12,), 1, 0.3)
    assert load(minimal, "draft").camera.sizes == (4, 6)
    assert load(minimal, overrides=["lr.table=0.5"]).lr["table"] == 0.5


def test_a_step_has_at_most_4_million_pixels(minimal):
    assert load(minimal, overrides=["camera.sizes=[8, 2048]"]).camera.views == 1
    with pytest.raises(RecipeError, match=r"camera.views = 2 images of 2048.*8,388,608 pixels a"):
        load(minimal, overrides=["camera.sizes=[8, 2048]", "camera.views=2"])


@pytest.mark.parametrize("name", ["nul\0", "x" * 5000, "a/b/c", ".", "\udcff.toml", ""])
def test_a_file_that_is_not_a_recipe_is_refused_in_one_line(name):
    with pytest.raises(RecipeError) as caught:
        load(name)
    assert len(caught.value.message.splitlines()) == 1


@pytest.mark.parametrize("content", ["x = " + "[" * 5000, "x = " + "9" * 5000, "\udcff", "x"])
def test_a_file_that_is_not_toml_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "r.toml").write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(RecipeError) as caught:
        load(tmp_path / "r.toml")
    assert len(caught.value.message.splitlines()) == 1


def test_a_byte_order_mark_is_skipped(minimal):
    expected = load(minimal)
    minimal.write_text(MINIMAL, encoding="utf-8-sig")
    assert load(minimal) == expected


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
        ({}, "here.width: missing key"),
        ({"width": 1, "heigth": 2}, "here.heigth: unknown key, did you mean 'here.height'"),
        ({"width": "1"}, 'here.width = "1": not a number'),
        ({"width": 1, "student": 3}, "here.student: unknown key"),
    ],
)
def test_bind_refuses_missing_unknown_and_wrongly_typed_keys(values, message):
    with pytest.raises(RecipeError) as caught:
        bind(area, values, "here", supplied=["student"])
    assert message in caught.value.message


@pytest.mark.parametrize("scene", SCENES)
def test_every_key_of_a_scene_is_explained(scene):
    family = find(SCENES, scene, "scene.name")
    for key in parameters(family, "scene"):
        assert key in meanings(family.__doc__) or f"`{key}`" in family.__doc__
