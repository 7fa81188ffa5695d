"""Stopping at the next safe point: by request, by a time limit, by a signal."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import pytest

from regene_bench.base.errors import Interrupted, UsageError
from regene_bench.runtime.stop import StopRequest, stop_on_signals


def test_without_a_request_nothing_stops() -> None:
    stop = StopRequest()
    stop.check()
    assert stop.reason is None


def test_the_first_reason_is_kept() -> None:
    stop = StopRequest()
    stop.ask("first")
    stop.ask("second")
    with pytest.raises(Interrupted) as caught:
        stop.check()
    assert caught.value.reason == stop.reason == "first"


def test_a_time_limit_stops_when_it_is_over() -> None:
    stop = StopRequest(0.05)
    stop.check()
    time.sleep(0.06)
    with pytest.raises(Interrupted, match="the time limit"):
        stop.check()
    stop.ask("later")
    assert stop.reason == "the time limit"


def test_an_interruption_is_no_exception_that_a_plugin_might_catch() -> None:
    assert not issubclass(Interrupted, Exception)


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with stop_on_signals(StopRequest()):
        assert signal.getsignal(signal.SIGINT) is not before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


CHILD = """
import os, signal, time
from regene_bench.runtime.stop import StopRequest, stop_on_signals

stop = StopRequest(LIMIT)
with stop_on_signals(stop):
    time.sleep(0.05)
    assert stop.reason in (None, 'the time limit')
    for name in SIGNALS:
        try:
            os.kill(os.getpid(), getattr(signal, name))
            time.sleep(0.01)
            print(stop.reason)
        except KeyboardInterrupt:
            print("at once")
"""


def told_by_child(*signals: str, limit: float | None = None) -> list[str]:
    code = CHILD.replace("SIGNALS", repr(signals)).replace("LIMIT", repr(limit))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.split("\n")[:-1]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU"])
def test_a_signal_asks_for_a_stop(name: str) -> None:
    assert told_by_child(name) == [name]


@pytest.mark.parametrize("second", ["SIGINT", "SIGTERM"])
def test_a_second_signal_interrupts_at_once(second: str) -> None:
    assert told_by_child("SIGTERM", second) == ["SIGTERM", "at once"]


@pytest.mark.parametrize("name", ["SIGUSR1", "SIGXCPU"])
def test_a_schedulers_warning_may_come_again_and_again(name: str) -> None:
    """It is no second thought of a person; the first signal that ends a job is not one, either."""
    assert told_by_child(name, name, name) == [name] * 3
    assert told_by_child(name, "SIGTERM", "SIGTERM") == [name, name, "at once"]
    assert told_by_child("SIGTERM", name) == ["SIGTERM", "SIGTERM"]


def test_a_second_signal_interrupts_even_when_the_time_was_over() -> None:
    assert told_by_child("SIGINT", "SIGINT", limit=0.01) == ["the time limit", "at once"]


def test_the_first_signal_is_answered() -> None:
    heard: list[str] = []
    with stop_on_signals(StopRequest(), lambda message: heard.append(message.text)):
        signal.raise_signal(signal.SIGTERM)
    assert heard == ["SIGTERM: saving, then stopping. Once more to stop at once."]


def test_a_hang_up_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stop = StopRequest()
    try:
        with stop_on_signals(stop):
            signal.raise_signal(signal.SIGHUP)
        assert stop.reason is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_who_does_not_heed_a_stop_is_interrupted_and_told_where(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REGENE_BENCH_GRACE", "0.05")
    stop = StopRequest(0.05)
    with pytest.raises(Interrupted, match="the time limit"), stop_on_signals(stop):
        _sleep_and_never_look()
    said = capfd.readouterr().err
    assert "the time limit: no stop within 0 s" in said
    assert said.rstrip().endswith("in _sleep_and_never_look")


def _sleep_and_never_look() -> None:
    time.sleep(60)


def test_who_heeds_a_stop_within_the_grace_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REGENE_BENCH_GRACE", "30")
    stop = StopRequest(0.01)
    with pytest.raises(Interrupted), stop_on_signals(stop, ends_process=True):
        _look_all_the_time(stop)
    assert capfd.readouterr().err == ""


def _look_all_the_time(stop: StopRequest) -> None:
    while True:
        stop.check()
        time.sleep(0.01)


def test_what_was_there_before_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = threading.active_count()
    with stop_on_signals(StopRequest(60), ends_process=True):
        assert threading.active_count() == threads + 1
    assert threading.active_count() == threads
    assert signal.set_wakeup_fd(-1) == -1


@pytest.mark.parametrize("text", ["soon", "-1", "0", "nan", "inf"])
def test_a_grace_that_is_no_time_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGENE_BENCH_GRACE", text)
    with pytest.raises(UsageError, match=text) as caught:
        StopRequest()
    assert "60 is usual" in str(caught.value)


def test_a_stop_knows_for_how_long_it_has_been_asked_for() -> None:
    stop = StopRequest()
    assert stop.seconds_since() == 0.0
    stop.ask("the test")
    time.sleep(0.02)
    assert stop.seconds_since() >= 0.02
    late = StopRequest(0.01)
    time.sleep(0.05)
    assert late.seconds_since() >= 0.03  # since the limit, not since somebody looked
