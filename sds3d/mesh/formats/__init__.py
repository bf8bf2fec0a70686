"""Mesh file formats: suffix -> "module:function".

An exporter is a function (mesh: Mesh, stem: str, extras: Mapping[str, object]) -> dict[str, bytes], file
name -> content, in the order of writing: the file to open comes last, after those it names.  `stem` is the
file name without its suffix, `extras` are JSON values about the run (prompt, seed) for formats that can carry
them.
"""

EXPORTERS = {
    "glb": "sds3d.mesh.formats.gltf:files",
    "obj": "sds3d.mesh.formats.obj:files",
    "ply": "sds3d.mesh.formats.ply:files",
    "stl": "sds3d.mesh.formats.stl:files",
}  # the first is the default
