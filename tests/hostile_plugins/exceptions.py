"""Plugins that raise, exit, or are no plugins."""

from __future__ import annotations

from regene_bench.plugins.entries import KIND_OF_HOOK
from tests.hostile_plugins.other_kinds import (
    CHEAP,
    STUDY,
    executor,
    figure,
    figure_files,
    hook,
    source,
    source_files,
)
from tests.hostile_plugins.plugin import (
    Broken,
    FailedRun,
    FailedScore,
    Harmless,
    HostilePlugin,
    Prints,
    Refused,
)
from tests.hostile_plugins.sources import extractor, method, metric

# what may be raised, and what is told of it
_RAISED = {
    "a-key-error": ("raise KeyError('licence')", "'licence'"),
    "exit": ("import sys; sys.exit(0)", ""),
    "cancelled": ("import asyncio; raise asyncio.CancelledError('enough')", "enough"),
    "generator-exit": ("raise GeneratorExit('enough')", "enough"),
    "a-kind-of-its-own": ("class Own(BaseException): pass\nraise Own('enough')", "enough"),
    "a-group": ("raise ExceptionGroup('many', [ValueError('one'), KeyError('two')])", "many"),
    "a-surrogate": (r"raise ValueError('a\udc80b')", r"a\udc80b"),
    "five-megabytes": ("raise ValueError('x' * 5_000_000)", "characters more"),
    "no-text": (
        "class Mute(Exception):\n    def __str__(self):\n        raise SystemExit(0)\nraise Mute",
        "its message cannot be read",
    ),
    "no-traceback": (
        "class Odd(Exception):\n    __cause__ = property(lambda self: 1 / 0)\nraise Odd('odd')",
        "odd",
    ),
    "our-own-without-its-parts": (
        "from regene_bench.api import MethodError\n"
        "class Odd(MethodError):\n    def __init__(self):\n        pass\n"
        "raise Odd",
        "",
    ),
}
_BATCHED = """
@classmethod
def batch_key(cls, config):
    return "all"

@classmethod
def fit_batch(cls, configs, data, runtimes):
"""
_SIZED = "class Sized(MethodConfig):\n    size: int = 1\nBad.Config = Sized\n"
_BATCHES = {
    "exits": ("    raise SystemExit(0)", "0"),
    "gives-nothing": ("    return None", "NoneType"),
    "gives-too-many": ("    return [Model(data)] * 5", "trained 2 runs together and gave 5 models"),
    "writes-into-the-data": (
        "    data.train.images.zero_()\n    return [Model(data)] * len(configs)",
        "fit_batch wrote into the training images",
    ),
}
_ENDS = {name: _RAISED[name] for name in ("a-key-error", "exit", "cancelled", "generator-exit")}


def _in(function: str, lines: str) -> str:
    body = "\n".join(f"    {line}" for line in lines.splitlines())
    return f"def {function}:\n{body}\n"


def _source_that(name: str, body: str, words: str) -> HostilePlugin:
    return HostilePlugin(
        name, source(body), Refused(words), benchmark="bad-data", files=source_files()
    )


def _study_that(name: str, text: str, words: tuple[str, ...], code: int) -> HostilePlugin:
    must = Prints(("study", "bad-study", *CHEAP), words, code)
    return HostilePlugin(name, text, must, files=figure_files())


# carries out all runs but that of the hostile method beside it
_ALL_BUT_BAD = """
def carry_out(job):
    for run in reversed(job.runs):
        if run.entry.name != "bad":
            yield job.execute(run)
        else:
"""


def _executor_that(name: str, at_bad: str, words: str) -> HostilePlugin:
    lines = "\n".join(f"            {line}" for line in at_bad.splitlines())
    text = method() + executor(_ALL_BUT_BAD + lines)
    return HostilePlugin(name, text, FailedRun(words), methods="bad", executor="bad")


HOSTILE = (
    HostilePlugin("exits-on-import", "import sys\nsys.exit(0)\n", Broken("SystemExit")),
    HostilePlugin(
        "is-cancelled-on-import",
        "import asyncio\nraise asyncio.CancelledError\n",
        Broken("CancelledError"),
    ),
    HostilePlugin(
        "raises-on-import",
        "raise KeyError('licence')\n",
        Prints(("list", "plugins"), ("hostile-raises-on-import", "KeyError: 'licence'")),
    ),
    HostilePlugin(
        "raises-without-a-message",
        "class Mute(Exception):\n    def __str__(self):\n        raise KeyError\nraise Mute\n",
        Broken("its message cannot be read"),
    ),
    *(
        HostilePlugin(
            f"registering-ends-in-{name}",
            hook(f"@hookimpl\n{_in('register_methods(register)', lines)}"),
            Broken(words),
        )
        for name, (lines, words) in _ENDS.items()
    ),
    *(
        HostilePlugin(
            f"{name.replace('_', '-')}-raises",
            hook(f"@hookimpl\n{_in(f'{name}(register)', 'raise KeyError(5)')}"),
            Broken("KeyError: 5"),
        )
        for name in KIND_OF_HOOK
    ),
    *(
        HostilePlugin(
            f"fit-batch-{name}",
            method(_BATCHED + body, more=_SIZED),
            FailedRun(words),
            methods="bad[size=1|2]",
            executor="stacked",
        )
        for name, (body, words) in _BATCHES.items()
    ),
    HostilePlugin(
        "a-batch-key-raises",
        method("@classmethod\ndef batch_key(cls, config):\n    raise SystemExit(0)", more=_SIZED),
        Harmless(),
        methods="bad[size=1|2]",
        executor="stacked",
    ),
    *(
        HostilePlugin(
            f"fit-ends-in-{name}",
            method(_in("fit(self, data, runtime)", lines)),
            FailedRun(words),
            methods="bad",
        )
        for name, (lines, words) in _RAISED.items()
    ),
    *(
        HostilePlugin(
            f"measure-ends-in-{name}",
            metric(_in("measure(self, evaluation)", lines)),
            FailedScore(words),
            metrics="bad",
        )
        for name, (lines, words) in _RAISED.items()
    ),
    HostilePlugin(
        "generate-exits",
        method(
            more=f"class Model(Model):\n    {_in('generate(self, labels, rng)', '    exit(0)')}"
        ),
        FailedRun(""),
        methods="bad",
    ),
    HostilePlugin(
        "decode-exits",
        method(
            more="class Model(Model):\n    def encode(self, images):\n        raise SystemExit\n"
            "    def decode(self, latents):\n        raise SystemExit\n"
        ),
        Harmless(),
        methods="bad",
    ),
    HostilePlugin(
        "its-preset-raises",
        method("@classmethod\ndef preset(cls, preset, shape):\n    raise KeyError(preset)"),
        Refused("of hostile-its-preset-raises 1.0: preset('quick') failed: KeyError: 'quick'"),
        methods="bad",
    ),
    HostilePlugin(
        "its-constructor-raises",
        method("def __init__(self, config):\n    raise KeyError('config')"),
        FailedRun("'config'"),
        methods="bad",
    ),
    HostilePlugin(
        "a-metric-cannot-be-made",
        metric("def __init__(self, config=None):\n    raise SystemExit(0)"),
        Refused("The metric 'bad' of hostile-a-metric-cannot-be-made 1.0 failed: SystemExit"),
        metrics="bad",
    ),
    HostilePlugin(
        "a-metric-does-not-know-its-extractors",
        metric("@property\ndef extractors(self):\n    raise KeyError('which')"),
        Refused("failed: KeyError: 'which'"),
        metrics="bad",
    ),
    *(
        HostilePlugin(
            f"preparing-an-extractor-ends-in-{name}",
            extractor(_in("prepare(self, data, runtime)", lines)),
            FailedScore(words, metric="kid"),
            metrics="kid[extractor=bad]",
        )
        for name, (lines, words) in _ENDS.items()
    ),
    *(
        HostilePlugin(
            f"extracting-ends-in-{name}",
            extractor(_in("extract(self, images)", lines)),
            FailedScore(f"of hostile-extracting-ends-in-{name} 1.0 failed", metric="kid"),
            metrics="kid[extractor=bad]",
        )
        for name, (lines, words) in _ENDS.items()
    ),
    HostilePlugin(
        "a-card-raises",
        extractor("@property\ndef card(self):\n    raise KeyError('size')"),
        FailedScore("KeyError: 'size'", metric="kid"),
        metrics="kid[extractor=bad]",
    ),
    _source_that(
        "a-source-exits", _in("prepare(self)", "exit(0)"), "of hostile-a-source-exits 1.0 failed"
    ),
    _source_that("a-source-lacks-a-key", _in("load(self, split)", "{}['x']"), "KeyError: 'x'"),
    _source_that(
        "a-source-cannot-be-made", _in("__init__(self, request)", "{}['x']"), "KeyError: 'x'"
    ),
    _executor_that("an-executor-forgets-a-run", "pass", "returned no record of this run"),
    _executor_that("an-executor-lacks-a-key", "raise KeyError('pool')", "KeyError: 'pool'"),
    _executor_that("an-executor-exits", "raise SystemExit(0)", "SystemExit: 0"),
    _executor_that("an-executor-yields-words", "yield 'done'", "returned no record of this run"),
    HostilePlugin(
        "an-executor-does-nothing",
        method() + executor("def carry_out(job):\n    pass"),
        Prints(
            (
                "run",
                "digits",
                "--methods",
                "bad",
                "--executor",
                "bad",
                "--metrics",
                "trials",
                *CHEAP,
            ),
            ("The executor 'bad' failed: TypeError", "failed: bad (seed 0)"),
            4,
        ),
    ),
    HostilePlugin(
        "observers-raise",
        method()
        + "".join(
            f"@hookimpl\ndef {name}:\n    torch.set_grad_enabled(False)\n    raise SystemExit(0)\n"
            for name in (
                "run_started(run)",
                "run_finished(run, status)",
                "campaign_finished(results)",
            )
        ),
        Harmless(),
        methods="bad",
    ),
    HostilePlugin(
        "a-command-raises",
        hook(
            "@hookimpl\ndef register_commands(cli):\n"
            "    @cli.command()\n    def bad_command():\n        raise KeyError('x')\n"
            "    @cli.command()\n    def other():\n        pass\n"
        ),
        Prints(
            ("bad-command",),
            ("The command 'bad-command' of hostile-a-command-raises 1.0 failed: KeyError: 'x'",),
            2,
        ),
    ),
    HostilePlugin(
        "a-command-cannot-be-read",
        hook(
            "@hookimpl\ndef register_commands(cli):\n"
            "    @cli.command()\n    def bad_command(when: 'nowhere'):\n        pass\n"
        ),
        Prints(("--help",), ("Train, generate and measure",)),
    ),
    _study_that(
        "a-figure-exits",
        figure("def draw(self, views):\n    raise SystemExit(0)"),
        ("The figure bad is missing (failed): SystemExit: 0",),
        4,
    ),
    HostilePlugin(
        "reported-numbers-with-errors",
        figure(
            more="@hookimpl\ndef register_reported(register):\n"
            '    register("bad", "MODULE_files:bad.csv")\n'
        ),
        Prints(("study", "bad-study", *CHEAP), ("A table.",)),
        files={**figure_files(), "MODULE_files/bad.csv": "benchmark,method\ndigits\n"},
    ),
    HostilePlugin(
        "a-benchmark-that-is-no-text",
        source(),
        Refused("bad.toml: UnicodeDecodeError"),
        benchmark="bad-data",
        files={**source_files(), "MODULE_files/bad.toml": "name = '\udc80'"},
    ),
    HostilePlugin(
        "a-benchmark-with-errors",
        source(),
        Refused("bad.toml of hostile-a-benchmark-with-errors 1.0: not valid TOML"),
        benchmark="bad-data",
        files={**source_files(), "MODULE_files/bad.toml": "name = "},
    ),
    HostilePlugin(
        "a-study-with-errors",
        figure(),
        Prints(
            ("study", "bad-study", *CHEAP),
            ("study.toml of hostile-a-study-with-errors 1.0: unknown key 'metods'",),
            2,
        ),
        files=figure_files(STUDY.replace("methods", "metods")),
    ),
    _study_that(
        "a-figure-writes-into-the-data",
        figure(
            "def draw(self, views):\n"
            "    views[0].data.train.images.zero_()\n"
            "    yield Exhibit('bad', 'A table.', {'x': [1]})"
        ),
        ("The figure bad is missing (failed): MethodError: draw wrote into the training images",),
        3,
    ),
    _study_that(
        "a-figure-cannot-be-made",
        figure("def __init__(self, config):\n    raise KeyError('size')"),
        ("The figure 'bad' of hostile-a-figure-cannot-be-made 1.0 failed: KeyError: 'size'",),
        2,
    ),
    HostilePlugin(
        "unmarked-hooks",
        method()
        + "def register_metrics(register):\n    pass\n"
        + "import pluggy\n@pluggy.HookimplMarker('pytest')\ndef register_figures(register): pass\n",
        Prints(
            ("list", "methods"),
            ("defines register_metrics, which nothing calls", "marked as a hook of 'pytest'"),
        ),
    ),
    HostilePlugin(
        "broken-beside-a-name-that-is-not-there",
        "raise ImportError('no licence')\n",
        Refused("Left out as broken: hostile-broken-beside-a-name-that-is-not-there"),
        methods="bed",
    ),
    HostilePlugin(
        "broken-beside-an-executor-that-is-not-there",
        "raise ImportError('no licence')\n",
        Refused("`regene-bench doctor` says why"),
        executor="clusterr",
    ),
)
