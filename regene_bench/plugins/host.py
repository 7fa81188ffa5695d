"""Discovery of plugins: whatever one of them does, the others and the host go on.

Every plugin gets a pluggy manager of its own. One shared manager would let a raising hook end the
call for all, drop the second of two plugins of one name, and keep half of a plugin that failed.
Nothing heavy is imported here: targets load on first use.
"""

from __future__ import annotations

import importlib.metadata
import logging
import re
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pluggy

from regene_bench import hookspecs
from regene_bench.base.environment import (
    ALLOW_VARIABLE,
    BLOCK_VARIABLE,
    STRICT_VARIABLE,
    is_on,
    names_in,
)
from regene_bench.base.errors import PluginError, UsageError, did_you_mean
from regene_bench.plugins.entries import KIND_OF_HOOK, KINDS, RETIRED_HOOKS, Entry, Registration

if TYPE_CHECKING:
    import typer

GROUP = "regene_bench"

__all__ = [
    "KINDS",
    "BlockedPlugin",
    "BrokenPlugin",
    "Entry",
    "Plugin",
    "PluginHost",
    "load_plugins",
]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BrokenPlugin:
    """A plugin that is left out, with the reason.

    Attributes:
        name: Its entry point's name.
        distribution: The distribution that declares the entry point.
        version: Version of that distribution.
        error: What went wrong, in one line.
        traceback: The whole traceback, for ``doctor``.
    """

    name: str
    distribution: str
    version: str
    error: str
    traceback: str


@dataclass(frozen=True)
class BlockedPlugin:
    """A plugin that the user leaves out; nothing of it is imported.

    Attributes:
        name: Its entry point's name, or the name that was to be blocked and is not installed.
        distribution: The distribution that declares the entry point; empty if it is not installed.
        version: Version of that distribution.
    """

    name: str
    distribution: str = ""
    version: str = ""


@dataclass(frozen=True)
class Plugin:
    """A plugin that works.

    Attributes:
        name: Its entry point's name.
        distribution: The distribution that declares the entry point.
        version: Version of that distribution.
        manager: A pluggy manager that knows this plugin alone.
        entries: All that it registered.
    """

    name: str
    distribution: str
    version: str
    manager: pluggy.PluginManager = field(repr=False, compare=False)
    entries: tuple[Entry, ...] = field(default=(), repr=False, compare=False)

    def registered(self) -> dict[str, list[str]]:
        """Names of what it registered, by kind, in the order of ``KINDS``."""
        names = {kind: sorted(e.name for e in self.entries if e.kind == kind) for kind in KINDS}
        return {kind: own for kind, own in names.items() if own}

    def implements(self, *hooks: str) -> list[str]:
        """Those of some hooks that it implements."""
        return [hook for hook in hooks if getattr(self.manager.hook, hook).get_hookimpls()]


@dataclass(frozen=True, order=True)
class EntryWithArgument(Entry):
    """An entry of a class that stands for many, looked up as ``name:argument``.

    Attributes:
        argument: What the class method ``named`` of the target is given.
    """

    argument: str = ""

    def load(self) -> Any:
        """Import the target and return its class for the argument.

        Raises:
            UsageError: The target takes no argument.
            ConfigError: The target knows no such argument.
            PluginError: As for an entry without an argument.
        """
        loaded = super().load()
        if not hasattr(loaded, "named"):
            word = self.kind.replace("_", " ")
            own = self.name.removesuffix(f":{self.argument}")
            raise UsageError(
                f"The {word} {own!r} takes nothing behind a colon.", hint=f"Write {own!r}."
            )
        return loaded.named(self.argument)


class PluginHost:
    """What is installed: entries to look up, plugins that work, that do not, and that are blocked.

    Args:
        strict: Raise ``PluginError`` at the first broken plugin instead of listing it.
    """

    def __init__(self, *, strict: bool = False) -> None:
        self.plugins: list[Plugin] = []
        self.broken: list[BrokenPlugin] = []
        self.blocked: list[BlockedPlugin] = []
        self._strict = strict
        self._entries: dict[str, list[Entry]] = {kind: [] for kind in KINDS}

    def entries(self, kind: str) -> list[Entry]:
        """Return all entries of one of ``KINDS``, sorted by name and distribution."""
        if kind not in self._entries:
            raise UsageError(f"There is no kind {kind!r}.", hint=did_you_mean(kind, KINDS))
        return sorted(self._entries[kind])

    def shown_names(self, kind: str) -> list[str]:
        """Return a name for each of ``entries(kind)`` that ``find`` accepts: the short one if it
        is unique, else ``distribution:name``."""
        entries = self.entries(kind)
        names = [entry.name for entry in entries]
        return [e.name if names.count(e.name) == 1 else e.qualified_name for e in entries]

    def find(self, kind: str, name: str) -> Entry:
        """Look up an entry by its name or by ``distribution:name``.

        A feature extractor's name may have an argument behind a colon: ``timm:resnet18``.

        Raises:
            UsageError: Unknown; names the nearest known one.
            PluginError: Two distributions register it; names both.
        """
        entries = self.entries(kind)
        found = [e for e in entries if name in (e.name, e.qualified_name)]
        if not found and kind == "feature_extractor":
            found = list(_with_argument(entries, name))
        if not found:
            word = kind.replace("_", " ")
            hint = did_you_mean(name, self.shown_names(kind))
            raise UsageError(f"There is no {word} {name!r}.", hint=self.with_blocked(hint))
        if len(found) > 1:
            raise PluginError(
                f"The {kind.replace('_', ' ')} {name!r} is registered by "
                f"{' and by '.join(e.distribution for e in found)}.",
                hint=f"Write {' or '.join(repr(e.qualified_name) for e in found)}.",
            )
        return found[0]

    def with_blocked(self, hint: str) -> str:
        """Add to the hint of a name that was not found which plugins are blocked.

        What they would have registered is not known: they are not imported.
        """
        names = sorted({plugin.distribution for plugin in self.blocked} - {""})
        if not names:
            return hint
        word = "is" if len(names) == 1 else "are"
        return f"{hint} Blocked by {BLOCK_VARIABLE} {word} {', '.join(names)}."

    def notify(self, hook: str, **arguments: Any) -> None:
        """Tell all observers; an observer's exception is logged and the next one is told."""
        for plugin in self.plugins:
            try:
                getattr(plugin.manager.hook, hook)(**arguments)
            except (Exception, SystemExit):
                _log.exception("%s of %s failed", hook, plugin.distribution)

    def add_commands(self, app: typer.Typer) -> None:
        """Let every plugin add commands; what one adds before it fails is taken out again."""
        for plugin in list(self.plugins):
            commands, groups = len(app.registered_commands), len(app.registered_groups)
            try:
                plugin.manager.hook.register_commands(cli=app)
            except (Exception, SystemExit) as error:
                del app.registered_commands[commands:]
                del app.registered_groups[groups:]
                self._set_aside(plugin.name, plugin.distribution, plugin.version, error)

    def add(self, point: importlib.metadata.EntryPoint, distribution: str, version: str) -> None:
        """Load one entry point and take over all that it registers, or list it as broken."""
        entries: list[Entry] = []
        try:
            manager = _manager_of(point.load())
            for hook, kind in KIND_OF_HOOK.items():
                register = Registration(kind, distribution, version, entries, self._entries[kind])
                getattr(manager.hook, hook)(register=register)
        except (Exception, SystemExit) as error:
            self._set_aside(point.name, distribution, version, error)
            return
        for entry in entries:
            self._entries[entry.kind].append(entry)
        self.plugins.append(Plugin(point.name, distribution, version, manager, tuple(entries)))

    def _set_aside(self, name: str, distribution: str, version: str, error: BaseException) -> None:
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        if self._strict:
            raise PluginError(
                f"The plugin {name!r} of {distribution} {version} is broken: {reason}",
                hint=f"Repair or uninstall it, or unset {STRICT_VARIABLE}.",
            ) from error
        trace = "".join(traceback.format_exception(error))
        self.broken.append(BrokenPlugin(name, distribution, version, reason, trace))


def load_plugins() -> PluginHost:
    """Find and load the plugins that are installed.

    Environment:
        REGENE_BENCH_STRICT_PLUGINS: ``1`` makes a broken plugin an error.
        REGENE_BENCH_PLUGINS: Load only these; distributions or entry points, with commas between.
        REGENE_BENCH_BLOCK_PLUGINS: Leave these out, in the same form, whatever is allowed.

    Raises:
        PluginError: A plugin is broken, in strict mode.
    """
    host = PluginHost(strict=is_on(STRICT_VARIABLE))
    allowed = {_normal(name) for name in names_in(ALLOW_VARIABLE)}
    blocked = {_normal(name) for name in names_in(BLOCK_VARIABLE)}
    wanted, idle = set(allowed), set(blocked)
    for distribution, points in _distributions(host):
        name = distribution.metadata["Name"] or "unnamed"
        for point in points:
            names = {_normal(name), _normal(point.name)}
            wanted -= names
            idle -= names
            if names & blocked:
                host.blocked.append(BlockedPlugin(point.name, name, distribution.version))
            elif not allowed or names & allowed:
                host.add(point, name, distribution.version)
    for missing in sorted(wanted):
        reason = PluginError(f"{ALLOW_VARIABLE} names it, but it is not installed")
        host._set_aside(missing, "unknown", "", reason)
    host.blocked += [BlockedPlugin(name) for name in sorted(idle)]
    return host


def _distributions(
    host: PluginHost,
) -> Iterator[tuple[importlib.metadata.Distribution, list[importlib.metadata.EntryPoint]]]:
    """Yield the distributions that declare plugins; the first of one name shadows the others."""
    seen: set[str] = set()
    for distribution in importlib.metadata.distributions():
        try:
            # the text first: parsing every distribution's metadata would cost the start
            text = distribution.read_text("entry_points.txt") or ""
            if GROUP not in text:
                continue
            name = _normal(distribution.metadata["Name"] or "unnamed")
            if name in seen:
                continue
            seen.add(name)
            points = [p for p in distribution.entry_points if p.group == GROUP]
        except Exception as error:
            host._set_aside("entry_points.txt", str(distribution), "", error)
            continue
        if points:
            yield distribution, sorted(points, key=lambda point: point.name)


def _with_argument(entries: list[Entry], name: str) -> Iterator[EntryWithArgument]:
    for entry in entries:
        for own in (entry.name, entry.qualified_name):
            argument = name.removeprefix(f"{own}:")
            if argument not in ("", name):
                changes = {"name": f"{entry.name}:{argument}", "argument": argument}
                yield EntryWithArgument(**(asdict(entry) | changes))


class _Manager(pluggy.PluginManager):
    """Knows one plugin, and passes over hooks of it that only earlier versions had."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:
        options = super().parse_hookimpl_opts(plugin, name)
        if options is None:
            return None
        hook = options.get("specname") or name
        if hook not in RETIRED_HOOKS:
            return options
        _log.info("%s: nothing calls %s since %s", plugin, hook, RETIRED_HOOKS[hook])
        return None


def _manager_of(plugin: object) -> pluggy.PluginManager:
    manager = _Manager(GROUP)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        known = [name for name in vars(hookspecs) if name in vars(manager.hook)]
        names = [n for n in vars(manager.hook) if not n.startswith("_") and n not in known]
        hints = "; ".join(f"{n!r} is no hook. {did_you_mean(n, known)}" for n in names)
        raise PluginError(hints or str(error)) from error
    return manager


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()
