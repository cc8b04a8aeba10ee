"""``syncredis watch URL``: what happens to a service, as it happens."""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from syncredis import Redis
from syncredis.cli.arguments import number
from syncredis.cli.as_json import plain, write_json
from syncredis.cli.stopping import Stopped
from syncredis.cli.subcommand import Subcommand
from syncredis.cli.target import ENVIRONMENT, service
from syncredis.cli.target import add_arguments as add_target
from syncredis.config import Location
from syncredis.exceptions import RedisError
from syncredis.sentinel.events import (
    Event,
    FailoverAborted,
    FailoverStarted,
    PrimaryChanged,
    PrimaryDown,
    PrimaryUp,
    ReplicasChanged,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching(Event):
    """What comes first: it has begun.

    Attributes:
        primary: the primary now.
        error: why it does not answer; None: it does.
    """

    source: str = "this program"
    primary: Location
    error: RedisError | None = None


_DESCRIPTION: Final = """\
Listen to all Sentinels, as a client does, and write what happens to a service,
one line for each event: a primary that is found down, a failover that begins,
is given up, or leads to another primary, replicas that come and go.
"""
_EPILOG: Final = f"""\
examples:
  syncredis watch redis+sentinel://localhost:26379/myredis
  syncredis watch localhost:26379/myredis --json | jq .event
  syncredis watch localhost:26379/myredis --seconds 60

{ENVIRONMENT}
exit status: 0 after --seconds, and after Ctrl-C; 1 if no Sentinel can be asked
at the beginning; 2 if the arguments or the installation are at fault.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target(parser)
    parser.add_argument(
        "--seconds", type=number(0.1, 10**9), metavar="S", help="end after so many; default: go on until Ctrl-C"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write what happens; return the exit status."""
    sentinel, name = service(arguments)
    deadline = None if arguments.seconds is None else time.monotonic() + arguments.seconds
    with sentinel, sentinel.events() as events, sentinel.primary_for(name, failover_timeout=0) as client:
        primary = sentinel.discover_primary(name)
        tell = _teller(arguments)
        tell(*_beginning(client, name, primary))
        try:
            while True:
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                event = events.get(left)
                if event is None:  # it is over
                    break
                tell(sentence(event), event)
        except Stopped as stopped:
            if stopped.number != signal.SIGINT:
                raise
    return 0


def _beginning(client: Redis[str], name: str, primary: Location) -> tuple[str, Watching]:
    """Return what there is to say first: what is wrong with the primary already the Sentinels do not tell again."""
    error: RedisError | None = None
    try:
        client.ping()
    except RedisError as caught:
        error = caught
    text = f"Watching {name!r}: its primary is {primary.target}"
    text += "." if error is None else f", which does not answer: {str(error).rstrip('.')}."
    return text, Watching(service_name=name, primary=primary, error=error)


def sentence(event: Event) -> str:
    """Return an event in a sentence."""
    match event:
        case PrimaryDown():
            return f"The Sentinels find the primary {event.primary.target} down."
        case PrimaryUp():
            return f"The primary {event.primary.target} is up again."
        case FailoverStarted():
            return f"A failover from {event.primary.target} begins."
        case FailoverAborted():
            return f"The failover was given up; the primary is still {event.primary.target}."
        case PrimaryChanged():
            epoch = "" if event.epoch is None else f", epoch {event.epoch}"
            early = ", by its own word; not all Sentinels have heard of it" if event.early else ""
            outage = "" if event.outage is None else f" Calls waited for {event.outage.seconds:,.2f} s."
            return f"The primary is {event.new.target} now{epoch}{early}.{outage}"
        case ReplicasChanged():
            said = event.source.partition(" ")[0]
            return _OF_REPLICAS.get(said, "The replica {} changed its role.").format(event.replica.target)
        case _:
            return f"{type(event).__name__}."


#: Seconds within which a person is told only once what each Sentinel says of a replica.
_ONCE_WITHIN: Final = 5.0

#: By the word of the Sentinel.
_OF_REPLICAS: Final = {
    "+slave": "The replica {} belongs to the service.",
    "+sdown": "A Sentinel finds the replica {} down.",
    "-sdown": "A Sentinel finds the replica {} up again.",
    "+reboot": "The replica {} was restarted.",
}

_SIGNS: Final[dict[type[Event], str]] = {
    PrimaryDown: "error",
    PrimaryUp: "good",
    FailoverStarted: "warning",
    FailoverAborted: "error",
    PrimaryChanged: "switch",
    ReplicasChanged: "note",
    Watching: "note",
}


def _teller(arguments: argparse.Namespace) -> Callable[[str, Event], None]:
    """Return what writes an event, and the sentence that stands for it."""
    if arguments.json:

        def tell_json(_: str, event: Event) -> None:
            write_json({"event": type(event).__name__, **plain(event)}, indent=None)

        return tell_json

    # Here, because it needs rich, which is an extra: `--help` works without.
    from rich.text import Text

    from syncredis.cli.screen import Screen

    screen = Screen(color=not arguments.no_color)
    told: dict[str, float] = {}

    def tell(text: str, event: Event) -> None:
        at = event.at
        if isinstance(event, ReplicasChanged) and at - told.get(text, 0.0) < _ONCE_WITHIN:
            return
        told[text] = at
        clock = f"{time.strftime('%H:%M:%S', time.localtime(at))}.{int(at % 1 * 1000):03} "
        sign = _SIGNS.get(type(event), "warning")
        if isinstance(event, Watching) and event.error is not None:
            sign = "error"
        head = Text.assemble((clock, "quiet"), screen.sign(sign), " ")
        screen.paragraph(head, text, remark=_remark(event, screen.width - head.cell_len - len(text)))

    return tell


def _remark(event: Event, room: int) -> str:
    """Return where a person's news is from: in full if that fits behind it, else by the word of the Sentinel alone."""
    if isinstance(event, Watching):
        return ""
    remark = f"({event.source})"
    return remark if len(remark) < room else f"({event.source.partition(' ')[0]})"


SUBCOMMAND: Final = Subcommand(
    name="watch",
    summary="write what happens to a service, as it happens",
    description=_DESCRIPTION,
    epilog=_EPILOG,
    add_arguments=add_arguments,
    run=run,
    has_json=True,
)
