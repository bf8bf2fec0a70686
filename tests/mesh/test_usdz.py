"""Laws of USDZ packages, read back by OpenUSD; and what is said where it is not installed."""

import io
import json
import time
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from sds3d.errors import ExportError
from sds3d.mesh import formats
from sds3d.mesh.color import linear
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.save import save

EXTRAS = {"prompt": "a caf\u00e9 chair", "seed": 0, "frame": {"scale": 2.0, "offset": [0, 1, 0]}}


@pytest.fixture
def mesh():
    """Four vertices on unequal axes, in metres, and a texture that differs in every texel."""
    vertices = np.float32([[0, 0, 0], [0.9, 0, 0], [0, 0.6, 0], [0, 0, 0.3]])
    faces = np.int32([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    normals = vertices - vertices.mean(0)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    uv = np.float32([[0.1, 0.1], [0.9, 0.2], [0.2, 0.9], [0.4, 0.3]])
    texture = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3) * 3
    return Mesh(vertices, faces, normals, uv, texture, metallic=0.25, roughness=0.75)


def painted(mesh):
    colors = np.float32([[0, 0, 0], [1, 0, 0.02], [0.5, 1, 0.25], [0.2, 0.6, 1]])
    return Mesh(mesh.vertices, mesh.faces, mesh.normals, colors=colors)


def mapped(mesh):
    surface = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    normal_map = np.full((4, 6, 3), (128, 128, 255), np.uint8)
    return replace(mesh, surface=surface, normal_map=normal_map)


def opened(path):
    pytest.importorskip("pxr", reason="needs the extra [usd]")
    from pxr import Usd

    return Usd.Stage.Open(str(path))


def complaints(path):
    """What OpenUSD's own checks of packages find; their home moved with release 26."""
    from pxr import Usd

    if Usd.GetVersion() < (0, 26):
        from pxr import UsdUtils

        checker = UsdUtils.ComplianceChecker(arkit=True)
        checker.CheckCompliance(str(path))
        return checker.GetErrors() + checker.GetWarnings() + checker.GetFailedChecks()
    from pxr import UsdValidation

    registry = UsdValidation.ValidationRegistry()
    context = UsdValidation.ValidationContext(registry.GetOrLoadAllValidators())
    return [error.GetErrorAsString() for error in context.Validate(Usd.Stage.Open(str(path)))]


def written(mesh, folder):
    pytest.importorskip("pxr", reason="needs the extra [usd]")
    return save(mesh, folder / "a.usdz", EXTRAS)[0]


def test_a_package_holds_the_mesh_in_metres_with_v_upwards(mesh, tmp_path):
    stage = opened(written(mesh, tmp_path))
    from pxr import Usd, UsdGeom

    assert UsdGeom.GetStageMetersPerUnit(stage) == 1
    assert UsdGeom.GetStageUpAxis(stage) == "Y"
    shape = UsdGeom.Mesh(stage.GetPrimAtPath("/object/mesh"))
    np.testing.assert_array_equal(shape.GetPointsAttr().Get(), mesh.vertices)
    np.testing.assert_array_equal(shape.GetNormalsAttr().Get(), mesh.normals)
    assert shape.GetNormalsInterpolation() == "vertex"
    np.testing.assert_array_equal(shape.GetFaceVertexIndicesAttr().Get(), mesh.faces.ravel())
    assert set(shape.GetFaceVertexCountsAttr().Get()) == {3}
    assert shape.GetSubdivisionSchemeAttr().Get() == "none"
    st = UsdGeom.PrimvarsAPI(shape).GetPrimvar("st")
    expected = np.stack([mesh.uv[:, 0], 1 - mesh.uv[:, 1]], 1)
    np.testing.assert_allclose(st.Get(), expected, atol=1e-6)
    assert st.GetInterpolation() == "vertex"
    cache = UsdGeom.BBoxCache(Usd.TimeCode.Default(), [UsdGeom.Tokens.default_])
    size = cache.ComputeWorldBound(stage.GetDefaultPrim()).ComputeAlignedRange().GetSize()
    np.testing.assert_allclose(size, [0.9, 0.6, 0.3], rtol=1e-6)
    assert json.loads(stage.GetRootLayer().customLayerData["sds3d"]) == EXTRAS


def test_the_texture_and_the_factors_are_bound_to_the_mesh(mesh, tmp_path):
    path = written(mesh, tmp_path)
    stage = opened(path)
    from pxr import UsdShade

    binding = UsdShade.MaterialBindingAPI(stage.GetPrimAtPath("/object/mesh"))
    material, _ = binding.ComputeBoundMaterial()
    surface = material.ComputeSurfaceSource()[0]
    assert surface.GetIdAttr().Get() == "UsdPreviewSurface"
    assert surface.GetInput("metallic").Get() == 0.25
    assert surface.GetInput("roughness").Get() == 0.75
    image = UsdShade.Shader(surface.GetInput("diffuseColor").GetConnectedSource()[0])
    assert image.GetIdAttr().Get() == "UsdUVTexture"
    assert image.GetInput("sourceColorSpace").Get() == "sRGB"
    reader = UsdShade.Shader(image.GetInput("st").GetConnectedSource()[0])
    assert reader.GetInput("varname").Get() == "st"
    named = image.GetInput("file").Get().path.removeprefix("./")
    with zipfile.ZipFile(path) as package:
        pixels = np.asarray(Image.open(io.BytesIO(package.read(named))))
    np.testing.assert_array_equal(pixels, mesh.base_color)


def test_vertex_colours_are_linear_and_bound(mesh, tmp_path):
    mesh = painted(mesh)
    stage = opened(written(mesh, tmp_path))
    from pxr import UsdGeom, UsdShade

    colors = UsdGeom.PrimvarsAPI(stage.GetPrimAtPath("/object/mesh")).GetPrimvar("displayColor")
    np.testing.assert_allclose(colors.Get(), linear(mesh.colors), atol=1e-6)
    surface = UsdShade.Shader(stage.GetPrimAtPath("/object/surface/preview"))
    reader = UsdShade.Shader(surface.GetInput("diffuseColor").GetConnectedSource()[0])
    assert reader.GetInput("varname").Get() == "displayColor"


def test_the_maps_of_a_material_are_bound_as_they_are(mesh, tmp_path):
    mesh = mapped(mesh)
    path = written(mesh, tmp_path)
    stage = opened(path)
    from pxr import UsdShade

    surface = UsdShade.Shader(stage.GetPrimAtPath("/object/surface/preview"))
    expected = {
        "roughness": ("g", mesh.surface),
        "metallic": ("b", mesh.surface),
        "occlusion": ("r", mesh.surface),
        "normal": ("rgb", mesh.normal_map),
    }
    for name, (channel, pixels) in expected.items():
        source, output, _ = surface.GetInput(name).GetConnectedSource()
        assert output == channel
        image = UsdShade.Shader(source)
        assert image.GetInput("sourceColorSpace").Get() == "raw"
        file = image.GetInput("file").Get().path.removeprefix("./")
        with zipfile.ZipFile(path) as package:
            np.testing.assert_array_equal(
                np.asarray(Image.open(io.BytesIO(package.read(file)))), pixels
            )
    normal = UsdShade.Shader(stage.GetPrimAtPath("/object/surface/normal"))
    assert tuple(normal.GetInput("scale").Get()) == (2, 2, 2, 1)
    assert tuple(normal.GetInput("bias").Get()) == (-1, -1, -1, 0)


@pytest.mark.parametrize("look", ["textured", "painted", "plain", "mapped"])
def test_openusd_finds_nothing_to_complain_about(mesh, tmp_path, look):
    plain = Mesh(mesh.vertices, mesh.faces)
    looks = {"textured": mesh, "painted": painted(mesh), "plain": plain, "mapped": mapped(mesh)}
    path = written(looks[look], tmp_path)
    assert complaints(path) == []


def test_the_files_of_a_package_are_uncompressed_and_begin_at_multiples_of_64_bytes(mesh, tmp_path):
    path = written(mesh, tmp_path)
    data = path.read_bytes()
    with zipfile.ZipFile(path) as package:
        entries = package.infolist()
    assert [entry.filename for entry in entries] == ["object.usdc", "base_color.png"]
    for entry in entries:
        name, extra = (
            int.from_bytes(data[entry.header_offset + at :][:2], "little") for at in (26, 28)
        )
        assert (entry.header_offset + 30 + name + extra) % 64 == 0
        assert entry.compress_type == zipfile.ZIP_STORED


def test_the_same_mesh_is_the_same_bytes_at_another_time(mesh, tmp_path):
    first = written(mesh, tmp_path).read_bytes()
    time.sleep(2.1)  # a zip counts in steps of two seconds
    assert written(mesh, tmp_path).read_bytes() == first


def test_without_openusd_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(formats, "find_spec", lambda name: None)
    with pytest.raises(ExportError, match="'usdz' needs") as caught:
        formats.require_installed(["glb", "usdz"])
    assert 'pip install "sds3d[usd]"' in caught.value.fix
    formats.require_installed(["glb", "obj", "my.own:exporter"])
