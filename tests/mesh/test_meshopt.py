"""Laws of the decoder of EXT_meshopt_compression: it inverts the reference encoder."""

import base64
import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from sds3d.errors import MeshError
from sds3d.mesh.readers.meshopt import decode

# Made by meshoptimizer 0.2.30a0 (Python), vertex version 0, index version 1: a ball, random triangles, the
# ball backwards; the first 200 of these indices; 700 vertices of 12 bytes that walk, jump and stand.
PACKED = json.loads((Path(__file__).parent / "files" / "meshopt.json").read_text())


def packed(kind):
    return base64.b64decode(PACKED[kind]["data"])


@pytest.mark.parametrize("stride", [2, 4])
@pytest.mark.parametrize(("kind", "mode"), [("triangles", "TRIANGLES"), ("sequence", "INDICES")])
def test_indices_are_decoded_as_by_the_reference(kind, mode, stride):
    values = PACKED[kind]["values"]
    data = decode(packed(kind), len(values), stride, mode, "NONE")
    np.testing.assert_array_equal(np.frombuffer(data, f"<u{stride}"), values)


def test_vertices_survive_a_round_trip():
    data = decode(packed("vertices"), 700, 12, "ATTRIBUTES", "NONE")
    assert len(data) == 700 * 12
    assert zlib.crc32(data) == PACKED["vertices"]["crc32"]


@pytest.mark.parametrize(
    ("kind", "count", "stride", "mode"),
    [
        ("triangles", 600, 4, "TRIANGLES"),
        ("sequence", 200, 4, "INDICES"),
        ("vertices", 700, 12, "ATTRIBUTES"),
    ],
)
def test_truncated_data_or_data_of_another_length_are_refused(kind, count, stride, mode):
    data = packed(kind)
    for cut in (data[:-1], data[:20], b"", data[:1] + data[5:], b"\0" + data[1:]):
        with pytest.raises(MeshError, match="EXT_meshopt_compression"):
            decode(cut, count, stride, mode, "NONE")
    with pytest.raises(MeshError, match="unknown mode"):
        decode(data, count, stride, "CUBES", "NONE")


def stored(rows):
    """Rows as compressed vertices of raw bytes: version 0, one block, every group written in full."""
    raw = np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), -1).astype(np.int64)
    count, stride = raw.shape
    assert count <= 16
    out = bytearray([0xA0])
    for k in range(stride):
        delta = np.diff(np.concatenate([[0], raw[:, k]])) & 255
        signed = np.where(delta < 128, delta, delta - 256)
        zigzag = np.where(signed >= 0, 2 * signed, -2 * signed - 1)
        out += bytes([3]) + bytes(np.pad(zigzag, (0, 16 - count)).astype(np.uint8))
    return bytes(out + bytes(max(32, stride)))


@pytest.mark.parametrize(("kind", "top"), [(np.int8, 127), (np.int16, 32767)])
def test_the_octahedral_filter_gives_unit_vectors_and_keeps_the_fourth_number(kind, top):
    rows = np.array(
        [[top, 0, top, 7], [0, -top, top, -7], [0, 0, top, 1], [-top, -top, top, 0]], kind
    )
    data = decode(stored(rows), 4, rows.itemsize * 4, "ATTRIBUTES", "OCTAHEDRAL")
    expected = [[1, 0, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]]
    out = np.frombuffer(data, kind).reshape(4, 4)
    np.testing.assert_array_equal(out[:, :3], np.array(expected) * top)
    np.testing.assert_array_equal(out[:, 3], rows[:, 3])


def test_the_quaternion_filter_restores_the_omitted_component():
    top = 2044  # bits 0 and 1 say which component is left out: the last, then the first
    rows = np.array([[0, 0, 0, top | 3], [int(2047 / np.sqrt(3)), 0, 0, top]], np.int16)
    data = decode(stored(rows), 2, 8, "ATTRIBUTES", "QUATERNION")
    out = np.frombuffer(data, np.int16).reshape(2, 4) / 32767
    np.testing.assert_allclose(out[0], [0, 0, 0, 1], atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(out, axis=1), 1, atol=1e-4)
    assert out[1, 1] == pytest.approx(1 / np.sqrt(6), abs=1e-3)
    assert out[1, 0] == pytest.approx(np.sqrt(5 / 6), abs=1e-3)


def test_the_exponential_filter_is_mantissa_times_a_power_of_two():
    rows = np.array([[(-3 << 24) | 5], [(4 << 24) | (-7 & 0xFFFFFF)], [0]], np.int64)
    data = decode(stored((rows & 0xFFFFFFFF).astype("<u4")), 3, 4, "ATTRIBUTES", "EXPONENTIAL")
    np.testing.assert_array_equal(np.frombuffer(data, "<f4"), [5 / 8, -7 * 16, 0])
