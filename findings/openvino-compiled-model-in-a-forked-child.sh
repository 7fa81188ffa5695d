#!/usr/bin/env bash
# OpenVINO 2026.4.1, openvino.Core().compile_model(model, "CPU"), then os.fork.
#
# What a careful expert would guess: a child of fork either cannot use what was compiled before, or can, and letting
# go of it is no more than freeing memory.
#
# What happens: in the child the compiled model goes on to compute, with equal results, so that all seems well. But
# when the last reference to it goes (`del`, a new value for the name, the end of the interpreter), its destructor
# waits for the threads of the parent, which no child has: it hangs for ever, or the C++ runtime calls terminate
# ("std::system_error: No such process") and the process dies by SIGABRT, with no Python error to catch.
#
# Who is hurt: whoever computes features in workers of multiprocessing's "fork" (its default on Linux up to Python
# 3.13) after the parent has used OpenVINO. Tests that only compute in the child pass. The remedy is to keep
# one more reference for ever in the child (os.register_at_fork).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check openvino==2026.4.1 numpy
"$folder/venv/bin/python" - <<'PYTHON'
import os
import signal
import sys
from importlib.metadata import version

import numpy
import openvino
from openvino import opset13

print("python", sys.version.split()[0], "openvino", version("openvino"))
images = opset13.parameter([1, 3, 64, 64], numpy.float32)
kernel = opset13.constant(numpy.ones((8, 3, 3, 3), numpy.float32))
convolution = opset13.convolution(images, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
model = openvino.Model([convolution], [images])
ones = numpy.ones((1, 3, 64, 64), numpy.float32)


def child_ends_with(lets_go):
    compiled = openvino.Core().compile_model(model, "CPU")
    expected = compiled([ones])[0]
    pid = os.fork()
    if pid == 0:
        signal.alarm(30)
        equal = numpy.array_equal(compiled([ones])[0], expected)
        if lets_go:
            del compiled
        os._exit(0 if equal else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


keeps, lets_go = child_ends_with(False), child_ends_with(True)
print(f"a child that computes and keeps it ends with {keeps}, one that lets it go with {lets_go}")
as_seen = keeps == 0 and lets_go in (-signal.SIGALRM, -signal.SIGABRT)
print("as described" if as_seen else "this has changed")
sys.exit(0 if as_seen else 1)
PYTHON
