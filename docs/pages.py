"""The pages of the site that docs/ does not hold: those at the root of the repository, and the API reference.

mkdocs-gen-files runs this file during `mkdocs build`.  The reference has a page for each package of sds3d,
found by looking, so that a module that moves takes its documentation along.
"""

import re
from pathlib import Path

import mkdocs_gen_files

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "sds3d"
AT_THE_ROOT = ("CONTRIBUTING.md", "CHANGELOG.md", "CITATION.cff", "assets/words.md",
               "assets/attribution-data.md", "assets/chrome_motorcycle.png",
               "assets/contact_sheet.png")  # fmt: skip
INTERNAL = (
    "assets",
    "blender_addon",
    "cli",
    "library/things",
    "recipe/data",
    "training",
)  # not for users


def write(name, text):
    """One generated page, its links rewritten for the site, where README.md and docs/ are one folder."""
    text = text.replace("](../", "](").replace("](docs/", "](").replace("](README.md", "](index.md")
    with mkdocs_gen_files.open(name, "w") as page:
        page.write(text)


def packages():
    """Folders of sds3d with public modules, as paths relative to it."""
    for folder in sorted(path.parent for path in PACKAGE.rglob("__init__.py")):
        name = folder.relative_to(PACKAGE).as_posix()
        if folder != PACKAGE and not name.startswith(INTERNAL):
            yield folder, name


def modules(folder):
    """Dotted names of a package's public modules that define something public."""
    for path in sorted(folder.glob("*.py")):
        public = re.search(r"^(def|class) [a-zA-Z]", path.read_text(encoding="utf-8"), re.MULTILINE)
        if path.name != "__init__.py" and path.name[0] != "_" and public:
            yield "sds3d." + path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".")


def reference():
    """A page for each package, and their list."""
    lines = []
    for folder, name in packages():
        dotted = "sds3d." + name.replace("/", ".")
        page = f"{name.replace('/', '-')}.md"
        own = f"::: {dotted}\n    options:\n      members: []\n      heading_level: 1\n"
        write(f"reference/{page}", "\n".join([own, *(f"::: {one}\n" for one in modules(folder))]))
        lines.append(f"- [{dotted}]({page})\n")
    write("reference/NAVIGATION.md", "".join(lines))


write("index.md", (ROOT / "README.md").read_text(encoding="utf-8"))
for name in AT_THE_ROOT:
    if name.endswith(".md"):
        write(name, (ROOT / name).read_text(encoding="utf-8"))
    else:
        with mkdocs_gen_files.open(name, "wb") as picture:
            picture.write((ROOT / name).read_bytes())
for path in sorted((ROOT / "docs").glob("*.md")):
    text = path.read_text(encoding="utf-8")
    if "](../" in text:
        write(path.name, text)
reference()
