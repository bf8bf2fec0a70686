"""The `sds3d generate` process of the add-on.  It knows nothing of Blender."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
from pathlib import Path
from typing import IO

STEP = re.compile(r"step (\d+) of (\d+)")
CANCELLED = 130  # exit code of a run that was stopped


def arguments(command: str, prompt: str, preset: str, scene: str, seed: int) -> list[str]:
    """The argument list of the process; a prompt that begins with a hyphen is still the prompt."""
    program = str(Path(command).expanduser().absolute()) if "/" in command else command
    choices = ["--preset", preset, "--scene", scene, "--seed", str(seed)]
    return [program, "generate", *choices, "--json", "--", prompt]


class Generation:
    """A running `sds3d generate ... --json`, whose output is read by two threads.

    folder: where it runs, and below which it writes outputs/.  Raises OSError when it cannot be started.

    said: its last line; progress: the share of the steps that is done, None while it does not count any;
    error, fix: what it printed of these.
    """

    def __init__(self, words: list[str], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.said = "starting"
        self.progress: float | None = None
        self.error = ""
        self.fix = ""
        self.cancelled = 0
        self._printed = ""
        self._process = subprocess.Popen(
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self._readers = [
            threading.Thread(target=self._read_errors, args=(self._process.stderr,), daemon=True),
            threading.Thread(target=self._read_output, args=(self._process.stdout,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def is_running(self) -> bool:
        """Whether the process, or what it printed, has not come to its end."""
        return self._process.poll() is None or any(reader.is_alive() for reader in self._readers)

    def cancel(self) -> None:
        """Sends Ctrl-C's signal: the first one lets the run save and export, the second one ends it."""
        self.cancelled += 1
        self._process.send_signal(signal.SIGINT)

    def outcome(self) -> tuple[Path | None, str, str]:
        """(the GLB, "", "") of a run that ended well; otherwise (None, what happened, what to do)."""
        code = self._process.returncode
        if self.cancelled or code == CANCELLED:
            return None, "cancelled", "Generate with the same settings goes on from there"
        if code != 0:
            return None, self.error or f"sds3d ended with code {code}: {self.said}", self.fix
        try:
            path = self.folder / json.loads(self._printed)["files"]["glb"]
        except (ValueError, KeyError, TypeError):
            return None, f"sds3d named no GLB: {self._printed[:200]!r}", "compare the versions"
        return path, "", ""

    def _read_errors(self, stream: IO[str]) -> None:
        for line in map(str.strip, stream):
            kind, _, text = line.partition(":")
            counted = STEP.fullmatch(line)
            if counted:
                self.progress = int(counted[1]) / max(int(counted[2]), 1)
            elif kind == "error":
                self.error = text.strip()
            elif kind == "fix":
                self.fix = text.strip()
            elif line:
                self.progress = None
            self.said = line or self.said

    def _read_output(self, stream: IO[str]) -> None:
        self._printed = stream.read()
