"""What can go wrong when real servers are run for a test."""


class ServerProcessError(RuntimeError):
    """Base of every error of `syncredis.testing`."""


class ServerNotFoundError(ServerProcessError):
    """No usable server binary: the message says what was tried and how to get one."""


class ServerStartError(ServerProcessError):
    """A server ended while it was starting: the message carries the end of its log."""


class NotReadyError(ServerProcessError, TimeoutError):
    """Something did not become true in the time given: the message says what was missing."""


class NetworkUnavailableError(ServerProcessError):
    """The system does not let us make a network of our own: the message says why."""
