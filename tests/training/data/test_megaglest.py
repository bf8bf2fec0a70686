"""Laws of the game's models: the file's first frame in its texture, the unit at rest."""

import struct

import numpy as np
from PIL import Image

from sds3d.training.data import g3d
from sds3d.training.data.drawing import draw
from sds3d.training.data.shapes import fitted
from sds3d.training.data.sources import source
from sds3d.views.cameras import orbit

POINTS = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], "<f4")


def write_model(path, *, team):
    """A textured square of two frames; the second lies elsewhere."""
    mesh = struct.pack("<64sIII8fII", b"square", 2, 4, 6, *(1,) * 8, int(team), 1)
    mesh += struct.pack("<64s", b"skin.png")
    mesh += (
        POINTS.tobytes() + (POINTS + 5).tobytes() + 2 * np.tile(np.float32([0, 0, 1]), 4).tobytes()
    )
    mesh += np.array([[0, 0], [1, 0], [1, 1], [0, 1]], "<f4").tobytes()
    mesh += np.array([0, 1, 2, 0, 2, 3], "<u4").tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"G3D\x04" + struct.pack("<HB", 1, 0) + mesh)
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:4] = (0, 255, 0, 255)
    Image.fromarray(pixels).save(path.parent / "skin.png")


def test_the_first_frame_is_read_and_the_teams_colour_fills_its_mask(tmp_path):
    for team in (False, True):
        write_model(tmp_path / "a.g3d", team=team)
        shape = g3d.read(tmp_path / "a.g3d")
        assert np.allclose(np.unique(shape.vertices), (-1, 0, 1))
        view = draw(fitted(shape), orbit(1, 32, elevation_deg=0)).albedo[0]
        assert view[11, 16].tolist() == [0, 255, 0, 255]
        below = [round(255 * c) for c in g3d.TEAM_COLOR] + [255] if team else [0, 0, 0, 0]
        assert np.allclose(view[20, 16], below, atol=1)


def test_a_unit_is_drawn_at_rest_and_named_by_its_folder(tmp_path):
    models = tmp_path / "techs/old/factions/norsemen/units/wild_sow/models"
    for name in ("wild_sow_attacking", "wild_sow_dying", "wild_sow_standing"):
        write_model(models / f"{name}.g3d", team=False)
    ((item, load),) = source(f"megaglest:{tmp_path}").objects
    assert (item.name, item.categories) == ("wild boar", ("norsemen",))
    assert load.args[0].stem == "wild_sow_standing"
