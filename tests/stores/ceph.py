"""Ceph's S3 gateway as a server of one machine: a monitor, an OSD in memory, radosgw.

Of the servers that Debian has, it is one that people run for their labs, and it refuses what
laxer ones accept. All of it lies in a folder of its own and listens on 127.0.0.1.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from regene_bench.base.files import write_atomically

ACCESS_KEY, SECRET_KEY = "ACCESSKEYOFATEST", "secretkeyofatestsecretkeyofatest"
PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "monmaptool")
HOW_TO_INSTALL = "apt-get install --no-install-recommends ceph-mon ceph-osd ceph-common radosgw"
_PATIENCE = 120.0

_CONFIGURATION = """
[global]
fsid = {fsid}
run dir = {folder}
log file = {folder}/$name.log
admin socket = {folder}/$name.asok
mon host = v2:127.0.0.1:{mon_port}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon client hunt interval = 0.5
mon data avail crit = 1
[mon]
mon data = {folder}/mon
[osd]
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = 2147483648
osd class load list = *
osd class default list = *
[client]
rgw frontends = beast endpoint=127.0.0.1:{port}
rgw data = {folder}/rgw
rgw thread pool size = 64
"""


def missing_programs() -> list[str]:
    """Names of Ceph's programs that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


@contextmanager
def radosgw(folder: Path) -> Iterator[dict[str, str]]:
    """Start a gateway and end it with the block.

    Args:
        folder: Where all of it lies; empty. The path is to be short: sockets lie in it.

    Yields:
        The environment variables by which clients find it.
    """
    started: list[subprocess.Popen[bytes]] = []
    port, mon_port = _free_ports(2)
    fsid = str(uuid.uuid4())
    config = folder / "ceph.conf"
    config.write_text(_CONFIGURATION.format(folder=folder, fsid=fsid, port=port, mon_port=mon_port))
    for name in ("mon", "osd", "rgw"):
        (folder / name).mkdir()

    def call(*command: str) -> str:
        run = [command[0], "--conf", str(config), *command[1:]]
        done = subprocess.run(run, capture_output=True, text=True, timeout=_PATIENCE, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")
        return done.stdout

    def start(*command: str) -> subprocess.Popen[bytes]:
        with (folder / f"{command[0]}.out").open("wb") as out:
            started.append(
                subprocess.Popen(
                    [command[0], "--conf", str(config), *command[1:], "--foreground"],
                    stdout=out,
                    stderr=out,
                    start_new_session=True,
                )
            )
        return started[-1]

    try:
        monmap = str(folder / "monmap")
        address = f"[v2:127.0.0.1:{mon_port}]"
        call("monmaptool", "--create", "--fsid", fsid, "--addv", "a", address, monmap)
        call("ceph-mon", "--mkfs", "--id", "a", "--monmap", monmap)
        start("ceph-mon", "--id", "a")
        # a client that is not answered at once asks again after half a minute
        _wait_until(lambda: _state_of(folder / "mon.a.asok", "mon_status") == "leader")
        osd = str(uuid.uuid4())
        call("ceph", "--connect-timeout", "60", "osd", "new", osd, "0")
        call("ceph-osd", "--id", "0", "--mkfs", "--osd-uuid", osd)
        start("ceph-osd", "--id", "0")
        _wait_until(lambda: _state_of(folder / "osd.0.asok", "status") == "active")
        call(
            *("radosgw-admin", "user", "create", "--uid", "tester", "--display-name", "tester"),
            *("--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY),
        )
        gateway = start("radosgw", "--name", "client.admin")
        _wait_until(lambda: gateway.poll() is not None or _answers(port))
        yield environment(port)
    finally:
        _end(started)


def environment(port: int) -> dict[str, str]:
    """The variables by which clients find a server on a port of this machine."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": "us-east-1",
    }


def make_bucket(variables: Mapping[str, str], bucket: str) -> None:
    """Make a bucket by a request that is signed here (AWS Signature Version 4)."""
    host = variables["AWS_ENDPOINT_URL"].removeprefix("http://")
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{now[:8]}/{variables['AWS_REGION']}/s3/aws4_request"
    empty = hashlib.sha256(b"").hexdigest()
    headers = {"host": host, "x-amz-content-sha256": empty, "x-amz-date": now}
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = f"PUT\n/{bucket}\n\n{lines}\n{names}\n{empty}"
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = f"AWS4{variables['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{digest}"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    credential = f"{variables['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={key.hex()}"
    )
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request("PUT", f"/{bucket}", headers=headers)
    answer = connection.getresponse()
    if answer.status not in (200, 409):
        raise RuntimeError(f"no bucket: {answer.status} {answer.read()[:500]!r}")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not is_so():
        if time.monotonic() > end:
            raise RuntimeError("Ceph does not come up")
        time.sleep(0.1)


def _state_of(path: Path, prefix: str) -> str:
    """Ask a daemon's own socket for its state; empty while it does not answer."""
    with socket.socket(socket.AF_UNIX) as asked, suppress(OSError, ValueError, struct.error):
        asked.settimeout(5)
        asked.connect(str(path))
        asked.sendall(json.dumps({"prefix": prefix}).encode() + b"\0")
        with asked.makefile("rb") as answer:
            (size,) = struct.unpack(">I", answer.read(4))
            return str(json.loads(answer.read(size))["state"])
    return ""


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with suppress(OSError):
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    return False


def _end(started: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in reversed(started):
        with suppress(OSError):
            process.kill()
        process.wait()


def serve(out: Path, pid: int, bucket: str) -> None:
    """Keep a gateway with a bucket until a process has ended.

    Args:
        out: Where its variables are written, as JSON, when it answers.
        pid: Of the process.
        bucket: The bucket's name.
    """
    with tempfile.TemporaryDirectory(prefix="ceph") as folder, radosgw(Path(folder)) as variables:
        make_bucket(variables, bucket)
        write_atomically(out, json.dumps(variables).encode())
        while Path(f"/proc/{pid}").exists():
            time.sleep(1)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
