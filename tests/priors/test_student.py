"""Laws of the student."""

import pytest
import torch
from gaussian import GaussianPrior, gaussian_cond

from sds3d.objectives import sds, vsd
from sds3d.students.residual import ResidualStudent

SHAPE = (4, 3, 8, 8)


@pytest.fixture
def setting(rng):
    prior = GaussianPrior(0.2)
    student = ResidualStudent(prior, width=16, blocks=1, patch=4, spread=0.3, seed=1)
    cond = gaussian_cond(torch.randn(SHAPE, generator=rng) * 0.5)
    return prior, student, cond


def train(student, z, cond, rng, steps):
    optimizer = torch.optim.Adam(student.parameters(), lr=3e-3)
    losses = []
    for _ in range(steps):
        t, eps = torch.rand(len(z), generator=rng), torch.randn(z.shape, generator=rng)
        loss = student.loss(z, t, eps, cond)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_the_student_learns_to_denoise_the_renders(setting, rng):
    """All renders are one image: a perfect student predicts the noise that was added to it."""
    _, student, cond = setting
    z = cond.text.embedding + 0.4
    losses = train(student, z, cond, rng, 300)
    assert sum(losses[-20:]) < 0.2 * sum(losses[:20])


def test_vsd_with_a_trained_student_points_where_sds_points_on_average(setting, rng):
    prior, student, cond = setting
    z = cond.text.embedding + 0.4
    train(student, z, cond, rng, 300)
    options = {"guidance_scale": 1.0, "weight": "uniform"}
    t = torch.full((4,), 0.5)
    ours, theirs = [], []
    for _ in range(30):
        eps = torch.randn(SHAPE, generator=rng)
        with torch.no_grad():
            ours.append(vsd.grad(prior, z, t, eps, cond, student=student, **options))
        theirs.append(sds.grad(prior, z, t, eps, cond, **options))
    expected = torch.stack(theirs).mean()
    assert torch.stack(ours).mean().item() == pytest.approx(expected.item(), rel=0.2)


def test_the_students_loss_sends_no_gradient_to_the_scene_and_vsd_none_to_the_student(setting, rng):
    prior, student, cond = setting
    z = cond.text.embedding.clone().requires_grad_()
    eps, t = torch.randn(SHAPE, generator=rng), torch.rand(4, generator=rng)
    student.loss(z, t, eps, cond).backward()
    assert z.grad is None
    assert all(p.grad is not None for p in student.parameters())
    for p in student.parameters():
        p.grad = None
    with torch.no_grad():
        g = vsd.grad(prior, z, t, eps, cond, student=student, guidance_scale=1.0, weight="uniform")
    (z * g).sum().backward()
    assert all(p.grad is None for p in student.parameters())


def test_the_same_seed_makes_the_same_student_without_touching_the_global_generator():
    prior = GaussianPrior(0.2)
    before = torch.get_rng_state()
    a, b = (ResidualStudent(prior, width=8, blocks=1, patch=2, spread=0.3, seed=7) for _ in "ab")
    assert torch.equal(before, torch.get_rng_state())
    for p, q in zip(a.parameters(), b.parameters(), strict=True):
        assert torch.equal(p, q)
