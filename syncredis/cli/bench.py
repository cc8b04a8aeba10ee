"""``syncredis bench URL``: how fast one's own deployment answers, in a quick reading."""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from syncredis import Redis, __version__
from syncredis.cli.arguments import number, whole_number
from syncredis.cli.as_json import write_json
from syncredis.cli.measuring import Measurement, Plan
from syncredis.cli.subcommand import Subcommand
from syncredis.cli.target import ENVIRONMENT, client
from syncredis.cli.target import add_arguments as add_target
from syncredis.exceptions import RedisError

_DESCRIPTION: Final = """\
Measure for a second each how fast PING, GET and SET are answered: one after the
other, in several threads, in a pipeline, and in asyncio tasks. It reads and
writes one key, which it removes in the end; with --read-only, and on replicas,
it writes nothing. The figures are those of this machine, this network and this
moment: run it twice before believing it.
"""
_EPILOG: Final = f"""\
examples:
  syncredis bench redis+sentinel://localhost:26379/myredis
  syncredis bench redis+sentinel://localhost:26379/myredis --role replica
  syncredis bench redis://localhost:6379 --seconds 5 --threads 32 --json

{ENVIRONMENT}
exit status: 0; 1 if the server can not be reached or answers with an error;
2 if the arguments or the installation are at fault.
"""

#: Columns that the table takes where there is room.
_COMFORTABLE: Final = 72


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target(parser, any_url=True)
    add = parser.add_argument
    add(
        "--role",
        choices=("primary", "replica"),
        metavar="ROLE",
        help="of a service, whom: primary or replica; default: as the URL says, or primary",
    )
    add("--seconds", type=number(0.01, 600), default=1.0, metavar="S", help="for each measurement; default: 1")
    add(
        "--threads",
        type=whole_number(1, 100),
        default=8,
        metavar="N",
        help="threads, where there are several; default: 8",
    )
    add(
        "--tasks",
        type=whole_number(1, 10_000),
        default=50,
        metavar="N",
        help="tasks, where there are several; default: 50",
    )
    add("--size", type=whole_number(0, 10**8), default=64, metavar="BYTES", help="of the value; default: 64")
    add("--read-only", action="store_true", help="write nothing; GET then asks for a key that is not there")


def run(arguments: argparse.Namespace) -> int:
    """Measure; return the exit status."""
    with client(arguments) as measured:
        with measured.pool.leased() as connection:
            server, role = connection.config.target, connection.role
        writes = not arguments.read_only and role != "replica"
        tell = None if arguments.json else _teller(server, role, color=not arguments.no_color)
        found = _measure(arguments, measured, tell, writes=writes)
    if arguments.json:
        write_json({"server": server, "role": role, "client": f"syncredis {__version__}", "measurements": found})
    return 0


def _measure(
    arguments: argparse.Namespace, measured: Redis[str], tell: Callable[[Measurement], None] | None, *, writes: bool
) -> list[Measurement]:
    key = f"syncredis:bench:{uuid.uuid4()}"
    value = "x" * arguments.size
    plan = Plan(measured, key, value, seconds=arguments.seconds, threads=arguments.threads, tasks=arguments.tasks)
    found: list[Measurement] = []
    try:
        if writes:
            measured.set(key, value, ex=600)  # it goes by itself, should this process be killed
        for take in plan.measurements(writes=writes):
            found.append(take())
            if tell is not None:
                tell(found[-1])
    finally:
        if writes:
            with suppress(RedisError):
                measured.delete(key)
    return found


def _teller(server: str, role: str | None, *, color: bool) -> Callable[[Measurement], None]:
    # Here, because it needs rich, which is an extra: `--help` works without.
    from rich.text import Text

    from syncredis.cli.screen import Screen, span

    screen = Screen(color=color)
    screen.title(server, f"{'' if role is None else f'{role}, '}by syncredis {__version__}")
    screen.write("")
    # On a narrow terminal with as little between the columns as there may be.
    indent, name, rate, times = (3, 24, 12, 11) if screen.width >= _COMFORTABLE else (1, 22, 10, 9)
    heads = "".join(f"{head:>{times}}" for head in ("median", "95 %", "99 %"))
    screen.write(Text(f"{'':<{indent + name}}{'commands/s':>{rate}}{heads}", style="bold"))

    def tell(one: Measurement) -> None:
        line = Text(" " * indent + f"{one.name:<{name}}")
        line.append(f"{one.rate:>{rate},.0f}", style="good")
        for seconds in (one.median, one.p95, one.p99):
            line.append(f"{span(seconds):>{times}}")
        screen.write(line)

    return tell


SUBCOMMAND: Final = Subcommand(
    name="bench",
    summary="measure how fast one's own deployment answers",
    description=_DESCRIPTION,
    epilog=_EPILOG,
    add_arguments=add_arguments,
    run=run,
    has_json=True,
)
