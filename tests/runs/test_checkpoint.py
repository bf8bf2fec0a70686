"""Laws of the checkpoint file."""

from pathlib import Path

import pytest
import torch

from sds3d.errors import RunError
from sds3d.runs import checkpoint


def trained(seed: int):
    torch.manual_seed(seed)
    module = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.1)
    return module, optimizer


def step(module, optimizer, k):
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(k))
    module(x).square().sum().backward()
    optimizer.step()
    optimizer.zero_grad()


def test_training_resumes_from_a_checkpoint_bit_for_bit(tmp_path):
    module, optimizer = trained(0)
    for k in range(3):
        step(module, optimizer, k)
    tensors = checkpoint.pack({"scene": module}, {"adam": optimizer})
    checkpoint.write(tmp_path / "c.safetensors", tensors, {"step": 3})
    other, other_optimizer = trained(1)
    tensors, meta = checkpoint.read(tmp_path / "c.safetensors")
    checkpoint.restore(tmp_path, tensors, {"scene": other}, {"adam": other_optimizer})
    assert meta == {"step": 3}
    for k in range(3, 6):
        step(module, optimizer, k)
        step(other, other_optimizer, k)
    assert torch.equal(module.weight, other.weight)
    assert torch.equal(module.bias, other.bias)


@pytest.mark.parametrize("damage", [lambda b: b[:100], lambda b: b"", lambda b: b"\0" * len(b)])
def test_a_damaged_checkpoint_is_refused_with_the_fix(tmp_path, damage):
    path = tmp_path / "c.safetensors"
    checkpoint.write(path, {"x": torch.ones(100)}, {"step": 1})
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RunError, match="damaged") as caught:
        checkpoint.read(path)
    assert "--overwrite" in caught.value.fix


def test_a_checkpoint_that_cannot_be_written_leaves_the_last_one(tmp_path, full_disk):
    path = tmp_path / "c.safetensors"
    checkpoint.write(path, {"x": torch.ones(1)}, {"step": 1})
    with full_disk(), pytest.raises(RunError, match="cannot write"):
        checkpoint.write(path, {"x": torch.zeros(1000)}, {"step": 2})
    assert checkpoint.read(path)[1] == {"step": 1}


def saved(tmp_path, **changes):
    """A checkpoint of one step of a linear layer, with some of its tensors replaced, or removed by None."""
    module, optimizer = trained(0)
    step(module, optimizer, 0)
    tensors = checkpoint.pack({"scene": module}, {"adam": optimizer})
    tensors = {name: value for name, value in (tensors | changes).items() if value is not None}
    checkpoint.write(tmp_path / "c.safetensors", tensors, {"step": 1})
    return checkpoint.read(tmp_path / "c.safetensors")[0]


def test_any_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / "c.safetensors"
    saved(tmp_path)
    data = path.read_bytes()
    for position in range(0, len(data), 7):
        flipped = bytearray(data)
        flipped[position] ^= 1 << position % 8
        path.write_bytes(flipped)
        try:
            tensors, meta = checkpoint.read(path)
        except RunError:
            continue
        # Padding of the header, or a name in its own table: then nothing that is read has changed.
        assert meta == {"step": 1}
        assert all(torch.equal(value, saved(tmp_path)[name]) for name, value in tensors.items())


WRONG = {
    "scene.weight": (torch.zeros(3, 2), r"scene\.weight is \(3, 2\) float32, the run's \(2, 3\)"),
    "scene.bias": (None, r"it lacks scene\.bias"),
    "scene.more": (torch.zeros(1), r"it has scene\.more, which the run has not"),
    "scene.weight ": (torch.zeros(1), "which the run has not"),
    "adam.0.exp_avg": (torch.zeros(1, 3), r"adam\.0\.exp_avg is \(1, 3\)"),
    "adam.0.exp_avg_sq": (torch.zeros(2, 3, dtype=torch.float64), r"exp_avg_sq is .* float64"),
    "adam.1.exp_avg": (None, r"it lacks adam\.1\.exp_avg"),
    "adam.0.step": (torch.zeros(2, 3), r"adam\.0\.step is \(2, 3\)"),
    "adam.2.step": (torch.zeros(()), r"adam\.2, a parameter that the run has not"),
    "adam.x.step": (torch.zeros(()), r"adam\.x, a parameter that the run has not"),
    "adam.0.momentum": (torch.zeros(2, 3), r"adam\.0\.momentum, which the run has not"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mismatched_tensor_is_named_and_nothing_is_loaded(tmp_path, name):
    value, message = WRONG[name]
    tensors = saved(tmp_path, **{name: value})
    module, optimizer = trained(1)
    before = optimizer.state_dict()["state"]
    with pytest.raises(RunError, match=message) as caught:
        checkpoint.restore(tmp_path, tensors, {"scene": module}, {"adam": optimizer})
    assert "--overwrite" in caught.value.fix
    assert optimizer.state_dict()["state"] == before == {}


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD])
def test_every_kind_of_optimizer_is_recognised_by_its_state(kind):
    options = {"momentum": 0.9} if kind is torch.optim.SGD else {"fused": True}
    module = torch.nn.Linear(3, 2)
    optimizer = kind(module.parameters(), lr=0.1, **options)
    step(module, optimizer, 0)
    tensors = checkpoint.pack({}, {"o": optimizer})
    other = kind(torch.nn.Linear(3, 2).parameters(), lr=0.1, **options)
    checkpoint.restore(Path(), tensors, {}, {"o": other})
    assert checkpoint.pack({}, {"o": other}).keys() == tensors.keys()


class Cloud(torch.nn.Module):
    GROWING = ("points", "colors")

    def __init__(self, count, colors=None):
        super().__init__()
        self.points = torch.nn.Parameter(torch.zeros(count, 3))
        self.colors = torch.nn.Parameter(torch.zeros(colors or count, 3))

    def _load_from_state_dict(self, state, prefix, *args):
        for name in self.GROWING:
            getattr(self, name).data = torch.empty_like(state[prefix + name])
        super()._load_from_state_dict(state, prefix, *args)


def test_growing_tensors_may_change_their_count_but_only_together():
    tensors = checkpoint.pack({"scene": Cloud(5)}, {})
    cloud = Cloud(2)
    checkpoint.restore(Path(), tensors, {"scene": cloud}, {})
    assert len(cloud.points) == len(cloud.colors) == 5
    with pytest.raises(RunError, match=r"scene\.colors is \(4, 3\)"):
        checkpoint.restore(
            Path(), checkpoint.pack({"scene": Cloud(5, 4)}, {}), {"scene": cloud}, {}
        )


@pytest.mark.parametrize("meta", [
    {}, {"step": -1, "seconds": {}, "evaluations": 0}, {"step": 1, "seconds": [], "evaluations": 0},
    {"step": 1, "seconds": {"render": float("nan")}, "evaluations": 0}, [],
    {"step": True, "seconds": {}, "evaluations": 0}])  # fmt: skip
def test_a_checkpoint_without_its_counts_is_not_one_of_a_run(tmp_path, meta):
    checkpoint.write(tmp_path / "c.safetensors", {"x": torch.ones(1)}, meta)
    with pytest.raises(RunError, match="is not one of a run"):
        checkpoint.read_run(tmp_path / "c.safetensors")
