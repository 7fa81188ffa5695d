"""Prints the lowest versions that ``pyproject.toml`` allows, as constraints for pip.

A lower bound is a promise that nobody notices to be broken: everybody's pip takes the newest
release. ``make lowest`` installs by these constraints and runs the tests of the command line.

Usage: python tests/lowest_versions.py [--without NAME]... > constraints.txt
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.requirements import Requirement

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


def lowest(dependencies: Sequence[str], without: Sequence[str] = ()) -> Iterator[str]:
    """``name==bound`` for each dependency.

    Args:
        dependencies: As in ``[project] dependencies``; each has a lower bound.
        without: Names of those that may be of any version.

    Raises:
        ValueError: One has no lower bound, or excludes its bound.
    """
    for text in dependencies:
        requirement = Requirement(text)
        bounds = [part.version for part in requirement.specifier if part.operator == ">="]
        if len(bounds) != 1 or not requirement.specifier.contains(bounds[0]):
            raise ValueError(f"{text!r} in pyproject.toml does not say its lowest version (>=).")
        if requirement.name not in without:
            yield f"{requirement.name}=={bounds[0]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--without", action="append", default=[], metavar="NAME")
    given = parser.parse_args()
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    print("\n".join(lowest(project["dependencies"], given.without)))


if __name__ == "__main__":
    main()
