"""Plugins that take a name, a column or an identity that is not theirs."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version

from tests.conftest import tiny_protocol_text
from tests.hostile_plugins.plugin import (
    Broken,
    FailedScore,
    Harmless,
    HostilePlugin,
    Prints,
    Refused,
)
from tests.hostile_plugins.sources import extractor, method, metric

_SMALL = "images=64,width=4,discriminator_width=4"


def _columns(*names: str) -> str:
    return metric(f"columns = tuple(Column(name, 'lower') for name in {names!r})")


def _reports(name: str, *columns: str, says: str) -> HostilePlugin:
    return HostilePlugin(name, _columns(*columns), Refused(says), metrics="bad")


COLUMNS = (
    _reports("reports-fid", "fid", says="'bad' of hostile-reports-fid reports the column 'fid'"),
    _reports("reports-fid-in-capitals", "FID", says="reports the column 'FID', as 'fid' of"),
    _reports("reports-fid-with-dashes", "fd-per.class", says="reports the column 'fd-per.class'"),
    _reports("a-column-with-an-invisible-letter", "fi\u200bd", says=r"name is 'fi\u200bd'"),
    _reports("a-column-with-a-letter-that-looks-alike", "f\u0456d", says="the column 'f\u0456d'"),
    _reports("a-column-with-brackets", "fd[inception]", says="the column 'fd[inception]'"),
    _reports("a-column-of-two", "bad,fid", says="the column 'bad,fid'"),
    _reports("a-column-without-a-name", "", says="a column's name is ''"),
    _reports("a-column-with-a-line-break", "fid\n", says=r"a column's name is 'fid\n'"),
    _reports("two-columns-that-read-alike", "sharp", "Sharp", says="which readers take for one"),
    _reports("one-column-twice", "sharp", "sharp", says="two of its columns have one name: sharp"),
    _reports("no-columns", says="its columns are ()"),
    HostilePlugin(
        "columns-that-are-words",
        metric('columns = ("bad",)'),
        Refused("one of its columns is 'bad', not a Column"),
        metrics="bad",
    ),
    HostilePlugin(
        "an-option-that-no-row-tells-of",
        metric(
            "Config = Options",
            more="",
        ).replace("class Bad(", "class Options(MetricConfig):\n    k: int = 5\n\n\nclass Bad("),
        Refused("has the option 'k'"),
        metrics="bad[k=9]",
    ),
    HostilePlugin(
        "two-that-share-a-column",
        _columns("sharpness"),
        Refused("'sharpness', as 'bad' of hostile-the-other"),
        metrics="hostile-two-that-share-a-column:bad",
        beside=(HostilePlugin("the-other", _columns("sharpness"), Harmless()),),
    ),
)

_CARD = (
    '@property\ndef card(self):\n    return ExtractorCard("ID", 0, (0.0, 255.0), 8, "aa", "none")'
)
EXTRACTORS = (
    HostilePlugin(
        "a-card-of-inception",
        extractor(_CARD.replace("ID", "inception")),
        FailedScore("'bad' calls itself 'inception' on its card", metric="kid"),
        metrics="kid[extractor=bad]",
    ),
    HostilePlugin(
        "an-extractor-called-inception",
        extractor(_CARD.replace("ID", "inception"), name="inception"),
        FailedScore("the id 'hostile-an-extractor-called-inception:inception'", metric="kid"),
        metrics="kid[extractor=hostile-an-extractor-called-inception:inception]",
    ),
    HostilePlugin(
        "an-extractor-called-neutral",
        extractor(
            _CARD.replace("ID", "hostile-an-extractor-called-neutral:neutral"), name="neutral"
        ),
        Harmless(),
        metrics="kid[extractor=hostile-an-extractor-called-neutral:neutral]",
    ),
    HostilePlugin(
        "an-extractor-that-is-ambiguous",
        extractor(name="neutral"),
        Refused("Write 'hostile-an-extractor-that-is-ambiguous:neutral' or 'regene-bench:neutral'"),
        metrics="kid[extractor=neutral]",
    ),
    HostilePlugin(
        "a-distribution-called-as-an-extractor",
        extractor(_CARD.replace("ID", "resnet18"), name="resnet18"),
        Refused("Write 'regene-bench:timm:resnet18'"),
        distribution="timm",
        version=version("timm"),
        metrics="kid[extractor=timm:resnet18]",
    ),
)

_WITH_ITS_OWN_EXTRACTOR = (
    metric(
        """
        @property
        def extractors(self):
            return ("mine",)

        def measure(self, evaluation):
            features = evaluation.generated_features("mine").features
            yield Score("bad", float(features.mean()), card=evaluation.card("mine"))
        """
    )
    + """

class Mine(FeatureExtractor):
    @property
    def card(self):
        return ExtractorCard("mine", 0, (0.0, 255.0), 8, "aa", "none")

    def prepare(self, data, runtime):
        pass

    def extract(self, images):
        return Features(images.float().mean(dim=1).flatten(1)[:, :8])


@hookimpl
def register_feature_extractors(register):
    register("mine", "MODULE:Mine")
"""
)
EXTRACTORS += (
    HostilePlugin(
        "an-extractor-that-two-call-mine",
        _WITH_ITS_OWN_EXTRACTOR,
        Harmless(),
        metrics="bad",
        beside=(
            HostilePlugin(
                "the-other-mine",
                extractor("def prepare(self, data, runtime): raise SystemExit(0)", name="mine"),
                Harmless(),
            ),
        ),
    ),
)

_CGAN = method(name="cgan")
NAMES = (
    HostilePlugin(
        "a-method-called-cgan",
        _CGAN,
        Harmless(),
        methods="hostile-a-method-called-cgan:cgan",
    ),
    HostilePlugin(
        "a-method-that-is-ambiguous",
        _CGAN,
        Refused("Write 'hostile-a-method-that-is-ambiguous:cgan' or 'regene-bench:cgan'"),
        methods=f"cgan[{_SMALL}]",
    ),
    HostilePlugin(
        "a-listed-cgan",
        _CGAN,
        Prints(("list", "methods"), ("hostile-a-listed-cgan:cgan", "regene-bench:cgan")),
    ),
    HostilePlugin(
        "an-info-of-two",
        _CGAN,
        Prints(("info", "cgan"), ("'hostile-an-info-of-two:cgan' or 'regene-bench:cgan'",), 2),
    ),
    HostilePlugin(
        "an-info-of-one-of-two",
        _CGAN,
        Prints(
            ("info", "hostile-an-info-of-one-of-two:cgan"),
            ("from hostile-an-info-of-one-of-two 1.0",),
        ),
    ),
    HostilePlugin(
        "a-metric-called-neutral",
        metric(name="neutral"),
        Harmless(),
        metrics="hostile-a-metric-called-neutral:neutral",
    ),
    HostilePlugin(
        "a-metric-that-is-ambiguous",
        metric(name="neutral"),
        Refused("Write 'hostile-a-metric-that-is-ambiguous:neutral' or 'regene-bench:neutral'"),
        metrics="neutral",
    ),
    HostilePlugin(
        "one-name-in-two-foreign-distributions",
        method(),
        Refused("'hostile-one-name-in-two-foreign-distributions:bad' or 'hostile-the-second:bad'"),
        methods="bad",
        beside=(HostilePlugin("the-second", method(), Harmless()),),
    ),
)


def _registers(name: str, given: str, says: str, kind: str = "method") -> HostilePlugin:
    return HostilePlugin(name, method().replace('"bad"', given, 1), Broken(says))


NO_NAMES = (
    _registers("a-name-with-brackets", '"b[a]d"', "'b[a]d' is no name"),
    _registers("a-name-with-a-colon", '"regene-bench:cgan"', "'regene-bench:cgan' is no name"),
    _registers("a-name-that-is-empty", '""', "'' is no name"),
    _registers("a-name-that-is-a-number", "5", "5 is no name"),
    _registers("a-name-with-a-blank", '"cgan "', "'cgan ' is no name"),
    _registers("a-name-that-looks-alike", '"\u0441gan"', "'\u0441gan' is no name"),
    HostilePlugin(
        "a-name-that-is-a-path",
        method().replace("register_methods", "register_benchmarks").replace('"bad"', '"my.toml"'),
        Broken("'my.toml' is no name: what ends in .toml"),
    ),
    HostilePlugin(
        "one-name-twice",
        method()
        .replace('register("bad", "MODULE:Bad")', "register('bad', 'MODULE:Bad')\n" * 2)
        # both lines belong to the hook
        .replace("\nregister('bad'", "\n    register('bad'"),
        Broken("registers the method 'bad' twice"),
    ),
)

_EXECUTOR = """
from regene_bench.hookspecs import hookimpl


@hookimpl
def register_executors(register):
    register("NAME", "MODULE:carry_out")


def carry_out(job):
    BODY
"""
_WORKS = _EXECUTOR.replace("BODY", "yield from map(job.execute, job.runs)")
EXECUTORS = (
    HostilePlugin(
        "an-executor-called-serial",
        _EXECUTOR.replace("NAME", "serial").replace("BODY", "raise SystemExit(0)"),
        Harmless(),
        executor="serial",
    ),
    HostilePlugin(
        "an-executor-called-serial-in-full",
        _WORKS.replace("NAME", "serial"),
        Harmless(),
        executor="hostile-an-executor-called-serial-in-full:serial",
    ),
    HostilePlugin(
        "ours-in-full",
        _EXECUTOR.replace("NAME", "serial").replace("BODY", "raise SystemExit(0)"),
        Harmless(),
        executor="regene-bench:serial",
    ),
    HostilePlugin(
        "an-executor-in-two-distributions",
        _WORKS.replace("NAME", "cluster"),
        Refused("Write 'hostile-an-executor-in-two-distributions:cluster' or"),
        executor="cluster",
        beside=(HostilePlugin("another", _WORKS.replace("NAME", "cluster"), Harmless()),),
    ),
)

DISTRIBUTIONS = (
    HostilePlugin(
        "says-that-it-is-regene-bench",
        method(name="cgan"),
        Broken("it calls itself 'regene-bench', which is this program's own name"),
        distribution="regene-bench",
        version="99",
    ),
    HostilePlugin(
        "says-so-in-other-letters",
        method(name="cgan"),
        Broken("it calls itself 'ReGene_Bench', which is this program's own name"),
        distribution="ReGene_Bench",
    ),
    HostilePlugin(
        "takes-our-plugin-for-its-own",
        "",
        Broken("it calls itself 'Regene.Bench'"),
        distribution="Regene.Bench",
        entry_points="[regene_bench]\nplugin = regene_bench_plugins.registration\n",
    ),
    HostilePlugin(
        "a-distribution-whose-name-looks-alike",
        method(name="cgan"),
        Broken("the name 'regen\u0435-bench'"),
        distribution="regen\u0435-bench",
    ),
    HostilePlugin(
        "a-distribution-with-a-colon",
        method(name="cgan"),
        Broken("the name 'regene-bench:cgan'"),
        distribution="regene-bench:cgan",
    ),
    HostilePlugin(
        "a-distribution-that-clears-the-screen",
        method(),
        Broken(r"the name 'bad\x1b[2J'"),
        distribution="bad\x1b[2J",
    ),
    HostilePlugin(
        "a-distribution-without-a-name",
        method(),
        Broken("give no name"),
        distribution="unnamed",
        metadata="Metadata-Version: 2.1\nVersion: 1.0\n",
    ),
    HostilePlugin(
        "a-distribution-without-a-version",
        method(),
        Broken("give no version"),
        metadata="Metadata-Version: 2.1\nName: hostile-a-distribution-without-a-version\n",
    ),
    HostilePlugin(
        "a-distribution-called-external",
        method(),
        Broken("as results call images that another program made"),
        distribution="External",
    ),
    HostilePlugin(
        "needs-a-newer-regene-bench",
        method(),
        Broken("it requires regene-bench>=99, and this is"),
        requires=("torch>=2", "regene-bench>=99"),
    ),
    HostilePlugin(
        "needs-an-older-regene-bench",
        method(),
        Broken("it requires Regene_Bench<0.1, and this is"),
        requires=("Regene_Bench <0.1",),
    ),
    HostilePlugin(
        "needs-what-cannot-be-read",
        method(),
        Broken("it requires 'regene-bench>=soon', which cannot be read"),
        requires=("regene-bench>=soon",),
    ),
    HostilePlugin(
        "needs-a-newer-one-for-an-extra",
        method(),
        Harmless(),
        requires=('regene-bench>=99; extra == "future"', "regene-bench-tools>=99", "regene-bench"),
        methods="bad",
    ),
    HostilePlugin(
        "two-distributions-of-one-name",
        method(),
        Broken("another distribution of this name, hostile-twin 1.0, comes first"),
        distribution="hostile-twin",
        beside=(
            HostilePlugin(
                "the-twin", method(name="worse"), Harmless(), distribution="hostile-twin"
            ),
        ),
    ),
)

_PROTOCOL = tiny_protocol_text("neutral", rank_by="accuracy_neutral")
_REGISTERS_A_FILE = """
from regene_bench.hookspecs import hookimpl


@hookimpl
def register_KINDs(register):
    register("NAME", "MODULE:FILE.toml")
"""


def _benchmark(name: str, registered: str, says: str) -> HostilePlugin:
    module = f"hostile_{name.replace('-', '_')}"
    source = _REGISTERS_A_FILE.replace("KIND", "benchmark").replace("NAME", registered)
    return HostilePlugin(
        name,
        "",
        Refused(says),
        entry_points="[regene_bench]\nplugin = MODULE.hooks\n",
        files={
            f"{module}/__init__.py": "",
            f"{module}/hooks.py": source.replace("FILE", "tiny"),
            f"{module}/tiny.toml": _PROTOCOL,
        },
        benchmark=registered,
    )


FILES = (
    _benchmark("a-protocol-that-calls-itself-otherwise", "small", "calls itself 'tiny' in"),
    replace(
        _benchmark("a-protocol-called-mnist", "mnist", ""),
        must=Refused("'hostile-a-protocol-called-mnist:mnist' or 'regene-bench:mnist'"),
    ),
)

HOSTILE = (
    *COLUMNS,
    *EXTRACTORS,
    *NAMES,
    *NO_NAMES,
    *EXECUTORS,
    *DISTRIBUTIONS,
    *FILES,
)
