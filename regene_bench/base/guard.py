"""The guard around every call into a plugin: whatever it raises becomes an error that names it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from regene_bench.base.errors import Interrupted, PluginError, RegeneBenchError
from regene_bench.base.text import words_of

NOT_A_FAULT = (Interrupted, KeyboardInterrupt)
"""What no guard holds back: the user wants the work to end."""


@contextmanager
def guarded(what: str, hint: str = "") -> Iterator[None]:
    """Turn what the code within raises into a ``PluginError``.

    ``SystemExit``, ``CancelledError`` and ``GeneratorExit`` are held back, too: each of them would
    end a call without a word. Errors of regene-bench's own kinds say already what is wrong.

    Args:
        what: Whose code it is, as the beginning of a sentence: ``The metric 'x' of dist 1.0``.
        hint: What to do about it; by default, whom to tell.

    Raises:
        PluginError: The code raised anything else; the original error is its cause.
    """
    try:
        yield
    except (RegeneBenchError, *NOT_A_FAULT):
        raise
    except BaseException as error:
        raise PluginError(
            f"{what} failed: {words_of(error)}",
            hint=hint or "Tell its authors, upgrade it, or leave it out.",
        ) from error
