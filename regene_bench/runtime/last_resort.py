"""Ctrl-C where Python cannot hear it: in code that holds the interpreter and does not come back.

Python's handlers are Python: they run when the interpreter gets to them. In a loop of C that holds
the interpreter none ever does, nor does any other thread. The system itself can take a handler away
as it is called (``SA_RESETHAND``): a Ctrl-C is then noted as ever, a thread of ours puts the
handler back at once, and only if no thread can run does the next Ctrl-C meet what the system does
without a handler, which is to end the process.
"""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Callable
from typing import Any

_SA_RESETHAND = 0x80000000


class _Action(ctypes.Structure):
    """``struct sigaction`` of Linux on 64 bits, in glibc and musl alike."""

    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_ulong * 16),
        ("flags", ctypes.c_uint),
        ("restorer", ctypes.c_void_p),
    )


def ends_at_the_second(number: int = signal.SIGINT) -> Callable[[], object]:
    """Let a signal end the process where its handler was not put back since the one before.

    Args:
        number: A signal that has a handler of Python's.

    Returns:
        What puts the handler back, for any thread to call as soon as it hears of a signal. On
        systems other than Linux it does nothing, and the signal is left as it is.
    """
    if sys.platform != "linux" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return lambda: None
    libc: Any = ctypes.CDLL(None)
    action = _Action()
    if libc.sigaction(number, None, ctypes.byref(action)) != 0:
        return lambda: None
    action.flags |= _SA_RESETHAND

    def put_back() -> None:
        libc.sigaction(number, ctypes.byref(action), None)

    put_back()
    return put_back
