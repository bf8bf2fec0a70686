"""Laws of the clock."""

import time

import pytest

from sds3d.loops.clock import Clock


def test_a_part_takes_the_time_between_its_beginning_and_its_end_and_parts_add_up(monkeypatch):
    now = iter([100.0, 100.5, 200.0, 202.0, 300.0, 300.25])
    monkeypatch.setattr(time, "perf_counter", lambda: next(now))
    clock = Clock()
    for part in ("render", "prior", "render"):
        with clock(part):
            pass
    assert clock.seconds == {"render": 0.75, "prior": 2.0}


def test_an_error_within_a_part_is_not_hidden():
    with pytest.raises(ZeroDivisionError), Clock()("render"):
        _ = 1 / 0


def test_seconds_are_rounded_to_thousandths():
    assert Clock({"render": 1.23456}).rounded() == {"render": 1.235}
