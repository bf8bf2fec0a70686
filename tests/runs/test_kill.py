"""The law of a killed run: it goes on to the very state that an undisturbed run reaches.

`benchmarks/kills.py` does the same over all scenes, and more often.
"""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kills.py"


def test_a_run_killed_at_a_random_moment_resumes_bit_for_bit():
    options = ["--kills", "6", "--scenes", "splats", "--methods", "sds", "--steps", "4"]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "'kills': 6" in done.stdout
    assert "'equal': 0" not in done.stdout
