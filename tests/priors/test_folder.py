"""Laws of exact:FOLDER: which meshes a prompt selects, what is left out, what the run records."""

import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch

from sds3d.errors import PriorError, RecipeError
from sds3d.language.captions import best, from_name, similarity
from sds3d.language.prompt import Prompt
from sds3d.mesh.load import load_shape
from sds3d.priors.exact.captions_file import rows
from sds3d.priors.exact.folder import NAMED, OTHERS, folder
from sds3d.priors.exact.loading import exact_prior
from sds3d.priors.exact.prior import ExactPrior, render
from sds3d.views.cameras import orbit

FILES = Path(__file__).parents[1] / "mesh" / "files"
MESH = FILES / "factor_linear" / "box.glb"
CPU = torch.device("cpu")


def filled(place, *names, mesh=MESH):
    """A folder with a copy of a mesh under each name."""
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(mesh, place / name)
    return place


def chosen(place, text, **options):
    """The captions of the meshes that a prompt can become."""
    return [model.caption for model in folder(place, **options)(Prompt(text)).named]


# File names.


@pytest.mark.parametrize(
    ("stem", "caption"),
    [
        ("red_box", "red box"),
        ("RedBox", "red box"),
        ("box01", "box 1"),
        ("red.box.v2", "red box"),
        ("SM_RedBox_LOD0", "red box"),
        ("IKEAChair-2", "ikea chair 2"),
        ("roter Würfel", "roter würfel"),
        ("赤い椅子", "赤い椅子"),
        ("LOD0", "lod 0"),
    ],
)
def test_a_file_name_is_split_into_the_words_of_a_caption(stem, caption):
    assert from_name(stem) == caption


def test_a_file_with_a_generic_name_takes_the_name_of_its_folder(tmp_path):
    filled(tmp_path, "red_chair/scene.glb", "oak_table/model.glb")
    assert chosen(tmp_path, "a red chair") == ["red chair"]


# Captions.


def test_an_equal_caption_wins_outright_whatever_its_case_articles_and_punctuation():
    captions = [("red crates",), ("A Red, Crate!",), ("a red crate and more",)]
    np.testing.assert_array_equal(best("the red crate", captions, 0.35), [0, 1, 0])


@pytest.mark.parametrize(
    ("text", "captions", "expected"),
    [
        ("a red crate", ["old green crate", "old red crate"], [1]),
        ("a red crate", ["red old crate", "crate", "green crate"], [0]),
        ("wooden crate 2", ["crate 1 wooden old", "crate 2 wooden old"], [1]),
        ("an old crate", ["red crate, old", "green crate, old"], [0, 1]),
        ("crate 007", ["crate 8", "crate 7"], [1]),
    ],
)
def test_colours_materials_and_numbers_break_ties(text, captions, expected):
    weights = best(text, [(caption,) for caption in captions], 0.35)
    assert np.flatnonzero(weights).tolist() == expected


@pytest.mark.parametrize(
    "text", ["widgetx", "赤い椅子", "красный стул", "كرسي", "!!", "12", "xq zv 3"]
)
def test_the_same_text_always_matches_in_any_script(text):
    assert similarity(text, [text]) == [1]
    assert best(text, [("a red chair",), (text,)], 0.35).tolist() == [0, 1]


def test_unknown_words_are_compared_by_their_spelling():
    near = similarity("ein roter Würfel", ["roter Würfel", "rote Würfel", "blauer Ball"])
    assert near[0] > near[1] > 0.35 > near[2]


def test_a_mesh_with_several_captions_answers_to_each():
    captions = [("a red box", "a green box"), ("a chair",)]
    assert best("green box", captions, 0.35).tolist() == [1, 0]


# Tables.


@pytest.mark.parametrize(
    ("case", "caption"),
    [
        ("csv_bom", "a red box"),
        ("csv_comments", "a red box"),
        ("csv_header_case", "a red box"),
        ("csv_latin1", "a café table"),
        ("csv_long_row", "a red box, with a lid"),
        ("csv_mixed_case", "a red box"),
        ("csv_semicolon", "a red box"),
        ("csv_space", "a red box"),
        ("csv_utf16", "a red box"),
        ("csv_short_row", "a"),
        ("csv_blank_caption", "a"),
    ],
)
def test_a_table_from_any_spreadsheet_names_its_mesh(tmp_path, case, caption):
    shutil.copy(FILES / case / "captions.csv", tmp_path)
    filled(tmp_path, "a.glb")
    assert chosen(tmp_path, caption) == [caption]


@pytest.mark.parametrize("case", ["csv_backslash", "csv_sub"])
def test_a_table_names_meshes_in_subfolders_with_either_slash(tmp_path, case):
    shutil.copy(FILES / case / "captions.csv", tmp_path)
    filled(tmp_path, "sub/a.glb")
    assert chosen(tmp_path, "a red box") == ["a red box"]


def test_a_mesh_with_two_rows_answers_to_both_captions(tmp_path):
    shutil.copy(FILES / "csv_row_twice" / "captions.csv", tmp_path)
    filled(tmp_path, "a.glb")
    members = folder(tmp_path)(Prompt("a red box"))
    assert len(members.models) == 1
    assert members.text.tolist() == [1]
    assert folder(tmp_path)(Prompt("a green box")).text.tolist() == [1]


def test_a_row_may_leave_out_the_suffix_and_a_mesh_may_have_two_rows(tmp_path):
    (tmp_path / "captions.csv").write_text("file,caption\na,a red box\na.glb,a green box\n")
    filled(tmp_path, "a.glb")
    members = folder(tmp_path)(Prompt("a green box"))
    assert len(members.models) == 1
    assert members.text.tolist() == [1]


def test_quotes_may_contain_commas_and_columns_may_be_in_any_order(tmp_path):
    table = tmp_path / "captions.csv"
    table.write_text('"Caption","Licence","FILE"\n"a ""red"" box, open",CC0,a.glb\n\n# b\n')
    (row,) = rows(table)
    assert (row.file, row.caption, row.more) == ("a.glb", 'a "red" box, open', {"licence": "CC0"})


def test_rows_that_name_no_mesh_of_the_folder_are_noted_and_the_others_used(tmp_path):
    inside = filled(tmp_path / "in", "a.glb")
    filled(tmp_path, "b.glb")
    lines = ["file,caption", "a.glb,a red box", "gone.glb,x", "../b.glb,y", "/etc/passwd,z"]
    (inside / "captions.csv").write_text("\n".join([*lines, "l" * 5000 + ",w"]))
    note = folder(inside)(Prompt("a red box")).note
    assert all(name in note for name in ("gone.glb", "../b.glb", "/etc/passwd"))


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "file\na.glb\n"])
def test_a_table_without_its_columns_is_refused_with_the_line_to_write(tmp_path, text):
    filled(tmp_path, "a.glb")
    (tmp_path / "captions.csv").write_text(text)
    with pytest.raises(PriorError, match=r"captions\.csv.*file,caption"):
        folder(tmp_path)


# Good and bad files.


def test_good_files_are_used_and_bad_ones_named():
    members = folder(FILES / "one_bad")(Prompt("a red box"))
    assert [m.caption for m in members.models] == ["red box"]
    assert "left out: blue car.glb (it is cut short)" in members.note


def test_a_prompt_that_means_only_a_bad_file_is_refused_by_its_name():
    with pytest.raises(PriorError, match=r"a blue car.*blue car\.glb: it is cut short") as caught:
        folder(FILES / "one_bad")(Prompt("a blue car"))
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    ("case", "fix"),
    [("gltf_missing_bin", "copy that file"), ("lfs_pointer", "git lfs pull")],
)
def test_the_fix_for_a_bad_file_is_the_files_own(case, fix):
    with pytest.raises(PriorError) as caught:
        folder(FILES / case)(Prompt("a box"))
    assert fix in caught.value.fix


def test_hidden_files_are_no_meshes_and_subfolders_are_searched(tmp_path):
    assert "left out" not in folder(FILES / "apple_double")(Prompt("a red box")).note
    assert chosen(FILES / "nested", "a red chair") == ["red chair"]
    filled(tmp_path, ".git/a.glb", "__MACOSX/red box.glb", "b/c/Red_Box.GLB")
    assert chosen(tmp_path, "a red box") == ["red box"]


def test_what_a_mesh_lacks_is_in_the_note():
    assert "gone.png" in folder(FILES / "obj_tex_missing")(Prompt("a box")).note


@pytest.mark.parametrize("names", [(), ("a.txt",), (".a.glb",)])
def test_a_folder_without_meshes_is_refused(tmp_path, names):
    filled(tmp_path, *names)
    with pytest.raises(PriorError, match="holds no mesh"):
        folder(tmp_path)
    with pytest.raises(PriorError, match="is not a folder"):
        folder(tmp_path / "gone")


def test_a_prompt_far_from_every_caption_is_refused_with_the_nearest_ones(tmp_path):
    filled(tmp_path, "red chair.glb", "oak table.glb")
    with pytest.raises(PriorError, match=r"a galaxy.*nearest.*chair"):
        folder(tmp_path)(Prompt("a galaxy"))


# Branches.


def test_every_mesh_has_the_same_weight_in_the_unconditional_branch(tmp_path):
    filled(tmp_path, "red chair.glb", "oak table.glb", "car.glb")
    members = folder(tmp_path)(Prompt("a car"))
    np.testing.assert_allclose(members.null, 1 / 3)
    assert members.empty is None


def test_a_negative_prompt_steers_away_from_the_meshes_that_it_matches(tmp_path):
    filled(tmp_path, "red chair.glb", "blue chair.glb", "oak table.glb")
    members = folder(tmp_path)(Prompt("a red chair", negative="an oak table, zorp"))
    away = [m.caption for m, p in zip(members.models, members.null, strict=True) if p]
    assert away == ["oak table"]
    np.testing.assert_allclose(members.empty.sum(), 1)
    assert members.empty[members.null > 0] == 0
    assert "away from oak table" in members.note
    assert "without effect, no other caption is near: zorp" in members.note


# The run's inputs.


def test_the_hashes_of_the_meshes_their_materials_and_textures_are_the_priors_weights(tmp_path):
    shutil.copytree(FILES / "obj_tex", tmp_path / "set")
    prior = exact_prior(
        str(tmp_path / "set"), seed=0, device=CPU, variants=1, null_members=1, supersample=1,
        camera_blind=False,
    )  # fmt: skip
    prior.describe(Prompt("a box"))
    assert set(prior.weights) == {"box.obj", "b.mtl", "t.png"}
    before = dict(prior.weights)
    (tmp_path / "set" / "b.mtl").write_text("newmtl a\nKd 0 1 0\n")
    again = ExactPrior(folder(tmp_path / "set"))
    again.describe(Prompt("a box"))
    assert again.weights["b.mtl"] != before["b.mtl"]
    assert "t.png" not in again.weights


def test_up_is_passed_to_the_files_and_refused_without_any(tmp_path):
    tall = filled(tmp_path, "tower.glb", mesh=FILES / "morph_weight_1" / "tower.glb")
    heights = [
        np.ptp(folder(tall, up=up)(Prompt("tower")).models[0].vertices, axis=0)[1] for up in "yz"
    ]
    assert heights[0] > 3.9 * heights[1]
    options = {"variants": 1, "null_members": 1, "supersample": 1, "camera_blind": False}
    with pytest.raises(RecipeError, match=r"prior\.exact\.up"):
        exact_prior("", seed=0, device=CPU, up="z", **options)
    with pytest.raises(RecipeError, match="up = 'x'"):
        folder(tall, up="x")


# Size.


def test_no_more_meshes_are_read_than_a_batch_can_weight(tmp_path):
    filled(tmp_path, *(f"box{n:03d}.glb" for n in range(60)), *(f"car{n}.glb" for n in range(60)))
    members = folder(tmp_path)(Prompt("a box"))
    assert len(members.named) == NAMED
    assert len(members.models) == NAMED + OTHERS
    other = folder(tmp_path, seed=1)(Prompt("a box"))
    assert [m.caption for m in other.named] != [m.caption for m in members.named]
    assert chosen(tmp_path, "box 7") == ["box 7"]
    tracemalloc.start()
    folder(tmp_path)(Prompt("a box"))
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


# Images.


def test_a_texture_is_sampled_where_the_surface_is_drawn_and_lit_as_the_library_is():
    model = folder(FILES / "texture_detail")(Prompt("a box")).models[0]
    cameras = orbit(4, 64, elevation_deg=25).rotated(30)
    image = render([model], cameras, torch.zeros(4, 3), 2)[:, 0]
    red, blue = ((image[:, c] > 0.4) & (image[:, 2 - c] < 0.01) for c in (0, 2))
    assert 0.1 < red.float().mean() / (red | blue).float().mean() < 0.9
    assert (red | blue).float().mean() > 0.1
    # One texture of one colour is, to rounding, the same as a factor of that colour.
    shown = [
        render([folder(FILES / case)(Prompt("a box")).models[0]], cameras, torch.zeros(4, 3), 2)
        for case in ("texture_times_factor", "hard_edges_24")
    ]
    assert (shown[0] - shown[1]).abs().quantile(0.99) < 0.01


def test_members_with_and_without_textures_are_drawn_in_their_order():
    cases = ("hard_edges_24", "texture_detail", "factor_linear", "two_textures")
    models = [folder(FILES / case)(Prompt("a box")).models[0] for case in cases]
    cameras = orbit(2, 32, elevation_deg=20)
    together = render(models, cameras, torch.zeros(2, 3), 1)
    for n, model in enumerate(models):
        torch.testing.assert_close(
            together[:, n], render([model], cameras, torch.zeros(2, 3), 1)[:, 0]
        )


def test_a_mesh_is_centred_and_scaled_whatever_its_place_and_size():
    for case in ("huge_offset", "huge_vertices", "tiny", "stray_vertex"):
        model = folder(FILES / case)(Prompt("a box")).models[0]
        np.testing.assert_allclose(np.linalg.norm(model.vertices, axis=1).max(), 0.85, rtol=1e-5)
        np.testing.assert_allclose(model.vertices.min(0), -model.vertices.max(0), atol=1e-5)
    shape, _ = load_shape(FILES / "two_factors" / "boxes.glb")
    assert shape.vertices.dtype == np.float64
