"""Errors that a user can act on, and the exit code that each ends in.

``EXIT_CODES`` says what each exit code of ``regene-bench`` means.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

EXIT_OK = 0
EXIT_FAULT = 1
EXIT_USAGE = 2
EXIT_SOME_FAILED = 3
EXIT_ALL_FAILED = 4
EXIT_INTERRUPTED = 130
EXIT_CODES: Mapping[int, str] = {
    EXIT_OK: "all well",
    EXIT_FAULT: "an error that regene-bench does not know, `doctor --strict` found something "
    "broken, or nobody read on while a list was printed",
    EXIT_USAGE: "bad usage, configuration or data, or a plugin that cannot be used; nothing ran",
    EXIT_SOME_FAILED: "some runs, metrics or figures failed, or some results disagree",
    EXIT_ALL_FAILED: "all of them failed",
    EXIT_INTERRUPTED: "interrupted; the same command goes on",
}


class RegeneBenchError(Exception):
    """Base of all errors that are shown to the user as a message, without a traceback.

    Args:
        message: What is wrong, in one sentence.
        hint: What to do next; shown on a line of its own.
    """

    exit_code = EXIT_USAGE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UsageError(RegeneBenchError):
    """An unknown name or an impossible value on the command line or in a call."""


class ConfigError(RegeneBenchError):
    """A configuration file or method parameter that does not validate."""


class DataError(RegeneBenchError):
    """A data set that is missing, corrupt or not what the protocol says."""


class PluginError(RegeneBenchError):
    """A plugin that cannot be found, imported or told apart from another."""


class ResultsError(RegeneBenchError):
    """A results folder that cannot be read or written."""


class UnavailableError(RegeneBenchError):
    """Something a score needs is not on this machine; the score's row says so, with the remedy."""


class MethodError(RegeneBenchError):
    """A method, metric or figure was given or returned what it must not.

    For example arrays of a wrong shape, values that are not finite, or images outside [0, 1].
    """


class TooFewImagesError(MethodError):
    """So few images that a metric has no value; its row is skipped, and says so."""


class TrainingDivergedError(MethodError):
    """A loss stopped being finite; the message says which, and when."""


class Interrupted(BaseException):
    """A stop was asked for and the state is saved.

    It is not an ``Exception``, so that a plugin's ``except Exception`` cannot swallow it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return "Did you mean 'x'?" for the nearest known word, or the list of known words."""
    options = sorted(known)
    close = difflib.get_close_matches(word, options, n=1, cutoff=0.5)
    if close:
        return f"Did you mean {close[0]!r}?"
    if not options:
        return "None is registered."
    return "Known: " + ", ".join(options) + "."
