"""A GLB in Blender: upright, facing the viewer, textured, not metal, and of the expected colour when rendered.

Blender runs in a process of its own: its libraries and torch's do not always live in one.
"""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh

from sds3d.mesh.bake import textured
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.save import save

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
