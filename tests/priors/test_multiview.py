"""Laws of the embedded prior's network."""

import json

import pytest
import torch

from sds3d.priors.embedded.multiview import Config, MultiviewTransformer
from sds3d.views.cameras import orbit

SMALL = Config(
    sample_size=16, patch_size=4, width=32, depth=2, heads=2, cross_attention_dim=6, text_length=5
)


@pytest.fixture
def network(rng):
    """A network whose every weight is drawn, so that nothing is zero by its start."""
    made = MultiviewTransformer(SMALL).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(0.15 * torch.randn(parameter.shape, generator=rng))
    return made


def conditions(rng, rows):
    cameras = orbit(4, 16).c2w.flatten(1).repeat(rows // 4, 1)
    background = torch.cat([torch.rand(rows, 3, generator=rng), torch.ones(rows, 1)], 1)
    return {
        "sample": torch.randn(rows, 3, 16, 16, generator=rng),
        "timestep": 1000 * torch.rand(rows, generator=rng),
        "encoder_hidden_states": torch.randn(rows, 5, 6, generator=rng),
        "camera": cameras,
        "background": background,
    }


def test_two_groups_at_once_are_each_group_alone(network, rng):
    both = conditions(rng, 8)
    apart = [network(**{k: v[i : i + 4] for k, v in both.items()}).sample for i in (0, 4)]
    torch.testing.assert_close(network(**both).sample, torch.cat(apart))


def test_views_of_a_group_see_each_other_and_single_views_do_not(network, rng):
    inputs = conditions(rng, 4)
    other = inputs | {"sample": inputs["sample"].clone()}
    other["sample"][3] += 1
    for views, seen in ((4, True), (1, False)):
        a, b = (network(**g, num_views=views).sample[0] for g in (inputs, other))
        assert (not torch.allclose(a, b)) == seen


def test_the_order_of_the_views_does_not_matter(network, rng):
    inputs, order = conditions(rng, 4), [2, 0, 3, 1]
    turned = network(**{k: v[order] for k, v in inputs.items()}).sample
    torch.testing.assert_close(turned, network(**inputs).sample[order], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["encoder_hidden_states", "camera", "background", "timestep"])
def test_every_condition_makes_a_difference(network, rng, name):
    inputs = conditions(rng, 4)
    without = network(**inputs | {name: torch.zeros_like(inputs[name])}).sample
    assert not torch.allclose(without, network(**inputs).sample)


def test_a_view_with_an_unknown_camera_has_no_rays(network, rng):
    inputs = conditions(rng, 4)
    assert torch.equal(network.rays(torch.zeros(4, 16)), torch.zeros(4, 16, 30))
    blind = network(**inputs | {"camera": torch.zeros(4, 16)}).sample
    assert torch.equal(blind, network(**inputs | {"camera": None}).sample)


def test_rays_are_those_of_the_cameras(network):
    cameras = orbit(4, 4, elevation_deg=30)  # four patches a side, so pixels are patches
    origin, direction = cameras.rays()
    line = network.rays(cameras.c2w.flatten(1))[..., :6]
    torch.testing.assert_close(line[..., 3:], direction.flatten(1, 2))
    moment = torch.linalg.cross(origin, direction).flatten(1, 2)
    torch.testing.assert_close(line[..., :3], moment)


def test_rows_that_do_not_form_whole_groups_are_refused(network, rng):
    inputs = {k: v[:3] for k, v in conditions(rng, 4).items()}
    with pytest.raises(ValueError, match="3 rows do not divide into groups of 4"):
        network(**inputs)


def test_a_network_read_back_gives_the_same_to_half_precision(network, rng, tmp_path):
    network.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["_class_name"] == "MultiviewTransformer"
    inputs = conditions(rng, 4)
    again = MultiviewTransformer.from_pretrained(tmp_path).eval()
    torch.testing.assert_close(
        again(**inputs).sample, network(**inputs).sample, atol=0.02, rtol=0.02
    )


def test_half_precision_changes_the_estimate_by_its_rounding_only(network, rng):
    """As training on CUDA runs it; the rays stay in single precision."""
    inputs = conditions(rng, 8)
    exact = network(**inputs).sample
    with torch.autocast("cpu", torch.bfloat16):
        half = network(**inputs).sample.float()
        assert network.rays(inputs["camera"]).dtype == torch.float32
    assert (half - exact).norm() < 0.03 * exact.norm()
