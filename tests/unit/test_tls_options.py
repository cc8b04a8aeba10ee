"""The options that begin with ssl: what they make of the context, and which of them contradict each other."""

from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from syncredis import Redis
from syncredis.config import TLSConfig, configs_from_options
from syncredis.exceptions import ConfigurationError
from tests.fixtures.tls import Certificates

HERE = ("localhost", 6379)


def tls(**options: Any) -> TLSConfig:
    config = configs_from_options(HERE, **options)[0].tls
    assert config is not None
    return config


def test_verification_is_the_default() -> None:
    context = tls(ssl=True).context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("options", "mode", "checks_name"),
    [
        ({"ssl_cert_reqs": "required"}, ssl.CERT_REQUIRED, True),
        ({"ssl_check_hostname": True}, ssl.CERT_REQUIRED, True),
        ({"ssl_check_hostname": False}, ssl.CERT_REQUIRED, False),
        ({"ssl_cert_reqs": "none"}, ssl.CERT_NONE, False),
        ({"ssl_cert_reqs": "none", "ssl_check_hostname": False}, ssl.CERT_NONE, False),
    ],
)
def test_how_much_is_verified(options: dict[str, Any], mode: ssl.VerifyMode, checks_name: bool) -> None:
    context = tls(ssl=True, **options).context
    assert context.verify_mode is mode
    assert context.check_hostname is checks_name


def test_authority_and_certificate(certificates: Certificates) -> None:
    made = tls(
        ssl=True,
        ssl_ca_certs=certificates.authority,
        ssl_certfile=certificates.client.certificate,
        ssl_keyfile=certificates.client.key,
        ssl_server_hostname="redis.example",
    )
    assert len(made.context.get_ca_certs()) == 1
    assert made.server_hostname == "redis.example"


def test_a_whole_context() -> None:
    context = ssl.create_default_context()
    assert tls(ssl_context=context).context is context
    assert tls(ssl=True, ssl_context=context, ssl_server_hostname="n") == TLSConfig(
        context=context, server_hostname="n"
    )


def test_no_tls() -> None:
    for options in ({}, {"ssl": False}, {"ssl": False, "ssl_ca_certs": None}, {"ssl_context": None}):
        assert configs_from_options(HERE, **options)[0].tls is None  # type: ignore[misc]


@pytest.mark.parametrize("ssl_is", [{}, {"ssl": False}])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ssl_certfile", "c.pem"),
        ("ssl_keyfile", "k.pem"),
        ("ssl_keyfile_password", "hidden"),
        ("ssl_ca_certs", "ca.pem"),
        ("ssl_cert_reqs", "none"),
        ("ssl_cert_reqs", "required"),
        ("ssl_check_hostname", True),
        ("ssl_check_hostname", False),
        ("ssl_server_hostname", "n"),
    ],
)
def test_an_option_without_tls(name: str, value: Any, ssl_is: dict[str, bool]) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} has no effect without ssl=True$"):
        Redis(**{name: value}, **ssl_is)


def test_a_context_without_tls() -> None:
    with pytest.raises(ConfigurationError, match="ssl_context has no effect without ssl=True"):
        Redis(ssl=False, ssl_context=ssl.create_default_context())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ssl_certfile", "c.pem"),
        ("ssl_keyfile", "k.pem"),
        ("ssl_keyfile_password", "hidden"),
        ("ssl_ca_certs", "ca.pem"),
        ("ssl_cert_reqs", "none"),
        ("ssl_check_hostname", False),
    ],
)
def test_a_context_holds_the_rest_already(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} contradicts ssl_context") as caught:
        Redis(ssl_context=ssl.create_default_context(), **{name: value})
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("value", ["optional", "None", True, ssl.CERT_NONE])
def test_a_requirement_that_does_not_exist(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r'ssl_cert_reqs=.* must be "required" or "none"'):
        Redis(ssl=True, ssl_cert_reqs=value)


def test_a_name_can_not_be_checked_without_a_certificate() -> None:
    with pytest.raises(ConfigurationError, match='ssl_check_hostname=True contradicts ssl_cert_reqs="none"'):
        Redis(ssl=True, ssl_cert_reqs="none", ssl_check_hostname=True)


@pytest.mark.parametrize("name", ["", ".example", 5])
def test_a_server_hostname_that_can_not_be_one(name: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"ssl_server_hostname=.* must be the name of a host"):
        Redis(ssl=True, ssl_server_hostname=name)


def test_a_key_without_a_certificate() -> None:
    with pytest.raises(ConfigurationError, match="ssl_keyfile has no effect without ssl_certfile"):
        Redis(ssl=True, ssl_keyfile="k.pem")


@pytest.mark.parametrize("name", ["ssl_ca_certs", "ssl_certfile"])
def test_a_file_that_is_not_there(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"can not load {name}: .*No such file"):
        Redis(ssl=True, **{name: str(tmp_path / "none.pem")})


def test_a_file_that_holds_something_else(tmp_path: Path, certificates: Certificates) -> None:
    (tmp_path / "text.pem").write_text("no certificate")
    for name in ("ssl_ca_certs", "ssl_certfile"):
        with pytest.raises(ConfigurationError, match=f"can not load {name}"):
            Redis(ssl=True, **{name: str(tmp_path / "text.pem")})
    with pytest.raises(ConfigurationError, match=r"can not load ssl_certfile and ssl_keyfile: .*KEY_VALUES_MISMATCH"):
        Redis(ssl=True, ssl_certfile=certificates.client.certificate, ssl_keyfile=certificates.server.key)


def test_an_encrypted_key(certificates: Certificates) -> None:
    pair = {"ssl_certfile": certificates.client.certificate, "ssl_keyfile": certificates.encrypted_key}
    assert tls(ssl=True, ssl_keyfile_password=certificates.key_password, **pair)
    with pytest.raises(ConfigurationError, match="can not load ssl_certfile and ssl_keyfile") as caught:
        Redis(ssl=True, ssl_keyfile_password="not " + certificates.key_password, **pair)  # type: ignore[call-overload]
    assert certificates.key_password not in str(caught.value)


def test_an_encrypted_key_without_its_password(certificates: Certificates) -> None:
    """OpenSSL would ask for it on the terminal, and wait."""
    code = (
        "import sys\n"
        "from syncredis import Redis\n"
        "from syncredis.exceptions import ConfigurationError\n"
        "try: Redis(ssl=True, ssl_certfile=sys.argv[1], ssl_keyfile=sys.argv[2])\n"
        "except ConfigurationError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, certificates.client.certificate, certificates.encrypted_key],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "can not load ssl_certfile and ssl_keyfile" in done.stdout
    assert done.stderr == ""
