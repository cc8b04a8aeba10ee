"""What is wrong with a service, or could be better: a pure function from a `Topology`, no I/O."""

from __future__ import annotations

from typing import Final, get_args

from syncredis.sentinel.finding import Finding, Severity
from syncredis.sentinel.reports import Topology
from syncredis.sentinel.sentinel_findings import of_sentinels
from syncredis.sentinel.server_findings import of_servers

#: The worst first.
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)


def diagnose(topology: Topology) -> list[Finding]:
    """Return what there is to say about a service, the worst first; empty: all is well."""
    found = [*of_sentinels(topology), *of_servers(topology)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))
