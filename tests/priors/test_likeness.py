"""Laws of the image prompt of the exact prior."""

import numpy as np
import pytest
import torch
from PIL import Image

from sds3d.cli import main
from sds3d.errors import PriorError
from sds3d.language.prompt import Prompt
from sds3d.library.kit.model import from_mesh
from sds3d.priors.exact.likeness import likeness, subject
from sds3d.priors.exact.prior import ExactPrior, Members, render, shaded
from sds3d.views.cameras import orbit


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A box, a ball and a lying cylinder, red, green and blue."""
    import trimesh

    folder, out = tmp_path_factory.mktemp("meshes"), []
    meshes = (
        trimesh.creation.box(),
        trimesh.creation.icosphere(),
        trimesh.creation.cylinder(0.2, 2),
    )
    for name, mesh, color in zip(
        "abc", meshes, ([200, 40, 40], [40, 160, 60], [50, 70, 200]), strict=True
    ):
        mesh.visual.vertex_colors = [*color, 255]
        mesh.export(folder / f"{name}.ply")
        out.append(from_mesh(folder / f"{name}.ply", name))
    return out


def picture(model, path, azimuth=65.0, ground=1.0, alpha=False):
    """A picture of the model, off the middle of a plain ground or of nothing."""
    seen = render(
        [model], orbit(1, 80, elevation_deg=22).rotated(azimuth), torch.full((1, 3), ground), 2
    )
    rgb = np.uint8(seen[0, 0].permute(1, 2, 0).numpy() * 255)
    rgb = np.roll(rgb, (7, -9), (0, 1))
    if alpha:
        covered = np.uint8(255 * (np.abs(rgb / 255.0 - ground).max(-1) > 0.02))
        rgb = np.dstack([rgb, covered])
    Image.fromarray(rgb).save(path)
    return path


@pytest.mark.parametrize("index", [0, 1, 2])
@pytest.mark.parametrize("look", [{}, {"ground": 0.2}, {"alpha": True}, {"azimuth": 200.0}])
def test_a_picture_of_a_member_is_likest_to_that_member_wherever_it_is_seen_from(
    models, index, look, tmp_path
):
    shown = subject(picture(models[index], tmp_path / "x.png", **look))
    w = likeness(shown, models, [shaded(m) for m in models])
    assert w[index] == 1
    assert (np.delete(w, index) == 0).all()


def test_the_image_branch_weighs_only_the_likest_members_of_the_text(models, tmp_path, rng):
    text, null = np.array([0.5, 0.5, 0.0]), np.full(3, 1 / 3)
    prior = ExactPrior(lambda prompt: Members(tuple(models), text, null))
    cameras, grey = orbit(4, 16), torch.full((4, 3), 0.5)
    path = picture(models[1], tmp_path / "x.png")
    cond = prior.condition(Prompt("x", image=str(path)), cameras, grey)
    assert cond.image[:, :-1].exp().tolist() == [[0, 1, 0]] * 4
    without = prior.condition(Prompt("x"), cameras, grey)
    assert without.image is None
    assert torch.equal(cond.text, without.text)


def test_a_file_that_is_no_picture_or_shows_nothing_is_refused_with_the_fix(tmp_path):
    (tmp_path / "x.png").write_text("no")
    with pytest.raises(PriorError, match="no picture"):
        subject(tmp_path / "x.png")
    Image.new("RGB", (9, 9), "white").save(tmp_path / "y.png")
    with pytest.raises(PriorError, match="shows nothing"):
        subject(tmp_path / "y.png")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--method", "csm", "--image", "absent.png"], "not a file"),
        (["--image", "here"], "--method csm"),
    ],
)
def test_an_image_that_cannot_be_used_is_refused_in_a_line(arguments, said, tmp_path, capsys):
    here = tmp_path / "here.png"
    Image.new("RGB", (9, 9)).save(here)
    given = [str(here) if a == "here" else a for a in arguments]
    with pytest.raises(SystemExit) as stopped:
        main(["generate", "a chair", "--out", str(tmp_path / "run"), *given])
    assert stopped.value.code not in (0, None)
    assert said in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
