from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from syncredis import exceptions
from syncredis.commands.acl_replies import to_acl_user
from syncredis.exceptions import DataError
from syncredis.testing import ServerBinary, ServerProcess
from tests.fixtures.surfaces import Surface

USER = "tester"
PASSWORD = "s3cret"
DIGEST = hashlib.sha256(PASSWORD.encode()).hexdigest()


@pytest.fixture(autouse=True)
def no_users_left(client: Any) -> Iterator[None]:
    yield
    for name in client.acl_users():
        if name != "default":
            client.acl_deluser(name)


@pytest.fixture
def log_in(surface: Surface, server: ServerProcess, protocol: int) -> Iterator[Callable[..., Any]]:
    """Makes clients that log in as a user."""
    with ExitStack() as stack:

        def make(username: str = USER, password: str = PASSWORD) -> Any:
            made = surface.Redis(*server.location, protocol=protocol, username=username, password=password)
            stack.callback(made.close)
            return made

        yield make


def test_categories_and_their_commands(raw: Any) -> None:
    categories = raw.acl_cat()
    assert isinstance(categories, list)
    assert {"read", "write", "dangerous"} <= set(categories)
    assert "eval" in raw.acl_cat("scripting")


def test_users_are_listed(raw: Any) -> None:
    assert raw.acl_users() == ["default"]
    assert raw.acl_whoami() == "default"
    (line,) = raw.acl_list()
    assert line.startswith("user default on nopass ")


def test_help_explains(raw: Any) -> None:
    lines = raw.acl_help()
    assert isinstance(lines, list)
    assert any(line.startswith("GETUSER") for line in lines)


def test_a_password_is_generated(raw: Any) -> None:
    password = raw.acl_genpass()
    assert isinstance(password, str)
    assert len(password) == 64
    assert len(raw.acl_genpass(5)) == 2


def test_a_user_may_do_what_was_allowed(client: Any, log_in: Callable[..., Any]) -> None:
    assert (
        client.acl_setuser(
            USER, enabled=True, passwords=f"+{PASSWORD}", commands=["+get", "+acl"], keys=["allowed:*", b"b:*"]
        )
        is True
    )
    user = log_in()
    assert user.acl_whoami() == USER
    assert user.get("allowed:1") is None
    assert user.get("b:1") is None
    with pytest.raises(exceptions.AuthorizationError):
        user.get("other")
    with pytest.raises(exceptions.AuthorizationError):
        user.set("allowed:1", "x")


def test_a_user_is_disabled_unless_told_otherwise(client: Any, log_in: Callable[..., Any]) -> None:
    client.acl_setuser(USER, passwords=[f"+{PASSWORD}"])
    assert client.acl_getuser(USER)["enabled"] is False
    with pytest.raises(exceptions.AuthenticationError):
        log_in().ping()


def test_rules_come_back_in_the_form_in_which_they_were_given(client: Any, raw: Any) -> None:
    client.acl_setuser(
        USER,
        enabled=True,
        hashed_passwords=[f"+{DIGEST}"],
        categories=["+all"],
        commands=["-flushall"],
        keys=["cache:*", "~page:*"],
        channels=["news", "&sport"],
        reset_channels=True,
    )
    user = raw.acl_getuser(USER)
    assert user["enabled"] is True
    assert "on" in user["flags"]
    assert user["passwords"] == [DIGEST]
    assert user["categories"] == ["+@all"]
    assert user["commands"] == ["-flushall"]
    assert user["keys"] == ["~cache:*", "~page:*"]
    assert user["channels"] == ["&news", "&sport"]
    assert user["selectors"] == []


def test_what_was_given_can_be_taken_away(client: Any) -> None:
    client.acl_setuser(USER, passwords=["+one", "+two"], keys="a*", channels=b"c", reset_channels=True, nopass=False)
    client.acl_setuser(USER, passwords=["-one"], hashed_passwords=f"-{hashlib.sha256(b'two').hexdigest()}")
    assert client.acl_getuser(USER)["passwords"] == []
    client.acl_setuser(USER, nopass=True)
    assert "nopass" in client.acl_getuser(USER)["flags"]
    client.acl_setuser(USER, reset_passwords=True, reset_keys=True, reset_channels=True)
    user = client.acl_getuser(USER)
    assert "nopass" not in user["flags"]
    assert user["keys"] == user["channels"] == []
    client.acl_setuser(USER, enabled=True, categories="+@read")
    client.acl_setuser(USER, reset=True)
    user = client.acl_getuser(USER)
    assert (user["enabled"], user["categories"], user["commands"]) == (False, ["-@all"], [])


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_selectors_are_further_permissions(client: Any, raw: Any) -> None:
    client.acl_setuser(USER, keys="%R~r:*", selectors=[("+set", "s:*"), ("+get", b"b:*"), ("+ping", "%W~w:*")])
    user = raw.acl_getuser(USER)
    assert user["keys"] == ["%R~r:*"]
    assert [(selector["commands"], selector["keys"]) for selector in user["selectors"]] == [
        (["+set"], ["~s:*"]),
        (["+get"], ["~b:*"]),
        (["+ping"], ["%W~w:*"]),
    ]
    assert user["selectors"][0]["categories"] == ["-@all"]


@pytest.mark.since(valkey="9.1")
def test_databases_are_a_permission_of_valkey(raw: Any) -> None:
    raw.execute_command("ACL", "SETUSER", USER, "db=1,2")
    assert raw.acl_getuser(USER)["databases"] == ["db=1,2"]


def test_an_unknown_user_is_none(client: Any) -> None:
    assert client.acl_getuser("nobody") is None


def test_users_are_deleted(client: Any) -> None:
    client.acl_setuser("one")
    client.acl_setuser("two")
    assert client.acl_deluser("one", "two", "nobody") == 2
    assert client.acl_users() == ["default"]


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_a_dry_run_says_whether_a_command_is_allowed(client: Any, raw: Any) -> None:
    client.acl_setuser(USER, commands="+get", keys="a*")
    assert raw.acl_dryrun(USER, "GET", "a1") == "OK"
    reason = raw.acl_dryrun(USER, "GET", b"\xff")
    assert isinstance(reason, str)
    assert "no permissions to access" in reason


def test_the_log_tells_what_was_refused(client: Any, log_in: Callable[..., Any]) -> None:
    assert client.acl_log_reset() is True
    assert client.acl_log() == []
    client.acl_setuser(USER, enabled=True, passwords=f"+{PASSWORD}", categories="+@all", keys="a*")
    with pytest.raises(exceptions.AuthorizationError):
        log_in().get(b"k\xff")
    with pytest.raises(exceptions.AuthenticationError):
        log_in("nobody").ping()
    newest, oldest = client.acl_log()
    assert (newest["reason"], newest["username"], newest["count"]) == ("auth", "nobody", 1)
    assert newest["client-info"]["cmd"] in ("hello", "auth")
    assert (oldest["reason"], oldest["username"], oldest["context"]) == ("key", USER, "toplevel")
    assert oldest["object"] == "k\N{REPLACEMENT CHARACTER}"
    assert isinstance(oldest["age-seconds"], float)
    assert oldest["age-seconds"] < 60
    assert len(client.acl_log(1)) == 1
    client.acl_log_reset()


def test_users_are_kept_in_a_file(
    binary: ServerBinary, surface: Surface, protocol: int, client: Any, tmp_path: Path
) -> None:
    file = tmp_path / "users.acl"
    file.write_text("user kept on nopass +ping\n")
    with ServerProcess(binary, config={"aclfile": str(file)}) as own:
        other = surface.Redis(*own.location, protocol=protocol)
        assert "kept" in other.acl_users()
        other.acl_setuser("new")
        assert other.acl_save() is True
        assert "user new off" in file.read_text()
        file.write_text("user kept on nopass +ping\n")
        assert other.acl_load() is True
        assert "new" not in other.acl_users()
        other.close()
    with pytest.raises(exceptions.ResponseError, match="not configured to use an ACL file"):
        client.acl_save()
    with pytest.raises(exceptions.ResponseError, match="not configured to use an ACL file"):
        client.acl_load()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nopass": True, "passwords": "+x"}, "nopass and passwords exclude each other"),
        ({"nopass": True, "hashed_passwords": f"+{DIGEST}"}, "nopass and passwords exclude each other"),
        ({"passwords": ["+good", "bad"]}, r"each of passwords must begin with \+ or -$"),
        ({"passwords": "+"}, "each of passwords"),
        ({"hashed_passwords": DIGEST}, "each of hashed_passwords"),
        ({"categories": ["read"]}, "each of categories"),
        ({"commands": ["get"]}, "each of commands"),
        ({"selectors": [("get", "k")]}, "each of selectors"),
        ({"keys": []}, "keys must hold at least one element"),
        ({"passwords": []}, "passwords must hold at least one element"),
    ],
)
def test_rules_that_make_no_sense_are_refused(client: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        client.acl_setuser(USER, **options)
    assert client.acl_getuser(USER) is None


def test_names_and_commands_must_be_given(client: Any) -> None:
    with pytest.raises(DataError, match="username"):
        client.acl_deluser()
    with pytest.raises(DataError, match="args"):
        client.acl_dryrun("default")


def test_patterns_of_old_servers_get_their_signs() -> None:
    user = to_acl_user(
        ["flags", ["on"], "passwords", [], "commands", "+@all -get", "keys", ["a*", "b*"], "channels", ["c*"]]
    )
    assert user is not None
    assert (user["keys"], user["channels"], user["selectors"]) == (["~a*", "~b*"], ["&c*"], [])
