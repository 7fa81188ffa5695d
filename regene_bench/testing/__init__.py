"""The conformance kit: does a plugin keep the contracts, and if not, how is it mended?

Three ways to use it::

    regene-bench check my_method                       # on the command line

    @pytest.mark.conformance("my_method", kind="method")
    def test_my_method_keeps_its_contract(conformance_check):   # in a test: one case a check
        conformance_check()

    with open_subject("method", "my_method") as subject:        # in Python
        results = [run_check(check, subject) for check in checks_for("method")]

Nothing heavy is imported before something is checked: pytest loads the plugin at every start.
"""

from __future__ import annotations

from regene_bench.testing.check import Broken, Check, NotApplicable, Result
from regene_bench.testing.runner import CHECKED_KINDS, checks_for, open_subject, run_check

__all__ = [
    "CHECKED_KINDS",
    "Broken",
    "Check",
    "NotApplicable",
    "Result",
    "checks_for",
    "open_subject",
    "run_check",
]
