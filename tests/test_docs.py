"""Laws of the documentation: its Python and cheap commands run, and it describes the package as it is."""

import ast
import importlib
import re

import pytest
import trimesh
from PIL import Image
from test_layers import LAYERS, TREES
from test_readme import DOCUMENTS, ROOT, blocks, sds3d_lines

from sds3d.cli import main

ARCHITECTURE = ROOT / "docs" / "architecture.md"


def cheap(arguments):
    """Whether a command only looks something up: seconds, and nothing but an image is written."""
    verb, *rest = arguments
    if verb == "prior":
        return rest[:1] in ([], ["sample"])
    return verb in {"recipes", "doctor", "cite", "blender-addon"}


CHEAP = sorted({arguments for _, arguments in sds3d_lines() if cheap(arguments)})


def test_the_cheap_commands_of_the_documents_are_found():
    verbs = {arguments[0] for arguments in CHEAP}
    assert verbs == {"recipes", "prior", "doctor", "cite", "blender-addon"}


@pytest.mark.parametrize("arguments", CHEAP, ids=" ".join)
def test_the_cheap_commands_of_the_documents_run(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "meshes").mkdir()
    trimesh.creation.box().export(tmp_path / "meshes" / "a red chair.obj")
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    printed = capsys.readouterr()
    assert not end.value.code, printed.err
    assert printed.out.strip()


def test_a_run_in_python_runs_from_top_to_bottom(tmp_path, monkeypatch, capsys):
    page = ROOT / "docs" / "a-run-in-python.md"
    monkeypatch.chdir(tmp_path)
    names = {}
    for code in blocks(page, "python"):
        exec(compile(code, page.name, "exec"), names)
        for line in re.findall(r"^print\(.*\)  # (.+)$", code, re.MULTILINE):
            assert line in capsys.readouterr().out
    assert (tmp_path / "armchair" / "mesh.glb").is_file()
    picture = Image.open(tmp_path / "four_views.png")
    assert picture.size == (4 * 48, 48)
    red, green, blue = picture.convert("RGB").crop((12, 12, 36, 36)).resize((1, 1)).getpixel((0, 0))
    assert red > green + blue  # a red armchair stands in the first view


def rows(heading, columns):
    """Cells of the table under a heading of the page, without its head."""
    section = (
        ARCHITECTURE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    )
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]
    assert all(len(cells) == columns for cells in table)
    return table


def test_the_layers_are_those_that_are_enforced():
    drawn = [set(re.findall(r"`(\w+)`", layer)) for layer, _ in rows("Layers", 2)]
    assert drawn == [set(layer) for layer in LAYERS if layer != {"__main__"}]


def test_every_package_is_in_the_layer_table_and_every_entry_exists():
    package = ROOT / "sds3d"
    here = {path.stem if path.suffix == ".py" else path.name for path in package.iterdir()}
    drawn = {name for layer, _ in rows("Layers", 2) for name in re.findall(r"`(\w+)`", layer)}
    own = {"__init__", "__main__", "__pycache__"}
    assert drawn - {"assets"} == {name for name in here if name.isidentifier()} - own


def test_the_table_of_every_family_is_where_the_page_says():
    tables = rows("Families", 3)
    assert len(tables) >= 4
    for _, path, member in tables:
        for name in re.findall(r"`(sds3d[\w.]+)`", path + member):
            module, _, attribute = name.rpartition(".")
            assert hasattr(importlib.import_module(module), attribute), name


def test_the_files_that_the_documents_name_exist():
    missing = []
    folders = "sds3d|tests|docs|benchmarks|assets|prompts|\\.ci"
    for path in DOCUMENTS:
        text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for name in re.findall(rf"`((?:{folders})/[\w./-]*)`", text):
            if not (ROOT / name).exists() and "NAME" not in name:
                missing.append(f"{path.name}: {name}")
    assert not missing


def test_the_tests_that_the_documents_name_exist():
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    for path in DOCUMENTS:
        for name in re.findall(r"`(test_\w+)`", path.read_text(encoding="utf-8")):
            assert f"def {name}(" in sources, f"{path.name}: {name}"


def test_no_docstring_has_brackets_that_the_site_would_parse_as_a_cross_reference():
    wrong = []
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                text = ast.get_docstring(node) or ""
                prose = re.sub(r"`[^`]*`|^    .*$", "", text, flags=re.MULTILINE)
                wrong += [
                    f"{path.name}: {pair}" for pair in re.findall(r"\[[^]]*\]\[[^]]*\]", prose)
                ]
    assert not wrong, "put these in backticks"


def test_every_page_is_in_the_navigation_of_the_site():
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert f": {page.name}\n" in site, page.name
