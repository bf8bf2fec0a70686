"""GLB files as Blender's Cycles shows them: under one light, on one ground plane, a tile each.

    python benchmarks/blender_sheet.py RUN_OR_GLB... --out SHEET.png [--columns 4] [--size 320] [--samples 96]

Needs bpy (pip install "sds3d[blender]").  Every object has the same bounding sphere.  The label of a
tile is the prompt that the file carries.
"""

# Blender is optional, and its modules have no types:
# pyright: reportMissingImports=false

from __future__ import annotations

import argparse
import json
import math
import struct
import tempfile
from pathlib import Path

import bpy
from mathutils import Vector
from PIL import Image, ImageDraw, ImageFont

FOV_DEG, AZIMUTH_DEG, ELEVATION_DEG = 30.0, 35.0, 18.0
LABEL = 26  # pixels below a tile


def prompt_of(path: Path) -> str:
    """The prompt in the extras of a GLB, else the file's name."""
    with path.open("rb") as stream:
        stream.seek(12)
        (length, _) = struct.unpack("<II", stream.read(8))
        document = json.loads(stream.read(length))
    extras = document["asset"].get("extras", {})
    return str(extras.get("prompt", path.stem))


def render(path: Path, size: int, samples: int) -> Image.Image:
    """The object on the ground, from the front and a little above."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(path), merge_vertices=True)
    scene = bpy.context.scene
    (thing,) = [one for one in scene.objects if one.type == "MESH"]
    bpy.context.view_layer.update()
    corners = [thing.matrix_world @ Vector(corner) for corner in thing.bound_box]
    low = Vector([min(c[k] for c in corners) for k in range(3)])
    high = Vector([max(c[k] for c in corners) for k in range(3)])
    scale = 2 / (high - low).length
    middle = (low + high) / 2
    thing.location = (thing.location - Vector((middle.x, middle.y, low.z))) * scale
    thing.scale = thing.scale * scale
    height = (high.z - low.z) * scale
    ground(scene)
    light(scene)
    camera(scene, Vector((0, 0, 0.46 * height)))
    scene.render.engine = "CYCLES"
    scene.cycles.samples = samples
    scene.cycles.use_denoising = True
    scene.render.resolution_x = scene.render.resolution_y = size
    scene.view_settings.view_transform = "AgX"
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "tile.png")
        bpy.ops.render.render(write_still=True)
        return Image.open(scene.render.filepath).convert("RGB")


def ground(scene: bpy.types.Scene) -> None:
    """A light grey floor, far larger than the object."""
    bpy.ops.mesh.primitive_plane_add(size=60)
    material = bpy.data.materials.new("Ground")
    material.use_nodes = True
    surface = material.node_tree.nodes["Principled BSDF"]
    surface.inputs["Base Color"].default_value = (0.55, 0.55, 0.55, 1)
    surface.inputs["Roughness"].default_value = 0.9
    scene.view_layers[0].objects.active.data.materials.append(material)


def light(scene: bpy.types.Scene) -> None:
    """A large softbox at the upper left, a smaller one behind, and an even sky."""
    for name, power, side, place in (
        ("Key", 260, 2.5, (-3, -3, 4)),
        ("Rim", 120, 1.5, (3, 3, 3)),
        ("Fill", 40, 4.0, (4, -3, 2)),
    ):
        lamp = bpy.data.objects.new(name, bpy.data.lights.new(name, "AREA"))
        lamp.data.energy = power
        lamp.data.size = side
        lamp.location = place
        toward = Vector((0, 0, 0.5)) - Vector(place)
        lamp.rotation_euler = toward.to_track_quat("-Z", "Y").to_euler()
        scene.collection.objects.link(lamp)
    world = bpy.data.worlds.new("World")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.75, 0.82, 0.9, 1)
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0.5
    scene.world = world


def camera(scene: bpy.types.Scene, target: Vector) -> None:
    """A camera that sees the unit sphere about the target."""
    azimuth, elevation = math.radians(AZIMUTH_DEG), math.radians(ELEVATION_DEG)
    away = Vector(
        (
            math.sin(azimuth) * math.cos(elevation),
            -math.cos(azimuth) * math.cos(elevation),
            math.sin(elevation),
        )
    )
    eye = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    eye.data.angle = math.radians(FOV_DEG)
    eye.location = target + away * (1.08 / math.sin(math.radians(FOV_DEG / 2)))
    eye.rotation_euler = (-away).to_track_quat("-Z", "Y").to_euler()
    scene.collection.objects.link(eye)
    scene.camera = eye


def main() -> None:
    """Renders the tiles and writes the sheet."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("meshes", type=Path, nargs="+", help="run folders or GLB files")
    parser.add_argument("--out", type=Path, default=Path("assets/blender_sheet.png"))
    parser.add_argument("--columns", type=int, default=4)
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--samples", type=int, default=96)
    options = parser.parse_args()
    paths = [path / "mesh.glb" if path.is_dir() else path for path in options.meshes]
    columns = min(options.columns, len(paths))
    rows = math.ceil(len(paths) / columns)
    size = options.size
    sheet = Image.new("RGB", (columns * size, rows * (size + LABEL)), "white")
    draw = ImageDraw.Draw(sheet)
    for k, path in enumerate(paths):
        corner = (k % columns * size, k // columns * (size + LABEL))
        sheet.paste(render(path, size, options.samples), corner)
        place = (corner[0] + size // 2, corner[1] + size + LABEL // 2)
        draw.text(place, prompt_of(path), "black", ImageFont.load_default(16), anchor="mm")
    sheet.save(options.out, optimize=True)
    print(options.out)


if __name__ == "__main__":
    main()
