"""Compares two networks for the embedded prior, trained the same way for the same number of minutes.

    python benchmarks/architectures.py SET... [--minutes 4] [--out outputs/architectures] [--device cuda]

`transformer`: joint attention over the patches of four views (sds3d/priors/embedded/multiview.py).  `unet`:
diffusers' UNet2DConditionModel on images unshuffled to 32 x 32 x 12, with camera and background through its
class embedding and self-attention over all four views, as in MVDream.  Both see the same objects in the same
order and predict the clean image.  Reported: parameters, training views per second, the error of the averaged
weights in each quarter of t on the same unseen batches, and the seconds of a guided step over four views.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from machine import keep
from torch import Tensor, nn
from torch.nn import functional as F

from sds3d.priors.embedded.multiview import Config, MultiviewTransformer, Output
from sds3d.training.data.shards import load_training_set
from sds3d.training.evaluate import cfg_step_seconds
from sds3d.training.loop import BINS, Budget, PriorTrainer, loss
from sds3d.training.pool import build_pool
from sds3d.training.train import SHOWN, draw
from sds3d.training.views import GROUP, batch
from sds3d.views.lighting import LIGHT

TEST_BATCHES = 16


class MultiviewAttention:
    """An attention processor for diffusers whose self-attention covers the tokens of all views in a group."""

    def __init__(self) -> None:
        self.views = GROUP

    def __call__(
        self, attn: nn.Module, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None, **_: object
    ) -> Tensor:  # fmt: skip
        h, rows = hidden_states, len(hidden_states)
        alone = encoder_hidden_states is None
        h = h.unflatten(0, (-1, self.views)).flatten(1, 2) if alone else h
        seen = h if alone else encoder_hidden_states
        q, k, v = (
            to(x).unflatten(-1, (attn.heads, -1)).transpose(1, 2)
            for to, x in ((attn.to_q, h), (attn.to_k, seen), (attn.to_v, seen))
        )
        out = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return attn.to_out[1](attn.to_out[0](out)).reshape(rows, -1, out.shape[-1])


class UNet(nn.Module):
    """The UNet with the transformer's signature."""

    def __init__(self, config: Config, channels: tuple[int, ...] = (96, 160, 256)) -> None:
        super().__init__()
        from diffusers import UNet2DConditionModel

        self.config = config
        self.unet = UNet2DConditionModel(
            sample_size=config.sample_size // 2,
            in_channels=4 * config.in_channels,
            out_channels=4 * config.in_channels,
            block_out_channels=channels,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            layers_per_block=1,
            attention_head_dim=32,
            cross_attention_dim=config.cross_attention_dim,
            class_embed_type="projection",
            projection_class_embeddings_input_dim=16 + 4,
        )
        self.attention = MultiviewAttention()
        self.unet.set_attn_processor(self.attention)

    def forward(
        self, sample: Tensor, timestep: Tensor, text: Tensor, camera: Tensor, background: Tensor,
        num_views: int = GROUP,
    ) -> Output:  # fmt: skip
        self.attention.views = num_views
        labels = torch.cat([camera, background], -1)
        h = self.unet(F.pixel_unshuffle(sample, 2), timestep, text, class_labels=labels).sample
        return Output(F.pixel_shuffle(h, 2))


def errors(trainer: PriorTrainer) -> list[float]:
    """The averaged network's error in each quarter of t, on held-out batches."""
    parts = []
    for k in range(TEST_BATCHES):
        rng = torch.Generator(trainer.device).manual_seed(10**9 + k)
        with torch.no_grad():
            parts.append(loss(trainer.average, batch(trainer.pool, 64, rng), rng, 0.0, GROUP)[1])
    t, error = torch.cat(parts, 1).cpu()
    return [round(error[(t * BINS).long() == k].mean().item(), 5) for k in range(BINS)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--minutes", type=float, default=4)
    parser.add_argument("--objects", type=int, default=256)
    parser.add_argument("--out", type=Path, default=Path("outputs/architectures"))
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    device = torch.device(options.device)
    corpora = [load_training_set(s) for s in options.sets]
    rows = {}
    for name, make in (("transformer", MultiviewTransformer), ("unet", UNet)):
        torch.manual_seed(0)
        network = make(Config()).to(device)
        budget = Budget(
            minutes=options.minutes,
            objects=options.objects,
            muon=name == "transformer" and device.type == "cuda",
        )
        trainer = PriorTrainer(
            network, build_pool(corpora, LIGHT).to(device), options.out / name, budget
        )
        trainer.run(lambda _: None)
        views = trainer.step * options.objects * GROUP
        rows[name] = {
            "parameters": sum(p.numel() for p in network.parameters()),
            "views_per_second": round(views / trainer.seconds),
            "steps": trainer.step,
            "error_of_t": errors(trainer),
            "cfg_step_seconds": cfg_step_seconds(trainer.average),
            "cfg_step_seconds_cpu": cfg_step_seconds(trainer.average.cpu()),
        }
        draw(trainer.average, SHOWN, options.out / f"{name}.png")
        print(name, rows[name], flush=True)
    settings = {"minutes": options.minutes, "objects": options.objects}
    print(keep("architectures", {"settings": settings, "networks": rows}))


if __name__ == "__main__":
    main()
