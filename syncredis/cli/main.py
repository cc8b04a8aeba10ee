"""The command line's entry: reads the arguments, runs a subcommand, and turns what goes wrong into a sentence and a status."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from functools import partial
from typing import Final, NoReturn

from syncredis import __version__
from syncredis.cli import bench, demo, diagnose, ping, topology, watch
from syncredis.cli.stopping import Stopped, stoppable
from syncredis.exceptions import ConfigurationError, RedisError
from syncredis.testing import ServerNotFoundError, ServerProcessError

PROGRAM: Final = "syncredis"

#: Exit statuses; 128 and the signal's number after a signal.
NOT_WELL: Final = 1
USAGE: Final = 2

#: Columns that a sentence has on a wide terminal.
_WIDEST: Final = 100

#: The names of all options fit beside what is said of them.
_Help: Final = partial(argparse.RawDescriptionHelpFormatter, max_help_position=28)

_EPILOG: Final = """\
examples:
  syncredis demo        failovers under load, on servers started for it
  syncredis topology redis+sentinel://localhost:26379/myredis
  syncredis diagnose redis+sentinel://localhost:26379/myredis

exit status: 0 if all is well, 1 if something is not, 2 if the arguments or the
installation are at fault, 130 after Ctrl-C.
"""

SUBCOMMANDS: Final = (
    demo.SUBCOMMAND,
    topology.SUBCOMMAND,
    diagnose.SUBCOMMAND,
    watch.SUBCOMMAND,
    ping.SUBCOMMAND,
    bench.SUBCOMMAND,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status.

    Args:
        arguments: without the program's name; None: those of this process.

    Raises:
        SystemExit: for ``--help``, ``--version`` and bad arguments, as `argparse` does.
    """
    parser = build_parser()
    parsed = parser.parse_args(arguments)
    if parsed.run is None:
        parser.print_help(sys.stderr)
        return USAGE
    name = f"{PROGRAM} {parsed.subcommand}"
    try:
        with stoppable():
            status: int = parsed.run(parsed)
            sys.stdout.flush()
            return status
    except Stopped as stopped:
        _complain(f"{name}: stopped by {stopped.name}; everything that was started has ended")
        return stopped.status
    except BrokenPipeError:
        # Who read our output has gone, and will not read what is still buffered either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOT_WELL
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "rich":
            raise
        return _fail(name, 'this needs rich, which is not installed: pip install "syncredis[cli]"', USAGE)
    except (ServerNotFoundError, ConfigurationError) as error:
        return _fail(name, str(error), USAGE)
    except (RedisError, ServerProcessError, OSError) as error:
        return _fail(name, str(error), NOT_WELL)


class _Parser(argparse.ArgumentParser):
    """What it complains of fits the terminal."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        _complain(f"{self.prog}: error: {message}")
        sys.exit(USAGE)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all arguments; its result holds the subcommand's `run`."""
    parser = _Parser(
        prog=PROGRAM,
        description="Tools around syncredis, the Redis and Valkey client with Sentinel at its centre.",
        epilog=_EPILOG,
        formatter_class=_Help,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    parser.set_defaults(run=None)
    common = _Parser(add_help=False)
    common.add_argument("--no-color", action="store_true", help="no colours, as with NO_COLOR in the environment")
    subparsers = parser.add_subparsers(title="subcommands", metavar="SUBCOMMAND", dest="subcommand")
    for subcommand in SUBCOMMANDS:
        one = subparsers.add_parser(
            subcommand.name,
            parents=[common],
            help=subcommand.summary,
            description=subcommand.description,
            epilog=subcommand.epilog,
            formatter_class=_Help,
            usage="%(prog)s [options]",
        )
        if subcommand.has_json:
            one.add_argument("--json", action="store_true", help="write JSON, for programs")
        subcommand.add_arguments(one)
        one.set_defaults(run=subcommand.run)
    return parser


def _fail(name: str, message: str, status: int) -> int:
    _complain(f"{name}: error: {message}")
    return status


def _complain(text: str) -> None:
    """Write a sentence on standard error: on a terminal in lines that fit, elsewhere in one."""
    if sys.stderr.isatty():
        width = min(shutil.get_terminal_size().columns, _WIDEST)
        text = textwrap.fill(text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    print(text, file=sys.stderr)
