"""Workers of a warm process that begin with the libraries already imported, too.

``run --workers`` starts a fork server of its own, which imports torch and all else again. A process
that a test forked has these libraries; so it forks a stand-in while it has no thread yet, and when
it starts its fork server, the stand-in becomes that: it takes the code, the descriptors and the
blocked signals that a fresh interpreter would have got, and no other descriptor.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from multiprocessing import util
from pathlib import Path
from typing import NoReturn

_MOST_BYTES = 1 << 16
_ALL = signal.valid_signals()


def keep_a_server_ready() -> None:
    """Fork the stand-in, which ends with this process if it is never needed.

    Call it once, in a process without threads.
    """
    ours, its = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _stand_in(its)
    its.close()
    start_fresh = util.spawnv_passfds

    def start(path: str, args: Sequence[str], passed: Sequence[int]) -> int:
        if "multiprocessing.forkserver" not in args[-1]:  # the resource tracker's
            return start_fresh(path, args, passed)
        blocked = [int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, ())]
        order = {"code": args[-1], "descriptors": list(passed), "blocked": blocked}
        socket.send_fds(ours, [json.dumps(order).encode()], list(passed))
        ours.close()
        util.spawnv_passfds = start_fresh
        return pid

    util.spawnv_passfds = start


def _stand_in(orders: socket.socket) -> NoReturn:
    """Wait to be needed, then run what a fresh interpreter would."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ALL)
    message, received, *_ = socket.recv_fds(orders, _MOST_BYTES, maxfds=8)
    if not message:
        os._exit(0)
    orders.detach()  # its number may soon be another's
    order = json.loads(message)
    here = [int(path.name) for path in Path("/dev/fd").iterdir()]
    highest = max([*here, *order["descriptors"]])
    copies = [os.dup2(number, highest + 1 + place) for place, number in enumerate(received)]
    os.closerange(3, highest + 1)
    for copy, wanted in zip(copies, order["descriptors"], strict=True):
        os.dup2(copy, wanted)
    os.closerange(highest + 1, highest + 1 + len(copies))
    signal.pthread_sigmask(signal.SIG_SETMASK, order["blocked"])
    exec(order["code"], sys.modules["__main__"].__dict__)
    os._exit(0)
