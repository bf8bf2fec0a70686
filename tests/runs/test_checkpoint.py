"""Laws of the checkpoint file."""

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


def test_training_goes_on_from_a_checkpoint_bit_for_bit(tmp_path):
    module, optimizer = trained(0)
    for k in range(3):
        step(module, optimizer, k)
    tensors = checkpoint.pack({"scene": module}, {"adam": optimizer})
    checkpoint.write(tmp_path / "c.safetensors", tensors, {"step": 3})
    other, other_optimizer = trained(1)
    tensors, meta = checkpoint.read(tmp_path / "c.safetensors")
    checkpoint.unpack_module(other, tensors, "scene")
    checkpoint.unpack_optimizer(other_optimizer, tensors, "adam")
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


def test_a_checkpoint_that_cannot_be_written_leaves_the_last_one(tmp_path, request):
    path = tmp_path / "c.safetensors"
    checkpoint.write(path, {"x": torch.ones(1)}, {"step": 1})
    request.getfixturevalue("full_disk")
    with pytest.raises(RunError, match="cannot write"):
        checkpoint.write(path, {"x": torch.zeros(1000)}, {"step": 2})
    assert checkpoint.read(path)[1] == {"step": 1}
