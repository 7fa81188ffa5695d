#!/usr/bin/env bash
# torch 2.14.1 (Linux wheel, GNU's OpenMP) and OpenVINO 2026.4.1, in one process on a CPU.
#
# What a careful expert would guess: torch prepares a batch (a resize, a normalisation), OpenVINO computes the network, and the
# two take turns. While OpenVINO computes, torch does nothing, so giving both all cores is right, and giving torch fewer for a
# preparation of a few hundredths of the whole can only make it slower.
#
# What happens: torch's other threads do not sleep when an operation ends. They look for more work in a loop for a while, on the
# cores where OpenVINO's threads have just been woken. With as many threads as cores each batch pays for it: the same features
# take more CPU time (a tenth more at least is asked for below), and on two cores they took at least a third longer. With one
# thread for the preparation, or with OMP_WAIT_POLICY=passive, that is gone. Nothing warns, and a profile books the loss on OpenVINO.
#
# Who is hurt: whoever computes features with an inference engine between torch operations (FID, KID and their kin over tens of
# thousands of images), and whoever compares engines so: OpenVINO looks as slow as torch, and slower than by itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.14.1 openvino==2026.4.1 numpy==2.4.6
cat > "$folder/turns.py" <<'PYTHON'
"""Seconds by the clock and of CPU of batches that torch resizes and OpenVINO computes."""

import json
import sys
import time

import openvino
import torch
from torch import nn

preparing, cores = int(sys.argv[1]), int(sys.argv[2])
torch.manual_seed(0)
layers = [nn.Conv2d(3, 32, 3, stride=2, padding=1), nn.ReLU()]
for _ in range(12):
    layers += [nn.Conv2d(32, 32, 3, padding=1, groups=32), nn.Conv2d(32, 32, 1), nn.ReLU()]
network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
images = torch.rand(4, 3, 32, 32)


def resized(threads: int) -> torch.Tensor:
    torch.set_num_threads(threads)
    return nn.functional.interpolate(images, size=(224, 224), mode="bilinear").sub_(0.5).contiguous()


model = openvino.convert_model(network, example_input=resized(1))
settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": cores, "NUM_STREAMS": 1}
request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
found = []
for _ in range(5):
    clock, cpu = time.perf_counter(), time.process_time()
    for _ in range(60):
        with torch.inference_mode():
            request.infer({0: resized(preparing).numpy()}, share_inputs=True)
    found.append((time.perf_counter() - clock, time.process_time() - cpu))
print(json.dumps(min(found)))
PYTHON
"$folder/venv/bin/python" -W ignore - "$folder/turns.py" <<'PYTHON'
import json
import os
import subprocess
import sys
from importlib.metadata import version

print("python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("torch", "openvino", "numpy")))
cores = len(os.sched_getaffinity(0))
if cores < 2:
    sys.exit("one core alone has no other threads: nothing can be seen here")


def seconds(threads, **variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")} | variables
    command = [sys.executable, "-W", "ignore", sys.argv[1], str(threads), str(cores)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


ways = {
    f"torch prepares with {cores} threads": seconds(cores),
    "torch prepares with 1 thread": seconds(1),
    f"torch prepares with {cores} threads that sleep": seconds(cores, OMP_WAIT_POLICY="passive"),
}
for way, (clock, cpu) in ways.items():
    print(f"{way:<42} 60 batches of 4 in {clock:.2f} s, {cpu:.2f} s of CPU")
waiting, alone, sleeping = (cpu for _, cpu in ways.values())
as_described = waiting > 1.1 * alone and waiting > 1.1 * sleeping
print("as described" if as_described else "changed")
sys.exit(not as_described)
PYTHON
