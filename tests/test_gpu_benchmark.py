"""The benchmark of a GPU runs whole at toy size on the CPU."""

import json
import math
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_benchmark_of_a_gpu_fills_every_row_at_toy_size(tmp_path):
    out = tmp_path / "toy.json"
    command = [sys.executable, ROOT / "benchmarks" / "gpu.py", "--toy", "--out", out]
    subprocess.run(command, check=True, cwd=ROOT, timeout=300, capture_output=True)
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["toy"]
    rows = found["values"]
    assert {section: len(names) for section, names in rows.items()} == {
        "kernels": 6,
        "large prior": 6,
        "steps": 6,
    }
    for names in rows.values():
        for name, row in names.items():
            assert isinstance(row, dict), (name, row)
            assert all(math.isfinite(v) for v in row.values() if v is not None), (name, row)
    for row in rows["kernels"].values():
        assert row["error"] < 1e-3
        assert min(row["ms"], row["CPU ms"]) > 0
    for row in rows["steps"].values():
        assert {"prior", "render", "backward", "optimizer"} <= row.keys()
