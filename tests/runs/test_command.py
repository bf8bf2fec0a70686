"""Laws of a job as a command line: the command line reads it as the same job."""

import shlex

import pytest

from sds3d.cli import generate, main
from sds3d.runs.command import command, words
from sds3d.runs.job import Job, settled

JOBS = [
    Job("a red armchair"),
    Job("a 'red' \"armchair\" for $5", seed=3, out="outputs/my chairs/1"),
    Job("-- a chair", steps=7, formats=("obj", "ply"), device="cpu"),
    Job("a chair", method="vsd", scene="splats", preset="draft", negative="blue", particles=2),
    Job("a chair", recipe="vsd-triplane", overrides=("camera.views=2", "camera.elevation_deg=[-10,45]")),
    Job("a chair", overwrite=True, trust_recipe=True, preview_size=24, turntable_size=32),
    Job("a chair", prior="exact:meshes", overrides=("prior.exact.up=z",)),
    Job("a metal chair", method="dds", start="chair.obj", source="a wooden chair", scene="triplane"),
    Job("a metal chair", method="pds", start="chair.obj", source="a wooden chair", particles=2, seed=4),
]  # fmt: skip


@pytest.fixture
def taken(monkeypatch, tmp_path):
    """The job that a command line would run."""
    jobs = []
    monkeypatch.chdir(tmp_path)
    (tmp_path / "meshes").mkdir()
    for path in ("meshes/a chair.obj", "chair.obj"):
        (tmp_path / path).write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", encoding="utf-8")
    monkeypatch.setattr(generate, "run", lambda job, json: jobs.append(job))
    monkeypatch.setattr("sds3d.cli.edit.run", lambda job, json: jobs.append(job))

    def take(arguments):
        with pytest.raises(SystemExit) as end:
            main(arguments)
        assert not end.value.code
        return jobs[-1]

    return take


@pytest.mark.parametrize("job", JOBS, ids=command)
def test_the_command_of_a_job_is_read_as_that_job(taken, job):
    program, *arguments = shlex.split(command(job))
    assert program == "sds3d"
    assert arguments == words(job)
    found = taken(arguments)
    if job.start and job.particles:
        assert found.overrides == (*job.overrides, f"particles={job.particles}")
        found = settled(
            Job(**{**vars(found), "particles": job.particles, "overrides": job.overrides})
        )
    assert found == settled(job)


def test_options_with_default_values_are_left_out():
    assert command(Job("a red armchair")) == "sds3d generate 'a red armchair'"
    assert command(Job("a chair", seed=2)) == "sds3d generate 'a chair' --seed 2"
