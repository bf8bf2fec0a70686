"""Laws of the training loop, on a network small enough to train in seconds."""

import json

import pytest
import torch
from test_views import flat

from sds3d.errors import NonFiniteError, RunError, UsageError
from sds3d.priors.embedded.multiview import Config, MultiviewTransformer, Output
from sds3d.training import loop
from sds3d.training.loop import Budget, PriorTrainer
from sds3d.training.sampling import sample

SMALL = Config(
    sample_size=8, patch_size=4, width=32, depth=1, heads=2, cross_attention_dim=5, text_length=3
)


def trainer(folder, **changes):
    torch.manual_seed(0)
    budget = Budget(**{"minutes": 60, "objects": 4, "warmup": 5, "lr": 3e-3, "ema": 0.9} | changes)
    return PriorTrainer(MultiviewTransformer(SMALL), flat((200, 60, 40), (0, 1, 0)), folder, budget)


def steps(of, count):
    for _ in range(count):
        of._step()


@pytest.mark.parametrize("muon", [True, False])
def test_training_lowers_the_error(tmp_path, monkeypatch, muon):
    monkeypatch.setattr(loop, "LOG_EVERY", 10)
    made = trainer(tmp_path, muon=muon)
    steps(made, 120)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["loss"] < 0.3 * lines[0]["loss"]
    assert lines[-1]["views"] == 120 * 16


def test_training_in_half_precision_also_lowers_the_error(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "LOG_EVERY", 10)
    made = trainer(tmp_path)
    made.half = True  # as on CUDA
    steps(made, 120)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["loss"] < 0.4 * lines[0]["loss"]


def test_resumed_training_equals_uninterrupted_training_bit_for_bit(tmp_path):
    whole = trainer(tmp_path / "a")
    steps(whole, 6)
    first = trainer(tmp_path / "b")
    steps(first, 3)
    first.pause(lambda _: None)
    second = trainer(tmp_path / "b")
    steps(second, 3)
    assert second.step == 6
    for a, b in zip(whole.network.parameters(), second.network.parameters(), strict=True):
        assert torch.equal(a, b)
    for a, b in zip(whole.average.parameters(), second.average.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_state_with_other_optimizers_is_refused_with_the_fix(tmp_path):
    trainer(tmp_path, muon=True).pause(lambda _: None)
    with pytest.raises(UsageError, match="with Muon") as refused:
        trainer(tmp_path, muon=False)
    assert "--muon" in refused.value.fix


def test_the_learning_rate_warms_up_stays_and_decays_to_zero_with_the_budget():
    budget = Budget(minutes=1, warmup=10, cooldown=0.5)
    assert budget.rate(0, 0.0) == pytest.approx(0.1)
    assert budget.rate(50, 0.3) == 1
    assert budget.rate(50, 0.75) == pytest.approx(0.5)
    assert budget.rate(50, 1.0) == 0


def test_the_budget_includes_earlier_calls_and_a_call_can_spend_a_part(tmp_path):
    pauses = []
    made = trainer(tmp_path, minutes=0.06)
    made.run(lambda t: pauses.append(t.done), minutes=0.02)
    assert 0.3 < made.done < 1
    again = trainer(tmp_path, minutes=0.06)
    assert again.done == pytest.approx(made.done)
    again.run(lambda t: pauses.append(t.done))
    assert again.done >= 1
    assert len(pauses) == 2


def test_a_non_finite_loss_stops_training_with_the_step_and_the_fix(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "LOG_EVERY", 1)
    made = trainer(tmp_path)
    with torch.no_grad():
        made.network.outward.weight.fill_(float("nan"))
    with pytest.raises(NonFiniteError, match="step 1"):
        steps(made, 1)


class OneImage(torch.nn.Module):
    """A network that always predicts one image, or half of it for rows without text."""

    config = SMALL

    def __init__(self, image):
        super().__init__()
        self.image = image

    def forward(self, sample, timestep, text, camera, background):
        has_text = (text != 0).any(-1).any(-1).float()[:, None, None, None]
        return Output(has_text * self.image + (1 - has_text) * 0.5 * self.image)


def test_guided_samples_of_a_network_with_one_image_are_that_image_scaled(rng):
    image = torch.rand(3, 8, 8, generator=rng) - 0.5
    text, camera, background = torch.ones(4, 3, 5), torch.zeros(4, 16), torch.zeros(4, 4)
    for scale in (1.0, 1.5):
        drawn = sample(
            OneImage(image), text, camera, background, guidance_scale=scale, steps=5, rng=rng
        )
        expected = (0.5 + 0.5 * scale) * image
        torch.testing.assert_close(drawn, expected.expand_as(drawn), atol=1e-5, rtol=0)


@pytest.mark.parametrize("damage", ["cut short", "another network"])
def test_a_state_that_does_not_fit_is_refused_with_a_fix_that_prior_train_has(tmp_path, damage):
    first = trainer(tmp_path)
    if damage == "another network":
        first.network.register_buffer("extra", torch.zeros(1))
    first.pause(lambda _: None)
    if damage == "cut short":
        state = tmp_path / "state.safetensors"
        state.write_bytes(state.read_bytes()[:-10])
    with pytest.raises(RunError) as refused:
        trainer(tmp_path)
    assert refused.value.fix == "give another folder with --out"
