"""Laws of the images of a mesh."""

import imageio_ffmpeg
import numpy as np
import pytest
import trimesh
from PIL import Image

from sds3d.errors import MeshError
from sds3d.mesh.bake import textured
from sds3d.mesh.load import load
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.pictures import contact_sheet, preview, render_mesh, texels, turntable
from sds3d.mesh.save import save
from sds3d.views.cameras import orbit

RED, GREEN, BLUE, GREY = [0.9, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.2, 0.9], [0.6, 0.6, 0.6]


def sides(points, normals):
    """Front (+Z) red, the object's left (+X) green, top (+Y) blue, grey elsewhere."""
    axis = np.abs(normals).argmax(1)
    positive = np.take_along_axis(normals, axis[:, None], 1)[:, 0] > 0
    paint = np.array([GREEN, BLUE, RED])[axis]
    return np.where(positive[:, None], paint, GREY)


@pytest.fixture(scope="module")
def box():
    """A textured box with flat normals: every side has vertices of its own."""
    solid = trimesh.creation.box([0.8, 1.0, 0.6])
    vertices, normals = solid.triangles.reshape(-1, 3), np.repeat(solid.face_normals, 3, 0)
    faces = np.arange(len(vertices)).reshape(-1, 3)
    mesh = Mesh(np.float32(vertices), np.int32(faces), np.float32(normals))
    return textured(mesh, sides, texture_size=128)


def hue(pixel):
    """The pixel divided by its brightest channel."""
    return pixel / pixel.max()


@pytest.mark.parametrize(("azimuth", "color"), [(0, RED), (90, GREEN), (180, GREY), (-90, GREY)])
def test_a_side_of_the_mesh_shows_its_colour_to_the_camera_in_front_of_it(box, azimuth, color):
    image = render_mesh(box, orbit(4, 48, elevation_deg=0)[[(azimuth // 90) % 4]])[0]
    np.testing.assert_allclose(hue(image[24, 24] / 255), hue(np.array(color)), atol=0.03)
    # Lit from the camera, but never brighter than the texture.
    assert 0.6 * max(color) < image[24, 24].max() / 255 <= 1.05 * max(color)


def test_the_top_is_up_and_the_objects_left_is_on_the_right_of_its_front_view(box):
    image = np.float32(render_mesh(box, orbit(8, 64, elevation_deg=35)[[1]])[0])
    found = {}
    for name, color in {"red": RED, "green": GREEN, "blue": BLUE}.items():
        like = np.abs(image / image.max(-1, keepdims=True) - hue(np.array(color))).max(-1) < 0.05
        assert like.sum() > 50
        found[name] = np.argwhere(like).mean(0)
    assert found["blue"][0] < min(found["red"][0], found["green"][0])
    assert found["red"][1] < found["green"][1]


def test_the_ground_around_the_object_is_plain_and_light(box):
    image = render_mesh(box, orbit(1, 32, elevation_deg=0))[0]
    for corner in (image[0, 0], image[-1, 0], image[0, -1], image[-1, -1]):
        np.testing.assert_array_equal(corner, 237)


def test_vertex_colours_show_where_there_is_no_texture(box):
    plain = Mesh(box.vertices, box.faces, box.normals, colors=np.full_like(box.vertices, [0, 1, 0]))
    image = render_mesh(plain, orbit(1, 32, elevation_deg=0))[0]
    assert image[16, 16, 1] > 150
    assert image[16, 16, [0, 2]].max() == 0


def test_a_sample_is_the_texel_at_its_centre_and_the_mean_halfway():
    texture = np.uint8(np.arange(2 * 3 * 3).reshape(2, 3, 3) * 10)
    centre = np.array([[0.5 / 3, 0.25], [2.5 / 3, 0.75]])
    np.testing.assert_allclose(texels(texture, centre) * 255, texture[[0, 1], [0, 2]])
    between = np.array([[1 / 3, 0.25]])
    np.testing.assert_allclose(texels(texture, between)[0] * 255, texture[0, :2].mean(0))
    outside = np.array([[0.0, 0.0], [1.0, 1.0]])
    np.testing.assert_allclose(texels(texture, outside) * 255, texture[[0, 1], [0, 2]])


def test_reading_a_glb_returns_the_mesh_that_was_written(box, tmp_path):
    save(box, tmp_path / "box.glb")
    read = load(tmp_path / "box.glb")
    for name in ("vertices", "normals", "uv"):
        np.testing.assert_allclose(getattr(read, name), getattr(box, name), atol=1e-6)
    np.testing.assert_array_equal(read.faces, box.faces)
    np.testing.assert_array_equal(read.base_color, box.base_color)
    assert (read.metallic, read.roughness) == (box.metallic, box.roughness)


@pytest.mark.parametrize("data", [b"", b"not a GLB at all", b"glTF\2\0\0\0\x40\0\0\0"])
def test_a_file_that_is_not_a_glb_is_refused_by_name(tmp_path, data):
    (tmp_path / "a.glb").write_bytes(data)
    with pytest.raises(MeshError, match=r"a\.glb"):
        load(tmp_path / "a.glb")
    with pytest.raises(MeshError, match="nowhere"):
        load(tmp_path / "nowhere.glb")


# imageio-ffmpeg leaves the pipes of its decoder to the garbage collector; only this test decodes
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_a_turntable_contains_every_frame_in_order(tmp_path):
    frames = np.zeros((9, 48, 64, 3), np.uint8)
    frames += (25 * np.arange(9, dtype=np.uint8))[:, None, None, None]
    path = tmp_path / "turn.mp4"
    turntable(frames, path, frames_per_second=12)
    reader = imageio_ffmpeg.read_frames(str(path))
    about = next(reader)
    film = [np.frombuffer(frame, np.uint8).reshape(48, 64, 3) for frame in reader]
    assert (about["size"], about["fps"]) == ((64, 48), 12)
    assert about["codec"] == "h264"
    assert about["pix_fmt"].startswith("yuv420p")
    assert len(film) == len(frames)
    np.testing.assert_allclose([f.mean() for f in film], frames[:, 0, 0, 0], atol=4)
    assert [p.name for p in tmp_path.iterdir()] == ["turn.mp4"]


def test_a_preview_is_the_views_in_rows(tmp_path):
    views = np.uint8(np.random.default_rng(0).integers(0, 256, (6, 8, 10, 3)))
    preview(views, tmp_path / "a.png", columns=3)
    image = np.asarray(Image.open(tmp_path / "a.png"))
    assert image.shape == (16, 30, 3)
    np.testing.assert_array_equal(image[8:, 10:20], views[4])


def test_a_preview_leaves_the_end_of_a_short_row_white(tmp_path):
    views = np.zeros((5, 8, 10, 3), np.uint8)
    preview(views, tmp_path / "a.png", columns=3)
    image = np.asarray(Image.open(tmp_path / "a.png"))
    assert image.shape == (16, 30, 3)
    np.testing.assert_array_equal(image[8:, 20:], 255)


def test_a_contact_sheet_puts_each_image_below_its_label(tmp_path):
    rng = np.random.default_rng(0)
    rows = [(f"row {n}", list(np.uint8(rng.integers(0, 256, (2, 20, 90, 3))))) for n in range(3)]
    contact_sheet(rows, tmp_path / "a.png", columns=2)
    image = np.asarray(Image.open(tmp_path / "a.png"))
    # Two columns of two images and a gap; two lines of a label of 22 pixels and an image.
    assert image.shape == (2 * 42, 2 * (180 + 4), 3)
    np.testing.assert_array_equal(image[22:42, 184 : 184 + 90], rows[1][1][0])
    np.testing.assert_array_equal(image[64:84, 90:180], rows[2][1][1])
    for top, left in ((0, 0), (0, 184), (42, 0)):
        assert image[top : top + 22, left : left + 60].min() < 100
    assert image[42:, 184:].min() == 255


def test_the_labels_of_a_wide_sheet_are_large(tmp_path):
    images = [np.full((20, 400, 3), 128, np.uint8)] * 2
    contact_sheet([("row", images)] * 2, tmp_path / "a.png", columns=2)
    label = np.asarray(Image.open(tmp_path / "a.png"))[:-20]
    assert label.shape[0] > 1600 / 64
    inked = np.flatnonzero(label.min(axis=(1, 2)) < 100)
    assert np.ptp(inked) > 1600 / 64 / 2
