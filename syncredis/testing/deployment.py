"""A whole deployment on loopback: a primary, its replicas, and the Sentinels that watch them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self

from syncredis import Location
from syncredis.exceptions import ResponseError
from syncredis.testing.binaries import ServerBinary, find
from syncredis.testing.directives import ConfigValue, lines, quote
from syncredis.testing.errors import ServerProcessError
from syncredis.testing.network import Network
from syncredis.testing.overview import Overview, is_well
from syncredis.testing.process import ServerProcess
from syncredis.testing.readiness import replication_complaint, wait_until
from syncredis.testing.sentinels import hurried, introduce

# What makes the first synchronisation take tenths of a second: more looks at children that end; the detour
# over the disk of the primary (without it a replica is sent what is written only after its next report, up
# to a second later), but not of the replica (for which Valkey 9 takes a second).
_IMMEDIATE_SYNC: Final[dict[str, ConfigValue]] = {
    "repl-diskless-sync": False,
    "repl-diskless-load": "on-empty-db",
    "hz": 50,
}


class SentinelDeployment:
    """A primary, its replicas and their Sentinels: real processes that end with the `with` block.

    Like the single `ServerProcess`, the processes also end when the deployment is forgotten and
    when this Python process ends, in whatever way.

    One thread at a time may start, change and close the deployment; `kill`, `freeze`, `thaw` and
    everything that only looks may be called from any thread. Times are in seconds.
    """

    def __init__(
        self,
        replicas: int = 2,
        sentinels: int = 3,
        *,
        server: ServerBinary | str | os.PathLike[str] = "auto",
        service_name: str = "myredis",
        quorum: int | None = None,
        down_after: float = 1.5,
        failover_timeout: float = 10.0,
        password: str | None = None,
        sentinel_password: str | None = None,
        config: Mapping[str, ConfigValue] | None = None,
        sentinel_config: Mapping[str, ConfigValue] | None = None,
        tls: Mapping[str, ConfigValue] | None = None,
        proxied: bool = False,
        network: Network | None = None,
        on_progress: Callable[[str], None] | None = None,
    ) -> None:
        """Describe the deployment; nothing runs before `start`.

        Args:
            replicas: How many replicas, 0 or more.
            sentinels: How many Sentinels, 1 or more.
            server: The binary for all of them, or what `find` shall look for.
            service_name: The name by which the Sentinels know the primary.
            quorum: How many Sentinels have to agree that the primary is down; None is the majority.
            down_after: Silence after which a Sentinel takes a server for down. From a second on downwards it
                may take a server that was just promoted for down, too, since it connects to it only
                once a second, and begin another failover: acknowledged writes are lost then.
            failover_timeout: After twice this time a failover that failed is tried again.
            password: Of the primary and the replicas.
            sentinel_password: Of the Sentinels.
            config: Directives for the primary and the replicas, on top of ours.
            sentinel_config: Directives for the Sentinels; those under `sentinel` come after ours.
            tls: The `tls-...` directives for certificates, given to every process: all of them then
                speak TLS and nothing else.
            proxied: Put a `FaultProxy` in front of each process: its `ServerProcess.proxy`. Clients, replicas and
                Sentinels all find it at the proxy's place, so that faults there are faults for everybody.
            network: Run each process on a host of its own in this network, which has to outlive the deployment.
            on_progress: Called with a short sentence at every step of the start.

        Raises:
            ServerNotFoundError: If there is no such binary.
            ValueError: If a number makes no sense, or for `network` together with `proxied` or `tls`.
        """
        if network is not None and (proxied or tls is not None):
            raise ValueError("a deployment in a network of its own has no proxies and speaks no TLS")
        if replicas < 0 or sentinels < 1:
            raise ValueError("a deployment has 0 or more replicas and at least one Sentinel")
        if quorum is not None and not 1 <= quorum <= sentinels:
            raise ValueError(f"quorum is 1 to {sentinels}, the number of Sentinels, not {quorum}")
        if down_after <= 0 or failover_timeout <= 0:
            raise ValueError("down_after and failover_timeout are more than 0 seconds")
        self.service_name = service_name
        self.binary = server if isinstance(server, ServerBinary) else find(server)
        self.quorum = quorum if quorum is not None else sentinels // 2 + 1
        self._counts = replicas, sentinels
        self._down_after = down_after
        self._failover_timeout = failover_timeout
        self._password = password
        self._sentinel_password = sentinel_password
        self._config = dict(config or {})
        self._sentinel_config = dict(sentinel_config or {})
        self._tls = None if tls is None else {"tls-replication": True, **tls}
        self._proxied = proxied
        self._network = network
        self._on_progress = on_progress
        self._overview = Overview(service_name)

    # -- the parts

    @property
    def nodes(self) -> list[ServerProcess]:
        """The servers that hold data, the first primary first; empty before `start`."""
        return list(self._overview.nodes)

    @property
    def sentinels(self) -> list[ServerProcess]:
        """The Sentinels; empty before `start`."""
        return list(self._overview.sentinels)

    @property
    def primary(self) -> ServerProcess:
        """The node that was started as primary, whatever it is now: see `current_primary`."""
        if not self._overview.nodes:
            raise ServerProcessError("the deployment has not been started")
        return self._overview.nodes[0]

    @property
    def replicas(self) -> list[ServerProcess]:
        """The nodes that were started as replicas, whatever they are now: see `current_replicas`."""
        return self._overview.nodes[1:]

    @property
    def sentinel_locations(self) -> list[Location]:
        """Host and port of every Sentinel: what a client is given."""
        return [sentinel.location for sentinel in self._overview.sentinels]

    def current_primary(self) -> ServerProcess:
        """Return the node that the Sentinels name as primary now; the most recent word counts.

        Blocks for a few seconds at most. Raises ServerProcessError when no Sentinel answers.
        """
        return self._overview.primary()

    def current_replicas(self) -> list[ServerProcess]:
        """Return the replicas that the Sentinels know now and can reach.

        Blocks for a few seconds at most. Raises ServerProcessError when no Sentinel answers.
        """
        return self._overview.replicas()

    # -- its life

    def start(self, timeout: float = 30.0) -> None:
        """Start everything, and block until it is in order.

        Raises:
            ServerStartError: If a server ends instead, with the end of its log.
            NotReadyError: If it is not in order within `timeout` seconds: it says what is missing.
            ServerProcessError: If the deployment has been started already.

        After any error, or an interruption, nothing is left running.
        """
        if self._overview.nodes:
            raise ServerProcessError("the deployment has been started already")
        deadline = time.monotonic() + timeout
        try:
            self._start_nodes(deadline)
            self._start_sentinels(deadline)
            self.wait_until_ready(deadline - time.monotonic())
            self._say("Ready.")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End everything at once and remove what it left on disk. May be called again."""
        overview = self._overview
        processes = [*overview.sentinels, *overview.nodes]
        overview.sentinels, overview.nodes = [], []
        for process in processes:
            process.kill()  # all of them first: none shall have the time to start a failover
        for process in processes:
            process.close()

    def wait_until_ready(self, timeout: float = 60.0) -> None:
        """Block until everything that runs is in order.

        That is: the Sentinels agree on the primary, every other node is its replica and in sync,
        and every Sentinel knows every replica and every other Sentinel and finds them well. Killed
        and frozen processes do not count. Meanwhile Sentinels from Redis 7.0 on are told to look and
        speak more often; before that an old primary that came back takes some 20 seconds.

        Raises NotReadyError after `timeout` seconds: it says what is missing.
        """
        with hurried(self._overview.views()):
            wait_until(self._overview.complaint, "the deployment was not in order", timeout)

    def add_replica(self, timeout: float = 30.0) -> ServerProcess:
        """Start one more replica of the current primary, and block until everything is in order.

        Raises like `start`; after an error the replica is gone, the rest stays as it is.
        """
        deadline = time.monotonic() + timeout
        primary = self.current_primary()
        replica = self._make_node({"replicaof": _words(primary.location)})
        try:
            replica.start(timeout=timeout)
            self.wait_until_ready(deadline - time.monotonic())
        except BaseException:
            self._overview.nodes.remove(replica)
            replica.close()
            raise
        return replica

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- faults

    def kill(self, node: ServerProcess) -> None:
        """End one process at once, as a crash would. ValueError if it is not one of ours."""
        self._ours(node).kill()

    def freeze(self, node: ServerProcess) -> None:
        """Make one process hang (SIGSTOP). ServerProcessError if it does not run."""
        self._ours(node).freeze()

    def thaw(self, node: ServerProcess) -> None:
        """Let a frozen process go on. ServerProcessError if it does not run."""
        self._ours(node).thaw()

    def restart(self, node: ServerProcess, timeout: float = 10.0) -> None:
        """Start one process again where it was, stopped first if it runs.

        Blocks until it answers. An old primary that came back takes itself for one for 10 to 20
        seconds, until the Sentinels make it a replica; `wait_until_ready` has them hurry. Raises
        like `ServerProcess.start`.
        """
        self._ours(node).restart(timeout=timeout)

    def failover(self, timeout: float = 60.0) -> ServerProcess:
        """Have the Sentinels make another node the primary, as an operator would; return that node.

        Blocks until all Sentinels that run name the new one and are done with the failover.

        Raises:
            NotReadyError: If that takes longer than `timeout` seconds.
            ServerProcessError: If there is no replica, or no Sentinel answers.
        """
        deadline = time.monotonic() + timeout
        old = self.current_primary()
        if not any(is_well(node) for node in self.nodes if node is not old):
            raise ServerProcessError("there is no replica to promote")
        view = self._overview.latest_view()

        def refusal() -> str | None:
            try:
                view.failover()
            except ResponseError as error:  # the one before is under way, or replicas not yet well
                return f"{view.node} refuses: {error}"
            return None

        wait_until(refusal, "no failover could be started", timeout)
        return self.wait_for_failover(old, deadline - time.monotonic())

    def wait_for_failover(self, old_primary: ServerProcess, timeout: float = 60.0) -> ServerProcess:
        """Block until all Sentinels that run name another primary; return its node.

        Raises NotReadyError after `timeout` seconds.
        """
        old = self._ours(old_primary)
        wait_until(lambda: self._overview.switch_complaint(old), "the Sentinels did not switch", timeout)
        return self.current_primary()

    # -- inside

    def _start_nodes(self, deadline: float) -> None:
        count = self._counts[0]
        self._say(f"Starting the primary ({self.binary}).")
        primary = self._make_node({})
        primary.start(timeout=deadline - time.monotonic())
        if not count:
            return
        self._say(f"The primary is on port {primary.port}. Starting {_number(count, 'replica')}.")
        replicas = [self._make_node({"replicaof": _words(primary.location)}) for _ in range(count)]
        _start_together(replicas, deadline)
        self._say("Waiting until the replicas are in sync.")
        wait_until(
            lambda: replication_complaint(primary, replicas),
            "the replicas were not in sync",
            deadline - time.monotonic(),
        )

    def _start_sentinels(self, deadline: float) -> None:
        # Only now: a Sentinel looks at the primary when it starts, and then every ten seconds.
        count = self._counts[1]
        self._say(f"Starting {_number(count, 'Sentinel')}.")
        config = self._sentinel_directives()
        sentinels = [
            ServerProcess(
                self.binary,
                name=f"sentinel-{number}",
                sentinel=True,
                password=self._sentinel_password,
                config=config,
                tls=self._tls is not None,
                proxied=self._proxied,
                network=self._network,
            )
            for number in range(1, count + 1)
        ]
        self._overview.sentinels = sentinels
        _start_together(sentinels, deadline)
        self._say("Waiting until the Sentinels know each other and the replicas.")
        introduce(self._overview.views(), self.primary.location)

    def _make_node(self, config: Mapping[str, ConfigValue]) -> ServerProcess:
        node = ServerProcess(
            self.binary,
            name=f"node-{len(self._overview.nodes) + 1}",
            password=self._password,
            config={**_IMMEDIATE_SYNC, **(self._tls or {}), **config, **self._config},
            tls=self._tls is not None,
            proxied=self._proxied,
            network=self._network,
        )
        self._overview.nodes.append(node)
        return node

    def _sentinel_directives(self) -> dict[str, ConfigValue]:
        name = self.service_name
        own = [
            f"monitor {name} {_words(self.primary.location)} {self.quorum}",
            f"down-after-milliseconds {name} {round(self._down_after * 1000)}",
            f"failover-timeout {name} {round(self._failover_timeout * 1000)}",
            # All replicas turn to the new primary at once: nobody reads from them here.
            f"parallel-syncs {name} {max(1, self._counts[0])}",
        ]
        if self._password is not None:
            own.append(f"auth-pass {name} {quote(self._password)}")
        given = lines(self._sentinel_config.get("sentinel", []))
        return {**(self._tls or {}), **self._sentinel_config, "sentinel": own + given}

    def _ours(self, process: ServerProcess) -> ServerProcess:
        if process not in (*self._overview.nodes, *self._overview.sentinels):
            raise ValueError(f"{process} does not belong to this deployment")
        return process

    def _say(self, sentence: str) -> None:
        if self._on_progress is not None:
            self._on_progress(sentence)


def _start_together(processes: list[ServerProcess], deadline: float) -> None:
    for process in processes:
        process.start(wait=False)
    for process in processes:
        process.wait_until_ready(deadline - time.monotonic())


def _words(location: tuple[str, int]) -> str:
    return f"{location[0]} {location[1]}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
