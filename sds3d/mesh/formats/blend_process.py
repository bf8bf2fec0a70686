"""Blender in a separate process: a GLB becomes a .blend with a camera and light.

    python blend_process.py SOURCE.glb TARGET.blend EXTRAS

EXTRAS: a JSON object.  Run by its path; imports nothing from sds3d.
"""

# Blender is optional, and its modules have no types:
# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

import json
import math
import sys

import bpy
from mathutils import Vector

FOV_DEG = 40.0
AZIMUTH_DEG = 30.0  # of the camera, from the front to the object's left
ELEVATION_DEG = 20.0
LONGEST_NAME = 63  # bytes of a name in Blender


def main() -> None:
    """Writes TARGET."""
    source, target, extras = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=source, merge_vertices=True)
    scene = bpy.context.scene
    scene.unit_settings.system = "METRIC"
    scene.unit_settings.length_unit = "METERS"
    scene.unit_settings.scale_length = 1.0
    scene.view_settings.view_transform = "Standard"  # colours as the texture has them
    (thing,) = [one for one in scene.objects if one.type == "MESH"]
    name = str(extras.get("prompt") or "object").encode()[:LONGEST_NAME].decode(errors="ignore")
    thing.name = thing.data.name = thing.data.materials[0].name = name
    for key, value in extras.items():
        thing[key] = value if isinstance(value, (str, int, float)) else json.dumps(value)
    show_vertex_colors(thing)
    bpy.context.view_layer.update()
    corners = [thing.matrix_world @ Vector(corner) for corner in thing.bound_box]
    middle = sum(corners, Vector()) / 8
    radius = max((corner - middle).length for corner in corners)
    add_camera(scene, middle, radius)
    add_light(scene, middle, radius)
    bpy.ops.outliner.orphans_purge(do_recursive=True)
    bpy.ops.file.pack_all()
    bpy.ops.wm.save_as_mainfile(filepath=target, compress=True, check_existing=False)


def show_vertex_colors(thing: "bpy.types.Object") -> None:
    """Connects the colours of a mesh without a texture to its material's base colour."""
    tree = thing.data.materials[0].node_tree
    surface = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    base = surface.inputs["Base Color"]
    if base.is_linked or not thing.data.color_attributes:
        return
    colors = tree.nodes.new("ShaderNodeVertexColor")
    colors.layer_name = thing.data.color_attributes[0].name
    colors.location = surface.location - Vector((250, 0))
    tree.links.new(colors.outputs["Color"], base)


def add_camera(scene: "bpy.types.Scene", middle: Vector, radius: float) -> None:
    """A camera that sees the whole sphere of `radius` metres about `middle`."""
    azimuth, elevation = math.radians(AZIMUTH_DEG), math.radians(ELEVATION_DEG)
    away = Vector(
        (
            math.sin(azimuth) * math.cos(elevation),
            -math.cos(azimuth) * math.cos(elevation),
            math.sin(elevation),
        )
    )
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.sensor_fit = "VERTICAL"
    camera.data.angle = math.radians(FOV_DEG)
    distance = 1.05 * radius / math.sin(math.radians(FOV_DEG) / 2)
    camera.data.clip_start = distance / 100
    camera.data.clip_end = distance * 100
    camera.location = middle + away * distance
    camera.rotation_euler = (-away).to_track_quat("-Z", "Y").to_euler()
    scene.collection.objects.link(camera)
    scene.camera = camera


def add_light(scene: "bpy.types.Scene", middle: Vector, radius: float) -> None:
    """A sun from above the camera's left, and an even sky."""
    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    sun.data.energy = 3.0
    sun.data.angle = math.radians(5)
    sun.location = middle + Vector((-1, -1.5, 2)) * radius
    sun.rotation_euler = (middle - sun.location).to_track_quat("-Z", "Y").to_euler()
    scene.collection.objects.link(sun)
    world = scene.world or bpy.data.worlds.new("World")
    world.use_nodes = True
    sky = world.node_tree.nodes["Background"]
    sky.inputs["Color"].default_value = (0.9, 0.95, 1.0, 1.0)
    sky.inputs["Strength"].default_value = 0.5
    scene.world = world


if __name__ == "__main__":
    main()
