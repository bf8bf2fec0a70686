"""Laws of .splat and .spz: what is read back is what was written, within the steps of their integers."""

import gzip
import math
import struct

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sds3d.errors import ExportError
from sds3d.kernels.harmonics import SH_0
from sds3d.mesh.formats.splat import splat
from sds3d.mesh.formats.spz import spz
from sds3d.mesh.gaussians import Gaussians

COUNT = 60
TURN = np.diag([1.0, -1.0, -1.0])


@pytest.fixture
def gaussians():
    rng = np.random.default_rng(3)
    return Gaussians(
        means=rng.uniform(-0.45, 0.45, (COUNT, 3)).astype(np.float32),
        quats=3 * rng.normal(size=(COUNT, 4)),
        scales=np.exp(rng.uniform(-7, -2, (COUNT, 3))),
        opacities=rng.uniform(0, 1, COUNT),
        colors=rng.uniform(0, 1, (COUNT, 3)),
        harmonics=rng.uniform(-0.9, 0.9, (COUNT, 8, 3)),
    )


def one(**values):
    """A single Gaussian."""
    known = {
        "means": [[0.0, 0.0, 0.0]],
        "quats": [[1.0, 0.0, 0.0, 0.0]],
        "scales": [[0.1, 0.1, 0.1]],
        "opacities": [0.5],
        "colors": [[0.5, 0.5, 0.5]],
    }
    return Gaussians(**{name: np.array(value) for name, value in (known | values).items()})


def turns(quats):
    """Rotation matrices of wxyz."""
    return Rotation.from_quat(quats[:, [1, 2, 3, 0]])


def read_spz(data):
    """name -> values by the layout of the README, and the header's degree and fractional bits."""
    raw = gzip.decompress(data)
    magic, version, count, degree, bits, flags, reserved = struct.unpack_from("<3I4B", raw)
    assert (raw[:4], magic, version, flags, reserved) == (b"NGSP", 0x5053474E, 2, 0, 0)
    widths = {"mean": 9, "opacity": 1, "color": 3, "scale": 3, "quat": 3}
    widths["harmonics"] = 3 * ((degree + 1) ** 2 - 1)
    at, columns = 16, {}
    for name, width in widths.items():
        columns[name] = np.frombuffer(raw, "u1", count * width, at).reshape(count, width)
        at += count * width
    assert at == len(raw)
    columns = {name: column.astype(np.int64) for name, column in columns.items()}
    low, middle, high = (columns["mean"].reshape(count, 3, 3)[..., k] for k in range(3))
    fixed = low + 256 * middle + 65536 * high
    mean = np.where(fixed >= 2**23, fixed - 2**24, fixed) / 2**bits
    xyz = columns["quat"] / 127.5 - 1
    w = np.sqrt(np.maximum(0, 1 - (xyz**2).sum(1, keepdims=True)))
    return {
        "mean": mean,
        "opacity": columns["opacity"][:, 0] / 255,
        "color": 0.5 + SH_0 * (columns["color"] / 255 - 0.5) / 0.15,
        "scale": np.exp(columns["scale"] / 16 - 10),
        "quat": np.concatenate([w, xyz], 1),
        "harmonics": ((columns["harmonics"] - 128) / 128).reshape(count, -1, 3),
        "degree": degree,
        "bits": bits,
    }


def test_a_splat_record_has_32_bytes_in_the_frame_of_the_ply(gaussians):
    data = splat(gaussians)
    assert len(data) == 32 * COUNT
    order = np.argsort(-gaussians.scales.prod(1) * gaussians.opacities, kind="stable")
    for at, i in enumerate(order):
        *numbers, r, g, b, a, w, x, y, z = struct.unpack_from("<6f8B", data, 32 * at)
        np.testing.assert_allclose(numbers[:3], gaussians.means[i] @ TURN, rtol=1e-6)
        np.testing.assert_allclose(numbers[3:], gaussians.scales[i], rtol=1e-6)
        np.testing.assert_allclose([r, g, b], 255 * gaussians.colors[i], atol=0.501)
        assert abs(a - 255 * gaussians.opacities[i]) <= 0.501
        found = turns((np.array([[w, x, y, z]]) - 128) / 128).as_matrix()[0]
        given = turns(gaussians.quats[i : i + 1]).as_matrix()[0]
        # Covariances are compared: a half turn of the axes of a Gaussian leaves it as it is.
        shape, expected = (m @ np.diag(gaussians.scales[i]) for m in (found, TURN @ given))
        worst = np.abs(shape @ shape.T - expected @ expected.T).max()
        assert worst <= 0.04 * gaussians.scales[i].max() ** 2


def test_known_values_of_spz():
    data = spz(
        one(
            means=[[2.0, -2.0, 0.25]], scales=[[math.exp(-5)] * 3], harmonics=[[[0, 0.5, -1.0]] * 3]
        )
    )
    raw = gzip.decompress(data)
    assert raw[12:14] == bytes([1, 12])  # degree, fractional bits
    body = raw[16:]
    assert body[:9] == bytes([0, 32, 0, 0, 224, 255, 0, 4, 0])  # 8192, -8192, 1024
    assert body[9:13] == bytes([128, 128, 128, 128])  # 127.5 to even: opacity and grey
    assert body[13:16] == bytes([80, 80, 80])
    assert body[16:19] == bytes([128, 128, 128])  # no rotation
    assert body[19:] == bytes([128, 192, 0]) * 3


def test_spz_gives_back_every_gaussian_within_half_a_step(gaussians):
    found = read_spz(spz(gaussians))
    assert found["degree"] == 2
    assert found["bits"] == 15
    np.testing.assert_allclose(found["mean"], gaussians.means, atol=0.501 / 2**15)
    np.testing.assert_allclose(found["opacity"], gaussians.opacities, atol=0.501 / 255)
    np.testing.assert_allclose(found["color"], gaussians.colors, atol=0.501 * SH_0 / 0.15 / 255)
    np.testing.assert_allclose(np.log(found["scale"]), np.log(gaussians.scales), atol=0.501 / 16)
    np.testing.assert_allclose(found["harmonics"], gaussians.harmonics, atol=0.501 / 128)
    unit = gaussians.quats / np.linalg.norm(gaussians.quats, axis=1, keepdims=True)
    unit = np.where(unit[:, :1] < 0, -1, 1) * unit
    np.testing.assert_allclose(found["quat"][:, 1:], unit[:, 1:], atol=0.501 / 127.5)
    w_is_certain = unit[:, 0] > 0.2
    angle = (turns(found["quat"]) * turns(gaussians.quats).inv()).magnitude()
    assert w_is_certain.sum() > 30
    assert np.degrees(angle[w_is_certain]).max() < 4


@pytest.mark.parametrize("size", [2e-3, 0.05, 0.9, 1.9, 2.0, 5.0, 3000.0, 1e6])
def test_spz_positions_have_a_step_below_the_8192th_part_of_the_object(size):
    means = np.array([[size, -size, size / 3]])
    found = read_spz(spz(one(means=means)))
    assert np.abs(found["mean"] - means).max() <= max(0.51 * 2.0 ** -found["bits"], 1e-12)
    assert found["bits"] == 12 or size != 2.0
    assert 2.0 ** -found["bits"] <= size / 8192 or size == 1e6  # where 24 bits allow no less


def test_an_object_beyond_24_bits_is_refused_by_spz():
    assert read_spz(spz(one(means=[[2.0**23 - 1, 0, 0]])))["bits"] == 0
    with pytest.raises(ExportError, match="too large"):
        spz(one(means=[[2.0**23, 0, 0]]))


def test_values_outside_of_the_bytes_are_cut_and_do_not_wrap():
    wild = one(scales=[[1e-6, 1e4, 1.0]], harmonics=[[[3.0, -3.0, 0.0]] * 3], opacities=[1.0])
    found = read_spz(spz(wild))
    np.testing.assert_allclose(np.log(found["scale"][0]), [-10, 255 / 16 - 10, 0])
    np.testing.assert_allclose(found["harmonics"][0, 0], [127 / 128, -1, 0])
    assert found["opacity"] == 1
    assert splat(one(quats=[[1.0, 0, 0, 0]]))[28:] == bytes([128, 255, 128, 128])


@pytest.mark.parametrize("write", [splat, spz])
def test_the_same_gaussians_are_the_same_bytes(gaussians, write):
    assert write(gaussians) == write(gaussians)


def test_without_harmonics_an_spz_has_degree_0():
    found = read_spz(spz(one()))
    assert found["degree"] == 0
    assert found["harmonics"].shape == (1, 0, 3)
