"""What redis-py has a method for and this package has not, each with what to use in its place.

redis-py itself raises `NotImplementedError` for the first ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NoReturn

_SPELL_OUT: Final = "send it with execute_command"
_MODULES: Final = "modules of the server have no methods here; send their commands with execute_command"

#: Name of a method -> what to use in its place.
INSTEAD: Final[dict[str, str]] = {
    **dict.fromkeys(
        (
            "command_docs",
            "command_info",
            "debug_segfault",
            "failover",
            "hello",
            "latency_doctor",
            "latency_graph",
            "latency_histogram",
            "memory_doctor",
            "memory_help",
            "script_debug",
        ),
        f"redis-py does not support it, either; {_SPELL_OUT}",
    ),
    **dict.fromkeys(("bf", "cf", "cms", "ft", "json", "tdigest", "topk", "ts", "vset"), _MODULES),
    **dict.fromkeys(
        (
            "himport_discard",
            "himport_discard_all",
            "himport_discard_all_internal",
            "himport_discard_internal",
            "himport_prepare",
            "himport_prepare_internal",
            "himport_set",
            "hotkeys_get",
            "hotkeys_reset",
            "hotkeys_start",
            "hotkeys_stop",
        ),
        _SPELL_OUT,
    ),
}


def _refuse(name: str, instead: str) -> Callable[..., NoReturn]:
    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(f"{name} is not supported: {instead}")

    refuse.__name__ = name
    refuse.__doc__ = f"Not supported: {instead}."
    return refuse


class OutCommands:
    """The methods that are not there."""

    __slots__ = ()


for _name, _instead in INSTEAD.items():
    setattr(OutCommands, _name, _refuse(_name, _instead))
