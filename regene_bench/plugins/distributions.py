"""Which installed distributions declare plugins, and whether they are what they say they are."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator
from dataclasses import dataclass

from regene_bench.base.errors import PluginError
from regene_bench.base.version import __version__
from regene_bench.plugins.entries import OWN_DISTRIBUTION

GROUP = "regene_bench"
_OWN_PACKAGE = "regene_bench_plugins"
# the distribution that results give to images which another program made
_RESERVED = ("external",)
# a name and a version as the packaging standards allow them, without what tells extras and hashes
_NAME = re.compile(r"[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._!+-]*")


@dataclass(frozen=True)
class Found:
    """An installed distribution that declares plugins.

    Attributes:
        name: The distribution's, as its metadata say.
        version: As its metadata say.
        points: Its entry points of our group, sorted by name.
        error: Why nothing of it is to be used, if so.
    """

    name: str
    version: str
    points: tuple[importlib.metadata.EntryPoint, ...] = ()
    error: Exception | None = None


def normal_name(name: str) -> str:
    """A distribution's name as installers compare it: ``My_Plugin`` is ``my-plugin``."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def find_distributions() -> Iterator[Found]:
    """Yield the distributions that declare plugins, in the order of ``sys.path``.

    The first of one name counts. Another copy of it further back is passed over, as Python does;
    what declares other plugins under that name is given with an error.
    """
    seen: dict[str, Found] = {}
    for distribution in importlib.metadata.distributions():
        found = _look_at(distribution)
        if found is None:
            continue
        first = seen.get(normal_name(found.name)) if found.error is None else None
        if first is None:
            if found.error is None:
                seen[normal_name(found.name)] = found
            yield found
        elif {p.value for p in first.points} != {p.value for p in found.points}:
            yield Found(found.name, found.version, found.points, _hidden_by(first))


def _look_at(distribution: importlib.metadata.Distribution) -> Found | None:
    name, version = str(distribution), ""
    points: tuple[importlib.metadata.EntryPoint, ...] = ()
    try:
        # the text first: parsing every distribution's metadata would cost the start
        if GROUP not in (distribution.read_text("entry_points.txt") or ""):
            return None
        metadata = distribution.metadata
        name, version = metadata["Name"] or "unnamed", metadata["Version"] or ""
        mine = [point for point in distribution.entry_points if point.group == GROUP]
        points = tuple(sorted(mine, key=lambda point: point.name))
        if not points:
            return None
        _check_identity(name, version, points)
        _check_requirements(metadata.get_all("Requires-Dist") or [])
    except Exception as error:
        return Found(name, version, points, error)
    return Found(name, version, points)


def _check_identity(
    name: str, version: str, points: tuple[importlib.metadata.EntryPoint, ...]
) -> None:
    """Refuse a distribution under whose name results would not be told from others.

    Raises:
        PluginError: It has no proper name or version, or a name that is not its own.
    """
    if not _NAME.fullmatch(name) or name == "unnamed":
        raise PluginError(
            f"its metadata give {'no name' if name == 'unnamed' else f'the name {name!r}'}; "
            "letters, digits and '._-' make one"
        )
    if not _VERSION.fullmatch(version):
        said = f"the version {version!r}" if version else "no version"
        raise PluginError(f"its metadata give {said}; rows of results name one, such as 1.0")
    if normal_name(name) in _RESERVED:
        raise PluginError(
            f"it is called {name!r}, as results call images that another program made; its "
            "author is to name it otherwise"
        )
    strangers = [point.value for point in points if not _is_own(point)]
    if normal_name(name) == OWN_DISTRIBUTION and (name != OWN_DISTRIBUTION or strangers):
        raise PluginError(
            f"it calls itself {name!r}, which is this program's own name, but its plugin is "
            f"{', '.join(point.value for point in points)}; its author is to name it otherwise"
        )


def _is_own(point: importlib.metadata.EntryPoint) -> bool:
    return point.value.split(":")[0].split(".")[0].strip() == _OWN_PACKAGE


def _check_requirements(lines: list[str]) -> None:
    """Refuse a distribution that asks for a version of regene-bench which this is not.

    Raises:
        PluginError: It does, or what it asks for cannot be read.
    """
    ours = [line for line in lines if normal_name(line).startswith(OWN_DISTRIBUTION)]
    ours = [line for line in ours if normal_name(line) != OWN_DISTRIBUTION]
    if not ours:
        return
    # imported for those alone that ask for a certain version: it takes a while
    from packaging.requirements import InvalidRequirement, Requirement

    for line in ours:
        try:
            required = Requirement(line)
        except InvalidRequirement as error:
            raise PluginError(f"it requires {line!r}, which cannot be read: {error}") from None
        if normal_name(required.name) != OWN_DISTRIBUTION:
            continue
        applies = required.marker is None or required.marker.evaluate({"extra": ""})
        if applies and not required.specifier.contains(__version__, prereleases=True):
            raise PluginError(
                f"it requires {required.name}{required.specifier}, and this is {__version__}; "
                "upgrade the one or the other"
            )


def _hidden_by(first: Found) -> PluginError:
    return PluginError(
        f"another distribution of this name, {first.name} {first.version}, comes first on "
        "Python's path; uninstall one of the two"
    )
