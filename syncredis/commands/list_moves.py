"""The list commands that move elements from one list to another: https://redis.io/docs/latest/commands/?group=list"""

from __future__ import annotations

from typing import Literal, TypeAlias

from syncredis.command import Command
from syncredis.commands.arguments import WaitT, one_of, wait_seconds
from syncredis.commands.group import CommandGroup
from syncredis.commands.lists import SIDES, SideT
from syncredis.exceptions import DataError
from syncredis.typing import AnyStr, EncodableT, KeyT

#: Whether a number of elements is the most that is moved, or exactly what is moved.
MoveModeT: TypeAlias = Literal["COUNT", "EXACTLY", "count", "exactly"]

#: Whether elements are moved one by one or as a block.
MoveOrderT: TypeAlias = Literal["OBO", "BULK", "obo", "bulk"]


class ListMoveCommands(CommandGroup[AnyStr]):
    """Commands that move elements from one list to another, or within one."""

    __slots__ = ()

    def blmove(
        self, first_list: KeyT, second_list: KeyT, timeout: WaitT, src: SideT = "LEFT", dest: SideT = "RIGHT"
    ) -> AnyStr | None:
        """Move an element as `lmove` does, and return it; wait for one if there is none.

        Blocks for at most ``timeout`` seconds, for ever if that is 0; returns None if nothing came.

        https://redis.io/docs/latest/commands/blmove/
        """
        wait = wait_seconds("timeout", timeout)
        return self.execute(Command(("BLMOVE", first_list, second_list, *_ends(src, dest), wait), blocks=wait))

    def blmovem(
        self,
        first_list: KeyT,
        second_list: KeyT,
        timeout: WaitT,
        src: SideT = "LEFT",
        dest: SideT = "RIGHT",
        count: int | None = None,
        mode: MoveModeT | None = None,
        ordering: MoveOrderT | None = None,
    ) -> list[AnyStr] | None:
        """Move elements as `lmovem` does, and return them; wait for some if there are none. Since Redis 8.10.

        Blocks for at most ``timeout`` seconds, for ever if that is 0; returns None if nothing, or not enough, came.

        https://redis.io/docs/latest/commands/blmovem/
        """
        wait = wait_seconds("timeout", timeout)
        amount: list[EncodableT] = _move_options(count, mode, ordering)
        return self.execute(
            Command(("BLMOVEM", first_list, second_list, *_ends(src, dest), wait, *amount), blocks=wait)
        )

    def brpoplpush(self, src: KeyT, dst: KeyT, timeout: WaitT = 0) -> AnyStr | None:
        """Move the last element of ``src`` to the left end of ``dst`` and return it: the old form of `blmove`.

        Blocks for at most ``timeout`` seconds, for ever if that is 0; returns None if nothing came.

        https://redis.io/docs/latest/commands/brpoplpush/
        """
        wait = wait_seconds("timeout", timeout)
        return self.execute(Command(("BRPOPLPUSH", src, dst, wait), blocks=wait))

    def lmove(self, first_list: KeyT, second_list: KeyT, src: SideT = "LEFT", dest: SideT = "RIGHT") -> AnyStr | None:
        """Move an element from the ``src`` end of one list to the ``dest`` end of another, and return it.

        Both may be the same list. Returns None if ``first_list`` is empty.

        https://redis.io/docs/latest/commands/lmove/
        """
        return self.execute(Command(("LMOVE", first_list, second_list, *_ends(src, dest))))

    def lmovem(
        self,
        first_list: KeyT,
        second_list: KeyT,
        src: SideT = "LEFT",
        dest: SideT = "RIGHT",
        count: int | None = None,
        mode: MoveModeT | None = None,
        ordering: MoveOrderT | None = None,
    ) -> list[AnyStr] | None:
        """Move elements from the ``src`` end of one list to the ``dest`` end of another, and return them. Since Redis 8.10.

        Args:
            first_list: where they are taken from.
            second_list: where they go to.
            src: at which end they are taken.
            dest: at which end they are added.
            count: how many; one if not given.
            mode: ``"COUNT"``, the default: fewer if there are fewer; ``"EXACTLY"``: none at all then.
            ordering: needed with ``count``; ``"OBO"``: one by one, which turns their order round if ``src`` and ``dest`` are
                the same end; ``"BULK"``: they keep their order.

        Returns:
            The elements in their new order; None if nothing was moved.

        https://redis.io/docs/latest/commands/lmovem/
        """
        amount: list[EncodableT] = _move_options(count, mode, ordering)
        return self.execute(Command(("LMOVEM", first_list, second_list, *_ends(src, dest), *amount)))

    def rpoplpush(self, src: KeyT, dst: KeyT) -> AnyStr | None:
        """Move the last element of ``src`` to the left end of ``dst`` and return it: the old form of `lmove`.

        https://redis.io/docs/latest/commands/rpoplpush/
        """
        return self.execute(Command(("RPOPLPUSH", src, dst)))


def _ends(src: SideT, dest: SideT) -> tuple[str, str]:
    return one_of("src", src, SIDES), one_of("dest", dest, SIDES)


def _move_options(count: int | None, mode: MoveModeT | None, ordering: MoveOrderT | None) -> list[EncodableT]:
    if count is None:
        if mode is not None or ordering is not None:
            raise DataError("mode and ordering need count")
        return []
    if ordering is None:
        raise DataError("count needs ordering")
    selector = one_of("mode", mode or "COUNT", ("COUNT", "EXACTLY"))
    return [selector, count, one_of("ordering", ordering, ("OBO", "BULK"))]
