"""redis-py's command methods."""

from syncredis.compat.commands.core import AsyncCoreCommands, CoreCommands
from syncredis.compat.commands.helpers import list_or_args
from syncredis.compat.commands.sentinel import AsyncSentinelCommands, SentinelCommands

__all__ = ["AsyncCoreCommands", "AsyncSentinelCommands", "CoreCommands", "SentinelCommands", "list_or_args"]
