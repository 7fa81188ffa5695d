#!/usr/bin/env bash
# torch 2.14.1, use_deterministic_algorithms and set_deterministic_debug_mode, which its manual calls another interface to the
# same setting.
#
# What a careful expert would guess: both set one switch. Whichever is called, what torch.compile makes afterwards is as
# deterministic as eager kernels are, and whoever turns it off by either has torch as it was.
#
# What happens: the first one also imports torch's compiler, some nine hundred modules, and sets a flag of it that keeps it from
# choosing kernels by timing them; the second one leaves that flag as it is. So after set_deterministic_debug_mode("error")
# are_deterministic_algorithms_enabled() is true and compiled networks may still get other kernels on every start; and after
# use_deterministic_algorithms(True) and set_deterministic_debug_mode("default") eager kernels are free again, and the compiler
# is held back for the rest of the process.
#
# Who is hurt: whoever compiles a network and promises the same numbers from run to run by the second call, or times compiled
# networks "without determinism" after a call of the first. And short programs, such as one that only scores images, wait for
# a compiler that they never use.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.14.1 numpy==2.4.6
cat > "$folder/ask.py" <<'PYTHON'
import json
import sys
import time

import torch

before = len(sys.modules)
start = time.process_time()
for call in sys.argv[1:]:
    exec(call, {"torch": torch})
seconds = time.process_time() - start
more = sum(name.startswith(("torch._dynamo", "torch._inductor")) for name in sys.modules)
imported = len(sys.modules) - before

import torch._inductor.config as compiler

enabled = torch.are_deterministic_algorithms_enabled()
print(json.dumps([enabled, compiler.deterministic, imported, more, round(seconds, 2)]))
PYTHON
"$folder/venv/bin/python" -W ignore - "$folder/ask.py" <<'PYTHON'
import json
import subprocess
import sys
from importlib.metadata import version

print("python", sys.version.split()[0], "torch", version("torch"))
ON, OFF = "torch.use_deterministic_algorithms(True)", "torch.use_deterministic_algorithms(False)"
MODE_ON = 'torch.set_deterministic_debug_mode("error")'
MODE_OFF = 'torch.set_deterministic_debug_mode("default")'


def ask(*calls):
    done = subprocess.run([sys.executable, "-W", "ignore", sys.argv[1], *calls], check=True, stdout=subprocess.PIPE)
    enabled, compiler, imported, of_compiler, seconds = json.loads(done.stdout)
    print(" then ".join(calls))
    print(f"  eager kernels deterministic: {enabled}; the compiler's: {compiler};", end=" ")
    print(f"{imported} modules imported, {of_compiler} of the compiler, in {seconds} s of CPU")
    return enabled, compiler, of_compiler > 100


as_seen = (
    ask(ON) == (True, True, True)
    and ask(MODE_ON) == (True, False, False)
    and ask(ON, OFF) == (False, False, True)
    and ask(ON, MODE_OFF) == (False, True, True)
)
print("as described" if as_seen else "this has changed")
sys.exit(0 if as_seen else 1)
PYTHON
