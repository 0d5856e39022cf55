import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from router.cli import COMMANDS, Deferred, app
from router.cli.config import SHIPPED, find_config

HELP = """
import sys
from typer.testing import CliRunner
from router.cli import app
result = CliRunner().invoke(app, ["--help"])
assert result.exit_code == 0, result.output
print(sorted(name for name in sys.modules if name.startswith(("router.", "httpx", "av", "litestar"))))
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_imported_and_explains_itself(name: str) -> None:
    """Its target exists, and its help begins with the line that `--help` shows for it."""
    result = CliRunner().invoke(app, [name, "--help"])

    assert result.exit_code == 0
    assert COMMANDS[name][1] in " ".join(result.stdout.split())


def test_help_imports_no_command() -> None:
    """Listing the commands costs none of their imports."""
    run = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=True)

    assert run.stdout == "['router.cli', 'router.cli.loading']\n"


def test_a_command_is_known_by_its_summary() -> None:
    """Until it is run, only its name and its line of help are there."""
    assert Deferred("check", "router.cli.check:check", "Check it.").help == "Check it."


def test_an_unknown_command_is_refused() -> None:
    """With typer's own words and exit code 2."""
    assert CliRunner().invoke(app, ["chek"]).exit_code == 2


def test_the_configuration_is_the_one_given_the_one_here_or_the_one_shipped(tmp_path: Path) -> None:
    """In that order."""
    here = tmp_path / "router.yaml"
    given = Path("given.yaml")

    assert find_config(None, here) == SHIPPED
    here.touch()
    assert find_config(None, here) == here
    assert find_config(given, here) == given


def test_the_module_runs_like_the_command() -> None:
    """`python -m router` is `media-router`."""
    run = subprocess.run([sys.executable, "-m", "router", "--help"], capture_output=True, text=True, check=True)

    assert "Usage: media-router" in run.stdout
