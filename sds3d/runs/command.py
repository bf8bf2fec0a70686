"""A job as the command line that runs it."""

from __future__ import annotations

import shlex
from dataclasses import fields

from sds3d.runs.job import Job

DEFAULTS = {field.name: field.default for field in fields(Job)}
OPTIONS = (
    "negative",
    "image",
    "recipe",
    "preset",
    "steps",
    "out",
    "device",
    "preview_size",
    "turntable_size",
)
FLAGS = ("overwrite", "trust_recipe")


def command(job: Job) -> str:
    """The line for a shell: `sds3d generate PROMPT ...`, `sds3d edit START ...` or `sds3d convert START ...`.

    Options are left out where they have their default values.
    """
    return shlex.join(["sds3d", *words(job)])


def words(job: Job) -> list[str]:
    """The arguments of `sds3d`, a word each."""
    options = _edit_options(job) if job.start else _generate_options(job)
    if job.is_conversion:
        options = ["--to", job.scene, "--prompt", job.prompt, "--seed", str(job.seed)]
    for name in OPTIONS:
        value = getattr(job, name)
        if value != DEFAULTS[name]:
            options += [_option(name), str(value)]
    if job.formats != DEFAULTS["formats"]:
        options += ["--format", ",".join(job.formats)]
    for override in job.overrides:
        options += ["--set", override]
    if job.start and job.particles is not None:  # `sds3d edit` has no option of that name
        options += ["--set", f"particles={job.particles}"]
    options += [_option(name) for name in FLAGS if getattr(job, name)]
    verb, first = ("edit", job.start) if job.start else ("generate", job.prompt)
    verb = "convert" if job.is_conversion else verb
    return [verb, *options, "--", first] if first.startswith("-") else [verb, first, *options]


def _generate_options(job: Job) -> list[str]:
    named = () if job.recipe else ("method", "scene")  # which a recipe decides
    options = []
    for name in (*named, "prior", "seed", "particles"):
        value = getattr(job, name)
        if value != DEFAULTS[name]:
            options += [_option(name), str(value)]
    return options


def _edit_options(job: Job) -> list[str]:
    """What an edit would take from its start is said."""
    options = ["--target", job.prompt, "--prior", job.prior, "--seed", str(job.seed)]
    options += ["--source", job.source] if job.source else []
    options += [] if job.recipe else ["--method", job.method]
    by_itself = job.recipe or job.begins_with_run  # the scene is decided by these
    return options if by_itself else [*options, "--scene", job.scene]


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
