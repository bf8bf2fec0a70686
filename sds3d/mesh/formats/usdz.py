"""USDZ packages: one mesh and its material, for Apple's Quick Look, Blender and whatever reads OpenUSD.

Sources: the UsdPreviewSurface proposal, https://openusd.org/release/spec_usdpreviewsurface.html, and the USDZ
specification, https://openusd.org/release/spec_usdz.html.  Written by OpenUSD itself (usd-core, the extra
`usd`), whose packaging stores the files uncompressed, each from a multiple of 64 bytes on.
"""

# OpenUSD is optional, and its packages have no types:
# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sds3d.errors import ExportError
from sds3d.files import write
from sds3d.mesh.color import linear
from sds3d.mesh.formats.gltf import occludes, png, textures
from sds3d.mesh.mesh import Mesh

if TYPE_CHECKING:
    from pxr import Sdf, Usd, UsdGeom, UsdShade

TEXTURES = {"color": "base_color.png", "surface": "surface.png", "normal": "normal.png"}
EPOCH = time.mktime(
    (1980, 1, 1, 0, 0, 0, 0, 0, 0)
)  # the files' times: the first that a zip can hold


def files(mesh: Mesh, stem: str, extras: Mapping[str, object]) -> dict[str, bytes]:
    """The file's name and bytes."""
    return {f"{stem}.usdz": usdz(mesh, extras)}


def usdz(mesh: Mesh, extras: Mapping[str, object] | None = None) -> bytes:
    """The bytes of a .usdz package: metres, +Y up, front +Z, as `Mesh` has them.

    The texture is read as sRGB, those of `surface` and of normals as they are; v runs upwards in USD, downwards
    in `Mesh`.  Vertex colours, where there is no texture, are `primvars:displayColor` in linear light.
    extras: JSON values, which the layer's customLayerData holds as text under "sds3d".  Raises ExportError when
    OpenUSD cannot write.
    """
    from pxr import Tf, Usd, UsdUtils

    with tempfile.TemporaryDirectory() as folder:
        layer = Path(folder) / "object.usdc"
        package = Path(folder) / "object.usdz"
        for name, image in textures(mesh).items():
            write(Path(folder) / TEXTURES[name], png(image), ExportError)
        try:
            stage = Usd.Stage.CreateNew(str(layer))
            _fill(stage, mesh, extras or {})
            stage.GetRootLayer().Save()
            for file in Path(folder).iterdir():
                os.utime(file, (EPOCH, EPOCH))
            written = UsdUtils.CreateNewUsdzPackage(str(layer), str(package))
        except Tf.ErrorException as error:
            raise ExportError(f"OpenUSD cannot write: {error}", "try another --format") from error
        if not written:
            raise ExportError("OpenUSD cannot write the package", "try another --format")
        return package.read_bytes()


def _fill(stage: Usd.Stage, mesh: Mesh, extras: Mapping[str, object]) -> None:
    """Writes /object, /object/mesh and /object/surface."""
    from pxr import Kind, Sdf, Usd, UsdGeom, Vt

    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    root = UsdGeom.Xform.Define(stage, "/object")
    Usd.ModelAPI(root).SetKind(Kind.Tokens.component)
    stage.SetDefaultPrim(root.GetPrim())
    text = json.dumps(dict(extras), ensure_ascii=True)
    stage.GetRootLayer().customLayerData = {"sds3d": text}

    shape = UsdGeom.Mesh.Define(stage, "/object/mesh")
    points = mesh.vertices.astype(np.float32)
    shape.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(points))
    shape.CreateExtentAttr(Vt.Vec3fArray.FromNumpy(np.stack([points.min(0), points.max(0)])))
    corners = mesh.faces.astype(np.int32)
    shape.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(np.full(len(corners), 3, np.int32)))
    shape.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(corners.ravel()))
    shape.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    if mesh.normals is not None:
        shape.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy(mesh.normals.astype(np.float32)))
        shape.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    variables = UsdGeom.PrimvarsAPI(shape)
    vertex = UsdGeom.Tokens.vertex
    images = textures(mesh)
    if mesh.uv is not None and images:
        upwards = (mesh.uv * [1, -1] + [0, 1]).astype(np.float32)
        kind = Sdf.ValueTypeNames.TexCoord2fArray
        variables.CreatePrimvar("st", kind, vertex).Set(Vt.Vec2fArray.FromNumpy(upwards))
    if "color" not in images and mesh.colors is not None:
        colors = linear(mesh.colors).astype(np.float32)
        kind = Sdf.ValueTypeNames.Color3fArray
        variables.CreatePrimvar("displayColor", kind, vertex).Set(Vt.Vec3fArray.FromNumpy(colors))
    _bind_surface(stage, shape, mesh)


def _bind_surface(stage: Usd.Stage, shape: UsdGeom.Mesh, mesh: Mesh) -> None:
    """Writes the material /object/surface, and binds it to the mesh."""
    from pxr import Sdf, UsdShade

    types = Sdf.ValueTypeNames
    material = UsdShade.Material.Define(stage, "/object/surface")
    surface = UsdShade.Shader.Define(stage, "/object/surface/preview")
    surface.CreateIdAttr("UsdPreviewSurface")
    surface.CreateInput("useSpecularWorkflow", types.Int).Set(0)
    images = textures(mesh)
    color = surface.CreateInput("diffuseColor", types.Color3f)
    metallic = surface.CreateInput("metallic", types.Float)
    roughness = surface.CreateInput("roughness", types.Float)
    read = None
    if images:
        read = _reader(stage, "st", types.Float2)
    if "color" in images:
        color.ConnectToSource(_image(stage, read, "color").CreateOutput("rgb", types.Float3))
    elif mesh.colors is not None:
        color.ConnectToSource(_reader(stage, "displayColor", types.Float3))
    else:
        color.Set((1.0, 1.0, 1.0))
    if "surface" in images:
        image = _image(stage, read, "surface")
        roughness.ConnectToSource(image.CreateOutput("g", types.Float))
        metallic.ConnectToSource(image.CreateOutput("b", types.Float))
        if occludes(images["surface"]):
            occlusion = surface.CreateInput("occlusion", types.Float)
            occlusion.ConnectToSource(image.CreateOutput("r", types.Float))
    else:
        metallic.Set(float(mesh.metallic))
        roughness.Set(float(mesh.roughness))
    if "normal" in images:
        image = _image(stage, read, "normal")
        image.CreateInput("scale", types.Float4).Set((2.0, 2.0, 2.0, 1.0))
        image.CreateInput("bias", types.Float4).Set((-1.0, -1.0, -1.0, 0.0))
        normal = surface.CreateInput("normal", types.Normal3f)
        normal.ConnectToSource(image.CreateOutput("rgb", types.Float3))
    output = surface.CreateOutput("surface", types.Token)
    material.CreateSurfaceOutput().ConnectToSource(output)
    UsdShade.MaterialBindingAPI.Apply(shape.GetPrim()).Bind(material)


def _reader(stage: Usd.Stage, variable: str, kind: Sdf.ValueTypeName) -> UsdShade.Output:
    """The values of a primvar."""
    from pxr import Sdf, UsdShade

    reader = UsdShade.Shader.Define(stage, f"/object/surface/{variable}")
    width = 2 if kind == Sdf.ValueTypeNames.Float2 else 3
    reader.CreateIdAttr(f"UsdPrimvarReader_float{width}")
    reader.CreateInput("varname", Sdf.ValueTypeNames.String).Set(variable)
    return reader.CreateOutput("result", kind)


def _image(stage: Usd.Stage, read: UsdShade.Output | None, name: str) -> UsdShade.Shader:
    """One of TEXTURES at the coordinates that are read."""
    from pxr import Sdf, UsdShade

    types = Sdf.ValueTypeNames
    file = TEXTURES[name]
    image = UsdShade.Shader.Define(stage, f"/object/surface/{file.removesuffix('.png')}")
    image.CreateIdAttr("UsdUVTexture")
    image.CreateInput("file", types.Asset).Set(Sdf.AssetPath(f"./{file}"))
    image.CreateInput("sourceColorSpace", types.Token).Set("sRGB" if name == "color" else "raw")
    image.CreateInput("wrapS", types.Token).Set("clamp")
    image.CreateInput("wrapT", types.Token).Set("clamp")
    image.CreateInput("st", types.Float2).ConnectToSource(read)
    return image
