"""How well a network of the embedded prior knows concepts, colours and words, by pictures that it draws."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from skimage.color import rgb2lab
from torch import Tensor, nn
from torch.nn import functional as F

from sds3d.language.palette import COLORS
from sds3d.runs.folder import device_name
from sds3d.training.data.captions import article
from sds3d.training.data.shards import Corpus
from sds3d.training.pool import PAINTS, held_out
from sds3d.training.sampling import views_of
from sds3d.training.views import GROUP, Pool, recolored
from sds3d.views.lighting import mean_shade

GREY = 0.5
SHADE = round(mean_shade(20.0), 2)  # samples are drawn from 20 degrees above: 0.75
DIFFERENT = 0.12  # from the grey background, for a pixel to be the object's, sRGB
Features = Callable[[Tensor], Tensor]  # (N, 3, S, S) in [0, 1] -> unit vectors (N, D)


@dataclass(frozen=True)
class Shelf:
    """The training set as samples are compared with it.

    concepts: names.  owner (K,): the concept of each object.  seen (K, D): features of the objects, the mean
    over four views.  pictures (K, 4, 3, S, S): those views on grey.
    """

    concepts: tuple[str, ...]
    owner: Tensor
    seen: Tensor
    pictures: Tensor


def shelf(pool: Pool, corpora: Sequence[Corpus], features: Features) -> Shelf:
    """Every object from four of its sides, in its own colours and the library's light, on grey."""
    items = [item for corpus in corpora for item in corpus.objects]
    concepts = tuple(sorted({item.name for item in items}))
    rgba, shade = _lit(pool, slice(None))
    pictures = on_grey(rgba[..., :3], rgba[..., 3:], shade)
    seen = features(pictures.flatten(0, 1)).unflatten(0, (-1, GROUP)).mean(1)
    owner = torch.tensor([concepts.index(item.name) for item in items])
    return Shelf(concepts, owner, F.normalize(seen, dim=-1), pictures)


def ranks(pictures: Tensor, wanted: Sequence[str], known: Shelf, features: Features) -> Tensor:
    """The place (N,) of each wanted concept, 0 the nearest, by its object nearest to the four views."""
    seen = F.normalize(features(pictures.flatten(0, 1)).unflatten(0, (-1, GROUP)).mean(1), dim=-1)
    likeness = seen @ known.seen.T  # (N, K)
    return _places(likeness, torch.tensor([known.concepts.index(name) for name in wanted]), known)


def _places(likeness: Tensor, wanted: Tensor, known: Shelf) -> Tensor:
    """How many concepts have an object likelier than the wanted one's likeliest; likeness: (N, K)."""
    best = torch.full((len(likeness), len(known.concepts)), -2.0)
    best = best.scatter_reduce(1, known.owner.expand(len(likeness), -1), likeness, "amax")
    return (best > best.gather(1, wanted[:, None])).sum(1)


def recalls(place: Tensor) -> dict[str, float]:
    """R@1 and R@5 of places."""
    return {f"r{k}": round((place < k).float().mean().item(), 4) for k in (1, 5)}


def consistency(pictures: Tensor, known: Shelf, features: Features) -> float:
    """The share of objects whose four views, one by one, are all nearest to the same concept."""
    seen = features(pictures.flatten(0, 1)) @ known.seen.T
    concept = known.owner[seen.argmax(1)].unflatten(0, (-1, GROUP))
    return round((concept == concept[:, :1]).all(1).float().mean().item(), 4)


def colors(pictures: Tensor) -> list[str]:
    """The paints that most pixels of the object (V, 3, S, S) are nearest to in CIELAB, the commonest first.

    Pixels like the background are left out; the light is taken for the library's mean one.
    """
    pixels = pictures.permute(0, 2, 3, 1).flatten(0, 2)
    pixels = pixels[(pixels - GREY).abs().amax(1) > DIFFERENT]
    if not len(pixels):
        return []
    seen = rgb2lab((pixels / SHADE).clamp(0, 1).numpy())
    known = rgb2lab(np.array([COLORS[name] for name in PAINTS]))
    nearest = np.linalg.norm(seen[:, None] - known, axis=-1).argmin(1)
    return [PAINTS[i] for i, _ in Counter(nearest.tolist()).most_common()]


def right_colors(pictures: Sequence[Tensor], asked: Sequence[str]) -> float:
    """The share of objects whose asked colour is one of the two commonest."""
    found = [name in colors(own)[:2] for own, name in zip(pictures, asked, strict=True)]
    return round(float(np.mean(found)), 4)


def painted(pool: Pool, rows: Sequence[int], asked: Sequence[str]) -> Tensor:
    """Training objects as training shows them in the asked colours, (N, 4, 3, S, S)."""
    rgba, shade = _lit(pool, list(rows))
    wanted = torch.tensor([COLORS[name] for name in asked]).float()
    rgb = recolored(rgba[..., :3], pool.main[list(rows)], wanted, torch.ones(len(rows)))
    return on_grey(rgb, rgba[..., 3:], shade)


def _lit(pool: Pool, rows: Sequence[int] | slice) -> tuple[Tensor, Tensor]:
    """(albedo and coverage, the library's light on it) of four sides of objects."""
    return lit(pool.albedo[rows, :GROUP], pool.normals[rows, :GROUP], pool.light)


def lit(albedo: Tensor, normals: Tensor, light: Tensor) -> tuple[Tensor, Tensor]:
    """(albedo and coverage in [0, 1], the light on it) of drawn views, uint8."""
    n = normals.float() / 127.5 - 1
    return albedo.float() / 255, light[0] + (n * light[1:]).sum(-1, keepdim=True)


def on_grey(rgb: Tensor, alpha: Tensor, shade: Tensor) -> Tensor:
    """Lit colours (..., 3) over the grey of samples, channels first."""
    return (alpha * (rgb * shade).clamp(0, 1) + (1 - alpha) * GREY).movedim(-1, -3)


def memorised(pictures: Tensor, wanted: Sequence[str], known: Shelf) -> float:
    """How near samples are to training views, of what objects of one concept are to each other.

    The median over samples of (root mean square distance to the nearest object of the concept), divided by the
    same between the concept's own objects; 0 is a copy, 1 as different as a further object of its kind.
    Concepts of one object are left out.
    """
    shares = []
    for own, name in zip(pictures, wanted, strict=True):
        peers = known.pictures[known.owner == known.concepts.index(name)].flatten(1)
        if len(peers) < 2:
            continue
        between = torch.cdist(peers, peers)
        between.fill_diagonal_(torch.inf)
        shares.append(
            (torch.cdist(own.flatten()[None], peers).min() / between.amin(1).median()).item()
        )
    return round(float(np.median(shares)), 4) if shares else float("nan")


def seconds_of_a_step(network: nn.Module, dtype: torch.dtype = torch.float32) -> float:
    """The median time of a CFG step over four views, on the network's device, autocast to `dtype`."""
    like, c, times = next(network.parameters()), network.config, []
    rows = 2 * GROUP
    shapes = ((rows, 3, c.sample_size, c.sample_size), (rows,),
              (rows, c.text_length, c.cross_attention_dim), (rows, 16), (rows, 4))  # fmt: skip
    given = [torch.rand(shape).to(like) for shape in shapes]
    half = dtype != torch.float32
    with torch.inference_mode(), torch.autocast(like.device.type, dtype, enabled=half):
        for _ in range(8):
            start = time.perf_counter()
            network(*given).sample.cpu()
            times.append(time.perf_counter() - start)
    return round(sorted(times)[len(times) // 2], 4)


def evaluate(
    network: nn.Module,
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
    """The numbers of the model card.

    synonyms: a word that captions never used -> its concept.  pairs: so many colours of concepts that training
    said, and as many that it never did.
    """
    known = shelf(pool, corpora, features)
    made = {"guidance_scale": guidance_scale, "steps": steps, "seed": seed}
    pictures = views_of(network, [said(name) for name in known.concepts], **made)
    words = [(w, c) for w, c in synonyms.items() if c in known.concepts]
    other = views_of(network, [said(word) for word, _ in words], **made) if words else None
    numbers: dict[str, object] = {
        "concepts": len(known.concepts),
        "cfg_step_seconds": {
            "device": device_name(next(network.parameters()).device),
            "float32": seconds_of_a_step(network),
            "bfloat16": seconds_of_a_step(network, torch.bfloat16),
        },
        "retrieval": recalls(ranks(pictures, known.concepts, known, features)),
        "chance_r5": round(5 / len(known.concepts), 4),
        "training_set_retrieval": recalls(_leave_one_out(known)),
        "four_views_agree": consistency(pictures, known, features),
        "memorised": memorised(pictures, known.concepts, known),
    }
    if other is not None:
        places = ranks(other, [concept for _, concept in words], known, features)
        numbers["synonyms"] = {"words": len(words), **recalls(places)}
    rng = random.Random(seed)
    rows = [rng.randrange(len(known.owner)) for _ in range(pairs)]
    paints = [rng.choice(PAINTS) for _ in rows]
    numbers["training_set_colours"] = right_colors(painted(pool, rows, paints), paints)
    for kind, never in (("colours_said", False), ("colours_never_said", True)):
        asked = [(c, n) for c in PAINTS for n in known.concepts if held_out(c, n) == never]
        asked = rng.sample(asked, min(pairs, len(asked)))
        drawn = views_of(network, [said(n, c) for c, n in asked], **made)
        places = ranks(drawn, [n for _, n in asked], known, features)
        numbers[kind] = {
            "pairs": len(asked),
            "right": right_colors(drawn, [c for c, _ in asked]),
            **recalls(places),
        }
    return numbers


def _leave_one_out(known: Shelf) -> Tensor:
    """The places of the concepts of the training set's own objects, each compared with all others."""
    likeness = known.seen @ known.seen.T
    likeness.fill_diagonal_(-2.0)
    several = known.owner.bincount()[known.owner] > 1
    return _places(likeness, known.owner, known)[several]


def said(name: str, color: str = "") -> str:
    """The prompt for a thing in a colour."""
    phrase = f"{color} {name}".strip()
    return f"{article(phrase, name)} {phrase}".strip()
