"""Laws of the source: layers point one way, exceptions are not swallowed, public names are documented."""

import ast
from pathlib import Path

import sds3d

PACKAGE = Path(sds3d.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
LAYERS = (
    {"errors", "assets", "bounds", "blender_addon"},
    {"files", "lookup", "interrupt"},
    {"views"},
    {"kernels"},
    {"mesh"},
    {"library"},
    {"language"},
    {"scenes", "diffusion"},
    {"priors"},
    {"students"},
    {"objectives"},
    {"loops"},
    {"recipe"},
    {"metrics"},
    {"runs"},
    {"training"},
    {"cli"},
    {"__main__"},
)  # a layer may import those before it, none beside or after it
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
UNAWARE = ("kernels", "mesh", "scenes", "priors", "diffusion", "objectives", "loops")  # of recipes
CATCHES_ALL = {
    "runs/attempt.py",  # one job's unexpected error does not end the others
    "cli/__init__.py",  # a person never meets a trace unasked
}

WRITERS = {
    "files.py",
    "priors/hub/single_file.py",  # a folder of large files, which is moved to its place when it is whole
    "runs/machine.py",  # resets a counter of the operating system
}


def name_of(path):
    return path.relative_to(PACKAGE).as_posix()


def layer_of(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(tree):
    """The layers that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "sds3d":
            names = [f"sds3d.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        for name in names:
            if name.startswith("sds3d."):
                yield name.split(".")[1]


def test_layers_point_one_way():
    wrong = []
    for path, tree in TREES.items():
        layer, others = layer_of(path), set(imported(tree)) - {layer_of(path)}
        rank = len(LAYERS) if layer == "__init__" else RANK[layer]
        wrong += [f"{name_of(path)} imports {other}" for other in others if RANK[other] >= rank]
    assert not wrong


def test_recipes_stop_above_the_loop():
    for path, tree in TREES.items():
        if layer_of(path) in UNAWARE:
            assert "recipe" not in set(imported(tree)), name_of(path)


def test_objectives_know_neither_scenes_nor_the_loop():
    for path, tree in TREES.items():
        if layer_of(path) == "objectives":
            assert set(imported(tree)) <= {
                "objectives",
                "diffusion",
                "students",
                "bounds",
                "errors",
            }


def test_no_exception_is_swallowed_and_no_nan_is_hidden():
    wrong = []
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler) and name_of(path) not in CATCHES_ALL:
                caught = ast.unparse(node.type) if node.type else "everything"
                if caught in {"everything", "Exception", "BaseException"}:
                    wrong.append(f"{name_of(path)}:{node.lineno} catches {caught}")
            if "nan_to_num" in (getattr(node, "attr", ""), getattr(node, "id", "")):
                wrong.append(f"{name_of(path)}:{node.lineno} hides what is not finite")
    assert not wrong


def test_files_are_written_by_the_one_atomic_writer():
    wrong = []
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and writes(node) and name_of(path) not in WRITERS:
                wrong.append(f"{name_of(path)}:{node.lineno}")
    assert not wrong


def writes(call):
    """Whether a call writes a file by itself: by pathlib, `open` or safetensors."""
    name = getattr(call.func, "attr", "") or getattr(call.func, "id", "")
    modes = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    opens = name == "open" and any(set(mode) <= set("rwaxbt+") - {"r"} for mode in modes)
    return opens or name in {"write_text", "write_bytes", "save_file"}


def test_public_functions_say_what_they_return():
    bare = []
    for path, tree in TREES.items():
        bare += [] if ast.get_docstring(tree) or not tree.body else [name_of(path)]
        for node in public(tree):
            if not ast.get_docstring(node):
                bare.append(f"{name_of(path)}:{node.name}")
    assert not bare


def public(tree):
    """Public functions and classes of a module, and public methods of more than two statements.

    Methods that implement an interface are documented there.
    """
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_":
            yield node
            for method in node.body if isinstance(node, ast.ClassDef) and not node.bases else []:
                if isinstance(method, ast.FunctionDef) and method.name[0] != "_":
                    yield from [method] if len(method.body) > 2 else []


def test_no_todo_is_left():
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        assert not any(word in text for word in ("TODO", "FIXME", "XXX")), name_of(path)
