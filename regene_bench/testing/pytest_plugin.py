"""The pytest plugin: ``@pytest.mark.conformance(NAME, kind=KIND)`` makes a test case of each check.

::

    @pytest.mark.conformance("my_method", kind="method")
    def test_my_method_keeps_its_contract(conformance_check):
        conformance_check()

Nothing is imported and nothing happens unless a test asks for ``conformance_check``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from regene_bench.testing.check import Check

_FIXTURE = "conformance_check"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "conformance(name, kind): check a registered plugin; kind is a word that "
        "`regene-bench check --kind` takes",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a case of each check of each mark."""
    if _FIXTURE not in metafunc.fixturenames:
        return
    from regene_bench.testing import checks_for

    cases, ids = [], []
    for mark in metafunc.definition.iter_markers("conformance"):
        (name,), kind = mark.args, mark.kwargs["kind"]
        for check in checks_for(kind):
            cases.append((kind, name, check))
            ids.append(f"{name}-{check.name}")
    if not cases:
        raise pytest.UsageError(
            f"{metafunc.function.__name__} uses {_FIXTURE} without "
            '@pytest.mark.conformance("name", kind="method")'
        )
    metafunc.parametrize(_FIXTURE, cases, ids=ids, indirect=True)


@pytest.fixture(scope="session")
def conformance_subject() -> Iterator[Callable[[str, str], Any]]:
    """Give a function of kind and name that gives the plugin's subject.

    A subject is opened once a session, so that all its checks share its trainings.
    """
    from regene_bench.plugins.host import load_plugins
    from regene_bench.testing import open_subject

    host = load_plugins()
    opened: dict[tuple[str, str], Any] = {}
    with ExitStack() as stack:

        def subject_of(kind: str, name: str) -> Any:
            if (kind, name) not in opened:
                opened[kind, name] = stack.enter_context(open_subject(kind, name, host=host))
            return opened[kind, name]

        yield subject_of


@pytest.fixture
def conformance_check(
    request: pytest.FixtureRequest, conformance_subject: Callable[[str, str], Any]
) -> Callable[[], None]:
    """Give a function that runs this case's check, and fails or skips the test by its result."""
    case: tuple[str, str, Check] = request.param
    kind, name, check = case

    def run() -> None:
        __tracebackhide__ = True
        from regene_bench.testing import run_check

        result = run_check(check, conformance_subject(kind, name))
        if result.status == "failed":
            pytest.fail(f"{name}: {check.name}\n{result.explain()}", pytrace=False)
        if result.status == "skipped":
            pytest.skip(result.found)

    return run
