"""What the Sentinels of a deployment say as a group, and whether that is as it should be."""

from __future__ import annotations

from syncredis.exceptions import RedisError
from syncredis.testing import readiness
from syncredis.testing.errors import ServerProcessError
from syncredis.testing.process import ServerProcess
from syncredis.testing.sentinels import SentinelView


class Overview:
    """The processes of one deployment, and the questions that concern them all.

    Every method blocks for a few seconds at most, and raises ServerProcessError when no Sentinel
    answers. Only the deployment changes the two lists.
    """

    def __init__(self, service_name: str) -> None:
        self.service_name = service_name
        self.nodes: list[ServerProcess] = []
        self.sentinels: list[ServerProcess] = []

    def views(self) -> list[SentinelView]:
        """Return the Sentinels that can answer."""
        return [SentinelView(node, self.service_name) for node in self.sentinels if is_well(node)]

    def latest_view(self) -> SentinelView:
        """Return a Sentinel that has heard of the latest failover."""
        answers: list[tuple[int, SentinelView]] = []
        causes: list[str] = []
        for view in self.views():
            try:
                answers.append((int(view.primary().fields["config-epoch"]), view))
            except RedisError as error:
                causes.append(f"{view.node}: {error}")
        if not answers:
            raise ServerProcessError("; ".join(["no Sentinel answers", *causes]))
        return max(answers, key=lambda answer: answer[0])[1]

    def primary(self) -> ServerProcess:
        """Return the node that the Sentinels name as primary now."""
        return self._node_at(self.latest_view().primary().location)

    def replicas(self) -> list[ServerProcess]:
        """Return the nodes that the Sentinels know as replicas now and can reach."""
        reports = self.latest_view().replicas()
        gone = {"s_down", "disconnected"}  # just after a failover it is the second alone
        return [self._node_at(report.location) for report in reports if not report.flags & gone]

    def complaint(self) -> str | None:
        """Say what is not in order among the processes that run, or return None."""
        primary = self.primary()
        if not is_well(primary):
            return f"{primary} is down, and still the primary"
        views = self.views()
        replicas = [node for node in self.nodes if is_well(node) and node is not primary]
        return (
            readiness.primary_complaint(views, primary)
            or readiness.replication_complaint(primary, replicas)
            or readiness.sentinel_complaint(views, replicas)
        )

    def switch_complaint(self, old_primary: ServerProcess) -> str | None:
        """Say why a failover away from `old_primary` is not complete, or return None."""
        new = self.primary()
        if new is old_primary:
            return f"the Sentinels still name {old_primary}"
        if not is_well(new):
            return f"the new primary is down as well: {new}"
        return readiness.primary_complaint(self.views(), new) or (readiness.replication_complaint(new, []))

    def _node_at(self, location: tuple[str, int]) -> ServerProcess:
        for node in self.nodes:
            if node.location == location:
                return node
        raise ServerProcessError(f"the Sentinels name {location}, which is none of the nodes")


def is_well(process: ServerProcess) -> bool:
    """Tell whether the process runs and may answer."""
    return process.is_running and not process.is_frozen
