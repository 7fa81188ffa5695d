"""Discovery of plugins: whatever one of them does, the others and the host go on.

Every plugin gets a pluggy manager of its own. One shared manager would let a raising hook end the
call for all, drop the second of two plugins of one name, and keep half of a plugin that failed.
Nothing heavy is imported here: targets load on first use.
"""

from __future__ import annotations

import copy
import importlib.metadata
import logging
from dataclasses import dataclass, field
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
from regene_bench.base.guard import NOT_A_FAULT
from regene_bench.base.text import traceback_of, words_of
from regene_bench.plugins.arguments import with_argument
from regene_bench.plugins.distributions import GROUP, find_distributions, normal_name
from regene_bench.plugins.entries import (
    KIND_OF_HOOK,
    KINDS,
    OWN_DISTRIBUTION,
    RETIRED_HOOKS,
    Entry,
    Registration,
)
from regene_bench.plugins.unheard_hooks import unheard_hooks
from regene_bench.runtime.process_state import kept_process_state

if TYPE_CHECKING:
    import typer


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
        unheard: A sentence for each function that is named like a hook and is none.
    """

    name: str
    distribution: str
    version: str
    manager: pluggy.PluginManager = field(repr=False, compare=False)
    entries: tuple[Entry, ...] = field(default=(), repr=False, compare=False)
    unheard: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def registered(self) -> dict[str, list[str]]:
        """Names of what it registered, by kind, in the order of ``KINDS``."""
        names = {kind: sorted(e.name for e in self.entries if e.kind == kind) for kind in KINDS}
        return {kind: own for kind, own in names.items() if own}

    def implements(self, *hooks: str) -> list[str]:
        """Those of some hooks that it implements."""
        return [hook for hook in hooks if getattr(self.manager.hook, hook).get_hookimpls()]


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

    def knows(self, kind: str, name: str) -> bool:
        """Tell whether ``find`` would find anything, without a thought to what was meant."""
        return bool(self._candidates(kind, name))

    def spelling(self, entry: Entry) -> str:
        """Return the shortest name by which ``find`` gives this entry to who types it."""
        meant = self._candidates(entry.kind, entry.name)
        return entry.name if len(meant) == 1 else entry.qualified_name

    def name_in_results(self, entry: Entry) -> str:
        """Return what files call something foreign that has the name of ours: ``other-dist.name``.

        What is made with it would else be taken for ours, or lie in its place. All else is called
        by its mere name, whatever is installed beside it.
        """
        ours = any(e.is_our_own and e.name == entry.name for e in self._entries[entry.kind])
        if entry.is_our_own or not ours:
            return entry.name
        return f"{normal_name(entry.distribution)}.{entry.name}"

    def find(self, kind: str, name: str, *, home: str = "") -> Entry:
        """Look up an entry by its name or by ``distribution:name``.

        A feature extractor's name may have an argument behind a colon: ``timm:resnet18``.

        Args:
            kind: One of ``KINDS``.
            name: The name.
            home: The distribution in whose protocol, study or class the name stands. Where several
                distributions register the name, that one's own is meant, else regene-bench's:
                what else is installed changes nobody's meaning. Empty for what a user typed,
                which must be unique.

        Raises:
            UsageError: Unknown; names the nearest known one.
            PluginError: Several distributions register it; names all.
        """
        found = self._candidates(kind, name)
        if not found:
            word = kind.replace("_", " ")
            hint = did_you_mean(name, self.shown_names(kind))
            raise UsageError(f"There is no {word} {name!r}.", hint=self.with_left_out(hint))
        if len(found) == 1:
            return found[0]
        for first in (home, OWN_DISTRIBUTION) if home else ():
            for entry in found:
                if entry.distribution == first:
                    return entry
        whole = [entry.qualified_name for entry in found]
        clear = [repr(each) for each in whole if len(self._candidates(kind, each)) == 1]
        raise PluginError(
            f"The {kind.replace('_', ' ')} {name!r} is registered by "
            f"{' and by '.join(e.distribution for e in found)}.",
            hint=f"Write {' or '.join(clear)}.",
        )

    def _candidates(self, kind: str, name: str) -> list[Entry]:
        """All entries that a name may mean; a whole name before one with an argument.

        But for our own: no distribution called ``timm`` takes ``timm:resnet18`` silently.
        """
        entries = self.entries(kind)
        found = [e for e in entries if name in (e.name, e.qualified_name)]
        if kind != "feature_extractor" or any(e.is_our_own for e in found):
            return found
        more = list(with_argument(entries, name))
        return found + [e for e in more if e.is_our_own or not found]

    def with_left_out(self, hint: str) -> str:
        """Add to the hint of a name that was not found which plugins are broken or blocked.

        What they would have registered, nobody knows.
        """
        blocked = sorted({plugin.distribution for plugin in self.blocked} - {""})
        if blocked:
            word = "is" if len(blocked) == 1 else "are"
            hint = f"{hint} Blocked by {BLOCK_VARIABLE} {word} {', '.join(blocked)}."
        told = self.left_out()
        return f"{hint}\n{told}" if told else hint

    def left_out(self) -> str:
        """Which plugins are left out as broken, in a sentence; empty if none is."""
        if not self.broken:
            return ""
        names = ", ".join(sorted({broken.distribution for broken in self.broken}))
        return f"Left out as broken: {names}; `regene-bench doctor` says why."

    def unheard(self) -> list[str]:
        """What was meant for plugins and is heard by none, a sentence each.

        Functions that are named like hooks and are none, and plugins that were to be blocked and
        are not installed.
        """
        told = [told for plugin in self.plugins for told in plugin.unheard]
        gone = [plugin.name for plugin in self.blocked if not plugin.distribution]
        return told + [f"no plugin is blocked as {name!r}: none is called so" for name in gone]

    def notify(self, hook: str, **arguments: Any) -> None:
        """Tell all observers; the failure of one is logged, and the next one is told.

        Each is handed a copy of the arguments.
        """
        for plugin in self.plugins:
            own = copy.deepcopy(arguments)
            try:
                with kept_process_state():
                    getattr(plugin.manager.hook, hook)(**own)
            except NOT_A_FAULT:
                raise
            except BaseException as error:
                # one line for the user, who can do nothing about it; the rest for its author
                where = f"{plugin.distribution} {plugin.version}".strip()
                _log.error("The observer %s of %s failed: %s", hook, where, words_of(error))
                _log.debug("%s", traceback_of(error))

    def commands_of(self, plugin: Plugin) -> typer.Typer | None:
        """Ask a plugin for its commands; one that fails is listed as broken and adds none."""
        import typer

        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        # a callback makes typer keep a group, however few commands there are
        app.callback()(lambda: None)
        try:
            with kept_process_state(importing=True):
                plugin.manager.hook.register_commands(cli=app)
                typer.main.get_command(app)  # which looks at every command's arguments
        except NOT_A_FAULT:
            raise
        except BaseException as error:
            self.set_aside(plugin.name, plugin.distribution, plugin.version, error)
            return None
        return app

    def add(self, point: importlib.metadata.EntryPoint, distribution: str, version: str) -> None:
        """Load one entry point and take over all that it registers, or list it as broken."""
        entries: list[Entry] = []
        try:
            with kept_process_state(importing=True):
                plugin = point.load()
                manager = _manager_of(plugin)
                for hook, kind in KIND_OF_HOOK.items():
                    known = self._entries[kind]
                    register = Registration(kind, distribution, version, entries, known)
                    getattr(manager.hook, hook)(register=register)
                unheard = unheard_hooks(plugin, f"{distribution} {version}".strip())
        except NOT_A_FAULT:
            raise
        except BaseException as error:
            self.set_aside(point.name, distribution, version, error)
            return
        for entry in entries:
            self._entries[entry.kind].append(entry)
        own = tuple(entries)
        self.plugins.append(Plugin(point.name, distribution, version, manager, own, unheard))

    def set_aside(self, name: str, distribution: str, version: str, error: BaseException) -> None:
        """List a plugin as broken.

        Raises:
            PluginError: In strict mode.
        """
        reason = words_of(error)
        if self._strict:
            raise PluginError(
                f"The plugin {name!r} of {distribution} {version} is broken: {reason}",
                hint=f"Repair or uninstall it, or unset {STRICT_VARIABLE}.",
            ) from error
        trace = traceback_of(error)
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
    allowed = {normal_name(name) for name in names_in(ALLOW_VARIABLE)}
    blocked = {normal_name(name) for name in names_in(BLOCK_VARIABLE)}
    wanted, idle = set(allowed), set(blocked)
    for found in find_distributions():
        for point in found.points:
            names = {normal_name(found.name), normal_name(point.name)}
            wanted -= names
            idle -= names
            if names & blocked:
                host.blocked.append(BlockedPlugin(point.name, found.name, found.version))
            elif allowed and not names & allowed:
                continue
            elif found.error is None:
                host.add(point, found.name, found.version)
            else:
                host.set_aside(point.name, found.name, found.version, found.error)
        if found.error is not None and not found.points:
            host.set_aside("entry_points.txt", found.name, found.version, found.error)
    for missing in sorted(wanted):
        reason = PluginError(f"{ALLOW_VARIABLE} names it, but it is not installed")
        host.set_aside(missing, "unknown", "", reason)
    host.blocked += [BlockedPlugin(name) for name in sorted(idle)]
    return host


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
