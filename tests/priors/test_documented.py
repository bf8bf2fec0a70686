"""The table of docs/priors.md that says what was verified names tests and models that exist."""

import re
import subprocess
import sys
from pathlib import Path

from sds3d.priors.hub import aliases

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "priors.md").read_text(encoding="utf-8")


def table(first):
    """The rows of the table whose head begins with a word, as dictionaries by its head."""
    lines = PAGE[PAGE.index(f"| {first} |") :].split("\n\n")[0].splitlines()
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return [dict(zip(head, row, strict=True)) for row in rows]


def quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


def test_what_the_table_says_was_verified_has_a_test_for_that_model():
    columns = {row["column"]: quoted(row["tests in `tests/priors`"]) for row in table("column")}
    files = sorted({test.partition("::")[0] for tests in columns.values() for test in tests})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    out = subprocess.run(
        [*command, *files], cwd=HERE, capture_output=True, text=True, check=False
    ).stdout
    found = set()
    for file, test, case in re.findall(r"(\w+\.py)::(\w+)\[(.*)\]", out):
        found |= {(f"{file}::{test}", part) for part in case.split("-")}
    verified = table("name | family")
    assert {name for row in verified for name in quoted(row["name"])} == set(aliases())
    for column, tests in columns.items():
        assert all(test in {name for name, _ in found} for test in tests), tests
        for row in verified:
            for case in quoted(row[column]):
                assert any((test, case) in found for test in tests), (column, case)
