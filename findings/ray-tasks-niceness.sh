#!/usr/bin/env bash
# Ray 2.60.0, processes of tasks.
#
# A careful expert would guess that a task with num_cpus=1 has a core as a process that is started by hand has one: Ray
# counts the cores that it gives away, so that its tasks do not meet each other.
#
# Processes of tasks run at niceness 15, whoever starts the cluster and however it is asked for. Beside any process at
# niceness 0 on the same core (a notebook that trains, a baseline outside of Ray, another user's job) Linux gives a task
# about a thirtieth of it. Neither the task's options nor ray.init have a word for it; a variable with a lower-case end in
# the environment of whoever starts the nodes (RAY_worker_niceness=0) does.
#
# Hurt: who compares seconds of training, or images a second, of tasks with those of a loop without Ray, and who waits for
# a sweep that stands still beside one other process.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ray==2.60.0
for variable in "" "RAY_worker_niceness=0"; do
    env $variable "$folder/venv/bin/python" -W ignore - <<'PYTHON' 2> /dev/null
import importlib.metadata
import os
import sys

import ray

named = os.environ.get("RAY_worker_niceness")
print("ray", importlib.metadata.version("ray"), "RAY_worker_niceness:", named)
ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False)


@ray.remote(num_cpus=1)
def niceness() -> int:
    return os.nice(0)


here, there = os.nice(0), ray.get(niceness.remote())
print("niceness of the process that asks:", here, "of its task:", there)
ray.shutdown()
# 19 is the most there is
sys.exit(there != (min(here + 15, 19) if named is None else here))
PYTHON
done
