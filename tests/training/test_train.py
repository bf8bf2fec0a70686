"""Laws of captions, of training a prior from a training set, and of its scores."""

import json
import random
import shutil

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from sds3d.cli import main
from sds3d.errors import PriorError
from sds3d.language.palette import COLORS
from sds3d.language.prompt import parse
from sds3d.priors.embedded import prior as embedded
from sds3d.training import evaluate as scoring
from sds3d.training.card import write_card
from sds3d.training.data.items import Item
from sds3d.training.data.shards import load_training_set
from sds3d.training.pool import PAINTS, build_pool, captions, is_held_out
from sds3d.views.lighting import LIGHT

ITEM = Item("x/1", "x", "armchair", palette=((200, 30, 30, 0.8, "red"), (0, 0, 0, 0.2, "black")))


def run(*arguments):
    """The exit code of the command line."""
    try:
        main([str(a) for a in arguments])
    except SystemExit as stopped:
        return stopped.code or 0
    return 0


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The folder of a set of twelve objects at 16 pixels."""
    folder = tmp_path_factory.mktemp("corpus")
    code = run(
        "prior", "data", "builtin:1", "--limit", 12, "--size", 16, "--views", 4, "--out", folder
    )
    assert code == 0
    return folder


@pytest.fixture(scope="module")
def trained(corpus, tmp_path_factory):
    """The folder of a briefly trained network."""
    out = tmp_path_factory.mktemp("trained")
    code = run("prior", "train", str(corpus), "--minutes", "0.02", "--objects", "2", "--width", "64",
                 "--depth", "1", "--out", out)  # fmt: skip
    assert code == 0
    return out / "network"


def test_a_caption_names_the_colour_in_which_the_object_is_painted():
    pairs = captions(ITEM, 200, random.Random(0))
    painted = [(text, paint) for text, paint in pairs if paint]
    assert 80 < len(painted) < 160
    assert all(paint in text for text, paint in painted)
    assert all(paint in COLORS for paint in PAINTS)


def test_held_out_pairs_of_colour_and_object_are_in_no_caption():
    held_out = [paint for paint in PAINTS if is_held_out(paint, "armchair")]
    assert held_out
    texts = [text for text, _ in captions(ITEM, 2000, random.Random(0))]
    assert not [t for t in texts for paint in held_out if f"{paint} armchair" in t]


def test_the_weight_of_a_concept_grows_as_the_square_root_of_its_objects(corpus):
    made = load_training_set(corpus)
    both = build_pool([made, made, made, made], LIGHT)  # every concept four times
    once = build_pool([made], LIGHT)
    assert len(both.owner) == pytest.approx(2 * len(once.owner), rel=0.1)


def test_a_trained_network_is_a_prior_over_its_training_concepts(trained, corpus, rng):
    prior = embedded.load_embedded(trained, torch.device("cpu"))
    names = {item.name for item in load_training_set(corpus).objects}
    assert set((trained / "concepts.txt").read_text().split("\n")[:-1]) == names
    name = min(names)
    assert f"'{name}'" in prior.describe(parse(f"a red {name}"))
    assert "was not trained on" in prior.describe(parse("a thunderstorm"))


def test_a_network_records_its_training_and_gets_a_model_card(trained):
    record = json.loads((trained / "training.json").read_text())
    assert record["objects"] == {"builtin": 12}
    assert record["views"] == record["steps"] * 2 * 4
    assert record["licences"] == {"builtin": {"Apache License 2.0": 12}}
    card = write_card(trained, {"retrieval": {"r1": 0.25, "r5": 0.5}, "concepts": 12}).read_text()
    assert "| retrieval: r5 | 0.5 |" in card
    assert "12 concepts" in card
    assert f"{record['steps']} steps" in card


def test_the_priors_clean_estimate_is_the_networks_output(trained, rng):
    prior = embedded.load_embedded(trained, torch.device("cpu"))
    from sds3d.views.cameras import orbit

    cameras, background = orbit(4, 16), torch.rand(4, 3, generator=rng)
    cond = prior.condition(parse("a red armchair"), cameras, background)
    z_t, t = torch.randn(4, 3, 16, 16, generator=rng), torch.full((4,), 0.5)
    alpha_t, sigma_t = prior.alpha_sigma(t)
    x0 = (z_t - sigma_t * prior.predict_noise(z_t, t, cond)) / alpha_t
    known = torch.cat([2 * background - 1, torch.ones(4, 1)], -1)
    own = prior.denoiser(z_t, 1000 * t, cond.text.embedding, cameras.c2w.flatten(1), known).sample
    torch.testing.assert_close(x0, own, atol=1e-4, rtol=1e-4)


def test_a_folder_without_a_network_is_refused_with_the_fix(tmp_path):
    with pytest.raises(PriorError, match="no trained network") as refused:
        embedded.load_embedded(tmp_path, torch.device("cpu"))
    assert "sds3d prior train" in refused.value.fix


def test_weights_that_do_not_match_their_hash_are_refused(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "copy")
    weights = tmp_path / "copy/diffusion_pytorch_model.safetensors"
    damaged = bytearray(weights.read_bytes())
    damaged[-1] ^= 1
    weights.write_bytes(damaged)
    with pytest.raises(PriorError, match=r"training\.json"):
        embedded.load_embedded(tmp_path / "copy", torch.device("cpu"))


DAMAGED = {
    "training.json": (b"{", "cannot read"),
    "training.json of a list": (b"[]", "is not a JSON object"),
    "config.json": (b"{}", "cannot load"),
    "concepts.txt": (b"\xff\xfe\x00", "cannot load"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_folder_is_refused_in_one_line(trained, tmp_path, case):
    data, message = DAMAGED[case]
    shutil.copytree(trained, tmp_path / "copy")
    (tmp_path / "copy" / case.partition(" ")[0]).write_bytes(data)
    with pytest.raises(PriorError, match=message) as refused:
        embedded.load_embedded(tmp_path / "copy", torch.device("cpu"))
    assert refused.value.fix
    assert "\n" not in refused.value.message


@pytest.mark.parametrize("method", ["sds", "vsd"])
def test_generate_works_with_a_network_that_the_user_trained(trained, tmp_path, method):
    small = [
        "camera.sizes=[16]",
        "export.resolution=24",
        "export.texture_size=64",
        "export.faces=300",
    ]
    code = run("generate", "a red armchair", "--prior", f"embedded:{trained}", "--method", method,
                 "--scene", "splats", "--steps", "2", "--out", str(tmp_path / "run"),
                 *[part for s in small for part in ("--set", s)])  # fmt: skip
    assert code == 0
    record = json.loads((tmp_path / "run/run.json").read_text())
    assert len(record["inputs"]["diffusion_pytorch_model.safetensors"]) == 64
    assert (tmp_path / "run/mesh.glb").stat().st_size > 500


def flat_features(rgb):
    """Images as their own features."""
    return F.normalize(rgb.flatten(1) - 0.5, dim=-1)


def test_training_images_are_retrieved_as_their_own_concept_and_are_copies(corpus):
    sets = [load_training_set(corpus)]
    known = scoring.references(build_pool(sets, LIGHT), sets, flat_features)
    names = [known.concepts[i] for i in known.owner]
    places = scoring.ranks(known.images, names, known, flat_features)
    assert scoring.recalls(places) == {"r1": 1.0, "r5": 1.0}
    double = scoring.References(known.concepts, known.owner.repeat(2), known.features.repeat(2, 1),
                           torch.cat([known.images, known.images.flip(-1)]))  # fmt: skip
    assert scoring.memorised(known.images, names, double) == 0


def test_the_colour_of_an_image_is_that_of_its_object_not_its_background():
    for name in ("green", "white", "navy"):
        image = torch.full((4, 3, 8, 8), scoring.GREY)
        image[:, :, 2:6, 2:6] = torch.tensor(COLORS[name])[None, :, None, None] * scoring.SHADE
        assert scoring.colors(image)[0] == name
    assert scoring.colors(torch.full((4, 3, 8, 8), scoring.GREY)) == []


def test_a_repainted_training_object_mostly_has_the_colour_of_its_paint(corpus):
    made = build_pool([load_training_set(corpus)], LIGHT)
    rows = [row for row in range(12) for _ in PAINTS]
    paints = list(PAINTS) * 12
    assert scoring.right_colors(scoring.painted(made, rows, paints), paints) > 0.7
    wrong = paints[1:] + paints[:1]
    assert scoring.right_colors(scoring.painted(made, rows, paints), wrong) < 0.4


def test_the_scores_of_a_network_are_shares(trained, corpus):
    sets = [load_training_set(corpus)]
    prior = embedded.load_embedded(trained, torch.device("cpu"))
    name = sets[0].objects[0].name
    numbers = scoring.evaluate(prior.denoiser, build_pool(sets, LIGHT), sets, flat_features, {"xyz": name},
                               steps=2, pairs=3)  # fmt: skip
    assert numbers["concepts"] == len({item.name for item in sets[0].objects})
    for group in ("retrieval", "synonyms", "seen_colours", "held_out_colours"):
        assert 0 <= numbers[group]["r1"] <= numbers[group]["r5"] <= 1
    assert 0 <= numbers["four_views_agree"] <= 1
    assert np.isfinite(numbers["chance_r5"])
