"""`install`: from then on, ``import redis`` means `syncredis.compat`."""

from __future__ import annotations

import importlib
import pkgutil
import sys

_OURS = "syncredis.compat"


def install() -> None:
    """Let ``import redis``, and its submodules, mean `syncredis.compat`, for the whole process.

    Call it before anything imports redis-py. Calling it again does nothing.

    Raises:
        RuntimeError: if redis-py was imported already: some would go on with it, others would not.
    """
    present = sys.modules.get("redis")
    package = importlib.import_module(_OURS)
    if present is package:
        return
    if present is not None:
        where = getattr(present, "__file__", None) or "an unknown place"
        raise RuntimeError(f"redis-py was imported already, from {where}: call install() before that")
    for found in pkgutil.walk_packages(package.__path__, f"{_OURS}."):
        importlib.import_module(found.name)
    for name in [name for name in sys.modules if name == _OURS or name.startswith(f"{_OURS}.")]:
        sys.modules[name.replace(_OURS, "redis", 1)] = sys.modules[name]
