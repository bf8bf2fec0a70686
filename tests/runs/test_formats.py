"""Laws of the files of a run: every format where it can be made, and none over a file that is not its own."""

import json

import pytest
from tiny_run import job

from sds3d.errors import ExportError
from sds3d.mesh import formats
from sds3d.mesh.formats import EXPORTERS, SPLAT_EXPORTERS, file_names
from sds3d.runs import export as exporting
from sds3d.runs import generate as generating
from sds3d.runs.export import export
from sds3d.runs.generate import generate
from sds3d.runs.report import Report

OF_SPLATS = (
    "camera.sizes=[16]",
    "export.resolution=32",
    "export.texture_size=64",
    "export.faces=500",
)
WITHOUT_EXTRAS = [name for name in EXPORTERS if name not in formats.NEEDS]


class Notes(Report):
    def __init__(self):
        self.lines = []

    def note(self, text):
        self.lines.append(text)


@pytest.fixture(scope="module")
def splats(tmp_path_factory):
    """A finished run of splats in the default format."""
    folder = tmp_path_factory.mktemp("splats") / "run"
    generate(splat_job(folder))
    return folder


def splat_job(folder, **values):
    return job(folder, scene="splats", overrides=OF_SPLATS, steps=1, **values)


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def refuse_to_compute(monkeypatch, module, name):
    def never(*args, **kwargs):
        raise AssertionError("computed before the check")

    monkeypatch.setattr(module, name, never)


def test_a_run_of_splats_is_exported_in_every_format_and_never_over_one(
    splats, tmp_path, monkeypatch
):
    asked = [*WITHOUT_EXTRAS, *SPLAT_EXPORTERS]
    result = export(splats, formats=asked, out=tmp_path)
    assert {*asked, "splats"} == set(result.files)
    expected = {file for name in asked for file in file_names(name)} | {"splats.ply"}
    assert {name for name in contents(tmp_path) if not name.startswith(".")} == expected
    before = contents(tmp_path)
    refuse_to_compute(monkeypatch, exporting, "export_meshes")
    for name in asked:
        with pytest.raises(ExportError, match="exists already") as caught:
            export(splats, formats=[name], out=tmp_path)
        assert "--overwrite" in caught.value.fix
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["mesh.mtl", "mesh.png"])
def test_an_export_is_not_written_over_what_stands_beside_a_mesh(
    splats, tmp_path, name, monkeypatch
):
    (tmp_path / name).write_text("mine")
    refuse_to_compute(monkeypatch, exporting, "export_meshes")
    with pytest.raises(ExportError, match=f"{name}' exists already"):
        export(splats, formats=["obj"], out=tmp_path)
    assert contents(tmp_path) == {name: b"mine"}


def test_splats_that_were_not_asked_for_stay_as_they_are_and_a_note_says_so(splats, tmp_path):
    (tmp_path / "splats.ply").write_text("mine")
    notes = Notes()
    result = export(splats, notes, formats=["stl"], height=2.0, out=tmp_path)
    assert set(result.files) == {"stl"}
    assert (tmp_path / "splats.ply").read_text() == "mine"
    assert any("splats.ply' stays as it is" in line for line in notes.lines)
    result = export(splats, formats=["stl"], out=tmp_path, overwrite=True)
    assert (tmp_path / "splats.ply").read_bytes().startswith(b"ply")


def test_a_run_replaces_only_what_it_has_written(splats, monkeypatch):
    theirs = splats / "mesh.mtl"
    theirs.write_text("mine")
    with monkeypatch.context() as patch:
        refuse_to_compute(patch, generating, "export_meshes")
        with pytest.raises(ExportError, match=r"mesh\.mtl' exists already") as caught:
            generate(splat_job(splats, formats=("obj", "spz")))
    assert "move it away" in caught.value.fix
    assert theirs.read_text() == "mine"
    assert not (splats / "splats.spz").exists()
    theirs.unlink()
    generate(splat_job(splats, formats=("obj", "spz")))
    names = {"mesh.obj", "mesh.mtl", "mesh.png", "splats.spz", "splats.ply", "mesh.glb"}
    assert names <= set(json.loads((splats / "run.json").read_text())["files"])
    (splats / "mesh.obj").unlink()
    generate(splat_job(splats, formats=("obj", "spz")))  # over its own mesh.mtl
    assert (splats / "mesh.obj").is_file()


@pytest.mark.parametrize("name", list(SPLAT_EXPORTERS))
def test_a_scene_that_is_not_made_of_gaussians_has_no_file_of_them(tmp_path, name):
    with pytest.raises(ExportError, match=f"'{name}' holds Gaussians.*'nerf'") as caught:
        generate(job(tmp_path / "run", formats=(name,)))
    assert "--scene splats" in caught.value.fix
    assert not (tmp_path / "run" / "run.json").exists()


def test_a_format_that_is_not_installed_is_refused_before_anything_is_computed(
    tmp_path, splats, monkeypatch
):
    monkeypatch.setattr(formats, "find_spec", lambda name: None)
    for attempt in (
        lambda: generate(job(tmp_path / "run", formats=("glb", "usdz"))),
        lambda: export(splats, formats=["usdz"], out=tmp_path / "elsewhere"),
    ):
        with pytest.raises(ExportError, match="'usdz' needs") as caught:
            attempt()
        assert "sds3d[usd]" in caught.value.fix
    assert not (tmp_path / "run" / "run.json").exists()
    assert not (tmp_path / "elsewhere").exists()
