"""Laws of --pbr: a run's files with textures of the material, or without, and what is refused before."""

import json

import numpy as np
import pytest
from tiny_run import OVERRIDES, command, job

from sds3d.cli import main
from sds3d.errors import PriorError, RecipeError
from sds3d.mesh.load import load
from sds3d.recipe.check import require_material
from sds3d.recipe.schema import Material
from sds3d.runs.export import export
from sds3d.runs.generate import generate

SHORT = ("material.steps=2", "material.views=2", "material.size=16")


def pbr_job(folder, **values):
    overrides = (*OVERRIDES, *SHORT, "material.mode=channels")
    return job(folder, overrides=overrides, formats=("glb", "obj"), **values)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pbr") / "run"
    return folder, generate(pbr_job(folder))


def test_a_run_with_pbr_has_three_textures_of_one_size_in_every_file(made):
    folder, result = made
    for path in (result.files["glb"], result.files["obj"]):
        mesh = load(path)
        sizes = {x.shape for x in (mesh.base_color, mesh.surface, mesh.normal_map)}
        assert sizes == {(64, 64, 3)}
        assert (mesh.surface[..., 0] == 255).all()
    names = set(json.loads((folder / "run.json").read_text())["files"])
    assert {"mesh_roughness.png", "mesh_metallic.png", "mesh_normal.png"} <= names
    assert result.seconds["material"] > 0


def test_an_export_of_the_run_has_the_same_textures_bit_for_bit(made, tmp_path):
    folder, result = made
    again = export(folder, formats=["glb"], out=tmp_path)
    assert again.files["glb"].read_bytes() == result.files["glb"].read_bytes()


def test_a_run_without_pbr_has_none_until_its_export_asks_for_them(tmp_path):
    folder = tmp_path / "run"
    result = generate(job(folder, overrides=(*OVERRIDES, *SHORT)))
    plain = load(result.files["glb"])
    assert plain.surface is None
    assert "material" not in result.seconds
    one = export(folder, formats=["glb"], pbr=True, out=tmp_path / "one")
    found = load(one.files["glb"])
    assert found.surface is not None
    np.testing.assert_array_equal(found.faces, plain.faces)
    np.testing.assert_array_equal(found.vertices, plain.vertices)


def test_pbr_can_be_added_to_a_finished_run_and_taken_away(made, tmp_path):
    folder = tmp_path / "run"
    generate(job(folder, overrides=(*OVERRIDES, *SHORT)))
    result = generate(pbr_job(folder))
    assert result.status == "already finished"
    assert load(result.files["glb"]).normal_map is not None
    back = generate(job(folder, overrides=(*OVERRIDES, *SHORT)))
    assert load(back.files["glb"]).normal_map is None


def test_the_command_line_has_pbr_for_generate_and_export(tmp_path):
    short = [part for override in SHORT for part in ("--set", override)]
    folder = tmp_path / "run"
    for words in (
        command(folder, "--pbr", *short),
        ["export", str(folder), "--pbr", "--out", str(tmp_path / "b")],
    ):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 0
    assert load(folder / "mesh.glb").surface is not None
    assert load(tmp_path / "b" / "mesh.glb").surface is not None


@pytest.mark.parametrize("mode", ["channels", "lit"])
def test_a_prior_that_knows_no_materials_is_refused_before_it_loads(mode):
    require_material(Material(mode=mode), "exact")
    require_material(Material(), "embedded")
    with pytest.raises(PriorError, match=f'material.mode = "{mode}".*embedded') as caught:
        require_material(Material(mode=mode), "embedded")
    assert "--prior exact" in caught.value.fix


def test_times_of_the_material_the_wrong_way_round_are_refused(tmp_path):
    with pytest.raises(RecipeError, match=r"material\.low = 0\.5: above material\.high = 0\.3"):
        generate(job(tmp_path / "run", overrides=(*OVERRIDES, "material.low=0.5")))
