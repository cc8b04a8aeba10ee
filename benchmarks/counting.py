"""Counts what a call costs: figures that do not depend on the machine, nor on what else it does.

CPython tells each step to whoever asks: `sys.setprofile` each call, `sys.settrace` each bytecode.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any


@dataclass(frozen=True, slots=True)
class Cost:
    """What one call costs.

    Attributes:
        python_calls: the functions written in Python that it called, in order.
        c_calls: the functions written in C that it called, in order.
        socket_calls: those among them that are methods of sockets; one is one system call, unless the socket has a timeout
            of Python's own, for which it is polled before each.
        bytecodes: how many instructions of CPython's were carried out.
    """

    python_calls: tuple[str, ...]
    c_calls: tuple[str, ...]
    socket_calls: tuple[str, ...]
    bytecodes: int

    def __str__(self) -> str:
        return (
            f"{len(self.python_calls)} Python calls ({', '.join(self.python_calls)}); {len(self.c_calls)} C calls "
            f"({', '.join(self.c_calls)}); {self.bytecodes} bytecodes"
        )


def cost_of(call: Callable[[], Any]) -> Cost:
    """Return what ``call`` costs, itself not counted. It is called twice, in this thread."""
    python_calls: list[str] = []
    c_calls: list[Any] = []

    def note_call(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            python_calls.append(frame.f_code.co_qualname)
        elif event == "c_call":
            c_calls.append(argument)

    sys.setprofile(note_call)
    try:
        call()
    finally:
        sys.setprofile(None)
    c_calls.pop()  # the one to `sys.setprofile` that ended it
    return Cost(
        python_calls=tuple(python_calls[1:]),  # the first is `call` itself
        c_calls=tuple(function.__qualname__ for function in c_calls),
        socket_calls=tuple(
            function.__name__ for function in c_calls if isinstance(getattr(function, "__self__", None), socket.socket)
        ),
        bytecodes=_bytecodes_of(call),
    )


def _bytecodes_of(call: Callable[[], Any]) -> int:
    count = 0
    own = getattr(call, "__code__", None)

    def note_bytecode(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace = note_bytecode  # 3.13 heeds the next line only where this is set
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        count += event == "opcode" and frame.f_code is not own
        return note_bytecode

    before = sys.gettrace()
    sys._getframe().f_trace_opcodes = True  # from 3.12 on, heeded only if some frame asked for it by now
    sys.settrace(note_bytecode)
    try:
        call()
    finally:
        sys.settrace(before)
    return count
