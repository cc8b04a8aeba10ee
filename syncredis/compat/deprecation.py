"""Warnings about old names: the ones for which redis-py warns as well, with the words that filters look for."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Final

from syncredis.compat.driver_info import UNSET

_OURS: Final = __name__.partition(".")[0]


def warn(message: str) -> None:
    """Warn of something old, as if the caller of this library did."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _OURS:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, DeprecationWarning, stacklevel=level)


def warn_of_name(name: str, reason: str, version: str) -> None:
    """Warn of a function by its old name.

    Args:
        name: of the function.
        reason: what to use instead.
        version: the release of redis-py since which it is old.
    """
    warn(f"Call to deprecated {name}. ({reason}) -- Deprecated since version {version}.")


def warn_of_arguments(function: str, names: Iterable[str], reason: str, version: str | None = None) -> None:
    """Warn of each argument that a function takes for the sake of old callers; otherwise as `warn_of_name`."""
    since = "" if version is None else f" -- Deprecated since version {version}."
    for name in names:
        warn(f"Call to '{function}' function with deprecated usage of input argument/s '{name}'. ({reason}){since}")


def warn_of_driver_names(given: Mapping[str, Any]) -> None:
    """Warn if a constructor was given ``lib_name`` or ``lib_version``."""
    old = [name for name in ("lib_name", "lib_version") if given[name] is not UNSET]
    warn_of_arguments("__init__", old, "Use 'driver_info' parameter instead.")


def warn_of_client_options(given: Mapping[str, Any]) -> None:
    """Warn of the options that only old callers give to a client."""
    warn_of_driver_names(given)
    if given["retry_on_timeout"]:
        warn_of_arguments("__init__", ["retry_on_timeout"], "TimeoutError is included by default.", "6.0.0")
    if given.get("auto_close_connection_pool") is not None:
        warn_of_auto_close()


def warn_of_auto_close() -> None:
    """Warn of ``auto_close_connection_pool``."""
    warn(
        '"auto_close_connection_pool" is deprecated since version 5.0.1. '
        "Please create a ConnectionPool explicitly and provide to the Redis() constructor instead."
    )


def warn_of_command_name(command_name: Any, keys: tuple[Any, ...], options: Mapping[str, Any]) -> None:
    """Warn if ``get_connection`` was told what for."""
    given = [*(["command_name"] if command_name is not None or keys else []), *options]
    if given:
        warn_of_arguments("get_connection", [str(given)], "Use get_connection() without args instead", "5.3.0")
