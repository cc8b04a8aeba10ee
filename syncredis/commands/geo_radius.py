"""The geo commands that `geosearch` and `geosearchstore` have replaced: https://redis.io/docs/latest/commands/?group=geo"""

from __future__ import annotations

from typing import Literal, overload

from syncredis.command import Command
from syncredis.commands.arguments import exclusive, flags
from syncredis.commands.geo import OrderT, UnitT, order_options, unit_option
from syncredis.commands.geo_replies import GeoMatch, to_matches
from syncredis.commands.group import CommandGroup
from syncredis.exceptions import DataError
from syncredis.typing import AnyStr, EncodableT, FieldT, KeyT


class GeoRadiusCommands(CommandGroup[AnyStr]):
    """The older commands that find members within a circle; see `GeoCommands` for the newer ones.

    Unless they store what they find they are sent in their read-only forms, such as GEORADIUS_RO, which a replica carries
    out, too.
    """

    __slots__ = ()

    @overload
    def georadius(
        self,
        name: KeyT,
        longitude: float,
        latitude: float,
        radius: float,
        unit: UnitT | None = None,
        withdist: Literal[False] = False,
        withcoord: Literal[False] = False,
        withhash: Literal[False] = False,
        count: int | None = None,
        sort: OrderT | None = None,
        store: None = None,
        store_dist: None = None,
        any: bool = False,
    ) -> list[AnyStr]: ...

    @overload
    def georadius(
        self,
        name: KeyT,
        longitude: float,
        latitude: float,
        radius: float,
        unit: UnitT | None = None,
        *,
        withdist: Literal[True],
        withcoord: bool = False,
        withhash: bool = False,
        count: int | None = None,
        sort: OrderT | None = None,
        store: None = None,
        store_dist: None = None,
        any: bool = False,
    ) -> list[GeoMatch[AnyStr]]: ...

    @overload
    def georadius(
        self,
        name: KeyT,
        longitude: float,
        latitude: float,
        radius: float,
        unit: UnitT | None = None,
        withdist: bool = False,
        *,
        withcoord: Literal[True],
        withhash: bool = False,
        count: int | None = None,
        sort: OrderT | None = None,
        store: None = None,
        store_dist: None = None,
        any: bool = False,
    ) -> list[GeoMatch[AnyStr]]: ...

    @overload
    def georadius(
        self,
        name: KeyT,
        longitude: float,
        latitude: float,
        radius: float,
        unit: UnitT | None = None,
        withdist: bool = False,
        withcoord: bool = False,
        *,
        withhash: Literal[True],
        count: int | None = None,
        sort: OrderT | None = None,
        store: None = None,
        store_dist: None = None,
        any: bool = False,
    ) -> list[GeoMatch[AnyStr]]: ...

    @overload
    def georadius(
        self,
        name: KeyT,
        longitude: float,
        latitude: float,
        radius: float,
        unit: UnitT | None = None,
        withdist: Literal[False] = False,
        withcoord: Literal[False] = False,
        withhash: Literal[False] = False,
        count: int | None = None,
        sort: OrderT | None = None,
        *,
        store: KeyT,
        store_dist: None = None,
        any: bool = False,
    ) -> int: ...

    @overload
    def georadius(
        self,
        name: KeyT,
        longitude: float,
        latitude: float,
        radius: float,
        unit: UnitT | None = None,
        withdist: Literal[False] = False,
        withcoord: Literal[False] = False,
        withhash: Literal[False] = False,
        count: int | None = None,
        sort: OrderT | None = None,
        store: None = None,
        *,
        store_dist: KeyT,
        any: bool = False,
    ) -> int: ...

    @overload
    def georadius(
        self,
        name: KeyT,
        longitude: float,
        latitude: float,
        radius: float,
        unit: UnitT | None = None,
        withdist: bool = False,
        withcoord: bool = False,
        withhash: bool = False,
        count: int | None = None,
        sort: OrderT | None = None,
        store: KeyT | None = None,
        store_dist: KeyT | None = None,
        any: bool = False,
    ) -> list[AnyStr] | list[GeoMatch[AnyStr]] | int: ...

    def georadius(
        self,
        name: KeyT,
        longitude: float,
        latitude: float,
        radius: float,
        unit: UnitT | None = None,
        withdist: bool = False,
        withcoord: bool = False,
        withhash: bool = False,
        count: int | None = None,
        sort: OrderT | None = None,
        store: KeyT | None = None,
        store_dist: KeyT | None = None,
        any: bool = False,
    ) -> list[AnyStr] | list[GeoMatch[AnyStr]] | int:
        """Return the members within a circle around a point: the old form of `geosearch`.

        Args:
            name: the key.
            longitude: of the centre.
            latitude: of the centre.
            radius: of the circle.
            unit: of the radius, and of the distances that are returned; metres if not given.
            withdist: return how far each member is from the centre.
            withcoord: return the position of each member.
            withhash: return the position of each member as one number.
            count: return at most so many, the nearest ones.
            sort: ``"ASC"``: the nearest first; ``"DESC"``: the farthest first.
            store: return nothing, but make this key a sorted set of the members; their scores are their positions.
            store_dist: likewise; their scores are their distances from the centre.
            any: with ``count``, return those that are found first, which is faster. Since Redis 6.2.

        Returns:
            the members; with an option that begins with ``with``, a tuple for each: member, distance, hash, position, as far
            as they were asked for; with ``store`` and ``store_dist``, how many there are.

        https://redis.io/docs/latest/commands/georadius/
        """
        wanted: list[EncodableT] = flags(WITHDIST=withdist, WITHCOORD=withcoord, WITHHASH=withhash)
        options: list[EncodableT] = _options(radius, unit, wanted, count, sort, store, store_dist, any)
        command = "GEORADIUS_RO" if store is None and store_dist is None else "GEORADIUS"
        return self.execute(Command((command, name, longitude, latitude, *options), to_matches if wanted else None))

    @overload
    def georadiusbymember(
        self,
        name: KeyT,
        member: FieldT,
        radius: float,
        unit: UnitT | None = None,
        withdist: Literal[False] = False,
        withcoord: Literal[False] = False,
        withhash: Literal[False] = False,
        count: int | None = None,
        sort: OrderT | None = None,
        store: None = None,
        store_dist: None = None,
        any: bool = False,
    ) -> list[AnyStr]: ...

    @overload
    def georadiusbymember(
        self,
        name: KeyT,
        member: FieldT,
        radius: float,
        unit: UnitT | None = None,
        *,
        withdist: Literal[True],
        withcoord: bool = False,
        withhash: bool = False,
        count: int | None = None,
        sort: OrderT | None = None,
        store: None = None,
        store_dist: None = None,
        any: bool = False,
    ) -> list[GeoMatch[AnyStr]]: ...

    @overload
    def georadiusbymember(
        self,
        name: KeyT,
        member: FieldT,
        radius: float,
        unit: UnitT | None = None,
        withdist: bool = False,
        *,
        withcoord: Literal[True],
        withhash: bool = False,
        count: int | None = None,
        sort: OrderT | None = None,
        store: None = None,
        store_dist: None = None,
        any: bool = False,
    ) -> list[GeoMatch[AnyStr]]: ...

    @overload
    def georadiusbymember(
        self,
        name: KeyT,
        member: FieldT,
        radius: float,
        unit: UnitT | None = None,
        withdist: bool = False,
        withcoord: bool = False,
        *,
        withhash: Literal[True],
        count: int | None = None,
        sort: OrderT | None = None,
        store: None = None,
        store_dist: None = None,
        any: bool = False,
    ) -> list[GeoMatch[AnyStr]]: ...

    @overload
    def georadiusbymember(
        self,
        name: KeyT,
        member: FieldT,
        radius: float,
        unit: UnitT | None = None,
        withdist: Literal[False] = False,
        withcoord: Literal[False] = False,
        withhash: Literal[False] = False,
        count: int | None = None,
        sort: OrderT | None = None,
        *,
        store: KeyT,
        store_dist: None = None,
        any: bool = False,
    ) -> int: ...

    @overload
    def georadiusbymember(
        self,
        name: KeyT,
        member: FieldT,
        radius: float,
        unit: UnitT | None = None,
        withdist: Literal[False] = False,
        withcoord: Literal[False] = False,
        withhash: Literal[False] = False,
        count: int | None = None,
        sort: OrderT | None = None,
        store: None = None,
        *,
        store_dist: KeyT,
        any: bool = False,
    ) -> int: ...

    @overload
    def georadiusbymember(
        self,
        name: KeyT,
        member: FieldT,
        radius: float,
        unit: UnitT | None = None,
        withdist: bool = False,
        withcoord: bool = False,
        withhash: bool = False,
        count: int | None = None,
        sort: OrderT | None = None,
        store: KeyT | None = None,
        store_dist: KeyT | None = None,
        any: bool = False,
    ) -> list[AnyStr] | list[GeoMatch[AnyStr]] | int: ...

    def georadiusbymember(
        self,
        name: KeyT,
        member: FieldT,
        radius: float,
        unit: UnitT | None = None,
        withdist: bool = False,
        withcoord: bool = False,
        withhash: bool = False,
        count: int | None = None,
        sort: OrderT | None = None,
        store: KeyT | None = None,
        store_dist: KeyT | None = None,
        any: bool = False,
    ) -> list[AnyStr] | list[GeoMatch[AnyStr]] | int:
        """Return the members within a circle around a member: the old form of `geosearch`.

        Args:
            name: the key.
            member: the centre is where this member is.
            radius: of the circle.
            unit: of the radius, and of the distances that are returned; metres if not given.
            withdist: return how far each member is from the centre.
            withcoord: return the position of each member.
            withhash: return the position of each member as one number.
            count: return at most so many, the nearest ones.
            sort: ``"ASC"``: the nearest first; ``"DESC"``: the farthest first.
            store: return nothing, but make this key a sorted set of the members; their scores are their positions.
            store_dist: likewise; their scores are their distances from the centre.
            any: with ``count``, return those that are found first, which is faster. Since Redis 6.2.

        Returns:
            the members; with an option that begins with ``with``, a tuple for each: member, distance, hash, position, as far
            as they were asked for; with ``store`` and ``store_dist``, how many there are.

        https://redis.io/docs/latest/commands/georadiusbymember/
        """
        wanted: list[EncodableT] = flags(WITHDIST=withdist, WITHCOORD=withcoord, WITHHASH=withhash)
        options: list[EncodableT] = _options(radius, unit, wanted, count, sort, store, store_dist, any)
        command = "GEORADIUSBYMEMBER_RO" if store is None and store_dist is None else "GEORADIUSBYMEMBER"
        return self.execute(Command((command, name, member, *options), to_matches if wanted else None))


def _options(
    radius: float,
    unit: str | None,
    wanted: list[EncodableT],
    count: int | None,
    sort: str | None,
    store: KeyT | None,
    store_dist: KeyT | None,
    any: bool,
) -> list[EncodableT]:
    exclusive(store=store, store_dist=store_dist)
    options: list[EncodableT] = [radius, unit_option(unit), *wanted, *order_options(sort, count, any)]
    key = store_dist if store is None else store
    if key is None:
        return options
    if wanted:
        raise DataError("store and store_dist exclude withdist, withcoord and withhash: nothing is returned")
    return [*options, "STOREDIST" if store is None else "STORE", key]
