"""Laws of the mutation tool: what it changes, and what it leaves alone."""

import ast
import importlib.util
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = '''
"""A docstring of 1 word."""

LIMIT: int = 3


def scaled(x: float, names=("a", "b")) -> float:
    """Returns 2 x."""
    if x < 0 and LIMIT == 3:
        raise ValueError(f"x = {x + 1}: must be at least {0}")
    return [2 * x.sqrt() for _ in zip(names, names, strict=True)]
'''
CHANGES = {
    "module::3 -> 4",
    "scaled::if x < 0 and LIMIT == 3 -> if not (x < 0 and LIMIT == 3)",
    "scaled::x < 0 and LIMIT == 3 -> x < 0 or LIMIT == 3",
    "scaled::x < 0 -> x <= 0",
    "scaled::0 -> 1",
    "scaled::LIMIT == 3 -> LIMIT != 3",
    "scaled::3 -> 4",
    "scaled::2 * x.sqrt() -> 2 / x.sqrt()",
    "scaled::2 -> 3",
    "scaled::x.sqrt() -> x",
}


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("mutants", ROOT / "benchmarks" / "mutants.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutants"] = module
    spec.loader.exec_module(module)
    return module


def test_each_operation_is_changed_once_and_no_message_docstring_or_annotation(
    tool, tmp_path, monkeypatch
):
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    (tmp_path / "x.py").write_text(SOURCE, encoding="utf-8")
    names = [m.name.removeprefix("x.py::") for m in tool.mutants(tmp_path / "x.py")]
    assert len(names) == len(set(names))
    assert set(names) == CHANGES


def test_every_mutant_of_an_objective_compiles_and_differs(tool):
    file = ROOT / "sds3d" / "objectives" / "tsm.py"
    original = ast.unparse(ast.parse(file.read_text(encoding="utf-8")))
    made = list(tool.mutants(file))
    texts = {ast.unparse(mutant.tree) for mutant in made}
    assert len({mutant.name for mutant in made}) == len(made) > 5
    assert original not in texts
    for mutant in made:
        compile(mutant.tree, str(file), "exec")


LIVE = """
from functools import cache, cached_property


@cache
def doubled(x, times=2):
    return times * x


def outer():
    def inner(x):
        return x + 1
    return inner


class Box:
    side = 3

    @property
    def area(self):
        return self.side * self.side

    @cached_property
    def volume(self):
        return self.side ** 3

    @staticmethod
    def name():
        return 1
"""


def test_a_function_that_is_imported_already_gets_the_code_of_its_mutant(
    tool, tmp_path, monkeypatch
):
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    file = tmp_path / "live.py"
    file.write_text(LIVE, encoding="utf-8")
    observed = {
        "doubled": lambda m: m.doubled(5),
        "outer.inner": lambda m: m.outer()(5),
        "Box.area": lambda m: m.Box().area,
        "Box.volume": lambda m: m.Box().volume,
        "Box.name": lambda m: m.Box.name(),
    }
    judged = set()
    for mutant in tool.mutants(file):
        module = types.ModuleType("live")
        exec(compile(LIVE, str(file), "exec"), vars(module))
        if not mutant.in_function():  # set at import: the side, and the default of a parameter
            assert mutant.scope in ("Box", "module")
            continue
        look = observed[mutant.scope]
        before = look(module)
        tool.change(module, file, mutant)
        assert look(module) != before
        judged.add(mutant.scope)
    assert judged == set(observed)


def test_the_summary_counts_outcomes_by_package_and_names_survivors_with_their_reasons(tool):
    outcomes = {
        "sds3d/loops/step.py::f::1 -> 2": "killed",
        "sds3d/loops/step.py::f::2 -> 3": "survived",
        "sds3d/views/lighting.py::g::3 -> 4": "survived",
        "sds3d/views/lighting.py::g::4 -> 5": "hanging",
    }
    rows = [{"name": name, "outcome": outcome} for name, outcome in outcomes.items()]
    assert tool.summary(rows, {"sds3d/loops/step.py::f::2 -> 3": "equal"}) == {
        "mutants": 4,
        "survived": 2,
        "without_a_reason": 1,
        "packages": {
            "sds3d/loops": {"killed": 1, "survived": 1},
            "sds3d/views": {"hanging": 1, "survived": 1},
        },
        "survivors": {
            "sds3d/loops/step.py::f::2 -> 3": "equal",
            "sds3d/views/lighting.py::g::3 -> 4": None,
        },
    }


def test_what_runs_at_import_is_judged_by_tests_that_only_read_it_too(tool, tmp_path, monkeypatch):
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    file = tmp_path / "sds3d" / "views" / "live.py"
    file.parent.mkdir(parents=True)
    file.write_text(LIVE, encoding="utf-8")
    reads, calls, far = (
        "tests/views/test_live.py::reads",
        "tests/views/test_x.py::calls",
        "tests/a.py::b",
    )
    lines = {str(i): [calls] for i in range(1, 99)}
    reach = tool.Coverage(
        {"seconds": {reads: 1.0, calls: 1.0, far: 1.0}, "lines": {"sds3d/views/live.py": lines}}
    )
    found = {m.in_function(): reach.tests_of(file, m) for m in tool.mutants(file)}
    assert found == {False: [reads, calls], True: [calls]}
