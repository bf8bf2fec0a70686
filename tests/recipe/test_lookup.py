"""Laws of names: a member of a table, an import path, or an error that lists the known names."""

import math

import pytest

from sds3d.errors import PriorError, RecipeError
from sds3d.lookup import find

TABLE = {"pi": "math:pi", "tau": "math:tau"}


def test_a_name_in_the_table_and_an_import_path_both_return_the_object():
    assert find(TABLE, "pi", "key") == find(TABLE, "math:pi", "key") == math.pi


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("taw", "key: unknown 'taw', did you mean 'tau'?"),
        ("", "key: unknown ''; known: pi, tau"),
        (":", "key: unknown ':'"),
        (".math:pi", "key: unknown '.math:pi'"),
        ("math:pi:e", "key: unknown 'math:pi:e'"),
        ("math: pi", "key: unknown 'math: pi'"),
        ("a\nb", "key: unknown 'a\\nb'"),
        ("math:ps", "key: 'math' has no 'ps'"),
        ("no_such.module:f", "key: there is no module 'no_such'"),
        ("os.no_such:f", "key: there is no module 'os.no_such'"),
    ],
)
def test_another_name_is_refused_in_one_line(name, message):
    with pytest.raises(RecipeError) as caught:
        find(TABLE, name, "key")
    assert caught.value.message.startswith(message)
    assert caught.value.fix
    with pytest.raises(PriorError):
        find(TABLE, name, "key", PriorError)


def test_an_import_error_inside_an_outside_module_is_shown_as_it_is(tmp_path, monkeypatch):
    (tmp_path / "needs_more.py").write_text("import no_such_dependency\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency"):
        find(TABLE, "needs_more:f", "key")
