"""The commands of Sentinels: https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/

For a client that is connected to a Sentinel. To find and follow a service's primary there is `syncredis.sentinel`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, overload

from syncredis.command import Command
from syncredis.commands.arguments import SpanT, milliseconds, one_of, pairs, required
from syncredis.commands.group import CommandGroup
from syncredis.commands.sentinel_replies import (
    CachedInfo,
    DownView,
    PendingScript,
    PrimaryState,
    ReplicaState,
    SentinelState,
    to_down_view,
    to_info_cache,
    to_location,
    to_pending_script,
    to_periods,
    to_state,
    to_states_by_name,
)
from syncredis.config import Location
from syncredis.exceptions import DataError
from syncredis.replies import list_of, to_dict, to_true
from syncredis.typing import AnyStr, EncodableT


class SentinelCommands(CommandGroup[AnyStr]):
    """Commands of Sentinels. One that is given a service name unknown to the Sentinel raises `ResponseError`."""

    __slots__ = ()

    # --- services: where they are and how they are -----------------------------------------------------

    def sentinel_ckquorum(self, service_name: str) -> bool:
        """Return True if enough Sentinels can be reached to fail over, and to agree on it. A `ResponseError` otherwise.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        return self.execute(Command(("SENTINEL", "CKQUORUM", service_name), to_true))

    def sentinel_get_master_addr_by_name(self, service_name: str) -> Location | None:
        """Return host and port of the primary of a service, or None if the Sentinel does not know the name.

        During and after a failover that is the new primary.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        command = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", service_name)
        return self.execute(Command(command, to_location, text=True))

    def sentinel_get_primary_addr_by_name(self, service_name: str) -> Location | None:
        """Return host and port of the primary: `sentinel_get_master_addr_by_name` in the words of today.

        Sends the old word, which all Sentinels know.

        https://valkey.io/topics/sentinel/
        """
        return self.sentinel_get_master_addr_by_name(service_name)

    def sentinel_info_cache(self, *args: str) -> dict[str, list[CachedInfo]]:
        """Return, for each of the services, what its servers last told of themselves: the primary first, then the replicas.

        Services that the Sentinel does not know are left out.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        return self.execute(Command(("SENTINEL", "INFO-CACHE", *required("args", args)), to_info_cache, text=True))

    def sentinel_is_master_down_by_addr(self, ip: str, port: int, current_epoch: int = 0, runid: str = "*") -> DownView:
        """Return whether the Sentinel takes the primary at an address for down: what Sentinels ask each other.

        Args:
            ip: of the primary.
            port: of the primary.
            current_epoch: for which epoch a vote is asked for.
            runid: the Sentinel that wants to be voted for; ``"*"``: do not vote. Anything else is counted as a vote!

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        words: tuple[EncodableT, ...] = ("SENTINEL", "IS-MASTER-DOWN-BY-ADDR", ip, port, current_epoch, runid)
        return self.execute(Command(words, to_down_view, text=True))

    def sentinel_is_primary_down_by_addr(
        self, ip: str, port: int, current_epoch: int = 0, runid: str = "*"
    ) -> DownView:
        """Return whether the Sentinel takes a primary for down: `sentinel_is_master_down_by_addr` in the words of today.

        Sends the old word, which all Sentinels know.

        https://valkey.io/topics/sentinel/
        """
        return self.sentinel_is_master_down_by_addr(ip, port, current_epoch, runid)

    def sentinel_master(self, service_name: str) -> PrimaryState:
        """Return what the Sentinel knows of the primary of a service.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        return self.execute(Command[PrimaryState](("SENTINEL", "MASTER", service_name), to_state, text=True))

    def sentinel_masters(self) -> dict[str, PrimaryState]:
        """Return what the Sentinel knows of the primaries of all services, by service name.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        return self.execute(Command(("SENTINEL", "MASTERS"), to_states_by_name, text=True))

    def sentinel_primaries(self) -> dict[str, PrimaryState]:
        """Return what the Sentinel knows of all primaries: `sentinel_masters` in the words of today.

        Sends the old word, which all Sentinels know.

        https://valkey.io/topics/sentinel/
        """
        return self.sentinel_masters()

    def sentinel_primary(self, service_name: str) -> PrimaryState:
        """Return what the Sentinel knows of the primary of a service: `sentinel_master` in the words of today.

        Sends the old word, which all Sentinels know.

        https://valkey.io/topics/sentinel/
        """
        return self.sentinel_master(service_name)

    def sentinel_replicas(self, service_name: str) -> list[ReplicaState]:
        """Return what the Sentinel knows of the replicas of a service, those that are down included.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        return self.execute(Command(("SENTINEL", "REPLICAS", service_name), list_of(to_state), text=True))

    def sentinel_sentinels(self, service_name: str) -> list[SentinelState]:
        """Return what the Sentinel knows of the others that watch a service.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        return self.execute(Command(("SENTINEL", "SENTINELS", service_name), list_of(to_state), text=True))

    def sentinel_slaves(self, service_name: str) -> list[ReplicaState]:
        """Return what the Sentinel knows of the replicas of a service: the old name of `sentinel_replicas`.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        return self.sentinel_replicas(service_name)

    # --- services: what is watched, and how ---------------------------------------------------------------

    def sentinel_failover(self, service_name: str, coordinated: bool = False) -> bool:
        """Begin to make a replica the primary, without asking the other Sentinels; return at once.

        A `ResponseError` if no replica is fit for it, or a failover is in progress.

        Args:
            service_name: whose primary is replaced.
            coordinated: let the primary itself hand over, so that no write is lost. Since Valkey 9.0.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        how: tuple[str, ...] = ("COORDINATED",) if coordinated else ()
        return self.execute(Command(("SENTINEL", "FAILOVER", service_name, *how), to_true))

    def sentinel_monitor(self, name: str, ip: str, port: int, quorum: int) -> bool:
        """Begin to watch a service.

        Args:
            name: of the service.
            ip: of its primary; a host name only if the setting ``resolve-hostnames`` is on.
            port: of its primary.
            quorum: how many Sentinels have to agree that the primary is down.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        return self.execute(Command(("SENTINEL", "MONITOR", name, ip, port, quorum), to_true))

    def sentinel_remove(self, name: str) -> bool:
        """Do not watch a service any longer, and forget it.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        return self.execute(Command(("SENTINEL", "REMOVE", name), to_true))

    def sentinel_reset(self, pattern: str) -> int:
        """Forget all but the primaries of the services whose names match ``pattern``; return how many services there are.

        The Sentinel finds replicas and other Sentinels anew; those that are gone for good are forgotten thereby.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        return self.execute(Command(("SENTINEL", "RESET", pattern)))

    def sentinel_set(self, name: str, option: str, value: EncodableT, *args: EncodableT) -> bool:
        """Change how a service is watched, by this Sentinel alone.

        Args:
            name: of the service.
            option: e.g. ``"quorum"``, ``"down-after-milliseconds"``, ``"auth-pass"``.
            value: as in the configuration file.
            *args: further options and values in turn.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        if len(args) % 2:
            raise DataError("args must hold a value for each option")
        return self.execute(Command(("SENTINEL", "SET", name, option, value, *args), to_true))

    # --- the Sentinel itself ------------------------------------------------------------------------------

    def sentinel_config_get(self, pattern: str = "*", *args: str) -> dict[str, str]:
        """Return the Sentinel's settings whose names match a pattern. More than one pattern since Valkey 7.2.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        return self.execute(Command(("SENTINEL", "CONFIG", "GET", pattern, *args), to_dict, text=True))

    def sentinel_config_set(self, name: str, value: EncodableT, *args: EncodableT) -> bool:
        """Change a setting of the Sentinel, which it writes to its configuration file.

        Args:
            name: the setting, e.g. ``"announce-ip"``, ``"resolve-hostnames"``, ``"loglevel"`` (since Redis 7.0).
            value: as in the configuration file.
            *args: further names and values in turn. Since Valkey 7.2.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        if len(args) % 2:
            raise DataError("args must hold a value for each name")
        return self.execute(Command(("SENTINEL", "CONFIG", "SET", name, value, *args), to_true))

    @overload
    def sentinel_debug(self, parameters: None = None) -> dict[str, int]: ...

    @overload
    def sentinel_debug(self, parameters: Mapping[str, SpanT]) -> bool: ...

    @overload
    def sentinel_debug(self, parameters: Mapping[str, SpanT] | None = None) -> dict[str, int] | bool: ...

    def sentinel_debug(self, parameters: Mapping[str, SpanT] | None = None) -> dict[str, int] | bool:
        """Return the periods by which the Sentinel works, in milliseconds; or change some. Since Redis 7.0.

        Args:
            parameters: new periods in milliseconds by their names, e.g. ``{"PING-PERIOD": 500}``; kept until it restarts.

        Returns:
            All periods by their names; with ``parameters`` True.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        if parameters is None:
            return self.execute(Command(("SENTINEL", "DEBUG"), to_periods, text=True))
        given: list[EncodableT] = pairs("parameters", parameters, milliseconds)
        return self.execute(Command(("SENTINEL", "DEBUG", *given), to_true))

    def sentinel_flushconfig(self) -> bool:
        """Write the Sentinel's configuration file, with all it knows, as it does after each change of its own.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        return self.execute(Command(("SENTINEL", "FLUSHCONFIG"), to_true))

    def sentinel_myid(self) -> str:
        """Return the Sentinel's own ID, 40 hexadecimal digits. Since Redis 6.2.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        return self.execute(Command(("SENTINEL", "MYID"), text=True))

    def sentinel_pending_scripts(self) -> list[PendingScript]:
        """Return the notification and reconfiguration scripts that run, or wait to be run or tried again.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        return self.execute(Command(("SENTINEL", "PENDING-SCRIPTS"), list_of(to_pending_script), text=True))

    def sentinel_simulate_failure(self, *args: Literal["crash-after-election", "crash-after-promotion"]) -> bool:
        """Let the Sentinel crash at some point of its next failover. For tests.

        Args:
            *args: ``"crash-after-election"``: when it has been elected to lead it; ``"crash-after-promotion"``: when a replica
                has become the primary.

        https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands
        """
        if not args:
            raise DataError("args must hold at least one element")
        modes: list[EncodableT] = [one_of("args", mode, _CRASHES) for mode in args]
        return self.execute(Command(("SENTINEL", "SIMULATE-FAILURE", *modes), to_true))


_CRASHES = ("CRASH-AFTER-ELECTION", "CRASH-AFTER-PROMOTION")
