"""From a sentence to a 3D asset by score distillation.

    from sds3d import Job, generate

    result = generate(Job("a red armchair", preset="draft"))
    print(result.files["glb"], result.seconds)

`import sds3d` loads nothing else: each name is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sds3d.runs.edit import edit
    from sds3d.runs.generate import generate
    from sds3d.runs.job import Job
    from sds3d.runs.report import SILENT, Report
    from sds3d.runs.result import Result

    __version__: str

PUBLIC = {
    "generate": "sds3d.runs.generate",
    "edit": "sds3d.runs.edit",
    "Job": "sds3d.runs.job",
    "Result": "sds3d.runs.result",
    "Report": "sds3d.runs.report",
    "SILENT": "sds3d.runs.report",
}  # name -> module

__all__ = ["SILENT", "Job", "Report", "Result", "edit", "generate"]


def __getattr__(name: str) -> object:
    """A public name, or `__version__`, which is read from the installed package."""
    if name == "__version__":
        from importlib.metadata import version

        return version("sds3d")
    if name not in PUBLIC:
        raise AttributeError(f"module 'sds3d' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(PUBLIC[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return [*__all__, "__version__"]
