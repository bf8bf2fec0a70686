"""Mesh file formats: suffix -> "module:function", each (mesh, stem, extras) -> {file name: bytes}."""

EXPORTERS = {
    "glb": "sds3d.mesh.formats.gltf:files",
    "obj": "sds3d.mesh.formats.obj:files",
    "ply": "sds3d.mesh.formats.ply:files",
}  # the first is the default
