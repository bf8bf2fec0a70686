"""Scores of the embedded prior's network: concepts, colours and words, measured on its samples."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from skimage.color import rgb2lab
from torch import Tensor
from torch.nn import functional as F

from sds3d.language.palette import COLORS
from sds3d.priors.embedded.multiview import MultiviewTransformer
from sds3d.runs.machine import device_name
from sds3d.training.data.captions import article
from sds3d.training.data.shards import Corpus
from sds3d.training.pool import PAINTS, is_held_out
from sds3d.training.sampling import views_of
from sds3d.training.views import GROUP, Pool, recolored
from sds3d.views.lighting import mean_shade

GREY = 0.5
SHADE = round(mean_shade(20.0), 2)  # mean shade of samples, seen from 20 degrees above: 0.75
DIFFERENT = 0.12  # sRGB difference from the grey background at which a pixel belongs to the object
Features = Callable[[Tensor], Tensor]  # (N, 3, S, S) in [0, 1] -> unit vectors (N, D)


@dataclass(frozen=True)
class References:
    """The training set in the form that samples are compared with.

    concepts: C names.  owner: (K,) the concept's index for each object.  features: (K, D) unit vectors, the
    mean over four views.  images: (K, 4, 3, S, S) those views over mid-grey.
    """

    concepts: tuple[str, ...]
    owner: Tensor
    features: Tensor
    images: Tensor


def references(pool: Pool, corpora: Sequence[Corpus], features: Features) -> References:
    """Four views of every object of the training sets, in its own colours and the library's light."""
    items = [item for corpus in corpora for item in corpus.objects]
    concepts = tuple(sorted({item.name for item in items}))
    rgba, shade = _lit(pool, slice(None))
    images = on_grey(rgba[..., :3], rgba[..., 3:], shade)
    owner = torch.tensor([concepts.index(item.name) for item in items])
    return References(concepts, owner, _mean_features(images, features), images)


def _mean_features(images: Tensor, features: Features) -> Tensor:
    """Unit vectors (N, D) of objects from their four views (N, 4, 3, S, S)."""
    per_view = features(images.flatten(0, 1)).unflatten(0, (-1, GROUP))
    return F.normalize(per_view.mean(1), dim=-1)


def ranks(images: Tensor, wanted: Sequence[str], known: References, features: Features) -> Tensor:
    """The rank (N,) of each wanted concept among all, by its nearest object; 0 is the nearest concept.

    images: (N, 4, 3, S, S).  wanted: N concepts.
    """
    similarity = _mean_features(images, features) @ known.features.T  # (N, K)
    index = torch.tensor([known.concepts.index(name) for name in wanted])
    return _ranks(similarity, index, known)


def _ranks(similarity: Tensor, wanted: Tensor, known: References) -> Tensor:
    """How many concepts have a nearer object than the wanted concept's nearest; similarity: (N, K)."""
    best = torch.full((len(similarity), len(known.concepts)), -2.0)
    best = best.scatter_reduce(1, known.owner.expand(len(similarity), -1), similarity, "amax")
    return (best > best.gather(1, wanted[:, None])).sum(1)


def recalls(rank: Tensor) -> dict[str, float]:
    """Recall at 1 and at 5 from ranks."""
    return {f"r{k}": round((rank < k).float().mean().item(), 4) for k in (1, 5)}


def consistency(images: Tensor, known: References, features: Features) -> float:
    """The share of objects whose four views, taken one by one, are all nearest to the same concept."""
    similarity = features(images.flatten(0, 1)) @ known.features.T
    concept = known.owner[similarity.argmax(1)].unflatten(0, (-1, GROUP))
    return round((concept == concept[:, :1]).all(1).float().mean().item(), 4)


def colors(images: Tensor) -> list[str]:
    """The names of an object's colours, by the number of pixels that are nearest to each in CIELAB.

    images: (V, 3, S, S) over mid-grey.  Background pixels are left out; the mean shade of the library's light
    is divided out.
    """
    pixels = images.permute(0, 2, 3, 1).flatten(0, 2)
    pixels = pixels[(pixels - GREY).abs().amax(1) > DIFFERENT]
    if not len(pixels):
        return []
    measured = rgb2lab((pixels / SHADE).clamp(0, 1).numpy())
    paints = rgb2lab(np.array([COLORS[name] for name in PAINTS]))
    nearest = np.linalg.norm(measured[:, None] - paints, axis=-1).argmin(1)
    return [PAINTS[i] for i, _ in Counter(nearest.tolist()).most_common()]


def right_colors(images: Iterable[Tensor], wanted: Sequence[str]) -> float:
    """The share of objects whose wanted colour is one of their two most common ones."""
    right = [name in colors(own)[:2] for own, name in zip(images, wanted, strict=True)]
    return round(float(np.mean(right)), 4)


def painted(pool: Pool, rows: Sequence[int], wanted: Sequence[str]) -> Tensor:
    """Training objects recoloured as in training, (N, 4, 3, S, S)."""
    rgba, shade = _lit(pool, list(rows))
    paint = torch.tensor([COLORS[name] for name in wanted]).float()
    rgb = recolored(rgba[..., :3], pool.main[list(rows)], paint, torch.ones(len(rows)))
    return on_grey(rgb, rgba[..., 3:], shade)


def _lit(pool: Pool, rows: Sequence[int] | slice) -> tuple[Tensor, Tensor]:
    """(RGBA albedo, shade under the library's light) of four views of objects, as `lit`."""
    return lit(pool.albedo[rows, :GROUP], pool.normals[rows, :GROUP], pool.light)


def lit(albedo: Tensor, normals: Tensor, light: Tensor) -> tuple[Tensor, Tensor]:
    """(RGBA albedo in [0, 1], shade (..., 1)) of stored views; shade(n) = light[0] + n . light[1:]."""
    n = normals.float() / 127.5 - 1
    return albedo.float() / 255, light[0] + (n * light[1:]).sum(-1, keepdim=True)


def on_grey(rgb: Tensor, alpha: Tensor, shade: Tensor) -> Tensor:
    """Shaded colours over mid-grey, channels first: (..., H, W, 3) -> (..., 3, H, W)."""
    return (alpha * (rgb * shade).clamp(0, 1) + (1 - alpha) * GREY).movedim(-1, -3)


def memorised(images: Tensor, wanted: Sequence[str], known: References) -> float:
    """Memorisation ratio: nearest-training-object distance over typical within-concept distance.

    The median over samples; distances are RMS.  0 is a copy, 1 as different as another object of the concept.
    Concepts with a single object are left out.
    """
    ratios = []
    for own, name in zip(images, wanted, strict=True):
        peers = known.images[known.owner == known.concepts.index(name)].flatten(1)
        if len(peers) < 2:
            continue
        between = torch.cdist(peers, peers)
        between.fill_diagonal_(torch.inf)
        nearest = torch.cdist(own.flatten()[None], peers).min()
        ratios.append((nearest / between.amin(1).median()).item())
    return round(float(np.median(ratios)), 4) if ratios else float("nan")


def cfg_step_seconds(network: MultiviewTransformer, dtype: torch.dtype = torch.float32) -> float:
    """The median time of a guided step over four views, on the network's device, autocast to `dtype`."""
    like = next(network.parameters())
    config = network.config
    rows = 2 * GROUP
    shapes: tuple[tuple[int, ...], ...] = (
        (rows, 3, config.sample_size, config.sample_size),
        (rows,),
        (rows, config.text_length, config.cross_attention_dim),
        (rows, 16),
        (rows, 4),
    )
    inputs = [torch.rand(shape).to(like) for shape in shapes]
    half = dtype != torch.float32
    times = []
    with torch.inference_mode(), torch.autocast(like.device.type, dtype, enabled=half):
        for _ in range(8):
            start = time.perf_counter()
            network(*inputs).sample.cpu()
            times.append(time.perf_counter() - start)
    return round(sorted(times)[len(times) // 2], 4)


def evaluate(
    network: MultiviewTransformer,
    pool: Pool,
    corpora: Sequence[Corpus],
    features: Features,
    synonyms: Mapping[str, str],
    *,
    guidance_scale: float = 3.0,
    steps: int = 25,
    pairs: int = 200,
    seed: int = 0,
) -> dict[str, object]:
    """The scores in the model card.

    synonyms: words that are in no caption, with their concepts.  pairs: how many colour-concept pairs are
    sampled, both of those in captions and of those held out.
    """
    known = references(pool, corpora, features)
    sampling = {"guidance_scale": guidance_scale, "steps": steps, "seed": seed}
    images = views_of(network, [prompt_for(name) for name in known.concepts], **sampling)
    words = [(w, c) for w, c in synonyms.items() if c in known.concepts]
    numbers: dict[str, object] = {
        "concepts": len(known.concepts),
        "cfg_step_seconds": {
            "device": device_name(next(network.parameters()).device),
            "float32": cfg_step_seconds(network),
            "bfloat16": cfg_step_seconds(network, torch.bfloat16),
        },
        "retrieval": recalls(ranks(images, known.concepts, known, features)),
        "chance_r5": round(5 / len(known.concepts), 4),
        "training_set_retrieval": recalls(_leave_one_out(known)),
        "four_views_agree": consistency(images, known, features),
        "memorised": memorised(images, known.concepts, known),
    }
    if words:
        samples = views_of(network, [prompt_for(word) for word, _ in words], **sampling)
        rank = ranks(samples, [concept for _, concept in words], known, features)
        numbers["synonyms"] = {"words": len(words), **recalls(rank)}
    rng = random.Random(seed)
    rows = [rng.randrange(len(known.owner)) for _ in range(pairs)]
    paints = [rng.choice(PAINTS) for _ in rows]
    numbers["training_set_colours"] = right_colors(painted(pool, rows, paints), paints)
    for kind, held_out in (("seen_colours", False), ("held_out_colours", True)):
        every = [(c, n) for c in PAINTS for n in known.concepts if is_held_out(c, n) == held_out]
        chosen = rng.sample(every, min(pairs, len(every)))
        samples = views_of(network, [prompt_for(n, c) for c, n in chosen], **sampling)
        rank = ranks(samples, [n for _, n in chosen], known, features)
        numbers[kind] = {
            "pairs": len(chosen),
            "right": right_colors(samples, [c for c, _ in chosen]),
            **recalls(rank),
        }
    return numbers


def _leave_one_out(known: References) -> Tensor:
    """The ranks of the training objects' own concepts, each object compared with all others."""
    similarity = known.features @ known.features.T
    similarity.fill_diagonal_(-2.0)
    has_peers = known.owner.bincount()[known.owner] > 1
    return _ranks(similarity, known.owner, known)[has_peers]


def prompt_for(name: str, color: str = "") -> str:
    """The prompt for a concept in a colour: "a red armchair"."""
    phrase = f"{color} {name}".strip()
    return f"{article(phrase, name)} {phrase}".strip()
