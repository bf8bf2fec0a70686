"""Laws of the student."""

from dataclasses import replace

import pytest
import torch
from gaussian import GaussianPrior, gaussian_cond

from sds3d.diffusion.noising import add_noise
from sds3d.language.prompt import Prompt
from sds3d.objectives import esd, sds, vsd
from sds3d.priors.exact.loading import exact_prior
from sds3d.students.residual import ResidualStudent
from sds3d.views.cameras import orbit

SHAPE = (4, 3, 8, 8)


@pytest.fixture
def setting(rng):
    prior = GaussianPrior(0.2)
    student = ResidualStudent(prior, width=16, blocks=1, patch=4, spread=0.3, seed=1)
    cond = gaussian_cond(torch.randn(SHAPE, generator=rng) * 0.5)
    return prior, student, replace(cond, camera=torch.ones(4, 16))


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


@pytest.fixture
def seen(rng):
    """(the exact prior, z_t, t, cond) for a chair, and the cond of cameras turned by a quarter."""
    prior = exact_prior(
        "",
        seed=0,
        device=torch.device("cpu"),
        variants=2,
        null_members=2,
        supersample=1,
        camera_blind=False,
    )
    cameras = orbit(4, 8)
    conds = [
        prior.condition(Prompt("a red armchair"), views, torch.ones(4, 3))
        for views in (cameras, cameras.rotated(90))
    ]
    t = torch.full((4,), 0.4)
    return prior, torch.randn(4, 3, 8, 8, generator=rng), t, *conds


@pytest.mark.parametrize("marginal", [True, False])
def test_without_the_camera_a_marginal_student_does_not_know_where_the_cameras_stand(
    seen, rng, marginal
):
    prior, z_t, t, cond, turned = seen
    student = ResidualStudent(prior, width=16, blocks=1, patch=4, spread=1.0, marginal=marginal)
    train(student, z_t, cond.without_camera(), rng, 5)
    with torch.no_grad():
        here, there = (student.predict_noise(z_t, t, c.without_camera()) for c in (cond, turned))
        known, elsewhere = (student.predict_noise(z_t, t, c) for c in (cond, turned))
    assert torch.equal(here, there) == marginal
    assert not torch.equal(known, elsewhere)


def test_esds_entropy_is_that_of_all_cameras(seen, rng):
    """With lam = 1 only the student's branch without a camera counts: turned cameras change the prior alone."""
    prior, z, t, cond, turned = seen
    student = ResidualStudent(prior, width=16, blocks=1, patch=4, spread=1.0)
    options = {"student": student, "guidance_scale": 1.0, "lam": 1.0, "weight": "uniform"}
    eps = torch.randn(z.shape, generator=rng)
    z_t = add_noise(prior, z, t, eps)
    with torch.no_grad():
        ours = [
            prior.predict_noise(z_t, t, c) - esd.grad(prior, z, t, eps, c, **options)
            for c in (cond, turned)
        ]
    torch.testing.assert_close(*ours)


def test_rows_with_and_without_a_camera_are_what_they_are_alone(seen, rng):
    prior, z_t, t, cond, _ = seen
    student = ResidualStudent(prior, width=16, blocks=1, patch=4, spread=1.0)
    train(student, z_t, cond, rng, 5)
    camera = cond.camera.clone()
    camera[1::2] = 0
    with torch.no_grad():
        both = student.predict_noise(z_t, t, replace(cond, camera=camera))
        known, dropped = (student.predict_noise(z_t, t, c) for c in (cond, cond.without_camera()))
    torch.testing.assert_close(both[::2], known[::2])
    torch.testing.assert_close(both[1::2], dropped[1::2])
