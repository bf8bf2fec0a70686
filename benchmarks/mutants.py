"""Mutation testing: changes the source one operation at a time and counts the changes that no test notices.

    python benchmarks/mutants.py sds3d/objectives sds3d/diffusion --map map.json --out mutants.json
    python benchmarks/mutants.py sds3d/objectives/tsm.py --map map.json --limit 20 --seed 1
    python benchmarks/mutants.py sds3d/loops --list

The map says which tests reach which line and how long each takes; when its file is missing, the suite, or the
part of it that --tests names, is run once under `coverage` to make it.  Each mutant is judged by the tests that
reach its line, the nearest first, one of each parametrized test before the next, at most 200 of them and about
60 seconds.

Each mutant is a fork of one process, which starts no threads.  What runs at import comes first: that process
has imported third-party packages only, and the fork compiles one module of sds3d from a changed syntax tree.
Then it imports the tests too, and a fork gives one function the code of its changed source.  The files are
never written.  A mutant is killed when a test fails, cannot be collected, or takes much longer than before; the
others survive and are printed.  Survivors that change nothing observable belong in
`benchmarks/mutants_accepted.toml`, a table [accepted] of names and reasons.  Outcomes that the file of --out
holds already are kept, so that an interrupted run goes on.  --keep writes the counts and the survivors to
`benchmarks/results/mutants.json`.  POSIX only.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import gc
import importlib.abc
import importlib.util
import inspect
import json
import os
import random
import signal
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

ROOT = Path(__file__).parents[1]
ACCEPTED = Path(__file__).with_name("mutants_accepted.toml")
PRELOADED = ("torch", "numpy", "numba", "scipy.spatial", "trimesh", "PIL.Image", "safetensors.torch", "pytest",
             "hypothesis", "diffusers", "transformers", "peft")  # fmt: skip
NEAREST = {  # the tests that are tried first; the longest prefix counts
    "sds3d/diffusion": ("tests/diffusion", "tests/objectives"),
    "sds3d/objectives": ("tests/objectives",),
    "sds3d/loops": ("tests/loops",),
    "sds3d/views": ("tests/views",),
    "sds3d/recipe": ("tests/recipe", "tests/test_docs.py"),
}
MAPPED = ("tests",)  # what is run for the map ...
UNMAPPED = (  # ... but for these: about other processes, or too slow to judge a mutant with
    "tests/test_packaging.py",
    "tests/test_readme.py",
    "tests/test_mutants.py",
    "tests/test_blender.py",
    "tests/runs/test_kill.py",
    "tests/runs/test_convergence.py",
)
TESTS_PER_MUTANT = 200
BUDGET = 60.0  # seconds of a mutant's tests, by the map
SLOWER = 4  # times the tests' own duration, plus GRACE seconds, before a mutant counts as hanging
UNCHANGEABLE = 98  # the exit code of a fork that did not find the function to change
GRACE = 60.0

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
    end: int
    scope: str  # dotted names of the classes and functions around it
    tree: ast.Module

    def in_function(self) -> bool:
        """Whether the change is within the body of a function, not run at import."""
        node: ast.AST = self.tree
        for name in self.scope.split("."):
            inner = (n for n in ast.walk(node) if getattr(n, "name", "") == name)
            node = next(inner, node)
        return isinstance(node, ast.FunctionDef)


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
            changed = getattr(node, "test", node)
            yield Mutant(name, changed.lineno, changed.end_lineno, scope, tree)


def _text(node: ast.AST) -> str:
    if isinstance(node, (ast.If, ast.While)):
        return f"if {ast.unparse(node.test)}"
    return " ".join(ast.unparse(node).split())[:120]


def _places(tree: ast.AST, scope: str = "") -> Iterator[tuple[ast.AST, str]]:
    """Nodes that can be changed, with the function around them; no annotations, messages, docstrings."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.Raise, ast.Import, ast.ImportFrom, ast.JoinedStr)):
            continue
        if isinstance(node, ast.Assert) or _is_docstring(node) or _is_type_checking(node):
            continue
        if (
            isinstance(node, ast.keyword) and node.arg == "strict"
        ):  # zip's guard against our own errors
            continue
        inner = scope
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            inner = f"{scope}.{node.name}".lstrip(".")
            node = copy.copy(node)  # noqa: PLW2901  without annotations, decorators and bases
            node.decorator_list = []
            if isinstance(node, ast.FunctionDef):
                defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
                yield from _places(
                    ast.Tuple(defaults, ast.Load()), scope
                )  # set where it is defined
                node.returns = None
                node.args = ast.arguments([], [], None, [], [], None, [])
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
    """Makes the node the other one, wherever it stands."""
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


def change(module: ModuleType, file: Path, mutant: Mutant) -> None:
    """Gives the function around the change its changed code.  Raises LookupError where there is none."""
    owner: object = module
    path: list[str] = []
    for name in mutant.scope.split("."):
        path.append(name)
        found = vars(owner)[name]
        if isinstance(found, type):
            owner = found
            continue
        for attribute in ("fget", "func", "__func__"):  # property, cached_property, staticmethod
            found = getattr(found, attribute, found)
        if hasattr(found, "cache_clear"):
            found.cache_clear()
        found = inspect.unwrap(found)
        break
    name = ".".join(path)
    if not isinstance(found, FunctionType):
        raise LookupError(name)
    found.__code__ = _code(compile(mutant.tree, file, "exec"), name)


def _code(code: CodeType, name: str) -> CodeType:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            if inner.co_qualname == name:
                return inner
            if name.startswith(f"{inner.co_qualname}."):
                return _code(inner, name)
    raise LookupError(name)


class Coverage:
    """Which tests reach which line, and the seconds that each test takes."""

    def __init__(self, content: dict) -> None:
        self.seconds: dict[str, float] = content["seconds"]
        self.lines: dict[str, dict[str, list[str]]] = content["lines"]
        self.broken: list[str] | None = content.get("broken")

    @classmethod
    def read(cls, path: Path, tests: Sequence[str] = MAPPED) -> Coverage:
        """From the file, which is made from `tests` first where it is missing."""
        if not path.is_file():
            pid = os.fork()
            if pid == 0:
                os._exit(_map(path, tests))
            os.waitpid(pid, 0)
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def write(self, path: Path) -> None:
        """To the file."""
        content = {"seconds": self.seconds, "lines": self.lines, "broken": self.broken}
        path.write_text(json.dumps(content), encoding="utf-8")

    def tests_of(self, file: Path, mutant: Mutant) -> list[str]:
        """Tests that reach the mutant's lines; for what runs at import those of the file, and the nearest.

        The nearest are among them because a test that only reads what an import made, as a table's default,
        reaches no line.
        """
        name = file.relative_to(ROOT).as_posix()
        lines = self.lines.get(name, {})
        own = range(mutant.line, mutant.end + 1) if mutant.in_function() else ()
        reached = {t for line in own for t in lines.get(str(line), ())}
        near = NEAREST[max((p for p in NEAREST if name.startswith(p)), key=len)]
        if not reached:
            reached = {t for tests in lines.values() for t in tests}
            reached |= {t for t in self.seconds if t.startswith(near)}
        of_function: dict[str, list[str]] = {}
        for test in sorted(reached, key=lambda t: (self.seconds[t], t)):
            of_function.setdefault(test.partition("[")[0], []).append(test)
        rank = {t: place for tests in of_function.values() for place, t in enumerate(tests)}

        def order(test: str) -> tuple[bool, bool, int, float]:
            path = test.partition("::")[0]
            named = file.stem in Path(path).stem
            return not named, not path.startswith(near), rank[test], self.seconds[test]

        chosen: list[str] = []
        spent = 0.0
        for test in sorted(reached, key=order):
            if len(chosen) < TESTS_PER_MUTANT and spent + self.seconds[test] <= BUDGET:
                chosen.append(test)
                spent += self.seconds[test]
        return chosen

    def duration(self, tests: Sequence[str]) -> float:
        """Seconds, by the map."""
        return sum(self.seconds[test] for test in tests)


def _map(path: Path, tests: Sequence[str]) -> int:
    """Runs the tests under coverage, a context for each test, and writes the map."""
    import coverage
    import pytest

    measured = coverage.Coverage(source=["sds3d"], data_file=None, messages=False)
    seconds: dict[str, float] = {}

    class Contexts:
        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_protocol(self, item):
            measured.switch_context(item.nodeid)
            began = time.monotonic()
            result = yield
            seconds[item.nodeid] = time.monotonic() - began
            measured.switch_context("")
            return result

    measured.start()
    ignored = [f"--ignore={name}" for name in UNMAPPED]
    options = ["-q", "-p", "no:cacheprovider", "--assert=plain", *ignored]
    code = int(pytest.main([*options, *tests], [Contexts()]))
    sys.stdout.flush()
    measured.stop()
    data = measured.get_data()
    lines = {}
    for file in data.measured_files():
        by_line = data.contexts_by_lineno(file).items()
        name = Path(file).relative_to(ROOT).as_posix()
        lines[name] = {line: sorted(t for t in tests if t) for line, tests in by_line}
    path.write_text(json.dumps({"seconds": seconds, "lines": lines}), encoding="utf-8")
    return code


@dataclass
class Fork:
    """Tests in a forked process, on a changed module; mutant: None for the original."""

    file: Path | None
    mutant: Mutant | None
    tests: Sequence[str]
    limit: float
    failed: str = ""
    seconds: float = 0.0
    code: int | None = None

    def start(self) -> Fork:
        """Starts the tests."""
        self.began = time.monotonic()
        self.reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            os._exit(_child(self, writer))
        os.close(writer)
        return self

    def outcome(self) -> str:
        """ "survived", "killed", "hanging" or "unchangeable"; "" while the tests run.

        seconds: how long they took.  failed: the tests that failed, a line each.
        """
        pid, code = os.waitpid(self.pid, os.WNOHANG)
        self.seconds = time.monotonic() - self.began
        if not pid and self.seconds < self.limit:
            return ""
        with contextlib.suppress(ProcessLookupError):  # most tests leave nothing behind
            os.killpg(self.pid, signal.SIGKILL)
        if not pid:
            os.waitpid(self.pid, 0)
        with os.fdopen(self.reader, "rb") as reader:
            self.failed = reader.read().decode()
        if not pid:
            return "hanging"
        self.code = os.waitstatus_to_exitcode(code)
        if self.code == UNCHANGEABLE:
            return "unchangeable"
        return "survived" if self.code == 0 else "killed"


def run(forks: Iterable[Fork], jobs: int) -> Iterator[tuple[Fork, str]]:
    """(fork, outcome) as each ends, `jobs` at once."""
    waiting = iter(forks)
    running: list[Fork] = []
    while True:
        while len(running) < jobs and (fork := next(waiting, None)):
            running.append(fork.start())
        if not running:
            return
        time.sleep(0.02)
        for fork in list(running):
            if outcome := fork.outcome():
                running.remove(fork)
                yield fork, outcome


def _child(fork: Fork, writer: int) -> int:
    import pytest

    class Failures:
        def pytest_runtest_logreport(self, report):
            if report.failed:
                os.write(writer, f"{report.nodeid}\n".encode())

    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    if fork.mutant and fork.file:
        module = module_of(fork.file)
        if fork.mutant.in_function() and module in sys.modules:
            try:
                change(sys.modules[module], fork.file, fork.mutant)
            except LookupError:
                return UNCHANGEABLE
        else:
            for name in [name for name in sys.modules if name.partition(".")[0] == "sds3d"]:
                del sys.modules[name]
            sys.meta_path.insert(0, _Finder(module, fork.file, fork.mutant.tree))
    options = ["-q", "--no-header", "--assert=plain", *(["-x"] if fork.mutant else [])]
    for plugin in ("cacheprovider", "randomly", "xdist", "cov"):
        options += ["-p", f"no:{plugin}"]
    try:
        return int(pytest.main([*options, *fork.tests], [Failures()]))
    except BaseException:  # a mutant may raise anything, at import too
        return 99


def _collect(tests: Sequence[str]) -> None:
    """Imports the tests, and what they import."""
    import pytest

    code = pytest.main(["-q", "--collect-only", "-p", "no:cacheprovider", "--assert=plain", *tests])
    if code:
        sys.exit("the tests cannot be collected")


def _row(fork: Fork, outcome: str) -> dict:
    """What is kept of a mutant; a survivor is printed."""
    name = fork.mutant.name
    if outcome in ("survived", "unchangeable"):
        print(f"{outcome} {len(fork.tests)} tests: {name} (line {fork.mutant.line})", flush=True)
    failed = fork.failed.partition("\n")[0]
    return {"name": name, "line": fork.mutant.line, "outcome": outcome, "code": fork.code,
            "seconds": round(fork.seconds, 2), "tests": len(fork.tests), "failed": failed}  # fmt: skip


def accepted() -> dict[str, str]:
    """Survivors that were read and found harmless, with the reason for each."""
    if not ACCEPTED.is_file():
        return {}
    return tomllib.loads(ACCEPTED.read_text(encoding="utf-8"))["accepted"]


def summary(rows: Sequence[dict], reasons: Mapping[str, str]) -> dict:
    """The numbers of mutants by package and outcome, and the survivors with their reasons, None without one."""
    packages: dict[str, Counter] = {}
    for row in rows:
        package = "/".join(row["name"].partition("::")[0].split("/")[:2])
        packages.setdefault(package, Counter())[row["outcome"]] += 1
    alive = sorted(row["name"] for row in rows if row["outcome"] == "survived")
    return {
        "mutants": len(rows),
        "survived": len(alive),
        "without_a_reason": sum(name not in reasons for name in alive),
        "packages": {name: dict(sorted(packages[name].items())) for name in sorted(packages)},
        "survivors": {name: reasons.get(name) for name in alive},
    }


def main() -> None:
    """Runs the mutants of the given files."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("paths", nargs="+", type=Path, help="files or folders of sds3d")
    parser.add_argument("--jobs", type=int, default=1, help="mutants at once")
    parser.add_argument("--limit", type=int, help="a random sample of so many mutants a file")
    parser.add_argument("--seed", type=int, default=0, help="of that sample")
    parser.add_argument(
        "--map", type=Path, default=Path("tests-map.json"), help="made where missing"
    )
    parser.add_argument("--tests", nargs="+", default=MAPPED, help="what a new map is made from")
    parser.add_argument("--list", action="store_true", help="print the mutants and run none")
    parser.add_argument("--out", type=Path, help="a JSON file for the outcomes")
    parser.add_argument("--keep", action="store_true", help="write results/mutants.json")
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
    known = accepted()
    here = {file.relative_to(ROOT).as_posix() for file in files}
    made = {mutant.name for every in plan.values() for mutant in every}
    for name in known:
        if name.partition("::")[0] in here and name not in made:
            print(f"accepted, but there is no such mutant any more: {name}")
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
    reach = Coverage.read(options.map, options.tests)
    if not any(plan.values()):
        return
    forks = []
    for file, every in plan.items():
        for mutant in every:
            tests = reach.tests_of(file, mutant)
            forks.append(Fork(file, mutant, tests, SLOWER * reach.duration(tests) + GRACE))
    whole = sorted({test for fork in forks for test in fork.tests})
    print(f"{len(forks)} mutants, {len(whole)} tests, which run once on the original", flush=True)
    if reach.broken is None:
        ((fork, _),) = run([Fork(None, None, whole, 3600.0)], 1)
        reach.broken = fork.failed.split()
        reach.write(options.map)
    if reach.broken:
        print(f"they fail before any change and are left out: {reach.broken}", flush=True)
    for fork in forks:
        fork.tests = [test for test in fork.tests if test not in reach.broken]
    rows = []
    if options.out and options.out.is_file():
        rows = json.loads(options.out.read_text(encoding="utf-8"))
    judged = {row["name"] for row in rows}
    forks = [fork for fork in forks if fork.mutant.name not in judged]
    for fork in forks:
        if not fork.tests:
            rows.append(_row(fork, "survived"))
    at_import = [fork for fork in forks if fork.tests and not fork.mutant.in_function()]
    inside = [fork for fork in forks if fork.tests and fork.mutant.in_function()]
    for warm, group in ((False, at_import), (True, inside)):
        if warm:
            _collect(whole)
        gc.collect()
        gc.freeze()  # or each fork would copy and search the parent's objects when pytest collects garbage
        for fork, outcome in run(group, options.jobs):
            rows.append(_row(fork, outcome))
            if options.out:
                options.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
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
    if options.keep:
        keep = importlib.import_module("machine").keep
        head = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True
        )
        values = {"commit": head.stdout.strip(), **summary(rows, known)}
        print(f"kept in {keep('mutants', values)}")


if __name__ == "__main__":
    main()
