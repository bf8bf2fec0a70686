"""Laws of the image prompt of the exact prior."""

import io
import shutil
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from sds3d.cli import main
from sds3d.errors import PriorError
from sds3d.language.prompt import Prompt
from sds3d.library.kit.model import member
from sds3d.mesh.readers import read
from sds3d.mesh.shape import drawn
from sds3d.priors.exact.likeness import likeness, read_image, subject
from sds3d.priors.exact.prior import ExactPrior, Members, render
from sds3d.views.cameras import orbit
from sds3d.views.lighting import shaded


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A box, a ball and a lying cylinder, red, green and blue."""
    import trimesh

    folder, out = tmp_path_factory.mktemp("meshes"), []
    meshes = (
        trimesh.creation.box(),
        trimesh.creation.icosphere(),
        trimesh.creation.cylinder(0.2, 2),
    )
    for name, mesh, color in zip(
        "abc", meshes, ([200, 40, 40], [40, 160, 60], [50, 70, 200]), strict=True
    ):
        mesh.visual.vertex_colors = [*color, 255]
        mesh.export(folder / f"{name}.ply")
        out.append(member(drawn(read(folder / f"{name}.ply").pieces), name))
    return out


def picture(model, path, azimuth=65.0, ground=1.0, alpha=False):
    """A picture of the model, off the middle of a plain ground or of nothing."""
    seen = render(
        [model], orbit(1, 80, elevation_deg=22).rotated(azimuth), torch.full((1, 3), ground), 2
    )
    rgb = np.uint8(seen[0, 0].permute(1, 2, 0).numpy() * 255)
    rgb = np.roll(rgb, (7, -9), (0, 1))
    if alpha:
        covered = np.uint8(255 * (np.abs(rgb / 255.0 - ground).max(-1) > 0.02))
        rgb = np.dstack([rgb, covered])
    Image.fromarray(rgb).save(path)
    return path


@pytest.mark.parametrize("index", [0, 1, 2])
@pytest.mark.parametrize("look", [{}, {"ground": 0.2}, {"alpha": True}, {"azimuth": 200.0}])
def test_an_image_of_a_member_is_most_similar_to_that_member_from_every_side(
    models, index, look, tmp_path
):
    shown = subject(picture(models[index], tmp_path / "x.png", **look))
    w = likeness(shown, models, [shaded(m.colors, m.normals) for m in models])
    assert w[index] == 1
    assert (np.delete(w, index) == 0).all()


def test_the_image_branch_weights_only_the_most_similar_members_of_the_text(models, tmp_path, rng):
    text, null = np.array([0.5, 0.5, 0.0]), np.full(3, 1 / 3)
    prior = ExactPrior(lambda prompt: Members(tuple(models), text, null))
    cameras, grey = orbit(4, 16), torch.full((4, 3), 0.5)
    path = picture(models[1], tmp_path / "x.png")
    cond = prior.condition(Prompt("x", image=str(path)), cameras, grey)
    assert cond.image.embedding.exp().tolist() == [[0, 1, 0]] * 4
    without = prior.condition(Prompt("x"), cameras, grey)
    assert without.image is None
    assert torch.equal(cond.text.embedding, without.text.embedding)


IMAGES = Path(__file__).parent / "images"  # an upright red bar on a blue foot, 120 x 160 pixels
SAME = {  # RMS difference allowed from the object in rgb.png, by file
    "cmyk.jpg": 0.001,
    "exif6.jpg": 0.015,  # JPEG's ringing along the edges
    "half_alpha.png": 0.0,
    "palette_alpha.png": 0.0,
    "rgb16.png": 0.0,
    "gradient_ground.png": 0.05,  # its object is shaded too
}


def rms(a, b):
    return (a - b).square().mean().sqrt().item()


@pytest.mark.parametrize("name", SAME)
def test_the_object_is_the_same_in_every_encoding_of_its_image(name):
    assert rms(subject(IMAGES / name), subject(IMAGES / "rgb.png")) <= SAME[name]


@pytest.mark.parametrize("suffix", ["bmp", "gif", "tiff", "webp"])
def test_lossless_formats_show_the_same_object(suffix, tmp_path):
    with Image.open(IMAGES / "rgb.png") as image:
        image.save(tmp_path / f"x.{suffix}", **({"lossless": True} if suffix == "webp" else {}))
    assert rms(subject(tmp_path / f"x.{suffix}"), subject(IMAGES / "rgb.png")) == 0


def test_grey_with_alpha_and_16_bit_grey_show_the_same_object_as_grey(tmp_path):
    grey = subject(IMAGES / "grey8.png")
    assert rms(subject(IMAGES / "la.png"), grey) == 0
    with Image.open(IMAGES / "grey8.png") as image:
        deep = np.asarray(image, np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "deep.png")
    with Image.open(tmp_path / "deep.png") as image:
        assert image.mode.startswith("I")
    assert rms(subject(tmp_path / "deep.png"), grey) == 0


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_turned_upright_as_its_exif_says(orientation, tmp_path):
    stored = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]  # the inverse turn
    with Image.open(IMAGES / "rgb.png") as image:
        turned = image if stored is None else image.transpose(Image.Transpose(stored))
        exif = Image.Exif()
        exif[0x0112] = orientation
        turned.save(tmp_path / "x.png", exif=exif)
    assert rms(subject(tmp_path / "x.png"), subject(IMAGES / "rgb.png")) == 0


@pytest.mark.parametrize("alpha", [254, 0])
def test_one_transparent_pixel_does_not_make_the_whole_frame_the_object(alpha, tmp_path):
    with Image.open(IMAGES / "rgb.png") as image:
        rgba = image.convert("RGBA")
    rgba.putpixel((3, 5), (255, 255, 255, alpha))
    rgba.save(tmp_path / "x.png")
    assert rms(subject(tmp_path / "x.png"), subject(IMAGES / "rgb.png")) == 0


def test_the_object_is_found_on_a_background_that_shades_off_in_any_direction(tmp_path):
    with Image.open(IMAGES / "rgb.png") as image:
        rgb = np.asarray(image, np.float32) / 255
    y, x = np.mgrid[0 : 1 : rgb.shape[0] * 1j, 0 : 1 : rgb.shape[1] * 1j]
    ground = 0.9 - 0.3 * x[..., None] - 0.2 * y[..., None] * [1, 0.5, 0]
    mixed = np.where((rgb == 1).all(-1, keepdims=True), ground, rgb)
    Image.fromarray(np.uint8(255 * mixed)).save(tmp_path / "x.png")
    assert rms(subject(tmp_path / "x.png"), subject(IMAGES / "rgb.png")) < 0.02


def test_large_images_are_scaled_down_before_they_are_searched(tmp_path):
    with Image.open(IMAGES / "rgb.png") as image:
        large = image.resize((3000, 4000), Image.Resampling.NEAREST)
    for name in ("x.png", "x.jpg"):
        large.save(tmp_path / name)
        rgb, alpha = read_image(tmp_path / name)
        assert rgb.shape == (1024, 768, 3)
        assert alpha.shape == (1024, 768)
        assert rms(subject(tmp_path / name), subject(IMAGES / "rgb.png")) < 0.02


def test_a_thin_image_costs_memory_in_proportion_to_its_own_pixels(tmp_path):
    """1 x 20,000 pixels once became a square of 20,000, of 4.8 GB."""
    column = np.full((20_000, 1, 3), 255, np.uint8)
    column[8_000:12_000] = (200, 40, 40)
    Image.fromarray(column).save(tmp_path / "x.png")
    tracemalloc.start()
    object_ = subject(tmp_path / "x.png")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**24
    assert object_[0, 20, 20] > object_[1, 20, 20] + 0.02


def declared(path, width, height):
    """Writes a PNG of one pixel whose header declares another size."""
    Image.new("L", (1, 1)).save(path, "PNG")
    data = bytearray(path.read_bytes())
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    path.write_bytes(data)


REFUSED = {
    "text": (lambda p: p.write_text("no", encoding="utf-8"), "is not an image in one of PNG"),
    "svg": (lambda p: p.write_text("<svg/>", encoding="utf-8"), "is not an image in one of PNG"),
    "truncated": (lambda p: shutil.copy(IMAGES / "trunc.jpg", p), "not a readable image"),
    "white": (lambda p: Image.new("RGB", (9, 9), "white").save(p, "PNG"), "shows no object"),
    "clear": (lambda p: shutil.copy(IMAGES / "clear.png", p), "shows no object"),
    "no margin": (lambda p: shutil.copy(IMAGES / "fills_frame.png", p), "no plain background"),
    "80 megapixels": (lambda p: declared(p, 10_000, 8_000), "67 megapixels"),
    "400 megapixels": (lambda p: declared(p, 20_000, 20_000), "67 megapixels"),
    "32 bits": (lambda p: Image.new("F", (9, 9)).save(p, "TIFF"), "32 bits a channel"),
    "a folder": (lambda p: p.mkdir(), "not a readable image"),
    "nothing": (lambda p: None, "not a readable image"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_used_as_an_image_is_refused_in_a_line_with_the_fix(case, tmp_path):
    make, message = REFUSED[case]
    make(tmp_path / "x")
    with pytest.raises(PriorError, match=message) as caught:
        subject(tmp_path / "x")
    assert caught.value.fix
    assert "\n" not in caught.value.message


@st.composite
def damaged_images(draw):
    """The bytes of a small image with some of them changed, left out or repeated."""
    data = bytearray(draw(st.sampled_from(ENCODED)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data) - 1))
        data[at] = draw(st.integers(0, 255))
    cut = draw(st.integers(0, len(data)))
    tail = draw(st.sampled_from((b"", bytes(data[cut:]), bytes(data[:cut]))))
    return bytes(data[:cut]) + tail


def encoded():
    """A small image in every format that is read, and PNG in every mode."""
    exif = Image.Exif()
    exif[0x0112] = 6
    base = Image.new("RGBA", (12, 16), (255, 255, 255, 0))
    base.paste((200, 40, 40, 255), (3, 4, 9, 12))
    out = []
    for mode in ("RGBA", "RGB", "P", "L", "LA", "1", "I;16"):
        out.append((base.convert("L") if mode == "I;16" else base).convert(mode))
    kinds = [(image, "PNG") for image in out]
    kinds += [(out[1], kind) for kind in ("JPEG", "WEBP", "GIF", "BMP", "TIFF")]
    files = []
    for image, kind in kinds:
        stream = io.BytesIO()
        image.save(stream, kind, **({} if kind in ("BMP", "GIF") else {"exif": exif}))
        files.append(stream.getvalue())
    return files


ENCODED = encoded()


@settings(max_examples=700, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=damaged_images() | st.binary(max_size=64))
def test_any_bytes_are_read_as_an_image_or_refused_in_one_line(data, tmp_path):
    (tmp_path / "x").write_bytes(data)
    result, refusal = None, None
    try:
        result = subject(tmp_path / "x")
    except PriorError as error:
        refusal = error
    if result is None:
        assert refusal.fix
        assert "\n" not in refusal.message
    else:
        assert result.shape == (3, 40, 40)
        assert result.isfinite().all()
        assert 0 <= result.min() <= result.max() <= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--method", "csm", "--image", "absent.png"], "not a file"),
        (["--image", "here"], "--method csm"),
    ],
)
def test_an_image_that_cannot_be_used_is_refused_in_a_line(arguments, message, tmp_path, capsys):
    here = tmp_path / "here.png"
    Image.new("RGB", (9, 9)).save(here)
    given = [str(here) if a == "here" else a for a in arguments]
    with pytest.raises(SystemExit) as stopped:
        main(["generate", "a chair", "--out", str(tmp_path / "run"), *given])
    assert stopped.value.code not in (0, None)
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
