"""What a check is: a function whose docstring states a contract, and how to mend a breach of it.

A check is called with a *subject*: the plugin that is looked at, with whatever checks of its kind
share (a trained model, loaded images). It returns nothing if the contract is kept.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

_REMEDY = "Mend:"
Status = Literal["passed", "failed", "skipped"]


class Broken(AssertionError):
    """Raised by a check: the contract is not kept, and the message says what was found."""


class NotApplicable(Exception):
    """Raised by a check that has nothing to look at; the message says why.

    For example: the model cannot encode, or the data are not on this machine.
    """


@dataclass(frozen=True)
class Check:
    """One contract of a kind of plugin, and the function that tests it.

    Attributes:
        name: The function's name with hyphens, for example ``labels-are-obeyed``.
        contract: What a plugin of this kind promises.
        remedy: How to mend a plugin that breaks the promise.
        function: Called with the subject; raises ``Broken`` or ``NotApplicable``, or returns.
    """

    name: str
    contract: str
    remedy: str
    function: Callable[[Any], None]

    @classmethod
    def of(cls, function: Callable[[Any], None]) -> Check:
        """Make a check of a function.

        Its docstring holds the contract, then ``Mend:`` and the remedy.

        Raises:
            ValueError: The docstring lacks the contract or the remedy.
        """
        text = inspect.getdoc(function) or ""
        contract, found, remedy = text.partition(_REMEDY)
        if not contract.strip() or not found or not remedy.strip():
            raise ValueError(f"{function.__name__} has no docstring with a contract and 'Mend:'")
        name = function.__name__.replace("_", "-")
        return cls(name, _one_line(contract), _one_line(remedy), function)


@dataclass(frozen=True)
class Result:
    """What became of a check of one plugin.

    Attributes:
        check: The check.
        status: ``passed``; ``failed`` if the contract is broken or the plugin raised; ``skipped``
            if there was nothing to look at.
        found: What was found, or why the check was skipped; empty if it passed.
        seconds: Wall time of the check; the first one of a subject may include a training.
    """

    check: Check
    status: Status
    found: str
    seconds: float

    def explain(self, width: int = 88) -> str:
        """Say what was found, what the contract is and, after a failure, how to mend it.

        Args:
            width: The longest line, in characters.
        """
        parts = [("found", self.found), ("contract", self.check.contract)]
        parts += [("mend", self.check.remedy)] if self.status == "failed" else []
        return "\n".join(_paragraph(word, text, width) for word, text in parts if text)


def require(condition: bool, found: str) -> None:
    """Raise ``Broken`` with the message ``found`` unless the condition holds."""
    if not condition:
        raise Broken(found)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _paragraph(word: str, text: str, width: int) -> str:
    lead = f"  {word:<10}"
    lines = [
        textwrap.wrap(line, width - len(lead), break_long_words=False) or [""]
        for line in text.splitlines()
    ]
    flat = [part for group in lines for part in group]
    return lead + ("\n" + " " * len(lead)).join(flat)
