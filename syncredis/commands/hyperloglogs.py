"""The HyperLogLog commands: https://redis.io/docs/latest/commands/?group=hyperloglog"""

from __future__ import annotations

from syncredis.command import Command
from syncredis.commands.arguments import required
from syncredis.commands.group import CommandGroup
from syncredis.replies import to_true
from syncredis.typing import AnyStr, EncodableT, KeyT


class HyperLogLogCommands(CommandGroup[AnyStr]):
    """Commands that estimate how many different elements there were, without keeping them; within about 0.8 %."""

    __slots__ = ()

    def pfadd(self, name: KeyT, *values: EncodableT) -> int:
        """Add elements; return 1 if that changed the estimate or created the key, else 0.

        Without values it creates an empty one where there is none.

        https://redis.io/docs/latest/commands/pfadd/
        """
        return self.execute(Command(("PFADD", name, *values)))

    def pfcount(self, *sources: KeyT) -> int:
        """Return the estimated number of different elements of one key, or of several together.

        https://redis.io/docs/latest/commands/pfcount/
        """
        return self.execute(Command(("PFCOUNT", *required("sources", sources))))

    def pfmerge(self, dest: KeyT, *sources: KeyT) -> bool:
        """Add all elements of ``sources`` to ``dest``.

        https://redis.io/docs/latest/commands/pfmerge/
        """
        return self.execute(Command(("PFMERGE", dest, *sources), to_true))
