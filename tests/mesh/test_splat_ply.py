"""Laws of the file of Gaussians: a covariance read back is the one that was written, in the file's frame."""

import io

import numpy as np
import pytest
import torch
import trimesh
from harmonic import real_harmonic
from scipy.spatial.transform import Rotation

from sds3d.errors import ExportError
from sds3d.kernels.harmonics import ORDERS, view_colors
from sds3d.mesh.formats.splat_ply import splat_ply
from sds3d.mesh.gaussians import Gaussians

TURN = np.diag([1.0, -1.0, -1.0])  # y up, z to the viewer -> y down, z away
XYZW = [1, 2, 3, 0]


@pytest.fixture
def gaussians():
    rng = np.random.default_rng(0)
    return {
        "means": rng.normal(size=(50, 3)),
        "quats": 3 * rng.normal(size=(50, 4)),
        "scales": np.exp(rng.normal(size=(50, 3)) - 4),
        "opacities": rng.uniform(0.01, 0.99, 50),
        "colors": rng.uniform(0, 1, (50, 3)),
    }


def rows(data):
    """name -> column, by trimesh's reader."""
    read = trimesh.load(io.BytesIO(data), file_type="ply", process=False)
    table = read.metadata["_ply_raw"]["vertex"]["data"]
    return {name: table[name].ravel().astype(np.float64) for name in table.dtype.names}


def matrix(columns, prefix, count):
    return np.stack([columns[f"{prefix}_{k}"] for k in range(count)], 1)


def covariance(rotation, scales):
    return np.einsum("nij,nj,nkj->nik", rotation, scales**2, rotation)


def test_a_gaussian_is_68_bytes_of_named_floats(gaussians):
    header, body = splat_ply(Gaussians(**gaussians)).split(b"end_header\n", 1)
    assert len(body) == 50 * 68
    names = [line.split()[-1] for line in header.decode().splitlines() if "property" in line]
    expected = "x y z nx ny nz f_dc_0 f_dc_1 f_dc_2 opacity scale_0 scale_1 scale_2 rot_0 rot_1 rot_2 rot_3"
    assert names == expected.split()


def test_centres_and_covariances_are_in_the_files_frame(gaussians):
    columns = rows(splat_ply(Gaussians(**gaussians)))
    means = np.stack([columns[name] for name in "xyz"], 1)
    np.testing.assert_allclose(means, gaussians["means"] @ TURN, rtol=1e-6)
    quats = matrix(columns, "rot", 4)
    np.testing.assert_allclose(np.linalg.norm(quats, axis=1), 1, atol=1e-6)
    found = covariance(
        Rotation.from_quat(quats[:, XYZW]).as_matrix(),
        np.exp(matrix(columns, "scale", 3)),
    )
    given = Rotation.from_quat(gaussians["quats"][:, XYZW]).as_matrix()
    expected = TURN @ covariance(given, gaussians["scales"]) @ TURN
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())


def test_a_viewer_finds_the_opacities_and_the_colours(gaussians):
    columns = rows(splat_ply(Gaussians(**gaussians)))
    opacity = 1 / (1 + np.exp(-columns["opacity"]))
    np.testing.assert_allclose(opacity, gaussians["opacities"], atol=1e-6)
    colors = 0.5 + 0.28209479 * matrix(columns, "f_dc", 3)
    np.testing.assert_allclose(colors, gaussians["colors"], atol=1e-6)


@pytest.mark.parametrize(("degree", "size"), [(1, 104), (2, 164), (3, 248)])
def test_a_viewer_finds_the_colours_that_each_camera_sees(gaussians, degree, size):
    rng = np.random.default_rng(1)
    count = (degree + 1) ** 2
    gaussians["harmonics"] = rng.normal(size=(50, count - 1, 3))
    data = splat_ply(Gaussians(**gaussians))
    assert len(data.split(b"end_header\n", 1)[1]) == 50 * size
    assert f"f_rest_{3 * count - 4}\nproperty float opacity".encode() in data
    columns = rows(data)
    rest = matrix(columns, "f_rest", 3 * (count - 1)).reshape(50, 3, count - 1)  # red, green, blue
    coefficients = np.concatenate([matrix(columns, "f_dc", 3)[..., None], rest], 2)
    camera = np.array([[1.5, 2.0, 2.5]])
    away = matrix({f"p_{k}": columns[name] for k, name in enumerate("xyz")}, "p", 3) - camera @ TURN
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    values = np.stack([real_harmonic(*order, away) for order in ORDERS[:count]], 1)
    found = np.maximum(0.5 + np.einsum("nck,nk->nc", coefficients, values), 0)
    ours = (gaussians[name] for name in ("colors", "harmonics", "means"))
    expected = view_colors(*map(torch.from_numpy, ours), torch.from_numpy(camera))[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_opaque_and_invisible_gaussians_stay_finite(gaussians):
    columns = rows(splat_ply(Gaussians(**gaussians | {"opacities": np.arange(50) % 2.0})))
    assert np.isfinite(columns["opacity"]).all()


def test_an_empty_or_non_finite_scene_is_not_written(gaussians):
    with pytest.raises(ExportError, match="no Gaussians"):
        Gaussians(**{name: value[:0] for name, value in gaussians.items()})
    gaussians["means"][3, 1] = np.nan
    with pytest.raises(ExportError, match="not finite"):
        splat_ply(Gaussians(**gaussians))
