"""Makes every call of `calls` with redis-py, or with the shims in its place, and prints what each returned, as JSON.

python caller.py (redis-py | shims) PORT [OPTION=VALUE ...]
"""

from __future__ import annotations

import ast
import json
import sys
from typing import Any


def main() -> None:
    which, port, *options = sys.argv[1:]
    if which == "shims":
        import syncredis.compat

        syncredis.compat.install()
    import redis
    from calls import CALLS

    given = {name: ast.literal_eval(value) for name, value in (option.split("=") for option in options)}
    client = redis.Redis(port=int(port), single_connection_client=True, **given)
    said: dict[str, list[str]] = {}
    for group, text in CALLS.items():
        client.flushall()
        said[group] = [f"{call.strip()} -> {_outcome(call.strip(), client)}" for call in text.strip().splitlines()]
    client.close()
    json.dump(said, sys.stdout)


def _outcome(call: str, client: Any) -> str:
    try:
        return _shown(eval(call, {"r": client}))
    except Exception as error:
        # The shims' root has a further base, the core's root.
        of_redis_py = [
            kind
            for kind in type(error).__mro__
            if kind.__module__ in ("redis.exceptions", "syncredis.compat.exceptions")
        ]
        kinds = [kind.__name__ for kind in of_redis_py if not kind.__name__.startswith("_")]
        return f"{type(error).__name__} {kinds} {error if kinds and 'ResponseError' in kinds else ''}"


def _shown(value: Any) -> str:
    """A representation that tells types apart, but not the order of a set or a dictionary."""
    if isinstance(value, tuple):
        return f"{'' if type(value) is tuple else type(value).__name__}({', '.join(map(_shown, value))},)"
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, set):
        return f"{{{', '.join(sorted(map(_shown, value)))}}}"
    if isinstance(value, dict):
        return f"{{{', '.join(sorted(f'{_shown(key)}: {_shown(each)}' for key, each in value.items()))}}}"
    return repr(value)


main()
