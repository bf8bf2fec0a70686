"""Laws of a job: invalid values are refused when it is created, which touches no disk."""

import subprocess
import sys
from dataclasses import fields, replace

import pytest

from sds3d import Job
from sds3d.errors import PriorError, RecipeError, RunError, Sds3dError, UsageError
from sds3d.runs.job import TYPES, settled

WRONG = [
    ({"prompt": ""}, UsageError, "the prompt is empty"),
    ({"prompt": 5}, UsageError, "prompt = 5: not text"),
    ({"prompt": "a \ud800 chair"}, UsageError, "not valid text"),
    ({"method": "vds"}, UsageError, "did you mean 'vsd'"),
    ({"scene": "nref"}, UsageError, "did you mean 'nerf'"),
    ({"device": "gpu"}, UsageError, "unknown device"),
    ({"formats": ("gltf",)}, UsageError, "did you mean 'glb'"),
    ({"formats": "glb"}, UsageError, "formats = 'glb': not a list of texts"),
    ({"formats": ()}, UsageError, "formats is empty"),
    ({"overrides": ("camera.views",)}, RecipeError, "no '='"),
    ({"overrides": (3,)}, UsageError, "not a list of texts"),
    ({"seed": -1}, UsageError, "seed -1"),
    ({"seed": 2**32}, UsageError, "seed 4294967296"),
    ({"seed": 3.7}, UsageError, "seed = 3.7: not a whole number"),
    ({"seed": True}, UsageError, "seed = True: not a whole number"),
    ({"steps": 0}, UsageError, "steps = 0"),
    ({"particles": -1}, UsageError, "particles = -1"),
    ({"preview_size": 8}, UsageError, "preview_size = 8"),
    ({"turntable_size": 10_000}, UsageError, "turntable_size = 10000"),
    ({"overwrite": 1}, UsageError, "overwrite = 1: not true or false"),
    ({"preset": "laptp"}, RecipeError, "did you mean 'laptop'"),
    ({"prior": "exakt"}, PriorError, "did you mean 'exact'"),
    ({"out": "a\0b"}, UsageError, "not valid text"),
]


@pytest.mark.parametrize(("values", "kind", "message"), WRONG, ids=str)
def test_an_invalid_value_is_refused_when_the_job_is_created(values, kind, message):
    with pytest.raises(kind) as caught:
        Job(**{"prompt": "a chair"} | values)
    assert message in caught.value.message
    assert caught.value.fix


def test_every_field_has_a_type_that_is_checked():
    assert {field.type for field in fields(Job)} <= TYPES.keys()
    for field in fields(Job):
        with pytest.raises(Sds3dError):
            replace(Job("a chair"), **{field.name: object()})


def test_lists_are_accepted_for_tuples():
    job = Job("a chair", formats=["glb", "ply"], overrides=["a.b=1"])
    assert (job.formats, job.overrides) == (("glb", "ply"), ("a.b=1",))
    hash(job)


def test_files_are_checked_when_the_job_runs_and_not_before(tmp_path):
    (tmp_path / "file").touch()
    missing = [
        (Job("a chair", method="csm", image=str(tmp_path / "no.png")), UsageError),
        (Job("a chair", method="csm", image=str(tmp_path / "file")), PriorError),
        (Job("a chair", prior=f"exact:{tmp_path / 'no'}"), PriorError),
        (Job("a chair", prior=f"diffusers:{tmp_path}"), PriorError),
        (Job("a chair", out=str(tmp_path / "file" / "run")), RunError),
        (Job("a chair", out="x" * 300 + "/y"), RunError),
    ]
    for job, kind in missing:
        with pytest.raises(kind):
            job.check_files()


def test_a_run_folders_recipe_that_imports_code_needs_trust(tmp_path):
    (tmp_path / "recipe.toml").write_text('[objective]\nname = "shutil:rmtree"\n', encoding="utf-8")
    job = Job("a chair", recipe=str(tmp_path / "recipe.toml"))
    job.check_files()  # the user's own file may
    (tmp_path / "run.json").touch()
    with pytest.raises(
        RecipeError, match=r"imports code: objective\.name = shutil:rmtree"
    ) as caught:
        job.check_files()
    assert "--trust-recipe" in caught.value.fix
    replace(job, trust_recipe=True).check_files()


def test_a_settled_job_has_the_method_and_the_scene_of_its_recipe():
    job = settled(Job("a chair", recipe="vsd-triplane"))
    assert (job.method, job.scene) == ("vsd", "triplane")


def test_the_public_names_are_imported_when_they_are_used():
    code = """
import sys, sds3d
assert "torch" not in sys.modules and "sds3d.runs" not in sys.modules
sds3d.Job("a chair")
assert "torch" not in sys.modules
assert set(sds3d.__all__) <= set(dir(sds3d)) and sds3d.__version__
from sds3d import SILENT, Job, Report, Result, generate
"""
    subprocess.run([sys.executable, "-c", code], check=True)
