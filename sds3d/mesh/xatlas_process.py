"""xatlas in a separate process, because only a process can be stopped: npz on stdin, npz on stdout.

    python xatlas_process.py PARENT CPU_SECONDS

Run by its path; imports nothing from sds3d.
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


def main() -> None:
    """vertices, faces, normals, size, padding -> origin (V',), faces (F, 3), uv (V', 2)."""
    die_with(int(sys.argv[1]))
    request = np.load(io.BytesIO(sys.stdin.buffer.read()))
    limit(float(sys.argv[2]))
    atlas = xatlas.Atlas()
    atlas.add_mesh(request["vertices"], request["faces"], request["normals"])
    charts, packing = xatlas.ChartOptions(), xatlas.PackOptions()
    charts.max_iterations = 1
    packing.resolution, packing.padding = int(request["size"]), int(request["padding"])
    packing.bruteForce, packing.bilinear = False, True
    atlas.generate(chart_options=charts, pack_options=packing)
    origin, faces, uv = atlas[0]
    np.savez(sys.stdout.buffer, origin=origin, faces=faces, uv=uv)


main()
