"""``syncredis ping URL``: whether somebody answers, who, and how fast."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from syncredis import Redis
from syncredis.cli.arguments import number, whole_number
from syncredis.cli.as_json import write_json
from syncredis.cli.subcommand import Subcommand
from syncredis.cli.target import ENVIRONMENT, client
from syncredis.cli.target import add_arguments as add_target
from syncredis.command import Command
from syncredis.exceptions import RedisError

if TYPE_CHECKING:
    from syncredis.cli.screen import Screen

_DESCRIPTION: Final = """\
Connect, send PING a few times, and say who answered and how fast. The first
answer's time includes connecting and, for a service, asking the Sentinels.
"""
_EPILOG: Final = f"""\
examples:
  syncredis ping redis://localhost:6379
  syncredis ping redis+sentinel://localhost:26379/myredis
  syncredis ping redis+sentinel://localhost:26379/myredis --role replica

{ENVIRONMENT}
exit status: 0 if every PING was answered; 1 if one was not; 2 if the arguments
or the installation are at fault.
"""

_PING: Final = Command[Any](("PING",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one PING.

    Attributes:
        server: who answered; None: nobody.
        role: what that server said that it is, where it was asked.
        seconds: how long it took.
        error: why there was no answer.
    """

    server: str | None
    role: str | None
    seconds: float
    error: RedisError | None


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
    add("--count", type=whole_number(1, 10**9), default=4, metavar="N", help="how often; default: 4")
    add("--interval", type=number(0, 3600), default=0.5, metavar="S", help="seconds between two; default: 0.5")


def run(arguments: argparse.Namespace) -> int:
    """Ping; return the exit status."""
    screen: Screen | None = None
    tell: Callable[[Answer], None] | None = None
    if not arguments.json:
        # Here, because it needs rich, which is an extra: `--help` works without.
        from syncredis.cli.screen import Screen

        screen = Screen(color=not arguments.no_color)
        tell = _teller(screen)
    answers: list[Answer] = []
    with client(arguments) as pinged:
        for answer in _ping(pinged, arguments.count, arguments.interval):
            answers.append(answer)
            if tell is not None:
                tell(answer)
    times = [answer.seconds for answer in answers if answer.error is None]
    if screen is None:
        summary = {"median": median(times), "fastest": min(times), "slowest": max(times)} if times else {}
        write_json({"sent": len(answers), "answered": len(times), **summary, "answers": answers})
    else:
        _summarize(screen, len(answers), times)
    return int(len(times) < len(answers))


def _ping(pinged: Redis[str], count: int, interval: float) -> Iterator[Answer]:
    for turn in range(count):
        if turn:
            time.sleep(interval)
        began = time.perf_counter()
        try:
            with pinged.pool.leased() as connection:
                connection.execute(_PING, text=True)
                took = time.perf_counter() - began
                yield Answer(server=connection.config.target, role=connection.role, seconds=took, error=None)
        except RedisError as error:
            yield Answer(server=None, role=None, seconds=time.perf_counter() - began, error=error)


def _teller(screen: Screen) -> Callable[[Answer], None]:
    from syncredis.cli.screen import span

    def tell(answer: Answer) -> None:
        if answer.error is not None:
            screen.say("error", f"no answer after {span(answer.seconds)}: {answer.error}")
        else:
            role = "" if answer.role is None else f" ({answer.role})"
            screen.say("good", f"{answer.server}{role} answered within {span(answer.seconds)}")

    return tell


def _summarize(screen: Screen, sent: int, times: list[float]) -> None:
    from rich.text import Text

    from syncredis.cli.screen import span

    spread = f"; fastest {span(min(times))}, median {span(median(times))}, slowest {span(max(times))}" if times else ""
    screen.write("")
    screen.paragraph(Text("   "), f"{len(times)} of {sent} answered{spread}")


SUBCOMMAND: Final = Subcommand(
    name="ping",
    summary="see whether somebody answers, who, and how fast",
    description=_DESCRIPTION,
    epilog=_EPILOG,
    add_arguments=add_arguments,
    run=run,
    has_json=True,
)
