"""A student on a network: a low-rank adaptation of the prior's denoiser, conditioned on the camera."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from itertools import chain
from typing import Literal

import torch
from torch import Tensor, nn

from sds3d.diffusion.cond import Cond
from sds3d.diffusion.prior import AdaptablePrior
from sds3d.errors import PriorError
from sds3d.priors.hub.layout import module
from sds3d.priors.hub.memory import projections, save_memory
from sds3d.students.student import Student

TIME = (
    "time_embedding",  # of UNet2DConditionModel
    "time_text_embed",  # of Stable Diffusion 3's transformer
    "adaln_single.emb.timestep_embedder",  # of PixArt's
    "time_embed.emb.timestep_embedder",  # of Sana's
)


class LoraStudent(Student):
    """A copy of the denoiser that shares its weights, with trained low-rank additions and a camera.

    Each projection W of attention becomes W + (alpha / rank) B A, with A (rank, in) ~ N(0, 1/rank^2) and B
    (out, rank) zero at first; an MLP of c2w's sixteen numbers, zero at first, is added to the embedding of
    time.  So the student starts as the prior.  A denoiser that takes the camera itself gets no MLP.

    The camera says which side a view shows; the prompt is read without words about it, as by the authors.

    prediction: what the loss compares.  The module's parameters and state are only the trained ones; they are
    float32 even on a prior in half precision.

    Hu et al. 2021, https://arxiv.org/abs/2106.09685; Wang et al. 2023, ProlificDreamer,
    https://arxiv.org/abs/2305.16213, section 3.2.
    """

    def __init__(
        self,
        prior: AdaptablePrior,
        *,
        rank: int,
        alpha: float,
        prediction: Literal["eps", "v"],
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.prior = prior
        self.prediction = prediction
        base = prior.denoiser
        targets = projections(base)
        modules = {name for name, _ in base.named_modules()}
        timed = next((name for name in TIME if name in modules), None)
        if not targets or not (timed or prior.num_views):
            raise PriorError(
                f"{type(base).__name__} has no attention or embedding of time that a student can adapt",
                "take a method without a student, such as --method sds",
            )
        peft = module("peft")
        shared = {id(x): x for x in chain(base.parameters(), base.buffers())}
        network = deepcopy(base, shared)
        save_memory(network, low=getattr(prior, "low_memory", False))
        config = peft.LoraConfig(
            r=rank, lora_alpha=alpha, target_modules=targets, init_lora_weights="gaussian"
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            peft.inject_adapter_in_model(config, network)
            self.camera = None
            if timed and not prior.num_views:
                self.camera = _camera(network.get_submodule(timed))
        self._network = (network, timed)  # in a tuple: what is shared is not the student's own
        trained = {n: p for n, p in network.named_parameters() if p.requires_grad}
        for p in trained.values():
            p.data = p.data.float()
        self.lora = nn.ParameterDict({name.replace(".", "/"): p for name, p in trained.items()})

    def predict_noise(self, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        """eps_hat of z_t under the distribution of the scene's renders."""
        network, _ = self._network
        with self._conditioned(cond.camera):
            return self.prior.denoise(network, z_t, t, cond.without_directions())

    def loss(self, z: Tensor, t: Tensor, eps: Tensor, cond: Cond) -> Tensor:
        """mean (eps_hat - eps)^2, or mean (v_hat - v)^2 with v = (eps - sigma_t z_t) / alpha_t.

        The second is the first over alpha_t^2: it gives noisy times more weight.
        """
        z = z.detach()
        alpha_t, sigma_t = self.prior.alpha_sigma(t)
        error = self.predict_noise(alpha_t * z + sigma_t * eps, t, cond) - eps
        return (error if self.prediction == "eps" else error / alpha_t).square().mean()

    @contextmanager
    def _conditioned(self, camera: Tensor) -> Iterator[None]:
        """A context in which the camera's embedding (R, 16) is added to the network's embedding of time."""
        network, timed = self._network
        if self.camera is None or timed is None:
            yield
            return
        added = self.camera(camera)
        hook = network.get_submodule(timed).register_forward_hook(
            lambda _module, _arguments, out: out + added.to(out.dtype)
        )
        try:
            yield
        finally:
            hook.remove()


def _camera(timed: nn.Module) -> nn.Sequential:
    """16 -> E -> E for an embedding of time of width E; its output is zero at first."""
    weight = [m for m in timed.modules() if isinstance(m, nn.Linear)][-1].weight
    width = weight.shape[0]
    last = nn.Linear(width, width)
    network = nn.Sequential(nn.Linear(16, width), nn.SiLU(), last)
    with torch.no_grad():
        for p in last.parameters():
            p.zero_()
    return network.to(weight.device)
