"""redis-py's options for TLS, as an `ssl.SSLContext`."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from typing import Any, Final

from syncredis.compat.exceptions import RedisError
from syncredis.config import TLSConfig

_REQUIREMENTS: Final = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}

#: The options, and redis-py's defaults.
DEFAULTS: Final[Mapping[str, Any]] = {
    "ssl_keyfile": None,
    "ssl_certfile": None,
    "ssl_cert_reqs": "required",
    "ssl_include_verify_flags": None,
    "ssl_exclude_verify_flags": None,
    "ssl_ca_certs": None,
    "ssl_ca_data": None,
    "ssl_check_hostname": True,
    "ssl_ca_path": None,
    "ssl_password": None,
    "ssl_validate_ocsp": False,
    "ssl_validate_ocsp_stapled": False,
    "ssl_ocsp_context": None,
    "ssl_ocsp_expected_cert": None,
    "ssl_min_version": None,
    "ssl_ciphers": None,
}


def requirement_from(given: Any) -> ssl.VerifyMode:
    """Return what ``ssl_cert_reqs`` means.

    Raises:
        RedisError: if it means nothing.
    """
    if given is None:
        return ssl.CERT_NONE
    if isinstance(given, str):
        if given not in _REQUIREMENTS:
            raise RedisError(f"Invalid SSL Certificate Requirements Flag: {given}")
        return _REQUIREMENTS[given]
    return ssl.VerifyMode(given)


def tls_from(options: Mapping[str, Any]) -> TLSConfig:
    """Return how to encrypt, from all the options in `DEFAULTS`.

    Raises:
        NotImplementedError: where a certificate's status shall be asked for (OCSP).
        RedisError, OSError: for what makes no sense, or can not be read.
    """
    if options["ssl_validate_ocsp"] or options["ssl_validate_ocsp_stapled"]:
        raise NotImplementedError(
            "certificates are not checked by OCSP here; give syncredis.Redis(ssl_context=...) a context that does"
        )
    requirement = requirement_from(options["ssl_cert_reqs"])
    context = ssl.create_default_context()
    context.check_hostname = bool(options["ssl_check_hostname"]) and requirement != ssl.CERT_NONE
    context.verify_mode = requirement
    for flag in _each(options["ssl_include_verify_flags"]):
        context.verify_flags |= flag
    for flag in _each(options["ssl_exclude_verify_flags"]):
        context.verify_flags &= ~flag
    if options["ssl_certfile"] or options["ssl_keyfile"]:
        # Without any password, OpenSSL would ask for that of an encrypted key on the terminal.
        password = options["ssl_password"] or ""
        context.load_cert_chain(options["ssl_certfile"], options["ssl_keyfile"], password)
    authorities = options["ssl_ca_certs"], options["ssl_ca_path"], options["ssl_ca_data"]
    if any(authorities):
        context.load_verify_locations(*authorities)
    if options["ssl_min_version"] is not None:
        context.minimum_version = options["ssl_min_version"]
    if options["ssl_ciphers"]:
        try:
            context.set_ciphers(options["ssl_ciphers"])
        except ssl.SSLError as error:
            raise RedisError(f"{error.args[0]} ssl_ciphers names none that OpenSSL has") from error
    return TLSConfig(context=context)


def _each(flags: Any) -> Iterable[ssl.VerifyFlags]:
    return flags or ()
