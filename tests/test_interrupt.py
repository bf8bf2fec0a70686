"""Laws of stopping: the first signal requests a stop, the second quits, and ignored signals stay ignored."""

import signal

import pytest

from sds3d.interrupt import SIGNALS, graceful


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_requests_a_stop_and_the_second_quits(number):
    signals = []
    with graceful(signals.append) as interrupt:
        assert not interrupt.asked
        signal.raise_signal(number)
        assert interrupt.asked
        assert signals == [SIGNALS[number]]
        signal.raise_signal(signal.SIGHUP)  # a closing terminal sends it twice
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_every_handler_is_restored():
    before = {number: signal.getsignal(number) for number in SIGNALS}
    with graceful():
        assert all(signal.getsignal(number) != before[number] for number in SIGNALS)
    assert {number: signal.getsignal(number) for number in SIGNALS} == before


def test_a_signal_that_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with graceful() as interrupt:
            signal.raise_signal(signal.SIGHUP)
            assert not interrupt.asked
    finally:
        signal.signal(signal.SIGHUP, before)
