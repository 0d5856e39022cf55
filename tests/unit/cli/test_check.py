import re
from pathlib import Path

from typer.testing import CliRunner

from router.cli import app
from router.contract import Task

GOOD = """\
providers: {local: {kind: embedded, workers: 1}}
routes:
  - {name: talk, task: speech, models: [tts-1], tiers: [local]}
  - {name: both, task: avatar, tiers: [{pick: fastest, targets: [local, {provider: local, model: m}]}]}
"""


def written(folder: Path, text: str) -> str:
    path = folder / "router.yaml"
    path.write_text(text)
    return str(path)


def test_a_right_configuration_is_summed_up(tmp_path: Path) -> None:
    """Exit code 0, and a table of what would be set up."""
    path = written(tmp_path, GOOD)
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["check", "--config", path])

    assert result.exit_code == 0
    assert f"{path} is right." in result.stdout
    assert re.search(r"local +│ embedded +│ any number", result.stdout)
    assert re.search(r"talk +│ speech +│ tts-1 +│ local +│ 60 s +│ 10 s +│ 3", result.stdout)
    assert "fastest of local, local/m" in result.stdout
    assert "No teams: open to everyone on this machine." in result.stdout


def test_a_wrong_configuration_is_told_on_stderr(tmp_path: Path) -> None:
    """Exit code 2, one line for each problem, no traceback, nothing on stdout."""
    path = written(tmp_path, GOOD.replace("kind: embedded", "kind: embeded").replace("task: avatar", "task: avatr"))
    result = CliRunner().invoke(app, ["check", "-c", path])

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        f"{path}:1:27: providers.local.kind: unknown kind 'embeded'; did you mean 'embedded'?",
        f"{path}:4:24: routes[1].task: expected one of {', '.join(Task)}, not 'avatr'; did you mean 'avatar'?",
    ]


def test_a_file_that_is_not_there_is_one_line() -> None:
    """A wrong path is not a traceback."""
    result = CliRunner().invoke(app, ["check", "-c", "nowhere.yaml"])

    assert (result.exit_code, result.stderr) == (2, "nowhere.yaml: cannot be read: No such file or directory\n")


def test_the_schema_is_printed_by_either_name() -> None:
    """`check --schema` and `schema` print the same."""
    one, other = CliRunner().invoke(app, ["check", "--schema"]), CliRunner().invoke(app, ["schema"])

    assert one.exit_code == other.exit_code == 0
    assert one.stdout == other.stdout
    assert '"Configuration"' in one.stdout
