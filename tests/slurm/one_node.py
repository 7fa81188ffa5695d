"""A real Slurm of one node on this machine, of the daemons that Debian packs, for a while.

It needs neither root nor anything under ``/etc``: configuration, munge's key and socket, state and
ports are its own, so that a Slurm that this machine may belong to is not touched.
"""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

_NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo")
_START_SECONDS = 60.0
_END_SECONDS = 20.0
# daemons lie where only root's path leads
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
# cgroups are not ours to make; before this version one cannot say so
_CAN_DO_WITHOUT_CGROUPS = (23, 2)
# a task that is queued again waits as long as a credential lives, two minutes by default
_CONFIGURATION = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=20
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=60 State=UP
PartitionName=long Nodes=ALL MaxTime=INFINITE State=UP
"""


class NoSlurmError(Exception):
    """There can be no Slurm here; the text says why."""


@contextmanager
def one_node_slurm() -> Iterator[Path]:
    """Have a Slurm of one node with two cores.

    Yields:
        Its configuration, for ``$SLURM_CONF``.

    Raises:
        NoSlurmError: Its programs are not installed, or do not start.
    """
    missing = [name for name in _NEEDED if _program(name) is None]
    if missing:
        raise NoSlurmError(
            f"{', '.join(missing)} not installed (Debian: apt install slurm-wlm munge)"
        )
    with ExitStack() as stack:
        # a socket's path has to be short
        made = tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(made))
        configuration = _write_configuration(folder)
        key = folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o600)
        files = {
            "key-file": key,
            "socket": folder / "munge.socket",
            "pid-file": folder / "munge.pid",
        }
        files |= {"log-file": folder / "munged.log", "seed-file": folder / "munge.seed"}
        _begin(
            stack,
            ["munged", "--foreground", "--force", *(f"--{k}={v}" for k, v in files.items())],
            folder,
        )
        _wait_for(lambda: files["socket"].exists(), "munged", folder)
        _begin(stack, ["slurmctld", "-D"], folder)
        _begin(stack, ["slurmd", "-D"], folder)
        _wait_for(
            lambda: _said(configuration, "sinfo", "-h", "-o", "%T") == "idle", "slurmd", folder
        )
        try:
            yield configuration
        finally:
            _empty(configuration)


def _write_configuration(folder: Path) -> Path:
    for name in ("state", "spool"):
        (folder / name).mkdir()
    cgroups = "disabled" if _version() >= _CAN_DO_WITHOUT_CGROUPS else "cgroup/v1"
    (folder / "cgroup.conf").write_text(f"CgroupPlugin={cgroups}\n")
    path = folder / "slurm.conf"
    user = pwd.getpwuid(os.getuid()).pw_name
    host = socket.gethostname().partition(".")[0]
    text = _CONFIGURATION.format(host=host, user=user, folder=folder, ports=_free_ports())
    path.write_text(text)
    return path


def _version() -> tuple[int, ...]:
    """Slurm's, as ``(22, 5)``."""
    told = subprocess.run([str(_program("slurmd")), "-V"], capture_output=True, text=True)
    found = re.search(r"(\d+)\.(\d+)", told.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _free_ports() -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(2)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _program(name: str) -> str | None:
    return shutil.which(name, path=_PATH)


def _variables(folder: Path) -> dict[str, str]:
    return os.environ | {"PATH": _PATH, "SLURM_CONF": str(folder / "slurm.conf")}


def _begin(stack: ExitStack, command: Sequence[str], folder: Path) -> None:
    """Start a daemon that ends with the block, or with this process, however that ends."""
    setpriv = _program("setpriv")
    tied = [setpriv, "--pdeathsig", "TERM"] if setpriv else []
    with (folder / f"{command[0]}.out").open("wb") as out:
        process = subprocess.Popen(
            [*tied, str(_program(command[0])), *command[1:]],
            cwd=folder,
            env=_variables(folder),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    stack.callback(_end, process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_for(is_there: Callable[[], bool], what: str, folder: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while not is_there():
        if time.monotonic() > until:
            logs = (
                path.read_text(errors="replace")
                for path in sorted((*folder.glob("*.log"), *folder.glob("*.out")))
            )
            lines = [line for log in logs for line in log.splitlines() if "error" in line.lower()]
            raise NoSlurmError(
                f"{what} does not start: {' / '.join(lines[-3:]) or 'no word of why'}"
            )
        time.sleep(0.2)


def _said(configuration: Path, *command: str) -> str:
    done = subprocess.run(
        command,
        env=_variables(configuration.parent),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout.strip()


def _empty(configuration: Path) -> None:
    """End what a test has left in the queue; its processes would outlive the daemons."""
    _said(configuration, "scancel", "--user", pwd.getpwuid(os.getuid()).pw_name)
    until = time.monotonic() + _END_SECONDS
    while _said(configuration, "squeue", "-h") and time.monotonic() < until:
        time.sleep(0.2)
