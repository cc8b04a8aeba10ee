"""The async facade of syncredis, for asyncio and trio: the same names, to be awaited."""

from syncredis.aio.client import Redis
from syncredis.aio.factory import from_url
from syncredis.aio.sentinel import Sentinel

__all__ = ["Redis", "Sentinel", "from_url"]
