"""Laws of a training set: what is written is what is read, and a stopped build loses nothing."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from sds3d.errors import PriorError, Sds3dError, UsageError
from sds3d.interrupt import Interrupt
from sds3d.training.data import shards
from sds3d.training.data.build import Settings, build, record, views_of
from sds3d.training.data.sources import source

SETTINGS = Settings(views=4, size=32, depth=True)


class Quiet:
    """Progress that asks the build to stop after `stop` objects."""

    def __init__(self, interrupt=None, stop=None):
        self.interrupt, self.stop, self.notes = interrupt, stop, []

    def step(self, step, total, values):
        if self.stop is not None and step >= self.stop:
            self.interrupt.asked = True

    def note(self, line):
        self.notes.append(line)


@pytest.fixture(scope="module")
def library():
    return source("builtin:1", limit=5)


def built(library, out, stop=None, settings=SETTINGS):
    interrupt = Interrupt()
    return build([library], out, settings, interrupt, Quiet(interrupt, stop), together=2)


def files(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def test_reading_returns_what_was_rendered(library, tmp_path):
    built(library, tmp_path)
    corpus = shards.load_training_set(tmp_path)
    assert len(corpus.objects) == 5
    for i, (item, load) in enumerate(library.objects):
        drawn = record(item, load, SETTINGS)
        assert corpus.objects[i] == drawn.item
        seen = drawn.albedo[..., 3:] > 0
        assert torch.equal(corpus.albedo[i], torch.from_numpy(drawn.albedo * seen))
        error = corpus.normals[i].numpy().astype(int) - drawn.normals
        assert np.abs(error).max() <= shards.NORMAL_STEP // 2
        assert torch.equal(corpus.depth[i], torch.from_numpy(drawn.depth))
        cameras = views_of(item.id, SETTINGS)
        assert torch.equal(corpus.c2w[i], cameras.c2w)
        focal = 16 / torch.tan(torch.deg2rad(corpus.fov_deg[i]) / 2)
        assert torch.allclose(focal, cameras.K[:, 1, 1])


def test_the_cameras_of_a_group_are_the_recipes_and_see_all_sides():
    cameras = views_of("builtin/armchair/0", Settings(views=8))
    distance = cameras.position.norm(dim=1)
    assert ((distance >= 2.9) & (distance <= 3.1)).all()
    assert ((cameras.elevation_deg >= -15.01) & (cameras.elevation_deg <= 65.01)).all()
    for group in (cameras.azimuth_deg[:4], cameras.azimuth_deg[4:]):
        gaps = torch.diff(torch.cat([group.sort().values, group.min()[None] + 360]))
        assert gaps.max() < 180


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(library, tmp_path):
    built(library, tmp_path / "a")
    built(library, tmp_path / "b")
    built(library, tmp_path / "c", settings=Settings(views=4, size=32, depth=True, seed=1))
    assert files(tmp_path / "a") == files(tmp_path / "b")
    name = "builtin-000.safetensors"
    assert files(tmp_path / "a")[name] != files(tmp_path / "c")[name]


def test_a_stopped_build_resumes_and_equals_an_uninterrupted_one(library, tmp_path):
    built(library, tmp_path / "whole")
    outcome = built(library, tmp_path / "parts", stop=3)
    assert outcome.stopped
    assert outcome.objects == 2  # the shard that was begun is not kept
    outcome = built(library, tmp_path / "parts")
    assert (outcome.stopped, outcome.objects, outcome.drawn) == (False, 5, 3)
    assert files(tmp_path / "whole") == files(tmp_path / "parts")


def test_a_finished_set_is_not_rendered_again_and_other_settings_are_refused(library, tmp_path):
    built(library, tmp_path)
    assert built(library, tmp_path).drawn == 0
    other = source("folder:" + str(_meshes(tmp_path / "meshes")))
    with pytest.raises(PriorError, match="other --views"):
        built(other, tmp_path, settings=Settings(views=8, size=32))


def _meshes(folder, broken=False):
    folder.mkdir()
    (folder / "box.obj").write_text(
        "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 3 1 4\n"
    )
    (folder / "empty.obj").write_text("v 0 0 0\n")
    rows = "file,caption,creator,licence\nbox.obj,Red box 2,Ann,CC0\n"
    (folder / "captions.csv").write_text(rows + ("empty.obj,nothing,,\n" if broken else ""))
    return folder


def test_a_bad_model_is_skipped_with_its_reason_and_a_folder_is_read(tmp_path):
    library = source("folder:" + str(_meshes(tmp_path / "meshes", broken=True)))
    quiet = Quiet()
    outcome = build([library], tmp_path / "out", SETTINGS, Interrupt(), quiet)
    assert (outcome.objects, len(outcome.skipped)) == (1, 1)
    assert quiet.notes[0].startswith("skipped folder/empty.obj: ")
    item = shards.load_training_set(tmp_path / "out").objects[0]
    assert (item.name, item.color, item.creator, item.licence) == ("box", "red", "Ann", "CC0")
    assert "**Ann**: Red box 2" in (tmp_path / "out/ATTRIBUTION.md").read_text()


@pytest.mark.parametrize(
    ("table", "encoding"),
    [
        ("file,caption,creator\nbox.obj,red café,Zoë\n", "utf-8-sig"),
        ("FILE;Caption;Creator\nBOX.OBJ;red café;Zoë\n", "cp1252"),
        ("creator,file,caption\n# mine\nZoë,box,red café\n\n", "utf-16"),
        ('"file","caption","creator"\n".\\box.obj","red café","Zoë"\n', "utf-16-le"),
    ],
)
def test_a_set_reads_the_tables_that_the_exact_prior_reads(tmp_path, table, encoding):
    folder = _meshes(tmp_path / "meshes")
    (folder / "captions.csv").write_bytes(table.encode(encoding))
    ((item, _),) = source(f"folder:{folder}").objects
    assert (item.id, item.name, item.color) == ("folder/box.obj", "cafe", "red")
    assert (item.title, item.creator) == ("red café", "Zoë")


def test_a_mesh_with_several_rows_is_one_object_with_other_names(tmp_path):
    folder = _meshes(tmp_path / "meshes")
    rows = "file,caption\nbox.obj,a red crate\nbox.obj,a chest\nbox.obj\n"
    (folder / "captions.csv").write_text(rows)
    ((item, _),) = source(f"folder:{folder}").objects
    assert (item.name, item.color) == ("crate", "red")
    assert {"chest", "box"} <= {*item.also}
    (folder / "captions.csv").write_text("file,caption\ngone.obj,a crate\n")
    with pytest.raises(PriorError, match=r"names 'gone\.obj', which is not a mesh in this folder"):
        source(f"folder:{folder}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sweethom3d", "did you mean 'sweethome3d'"),
        ("builtin:many", "not a number"),
        ("folder:nowhere", "captions.csv"),
        ("sweethome3d:nowhere", "apt-get install sweethome3d-furniture"),
    ],
)
def test_a_missing_source_is_refused_in_one_line_with_the_fix(text, message):
    with pytest.raises(Sds3dError) as caught:
        source(text)
    assert message in caught.value.message + caught.value.fix


def test_a_source_named_twice_is_refused(library, tmp_path):
    with pytest.raises(UsageError, match="named twice"):
        build([library, library], tmp_path, SETTINGS, Interrupt(), Quiet())


def test_views_come_in_groups_of_four():
    with pytest.raises(UsageError, match="multiple of 4"):
        Settings(views=10)


def test_a_set_is_read_without_the_packages_that_make_it():
    code = """
import sys
for name in ("numba", "skimage", "scipy", "trimesh", "diffusers"):
    sys.modules[name] = None
import sds3d.training.data.shards, sds3d.training.data.captions
"""
    subprocess.run([sys.executable, "-c", code], check=True)
