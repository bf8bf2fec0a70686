"""Laws of flat materials: no border is left, what a model does not make is not written, the seed decides."""

import json

import numpy as np
import pytest
import tiny
import torch
from gaussian import GaussianPrior, gaussian_cond
from PIL import Image
from torch.nn import functional as F

from sds3d.cli import main
from sds3d.diffusion.guidance import cfg
from sds3d.diffusion.sampling import offset, sample
from sds3d.errors import ExportError, PriorError, UsageError
from sds3d.language.prompt import Prompt
from sds3d.priors.hub.maps import maps_of, normals
from sds3d.priors.hub.pretrained import load_pretrained
from sds3d.priors.hub.tiling import seam, tiling
from sds3d.runs.material import draw, material, preview
from sds3d.views.cameras import orbit

CPU = torch.device("cpu")
PLANKS = "old oak planks"


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    base = tmp_path_factory.mktemp("models")
    return {
        make.__name__: make(base / make.__name__)
        for make in (tiny.latents, tiny.materials, tiny.sd3)
    }


@pytest.fixture(params=["latents", "materials"])
def model(request, folders):
    return load_pretrained(str(folders[request.param]), CPU, size=16, maps=True)


def conditioned(model):
    return model.condition(Prompt(PLANKS), orbit(1, 1), torch.zeros(1, 3))


def made(model, eps, rng=None):
    z = sample(model, eps, conditioned(model), steps=3, guidance_scale=2.0, rng=rng)
    return model.signals(z)


def opened(path):
    with Image.open(path) as image:
        return image.copy()


def noise(model, seed=0):
    return torch.randn(1, *model.shape, generator=torch.Generator().manual_seed(seed))


def test_a_tiled_material_is_the_same_wherever_its_border_is(model):
    eps = noise(model)
    rolls = [(0, 0), (6, 0), (2, 4)]  # of latents; the coarsest stride is 2
    for rng in (None, 3):
        with tiling(model.denoiser, model.vae):
            images = [
                made(model, eps.roll(roll, (-2, -1)), rng and torch.Generator().manual_seed(rng))
                .roll((-2 * roll[0], -2 * roll[1]), (-2, -1))
                for roll in rolls
            ]  # fmt: skip
        scale = images[0].std()
        for image in images[1:]:
            assert (image - images[0]).abs().max() < 1e-3 * scale
    apart = [made(model, eps.roll(roll, (-2, -1))) for roll in rolls]
    back = apart[2].roll((-4, -8), (-2, -1))
    assert (back - apart[0]).abs().max() > 0.1 * scale  # with borders it is not


def test_steps_across_the_borders_of_a_tiled_material_are_among_those_inside(folders):
    model = load_pretrained(str(folders["latents"]), CPU, size=32, maps=True)
    for seed in range(3):
        image, _ = draw(model, Prompt(PLANKS), 3, 2.0, seed, tile=True)
        for axis in (1, 2):
            steps = (image.roll(-1, axis) - image).abs().mean(tuple({0, 1, 2} - {axis}))
            assert steps.min() <= steps[-1] <= steps.max()
            assert (steps[-1] - steps[:-1].mean()).abs() < 3 * steps[:-1].std()


def test_padding_is_as_before_after_the_block_also_when_it_raises(model):
    convolutions = [m for m in model.denoiser.modules() if isinstance(m, torch.nn.Conv2d)]
    before = [m.padding_mode for m in convolutions]
    plain = made(model, noise(model))
    with tiling(model.denoiser, model.vae):
        assert {m.padding_mode for m in convolutions} == {"circular"}
    assert [m.padding_mode for m in convolutions] == before
    with pytest.raises(KeyError), tiling(model.denoiser):
        raise KeyError
    assert [m.padding_mode for m in convolutions] == before
    assert torch.equal(made(model, noise(model)), plain)


def test_the_seam_is_the_step_across_the_borders_over_that_inside():
    x = torch.arange(8.0)
    ramp = x[:, None].expand(8, 5)
    assert seam(ramp) == pytest.approx(7.0)  # from 7 back to 0
    assert seam(ramp.T) == pytest.approx(7.0)
    wave = torch.sin(2 * torch.pi * x / 8)[:, None] + torch.zeros(5)
    around = (wave.roll(1, 0) - wave).abs()[:, 0]
    assert seam(wave) == pytest.approx((around[0] / around[1:].mean()).item())
    assert seam(torch.ones(4, 4, 3)) == 0
    lone = torch.zeros(2, 2)
    lone[1] = 1
    assert seam(lone) == 1


def test_noise_that_is_rolled_is_rolled_back():
    rng = torch.Generator().manual_seed(0)
    eps = torch.randn(1, 2, 5, 6, generator=rng)
    prior, cond = GaussianPrior(0.5), gaussian_cond(torch.full((1, 2, 1, 1), 0.3))
    plain, rolled = (
        sample(prior, eps, cond, steps=6, guidance_scale=2.0, rng=r) for r in (None, rng)
    )  # a prior that treats all pixels alike
    assert torch.equal(plain, rolled)
    where = gaussian_cond(torch.linspace(0, 1, 6).expand(1, 2, 5, 6))
    plain, rolled = (
        sample(prior, eps, where, steps=40, guidance_scale=1.0, rng=r) for r in (None, rng)
    )
    assert plain.mean(2).diff(dim=-1).mean() > 3 * rolled.mean(2).diff(dim=-1).mean().abs()


def test_offsets_are_uniform_over_the_image():
    rng = torch.Generator().manual_seed(0)
    drawn = torch.tensor([offset(rng, torch.zeros(1, 1, 3, 4)) for _ in range(3000)])
    for axis, length in enumerate((3, 4)):
        share = drawn[:, axis].bincount(minlength=length) / 3000
        assert len(share) == length
        assert (share - 1 / length).abs().max() < 0.03


@pytest.mark.parametrize("kind", ["latents", "sd3"])
def test_the_sampler_goes_from_noise_to_the_image_that_the_network_sees_at_the_end(kind, folders):
    model = load_pretrained(str(folders[kind]), CPU)
    eps, cond = noise(model), conditioned(model)
    one = sample(model, eps, cond, steps=1, guidance_scale=2.0)
    t = torch.tensor([0.999])
    alpha_t, sigma_t = model.alpha_sigma(t)
    z_t = sigma_t * eps
    expected = (z_t - sigma_t * cfg(model, z_t, t, cond, 2.0)) / alpha_t
    torch.testing.assert_close(one, expected)
    two = sample(model, eps, cond, steps=2, guidance_scale=2.0)
    u = torch.tensor([0.4995])
    alpha_u, sigma_u = model.alpha_sigma(u)
    z_u = alpha_u * expected + sigma_u * cfg(model, z_t, t, cond, 2.0)
    expected = (z_u - sigma_u * cfg(model, z_u, u, cond, 2.0)) / alpha_u
    torch.testing.assert_close(two, expected)


def test_channels_are_those_of_the_released_model():
    signals = torch.linspace(-0.9, 0.9, 9)[:, None, None].expand(9, 2, 3).clone()
    signals[3:5] = torch.tensor([0.6, 0.0])[:, None, None]
    maps = maps_of(signals)
    half = (signals + 1) / 2
    assert torch.equal(maps.base_color, half[:3].permute(1, 2, 0))
    torch.testing.assert_close(maps.normal[0, 0], torch.tensor([0.8, 0.5, 0.9]))
    for name, channel in (("height", 5), ("roughness", 6), ("metallic", 7)):
        assert torch.equal(maps.named()[name], half[channel])
    assert list(maps_of(signals[:3]).named()) == ["basecolor"]
    with pytest.raises(PriorError, match="images of 4 channels"):
        maps_of(signals[:4])


def test_normals_are_unit_and_lie_in_the_plane_where_they_are_too_long():
    xy = 1.5 * torch.randn(2, 50, 50, generator=torch.Generator().manual_seed(0))
    found = normals(xy)
    torch.testing.assert_close(found.norm(dim=-1), torch.ones(50, 50))
    assert (found[..., 2] >= 0).all()
    long = xy.norm(dim=0) > 1
    assert (found[long][:, 2] < 1e-3).all()
    torch.testing.assert_close(found[..., :2][~long], xy.permute(1, 2, 0)[~long])
    torch.testing.assert_close(found[long][:, :2], F.normalize(xy, dim=0).permute(1, 2, 0)[long])


def test_the_maps_of_a_model_are_files_and_the_seed_repeats_them(folders, tmp_path):
    options = {"prior": f"diffusers:{folders['materials']}", "steps": 2, "tile": True}
    first = material(PLANKS, out=str(tmp_path / "a"), **options)
    again = material(PLANKS, out=str(tmp_path / "b"), **options)
    other = material(PLANKS, out=str(tmp_path / "c"), seed=1, **options)
    assert {p.name.partition("_")[2] for p in first.files.values() if p.suffix == ".png"} == {
        f"{name}.png"
        for name in ("basecolor", "normal", "height", "roughness", "metallic", "preview")
    }
    assert first.notes == ()
    for name, path in first.files.items():
        assert path.read_bytes() == again.files[name].read_bytes()
    assert first.files["basecolor"].name == "old-oak-planks_basecolor.png"
    assert first.files["basecolor"].read_bytes() != other.files["basecolor"].read_bytes()
    images = {name: opened(path) for name, path in first.files.items() if path.suffix == ".png"}
    assert {n: i.mode for n, i in images.items()} == {
        "basecolor": "RGB", "normal": "RGB", "preview": "RGB", "height": "L", "roughness": "L", "metallic": "L",
    }  # fmt: skip
    assert {i.size for n, i in images.items() if n != "preview"} == {(16, 16)}
    assert images["preview"].size == (32, 32)
    record = json.loads(first.files["record"].read_text(encoding="utf-8"))
    assert (record["asked"], record["seed"], record["tile"]) == (PLANKS, 0, True)
    flipped = material(PLANKS, out=str(tmp_path / "d"), normals="directx", **options)
    up, down = (np.asarray(opened(m.files["normal"])).astype(int) for m in (first, flipped))
    assert (up[..., 1] + down[..., 1] == 255).all()
    assert (up[..., ::2] == down[..., ::2]).all()


def test_a_model_of_pictures_makes_the_base_colour_alone_and_says_so(folders, tmp_path):
    prior = f"diffusers:{folders['latents']}"
    found = material(PLANKS, prior=prior, out=str(tmp_path), steps=1, tile=True)
    assert set(found.files) == {"basecolor", "preview", "record"}
    assert found.notes == (
        f"{folders['latents']} makes no normal, height, roughness, metallic: none was written",
    )
    record = json.loads(found.files["record"].read_text(encoding="utf-8"))
    assert record["asked"] == f"{PLANKS}, seamless texture, seen straight from above in even light"
    tiles = np.asarray(opened(found.files["preview"]))
    one = np.asarray(opened(found.files["basecolor"]))
    assert np.array_equal(tiles, np.tile(one, (2, 2, 1)))


def test_a_network_that_knows_positions_is_said_to_leave_seams(folders, tmp_path):
    prior = f"diffusers:{folders['sd3']}"
    options = {"prior": prior, "steps": 1}
    found = material(PLANKS, out=str(tmp_path / "a"), tile=True, **options)
    assert any("knows where it is in the image" in note for note in found.notes)
    plain = material(PLANKS, out=str(tmp_path / "b"), **options)
    assert len(plain.notes) == 1


def test_the_preview_is_brighter_where_the_surface_turns_to_the_light():
    flat = torch.full((8, 4, 4), 0.0)
    flat[7] = -1.0
    tilted = flat.clone()
    tilted[3:5] = torch.tensor([0.4, 0.5])[:, None, None]
    away = flat.clone()
    away[3:5] = -tilted[3:5]
    means = [preview(maps_of(x)).mean() for x in (away, flat, tilted)]
    assert means[0] < means[1] < means[2]


def test_files_are_not_replaced_unasked_and_none_of_an_earlier_model_is_left(folders, tmp_path):
    whole, picture = (f"diffusers:{folders[name]}" for name in ("materials", "latents"))
    material(PLANKS, prior=whole, out=str(tmp_path), steps=1)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(ExportError, match=r"old-oak-planks_basecolor\.png' is there already"):
        material(PLANKS, prior=picture, out=str(tmp_path), steps=1)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    found = material(PLANKS, prior=picture, out=str(tmp_path), steps=1, overwrite=True)
    assert {p.name for p in tmp_path.iterdir()} == {p.name for p in found.files.values()}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"prior": "exact"}, PriorError, "'exact' makes objects, not materials"),
        ({"steps": 0}, UsageError, "--steps 0: must be from 1 to 1,000"),
        ({"guidance_scale": float("nan")}, UsageError, "--guidance nan"),
        ({"size": -1}, UsageError, "--size -1"),
        ({"normals": "open"}, UsageError, "did you mean 'opengl'"),
        ({"prior": "diffusers:nowhere"}, PriorError, "nowhere"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_written(options, error, message, tmp_path):
    with pytest.raises(error, match=message):
        material(PLANKS, **{"prior": "diffusers:sd15", "out": str(tmp_path / "x")} | options)
    assert not (tmp_path / "x").exists()


def test_a_model_of_materials_is_no_prior_of_objects(folders):
    with pytest.raises(PriorError, match="makes the maps of a material") as caught:
        load_pretrained(str(folders["materials"]), CPU)
    assert caught.value.fix == "use sds3d material"


def test_the_command_prints_files_notes_and_the_seam(folders, tmp_path, capsys):
    words = ["material", PLANKS, "--tile", "--steps", "1", "--out", str(tmp_path)]
    words += ["--prior", f"diffusers:{folders['latents']}"]
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 0
    out = capsys.readouterr().out
    assert all(word in out for word in ("old-oak-planks_basecolor.png", "\nseam: ", "\nnote: "))
    with pytest.raises(SystemExit) as end:
        main([*words, "--overwrite", "--json"])
    assert set(json.loads(capsys.readouterr().out)) == {"files", "notes", "seams"}
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == ExportError.exit_code
    assert "fix:   use --overwrite" in capsys.readouterr().err
