"""`Encoder`: text to bytes and back, as a connection's options say."""

from __future__ import annotations

from typing import Any

from syncredis.compat.exceptions import DataError


class Encoder:
    """Encodes arguments and decodes replies. redis-py hands it out by ``get_encoder()``."""

    __slots__ = ("decode_responses", "encoding", "encoding_errors")

    def __init__(self, encoding: str, encoding_errors: str, decode_responses: bool) -> None:
        self.encoding = encoding
        self.encoding_errors = encoding_errors
        self.decode_responses = decode_responses

    def encode(self, value: Any) -> Any:
        """Return ``value`` as something like bytes.

        Raises:
            DataError: if it has no such form.
        """
        if isinstance(value, (bytes, bytearray, memoryview)):
            return value
        if isinstance(value, str):
            return value.encode(self.encoding, self.encoding_errors)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return repr(value).encode()
        raise DataError(
            f"Invalid input of type: {type(value).__name__!r}. Convert to a bytes, string, int or float first."
        )

    def decode(self, value: Any, force: bool = False) -> Any:
        """Return bytes as text, if replies are to be decoded or ``force`` is given; anything else as it is."""
        if not (self.decode_responses or force):
            return value
        if isinstance(value, memoryview):
            value = value.tobytes()
        return value.decode(self.encoding, self.encoding_errors) if isinstance(value, bytes) else value
