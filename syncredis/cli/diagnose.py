"""``syncredis diagnose URL``: what is wrong with a service, or could be better, with advice."""

from __future__ import annotations

import argparse
from typing import Final

from syncredis.cli.as_json import write_json
from syncredis.cli.subcommand import Subcommand
from syncredis.cli.target import ENVIRONMENT, service
from syncredis.cli.target import add_arguments as add_target
from syncredis.sentinel.diagnosis import SEVERITIES
from syncredis.sentinel.finding import Finding

_DESCRIPTION: Final = """\
Ask every Sentinel, and every server that any of them names, and say what is
wrong with what they answer, or could be better, the worst first: Sentinels that
disagree, replicas that lag, a failover that would not take place, rights that
are missing, addresses that can not be reached from here.
"""
_EPILOG: Final = f"""\
examples:
  syncredis diagnose redis+sentinel://localhost:26379/myredis
  syncredis diagnose sentinel-1:26379/myredis --fail-on error --json

{ENVIRONMENT}
exit status, for monitoring: 0 if nothing was found of the severity that
--fail-on names, or worse; 1 if something was; 2 if the arguments or the
installation are at fault.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target(parser)
    parser.add_argument(
        "--fail-on",
        choices=SEVERITIES,
        default="warning",
        metavar="SEVERITY",
        help="how bad a finding has to be for an exit status of 1: error, warning or note; default: warning",
    )


def run(arguments: argparse.Namespace) -> int:
    """Say it; return the exit status."""
    sentinel, name = service(arguments)
    with sentinel:
        findings = sentinel.diagnose(name)
    counted = SEVERITIES[: SEVERITIES.index(arguments.fail_on) + 1]
    status = int(any(finding.severity in counted for finding in findings))
    if arguments.json:
        write_json({"service_name": name, "well": not status, "findings": findings})
    else:
        _show(name, findings, color=not arguments.no_color)
    return status


def _show(name: str, findings: list[Finding], *, color: bool) -> None:
    # Here, because it needs rich, which is an extra: `--help` works without.
    from rich.text import Text

    from syncredis.cli.screen import Screen

    screen = Screen(color=color)
    counts = {severity: sum(finding.severity == severity for finding in findings) for severity in SEVERITIES}
    words = [f"{count} {severity}{'' if count == 1 else 's'}" for severity, count in counts.items() if count]
    screen.title(name, ", ".join(words) or "nothing was found")
    screen.write("")
    for finding in findings:
        where = "" if finding.subject is None else f"{finding.subject.target}: "
        screen.say(finding.severity, f"{where}{finding.message}.", "title")
        screen.paragraph(Text("   "), f"{finding.advice}.")
        screen.write("")
    if not findings:
        screen.say("good", "All is well: every Sentinel and every server answers, and they agree.")
        screen.write("")


SUBCOMMAND: Final = Subcommand(
    name="diagnose",
    summary="say what is wrong with a service, with advice",
    description=_DESCRIPTION,
    epilog=_EPILOG,
    add_arguments=add_arguments,
    run=run,
    has_json=True,
)
