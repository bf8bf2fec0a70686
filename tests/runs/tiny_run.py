"""The smallest run that goes through every part."""

from sds3d.cli import main
from sds3d.runs.job import Job

OVERRIDES = (
    "camera.sizes=[16]",
    "export.resolution=32",
    "export.texture_size=64",
    "export.faces=500",
    "run.checkpoint_every=2",
    "scene.step=0.15",
    "scene.levels=2",
    "scene.log2_table=10",
)
PICTURES = {"preview_size": 24, "turntable_size": 32}
PROMPT = "a red armchair"


def job(folder, **values):
    """A job of three steps in the folder."""
    known = {"steps": 3, "overrides": OVERRIDES, "out": str(folder)} | PICTURES
    return Job(**{"prompt": PROMPT} | known | values)


def command(folder, *more):
    """The same as a command line."""
    options = [
        "--steps",
        "3",
        "--out",
        str(folder),
        "--preview-size",
        "24",
        "--turntable-size",
        "32",
    ]
    overrides = [part for override in OVERRIDES for part in ("--set", override)]
    return ["generate", PROMPT, *options, *overrides, *map(str, more)]


def call(*arguments):
    """The exit code of a command line in this process."""
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as end:
        return end.code or 0
    return 0
