"""The harness puts all on the device that it chose: a whole call works on a pretended one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import tiny_protocol_text


def test_methods_are_trained_sampled_and_measured_on_the_device(tmp_path: Path) -> None:
    protocol = tmp_path / "tiny.toml"
    metrics = ("neutral", "reconstruction", "elbo", "trials")
    protocol.write_text(tiny_protocol_text(*metrics, rank_by="accuracy_neutral"))
    script = "tests.harness.on_pretended_device"
    arguments = (str(protocol), str(tmp_path / "results"), "real,cgan,cvae")
    done = subprocess.run(
        [sys.executable, "-m", script, *arguments],
        # four steps make no classifier: it is to lie where no other test finds it
        env=os.environ | {"REGENE_BENCH_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    assert [run[0] for run in runs] == ["real", "real", "cgan", "cgan", "cvae", "cvae"]
    for method, device, status, error, broken, measured in runs:
        assert (device, status, error, broken) == ("pretended", "ok", None, {}), method
        assert {"accuracy_neutral", "is_neutral"} <= set(measured)
    assert {"mae_test", "ssim_test", "negative_elbo"} <= set(runs[-1][-1])
