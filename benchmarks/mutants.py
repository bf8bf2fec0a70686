"""Mutation testing: changes the source one operation at a time and counts the changes that no test notices.

    python benchmarks/mutants.py sds3d/objectives sds3d/diffusion --out mutants.json
    python benchmarks/mutants.py sds3d/objectives/tsm.py --limit 20 --seed 1
    python benchmarks/mutants.py sds3d/loops --list

Third-party packages are imported once; each mutant is a fork of that process, in which one module of sds3d is
compiled from a changed syntax tree before its nearest tests run.  The files are never written.  A mutant is
killed when a test fails, cannot be collected, or takes much longer than before; the others survive and are
printed.  Survivors that change nothing observable belong in `benchmarks/mutants_accepted.toml`, a table
[accepted] of names and reasons.  The parent imports no module of sds3d and starts no threads.  POSIX only.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import json
import os
import random
import signal
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path

ROOT = Path(__file__).parents[1]
ACCEPTED = Path(__file__).with_name("mutants_accepted.toml")
PRELOADED = ("torch", "numpy", "numba", "scipy.spatial", "trimesh", "PIL.Image", "safetensors.torch", "pytest",
             "hypothesis")  # fmt: skip
TESTS = {  # the longest matching prefix applies; tests run in this order and stop at the first failure
    "sds3d/diffusion": ("tests/objectives", "tests/priors/test_exact.py"),
    "sds3d/objectives": ("tests/objectives",),
    "sds3d/loops": ("tests/loops", "tests/objectives"),
    "sds3d/views": ("tests/views", "tests/kernels/test_rasterize.py"),
    "sds3d/views/directions.py": ("tests/views", "tests/objectives"),
    "sds3d/recipe": ("tests/recipe",),
}
SLOWER = 4  # times the tests' own duration, plus GRACE seconds, before a mutant counts as hanging
GRACE = 20.0

COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATIONS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
OMITTED = {"sqrt", "square", "exp", "log", "abs", "neg", "detach", "clamp", "clamp_min", "clamp_max", "clip",
           "flip", "round", "sum", "mean", "T", "normalize", "lower", "strip", "copy"}  # fmt: skip
SWAPPED = {"min": "max", "max": "min", "all": "any", "any": "all", "sin": "cos", "cos": "sin",
           "floor": "ceil", "zeros_like": "ones_like", "ones_like": "zeros_like"}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change.  name: "file::function::before -> after", unique; tree: the changed module."""

    name: str
    line: int
    tree: ast.Module


def mutants(file: Path) -> Iterator[Mutant]:
    """Every change of a file, in the order of its lines."""
    original = ast.parse(file.read_text(encoding="utf-8"))
    counts: dict[str, int] = {}
    for number, (node, scope) in enumerate(_places(original)):
        for variant in range(len(_changes(node))):
            tree = copy.deepcopy(original)
            place = next(n for i, (n, _) in enumerate(_places(tree)) if i == number)
            before = _text(place)
            _changes(place)[variant]()
            ast.fix_missing_locations(tree)
            name = f"{file.relative_to(ROOT).as_posix()}::{scope}::{before} -> {_text(place)}"
            counts[name] = counts.get(name, 0) + 1
            if counts[name] > 1:
                name += f" #{counts[name]}"
            yield Mutant(name, node.lineno, tree)


def _text(node: ast.AST) -> str:
    if isinstance(node, (ast.If, ast.While)):
        return f"if {ast.unparse(node.test)}"
    return " ".join(ast.unparse(node).split())[:120]


def _places(tree: ast.AST, scope: str = "") -> Iterator[tuple[ast.AST, str]]:
    """Nodes that can be changed, with their enclosing function; no annotations, messages or docstrings."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.Raise, ast.Import, ast.ImportFrom, ast.JoinedStr)):
            continue
        if isinstance(node, ast.Assert) or _is_docstring(node) or _is_type_checking(node):
            continue
        inner = scope
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            inner = f"{scope}.{node.name}".lstrip(".")
            node = copy.copy(node)  # noqa: PLW2901  without annotations, decorators and bases
            node.decorator_list = []
            if isinstance(node, ast.FunctionDef):
                node.returns = None
                node.args = copy.copy(node.args)
                for name in ("posonlyargs", "args", "kwonlyargs"):
                    setattr(node.args, name, [])
                node.args.vararg = node.args.kwarg = None
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                yield from _places(ast.Expression(node.value), inner)
            continue
        elif _changes(node):
            yield node, scope or "module"
        yield from _places(node, inner)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"


def _changes(node: ast.AST) -> list:  # noqa: PLR0911
    """Functions that each change the node in place, one way."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        return [lambda: node.ops.__setitem__(0, COMPARISONS[type(node.ops[0])]())]
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in OPERATIONS:
        return [lambda: setattr(node, "op", OPERATIONS[type(node.op)]())]
    if isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        return [lambda: setattr(node, "op", other())]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not)):
        other = ast.UAdd() if isinstance(node.op, ast.USub) else None
        if other:
            return [lambda: setattr(node, "op", other)]
        return [lambda: _become(node, ast.Call(ast.Name("bool", ast.Load()), [node.operand], []))]
    if isinstance(node, ast.Constant) and type(node.value) in (bool, int, float):
        return [lambda: setattr(node, "value", _other(node.value))]
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        return [lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), node.test))]
    if isinstance(node, ast.Call):
        return _call_changes(node)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return [lambda: setattr(node, "value", ast.Constant(None))]
    return []


def _call_changes(node: ast.Call) -> list:
    changes = []
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr in OMITTED:
        if isinstance(function.value, ast.Name) and function.value.id in ("torch", "np", "math"):
            if node.args:
                changes.append(lambda: _become(node, node.args[0]))
        else:
            changes.append(lambda: _become(node, function.value))
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in SWAPPED:
        key = "attr" if isinstance(function, ast.Attribute) else "id"
        changes.append(lambda: setattr(function, key, SWAPPED[name]))
    return changes


def _become(node: ast.AST, other: ast.AST) -> None:
    """Turns the node into the other one in place."""
    node.__class__ = other.__class__
    node.__dict__.clear()
    node.__dict__.update(other.__dict__)


def _other(value: bool | int | float) -> bool | int | float:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return 2 * value if value else 1.0


class _Finder(importlib.abc.MetaPathFinder):
    """Imports one module of sds3d from a changed tree."""

    def __init__(self, module: str, file: Path, tree: ast.Module) -> None:
        self.module = module
        self.file = file
        self.tree = tree

    def find_spec(self, name, path=None, target=None):
        if name != self.module:
            return None
        loader = _Loader(name, str(self.file))
        loader.tree = self.tree
        package = self.file.name == "__init__.py"
        return importlib.util.spec_from_file_location(
            name,
            self.file,
            loader=loader,
            submodule_search_locations=[str(self.file.parent)] if package else None,
        )


class _Loader(SourceFileLoader):
    def get_code(self, fullname):
        return compile(self.tree, self.path, "exec")


def module_of(file: Path) -> str:
    """The module's name: "sds3d.objectives.sds"."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tests_of(file: Path) -> list[str]:
    """The tests of a file, those of its own name first."""
    path = file.relative_to(ROOT).as_posix()
    prefix = max((p for p in TESTS if path.startswith(p)), key=len, default="")
    if not prefix:
        sys.exit(f"no tests are named for {path}: add them to TESTS")
    files = []
    for place in TESTS[prefix]:
        folder = ROOT / place
        files += sorted(folder.rglob("test_*.py")) if folder.is_dir() else [folder]
    files.sort(key=lambda test: file.stem not in test.stem)
    return [str(test.relative_to(ROOT)) for test in files]


@dataclass
class Fork:
    """The tests of a file in a forked process, on a changed module; mutant: None for the original."""

    file: Path
    mutant: Mutant | None
    limit: float

    def start(self) -> Fork:
        """Starts the tests."""
        self.began = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            os._exit(_child(self.file, self.mutant and self.mutant.tree))
        return self

    def outcome(self) -> str:
        """ "survived", "killed" or "hanging"; "" while the tests run.  seconds: how long they took."""
        pid, code = os.waitpid(self.pid, os.WNOHANG)
        self.seconds = time.monotonic() - self.began
        if pid:
            return "survived" if os.waitstatus_to_exitcode(code) == 0 else "killed"
        if self.seconds < self.limit:
            return ""
        os.killpg(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return "hanging"


def run(forks: Sequence[Fork], jobs: int) -> Iterator[tuple[Fork, str]]:
    """(fork, outcome) pairs as they end, `jobs` at once."""
    waiting = list(reversed(forks))
    running: list[Fork] = []
    while waiting or running:
        while waiting and len(running) < jobs:
            running.append(waiting.pop().start())
        time.sleep(0.02)
        for fork in list(running):
            if outcome := fork.outcome():
                running.remove(fork)
                yield fork, outcome


def _child(file: Path, tree: ast.Module | None) -> int:
    import pytest

    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    if tree is not None:
        sys.meta_path.insert(0, _Finder(module_of(file), file, tree))
    options = [
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "--no-header",
        "--assert=plain",
    ]
    try:
        return int(pytest.main([*options, *tests_of(file)]))
    except BaseException:  # a mutant may raise anything, at import too
        return 99


def accepted() -> dict[str, str]:
    """Survivors that were reviewed and found harmless, with the reason for each."""
    if not ACCEPTED.is_file():
        return {}
    return tomllib.loads(ACCEPTED.read_text(encoding="utf-8"))["accepted"]


def main() -> None:
    """Runs the mutants of the given files."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("paths", nargs="+", type=Path, help="files or folders of sds3d")
    parser.add_argument("--jobs", type=int, default=1, help="mutants at once")
    parser.add_argument(
        "--limit", type=int, help="a random sample of at most LIMIT mutants per file"
    )
    parser.add_argument("--seed", type=int, default=0, help="of that sample")
    parser.add_argument(
        "--list", action="store_true", help="print the mutants without running them"
    )
    parser.add_argument("--out", type=Path, help="a JSON file for the outcomes")
    options = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    for variable in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(variable, "1")

    files = []
    for path in options.paths:
        whole = path.resolve()
        files += sorted(whole.rglob("*.py")) if whole.is_dir() else [whole]
    plan = {file: list(mutants(file)) for file in files}
    if options.limit is not None:
        rng = random.Random(options.seed)
        plan = {f: rng.sample(m, min(options.limit, len(m))) for f, m in plan.items()}
    if options.list:
        for every in plan.values():
            for mutant in every:
                print(f"{mutant.line:4}  {mutant.name}")
        print(f"{sum(map(len, plan.values()))} mutants of {len(files)} files")
        return

    for name in PRELOADED:
        importlib.import_module(name)
    rows = []
    for file, every in plan.items():
        if not every:
            continue
        ((whole, outcome),) = run([Fork(file, None, 3600.0)], 1)
        if outcome != "survived":
            sys.exit(f"the tests of {file.relative_to(ROOT)} fail before any change")
        limit = SLOWER * whole.seconds + GRACE
        forks = [Fork(file, mutant, limit) for mutant in every]
        alive = 0
        for fork, outcome in run(forks, options.jobs):
            name, line = fork.mutant.name, fork.mutant.line
            row = {"name": name, "line": line, "outcome": outcome, "seconds": fork.seconds}
            rows.append(row)
            if outcome == "survived":
                alive += 1
                print(f"survived: {name} (line {line})", flush=True)
        print(
            f"{file.relative_to(ROOT)}: {alive} of {len(every)} survived; "
            f"its tests take {whole.seconds:.1f} s",
            flush=True,
        )
    known = accepted()
    alive = [row["name"] for row in rows if row["outcome"] == "survived"]
    unexplained = [name for name in alive if name not in known]
    share = len(unexplained) / max(1, len(rows))
    spent = sum(row["seconds"] for row in rows)
    print(
        f"{len(rows)} mutants, {len(alive)} survived, {len(unexplained)} ({share:.1%}) without a reason"
    )
    print(f"{spent:.0f} s of tests")
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
