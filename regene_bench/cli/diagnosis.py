"""What ``regene-bench doctor`` looks at; every check ends in findings, never in an exception."""

from __future__ import annotations

import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, NoReturn

from regene_bench.base.environment import BLOCK_VARIABLE
from regene_bench.base.errors import ConfigError, RegeneBenchError
from regene_bench.base.paths import cache_dir, data_roots, download_dir, weights_dir
from regene_bench.base.text import words_of
from regene_bench.plugins.entries import OWN_EXECUTORS, Entry
from regene_bench.plugins.host import KINDS, PluginHost

State = Literal["ok", "missing", "broken", "info"]
_GIGABYTE = 1e9


@dataclass(frozen=True)
class Finding:
    """One line of a diagnosis.

    Attributes:
        topic: What was looked at: ``"device"``, ``"plugins"``, ``"data"`` ...
        name: Which one of it.
        state: ``"broken"`` is for what should work and does not.
        detail: What was found, or what to do; may have several lines.
    """

    topic: str
    name: str
    state: State
    detail: str


def diagnose(host: PluginHost, results: Path, data: Iterable[Path] = ()) -> list[Finding]:
    """Look at everything that runs depend on.

    Args:
        host: The plugins.
        results: The results folder.
        data: Folders that may hold data sets, as with ``run --data``.
    """
    return [
        *_device(),
        openvino(),
        *_plugins(host),
        *_data(host, tuple(data)),
        *_weights(host),
        *_disk(results),
    ]


def verified(host: PluginHost, results: Path) -> list[Finding]:
    """Read every file of a results folder and of the caches."""
    from regene_bench.harness.verification import look_at_caches, look_at_results

    looked = [*look_at_caches(host), *look_at_results(results)]
    damaged = [one for one in looked if one.damage]
    summary = f"{len(looked)} were read, {len(damaged)} are damaged"
    return [
        Finding("files", "all", "broken" if damaged else "ok", summary),
        *(
            Finding("files", one.path.name, "broken", f"{one.path}: {one.damage}\n{one.remedy}")
            for one in damaged
        ),
    ]


def _device() -> list[Finding]:
    from regene_bench.runtime import provenance

    versions = ", ".join(f"{n} {v}" for n, v in sorted(provenance.package_versions().items()))
    findings = [
        Finding("device", "python", "info", provenance.python_version()),
        Finding("device", "packages", "info", versions),
    ]
    try:
        from regene_bench.runtime.device import choose_device, choose_precision, device_name

        device = choose_device()
        name = device_name(device) or f"{os.cpu_count() or 1} processors"
        precision = choose_precision("auto", device)
    except Exception as error:
        return [*findings, Finding("device", "auto", "broken", _reason(error))]
    return [*findings, Finding("device", device.type, "ok", f"{name}, trains in {precision}")]


def openvino() -> Finding:
    """Tell whether OpenVINO, which is an extra, is here to compute features on a CPU."""
    try:
        detail = f"{version('openvino')}, computes features on a CPU"
    except PackageNotFoundError:
        remedy = "on a CPU it computes features in less time: `pip install 'regene-bench[fast]'`"
        return Finding("device", "openvino", "missing", remedy)
    return Finding("device", "openvino", "ok", detail)


def _plugins(host: PluginHost) -> list[Finding]:
    findings = [
        Finding("plugins", p.name, "ok", f"{p.distribution} {p.version}") for p in host.plugins
    ]
    findings += [
        Finding("plugins", p.name, "broken", told) for p in host.plugins for told in p.unheard
    ]
    for plugin in host.broken:
        where = f"{plugin.distribution} {plugin.version}".strip()
        detail = f"{where}: {plugin.error}\n{plugin.traceback.strip()}"
        findings.append(Finding("plugins", plugin.name, "broken", detail))
    for blocked in host.blocked:
        where = f"{blocked.distribution} {blocked.version}".strip() or "it is not installed"
        detail = f"blocked by {BLOCK_VARIABLE}: {where}"
        findings.append(Finding("plugins", blocked.name, "info", detail))
    for kind in KINDS:
        findings += _shared_names(host, kind)
        for name, entry in zip(host.shown_names(kind), host.entries(kind), strict=True):
            try:
                _check_entry(host, entry)
            except RegeneBenchError as error:
                findings.append(Finding("plugins", f"{kind} {name}", "broken", str(error)))
    return [*findings, *_files_with_errors(host)]


def _files_with_errors(host: PluginHost) -> list[Finding]:
    """Name the studies and the files of reported numbers in which something is wrong."""
    from regene_bench.plan.reported import parse_reported
    from regene_bench.studies.definition import load_study

    findings = []
    for kind in ("study", "reported"):
        for name, entry in zip(host.shown_names(kind), host.entries(kind), strict=True):
            try:
                if kind == "study":
                    load_study(host, entry.qualified_name)
                else:
                    list(parse_reported(entry.read(), entry.place))
            except ConfigError as error:  # one that is not there was named before
                findings.append(Finding("plugins", f"{kind} {name}", "broken", str(error)))
    return findings


def _shared_names(host: PluginHost, kind: str) -> list[Finding]:
    """Name what is registered by several distributions, and how each is meant."""
    entries = host.entries(kind)
    findings = []
    for name in sorted({entry.name for entry in entries}):
        sharing = [entry.qualified_name for entry in entries if entry.name == name]
        if kind == "executor" and name in OWN_EXECUTORS:
            detail = f"the name alone means ours; write {' or '.join(sharing)}"
        elif len(sharing) > 1:
            detail = f"registered more than once; write {' or '.join(sharing)}"
        else:
            continue
        findings.append(Finding("plugins", f"{kind} {name}", "broken", detail))
    return findings


def _check_entry(host: PluginHost, entry: Entry) -> None:
    """Load what is registered, and hold it to what it is called.

    Raises:
        RegeneBenchError: It cannot be used, or would be taken for another.
    """
    from regene_bench.plan.columns import check_metric, refuse_borrowed_columns
    from regene_bench.plan.protocol import load_benchmark

    loaded = entry.load()
    if entry.kind == "metric":
        check_metric(entry, loaded)
        refuse_borrowed_columns(host, entry)
    if entry.kind == "benchmark":
        load_benchmark(host, entry.qualified_name)


def _data(host: PluginHost, extra: tuple[Path, ...]) -> list[Finding]:
    """Ask every benchmark's source for its data, with downloads refused."""
    from regene_bench.data.source import SourceRequest
    from regene_bench.plan.protocol import load_benchmark
    from regene_bench.runtime.process_state import kept_process_state

    urllib.request.install_opener(_Refusal())
    findings = []
    for name in host.shown_names("benchmark"):
        try:
            benchmark = load_benchmark(host, name)
            table = benchmark.data
            found = host.find("dataset", table.source, home=benchmark.distribution)
            request = SourceRequest(
                name=found.name,
                shape=table.shape,
                roots=data_roots(extra),
                download_dir=download_dir(),
                options=table.options,
                splits=table.splits,
            )
            with kept_process_state():
                source = found.load()(request)
                source.prepare()
                folders = sorted({str(Path(file).parent) for file in source.files()})
            where = ", ".join(folders) or "embedded"
            findings.append(Finding("data", name, "ok", where))
        except RegeneBenchError as error:
            findings.append(Finding("data", name, "missing", str(error)))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit, too
            findings.append(Finding("data", name, "broken", _reason(error)))
    urllib.request.install_opener(urllib.request.build_opener())
    return findings


def _weights(host: PluginHost) -> list[Finding]:
    from regene_bench.plan.weights import find_weights, known_weights, weights_state

    findings = []
    for known in known_weights(host):
        state = weights_state(known.file)
        try:
            detail = str(find_weights(known.file))
        except RegeneBenchError as error:
            detail = str(error)
        named: State = "broken" if state == "corrupt" else state
        findings.append(Finding("weights", known.file.name, named, detail))
    return findings


def _disk(results: Path) -> list[Finding]:
    findings = []
    for name, folder in (("results", results), ("cache", cache_dir())):
        present = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
        try:
            free = shutil.disk_usage(present).free / _GIGABYTE
            used = folder_size(folder) / _GIGABYTE
        except OSError as error:
            findings.append(Finding("disk", name, "broken", f"{folder}: {error.strerror}"))
            continue
        writable = os.access(present, os.W_OK)
        detail = f"{folder}: {used:.2f} GB used, {free:.1f} GB free"
        if not writable:
            detail += "; it cannot be written to"
        findings.append(Finding("disk", name, "ok" if writable else "broken", detail))
    findings.append(Finding("disk", "weights", "info", str(weights_dir())))
    return findings


def folder_size(folder: Path) -> int:
    """Bytes of all files below a folder; 0 if there is none. Links are not followed."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(root) / name).lstat().st_size
            except OSError:
                continue  # removed meanwhile
    return total


class _Refusal(urllib.request.OpenerDirector):
    """An opener that opens nothing: looking must not start a download of hundreds of megabytes."""

    def open(self, *_: Any, **__: Any) -> NoReturn:
        raise urllib.error.URLError("not tried: doctor does not download")


def _reason(error: BaseException) -> str:
    return words_of(error)
