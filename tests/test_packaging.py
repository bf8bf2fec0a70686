"""Laws of the package: the wheel contains and does what the checkout does."""

import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
TOOLS = {"sds3d", "setuptools", "bpy"}  # ourselves, the build, and a version that is pinned
NOT_SHIPPED = {"chrome_motorcycle.png", "contact_sheet.png"}  # of assets/: for the README
TINY = ("--steps=2", "--scene=triplane", "--set=camera.sizes=[16]", "--set=camera.views=1",
        "--set=export.resolution=12", "--set=export.texture_size=32", "--set=export.faces=200",
        "--preview-size=16", "--turntable-size=16")  # fmt: skip


def requirements():
    """Every requirement of the package and of its extras."""
    extras = PROJECT["optional-dependencies"].values()
    for line in [*PROJECT["dependencies"], *(line for extra in extras for line in extra)]:
        yield Requirement(line)


def test_the_packages_are_the_folders():
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "sds3d").rglob("*.py")}
    names = {folder.as_posix().replace("/", ".") for folder in folders} | {"sds3d.assets"}
    listed = PYPROJECT["tool"]["setuptools"]["packages"]
    assert set(listed) == names
    assert len(listed) == len(names)


def test_every_dependency_has_both_bounds():
    for requirement in requirements():
        if requirement.name not in TOOLS:
            operators = {bound.operator for bound in requirement.specifier}
            assert operators == {">=", "<"}, str(requirement)


def test_blenders_numpy_is_within_the_bounds():
    """bpy 4.5.* needs numpy>=1.26,<2.0: with a floor of 2.0 the extra [blender] cannot be installed."""
    numpy = next(r for r in requirements() if r.name == "numpy")
    assert numpy.specifier.contains("1.26.4")


def test_installed_versions_are_within_the_bounds():
    for requirement in requirements():
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            continue  # of an extra that is not installed
        assert requirement.specifier.contains(version, prereleases=True), requirement.name


def test_version_and_address_are_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    home = PROJECT["urls"]["Homepage"]
    assert citation["repository-code"] == home
    assert f"repo_url: {home}\n" in site
    assert all(url.startswith(home) for url in PROJECT["urls"].values())
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert [author["name"] for author in citation["authors"]] == [
        author["name"] for author in PROJECT["authors"]
    ]
    releases = re.findall(r"^## \[(\d[^]]*)\] - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)
    assert releases[0] == PROJECT["version"]


def test_the_workflow_runs_the_repositorys_ci_script():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert any(step.get("run") == ".ci/run" for step in steps)
    versions = [step["with"]["python-version"] for step in steps if "setup-python" in str(step)]
    assert versions == ["3.11"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this checkout, built from a copy so that nothing is written beside the sources."""
    copy = tmp_path_factory.mktemp("copy")
    for name in ("sds3d", "assets"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    out = copy / "dist"
    options = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    subprocess.run([*pip, "wheel", *options, str(out), str(copy)], check=True)
    (path,) = out.glob("*.whl")
    return path


def test_the_wheel_holds_every_file_of_the_checkout(wheel):
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    sources = [path for path in (ROOT / "sds3d").rglob("*") if path.is_file()]
    files = {p.relative_to(ROOT).as_posix() for p in sources if "__pycache__" not in p.parts}
    assets = {path.name for path in (ROOT / "assets").iterdir() if path.is_file()} - NOT_SHIPPED
    assert packed == files | {f"sds3d/assets/{name}" for name in assets}


def test_the_installed_wheel_makes_what_the_checkout_makes(wheel, tmp_path):
    installed = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(installed)], check=True)
    python = str(installed / "bin" / "python")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    install = ("install", "--quiet", "--no-deps", "--no-index")
    subprocess.run([*pip, *install, str(wheel)], env=clean, cwd=tmp_path, check=True)
    (packages,) = installed.glob("lib/*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")

    def run(prefix, environment, *arguments):
        """stdout of one sds3d command, in a working folder that is not the checkout."""
        folder = tmp_path / prefix[0].replace("/", "-")
        folder.mkdir(exist_ok=True)
        done = subprocess.run(
            [*prefix, *arguments],
            cwd=folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def from_wheel(*arguments):
        return run((str(installed / "bin" / "sds3d"),), clean, *arguments)

    def from_checkout(*arguments):
        return run((sys.executable, "-m", "sds3d"), clean | {"PYTHONPATH": str(ROOT)}, *arguments)

    where = subprocess.run(
        [python, "-c", "import sds3d; print(sds3d.__file__)"],
        cwd=tmp_path, env=clean, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert Path(where.strip()).is_relative_to(installed)
    for arguments in (("recipes",), ("prior",)):
        printed = from_wheel(*arguments)
        assert printed == from_checkout(*arguments)
        assert printed.strip()
    meshes = []
    for name, call in (("wheel", from_wheel), ("checkout", from_checkout)):
        out = tmp_path / f"run-{name}"
        call("generate", "a red armchair", *TINY, f"--out={out}")
        meshes.append(hashlib.sha256((out / "mesh.glb").read_bytes()).hexdigest())
    assert meshes[0] == meshes[1]
