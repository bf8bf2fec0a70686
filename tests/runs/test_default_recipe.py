"""Laws of the recipe that a large model is run with when none is named."""

import json

import pytest

from sds3d.cli import main
from sds3d.errors import RecipeError
from sds3d.priors.hub import EDIT_RECIPES, RECIPES, aliases, default_recipe
from sds3d.recipe.load import load
from sds3d.runs.job import Job, resolve

OF_PIPELINES = {
    "StableDiffusionPipeline": "dreamfusion-sd-nerf",
    "StableDiffusionXLPipeline": "dreamfusion-sd-nerf",
    "PixArtSigmaPipeline": "dreamfusion-sd-nerf",
    "IFPipeline": "dreamfusion-if-nerf",
    "StableDiffusion3Pipeline": "rectified-flow-big-nerf",
    "SanaPipeline": "rectified-flow-big-nerf",
}


def model(folder, pipeline):
    folder.mkdir()
    (folder / "model_index.json").write_text(json.dumps({"_class_name": pipeline}), "utf-8")
    return f"diffusers:{folder}"


@pytest.mark.parametrize("pipeline", OF_PIPELINES)
def test_a_large_model_is_run_with_the_recipe_of_its_family(pipeline, tmp_path):
    job = Job("a fox", prior=model(tmp_path / "m", pipeline))
    assert job.recipe_name == OF_PIPELINES[pipeline]
    assert resolve(job) == load(OF_PIPELINES[pipeline])
    assert Job("a fox", prior=job.prior, recipe="sds-nerf").recipe_name == "sds-nerf"
    assert set(OF_PIPELINES.values()) == set(RECIPES.values())


def test_short_and_withdrawn_names_have_the_recipe_of_their_family():
    for alias, told in aliases().items():
        for name in (alias, f"{alias}@v1", *told.models, *told.withdrawn):
            assert default_recipe(name) == OF_PIPELINES[told.pipeline]


def test_a_model_of_which_nothing_is_known_is_taken_for_one_of_latents(tmp_path):
    assert default_recipe("owner/never-seen") == "dreamfusion-sd-nerf"
    (tmp_path / "model_index.json").write_text("[", encoding="utf-8")
    assert default_recipe(str(tmp_path)) == "dreamfusion-sd-nerf"


@pytest.mark.parametrize("name", sorted(set(RECIPES.values())))
def test_a_default_recipe_names_the_view_and_one_view_is_a_step(name):
    recipe = load(name)
    assert recipe.prompting.directions == "plain"
    assert recipe.camera.views == 1
    assert recipe.steps >= 10_000
    assert recipe.objective.options["guidance_scale"] >= 20


@pytest.mark.parametrize("method", EDIT_RECIPES)
def test_an_edit_with_a_large_model_is_run_with_the_recipe_of_its_method(method):
    asked = {"prior": "diffusers:sd15", "start": "chair.glb", "source": "a chair"}
    assert Job("a fox", method=method, **asked).recipe_name == EDIT_RECIPES[method]
    assert load(EDIT_RECIPES[method]).objective.name == method
    assert Job("a fox", **asked).recipe_name == "dreamfusion-sd-nerf"  # sds goes on from the start
    with pytest.raises(RecipeError, match=f"{method}-splats' is made for the exact prior"):
        Job("a fox", method=method, scene="splats", **asked)
    with pytest.raises(RecipeError, match=f"{method}-nerf' is made for the exact prior"):
        Job("a fox", method=method, prior="diffusers:sd15")


@pytest.mark.parametrize("asked", [{"method": "vsd"}, {"scene": "splats"}])
def test_the_recipes_of_the_exact_prior_are_taken_only_when_asked_for_by_name(asked):
    with pytest.raises(RecipeError, match="is made for the exact prior") as caught:
        Job("a fox", prior="diffusers:sd15", **asked)
    own = f"{asked.get('method', 'sds')}-{asked.get('scene', 'nerf')}"
    assert f"--recipe {own}" in caught.value.fix
    Job("a fox", prior="diffusers:sd15", recipe=own)


def test_the_command_line_refuses_them_too(capsys):
    with pytest.raises(SystemExit) as end:
        main(["generate", "a fox", "--prior", "diffusers:sd15", "--method", "vsd"])
    assert end.value.code == RecipeError.exit_code
    assert "vsd-nerf' is made for the exact prior" in capsys.readouterr().err


def test_priors_that_method_scene_is_made_for_have_no_default():
    for prior in ("exact", "embedded", "my.module:load"):
        job = Job("a chair", prior=prior, method="vsd")
        assert job.default == ""
        assert job.recipe_name == "vsd-nerf"
