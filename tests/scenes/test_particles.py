"""Laws of several scenes in one run."""

import functools

import numpy as np
import torch
from box import LR, SPLATS, make

from sds3d.scenes.particles import Particles
from sds3d.views.cameras import orbit


def two(name="triplane", **options):
    first, second = make(name, **options), make(name, **options)
    with torch.no_grad():
        next(second.parameters()).add_(0.3)
    return Particles([first, second])


def test_only_the_particle_that_is_drawn_has_a_gradient():
    scene, seen = two(), set()
    for seed in range(8):
        scene.zero_grad()
        rng = torch.Generator().manual_seed(seed)
        scene.render(orbit(1, 12), torch.zeros(1, 3), rng).rgb.sum().backward()
        moved = [any(p.grad is not None for p in s.parameters()) for s in scene.particles]
        assert moved[scene.drawn]
        assert not moved[1 - scene.drawn]
        seen.add(scene.drawn)
    assert seen == {0, 1}


def test_without_a_selection_the_first_is_shown():
    scene, cameras = two(), orbit(1, 12)
    with torch.no_grad():
        shown = scene.render(cameras, torch.zeros(1, 3)).rgb
        first, second = (s.render(cameras, torch.zeros(1, 3)).rgb for s in scene.particles)
    assert torch.equal(shown, first)
    assert not torch.equal(shown, second)


def test_every_parameter_of_every_particle_is_in_one_group():
    scene = two()
    grouped = [id(p) for g in scene.param_groups(LR["triplane"]) for p in g["params"]]
    assert sorted(grouped) == sorted(id(p) for p in scene.parameters())


def test_gaussians_of_one_particle_are_doubled_without_the_others():
    options = {"densify_every": 1, "densify_until": 100, "densify_grad": 0.0, "split_scale": 10.0}
    build = functools.partial(SPLATS, count=40, most=80, **options)
    torch.manual_seed(0)
    scene = Particles([build(), build()])
    optimizer = torch.optim.Adam(scene.param_groups(LR["splats"]))
    rng = torch.Generator().manual_seed(1)
    scene.render(orbit(2, 16), torch.zeros(2, 3), rng).rgb.sub(1).square().sum().backward()
    optimizer.step()
    scene.after_step(0, optimizer, rng)
    counts = [len(s.means) for s in scene.particles]
    assert counts[scene.drawn] == 80
    assert counts[1 - scene.drawn] == 40
    assert sorted(len(g["params"][0]) for g in optimizer.param_groups) == [40] * 5 + [80] * 5


def test_penalties_are_those_of_the_particle_that_was_rendered():
    torch.manual_seed(0)
    small, large = SPLATS(count=10, radius=0.1), SPLATS(count=10, radius=0.9)
    scene = Particles([small, large])
    drawn = set()
    for seed in range(8):
        rng = torch.Generator().manual_seed(seed)
        render = scene.render(orbit(1, 12), torch.zeros(1, 3), rng)
        expected = (small, large)[scene.drawn].regularizers(render)["size"]
        assert torch.equal(scene.regularizers(render)["size"], expected)
        drawn.add(scene.drawn)
    assert drawn == {0, 1}


def test_updates_are_those_of_the_particle_that_was_rendered():
    scene = two()
    drawn = set()
    for seed in range(8):
        rng = torch.Generator().manual_seed(seed)
        before = [particle.occupancy.latest.clone() for particle in scene.particles]
        scene.render(orbit(1, 12), torch.zeros(1, 3), rng)
        current = scene.particles[scene.drawn]
        scene.after_step(current.refresh - 1, None, rng)
        moved = [
            not torch.equal(particle.occupancy.latest, old)
            for particle, old in zip(scene.particles, before, strict=True)
        ]
        assert moved == [index == scene.drawn for index in range(2)]
        drawn.add(scene.drawn)
    assert drawn == {0, 1}


def test_the_mesh_of_several_particles_is_the_first_ones():
    scene = two()
    sizes = {"resolution": 24, "texture_size": 32, "faces": 200}
    with torch.no_grad():
        mesh = scene.to_asset(**sizes)
        first = scene.particles[0].to_asset(**sizes)
    assert np.array_equal(mesh.vertices, first.vertices)
    assert np.array_equal(mesh.base_color, first.base_color)
