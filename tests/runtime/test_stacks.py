"""Where something hangs: the plugin's lines, without the harness above them."""

from __future__ import annotations

import faulthandler
import tempfile
import threading
from pathlib import Path

import regene_bench
from regene_bench.runtime.stacks import (
    StackLine,
    described,
    innermost,
    lines_of_interest,
    stack_of_dump,
    stack_of_thread,
)

CORE = Path(regene_bench.__file__).parent


def test_a_stack_of_this_thread_ends_where_it_is_asked_for() -> None:
    stack = stack_of_thread(threading.get_ident())
    assert [call.function for call in stack[-2:]] == [
        "test_a_stack_of_this_thread_ends_where_it_is_asked_for",
        "stack_of_thread",
    ]
    assert stack_of_thread(-1) == []


def test_what_faulthandler_dumps_is_read_outermost_first() -> None:
    with tempfile.TemporaryFile() as file:
        faulthandler.dump_traceback(file, all_threads=False)
        file.seek(0)
        stack = stack_of_dump(file.read().decode())
    assert stack[-1].function == "test_what_faulthandler_dumps_is_read_outermost_first"
    assert Path(stack[-1].file).samefile(__file__)
    assert stack[-1].line > 0
    assert len(stack) > 5


def test_a_line_without_a_number_is_line_0() -> None:
    assert stack_of_dump('  File "a.py", line ??? in f') == [StackLine("a.py", 0, "f")]


def test_how_the_harness_came_to_call_the_plugin_is_left_out() -> None:
    above = [
        StackLine("/bin/x.py", 1, "<module>"),
        StackLine(str(CORE / "harness/run.py"), 2, "fit"),
    ]
    plugin = [
        StackLine("/home/me/mine.py", 3, "fit"),
        StackLine(str(CORE / "training/loop.py"), 4, "train"),
        StackLine("/home/me/mine.py", 5, "loss"),
    ]
    found = lines_of_interest([*above, *plugin])
    assert found == plugin
    assert described(found).splitlines()[-1] == "  /home/me/mine.py:5 in loss"
    # a published row tells no folder of the machine
    assert innermost(found) == "loss (mine.py, line 5)"


def test_of_a_deep_stack_the_innermost_dozen_is_kept() -> None:
    deep = [StackLine("mine.py", number, "recurse") for number in range(100)]
    assert [call.line for call in lines_of_interest(deep)] == list(range(88, 100))
