"""Laws of whole runs with large models: each family with its default recipe, to its files, on random weights.

Only sizes and the number of steps are reduced.
"""

import json
import math

import numpy as np
import pytest
import tiny
import torch
import trimesh

from sds3d.cli import main
from sds3d.recipe.load import load
from sds3d.runs import checkpoint

SIZES = {
    "camera.sizes": (16,),
    "scene.log2_table": 8,
    "scene.levels": 4,
    "scene.step": 0.2,
    "export.resolution": 20,
    "export.texture_size": 64,
    "export.faces": 300,
}
PICTURES = ("--preview-size", "16", "--turntable-size", "16")
SD = "dreamfusion-sd-nerf"
FLOW = "rectified-flow-big-nerf"
DEFAULTS = {
    "latents": (SD, "sds"),
    "velocities": (SD, "sds"),
    "sdxl": (SD, "sds"),
    "sd3": (FLOW, "rfds"),
    "sd3_t5": (FLOW, "rfds"),
    "floyd": ("dreamfusion-if-nerf", "sds"),
    "pixart": (SD, "sds"),
    "pixart_alpha": (SD, "sds"),
    "sana": (FLOW, "rfds"),
}
STEPS = 2
MORE = {"pixart_alpha": {"prior.diffusers.size": 64}}  # its patches are of 64 pixels

pytestmark = pytest.mark.filterwarnings("ignore:The configuration file of this scheduler")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The folder of each family, made when it is asked for."""
    made = {}

    def folder(name):
        if name not in made:
            made[name] = getattr(tiny, name)(tmp_path_factory.mktemp(name))
        return made[name]

    return folder


def run(command, out, capsys, sizes):
    """What a command prints, without line breaks."""
    words = [*map(str, command), "--steps", str(STEPS), *PICTURES, "--out", str(out)]
    for override in overrides(sizes):
        words += ["--set", override]
    with pytest.raises(SystemExit) as end:
        main(words)
    shown = capsys.readouterr()
    assert not end.value.code, shown.err
    return " ".join((shown.out + shown.err).split())


def require_finite(out):
    """Everything that the run wrote: its metrics, its checkpoint, its mesh."""
    lines = (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == STEPS
    for line in lines:
        values = json.loads(line)
        assert all(math.isfinite(x) for x in values.values()), values
        assert values["grad"] > 0
    tensors, _ = checkpoint.read(out / "checkpoint.safetensors")
    assert all(x.isfinite().all() for x in tensors.values() if x.is_floating_point())
    mesh = trimesh.load(out / "mesh.glb", force="mesh")
    assert len(mesh.faces)
    assert np.isfinite(mesh.vertices).all()
    return tensors


def overrides(sizes):
    """The sizes as KEY=VALUE."""
    return [f"{k}={list(v) if isinstance(v, tuple) else v}" for k, v in sizes.items()]


def require_recipe(out, name, sizes):
    """The run's recipe is the named one but for the sizes and the steps."""
    assert load(out / "recipe.toml") == load(name, overrides=[*overrides(sizes), f"steps={STEPS}"])


@pytest.mark.parametrize("make", DEFAULTS)
def test_a_large_model_makes_an_object_with_the_default_recipe_of_its_family(
    make, folders, tmp_path, capsys
):
    recipe, objective = DEFAULTS[make]
    sizes = SIZES | MORE.get(make, {})
    prior = f"diffusers:{folders(make)}"
    said = run(["generate", "a red chair", "--prior", prior], tmp_path, capsys, sizes)
    assert f"recipe {recipe}, the default for this model: {objective}, {STEPS} steps" in said
    require_finite(tmp_path)
    require_recipe(tmp_path, recipe, sizes)


@pytest.mark.parametrize("method", ["dds", "pds"])
def test_a_run_with_a_large_model_is_edited_with_the_default_recipe_of_the_method(
    method, folders, tmp_path, capsys
):
    begun, out = tmp_path / "begun", tmp_path / "edited"
    prior = f"diffusers:{folders('latents')}"
    run(["generate", "a red chair", "--prior", prior], begun, capsys, SIZES)
    kept = {key: value for key, value in SIZES.items() if not key.startswith("scene.")}
    command = ["edit", begun, "--target", "a blue chair", "--method", method]
    said = run(command, out, capsys, kept)
    recipe = {"dds": "delta-denoising-nerf", "pds": "posterior-distillation-nerf"}[method]
    assert f"recipe {recipe}, the default for this model: {method}, {STEPS} steps" in said
    after = require_finite(out)
    require_recipe(out, recipe, SIZES)
    before, _ = checkpoint.read(begun / "checkpoint.safetensors")
    names = [name for name in before if name.startswith("scene.")]
    assert any(not torch.equal(before[name], after[name]) for name in names)


def test_vsd_trains_a_lora_and_saving_memory_changes_no_value_of_the_run(folders, tmp_path, capsys):
    kept = []
    for vram in ("high", "low"):
        out = tmp_path / vram
        command = ["generate", "a red chair", "--prior", f"diffusers:{folders('latents')}"]
        command += ["--recipe", "prolificdreamer-nerf", "--vram", vram]
        said = run(command, out, capsys, SIZES)
        assert "the default for this model" not in said
        kept.append(require_finite(out))
    high, low = kept
    trained = [name for name in high if name.startswith("students.renders.lora.")]
    assert any(high[name].any() for name in trained if "lora_B" in name)  # zero at first
    assert high.keys() == low.keys()
    for name, tensor in high.items():
        torch.testing.assert_close(low[name], tensor)


def test_mvdreams_own_recipe_runs_on_a_model_that_sees_each_view_alone(folders, tmp_path, capsys):
    command = ["generate", "a red chair", "--prior", f"diffusers:{folders('latents')}"]
    run([*command, "--recipe", "multiview-dream-nerf"], tmp_path, capsys, SIZES)
    require_finite(tmp_path)
    require_recipe(tmp_path, "multiview-dream-nerf", SIZES)
