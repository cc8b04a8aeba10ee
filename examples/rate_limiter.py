"""At most so many requests in a sliding window, for all processes together, in one round trip.

Starts a server of its own:

    pip install "syncredis[embedded]"
    python examples/rate_limiter.py
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from syncredis import Redis
from syncredis.testing import ServerProcess

#: The moments of the requests that were let through stand in a sorted set, which forgets those before the window. The clock is
#: the server's: those of the processes may differ.
SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local window = tonumber(ARGV[2]) * 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local used = redis.call('ZCARD', KEYS[1])
if used < tonumber(ARGV[1]) then
    redis.call('ZADD', KEYS[1], now, now .. '-' .. used)
    redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
    return {1, ARGV[1] - used - 1, 0}
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return {0, 0, math.ceil((oldest[2] + window - now) / 1000)}
"""


@dataclass(frozen=True)
class Verdict:
    """Whether a request may go on."""

    allowed: bool
    left: int
    """How many more may follow at once."""
    retry_after: float
    """Seconds after which there is room again."""


class RateLimiter:
    """Lets ``limit`` requests through in any ``window`` seconds, for each name."""

    def __init__(self, client: Redis[Any], limit: int, window: float) -> None:
        self._script = client.register_script(SCRIPT)
        self._limit, self._window = limit, window

    def ask(self, name: str) -> Verdict:
        """Count a request, and say whether it may go on."""
        allowed, left, wait = self._script(keys=[f"limit:{name}"], args=[self._limit, self._window])
        return Verdict(bool(allowed), int(left), wait / 1000)


def main() -> None:
    with ServerProcess() as server, Redis(*server.location) as client:
        limiter = RateLimiter(client, limit=3, window=60)
        for _ in range(4):
            print("ann:", limiter.ask("ann"))
        print("bob:", limiter.ask("bob"))


if __name__ == "__main__":
    main()
