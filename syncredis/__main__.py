"""``python -m syncredis``: the command line, see `syncredis.cli.main`."""

import sys

from syncredis.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
