"""Results folders with all that a site must show, hostile names among it."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from regene_bench.leaderboard.parts import write_part
from regene_bench.leaderboard.record import RunRecord
from tests.leaderboard.helpers import EXTRACTOR, record, score

# longer than any screen is wide
HOSTILE = "<script>alert(1)</script>" + "x" * 200
SWEEP = (2, 8, 32)


def runs() -> list[RunRecord]:
    """Two seeds each of a reference, a sweep over three values and a hostile name; one failed."""
    made = [_run("real", seed, {}, 1.0, method_role="reference") for seed in (0, 1)]
    for noise in SWEEP:
        made += [
            _run("cgan", seed, {"noise_dim": noise, "lr": 0.001}, 20.0 / noise + seed)
            for seed in (0, 1)
        ]
    made += [_run(HOSTILE, seed, {"note": "</script><b>x"}, 7.0 + seed) for seed in (0, 1)]
    made.append(
        record(
            "broken",
            method="cgan",
            params={"noise_dim": 512, "lr": 0.001},
            status="failed",
            error_type="MethodError",
            error_message="<img src=x onerror=alert(2)>",
            scores=(),
        )
    )
    return made


def write_results(folder: Path) -> Path:
    """Write all runs, with a sample grid each."""
    for number, run in enumerate(runs()):
        write_part(folder, run)
        if run.status == "ok":
            add_picture(folder, run.run_id, shade=number)
    return folder


def add_picture(folder: Path, run_id: str, shade: int = 0, name: str = "samples.png") -> Path:
    """Write a small grey picture where a run's sample grid lies, or another picture of it."""
    path = folder / "runs" / run_id / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (60, 40), 20 * shade % 256).save(path)
    return path


def _run(
    method: str, seed: int, params: dict[str, object], fd: float, method_role: str = "method"
) -> RunRecord:
    name = "hostile" if method == HOSTILE else method
    noise = params.get("noise_dim", "")
    return record(
        f"{name}{noise}s{seed}",
        method=method,
        seed=seed,
        params=params,
        method_role=method_role,
        fit_images_per_second=100.0 / fd,
        fit_seconds=0.0 if method_role == "reference" else 10.0 * fd,
        scores=(
            score("fd_efficientnet_lite0", fd, **EXTRACTOR),
            score("fid", status="unavailable", value=None, error_message="fetch <weights>"),
            *(
                score("accuracy", 0.5 + 0.01 * fd, direction="higher", class_name=name)
                for name in ("zero", "one", HOSTILE)
            ),
        ),
    )
