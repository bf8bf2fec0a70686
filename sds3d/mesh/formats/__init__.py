"""File formats of meshes and of Gaussians: suffix -> "module:function".

A mesh exporter is a function (mesh: Mesh, stem: str, extras: Mapping[str, object]) -> dict[str, bytes], file
name -> content, in the order of writing: the file to open comes last, after those it names.  `stem` is the
file name without its suffix, `extras` are JSON values about the run (prompt, seed) for formats that can carry
them.  An exporter of Gaussians is a function (gaussians: Gaussians) -> bytes.
"""

from collections.abc import Sequence
from importlib.util import find_spec

from sds3d.errors import ExportError

EXPORTERS = {
    "glb": "sds3d.mesh.formats.gltf:files",
    "obj": "sds3d.mesh.formats.obj:files",
    "ply": "sds3d.mesh.formats.ply:files",
    "stl": "sds3d.mesh.formats.stl:files",
    "usdz": "sds3d.mesh.formats.usdz:files",
    "blend": "sds3d.mesh.formats.blend:files",
}  # the first is the default
SPLAT_EXPORTERS = {
    "splat": "sds3d.mesh.formats.splat:splat",
    "spz": "sds3d.mesh.formats.spz:spz",
}  # of scenes that are made of Gaussians, which have a splats.ply in any case
FORMATS = EXPORTERS | SPLAT_EXPORTERS

BESIDE = {"obj": (".mtl", ".png")}  # endings of the names of the files beside the one to open
MAPS = {
    "obj": ("_roughness.png", "_metallic.png", "_normal.png")
}  # and of a mesh with PBR textures
NEEDS = {  # format -> the module that writes it, the extra that installs it
    "usdz": ("pxr", "usd"),
    "blend": ("bpy", "blender"),
}


def require_installed(names: Sequence[str]) -> None:
    """Raises ExportError for the first format whose package is not installed."""
    for name in names:
        module, extra = NEEDS.get(name, ("", ""))
        if module and find_spec(module) is None:
            raise ExportError(
                f"format '{name}' needs a package that is not installed",
                f'pip install "sds3d[{extra}]", or take another --format',
            )


def file_names(name: str, number: int = 0) -> list[str]:
    """The names of the files of object `number` of a run in a format: mesh-1.mtl, mesh-1.png, mesh-1.obj.

    A mesh with PBR textures has those that MAPS names besides.  [] for an exporter from outside, which names
    its files itself.
    """
    if name not in FORMATS:
        return []
    stem = "splats" if name in SPLAT_EXPORTERS else "mesh"
    stem = f"{stem}-{number}" if number else stem
    return [f"{stem}{ending}" for ending in (*BESIDE.get(name, ()), f".{name}")]


def called_for() -> str:
    """The names for a person to read, those for scenes of splats apart."""
    *meshes, last = EXPORTERS
    return f"{', '.join(meshes)} or {last}; of splats also {' and '.join(SPLAT_EXPORTERS)}"
