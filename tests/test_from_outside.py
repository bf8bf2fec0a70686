"""What docs/extend.md promises: an objective, a prior, a regularizer, an exporter and a verb from outside.

Scenes and file formats from outside are in tests/scenes/test_outside.py.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from sds3d.errors import ExportError, PriorError
from sds3d.language.prompt import Prompt
from sds3d.loops.scene import optimize
from sds3d.recipe import build
from sds3d.recipe.check import check
from sds3d.recipe.load import load
from sds3d.runs import checkpoint
from sds3d.runs.export import export
from sds3d.runs.generate import generate
from sds3d.runs.job import Job

CODE = '''
"""A prior that knows one colour, an objective with a memory, and a regularizer."""

import torch
from torch import nn

from sds3d.diffusion.cond import Cond, Embedding
from sds3d.diffusion.guidance import cfg
from sds3d.diffusion.noising import add_noise
from sds3d.diffusion.prior import Prior, PriorWithDensity
from sds3d.diffusion.schedule import alpha_bar, alpha_sigma


class OneColor:
    """Every image of every prompt is `level` grey."""

    def __init__(self, level):
        self.level = level
        self.weights = {}
        self.evaluations = 0

    def describe(self, prompt):
        return f"'{prompt.text}' is {self.level:.2f} grey"

    def condition(self, prompt, cameras, background, directions=None):
        text = Embedding(torch.zeros(len(cameras), 1))
        return Cond(text, text, cameras.c2w.flatten(1).float())

    def encode(self, rgb):
        return 2 * rgb - 1

    def alpha_sigma(self, t):
        return alpha_sigma(t, alpha_bar().log())

    def predict_noise(self, z_t, t, cond):
        self.evaluations += len(z_t)
        alpha_t, sigma_t = self.alpha_sigma(t)
        return (z_t - alpha_t * (2 * self.level - 1)) / sigma_t


def one_color(source, *, seed, device, shift: float = 0.0) -> OneColor:
    return OneColor(float(source or 0.5) + shift)


class Memory(nn.Module):
    """A running mean of the gradient."""

    def __init__(self, prior, prompt):
        super().__init__()
        self.register_buffer("mean", torch.zeros(1, 3, 1, 1))


def grad(prior: Prior, z, t, eps, cond, *, state: Memory, rng, decay: float):
    """SDS minus the running mean of its gradient."""
    g = cfg(prior, add_noise(prior, z, t, eps), t, cond, 1.0) - eps
    state.mean.lerp_(g.mean((0, 2, 3), keepdim=True), 1 - decay)
    return g - state.mean


def dense(prior: PriorWithDensity, z, t, eps, cond):
    """An objective that needs a density."""
    return prior.log_ratio(z, z, t, cond)


def write_points(mesh, stem, extras):
    return {f"{stem}.points.txt": "\\n".join(map(str, mesh.vertices.tolist())).encode()}


def blue(render, views, prompt):
    """How blue the image is."""
    assert len(views) == len(render.rgb)
    assert prompt.text
    return render.rgb[..., 2].mean()
'''
SMALL = (
    "camera.sizes=[12]", "camera.views=2", "scene.width=8", "scene.grid=16", "export.resolution=24",
    "export.texture_size=64", "export.faces=200", "run.checkpoint_every=1",
)  # fmt: skip


class Quiet:
    def __init__(self, stop_after=None):
        self.notes = []
        self.stop_after = stop_after

    def __getattr__(self, name):
        return lambda *_: None

    def note(self, line):
        self.notes.append(line)

    def step(self, step, total, values):
        if step == self.stop_after:
            raise KeyboardInterrupt


@pytest.fixture
def outside(tmp_path, monkeypatch):
    (tmp_path / "my_method.py").write_text(CODE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    base = load("sds-nerf")
    text = (tmp_path / "mine.toml").open("w", encoding="utf-8")
    from sds3d.recipe.load import dump

    with text:
        toml = dump(base).replace('name = "sds"', 'name = "my_method:grad"\ndecay = 0.9')
        lines = [line for line in toml.splitlines() if line not in DROPPED]
        text.write("\n".join(lines))
    return tmp_path


DROPPED = ("guidance_scale = 2.0", 'weight = "sigma2"')


def job(folder, **more):
    return Job(
        "a red armchair", prior="my_method:one_color:0.8", recipe="mine.toml", steps=3,
        overrides=(*SMALL, *more.pop("overrides", ())), out=str(folder),
        preview_size=16, turntable_size=16, **more,
    )  # fmt: skip


def test_an_objective_a_prior_and_an_exporter_from_outside_make_a_run(outside):
    report = Quiet()
    result = generate(job(outside / "run", formats=("glb", "my_method:write_points")), report)
    assert any("0.80 grey" in note for note in report.notes)
    assert result.evaluations == 3 * 2
    assert result.files["glb"].is_file()
    points = result.files["my_method:write_points"]
    assert points.name == "mesh.points.txt"
    assert points.stat().st_size > 100
    with pytest.raises(ExportError, match=r"mesh.points.txt' exists already"):
        export(outside / "run", formats=["my_method:write_points"], trust_recipe=True)
    export(outside / "run", formats=["my_method:write_points"], overwrite=True, trust_recipe=True)


def optimization(*overrides):
    recipe = load("mine.toml", overrides=["steps=6", *SMALL, *overrides])
    check(recipe, "my_method:one_color:0.8")
    prior = build.prior("my_method:one_color:0.8", recipe, 0)
    return build.optimization(recipe, prior, Prompt("fog"), seed=0, where=build.CPU)


def test_the_state_of_an_objective_is_in_the_checkpoint_and_resumes_bit_for_bit(outside):
    whole, first, second = (optimization() for _ in range(3))
    optimize(whole, range(6), lambda event: True)
    optimize(first, range(4), lambda event: True)
    tensors = checkpoint.pack(first.modules(), first.optimizers())
    assert tensors["state.mean"].any()
    checkpoint.restore(Path("c"), tensors, second.modules(), second.optimizers())
    optimize(second, range(4, 6), lambda event: True)
    assert torch.equal(whole.state.mean, second.state.mean)
    for p, q in zip(whole.scene.parameters(), second.scene.parameters(), strict=True):
        assert torch.equal(p, q)


def test_options_of_a_prior_from_outside_come_from_the_recipe(outside):
    recipe = load("mine.toml", overrides=["prior.external.shift=-0.3"])
    check(recipe, "my_method:one_color:0.8")
    prior = build.prior("my_method:one_color:0.8", recipe, 0)
    assert prior.level == pytest.approx(0.5)


def test_a_capability_that_a_prior_from_outside_lacks_is_named_before_it_loads(outside):
    recipe = load("mine.toml", overrides=["objective.name=my_method:dense"])
    options = {"name": "my_method:dense"}
    text = (outside / "mine.toml").read_text(encoding="utf-8")
    text = text.replace("my_method:grad", options["name"]).replace("decay = 0.9\n", "")
    (outside / "dense.toml").write_text(text, encoding="utf-8")
    recipe = load("dense.toml")
    with pytest.raises(PriorError, match="needs a prior with a known density"):
        check(recipe, "my_method:one_color")
    check(recipe, "exact")


def test_a_regularizer_from_outside_moves_the_scene(outside):
    def blueness(weight):
        events = []
        run = optimization(f'regularizers."my_method:blue"={weight}')
        optimize(run, range(6), lambda event: events.append(event) or True)
        return events[-1].values["my_method:blue"]

    assert blueness(1e5) < blueness(0)


def test_a_verb_comes_from_an_installed_package_by_its_entry_point(tmp_path):
    """As pip would install it: a module, and beside it the metadata that names the verb."""
    (tmp_path / "my_hello.py").write_text(
        "def hello(name: str) -> None:\n    print(f'hello {name}')\n", encoding="utf-8"
    )
    metadata = tmp_path / "my_hello-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: my-hello\nVersion: 1.0\n", encoding="utf-8"
    )
    (metadata / "entry_points.txt").write_text(
        "[sds3d.verbs]\nhello = my_hello:hello\n", encoding="utf-8"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [sys.executable, "-m", "sds3d", "hello", "armchair"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "hello armchair\n"
