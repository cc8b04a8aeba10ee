"""The bitmap commands: https://redis.io/docs/latest/commands/?group=bitmap"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

from syncredis.command import Command
from syncredis.commands.arguments import in_pairs, one_of, required
from syncredis.commands.group import CommandGroup
from syncredis.exceptions import DataError
from syncredis.typing import AnyStr, EncodableT, KeyT

#: What positions in a bitmap count.
BitUnitT: TypeAlias = Literal["BYTE", "BIT", "byte", "bit"]

#: Where an integer in a bitmap begins: a bit, or ``"#n"``, the nth of integers of the same width side by side, from 0 on.
BitFieldOffsetT: TypeAlias = int | str

#: What becomes of a number that does not fit: ``"WRAP"``: the bits that do not fit are lost; ``"SAT"``: the greatest or
#: the least number that does fit; ``"FAIL"``: nothing is written.
BitFieldOverflowT: TypeAlias = Literal["WRAP", "SAT", "FAIL", "wrap", "sat", "fail"]


#: How bitmaps are combined.
BitOperationT: TypeAlias = Literal[
    "AND", "OR", "XOR", "NOT", "DIFF", "DIFF1", "ANDOR", "ONE",
    "and", "or", "xor", "not", "diff", "diff1", "andor", "one",
]  # fmt: skip

_FIRST_AND_OTHERS = ("DIFF", "DIFF1", "ANDOR")


class BitFieldGet(NamedTuple):
    """For `bitfield`: read an integer."""

    encoding: str
    """``"u"`` or ``"i"`` (unsigned, signed) and the number of bits, at most ``"u63"`` and ``"i64"``."""
    offset: BitFieldOffsetT
    """Where it begins."""


class BitFieldSet(NamedTuple):
    """For `bitfield`: replace an integer; the reply is what it was before."""

    encoding: str
    """``"u"`` or ``"i"`` (unsigned, signed) and the number of bits, at most ``"u63"`` and ``"i64"``."""
    offset: BitFieldOffsetT
    """Where it begins."""
    value: int
    """What it becomes."""
    overflow: BitFieldOverflowT = "WRAP"
    """What if ``value`` does not fit; with ``"FAIL"`` the reply is None then."""


class BitFieldIncrBy(NamedTuple):
    """For `bitfield`: add to an integer; the reply is the result."""

    encoding: str
    """``"u"`` or ``"i"`` (unsigned, signed) and the number of bits, at most ``"u63"`` and ``"i64"``."""
    offset: BitFieldOffsetT
    """Where it begins."""
    increment: int
    """What is added; it may be negative."""
    overflow: BitFieldOverflowT = "WRAP"
    """What if the result does not fit; with ``"FAIL"`` the reply is None then."""


#: One step of `BitmapCommands.bitfield`.
BitFieldOperation: TypeAlias = BitFieldGet | BitFieldSet | BitFieldIncrBy


class BitmapCommands(CommandGroup[AnyStr]):
    """Commands on the bits of string values. Bit 0 is the highest one of the first byte."""

    __slots__ = ()

    def bitcount(
        self, key: KeyT, start: int | None = None, end: int | None = None, mode: BitUnitT | None = None
    ) -> int:
        """Return how many bits are 1, 0 if there is no such key.

        Args:
            key: the key.
            start: the first byte that counts; a negative one from the end.
            end: the last byte that counts. It may be left out since Valkey 8.0; before, and in Redis, ``start`` needs it.
            mode: ``"BIT"``: ``start`` and ``end`` are bits; ``"BYTE"``: bytes, as without it. Since Redis 7.0.

        https://redis.io/docs/latest/commands/bitcount/
        """
        return self.execute(Command(("BITCOUNT", key, *_range(start, end, mode))))

    def bitfield(self, key: KeyT, *operations: BitFieldOperation) -> list[int | None]:
        """Read and write integers of any width within the bitmap, one after the other; return a result for each.

            client.bitfield("k", BitFieldSet("u8", 0, 200), BitFieldIncrBy("u8", 0, 100, "SAT"), BitFieldGet("u4", "#1"))

        Args:
            key: the key; missing bits are 0, and writing makes it longer.
            *operations: `BitFieldGet`, `BitFieldSet` and `BitFieldIncrBy`, from `syncredis.commands.types`. How each deals with
                overflow is its own affair.

        Returns:
            The integer read, what it was before, or the result; None where overflow made the operation fail.

        https://redis.io/docs/latest/commands/bitfield/
        """
        if not operations:
            raise DataError("operations must hold at least one element")
        arguments: list[EncodableT] = ["BITFIELD", key]
        in_force = "WRAP"
        for operation in operations:
            if isinstance(operation, BitFieldGet):
                arguments += ["GET", operation.encoding, operation.offset]
                continue
            if not isinstance(operation, (BitFieldSet, BitFieldIncrBy)):
                raise DataError(f"operations must be BitFieldGet, BitFieldSet or BitFieldIncrBy, not {operation!r}")
            encoding, offset, number, overflow = operation
            wanted = one_of("overflow", overflow, ("WRAP", "SAT", "FAIL"))
            if wanted != in_force:  # holds until the server is told otherwise
                arguments += ["OVERFLOW", wanted]
                in_force = wanted
            arguments += ["SET" if isinstance(operation, BitFieldSet) else "INCRBY", encoding, offset, number]
        return self.execute(Command(tuple(arguments)))

    def bitfield_ro(
        self,
        key: KeyT,
        encoding: str,
        offset: BitFieldOffsetT,
        items: Iterable[tuple[str, BitFieldOffsetT]] | None = None,
    ) -> list[int]:
        """Return integers of any width within the bitmap; a replica can answer this.

        Args:
            key: the key.
            encoding: ``"u"`` or ``"i"`` (unsigned, signed) and the number of bits, at most ``"u63"`` and ``"i64"``.
            offset: where the integer begins: a bit, or ``"#n"``, the nth integer of this width, from 0 on.
            items: encodings and offsets of further ones.

        https://redis.io/docs/latest/commands/bitfield_ro/
        """
        arguments: list[EncodableT] = ["BITFIELD_RO", key, "GET", encoding, offset]
        for further_encoding, further_offset in in_pairs("items", items):
            arguments += ["GET", further_encoding, further_offset]
        return self.execute(Command(tuple(arguments)))

    def bitop(self, operation: BitOperationT, dest: KeyT, *keys: KeyT) -> int:
        """Combine bitmaps bit by bit into ``dest`` and return its length in bytes, that of the longest of them.

        Args:
            operation: ``"AND"``, ``"OR"``, ``"XOR"``, or ``"NOT"``, which takes one key. Since Redis 8.2 also, of at least two,
                ``"DIFF"``: what the first has and no other; ``"DIFF1"``: what others have and the first has not;
                ``"ANDOR"``: what the first has and another one, too; and ``"ONE"``: what exactly one has.
            dest: where the result goes.
            *keys: of the bitmaps; zeros make the shorter ones as long as the longest.

        https://redis.io/docs/latest/commands/bitop/
        """
        word = one_of("operation", operation, ("AND", "OR", "XOR", "NOT", *_FIRST_AND_OTHERS, "ONE"))
        sources: list[KeyT] = required("keys", keys)
        if word == "NOT" and len(sources) > 1:
            raise DataError("operation NOT takes one key")
        if word in _FIRST_AND_OTHERS and len(sources) < 2:
            raise DataError(f"operation {word} takes at least two keys")
        return self.execute(Command(("BITOP", word, dest, *sources)))

    def bitpos(
        self,
        key: KeyT,
        bit: int,
        start: int | None = None,
        end: int | None = None,
        mode: BitUnitT | None = None,
    ) -> int:
        """Return the position of the first bit that is ``bit``, counted from bit 0 of the whole; -1 if there is none.

        Looking for 0 without ``end``, the value counts as followed by zeros without end.

        Args:
            key: the key.
            bit: 1 or 0.
            start: the first byte to look at; a negative one from the end.
            end: the last byte to look at.
            mode: ``"BIT"``: ``start`` and ``end`` are bits; ``"BYTE"``: bytes, as without it. Since Redis 7.0.

        https://redis.io/docs/latest/commands/bitpos/
        """
        return self.execute(Command(("BITPOS", key, _bit("bit", bit), *_range(start, end, mode))))

    def getbit(self, name: KeyT, offset: int) -> int:
        """Return the bit at ``offset``, 0 beyond the end.

        https://redis.io/docs/latest/commands/getbit/
        """
        return self.execute(Command(("GETBIT", name, offset)))

    def setbit(self, name: KeyT, offset: int, value: int) -> int:
        """Set the bit at ``offset`` to ``value``, 1 or 0, and return what it was before.

        https://redis.io/docs/latest/commands/setbit/
        """
        return self.execute(Command(("SETBIT", name, offset, _bit("value", value))))


def _range(start: int | None, end: int | None, mode: str | None) -> list[EncodableT]:
    if end is not None and start is None:
        raise DataError("end needs start")
    if mode is not None and end is None:
        raise DataError("mode needs start and end")
    given: list[EncodableT] = [position for position in (start, end) if position is not None]
    if mode is not None:
        given.append(one_of("mode", mode, ("BYTE", "BIT")))
    return given


def _bit(name: str, bit: int) -> int:
    if bit not in (0, 1):
        raise DataError(f"{name} must be 1 or 0, not {bit!r}")
    return bit
