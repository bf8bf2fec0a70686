"""Laws of the documents: the commands that they show exist, and CI runs them."""

import re
import shlex
from pathlib import Path

import pytest

from sds3d import errors
from sds3d.runs.job import Job

ROOT = Path(__file__).parent.parent
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
COMMANDS = ['pip install . && sds3d generate "a red armchair"', 'pip install ".[test]" && pytest']


def blocks(path, language):
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)


def sds3d_lines():
    """(document, arguments) of every sds3d command line in the documents."""
    for path in DOCUMENTS:
        for block in blocks(path, "sh"):
            for line in block.splitlines():
                command = line.split("&&")[-1].split(" > ")[0]
                words = shlex.split(command, comments=True)
                if words[:1] == ["sds3d"]:
                    yield path.name, tuple(words[1:])


def test_ci_runs_the_first_two_commands_of_the_readme():
    assert [block.strip() for block in blocks(ROOT / "README.md", "sh")[:2]] == COMMANDS
    ran = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    positions = [ran.find(f"timed '{command}'") for command in COMMANDS]
    assert positions == sorted(positions)
    assert -1 not in positions


def parsed(arguments):
    """(command, context, words after the verb) of a command line."""
    import typer.main

    from sds3d.cli import app

    command = typer.main.get_command(app)
    rest = list(arguments)
    while hasattr(command, "commands") and rest and rest[0] in command.commands:
        command = command.commands[rest.pop(0)]
    return command, command.make_context("sds3d", list(rest), resilient_parsing=True), rest


@pytest.mark.parametrize(("document", "arguments"), list(sds3d_lines()), ids=str)
def test_every_command_in_the_documents_parses(document, arguments):
    command, _, rest = parsed(arguments)
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= known


def test_every_run_in_the_documents_has_a_recipe_that_takes_its_options():
    from sds3d.recipe import load as recipe

    for document, arguments in sds3d_lines():
        command, context, _ = parsed(arguments)
        if command.name == "generate":
            asked = {name: value for name, value in context.params.items() if value}
            name = f"{asked.get('method', 'sds')}-{asked.get('scene', 'nerf')}"
            name = asked.get("recipe", name)
            if not name.endswith(".toml"):
                loaded = recipe.load(name, asked["preset"], asked.get("set", ()))
                assert loaded.steps > 0, document


def test_the_recipes_that_the_documents_name_exist():
    from sds3d.recipe import load as recipe

    for path in DOCUMENTS:
        for name in re.findall(r"--recipe ([a-z]+-[a-z]+)\b", path.read_text(encoding="utf-8")):
            assert name in recipe.names(), path.name


def test_links_lead_to_files():
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8")):
            if not target.startswith("https://"):
                assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_python_in_the_documents_compiles():
    for path in DOCUMENTS:
        for block in blocks(path, "python"):
            compile(block, path.name, "exec")


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (block,) = blocks(ROOT / "README.md", "python")
    tiny = (
        "camera.sizes=[16]",
        "export.resolution=32",
        "export.texture_size=64",
        "export.faces=500",
    )
    smaller = f'preset="draft", steps=1, overrides={tiny}, preview_size=24, turntable_size=32'
    assert 'preset="draft"' in block
    exec(block.replace('preset="draft"', smaller), {})
    printed = capsys.readouterr().out
    assert "mesh.glb" in printed
    assert len(printed.splitlines()) == 1


def test_every_exit_code_is_documented():
    text = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    codes = {kind.exit_code for kind in errors.Sds3dError.__subclasses__()}
    assert documented == codes | {0, 1, errors.INTERRUPTED, errors.BROKEN_PIPE}


def test_every_key_of_a_row_is_documented():
    text = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
    assert all(f"`{key}`" in text for key in Job.__dataclass_fields__)
