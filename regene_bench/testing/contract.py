"""What a check is: a function whose docstring is the contract, with the way to mend it."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

_REMEDY = "Mend:"
Status = Literal["passed", "failed", "skipped"]


class Broken(AssertionError):
    """A contract is not kept; the message says what was found."""


class NotApplicable(Exception):
    """A check has nothing to look at here; the message says why."""


@dataclass(frozen=True)
class Check:
    """One contract, ready to be looked at.

    Attributes:
        name: ``same-seed-same-samples``.
        contract: What a plugin promises.
        remedy: How to mend one that does not keep it.
        function: Takes the subject; raises ``Broken`` or ``NotApplicable``.
    """

    name: str
    contract: str
    remedy: str
    function: Callable[[Any], None]

    @classmethod
    def of(cls, function: Callable[[Any], None]) -> Check:
        """Read a check from its function: the docstring holds the contract, then ``Mend:``.

        Raises:
            ValueError: The docstring lacks one of both.
        """
        text = inspect.getdoc(function) or ""
        contract, found, remedy = text.partition(_REMEDY)
        if not contract.strip() or not found or not remedy.strip():
            raise ValueError(f"{function.__name__} has no docstring with a contract and 'Mend:'")
        name = function.__name__.replace("_", "-")
        return cls(name, _one_line(contract), _one_line(remedy), function)


@dataclass(frozen=True)
class Result:
    """What became of a check.

    Attributes:
        check: The check.
        status: ``passed``, ``failed`` or ``skipped``.
        found: What was found, or why there was nothing to look at; empty if it passed.
        seconds: How long it took.
    """

    check: Check
    status: Status
    found: str
    seconds: float

    def explain(self, width: int = 88) -> str:
        """Say what was found, what the contract is, and how to mend it, in lines of a width."""
        parts = [("found", self.found), ("contract", self.check.contract)]
        parts += [("mend", self.check.remedy)] if self.status == "failed" else []
        return "\n".join(_paragraph(word, text, width) for word, text in parts if text)


def require(condition: bool, found: str) -> None:
    """Raise ``Broken`` unless a condition holds."""
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
