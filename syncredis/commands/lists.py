"""The list commands: https://redis.io/docs/latest/commands/?group=list

Those that move elements from one list to another are in `syncredis.commands.list_moves`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, Literal, NamedTuple, TypeAlias, overload

from syncredis.command import Command
from syncredis.commands.arguments import WaitT, counted_keys, key_list, one_of, required, wait_seconds
from syncredis.commands.group import CommandGroup
from syncredis.replies import to_true
from syncredis.typing import AnyStr, EncodableT, KeyT, Reply

#: An end of a list.
SideT: TypeAlias = Literal["LEFT", "RIGHT", "left", "right"]

SIDES = ("LEFT", "RIGHT")


class PoppedElement(NamedTuple, Generic[AnyStr]):
    """What `blpop` and `brpop` took."""

    key: AnyStr
    """The list it was taken from."""
    value: AnyStr
    """The element."""


class PoppedElements(NamedTuple, Generic[AnyStr]):
    """What `lmpop` and `blmpop` took."""

    key: AnyStr
    """The list they were taken from."""
    values: list[AnyStr]
    """The elements, in the order in which they were taken."""


class ListCommands(CommandGroup[AnyStr]):
    """Commands on lists. A position counts from 0 at the left end; a negative one from -1 at the right end."""

    __slots__ = ()

    def blmpop(
        self, timeout: WaitT, numkeys: int, *args: KeyT, direction: SideT, count: int | None = 1
    ) -> PoppedElements[AnyStr] | None:
        """Take elements as `lmpop` does, and return them with their list; wait for one if there is none. Since Redis 7.0.

        Blocks for at most ``timeout`` seconds, for ever if that is 0; returns None if nothing came.

        https://redis.io/docs/latest/commands/blmpop/
        """
        wait = wait_seconds("timeout", timeout)
        options: list[EncodableT] = _pop_options("numkeys", numkeys, args, direction, count)
        return self.execute(Command(("BLMPOP", wait, *options), _to_popped_elements, blocks=wait))

    def blpop(self, keys: KeyT | Iterable[KeyT], timeout: WaitT = 0) -> PoppedElement[AnyStr] | None:
        """Take the first element of the first list that has one, and return it with its list; wait if all are empty.

        Blocks for at most ``timeout`` seconds, for ever if that is 0; returns None if nothing came.

        https://redis.io/docs/latest/commands/blpop/
        """
        wait = wait_seconds("timeout", timeout)
        return self.execute(Command(("BLPOP", *key_list("keys", keys), wait), _to_popped_element, blocks=wait))

    def brpop(self, keys: KeyT | Iterable[KeyT], timeout: WaitT = 0) -> PoppedElement[AnyStr] | None:
        """Take the last element of the first list that has one, and return it with its list; wait if all are empty.

        Blocks for at most ``timeout`` seconds, for ever if that is 0; returns None if nothing came.

        https://redis.io/docs/latest/commands/brpop/
        """
        wait = wait_seconds("timeout", timeout)
        return self.execute(Command(("BRPOP", *key_list("keys", keys), wait), _to_popped_element, blocks=wait))

    def lindex(self, name: KeyT, index: int) -> AnyStr | None:
        """Return the element at position ``index``, or None if there is none.

        https://redis.io/docs/latest/commands/lindex/
        """
        return self.execute(Command(("LINDEX", name, index)))

    def linsert(
        self,
        name: KeyT,
        where: Literal["BEFORE", "AFTER", "before", "after"],
        refvalue: EncodableT,
        value: EncodableT,
    ) -> int:
        """Insert ``value`` before or after the first ``refvalue`` and return the list's new length.

        Returns -1 if the list does not hold ``refvalue``, 0 if there is no such list.

        https://redis.io/docs/latest/commands/linsert/
        """
        return self.execute(Command(("LINSERT", name, one_of("where", where, ("BEFORE", "AFTER")), refvalue, value)))

    def llen(self, name: KeyT) -> int:
        """Return the length of the list, 0 if there is no such key.

        https://redis.io/docs/latest/commands/llen/
        """
        return self.execute(Command(("LLEN", name)))

    def lmpop(
        self, num_keys: int, *args: KeyT, direction: SideT, count: int | None = 1
    ) -> PoppedElements[AnyStr] | None:
        """Take up to ``count`` elements off the first list that has any, and return them with their list. Since Redis 7.0.

        Args:
            num_keys: how many keys follow.
            *args: the keys of the lists.
            direction: the end to take them from.
            count: how many at most; None is 1.

        Returns:
            None if all lists are empty.

        https://redis.io/docs/latest/commands/lmpop/
        """
        options: list[EncodableT] = _pop_options("num_keys", num_keys, args, direction, count)
        return self.execute(Command(("LMPOP", *options), _to_popped_elements))

    @overload
    def lpop(self, name: KeyT, count: None = None) -> AnyStr | None: ...

    @overload
    def lpop(self, name: KeyT, count: int) -> list[AnyStr] | None: ...

    @overload
    def lpop(self, name: KeyT, count: int | None = None) -> AnyStr | list[AnyStr] | None: ...

    def lpop(self, name: KeyT, count: int | None = None) -> AnyStr | list[AnyStr] | None:
        """Take the first element off the list and return it; with ``count`` a list of that many at most.

        Returns None if there is no such list.

        https://redis.io/docs/latest/commands/lpop/
        """
        return self.execute(Command(("LPOP", name) if count is None else ("LPOP", name, count)))

    @overload
    def lpos(
        self, name: KeyT, value: EncodableT, rank: int | None = None, count: None = None, maxlen: int | None = None
    ) -> int | None: ...

    @overload
    def lpos(
        self, name: KeyT, value: EncodableT, rank: int | None = None, *, count: int, maxlen: int | None = None
    ) -> list[int]: ...

    @overload
    def lpos(
        self,
        name: KeyT,
        value: EncodableT,
        rank: int | None = None,
        count: int | None = None,
        maxlen: int | None = None,
    ) -> int | list[int] | None: ...

    def lpos(
        self,
        name: KeyT,
        value: EncodableT,
        rank: int | None = None,
        count: int | None = None,
        maxlen: int | None = None,
    ) -> int | list[int] | None:
        """Return the position at which the list holds ``value``.

        Args:
            name: the key of the list.
            value: what to look for.
            rank: which match to begin with: 1 the first, 2 the second; -1 the last, and on from there to the left.
            count: return a list of the positions of this many matches; 0: of all.
            maxlen: compare this many elements at most; 0: all.

        Returns:
            The position, or None if there is no match; with ``count`` a list.

        https://redis.io/docs/latest/commands/lpos/
        """
        arguments: list[EncodableT] = ["LPOS", name, value]
        for option, given in (("RANK", rank), ("COUNT", count), ("MAXLEN", maxlen)):
            if given is not None:
                arguments += [option, given]
        return self.execute(Command(tuple(arguments)))

    def lpush(self, name: KeyT, *values: EncodableT) -> int:
        """Add values at the left end, one after the other, and return the list's new length.

        https://redis.io/docs/latest/commands/lpush/
        """
        return self.execute(Command(("LPUSH", name, *required("values", values))))

    def lpushx(self, name: KeyT, *values: EncodableT) -> int:
        """Add values at the left end if the list exists, and return its new length, 0 if it does not exist.

        https://redis.io/docs/latest/commands/lpushx/
        """
        return self.execute(Command(("LPUSHX", name, *required("values", values))))

    def lrange(self, name: KeyT, start: int, end: int) -> list[AnyStr]:
        """Return the elements from ``start`` to ``end``, both included.

        https://redis.io/docs/latest/commands/lrange/
        """
        return self.execute(Command(("LRANGE", name, start, end)))

    def lrem(self, name: KeyT, count: int, value: EncodableT) -> int:
        """Remove elements that equal ``value`` and return how many were removed.

        ``count`` says how many at most: a positive number from the left, a negative one from the right, 0 all of them.

        https://redis.io/docs/latest/commands/lrem/
        """
        return self.execute(Command(("LREM", name, count, value)))

    def lset(self, name: KeyT, index: int, value: EncodableT) -> bool:
        """Replace the element at position ``index``; return True. A position that does not exist is an error.

        https://redis.io/docs/latest/commands/lset/
        """
        return self.execute(Command(("LSET", name, index, value), to_true))

    def ltrim(self, name: KeyT, start: int, end: int) -> bool:
        """Remove all elements but those from ``start`` to ``end``, both included; return True.

        https://redis.io/docs/latest/commands/ltrim/
        """
        return self.execute(Command(("LTRIM", name, start, end), to_true))

    @overload
    def rpop(self, name: KeyT, count: None = None) -> AnyStr | None: ...

    @overload
    def rpop(self, name: KeyT, count: int) -> list[AnyStr] | None: ...

    @overload
    def rpop(self, name: KeyT, count: int | None = None) -> AnyStr | list[AnyStr] | None: ...

    def rpop(self, name: KeyT, count: int | None = None) -> AnyStr | list[AnyStr] | None:
        """Take the last element off the list and return it; with ``count`` a list of that many at most, the last first.

        Returns None if there is no such list.

        https://redis.io/docs/latest/commands/rpop/
        """
        return self.execute(Command(("RPOP", name) if count is None else ("RPOP", name, count)))

    def rpush(self, name: KeyT, *values: EncodableT) -> int:
        """Add values at the right end, one after the other, and return the list's new length.

        https://redis.io/docs/latest/commands/rpush/
        """
        return self.execute(Command(("RPUSH", name, *required("values", values))))

    def rpushx(self, name: KeyT, *values: EncodableT) -> int:
        """Add values at the right end if the list exists, and return its new length, 0 if it does not exist.

        https://redis.io/docs/latest/commands/rpushx/
        """
        return self.execute(Command(("RPUSHX", name, *required("values", values))))


def _pop_options(name: str, number: int, keys: Iterable[KeyT], direction: SideT, count: int | None) -> list[EncodableT]:
    arguments = [*counted_keys(name, number, keys), one_of("direction", direction, SIDES)]
    return arguments if count is None else [*arguments, "COUNT", count]


def _to_popped_element(reply: Reply) -> PoppedElement[Any] | None:
    return None if reply is None else PoppedElement(*reply)


def _to_popped_elements(reply: Reply) -> PoppedElements[Any] | None:
    return None if reply is None else PoppedElements(*reply)
