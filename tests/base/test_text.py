"""What other people's files say is shown by a terminal, and not obeyed."""

from __future__ import annotations

import ast
import io
import json
import unicodedata
from pathlib import Path

import pytest

import regene_bench
from regene_bench.base.text import about, json_text, printable, safe_cell, say, visible

SHOWN = {
    "\x1b[2J": r"\x1b[2J",
    "\x9b31m": r"\x9b31m",
    "a\rb": r"a\x0db",
    "\x07\x00\x7f": r"\x07\x00\x7f",
    "abc\u202edcba": r"abc\u202edcba",
    "\ud800": r"\ud800",
    "Vögel 猫 ñ": "Vögel 猫 ñ",
    "line\n\tand the next": "line\n\tand the next",
}


@pytest.mark.parametrize("text", SHOWN)
def test_control_characters_are_made_visible(text: str) -> None:
    out = io.StringIO()
    say(text, file=out)
    assert out.getvalue() == SHOWN[text] + "\n"


def test_no_character_that_a_terminal_obeys_is_left() -> None:
    every = "".join(map(chr, range(0x3000)))
    left = {c for c in visible(every) if unicodedata.category(c) in ("Cc", "Cf", "Cs")}
    assert left == {"\n", "\t"}
    assert "\n" not in printable("a\nb")


@pytest.mark.parametrize("text", [*SHOWN, "\U000e0001", 'quote" and \\'])
def test_json_is_the_same_value_without_control_characters(text: str) -> None:
    written = json_text({"name": text})
    assert json.loads(written) == {"name": text}
    assert all(c.isprintable() or c == "\n" for c in written)


def test_json_keeps_letters_and_refuses_what_json_has_not() -> None:
    assert json_text({"ä": 1}, indent=None) == '{"ä": 1}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text([float("nan")])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_formulas_become_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["a=1", "", -1.5, None, 0, "1-2"])
def test_other_cells_stay_as_they_are(value: object) -> None:
    assert safe_cell(value) == value


def test_commands_print_through_one_function() -> None:
    folder = Path(regene_bench.__file__).parent / "cli"
    bare = [
        f"{path.name}:{node.lineno}"
        for path in sorted(folder.glob("*.py"))
        if path.name != "entry.py"  # which imports nothing of ours, and says one word of its own
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id == "print")
            or (isinstance(node.func, ast.Attribute) and node.func.attr in ("write", "echo"))
        )
    ]
    assert bare == []


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(21.7, "22 s"), (89, "89 s"), (90, "2 min"), (840, "14 min"), (5400, "1.5 h")],
)
def test_durations_are_foretold_as_people_say_them(seconds: float, said: str) -> None:
    assert about(seconds) == f"about {said}"
