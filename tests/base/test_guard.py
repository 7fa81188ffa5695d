"""Whatever a plugin raises is told, with its name, in a text that a file can hold."""

from __future__ import annotations

import asyncio

import pytest

from regene_bench.base.errors import (
    EXIT_CODES,
    DataError,
    Interrupted,
    PluginError,
    RegeneBenchError,
)
from regene_bench.base.guard import guarded
from regene_bench.base.text import text_of, traceback_of, type_of, words_of


class Mute(Exception):
    def __str__(self) -> str:
        raise SystemExit(0)


class Odd(Exception):
    @property
    def __cause__(self) -> BaseException:  # type: ignore[override]
        raise KeyError("no cause")


@pytest.mark.parametrize(
    "error",
    [
        *(KeyError("x"), SystemExit(0), GeneratorExit(), asyncio.CancelledError(), StopIteration()),
        *(BaseException("own"), ExceptionGroup("two", [KeyError("a"), ValueError("b")]), Mute()),
    ],
    ids=lambda error: type(error).__name__,
)
def test_it_becomes_an_error_that_names_the_plugin(error: BaseException) -> None:
    with pytest.raises(PluginError) as caught, guarded("The metric 'x' of dist 1.0"):
        raise error
    assert caught.value.message.startswith(f"The metric 'x' of dist 1.0 failed: {type_of(error)}")
    assert caught.value.__cause__ is error
    assert caught.value.hint
    assert caught.value.exit_code in EXIT_CODES


@pytest.mark.parametrize("error", [DataError("gone"), Interrupted("SIGTERM"), KeyboardInterrupt()])
def test_what_says_itself_what_is_wrong_passes(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, guarded("The metric"):
        raise error
    assert caught.value is error


def test_every_error_of_ours_ends_in_a_code_that_is_explained() -> None:
    kinds = [RegeneBenchError, *RegeneBenchError.__subclasses__()]
    assert {kind.exit_code for kind in kinds} <= EXIT_CODES.keys()


def test_texts_of_errors_can_be_kept() -> None:
    assert text_of(ValueError("a\udc80b")) == "a\\udc80b"
    assert text_of(Mute()) == "its message cannot be read: SystemExit"
    assert words_of(KeyError("x")) == "KeyError: 'x'"
    assert words_of(ValueError()) == "ValueError"
    long = text_of(ValueError("x" * 1_000_000))
    assert len(long) < 20_000
    assert "characters more" in long
    assert len(type_of(type("E" * 9_000, (Exception,), {})())) < 300


def test_a_traceback_is_told_as_far_as_it_can_be() -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        raise ValueError("a\udc80b")
    assert traceback_of(caught.value).startswith("Traceback")
    assert "a\\udc80b" in traceback_of(caught.value)
    assert traceback_of(Odd("odd")).startswith("Odd: odd\n(its traceback cannot be shown: KeyError")
