"""Laws of the command line: fast help; bad input refused in one line with the fix and its own exit code."""

import json
import resource
import subprocess
import sys

import pytest

from sds3d import errors
from sds3d.cli import main

HELPS = ["", "generate", "export", "batch", "runs", "recipes", "recipes list", "recipes show", "prior",
         "prior info", "prior sample", "prior eval", "prior data", "prior train", "doctor", "cite",
         "blender-addon"]  # fmt: skip
PYTHON = (sys.executable, "-P")  # not from the working folder: the installed package
HEAVY = ("torch", "numpy", "numba", "scipy", "PIL", "trimesh")
HELP_IN_ONE_PROCESS = """
import sys, sds3d.cli
for verb in sys.argv[1:]:
    try:
        sds3d.cli.main([*verb.split(), "--help"])
    except SystemExit as end:
        assert not end.code, verb
print([name for name in {heavy} if name in sys.modules])
"""
IS_TORCH_LOADED = """
import sys, sds3d.cli
try:
    sds3d.cli.main(["generate", "a chair", "--preset", "laptp"])
except SystemExit:
    print("torch" in sys.modules)
"""


def call(capsys, *arguments):
    """(exit code, stdout, stderr) of one command line, in this process."""
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    return (end.value.code or 0, *capsys.readouterr())


def test_every_help_has_an_example_and_imports_nothing_heavy():
    code = HELP_IN_ONE_PROCESS.format(heavy=HEAVY)
    done = subprocess.run([*PYTHON, "-c", code, *HELPS], capture_output=True, text=True, check=True)
    pages = done.stdout.split("Usage: ")[1:]
    assert len(pages) == len(HELPS)
    assert all("Example" in page and "sds3d" in page for page in pages)
    assert done.stdout.rstrip().endswith("[]")


def test_help_is_fast():
    def seconds():
        """Of the processor: a loaded machine makes the wall clock a poor judge."""
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*PYTHON, "-m", "sds3d", "--help"], capture_output=True, check=True)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return ended.ru_utime - began.ru_utime + ended.ru_stime - began.ru_stime

    assert min(seconds() for _ in range(5)) < 0.5


def test_version_is_printed(capsys):
    code, out, _ = call(capsys, "--version")
    assert (code, out.startswith("sds3d ")) == (0, True)


REFUSED = {
    ("",): (2, "the prompt is empty"),
    ("a" * 10_000,): (2, "10,000 characters"),
    ("a chair", "--negative", "a" * 10_000): (2, "negative prompt"),
    ("a chair", "--method", "vds"): (2, "did you mean 'vsd'"),
    ("a chair", "--scene", "splat"): (2, "did you mean 'splats'"),
    ("a chair", "--format", "gltf"): (2, "did you mean 'glb'"),
    ("a chair", "--device", "gpu"): (2, "unknown device 'gpu'"),
    ("a chair", "--seed", "-1"): (2, "seed -1"),
    ("a chair", "--steps", "-3"): (2, "steps = -3"),
    ("a chair", "--preset", "laptp"): (3, "did you mean 'laptop'"),
    ("a chair", "--recipe", "sds-nref"): (3, "did you mean 'sds-nerf'"),
    ("a chair", "--recipe", "sds-nerf", "--method", "vsd"): (2, "the recipe has sds"),
    ("a chair", "--set", "camera.view=3"): (3, "did you mean 'camera.views'"),
    ("a chair", "--set", "steps=many"): (3, "not an integer"),
    ("a chair", "--set", "export.texture_size=-4"): (3, "must be from 16 to 8192"),
    ("a chair", "--set", "objective.weight=x"): (3, 'objective.weight = "x": not one of'),
    ("a chair", "--set", "objective.guidance_scale=nan"): (3, "guidance_scale = nan: not a finite"),
    ("a chair", "--set", "scene.name=x"): (3, "scene.name: unknown 'x'"),
    ("a chair", "--set", "scene.refresh=0"): (3, "scene.refresh = 0: must be from 1 to"),
    ("a chair", "--set", "regularizers.foo=1"): (3, "regularizers.foo: unknown key"),
    ("a chair", "--set", "lr.mpl=1"): (3, "did you mean 'lr.mlp'"),
    ("a chair", "--set", "prior.schedule=flow"): (3, "did you mean 'prior.exact.schedule'"),
    ("a chair", "--prior", "exakt"): (4, "did you mean 'exact'"),
    ("a chair", "--prior", "exact:no/such/folder"): (4, "is not a folder"),
    ("a chair", "--prior", "difusers:x"): (4, "did you mean 'diffusers'"),
    ("a chair", "--prior", "diffusers"): (4, "'' is not a folder"),
    ("a chair", "--prior", "diffusers:no/such/folder"): (4, "is not a folder"),
    ("a chair", "--prior", "diffusers:."): (4, "it has no model_index.json"),
    ("a chair", "--out", "a-file/below"): (6, "'a-file' is a file"),
}


@pytest.mark.parametrize("arguments", REFUSED, ids=lambda a: " ".join(a)[:40])
def test_bad_input_is_refused_before_anything_is_written(capsys, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-file").touch()
    code, message = REFUSED[arguments]
    found, out, err = call(capsys, "generate", *arguments)
    assert (found, out) == (code, "")
    assert err.startswith("error: ")
    assert message in err.splitlines()[0]
    assert err.splitlines()[1].startswith("fix:   ")
    assert len(err.splitlines()) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["a-file"]


def test_bad_input_is_refused_before_torch_loads():
    done = subprocess.run(
        [*PYTHON, "-c", IS_TORCH_LOADED], capture_output=True, text=True, check=True
    )
    assert "did you mean 'laptop'" in done.stderr
    assert done.stdout.splitlines()[-1] == "False"


OTHERS = {
    ("export", "nowhere"): (6, "holds no run"),
    ("export", "nowhere", "--format", "gltf"): (2, "did you mean 'glb'"),
    ("export", "nowhere", "--faces", "-1"): (2, "faces = -1: must be from 100 to 1,000,000"),
    ("export", "nowhere", "--texture-size", "0"): (2, "texture_size = 0: must be from 16 to 8192"),
    ("export", "nowhere", "--texture-size", "99999"): (2, "takes gigabytes"),
    ("recipes", "show", "sds-nref"): (3, "did you mean 'sds-nerf'"),
    ("cite", "vds"): (2, "did you mean 'vsd'"),
    ("batch", "nowhere.txt"): (2, "there is no file"),
    ("batch", "nowhere.txt", "--methods", "sds,vds"): (2, "did you mean 'vsd'"),
    ("batch", "nowhere.txt", "--seeds", "0"): (2, "--seeds 0"),
    ("batch", "nowhere.txt", "--set", "camera.views"): (2, "there is no file"),
    ("prior", "sample", "a flurb of zanthor"): (4, "the nearest by"),
    ("prior", "sample", "a chair", "--prior", "diffusers:a/b"): (4, "has no members to draw"),
    ("prior", "sample", "a red chair", "--out", "nowhere/m.png"): (8, "cannot write"),
    ("prior", "eval", "nowhere.txt"): (2, "there is no file"),
    ("prior", "data", "bultin", "--out", "nowhere"): (2, "did you mean 'builtin'"),
    ("prior", "data", "builtin", "--views", "5", "--out", "nowhere"): (2, "multiple of 4"),
}


@pytest.mark.parametrize("arguments", OTHERS, ids=" ".join)
def test_every_verb_refuses_bad_input_in_one_line_with_the_fix(
    capsys, tmp_path, monkeypatch, arguments
):
    monkeypatch.chdir(tmp_path)
    code, message = OTHERS[arguments]
    found, out, err = call(capsys, *arguments)
    assert (found, out) == (code, "")
    assert message in err.splitlines()[0]
    assert err.splitlines()[1].startswith("fix:   ")
    assert not list(tmp_path.iterdir())


def test_cuda_by_name_without_cuda_has_its_own_exit_code(capsys, tmp_path, monkeypatch):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    monkeypatch.chdir(tmp_path)
    code, _, err = call(capsys, "generate", "a chair", "--device", "cuda")
    assert (code, "sds3d doctor" in err) == (errors.BackendError.exit_code, True)
    assert not list(tmp_path.iterdir())


def test_an_unknown_prompt_names_the_nearest_concepts_and_writes_nothing(
    capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    code, _, err = call(capsys, "generate", "a flurb of zanthor")
    assert code == errors.PriorError.exit_code
    assert "nearest by" in err
    assert not list(tmp_path.iterdir())


def test_debug_shows_the_traceback():
    command = [*PYTHON, "-m", "sds3d", "generate", "", "--debug"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" in done.stderr
    assert "UsageError" in done.stderr


def test_each_kind_of_error_has_a_different_exit_code():
    kinds = [kind.exit_code for kind in errors.Sds3dError.__subclasses__()]
    assert len(set(kinds)) == len(kinds)
    assert not {0, 1, errors.INTERRUPTED} & set(kinds)


def test_recipes_lists_all_and_shows_one_that_loads(capsys, tmp_path):
    from sds3d.recipe import load as recipe

    code, listed, _ = call(capsys, "recipes")
    assert code == 0
    assert all(f"{name}: " in listed for name in recipe.names())
    _, shown, _ = call(capsys, "recipes", "show", "sds-nerf", "--preset", "draft")
    (tmp_path / "r.toml").write_text(shown, encoding="utf-8")
    assert recipe.load(tmp_path / "r.toml") == recipe.load("sds-nerf", "draft")


def test_cite_prints_the_paper_of_the_method(capsys):
    assert "DreamFusion" in call(capsys, "cite", "sds")[1]
    assert "ProlificDreamer" in call(capsys, "cite", "vsd")[1]


def test_doctor_reports_what_is_available_and_why_the_rest_is_not(capsys):
    code, out, _ = call(capsys, "doctor")
    named = {line.split()[0] for line in out.splitlines()}
    assert code == 0
    assert {"python", "torch", "threads", "cuda", "gsplat", "nerfacc", "ffmpeg", "disk"} <= named


def test_prior_info_lists_every_category(capsys):
    from sds3d.library import CATEGORIES

    _, out, _ = call(capsys, "prior")
    assert f"{len(CATEGORIES)} categories" in out
    assert all(name in out for name in CATEGORIES)


def test_prior_sample_draws_the_members(capsys, tmp_path):
    from PIL import Image

    code, out, _ = call(capsys, "prior", "sample", "a red chair", "--out", str(tmp_path / "m.png"))
    assert code == 0
    assert "red chair" in out
    with Image.open(tmp_path / "m.png") as image:
        assert image.width == 4 * 160
        assert image.height % 160 == 0


def test_prior_eval_shows_the_fate_of_every_word(capsys, tmp_path):
    prompts = tmp_path / "p.txt"
    prompts.write_text("a golden statue of a hosre\ntwo red chairs\n", encoding="utf-8")
    code, out, _ = call(capsys, "prior", "eval", str(prompts), "--words")
    assert code == 0
    assert "golden: material" in out
    assert "hosre: kind (corrected to 'horse')" in out
    assert "two: not made (one is made)" in out
    code, out, _ = call(capsys, "prior", "eval", str(prompts), "--json")
    records = json.loads(out)
    assert code == 0
    assert [r["categories"] for r in records] == [["horse"], ["chair"]]
    assert all(" ".join(w["word"] for w in r["words"]) == r["prompt"] for r in records)


def test_prior_eval_counts_what_is_understood_in_any_terminal(tmp_path):
    prompts = tmp_path / "p.txt"
    prompts.write_text("# mine\na red chair\n\na blûe flurb ☃\n", encoding="utf-8")
    done = subprocess.run(
        [*PYTHON, "-m", "sds3d", "prior", "eval", str(prompts)],
        capture_output=True,
        check=False,
        env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PATH": ""},
    )
    assert done.returncode == 1
    assert b"1 of 2 understood" in done.stdout
    assert b"Traceback" not in done.stderr


def test_prior_data_renders_a_set_with_its_lists_and_contact_sheet(capsys, tmp_path):
    options = ("--views", "4", "--size", "16", "--limit", "3", "--out", str(tmp_path))
    code, out, _ = call(capsys, "prior", "data", "builtin:1", *options)
    assert code == 0
    assert "3 objects (3 drawn now), 0 skipped" in out
    lists = {"objects.jsonl", "concepts.txt", "ATTRIBUTION.md", "sheet.png"}
    assert lists | {"builtin-000.safetensors"} == {p.name for p in tmp_path.iterdir()}
