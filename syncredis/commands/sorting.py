"""SORT and SORT_RO; these belong to the generic commands: https://redis.io/docs/latest/commands/?group=generic"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, overload

from syncredis.command import Command
from syncredis.commands.arguments import exclusive, flags, key_list, limit
from syncredis.commands.group import CommandGroup
from syncredis.exceptions import DataError
from syncredis.typing import AnyStr, EncodableT, KeyT, Reply


class SortingCommands(CommandGroup[AnyStr]):
    """Commands that put elements in order."""

    __slots__ = ()

    @overload
    def sort(
        self,
        name: KeyT,
        start: int | None = None,
        num: int | None = None,
        by: KeyT | None = None,
        get: None = None,
        desc: bool = False,
        alpha: bool = False,
        store: None = None,
        groups: Literal[False] = False,
    ) -> list[AnyStr]: ...

    @overload
    def sort(
        self,
        name: KeyT,
        start: int | None = None,
        num: int | None = None,
        by: KeyT | None = None,
        *,
        get: KeyT | Iterable[KeyT],
        desc: bool = False,
        alpha: bool = False,
        store: None = None,
        groups: Literal[False] = False,
    ) -> list[AnyStr | None]: ...

    @overload
    def sort(
        self,
        name: KeyT,
        start: int | None = None,
        num: int | None = None,
        by: KeyT | None = None,
        *,
        get: KeyT | Iterable[KeyT],
        desc: bool = False,
        alpha: bool = False,
        store: None = None,
        groups: Literal[True],
    ) -> list[tuple[AnyStr | None, ...]]: ...

    @overload
    def sort(
        self,
        name: KeyT,
        start: int | None = None,
        num: int | None = None,
        by: KeyT | None = None,
        get: KeyT | Iterable[KeyT] | None = None,
        desc: bool = False,
        alpha: bool = False,
        *,
        store: KeyT,
        groups: Literal[False] = False,
    ) -> int: ...

    @overload
    def sort(
        self,
        name: KeyT,
        start: int | None = None,
        num: int | None = None,
        by: KeyT | None = None,
        get: KeyT | Iterable[KeyT] | None = None,
        desc: bool = False,
        alpha: bool = False,
        store: KeyT | None = None,
        groups: bool = False,
    ) -> list[AnyStr] | list[AnyStr | None] | list[tuple[AnyStr | None, ...]] | int: ...

    def sort(
        self,
        name: KeyT,
        start: int | None = None,
        num: int | None = None,
        by: KeyT | None = None,
        get: KeyT | Iterable[KeyT] | None = None,
        desc: bool = False,
        alpha: bool = False,
        store: KeyT | None = None,
        groups: bool = False,
    ) -> list[AnyStr] | list[AnyStr | None] | list[tuple[AnyStr | None, ...]] | int:
        """Return the elements of the list, set or sorted set at ``name`` in order.

        Args:
            name: the key.
            start: how many elements to leave out at the beginning; together with ``num``.
            num: how many elements to return at most, negative for all; together with ``start``.
            by: order by the values of these keys, where ``*`` stands for the element; ``key->field`` names a field of a hash.
            get: return the values of these keys (or fields) in place of each element, ``"#"`` for the element itself; one
                pattern or several.
            desc: the largest first.
            alpha: compare as text, not as numbers.
            store: keep the result in this key as a list.
            groups: one tuple for each element, with what each pattern of ``get`` led to.

        Returns:
            The elements, or what ``get`` asks for, None where there is no such value; with ``store`` only the number.

        https://redis.io/docs/latest/commands/sort/
        """
        exclusive(store=store, groups=groups)
        patterns: list[KeyT] = [] if get is None else key_list("get", get)
        if groups and not patterns:
            raise DataError("groups needs get")
        arguments = ["SORT", name, *_sorting(start, num, by, patterns, desc, alpha)]
        if store is not None:
            arguments += ["STORE", store]
        return self.execute(Command(tuple(arguments), _in_groups_of(len(patterns)) if groups else None))

    @overload
    def sort_ro(
        self,
        key: KeyT,
        start: int | None = None,
        num: int | None = None,
        by: KeyT | None = None,
        get: None = None,
        desc: bool = False,
        alpha: bool = False,
    ) -> list[AnyStr]: ...

    @overload
    def sort_ro(
        self,
        key: KeyT,
        start: int | None = None,
        num: int | None = None,
        by: KeyT | None = None,
        get: KeyT | Iterable[KeyT] | None = None,
        desc: bool = False,
        alpha: bool = False,
    ) -> list[AnyStr] | list[AnyStr | None]: ...

    def sort_ro(
        self,
        key: KeyT,
        start: int | None = None,
        num: int | None = None,
        by: KeyT | None = None,
        get: KeyT | Iterable[KeyT] | None = None,
        desc: bool = False,
        alpha: bool = False,
    ) -> list[AnyStr] | list[AnyStr | None]:
        """Return the elements of ``key`` in order: `sort` for replicas, as it can not store. Since Redis 7.0.

        https://redis.io/docs/latest/commands/sort_ro/
        """
        patterns: list[KeyT] = [] if get is None else key_list("get", get)
        return self.execute(Command(("SORT_RO", key, *_sorting(start, num, by, patterns, desc, alpha))))


def _in_groups_of(size: int) -> Callable[[Reply], list[tuple[Any, ...]]]:
    """Return a decoder that parts an array into tuples of this many elements."""
    return lambda reply: list(zip(*[iter(reply)] * size, strict=True))


def _sorting(
    start: int | None,
    num: int | None,
    by: KeyT | None,
    patterns: Iterable[KeyT],
    desc: bool,
    alpha: bool,
) -> list[EncodableT]:
    """Return the arguments that SORT and SORT_RO have in common."""
    arguments: list[EncodableT] = [] if by is None else ["BY", by]
    arguments += limit("start", start, num)
    for pattern in patterns:
        arguments += ["GET", pattern]
    return [*arguments, *flags(DESC=desc, ALPHA=alpha)]
