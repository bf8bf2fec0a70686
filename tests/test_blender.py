"""Files in Blender: upright, facing the viewer, textured, not metal, and of the expected colour when rendered.

Blender runs in a process of its own: its libraries and torch's do not always live in one.
"""

import importlib.util
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from sds3d.kernels.rasterize import project, rasterize
from sds3d.mesh.bake import textured
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.pictures import texels
from sds3d.mesh.save import save
from sds3d.views.cameras import orbit

pytestmark = [
    pytest.mark.blender,
    pytest.mark.skipif(
        importlib.util.find_spec("bpy") is None, reason="no bpy: pip install 'sds3d[blender]'"
    ),
]
RED, GREY = [0.9, 0.1, 0.1], [0.6, 0.6, 0.6]
SIZES = [0.8, 1.4, 0.5]  # x, y, z in our frame
SIDE = 128

# Reads a GLB, prints what Blender made of it, and renders it from -Y, Blender's front view.
LOOK = """
import json, sys
import bpy
from mathutils import Vector

source, picture, side = sys.argv[1], sys.argv[2], int(sys.argv[3])
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.import_scene.gltf(filepath=source)
scene = bpy.context.scene
bpy.context.view_layer.update()
meshes = [o for o in scene.objects if o.type == "MESH"]
thing = meshes[0]
corners = [thing.matrix_world @ v.co for v in thing.data.vertices]
low = [min(c[i] for c in corners) for i in range(3)]
high = [max(c[i] for c in corners) for i in range(3)]
tree = thing.data.materials[0].node_tree
surface = next(n for n in tree.nodes if n.type == "BSDF_PRINCIPLED")
links = surface.inputs["Base Color"].links
image = links[0].from_node.image if links and links[0].from_node.type == "TEX_IMAGE" else None
facts = {
    "meshes": len(meshes),
    "low": low,
    "high": high,
    "image": list(image.size) if image else None,
    "colorspace": image.colorspace_settings.name if image else None,
    "metallic": surface.inputs["Metallic"].default_value,
    "roughness": surface.inputs["Roughness"].default_value,
}

scene.render.engine = "CYCLES"
scene.cycles.device, scene.cycles.samples, scene.cycles.use_denoising = "CPU", 16, False
scene.render.resolution_x = scene.render.resolution_y = side
scene.render.film_transparent = True
scene.view_settings.view_transform = "Standard"
scene.render.image_settings.file_format = "PNG"
scene.render.image_settings.color_mode = "RGBA"
scene.render.filepath = picture
camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
camera.data.type, camera.data.ortho_scale = "ORTHO", 2.4
camera.location = (0, -4, 0)
camera.rotation_euler = (Vector((0, 1, 0))).to_track_quat("-Z", "Y").to_euler()
light = bpy.data.objects.new("light", bpy.data.lights.new("light", "SUN"))
light.data.energy = 3.0
light.rotation_euler = camera.rotation_euler
for extra in (camera, light):
    scene.collection.objects.link(extra)
scene.camera = camera
bpy.ops.render.render(write_still=True)
print("FACTS " + json.dumps(facts))
"""


def look(path, folder):
    """(what Blender says of the GLB, its front view (SIDE, SIDE, 4) in [0, 1])."""
    from PIL import Image

    script, picture = folder / "look.py", folder / "front.png"
    script.write_text(LOOK)
    done = subprocess.run(
        [sys.executable, str(script), str(path), str(picture), str(SIDE)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    facts = [line for line in done.stdout.splitlines() if line.startswith("FACTS ")]
    assert facts, done.stdout[-2000:] + done.stderr[-2000:]
    return json.loads(facts[0][6:]), np.asarray(Image.open(picture), np.float64) / 255


def rows(mask):
    """Smallest and largest row of the mask, in units where the view is 2.4 wide and 0 is its middle."""
    found = np.flatnonzero(mask.any(1))
    return (0.5 - np.array([found[-1] + 1, found[0]]) / SIDE) * 2.4


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """A box whose front (+Z) is red: in red above, dark red below, so that up shows too."""

    def paint(points, normals):
        brightness = np.where(points[:, 1] > 0, 1.0, 0.4)[:, None]
        return np.where(normals[:, 2:] > 0.9, RED, GREY) * brightness

    folder = tmp_path_factory.mktemp("blender")
    solid = trimesh.creation.box(SIZES).subdivide()
    flat = np.repeat(solid.face_normals, 3, 0)
    mesh = Mesh(
        np.float32(solid.triangles.reshape(-1, 3)),
        np.int32(np.arange(len(flat)).reshape(-1, 3)),
        np.float32(flat),
    )
    save(textured(mesh, paint, texture_size=256), folder / "box.glb")
    return look(folder / "box.glb", folder)


def test_up_is_up_in_blender_and_the_front_faces_its_front_view(seen):
    facts, _ = seen
    assert facts["meshes"] == 1
    # Blender's (x, y, z) are our (x, -z, y).
    width, height, depth = SIZES
    np.testing.assert_allclose(facts["high"], [width / 2, depth / 2, height / 2], atol=1e-4)
    np.testing.assert_allclose(facts["low"], [-width / 2, -depth / 2, -height / 2], atol=1e-4)


def test_the_texture_is_the_base_colour_and_nothing_is_metal(seen):
    facts, _ = seen
    assert facts["image"] == [256, 256]
    assert facts["colorspace"] == "sRGB"
    assert facts["metallic"] == 0.0
    assert facts["roughness"] == pytest.approx(0.8)


def test_a_render_shows_the_red_front_with_its_light_half_above(seen):
    _, image = seen
    inside = image[..., 3] > 0.5
    assert inside.mean() == pytest.approx(SIZES[0] * SIZES[1] / 2.4**2, abs=0.02)
    np.testing.assert_allclose(rows(inside), [-SIZES[1] / 2, SIZES[1] / 2], atol=0.04)
    row = np.arange(SIDE)[:, None]
    above, below = (image[inside & half, :3].mean(0) for half in (row < 60, row > 68))
    for color in (above, below):
        assert color[0] > 2 * max(color[1], color[2])
    assert above[0] > 0.6
    assert above[0] > 1.5 * below[0]


def newest():
    made = sorted(Path("outputs").glob("**/mesh.glb"), key=lambda path: path.stat().st_mtime)
    return made[-1] if made else None


@pytest.mark.skipif(newest() is None, reason="nothing was generated below outputs/ yet")
def test_the_newest_generated_object_stands_upright_textured_and_lit(tmp_path):
    path = newest()
    facts, image = look(path, tmp_path)
    assert facts["meshes"] == 1
    assert min(facts["image"]) >= 128
    assert facts["metallic"] == 0.0
    ours = trimesh.load(path, force="mesh", process=False).bounds
    x, y, z = ours.T
    np.testing.assert_allclose(facts["low"], [x[0], -z[1], y[0]], atol=1e-4)
    np.testing.assert_allclose(facts["high"], [x[1], -z[0], y[1]], atol=1e-4)
    size = np.subtract(facts["high"], facts["low"])
    assert 0.2 < size.max() < 2.5
    inside = image[..., 3] > 0.5
    assert inside.mean() > 0.01
    np.testing.assert_allclose(rows(inside), y, atol=0.06)
    assert image[inside, :3].mean() > 0.1


# Opens a file, prints what its material is linked to, and renders its base colours (without light) from four
# sides: cameras at the azimuths 0, 90, 180 and 270 degrees of ours, aimed at the origin.
FOUR = """
import json, math, sys, warnings
import bpy
from mathutils import Vector

source, pictures, side, distance, fov_deg, elevation_deg = sys.argv[1], sys.argv[2], *map(float, sys.argv[3:7])
if source.endswith(".blend"):
    bpy.ops.wm.open_mainfile(filepath=source)
else:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if source.endswith(".glb"):
        bpy.ops.import_scene.gltf(filepath=source)
    elif source.endswith(".obj"):
        bpy.ops.wm.obj_import(filepath=source)
    else:
        bpy.ops.wm.usd_import(filepath=source)
scene = bpy.context.scene
bpy.context.view_layer.update()
(thing,) = [o for o in scene.objects if o.type == "MESH"]
corners = [thing.matrix_world @ v.co for v in thing.data.vertices]
tree = thing.data.materials[0].node_tree
surface = next(n for n in tree.nodes if n.type == "BSDF_PRINCIPLED")

def origin(socket):
    '''Node types and output names from the socket back to an image or a colour attribute.'''
    way, image = [], None
    while socket.links:
        link = socket.links[0]
        node = link.from_node
        way.append([node.type, link.from_socket.name])
        image = getattr(node, "image", None) or image
        ahead = [s for s in node.inputs if s.links and s.name != "Vector"]
        if not ahead or node.type == "TEX_IMAGE":
            break
        socket = ahead[0]
    if image is None:
        return {"way": way}
    return {
        "way": way,
        "size": list(image.size),
        "space": image.colorspace_settings.name,
        "packed": image.packed_file is not None,
        "pixel": list(image.pixels[:3]),
    }

facts = {
    "name": thing.name,
    "custom": {key: thing[key] for key in ("prompt", "seed") if key in thing},
    "low": [min(c[i] for c in corners) for i in range(3)],
    "high": [max(c[i] for c in corners) for i in range(3)],
    "units": [scene.unit_settings.system, scene.unit_settings.scale_length],
    "objects": sorted(o.type for o in scene.objects),
    "camera": scene.camera is not None,
    "version": list(bpy.data.version),
    "links": {n: origin(surface.inputs[n]) for n in ("Base Color", "Metallic", "Roughness", "Normal")},
    "values": {n: surface.inputs[n].default_value for n in ("Metallic", "Roughness")},
}

base = surface.inputs["Base Color"]
flat = tree.nodes.new("ShaderNodeEmission")
if base.links:
    tree.links.new(base.links[0].from_socket, flat.inputs["Color"])
output = next(n for n in tree.nodes if n.type == "OUTPUT_MATERIAL" and n.is_active_output)
tree.links.new(flat.outputs["Emission"], output.inputs["Surface"])
scene.render.engine = "CYCLES"
scene.cycles.device, scene.cycles.samples, scene.cycles.use_denoising = "CPU", 8, False
scene.render.resolution_x = scene.render.resolution_y = int(side)
scene.render.film_transparent = True
scene.view_settings.view_transform = "Standard"
scene.render.image_settings.file_format = "PNG"
scene.render.image_settings.color_mode = "RGBA"
camera = bpy.data.objects.new("four", bpy.data.cameras.new("four"))
camera.data.angle = math.radians(fov_deg)
scene.collection.objects.link(camera)
scene.camera = camera
for number in range(4):
    azimuth, elevation = math.radians(90 * number), math.radians(elevation_deg)
    away = Vector((math.sin(azimuth) * math.cos(elevation), -math.cos(azimuth) * math.cos(elevation),
                   math.sin(elevation)))
    camera.location = away * distance
    camera.rotation_euler = (-away).to_track_quat("-Z", "Y").to_euler()
    scene.render.filepath = pictures + f"/{number}.png"
    bpy.ops.render.render(write_still=True)
print("FACTS " + json.dumps(facts))
"""
DISTANCE, FOV_DEG, ELEVATION_DEG = 4.0, 40.0, 15.0
EXTRAS = {"prompt": "a red box", "seed": 3}


def four_sides(path, folder):
    """(what Blender says of the file, its base colours from four sides (4, SIDE, SIDE, 4) in [0, 1])."""
    from PIL import Image

    folder.mkdir()
    script = folder / "four.py"
    script.write_text(FOUR)
    numbers = map(str, (SIDE, DISTANCE, FOV_DEG, ELEVATION_DEG))
    done = subprocess.run(
        [sys.executable, str(script), str(path), str(folder), *numbers],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    said = done.stdout + done.stderr
    facts = [line for line in done.stdout.splitlines() if line.startswith("FACTS ")]
    assert facts, said[-2000:]
    assert "warning" not in said.lower(), said
    pictures = [np.asarray(Image.open(folder / f"{n}.png"), np.float64) / 255 for n in range(4)]
    return json.loads(facts[0][6:]), np.stack(pictures)


def ours(mesh):
    """Base colours and coverage of the mesh from the same sides, (4, SIDE, SIDE, 4) in [0, 1]."""
    fine = orbit(4, 4 * SIDE, elevation_deg=ELEVATION_DEG, distance=DISTANCE, fov_deg=FOV_DEG)
    attributes = torch.from_numpy(np.float32(mesh.uv if mesh.colors is None else mesh.colors))
    screen = project(torch.from_numpy(mesh.vertices), fine)
    faces = torch.from_numpy(mesh.faces)
    values, face, _ = rasterize(screen, faces, attributes, fine.height, fine.width)
    values = values.numpy()
    rgb = texels(mesh.base_color, values) if mesh.colors is None else values
    seen = (face >= 0).numpy()[..., None]
    drawn = np.concatenate([rgb * seen, seen], -1)
    return drawn.reshape(4, SIDE, 4, SIDE, 4, 4).mean((2, 4))


@pytest.fixture(scope="module")
def solid():
    """A box and a ball beside it, coloured by where they are, neither centred nor symmetric."""
    box = trimesh.creation.box((0.8, 1.4, 0.5)).subdivide().apply_translation((0.2, 0.1, 0))
    ball = trimesh.creation.icosphere(3, 0.35).apply_translation((-0.55, -0.2, 0.3))
    both = trimesh.util.concatenate([box, ball])
    flat = np.repeat(both.face_normals, 3, 0)
    corners = np.float32(both.triangles.reshape(-1, 3))
    return Mesh(corners, np.int32(np.arange(len(flat)).reshape(-1, 3)), np.float32(flat))


def by_place(points, normals):
    """Smooth colours: red grows with x, green with y, blue with z."""
    return (0.5 + 0.45 * points / np.array([1.0, 1.0, 0.7])).clip(0.05, 0.95)


@pytest.fixture(scope="module")
def mapped(solid):
    """The solid with all textures."""
    mesh = textured(solid, by_place, texture_size=256)
    surface = np.empty((256, 256, 3), np.uint8)
    surface[:] = (255, 64, 191)  # not occluded; roughness; metallic
    normal_map = np.empty((256, 256, 3), np.uint8)
    normal_map[:] = (140, 120, 254)
    return replace(mesh, surface=surface, normal_map=normal_map)


@pytest.fixture(scope="module", params=["glb", "obj", "usdz", "blend"])
def opened(request, mapped, tmp_path_factory):
    """(format, what Blender says of the file, its base colours from four sides)."""
    if request.param == "usdz":
        pytest.importorskip("pxr", reason="needs the extra [usd]")
    folder = tmp_path_factory.mktemp(request.param)
    path = save(mapped, folder / f"thing.{request.param}", EXTRAS)[-1]
    return request.param, *four_sides(path, folder / "pictures")


def in_blender(mesh):
    """Corners of the bounding box in Blender's axes, (x, -z, y)."""
    points = mesh.vertices @ np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])
    return points.min(0), points.max(0)


def test_every_format_opens_upright_facing_the_front_and_in_metres(opened, mapped):
    _, facts, _ = opened
    low, high = in_blender(mapped)
    np.testing.assert_allclose(facts["low"], low, atol=1e-4)
    np.testing.assert_allclose(facts["high"], high, atol=1e-4)
    assert facts["units"] == ["METRIC", 1.0]


def test_every_format_has_its_maps_linked_in_their_own_colour_spaces(opened, mapped):
    kind, facts, _ = opened
    links = facts["links"]
    grey = "sRGB" if kind == "obj" else "Non-Color"  # Blender 4.5's reader of MTL: docs/blender.md
    expected = {"Base Color": "sRGB", "Metallic": grey, "Roughness": grey, "Normal": "Non-Color"}
    if kind == "obj":  # it does not read `norm`
        assert links["Normal"]["way"] == []
        del expected["Normal"]
    for name, space in expected.items():
        assert links[name]["size"] == [256, 256], name
        assert links[name]["space"] == space, name
        assert links[name]["way"][-1][0] == "TEX_IMAGE", name
    if kind != "obj":
        assert links["Normal"]["way"][0][0] == "NORMAL_MAP"
        pixel = np.array([140, 120, 254]) / 255
        np.testing.assert_allclose(links["Normal"]["pixel"], pixel, atol=0.01)


def test_roughness_and_metallic_are_what_the_texture_says(opened, mapped):
    name, facts, _ = opened
    channel = {"Roughness": 1, "Metallic": 2}
    for key, number in channel.items():
        link = facts["links"][key]
        if name == "obj":  # a grey image for each
            taken = link["pixel"][0]
        else:
            assert link["way"][0] == ["SEPARATE_COLOR", ("Red", "Green", "Blue")[number]]
            taken = link["pixel"][number]
        assert taken == pytest.approx(mapped.surface[0, 0, number] / 255, abs=0.01)


def test_cycles_draws_the_silhouettes_and_base_colours_that_we_draw(opened, mapped):
    _, _, seen = opened
    expected = ours(mapped)
    theirs, mine = seen[..., 3] > 0.5, expected[..., 3] > 0.5
    iou = (theirs & mine).sum((1, 2)) / (theirs | mine).sum((1, 2))
    assert iou.min() > 0.98
    inside = (seen[..., 3] > 0.99) & (expected[..., 3] > 0.99)
    for side in range(4):
        error = (seen - expected)[side, inside[side], :3]
        assert -10 * np.log10((error**2).mean()) > 30


def test_a_blend_is_a_scene_with_a_camera_a_light_and_everything_packed(opened):
    name, facts, _ = opened
    if name != "blend":
        return
    assert facts["objects"] == ["CAMERA", "LIGHT", "MESH"]
    assert facts["camera"]
    assert facts["version"][:2] == [4, 5]
    assert facts["name"] == "a red box"
    assert facts["custom"] == EXTRAS
    assert all(link["packed"] for link in facts["links"].values())


def test_vertex_colours_are_the_base_colour_of_a_blend(solid, tmp_path):
    colors = np.float32(by_place(solid.vertices, solid.normals))
    painted = replace(solid, colors=colors)
    (path,) = save(painted, tmp_path / "a.blend", EXTRAS)
    facts, seen = four_sides(path, tmp_path / "pictures")
    assert facts["links"]["Base Color"]["way"] == [["VERTEX_COLOR", "Color"]]
    assert facts["values"]["Roughness"] == pytest.approx(0.8)
    expected = ours(painted)
    inside = (seen[..., 3] > 0.99) & (expected[..., 3] > 0.99)
    error = (seen - expected)[inside][:, :3]
    assert -10 * np.log10((error**2).mean()) > 25
