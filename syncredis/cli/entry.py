"""The console script. Ctrl-C ends it without a traceback even while the rest is being imported, which takes a moment."""

from __future__ import annotations

import sys
from typing import Final

#: As shells have it: 128 and the number of the signal.
_INTERRUPTED: Final = 130


def main() -> int:
    """Run the command line, see `syncredis.cli.main.main`, and return the exit status."""
    try:
        from syncredis.cli.main import main as run

        return run()
    except KeyboardInterrupt:
        print("syncredis: stopped by Ctrl-C before it had begun", file=sys.stderr)
        return _INTERRUPTED
