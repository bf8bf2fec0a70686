"""Laws of the grid that lets rays skip empty cells and end in opaque ones."""

import pytest
import torch

from sds3d.scenes.occupancy import OccupancyGrid

SIDE = 8


def constant(value):
    """A field of one density everywhere."""
    return lambda points: torch.full((len(points),), float(value))


def half(value):
    """A field of one density where x > 0, empty elsewhere."""
    return lambda points: torch.where(points[:, 0] > 0, float(value), 0.0)


def grid(**options):
    options = {"side": SIDE, "step": 0.1, "empty": 0.01, "decay": 0.5, **options}
    return OccupancyGrid(**options)


@pytest.fixture
def inner():
    """Which cells and all their neighbours lie well inside the unit ball."""
    line = (torch.arange(SIDE) + 0.5) * (2 / SIDE) - 1
    return torch.cartesian_prod(line, line, line).norm(dim=1).view(SIDE, SIDE, SIDE) < 0.6


def test_no_cell_is_sure_until_two_updates_agree(inner):
    cells = grid()
    cells.update(constant(9))
    assert (cells.density_floor[inner] == 0).all()
    cells.update(constant(5))
    assert (cells.density_floor[inner] == 5).all()
    cells.update(constant(7))
    assert (cells.density_floor[inner] == 5).all()
    cells.update(constant(7))
    assert (cells.density_floor[inner] == 7).all()


def test_the_floor_of_a_cell_is_the_least_of_its_neighbourhood_and_its_occupancy_the_most():
    cells = grid()
    for _ in range(2):
        cells.update(half(6))
    row = cells.density_floor[:, SIDE // 2, SIDE // 2]
    assert row[:3].tolist() == [-1, -1, -1]
    assert row[3:5].tolist() == [0, 0]  # they touch both halves
    assert row[5:-1].tolist() == [6, 6]


def test_a_cell_is_empty_when_its_opacity_over_a_step_is_at_most_the_threshold(inner):
    just = -torch.tensor(1 - 0.01).log().item() / 0.1  # opacity 0.01 over 0.1
    for density, is_empty in ((0.98 * just, True), (1.02 * just, False)):
        cells = grid()
        cells.update(constant(density))
        assert ((cells.density_floor[inner] < 0) == is_empty).all()


def test_a_cell_whose_density_vanished_becomes_empty_only_after_its_memory_has_decayed(inner):
    cells = grid(decay=0.5)
    cells.update(constant(0.4))
    emptied = []
    for _ in range(4):
        cells.update(constant(0))
        emptied.append(bool((cells.density_floor[inner] < 0).all()))
    # 0.4, halved each time: 0.2, 0.1 (opacity 0.00995 over 0.1), 0.05, ...
    assert emptied == [False, True, True, True]


def test_an_empty_cell_is_occupied_again_once_it_has_a_density(rng, inner):
    cells = grid()
    cells.update(constant(0))
    assert (cells.density_floor < 0).all()
    for _ in range(60):
        cells.update(constant(9), rng)
    assert (cells.density_floor[inner] >= 0).all()


def test_random_updates_evaluate_one_point_in_each_occupied_cell_and_few_in_empty_ones(rng):
    seen = []

    def density(points):
        seen.append(points)
        return half(6)(points)

    cells = grid()
    cells.update(density, rng)
    cells.update(density, rng)
    occupied = cells.density_floor >= 0
    cells.update(density, rng)
    cell = ((seen[-1] + 1) * (SIDE / 2)).long()
    count = torch.zeros(SIDE, SIDE, SIDE)
    count.index_put_(tuple(cell.T), torch.ones(len(cell)), accumulate=True)
    assert count.max() == 1
    line = (torch.arange(SIDE) + 0.5) * (2 / SIDE) - 1
    inside = torch.cartesian_prod(line, line, line).norm(dim=1).view(SIDE, SIDE, SIDE) < 0.9
    assert (count[occupied & inside] == 1).all()
    share = count[~occupied & inside].mean()
    assert 0.02 < share < 0.3
    within = ((seen[-1] + 1) * (SIDE / 2)).frac()  # where in its cell a point lies
    assert within.min() < 0.05
    assert within.max() > 0.95


def test_points_far_outside_the_unit_ball_are_never_evaluated(rng):
    def density(points):
        assert points.norm(dim=1).max() < 1 + 2 / 16
        return constant(9)(points)

    cells = grid(side=16)
    for generator in (None, rng, rng):
        cells.update(density, generator)
    assert cells.density_floor[0, 0, 0] == -1


def test_occupied_reads_the_cell_that_a_lattice_point_lies_in():
    cells = grid()
    cells.density_floor.fill_(-1)
    cells.density_floor[1, 4, 7] = 3
    line = torch.linspace(-1, 1, 2 * SIDE + 1)
    points = line[cells.occupied(line).nonzero()]
    low = torch.tensor([1, 4, 7]) * (2 / SIDE) - 1
    assert (points >= low).all()
    assert (points <= low + 2 / SIDE).all()
    assert len(points) == 2 * 2 * 3  # the last cell holds the end of the cube too


def test_a_copy_from_its_state_continues_with_the_same_bits(rng):
    first = grid()
    first.update(half(6), rng)
    second = grid()
    second.load_state_dict(first.state_dict())
    for cells in (first, second):
        cells.update(half(2), torch.Generator().manual_seed(5))
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name
