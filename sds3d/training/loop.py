"""The loop that trains the embedded prior, within a budget of minutes, on any device."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from sds3d import files
from sds3d.diffusion.schedule import TRAINING_STEPS, alpha_bar, alpha_sigma
from sds3d.errors import NonFiniteError, UsageError
from sds3d.priors.embedded.multiview import MultiviewTransformer, Output
from sds3d.runs import checkpoint
from sds3d.training.views import GROUP, Batch, Pool, batch

STATE = "state.safetensors"
ANOTHER = "give another folder with --out"
METRICS = "metrics.jsonl"
BINS = 4  # of t, in the log
MIN_VARIANCE = 0.02  # sigma_t^2 in the loss's weight is at least this
LOG_EVERY = 50  # steps
_TABLE = alpha_bar().log()


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The training budget and hyperparameters.

    minutes: of training, over all calls.  objects: the batch size; each object contributes four views.
    lr: the learning rate after `warmup` steps; it stays constant, then falls linearly to zero over the last
    `cooldown` of the minutes.  muon: whether Muon optimises the blocks' matrices, with updates of Adam's RMS.
    ema: decay of the averaged weights.  drop: probability of dropping each of text, camera and background.
    single: probability that a batch's views do not attend to each other.  every: seconds between saved
    states, raised to ten times the duration of a save; saving counts towards the minutes.
    """

    minutes: float
    objects: int = 256
    lr: float = 1e-3
    warmup: int = 300
    cooldown: float = 0.35
    weight_decay: float = 0.01
    muon: bool = True
    ema: float = 0.9995
    drop: float = 0.1
    single: float = 0.1
    every: float = 60.0

    def rate(self, step: int, done: float) -> float:
        """The factor on the learning rates at a step, after the fraction `done` of the minutes."""
        return min(1.0, (step + 1) / self.warmup, max(0.0, 1 - done) / self.cooldown)


def loss(
    network: Callable[..., Output], data: Batch, rng: torch.Generator, drop: float, views: int
) -> tuple[Tensor, Tensor]:
    """(loss, the (t, error) of each object (2, B)).

    loss = mean (x0_hat - z)^2 / max(sigma_t^2, MIN_VARIANCE),  t ~ U[0, 1].

    The weight 1 / sigma_t^2 makes it the error of v under a variance-preserving schedule (Salimans and Ho
    2022, https://arxiv.org/abs/2202.00512); the lower bound limits the weight of nearly clean images.
    """
    device = data.z.device
    objects = len(data.z) // GROUP

    def kept() -> Tensor:
        """1 for the rows of objects that keep a condition, 0 for the others."""
        keep = torch.rand(objects, 1, device=device, generator=rng) >= drop
        return keep.repeat_interleave(GROUP, 0).to(data.z)

    t = torch.rand(objects, device=device, generator=rng).repeat_interleave(GROUP)
    eps = torch.randn(data.z.shape, device=device, generator=rng)
    alpha_t, sigma_t = alpha_sigma(t, _TABLE)
    conditions = data.text * kept()[..., None], data.camera * kept(), data.background * kept()
    z_t = alpha_t * data.z + sigma_t * eps
    x0_hat = network(z_t, t * TRAINING_STEPS, *conditions, views).sample.float()
    error = ((x0_hat - data.z) ** 2 / sigma_t.square().clamp_min(MIN_VARIANCE)).mean((1, 2, 3))
    return error.mean(), torch.stack([t, error.detach()]).unflatten(1, (objects, GROUP)).mean(-1)


def optimizers(network: nn.Module, budget: Budget) -> list[torch.optim.Optimizer]:
    """AdamW for all parameters, or Muon for the blocks' matrices and AdamW for the rest.

    Muon: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon; its updates are scaled to the RMS of
    AdamW's (Liu et al. 2025, https://arxiv.org/abs/2502.16982, eq. 4).
    """
    matrices = [p for n, p in network.named_parameters() if "blocks." in n and _is_matrix(n, p)]
    inside = {id(p) for p in matrices} if budget.muon else set()
    others = [p for p in network.parameters() if id(p) not in inside]
    fused = others[0].device.type in {"cpu", "cuda"}
    adam = torch.optim.AdamW(
        others, lr=budget.lr, betas=(0.9, 0.98), weight_decay=budget.weight_decay, fused=fused
    )
    if not budget.muon:
        return [adam]
    muon = torch.optim.Muon(
        matrices, lr=budget.lr, weight_decay=budget.weight_decay, adjust_lr_fn="match_rms_adamw"
    )
    return [adam, muon]


def _is_matrix(name: str, parameter: Tensor) -> bool:
    return parameter.ndim == 2 and not name.endswith("modulation")


class PriorTrainer:
    """Trains the embedded prior's network; weights, average, optimizers and progress are in `folder`."""

    def __init__(
        self,
        network: MultiviewTransformer,
        pool: Pool,
        folder: Path,
        budget: Budget,
        *,
        seed: int = 0,
    ) -> None:
        self.device = pool.albedo.device
        self.network = network
        self.pool = pool
        self.folder = folder
        self.budget = budget
        self.average = deepcopy(network).eval().requires_grad_(False)
        self.optimizers = optimizers(network, budget)
        self.step = 0
        self.seconds = 0.0
        self.seed = seed
        self._log: list[Tensor] = []
        self.half = self.device.type == "cuda"  # bfloat16 and torch.compile
        self._forward = torch.compile(network) if self.half else network
        if (folder / STATE).is_file():
            self._resume()

    @property
    def done(self) -> float:
        """The fraction of the minutes that has been spent."""
        return self.seconds / (60 * self.budget.minutes)

    def run(self, on_pause: Callable[[PriorTrainer], None], minutes: float | None = None) -> None:
        """Trains until the budget is spent, or `minutes` in this call.

        on_pause: called whenever the state has been saved, including at the end.  Raises NonFiniteError.
        """
        stop_at = self.seconds + 60 * (self.budget.minutes if minutes is None else minutes)
        start = time.monotonic() - self.seconds
        paused = self.seconds
        wait = self.budget.every
        while self.done < 1 and self.seconds < stop_at:
            self._step()
            self.seconds = time.monotonic() - start
            if self.seconds - paused > wait:
                self.pause(on_pause)
                took = time.monotonic() - start - self.seconds
                self.seconds = paused = self.seconds + took
                wait = max(wait, 10 * took)
        self.pause(on_pause)

    def _step(self) -> None:
        rng = torch.Generator(self.device).manual_seed(self.seed * 1_000_003 + self.step)
        single = float(torch.rand((), generator=torch.Generator().manual_seed(self.step)))
        views = 1 if single < self.budget.single else GROUP
        data = batch(self.pool, self.budget.objects, rng)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            value, parts = loss(self._forward, data, rng, self.budget.drop, views)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        rate = self.budget.rate(self.step, self.done)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.budget.lr * rate
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        decay = min(self.budget.ema, (1 + self.step) / (10 + self.step))
        average = get_ema_multi_avg_fn(decay)
        average(list(self.average.parameters()), list(self.network.parameters()), self.step)
        self._log.append(parts)
        self.step += 1
        if self.step % LOG_EVERY == 0:
            self._write_log()

    def _write_log(self) -> None:
        """Appends a line of metrics: the mean error in each quarter of t since the last line."""
        t, error = torch.cat(self._log, 1).cpu()
        self._log = []
        if not bool(error.isfinite().all()):
            raise NonFiniteError(
                f"the loss is not finite near step {self.step}",
                f"resume from {STATE} with a smaller --lr",
            )
        quarters = [error[(t * BINS).long() == k] for k in range(BINS)]
        means = [q.mean().item() if len(q) else None for q in quarters]
        line = {
            "step": self.step,
            "seconds": round(self.seconds, 1),
            "views": self.step * self.budget.objects * GROUP,
            "lr": self.optimizers[0].param_groups[0]["lr"],
            "loss": error.mean().item(),
            "loss_of_t": [m if m is None else round(m, 5) for m in means],
        }
        self._make_folder()
        with files.Log(self.folder / METRICS) as metrics:
            metrics.write(json.dumps(line))

    def pause(self, on_pause: Callable[[PriorTrainer], None]) -> None:
        """Saves the metrics and the state, then calls `on_pause`."""
        if self._log:
            self._write_log()
        self._make_folder()
        tensors = checkpoint.pack(*self._parts())
        meta = {"step": self.step, "seconds": self.seconds, "muon": self.budget.muon}
        checkpoint.write(self.folder / STATE, tensors, meta)
        on_pause(self)

    def _make_folder(self) -> None:
        with files.writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)

    def _parts(self) -> tuple[dict[str, nn.Module], dict[str, torch.optim.Optimizer]]:
        """The modules and the optimizers of the state, by name."""
        modules: dict[str, nn.Module] = {"network": self.network, "average": self.average}
        return modules, {f"optimizer{i}": o for i, o in enumerate(self.optimizers)}

    def _resume(self) -> None:
        tensors, meta = checkpoint.read(self.folder / STATE, ANOTHER)
        if meta["muon"] != self.budget.muon:
            raise UsageError(
                f"the state in '{self.folder}' was trained {'with' if meta['muon'] else 'without'} Muon",
                f"add --{'muon' if meta['muon'] else 'no-muon'}, or {ANOTHER}",
            )
        checkpoint.restore(self.folder / STATE, tensors, *self._parts(), ANOTHER)
        self.step = meta["step"]
        self.seconds = meta["seconds"]
