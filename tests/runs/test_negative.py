"""Laws of the recipe's negative prompt."""

from dataclasses import replace

import pytest

from sds3d import Job
from sds3d.errors import RecipeError
from sds3d.recipe import load as recipes
from sds3d.runs.job import prompt_of, resolve
from sds3d.runs.run import prepare

SAYS = 'prompting.negative="blurry, dull"'


def test_the_recipe_names_what_to_steer_away_from_and_the_user_has_the_last_word():
    job = Job("a red armchair", overrides=(SAYS,))
    assert prompt_of(job, resolve(job)).negative == "blurry, dull"
    told = replace(job, negative="a wooden chair")
    assert prompt_of(told, resolve(told)).negative == "a wooden chair"
    assert prompt_of(Job("a red armchair"), resolve(Job("a red armchair"))).negative == ""


def test_a_run_reads_the_recipes_negative_prompt(tmp_path):
    job = Job("a red armchair", overrides=(SAYS,), out=str(tmp_path / "run"))
    assert prepare(job, resolve(job)).prompt.negative == "blurry, dull"


def test_the_folder_of_a_run_is_named_after_what_the_user_said():
    assert Job("a chair", overrides=(SAYS,)).slug == Job("a chair").slug


def test_a_negative_prompt_that_is_too_long_is_refused_before_anything_loads():
    with pytest.raises(RecipeError, match=r"prompting.negative: the negative prompt has 1,001"):
        recipes.load("sds-nerf", overrides=[f'prompting.negative="{"x" * 1001}"'])
