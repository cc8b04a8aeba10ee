"""The pub/sub commands that are ordinary requests: https://redis.io/docs/latest/commands/?group=pubsub

Subscribing is none: it changes what a connection is for.
"""

from __future__ import annotations

from typing import Any, Generic, NamedTuple

from syncredis.command import Command
from syncredis.commands.group import CommandGroup
from syncredis.replies import in_pairs
from syncredis.typing import AnyStr, EncodableT, KeyT, Reply


class ChannelSubscribers(NamedTuple, Generic[AnyStr]):
    """How many listen to a channel."""

    channel: AnyStr
    subscribers: int


class PubSubCommands(CommandGroup[AnyStr]):
    """Commands that publish messages, and tell who listens."""

    __slots__ = ()

    def publish(self, channel: KeyT, message: EncodableT) -> int:
        """Send ``message`` to all who listen to ``channel``; return how many received it from this server.

        https://redis.io/docs/latest/commands/publish/
        """
        return self.execute(Command(("PUBLISH", channel, message)))

    def pubsub_channels(self, pattern: KeyT = "*") -> list[AnyStr]:
        """Return the channels whose names match ``pattern`` and that have subscribers; subscribed patterns do not count.

        https://redis.io/docs/latest/commands/pubsub-channels/
        """
        return self.execute(Command(("PUBSUB", "CHANNELS", pattern)))

    def pubsub_numpat(self) -> int:
        """Return how many different patterns are subscribed to.

        https://redis.io/docs/latest/commands/pubsub-numpat/
        """
        return self.execute(Command(("PUBSUB", "NUMPAT")))

    def pubsub_numsub(self, *args: KeyT) -> list[ChannelSubscribers[AnyStr]]:
        """Return each of the channels with the number of its subscribers; those who subscribed to a pattern do not count.

        https://redis.io/docs/latest/commands/pubsub-numsub/
        """
        return self.execute(Command(("PUBSUB", "NUMSUB", *args), _to_subscribers))

    def pubsub_shardchannels(self, pattern: KeyT = "*") -> list[AnyStr]:
        """Return the shard channels whose names match ``pattern`` and that have subscribers. Since Redis 7.0.

        https://redis.io/docs/latest/commands/pubsub-shardchannels/
        """
        return self.execute(Command(("PUBSUB", "SHARDCHANNELS", pattern)))

    def pubsub_shardnumsub(self, *args: KeyT) -> list[ChannelSubscribers[AnyStr]]:
        """Return each of the shard channels with the number of its subscribers. Since Redis 7.0.

        https://redis.io/docs/latest/commands/pubsub-shardnumsub/
        """
        return self.execute(Command(("PUBSUB", "SHARDNUMSUB", *args), _to_subscribers))

    def spublish(self, shard_channel: KeyT, message: EncodableT) -> int:
        """Send ``message`` to all who listen to ``shard_channel``; return how many received it. Since Redis 7.0.

        https://redis.io/docs/latest/commands/spublish/
        """
        return self.execute(Command(("SPUBLISH", shard_channel, message)))


def _to_subscribers(reply: Reply) -> list[ChannelSubscribers[Any]]:
    return [ChannelSubscribers(channel, subscribers) for channel, subscribers in in_pairs(reply)]
