"""Published network weights on this machine: pinned by SHA-256, in place only when verified."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from regene_bench.base.environment import is_offline
from regene_bench.base.errors import (
    DataError,
    PluginError,
    ResultsError,
    UnavailableError,
    UsageError,
)
from regene_bench.base.events import silent
from regene_bench.base.files import sweep_abandoned, whole_file
from regene_bench.base.paths import weights_dir
from regene_bench.data.download import Archive, fetch, sha256_of
from regene_bench.evaluation.extractor import WeightsFile
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.locks import exclusive
from regene_bench.runtime.stop import StopRequest

WeightsState = Literal["ok", "missing", "corrupt"]
ReportBytes = Callable[[int, int], None]


@dataclass(frozen=True)
class KnownWeights:
    """A weights file and the extractors that need it."""

    file: WeightsFile
    extractors: tuple[str, ...]


def known_weights(host: PluginHost) -> list[KnownWeights]:
    """List the files that the registered extractors need, by name.

    Extractors that cannot be imported are left out; ``doctor`` names them.
    """
    needed: dict[WeightsFile, list[str]] = {}
    for entry in host.entries("feature_extractor"):
        with contextlib.suppress(PluginError):
            for file in entry.load().weights:
                needed.setdefault(file, []).append(entry.name)
    files = sorted(needed, key=lambda file: file.name)
    return [KnownWeights(file, tuple(needed[file])) for file in files]


def weights_path(file: WeightsFile) -> Path:
    """Where a file is kept, be it there or not."""
    return weights_dir() / Path(file.filename).name


def weights_state(file: WeightsFile) -> WeightsState:
    """Look whether a file is there and has its hash; ``corrupt`` is all that is there without."""
    path = weights_path(file)
    try:
        if not path.is_file():
            return "missing"
        right = path.stat().st_size == file.size and sha256_of(path) == file.sha256
    except OSError:
        return "corrupt"
    return "ok" if right else "corrupt"


def find_weights(file: WeightsFile) -> Path:
    """Return the path of a verified file.

    Raises:
        UnavailableError: It is not there, or is not the published file; says how to get it.
    """
    state = weights_state(file)
    if state == "ok":
        return weights_path(file)
    what = "are not on this machine" if state == "missing" else "do not have their SHA-256"
    raise UnavailableError(
        f"The weights {file.name!r} {what} ({weights_path(file)}).", hint=_remedy(file)
    )


def obtain_weights(file: WeightsFile, progress: ReportBytes | None = None) -> Path:
    """Return the path of a verified file, fetching it if need be.

    Raises:
        UnavailableError: It is neither there nor to be had; says how to get it.
    """
    try:
        return find_weights(file)
    except UnavailableError:
        return fetch_weights(file, progress=progress)


def fetch_weights(
    file: WeightsFile, *, offline: bool = False, progress: ReportBytes | None = None
) -> Path:
    """Download a file from its publisher unless it is there, verified.

    Args:
        file: What to fetch.
        offline: Never use the network; ``$REGENE_BENCH_OFFLINE`` means the same.
        progress: Told bytes done and bytes in all (0 if the server does not say).

    Raises:
        UnavailableError: It cannot be reached, or what came has another hash.
    """
    with _locked(file):
        if weights_state(file) == "ok":
            return weights_path(file)
        if offline or is_offline():
            raise UnavailableError(
                f"The weights {file.name!r} are not on this machine and the network is off.",
                hint=_remedy(file),
            )
        try:
            archive = Archive(weights_path(file).name, (file.url,), file.sha256)
            return fetch(archive, weights_dir(), progress)
        except DataError as error:
            raise UnavailableError(error.message, hint=_remedy(file)) from error


def add_weights(path: Path, known: Iterable[WeightsFile]) -> tuple[WeightsFile, Path]:
    """Copy a file that was brought here by hand to where it is looked for.

    Args:
        path: The file, under any name: its hash tells which it is.
        known: The files that are needed.

    Returns:
        Which file it is, and where it is kept now.

    Raises:
        UsageError: It cannot be read, or has none of the hashes.
    """
    try:
        digest = sha256_of(path)
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror or error}.") from error
    files = list(known)
    match = next((file for file in files if file.sha256 == digest), None)
    if match is None:
        wanted = "\n".join(f"  {file.name}: {file.sha256}" for file in files) or "  (none)"
        raise UsageError(
            f"{path} has the SHA-256 {digest}, which is none of the needed files.",
            hint=f"The needed ones:\n{wanted}\nPerhaps the download was cut short; fetch it again.",
        )
    with _locked(match):
        target = weights_path(match)
        if weights_state(match) != "ok":
            _copy(path, target)
    return match, target


def _copy(source: Path, target: Path) -> None:
    try:
        sweep_abandoned(target.parent, target.name)
        with source.open("rb") as original, whole_file(target) as copy:
            shutil.copyfileobj(original, copy)
    except OSError as error:
        raise ResultsError(
            f"Cannot write to {target}: {error.strerror or error}.",
            hint="Free disk space, or set REGENE_BENCH_CACHE to another folder.",
        ) from error


@contextlib.contextmanager
def _locked(file: WeightsFile) -> Iterator[None]:
    target = weights_path(file)
    lock = target.with_name(f".{target.name}.lock")
    try:
        # nobody can ask for a stop here: a signal interrupts the wait at once
        with exclusive(lock, f"fetches {file.name}", StopRequest(), silent):
            yield
    except ResultsError as error:
        raise ResultsError(
            error.message, hint="Allow writing to it, or set REGENE_BENCH_CACHE to another folder."
        ) from error


def _remedy(file: WeightsFile) -> str:
    return (
        f"Run `regene-bench weights fetch {file.name}`, or download {file.url} elsewhere and run "
        f"`regene-bench weights add FILE`."
    )
