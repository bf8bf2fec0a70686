"""xatlas as a process of its own, because only a process can be stopped: npz on stdin, npz on stdout.

Runs by its path and imports nothing of sds3d.
"""

import io
import sys

import numpy as np
import xatlas


def main() -> None:
    """vertices, faces, normals, size, padding -> origin (V',), faces (F, 3), uv (V', 2)."""
    given = np.load(io.BytesIO(sys.stdin.buffer.read()))
    atlas = xatlas.Atlas()
    atlas.add_mesh(given["vertices"], given["faces"], given["normals"])
    charts, packing = xatlas.ChartOptions(), xatlas.PackOptions()
    charts.max_iterations = 1
    packing.resolution, packing.padding = int(given["size"]), int(given["padding"])
    packing.bruteForce, packing.bilinear = False, True
    atlas.generate(chart_options=charts, pack_options=packing)
    origin, faces, uv = atlas[0]
    np.savez(sys.stdout.buffer, origin=origin, faces=faces, uv=uv)


main()
