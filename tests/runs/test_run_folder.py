"""Laws of the run folder: whose it is, what may be removed from it, and how damage is reported."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sds3d.errors import RunError, Sds3dError
from sds3d.recipe import load as recipes
from sds3d.runs.difference import differences, require_continuable, require_steps_left, text
from sds3d.runs.folder import (
    BASIC,
    SCHEMA,
    Record,
    RunFolder,
    look,
    read_record,
    require_run,
    require_same,
    trim_metrics,
)
from sds3d.runs.job import Job, resolve
from sds3d.runs.result import Result

JOB = Job("a red chair")
RECIPE = recipes.dump(resolve(JOB))


def record(folder, *, job=JOB, status="finished", steps=3, **values):
    made = {"glb": folder / "mesh.glb"}
    result = Result(folder, status, made, {"render": 1.0}, steps, {"t": 0.5}, 0.5, 24)
    known = {"files": ("mesh.glb",), "inputs": {}, "stamps": {}, "environment": {}}
    return Record(**{"status": status, "job": job, "result": result} | known | values)


@pytest.fixture
def run(tmp_path):
    """The folder of a run, with a note of the user's in it."""
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder = folder.begin(record(folder.path), RECIPE).update(written=["mesh.glb"])
    for name in ("mesh.glb", "checkpoint.safetensors", "my notes.txt"):
        (folder.path / name).write_text("x")
    return folder


def names(path):
    return {file.name for file in path.iterdir()}


def test_a_record_is_read_as_it_was_written(run):
    assert read_record(run.path) == run.record
    assert look(run.path) == run
    assert require_run(run.path) == run


def test_a_missing_or_empty_folder_is_ready_for_a_run(tmp_path):
    assert look(tmp_path / "none") == RunFolder(tmp_path / "none")
    assert look(tmp_path) == RunFolder(tmp_path)


@pytest.mark.parametrize("left", [
    ["run.lock"], [".a.0123abcd.partial.json"], ["recipe.toml"], ["run.lock", "recipe.toml"]])  # fmt: skip
def test_the_leftovers_of_a_run_that_died_before_its_record_are_ready_for_a_run(tmp_path, left):
    for name in left:
        (tmp_path / name).write_text(RECIPE)
    assert look(tmp_path) == RunFolder(tmp_path)


def test_a_run_that_dies_between_its_record_and_its_recipe_is_restarted(run):
    (run.path / "recipe.toml").unlink()
    (run.path / "checkpoint.safetensors").unlink()
    found = look(run.path)
    assert found.record is None
    assert set(BASIC) <= set(found.leftovers)


def test_a_checkpoint_without_its_recipe_is_not_deleted(run):
    (run.path / "recipe.toml").unlink()
    with pytest.raises(RunError, match=r"has lost its recipe\.toml"):
        look(run.path)


def test_overwriting_removes_only_what_the_run_wrote(run):
    found = look(run.path, overwrite=True)
    assert found.record is None
    found.begin(record(run.path, files=()), RECIPE)
    assert names(run.path) == {"my notes.txt", "run.json", "recipe.toml"}


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("content", [
    '{"name": "somebody else\'s"}', "[]", "3", '"sds3d run 1"', '{"schema": "sds3d run 9"}'])  # fmt: skip
def test_another_programs_folder_is_refused_and_overwriting_is_not_recommended(
    tmp_path, content, overwrite
):
    (tmp_path / "run.json").write_text(content)
    (tmp_path / "mesh.glb").write_text("precious")
    with pytest.raises(RunError, match="was not written by this version of sds3d") as caught:
        look(tmp_path, overwrite=overwrite)
    assert "--overwrite" not in caught.value.fix
    assert names(tmp_path) == {"run.json", "mesh.glb"}


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_without_a_run_is_refused(tmp_path, overwrite):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(RunError, match="holds no run") as caught:
        look(tmp_path, overwrite=overwrite)
    assert "--overwrite" not in caught.value.fix


def test_a_list_of_files_that_leads_out_of_the_folder_is_not_followed(run, tmp_path):
    (tmp_path / "precious").touch()
    table = json.loads((run.path / "run.json").read_text())
    (run.path / "run.json").write_text(json.dumps(table | {"files": ["../precious"]}))
    with pytest.raises(RunError, match="its files are not file names"):
        look(run.path)
    look(run.path, overwrite=True).begin(record(run.path), RECIPE)
    assert (tmp_path / "precious").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"status": "done"}, "its status is 'done'"),
        ({"job": []}, "its job is not a table"),
        ({"job": {}}, "its job has no prompt"),
        ({"job": {"prompt": "a", "colour": "red"}}, "its job has unknown keys"),
        ({"job": {"prompt": "a", "seed": -1}}, "seed -1"),
        ({"result": 3}, "result is not a table"),
        ({"result": {}}, "result has the keys"),
        ({"inputs": None}, "its inputs is not a table"),
    ],
)
def test_a_malformed_record_is_refused_in_one_line(run, change, message):
    table = json.loads((run.path / "run.json").read_text())
    (run.path / "run.json").write_text(json.dumps(table | change))
    with pytest.raises(RunError, match=r"run\.json' is damaged") as caught:
        look(run.path)
    assert message in caught.value.message
    assert "--overwrite" in caught.value.fix


@pytest.mark.parametrize(
    "key", ["steps", "evaluations", "peak_gib", "seconds", "values", "files", "longest"]
)
def test_a_malformed_result_is_refused_in_one_line(run, key):
    table = json.loads((run.path / "run.json").read_text())
    for wrong in (None, "x", -1.5, [], {"x": "../y"}, {"x": None}):
        if key == "peak_gib" and wrong == -1.5:
            continue
        changed = table | {"result": table["result"] | {key: wrong}}
        (run.path / "run.json").write_text(json.dumps(changed))
        with pytest.raises(RunError, match="damaged"):
            read_record(run.path)


def test_a_run_of_an_earlier_version_is_read(run):
    table = json.loads((run.path / "run.json").read_text())
    whole = read_record(run.path).result
    for later in ("longest", "reading"):
        del table["result"][later]
    (run.path / "run.json").write_text(json.dumps(table))
    assert read_record(run.path).result == replace(whole, longest=1.0, reading="")
    del table["result"]["steps"]
    (run.path / "run.json").write_text(json.dumps(table))
    with pytest.raises(RunError, match="damaged: result has the keys"):
        read_record(run.path)


def test_a_recipe_that_is_not_toml_is_refused_in_one_line(run):
    (run.path / "recipe.toml").write_bytes(b"\xff[")
    with pytest.raises(RunError, match=r"recipe\.toml' is damaged"):
        look(run.path)


@pytest.mark.parametrize(("key", "value"), [
    ("prompt", "a blue chair"), ("seed", 1), ("method", "vsd"), ("scene", "splats"),
    ("negative", "x"), ("prior", "embedded")])  # fmt: skip
def test_another_run_in_the_folder_is_named(run, key, value):
    from dataclasses import replace

    with pytest.raises(RunError, match=f"holds a run with {key} ") as caught:
        require_same(run, replace(JOB, **{key: value}))
    assert "--out" in caught.value.fix


def dumped(*overrides, preset="laptop"):
    return recipes.dump(recipes.load("sds-nerf", preset, overrides))


def test_differences_between_two_recipes_are_listed_by_key():
    found = differences(dumped("steps=5"), dumped("steps=9", "camera.views=6"))
    assert [d.key for d in found] == ["steps", "camera.views"]
    assert text(found) == "steps 5 -> 9, camera.views 4 -> 6"
    assert differences(dumped(), dumped()) == []


def test_a_key_that_an_earlier_version_did_not_have_differs_only_from_its_default():
    kept = [line for line in dumped().splitlines() if not line.startswith(("height", "origin"))]
    lines = "\n".join(kept)
    assert "height" not in lines
    assert differences(lines, dumped()) == []
    assert text(differences(lines, dumped("export.height=2.0"))) == "export.height 0.0 -> 2.0"
    assert differences("[scene]\nnovel = 1", dumped())


def test_only_more_steps_another_preset_or_other_exports_continue_a_run(run):
    draft = Job("a red chair", preset="draft")
    folder = RunFolder(run.path, record(run.path, job=draft), dumped(preset="draft"))
    require_continuable(folder, JOB, differences(folder.recipe_text, dumped()))
    more = differences(folder.recipe_text, dumped("steps=999", "export.faces=999", preset="draft"))
    require_continuable(folder, draft, more)
    with pytest.raises(RunError, match=r"another recipe: camera\.views 4 -> 6$"):
        require_continuable(folder, JOB, differences(folder.recipe_text, dumped("camera.views=6")))
    with pytest.raises(RunError, match=r"camera\.sizes"):  # the same preset, another number
        require_continuable(
            folder,
            draft,
            differences(folder.recipe_text, dumped("camera.sizes=[8]", preset="draft")),
        )


def test_a_run_has_steps_left_or_nothing_that_matters_differs(run):
    more = differences(dumped("steps=5"), dumped("steps=9"))
    other = differences(dumped("steps=5"), dumped("steps=5", "camera.sizes=[8]"))
    require_steps_left(run, 5, 9, more)
    require_steps_left(run, 5, 5, [])
    require_steps_left(run, 5, 5, more)
    for done, steps, found in ((9, 5, more), (5, 5, other)):
        with pytest.raises(RunError, match=f"has done {done} steps, and {steps} are requested"):
            require_steps_left(run, done, steps, found)


def test_metrics_keep_whole_lines_of_earlier_steps_and_drop_damaged_ones(tmp_path):
    path = tmp_path / "metrics.jsonl"
    lines = ['{"step": 0, "t": 1}', "\x00\xff{", "[]", '{"step": "x"}', '{"step": 1, "t": 2}',
             '{"step": 2, "t": 3}', '{"step": 1, "t"']  # fmt: skip
    path.write_bytes("\n".join(lines).encode("latin-1"))
    assert trim_metrics(path, 2) == {"t": 2}
    assert path.read_text().splitlines() == [lines[0], lines[4]]
    assert trim_metrics(tmp_path / "none", 2) == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=5,
)
FIELDS = ("status", "job", "files", "inputs", "stamps", "result")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """A folder beside which nothing may be changed."""
    top = tmp_path_factory.mktemp("folders")
    (top / "beside").touch()
    folder = RunFolder(top / "run")
    folder.path.mkdir()
    folder.begin(record(folder.path), RECIPE)
    return folder.path, json.loads((folder.path / "run.json").read_text())


@settings(max_examples=400, deadline=None)
@given(change=st.dictionaries(st.sampled_from(FIELDS), JSON), inner=st.dictionaries(
    st.sampled_from(["job", "result"]), st.dictionaries(
        st.sampled_from([*Job.__dataclass_fields__, "seconds", "files", "values"]), JSON)))  # fmt: skip
def test_any_record_is_read_or_refused_in_one_line(scratch, change, inner):
    path, table = scratch
    changed = table | change
    for name, values in inner.items():
        if isinstance(changed[name], dict):
            changed = changed | {name: {**changed[name], **values}}
    (path / "run.json").write_text(json.dumps(changed))
    (path / "recipe.toml").write_text(RECIPE)
    for overwrite in (False, True):
        try:
            found = look(path, overwrite=overwrite)
        except Sds3dError as error:
            refused = error
            assert "\n" not in refused.message
            continue
        if overwrite:
            found.begin(record(path), RECIPE)
    assert names(path.parent) == {"beside", "run"}


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(["run.json", "recipe.toml", "metrics.jsonl"]), data=st.binary(max_size=60)
)
def test_any_bytes_in_a_run_folder_are_read_or_refused_in_one_line(scratch, name, data):
    path, table = scratch
    (path / "run.json").write_text(json.dumps(table))
    (path / "recipe.toml").write_text(RECIPE)
    (path / name).write_bytes(data)
    error = None
    try:
        look(path)
        trim_metrics(path / "metrics.jsonl", 5)
    except Sds3dError as refused:
        error = refused
    assert error is None or (error.fix and "\n" not in error.message)


def test_the_schema_is_in_every_record(run):
    assert json.loads((run.path / "run.json").read_text())["schema"] == SCHEMA
