"""xatlas in a separate process, because only a process can be stopped: npz on stdin, npz on stdout.

    python xatlas_process.py PARENT CPU_SECONDS

Run by its path; imports nothing from sds3d.  No atlas is ever destroyed: xatlas would join its threads, and
one of them may sleep for good, when it is told to end between its look at the flag and its wait.
"""

import ctypes
import io
import math
import os
import resource
import signal
import sys
import time

import numpy as np
import xatlas

PR_SET_PDEATHSIG = 1  # linux/prctl.h
ATTEMPTS = 12  # packings, each at a smaller scale
ATLASES: list[xatlas.Atlas] = []  # all that were made; they live until `os._exit`


def die_with(parent: int) -> None:
    """Has the kernel kill this process when its parent dies (Linux; elsewhere the CPU limit ends it)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the kernel was asked
            sys.exit(1)


def limit(cpu_seconds: float) -> None:
    """Has the kernel kill this process after the given amount of processor time, rounded up to a second."""
    total = math.ceil(time.process_time() + cpu_seconds)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (total, total))


def new_atlas() -> xatlas.Atlas:
    """An empty atlas that is kept."""
    ATLASES.append(xatlas.Atlas())
    return ATLASES[-1]


def charts(request: dict) -> dict:
    """vertices, faces, normals, size, padding -> origin (V',), faces (F, 3), uv (V', 2)."""
    atlas = new_atlas()
    atlas.add_mesh(request["vertices"], request["faces"], request["normals"])
    options, packing = xatlas.ChartOptions(), xatlas.PackOptions()
    options.max_iterations = 1
    packing.resolution, packing.padding = int(request["size"]), int(request["padding"])
    packing.bruteForce, packing.bilinear = False, True
    atlas.generate(chart_options=options, pack_options=packing)
    origin, faces, uv = atlas[0]
    return {"origin": origin, "faces": faces, "uv": uv}


def packed(request: dict) -> dict | None:
    """flat (V, 2), faces, islands (F, 1), area, size, padding -> origin, faces, uv, all islands at one scale.

    The scale falls until the atlas fits into size x size texels, so that `padding` is in texels.  None where
    it never does.
    """
    size, padding = int(request["size"]), int(request["padding"])
    scale = math.sqrt(0.8 * size**2 / float(request["area"]))
    for _ in range(ATTEMPTS):
        atlas = new_atlas()
        atlas.add_uv_mesh(request["flat"], request["faces"], request["islands"])
        packing = xatlas.PackOptions()
        packing.resolution, packing.padding, packing.texels_per_unit = 0, padding, scale
        packing.bruteForce, packing.bilinear = True, True
        atlas.generate(pack_options=packing)
        longest = max(atlas.width, atlas.height)
        if longest <= size:
            origin, faces, uv = atlas[0]
            texels = uv * np.array([atlas.width, atlas.height], np.float32)
            return {"origin": origin, "faces": faces, "uv": texels / np.float32(size)}
        scale *= min(size / longest, 0.99)
    return None


def main() -> None:
    """Charts of a mesh, or with `flat` the packing of charts that are flattened already."""
    die_with(int(sys.argv[1]))
    request = np.load(io.BytesIO(sys.stdin.buffer.read()))
    limit(float(sys.argv[2]))
    answer = (packed if "flat" in request else charts)(request)
    if answer is None:
        os._exit(1)
    np.savez(sys.stdout.buffer, **answer)
    sys.stdout.buffer.flush()
    os._exit(0)


main()
