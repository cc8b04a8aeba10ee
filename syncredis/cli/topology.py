"""``syncredis topology URL``: a service at one moment - its servers, and what each Sentinel says."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from syncredis.cli.as_json import plain, write_json
from syncredis.cli.subcommand import Subcommand
from syncredis.cli.target import ENVIRONMENT, add_arguments, service
from syncredis.sentinel.reports import SentinelReport, ServerReport, Topology

if TYPE_CHECKING:
    from syncredis.cli.screen import Screen

_DESCRIPTION: Final = """\
Ask every Sentinel, and every server that any of them names, and show what they
say: the primary, the replicas with their lag and their link to it, and the
Sentinels with the primary that each names, its epoch, and whether it reaches
enough others for the votes that a failover takes. A narrow terminal is shown
less.
"""
_EPILOG: Final = f"""\
examples:
  syncredis topology redis+sentinel://localhost:26379/myredis
  syncredis topology sentinel-1:26379,sentinel-2:26379/myredis --json
  syncredis topology rediss+sentinel://sentinel-1/myredis --ca-cert ca.pem
  syncredis topology localhost --address-map 172.17.0.2:6379=localhost:7001

{ENVIRONMENT}
exit status: 0 if a primary is named; 1 if not; 2 if the arguments or the
installation are at fault.
"""


def run(arguments: argparse.Namespace) -> int:
    """Show it; return the exit status."""
    sentinel, name = service(arguments)
    with sentinel:
        seen = sentinel.topology(name)
    if arguments.json:
        derived = {"epoch": seen.epoch, "quorum": seen.quorum, "agreed": seen.agreed}
        write_json({**plain(seen), **derived})
        return 0
    # Here, because it needs rich, which is an extra: `--help` works without.
    from syncredis.cli.screen import Screen

    show(Screen(color=not arguments.no_color), seen)
    return 0


def show(screen: Screen, seen: Topology) -> None:
    """Write it for people."""
    agreement = "the Sentinels agree" if seen.agreed else "the Sentinels do not agree"
    quorum = "" if seen.quorum is None else f"quorum {seen.quorum} of {len(seen.sentinels)}, "
    epoch = "" if seen.epoch is None else f"epoch {seen.epoch}, "
    screen.title(seen.service_name, f"{epoch}{quorum}{agreement}")
    screen.write("")
    _show_servers(screen, seen)
    screen.write("")
    _show_sentinels(screen, seen)
    screen.write("")
    everybody: list[ServerReport | SentinelReport] = [*seen.servers, *seen.sentinels]
    for one in everybody:
        if one.error is not None:
            target, message = one.location.target, str(one.error)
            screen.say("error", message if target in message else f"{target}: {message}")


def _show_servers(screen: Screen, seen: Topology) -> None:
    table = screen.table("role", "server", "version", "state", "lag", "round trip", right=("lag", "round trip"))
    for server in seen.servers:
        from syncredis.cli.screen import size, span

        is_primary = server is seen.primary
        state, is_well = _state(server, is_primary=is_primary)
        table.add_row(
            "primary" if is_primary else "replica",
            server.location.target,
            server.version or "-",
            f"[{'good' if is_well else 'fault'}]{state}[/]",
            "" if is_primary else size(server.lag),
            span(server.latency),
            style="" if server.error is None else "quiet",
        )
    screen.write_table(table, "version", "round trip")


def _state(server: ServerReport, *, is_primary: bool) -> tuple[str, bool]:
    """Return the state of a server in a word or two, and whether that is good."""
    wanted = "primary" if is_primary else "replica"
    if server.error is not None:
        return "down" if server.is_down else "unreachable", False
    if server.role not in (wanted, None):
        return f"is a {server.role}", False
    if server.is_down:
        return "down, say Sentinels", False
    if is_primary:
        count = server.replicas
        return ("in service" if count is None else f"{count} replica{'' if count == 1 else 's'}"), count != 0
    # "connect" is a server's word for a link that is still to be made.
    link = "not connected" if server.link == "connect" else server.link
    return link or "in service", link in ("connected", None)


def _show_sentinels(screen: Screen, seen: Topology) -> None:
    numbers = ("epoch", "quorum", "others")
    table = screen.table("Sentinel", "names as primary", *numbers, "votes", right=numbers)
    for sentinel in seen.sentinels:
        table.add_row(
            sentinel.location.target,
            _named(sentinel, seen),
            _number(sentinel.epoch),
            _number(sentinel.quorum),
            str(len(sentinel.others)) if sentinel.primary is not None else "-",
            _verdict(sentinel),
            style="" if sentinel.error is None else "quiet",
        )
    screen.write_table(table, "others", "quorum", "epoch")


def _named(sentinel: SentinelReport, seen: Topology) -> str:
    if sentinel.error is not None:
        return "[fault]unreachable[/]"
    if sentinel.primary is None:
        return "[fault]no such service[/]"
    is_current = seen.primary is not None and sentinel.primary == seen.primary.location
    return f"[{'good' if is_current else 'fault'}]{sentinel.primary.target}[/]"


def _verdict(sentinel: SentinelReport) -> str:
    words = [] if not sentinel.tilt else ["[fault]in TILT[/]"]
    match sentinel.can_fail_over:
        case True:
            words.append("[good]enough[/]")
        case False:
            words.append("[fault]too few[/]")
        case None:
            words.append("-")
    if "failover_in_progress" in sentinel.flags:
        words.append("[wait]failing over[/]")
    return ", ".join(words)


def _number(value: int | None) -> str:
    return "-" if value is None else str(value)


SUBCOMMAND: Final = Subcommand(
    name="topology",
    summary="show a service: primary, replicas, Sentinels",
    description=_DESCRIPTION,
    epilog=_EPILOG,
    add_arguments=add_arguments,
    run=run,
    has_json=True,
)
