"""Rows of a tensor: values and gradients."""

import pytest
import torch

from sds3d.mesh.flexicubes import cube_grid, flexicubes, squashed
from sds3d.mesh.normals import vertex_normals
from sds3d.mesh.rows import rows


@pytest.mark.parametrize("shape", [(5,), (5, 3)])
def test_rows_are_those_of_indexing_and_so_is_their_gradient(shape):
    torch.manual_seed(0)
    values = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    index = torch.randint(5, (4, 2), dtype=torch.int32)
    assert torch.equal(rows(values, index), values[index.long()])
    assert torch.autograd.gradcheck(lambda v: rows(v, index), (values,))


def test_the_gradient_of_a_surface_is_the_same_bits_every_time():
    grid = cube_grid(56)  # enough that threads share the work
    torch.manual_seed(0)
    raw = 0.1 * torch.randn(len(grid.cubes), 21)

    def gradient():
        sdf = (grid.points.norm(dim=1) - 0.6).requires_grad_()
        surface = flexicubes(grid, sdf, squashed(raw), centers=True)
        normals = vertex_normals(surface.vertices, surface.faces)
        (surface.vertices * normals).square().sum().backward()
        return sdf.grad

    first = gradient()
    assert all(torch.equal(gradient(), first) for _ in range(5))
