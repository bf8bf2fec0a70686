"""Laws of files of jobs: each gives the intended jobs, or one line that names file and entry."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sds3d.errors import Sds3dError, UsageError
from sds3d.runs.job import Job
from sds3d.runs.job_file import read_jobs

FILES = Path(__file__).parent / "batch_files"


def written(folder, name, data):
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
    return folder / name


def jobs_of(path, *, methods=("sds",), seeds=1, trust_recipe=False, out=Path("out"), **shared):
    return read_jobs(path, shared, methods, range(seeds), out, trust_recipe=trust_recipe)


MEANT = {
    "TXT.TXT": ["a red box"],
    "array.jsonl": ["a red box"],
    "blank_rows.csv": [("a red box", 3)],
    "bom.txt": ["a red box", "a blue car"],
    "cr_only.txt": ["a red box", "a blue car"],
    "dup.txt": ["a red box"],
    "excel.csv": [("a red box", 3)],
    "float_seed.csv": [("a red box", 3)],
    "hash_prompt.csv": ["#1 trophy"],
    "header_case.csv": [("a red box", 3)],
    "header_space.csv": [("a red box", 3)],
    "indented_comment.txt": ["a red box"],
    "inline_hash.txt": ["a red box"],
    "json.json": ["a red box"],
    "latin1.txt": ["a café table"],
    "listprompt.jsonl": ["a red box"],
    "ls_sep.txt": ["a red box\u2028with a lid"],
    "neg.jsonl": ["a red box"],
    "nel.jsonl": ["a red box\x85with a lid"],
    "newline_in_quotes.csv": [("a red box\nwith a lid", 3)],
    "nullseed.jsonl": [("a red box", 0)],
    "numbered.txt": ["1. a red box", "2. a blue car"],
    "pretty.jsonl": ["a red box"],
    "quoted.txt": ['"a red box"'],
    "quoted_comma.csv": [("a red, old box", 3)],
    "semi.csv": [("a red box", 3)],
    "tab.tsv": [("a", 3)],
    "u2028.jsonl": ["a red box\u2028with a lid"],
    "utf16.txt": ["a red box"],
    "formatstr.jsonl": ["a red box"],
    "ovdict.jsonl": ["a red box"],
    "overrides.csv": ["a red box"],
    "list_override.csv": ["a red box"],
}
REFUSED = {
    "bool.jsonl": "'bool.jsonl', entry 1: overwrite = 1: not true or false",
    "comma.csv": "'comma.csv', entry 1: 3 values for 2 columns",
    "comment.jsonl": "'comment.jsonl', line 1: not JSON",
    "empty.txt": "holds no prompts",
    "floatseed.jsonl": "'floatseed.jsonl', entry 1: seed = 3.7: not a whole number",
    "methodbad.jsonl": "'methodbad.jsonl', entry 1: unknown method 'sdss', did you mean 'sds'",
    "noext": "has no suffix",
    "nullprompt.jsonl": "'nullprompt.jsonl', entry 1: no prompt",
    "num.jsonl": "'num.jsonl', entry 1: prompt = 5: not text",
    "seedneg.jsonl": "'seedneg.jsonl', entry 1: seed -1: must be from 0",
    "seedstr.jsonl": "'seedstr.jsonl', entry 1: seed = 'x': not a whole number",
    "trail.jsonl": "'trail.jsonl', line 1: not JSON",
    "yaml.yaml": "is not .txt, .jsonl, .json, .csv or .tsv",
}


def test_every_file_has_its_expectation():
    assert {path.name for path in FILES.iterdir()} == MEANT.keys() | REFUSED.keys()


@pytest.mark.parametrize("name", MEANT)
def test_a_file_gives_the_intended_jobs(name):
    jobs = jobs_of(FILES / name)
    assert [(job.prompt, job.seed) for job in jobs] == [
        row if isinstance(row, tuple) else (row, 0) for row in MEANT[name]
    ]


@pytest.mark.parametrize("name", REFUSED)
def test_an_invalid_file_is_refused_naming_file_and_entry(name):
    with pytest.raises(UsageError) as caught:
        jobs_of(FILES / name)
    assert REFUSED[name] in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.fix


LIBRARY = {"train": ["a chair", {"prompt": "a box", "seed": 3}], "test": ["a blue car"]}


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_a_library_of_prompts_may_be_split_into_lists_with_names(tmp_path, suffix):
    jobs = jobs_of(written(tmp_path, f"p.{suffix}", json.dumps(LIBRARY)))
    expected = [("a chair", 0), ("a box", 3), ("a blue car", 0)]
    assert [(job.prompt, job.seed) for job in jobs] == expected


@pytest.mark.parametrize(("data", "message"), [
    ({"train": ["a chair"], "test": ["a box", 5]}, "entry 3 of 'test': prompt = 5: not text"),
    ({"train": ["a chair"], "test": [{"promt": "a box"}]}, "entry 2 of 'test': unknown key 'promt'"),
    ({"train": [], "test": []}, "holds no prompts"), ({}, "entry 1: no prompt"),
    ({"train": ["a chair"], "prompt": ["a box"]}, "entry 1: unknown key 'train'"),
    ({"train": ["a chair"], "note": "text"}, "entry 1: unknown key 'train'"),
    ({"train": {"a": ["a chair"]}}, "entry 1: unknown key 'train'")], ids=json.dumps)  # fmt: skip
def test_what_is_wrong_in_a_library_is_named_by_its_list(tmp_path, data, message):
    with pytest.raises(UsageError) as caught:
        jobs_of(written(tmp_path, "p.json", json.dumps(data)))
    assert message in caught.value.message


def test_lists_in_a_cell_are_split_at_the_commas_between_their_entries():
    assert jobs_of(FILES / "formatstr.jsonl")[0].formats == ("glb", "ply")
    assert jobs_of(FILES / "overrides.csv")[0].overrides == (
        "camera.views=6",
        "objective.guidance_scale=3",
    )
    assert jobs_of(FILES / "list_override.csv")[0].overrides == ("sampling.elevation_deg=[-10,45]",)
    assert jobs_of(FILES / "ovdict.jsonl")[0].overrides == ("camera.views=6",)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.jsonl", '{"prompt": "a box", "seed": 1e400}', "entry 1: seed = inf: not a whole number"),
        ("a.jsonl", '{"prompt": "a box", "seed": true}', "entry 1: seed = True: not a whole number"),
        ("a.jsonl", '{"prompt": "a box", "seed": ' + "9" * 5000 + "}", "line 1: Exceeds the limit"),
        ("a.jsonl", "\n" + "[" * 100_000, "line 2: nested too deeply"),
        ("a.jsonl", '{"prompt": "a \\ud800 box"}', "entry 1: prompt = 'a \\ud800 box': not valid"),
        ("a.jsonl", '{"prompt": "a box", "out": "a\\u0000b"}', "entry 1: out = 'a\\x00b': not valid"),
        ("a.csv", "prompt\n" + "x" * 131_073, "line 2: field larger than field limit"),
        ("a.csv", "prompt,prompt\na,b", "two columns 'prompt'"),
        ("a.jsonl", '{"prompt": "a", "step": 3}', "entry 1: unknown key 'step', did you mean 'steps'"),
        ("a.jsonl", '{"prompt": "a", "trust_recipe": true}', "entry 1: unknown key 'trust_recipe'"),
        ("a.jsonl", '{"prompt": "a"}\n{"scene": "nerf"}', "entry 2: no prompt"),
        ("a.jsonl", '{"prompt": "a", "steps": "many"}', "steps = 'many': not a whole number"),
        ("a.jsonl", '{"prompt": "a", "scene": 3}', "scene = 3: not text"),
        ("a.jsonl", '{"prompt": "a", "recipe": "sds-nref"}', "entry 1: unknown recipe"),
        ("a.jsonl", '{"prompt": "a", "preset": "laptp"}', "did you mean 'laptop'"),
        ("a.jsonl", '{"prompt": "a", "out": "../x"}', "entry 1: out = '../x': not a folder inside"),
        ("a.jsonl", '{"prompt": "a", "out": "/tmp/x"}', "entry 1: out = '/tmp/x': not a folder inside"),
        ("a.jsonl", '{"prompt": "a", "out": "."}', "entry 1: out = '.': not a folder inside"),
        (
            "a.jsonl",
            '{"prompt": "a", "out": "x"}\n{"prompt": "b", "out": "x"}',
            "entry 2: the run folder 'out/x' is already used by 'a.jsonl', entry 1",
        ),
        ("a.jsonl", '{"prompt": "a", "formats": []}', "formats is empty"),
        ("a.jsonl", '{"prompt": "a", "formats": ["glb", 3]}', "formats = ['glb', 3]: not a list"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_an_invalid_value_is_refused_naming_file_and_entry(tmp_path, name, data, message):
    with pytest.raises(UsageError) as caught:
        jobs_of(written(tmp_path, name, data))
    assert message in caught.value.message
    assert len(caught.value.message) < 400


def test_each_combination_of_prompt_method_and_seed_has_its_own_folder(tmp_path):
    path = written(tmp_path, "p.txt", "a red chair\na blue car\n")
    jobs = jobs_of(path, methods=("sds", "vsd"), seeds=3)
    assert len(jobs) == len({job.folder() for job in jobs}) == 12
    assert {(job.method, job.seed) for job in jobs} == {
        (m, s) for m in ("sds", "vsd") for s in range(3)
    }


def test_the_keys_of_a_row_override_the_options(tmp_path):
    row = {"prompt": "a chair", "scene": "triplane", "steps": 7, "seed": 5, "overrides": ["a.b=1"]}
    path = written(tmp_path, "p.jsonl", json.dumps(row) + "\n" + json.dumps("a plain one"))
    first, second = jobs_of(path, scene="nerf", preset="draft", overrides=("c.d=2",))
    assert (first.scene, first.steps, first.seed, first.overrides) == ("triplane", 7, 5, ("a.b=1",))
    assert (second.prompt, second.scene, second.preset) == ("a plain one", "nerf", "draft")
    assert second.overrides == ("c.d=2",)


def test_a_table_is_equivalent_to_lines_of_json(tmp_path):
    table = 'prompt,method,steps,overwrite\na chair,vsd,7,yes\n"a car, blue",,,\n'
    lines = [
        {"prompt": "a chair", "method": "vsd", "steps": 7, "overwrite": True},
        {"prompt": "a car, blue"},
    ]
    from_csv = jobs_of(written(tmp_path, "p.csv", table))
    assert from_csv == jobs_of(written(tmp_path, "p.jsonl", "\n".join(map(json.dumps, lines))))


def test_a_row_with_a_recipe_has_the_recipes_method_and_scene(tmp_path):
    path = written(tmp_path, "p.jsonl", '{"prompt": "a chair", "recipe": "vsd-triplane"}')
    (job,) = jobs_of(path, methods=("sds", "vsd"))
    assert (job.method, job.scene) == ("vsd", "triplane")


def test_a_rows_folder_is_inside_that_of_the_batch(tmp_path):
    path = written(tmp_path, "p.jsonl", '{"prompt": "a chair", "out": "mine/first"}')
    assert (
        jobs_of(path, out=tmp_path / "batch")[0].folder() == tmp_path / "batch" / "mine" / "first"
    )


def test_a_link_does_not_lead_out_of_the_folder(tmp_path):
    (tmp_path / "batch").mkdir()
    (tmp_path / "batch" / "link").symlink_to(tmp_path)
    path = written(tmp_path, "p.jsonl", '{"prompt": "a chair", "out": "link/x"}')
    with pytest.raises(UsageError, match="not a folder inside"):
        jobs_of(path, out=tmp_path / "batch")


BRINGS_CODE = [
    {"overrides": ["objective.name=os:system"]},
    {"overrides": {"scene.name": "my_package.scene:Scene"}},
    {"overrides": ["regularizers.os:system=1"]},
    {"recipe": "brought.toml"},
    {"recipe": "sds-nerf", "overrides": "objective.name='a.b:c'"},
    {"prior": "my_package.prior:load"},
    {"formats": ["my_package:write"]},
]


@pytest.mark.parametrize("row", BRINGS_CODE, ids=json.dumps)
def test_a_file_that_names_code_is_refused_unless_it_is_trusted(tmp_path, monkeypatch, row):
    monkeypatch.chdir(tmp_path)
    recipe = 'steps = 3\n[objective]\nname = "shutil:rmtree"\n[paper]\nurl = "a:b"\n'
    written(tmp_path, "brought.toml", recipe)
    path = written(tmp_path, "p.jsonl", json.dumps({"prompt": "a chair"} | row))
    with pytest.raises(UsageError, match="entry 1: it imports code") as caught:
        jobs_of(path)
    assert "--trust-recipe" in caught.value.fix


def test_code_named_on_the_command_line_needs_no_further_trust(tmp_path):
    path = written(tmp_path, "p.txt", "a chair")
    (job,) = jobs_of(path, overrides=("objective.name=my_package:grad",))
    assert job.overrides == ("objective.name=my_package:grad",)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(
        ["a red box", "sds", "nerf", "../..", "/", "a:b", "glb", "1", "yes", "laptop"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
KEYS = st.sampled_from([*Job.__dataclass_fields__, "promt", ""])
ROWS = st.dictionaries(KEYS, VALUES, max_size=5) | st.fixed_dictionaries(
    {"prompt": st.just("a red box")},
    optional={name: VALUES for name in Job.__dataclass_fields__ if name != "prompt"},
)


def require_jobs_below_or_one_line(path, out):
    """The law of every file: jobs whose folders lie below `out`, or a line of error with its fix."""
    jobs, error = [], None
    try:
        jobs = read_jobs(path, {}, ("sds",), range(1), out)
    except Sds3dError as refused:
        error = refused
    folders = [job.folder().resolve() for job in jobs]
    assert len(set(folders)) == len(folders)
    assert all(folder.is_relative_to(out.resolve()) for folder in folders)
    assert error is None or (error.fix and "\n" not in error.message)
    assert not out.exists()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@settings(max_examples=500, deadline=None)
@given(rows=st.lists(ROWS, max_size=3))
def test_any_json_gives_jobs_or_one_line(scratch, rows):
    text = "\n".join(json.dumps(row) for row in rows)
    require_jobs_below_or_one_line(written(scratch, "p.jsonl", text), scratch / "out")


@settings(max_examples=500, deadline=None)
@given(cells=st.lists(st.lists(st.text(max_size=20), max_size=4), max_size=4), header=st.permutations(
    ["prompt", "seed", "out", "steps"]), delimiter=st.sampled_from([",", ";", "\t"]))  # fmt: skip
def test_any_table_gives_jobs_or_one_line(scratch, cells, header, delimiter):
    lines = [delimiter.join(row) for row in [header, *cells]]
    text = "\n".join(lines).encode("utf-8", "surrogatepass")
    require_jobs_below_or_one_line(written(scratch, "p.csv", text), scratch / "out")


@settings(max_examples=400, deadline=None)
@given(data=st.binary(max_size=200), suffix=st.sampled_from(["txt", "jsonl", "json", "csv", "tsv"]))
def test_any_bytes_give_jobs_or_one_line(scratch, data, suffix):
    require_jobs_below_or_one_line(written(scratch, f"p.{suffix}", data), scratch / "out")
