"""Speaking TLS to a server of ours."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from syncredis.testing.directives import ConfigValue, lines


def client_context(config: Mapping[str, ConfigValue]) -> ssl.SSLContext:
    """Return a context for clients of a server with the `tls-...` directives in `config`.

    Raises OSError or ssl.SSLError when the files that they name can not be used.
    """
    # Loopback, and we started the server ourselves: whose certificate it has does not matter. Not the default
    # context: it takes 30 ms to read the authorities of the system.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # The server may ask for one of ours. Its own will do: its own authority signed it.
    certificate, key = (_path(config, name) for name in ("tls-cert-file", "tls-key-file"))
    if certificate and key:
        context.load_cert_chain(certificate, key)
    return context


def _path(config: Mapping[str, ConfigValue], directive: str) -> str:
    found = lines(config.get(directive, ""))
    return found[-1].strip('"') if found else ""
