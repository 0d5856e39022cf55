import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from router.cli import app
from router.cli.explain import asked, table
from router.engine.explain import Explanation, Standing
from router.testing.serving import Served, serving
from router.web.explain import Subject

CONFIG = """
providers:
  far: {kind: boson, base_url: "http://127.0.0.1:9/v1", api_key: "${env:FAR_KEY}"}
  local: {kind: embedded, workers: 1}
routes:
  - {name: say, task: speech, tiers: [far, local], models: [tts-1], attempts: 2}
  - {name: hear, task: transcription, tiers: [local]}
  - {name: show, task: avatar, tiers: [local]}
"""
ENV = {"FAR_KEY": "none"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "router.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(CONFIG, tmp_path_factory.mktemp("explained"), ENV) as running:
        yield running


class Other(BaseHTTPRequestHandler):
    """Knows no POST, and says so in HTML."""

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["explain", *words], env=ENV)


def told(*words: str) -> Any:
    result = run("--json", *words)
    assert result.exit_code in {0, 1}, result.output
    return json.loads(result.stdout)


def test_who_is_tried_and_who_declines(config: Path) -> None:
    """By the offers of the providers themselves, in the order of the tiers, and nobody is called."""
    explained = told("-c", str(config), "language=fr", "response_format=opus")
    assert explained["route"] == "say"
    assert explained["attempts"] == 2
    assert [one["target"] for one in explained["targets"]] == ["local/espeak-ng"]
    assert explained["declined"] == {"far": "does not take `language`"}


def test_a_text_by_its_length(config: Path) -> None:
    """The text itself need not be there, nor a face."""
    assert told("-c", str(config), "characters=5000")["targets"]
    assert told("-c", str(config), "--task", "avatar", "characters=30")["targets"]


def test_a_recording_by_its_measures(config: Path) -> None:
    """A language that nobody understands leaves nobody: exit code 1, and the reason."""
    result = run("-c", str(config), "--task", "transcription", "seconds=7200", "language=fr")
    assert result.exit_code == 1
    assert "does not understand fr" in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["voice"], "'voice' is not of the form FIELD=VALUE\n"),
        (["characters=ten"], "characters must be a whole number, not 'ten'\n"),
        (["voise=x"], "unknown field `voise`; did you mean `voice`?\n"),
        (["speed=9"], "`speed` must be <= 4\n"),
        (["voice={"], "voice: Input data was truncated\n"),
        (["characters=5001"], "`input` may have 5000 characters, not 5001\n"),
        (["model=gpt-9"], "no route for speech serves the model 'gpt-9'; GET /v1/models lists them\n"),
        (["--url", "http://127.0.0.1:9"], "http://127.0.0.1:9: [Errno 111] Connection refused\n"),
    ],
)
def test_what_is_wrong(words: list[str], message: str, config: Path) -> None:
    """It is one line, in the words of the API, with exit code 2."""
    result = run("-c", str(config), *words)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", message)


def test_a_running_router(served: Served) -> None:
    """It is asked by URL, tells the same, and how its targets stand now."""
    result = run("--url", served.url, "voice=en-us")
    assert result.exit_code == 0, result.output
    assert "free, 0 at work" in result.stdout
    assert told("--url", served.url, "voice=en-us")["route"] == "say"


def test_a_running_router_refuses(served: Served) -> None:
    """Its own words are passed on."""
    result = run("--url", served.url, "model=gpt-9")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{served.url}: no route for speech serves the model 'gpt-9'")


def test_something_else_at_that_address() -> None:
    """What answers in no language of ours is not taken for a router."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        result = run("--url", url)
        server.shutdown()
        thread.join()
    assert (result.exit_code, result.stderr) == (2, f"{url} answers 501, but not as a media-router does\n")


def test_fields() -> None:
    """JSON where it begins like JSON; a text to be animated takes the place of the voice that stands in."""
    assert asked(Subject.SPEECH, ["input=a=b", 'voice={"id": "x"}']) == {
        "task": "speech", "input": "a=b", "voice": {"id": "x"},
    }  # fmt: skip
    assert asked(Subject.AVATAR, ["characters=2"]) == {
        "task": "avatar", "ref_image": "https://example.com/face.png", "input_tts": {"input": "xx"},
    }  # fmt: skip


def test_the_table() -> None:
    """Those who would be tried are numbered, with their health where it is known; those who decline follow."""
    one = Standing(
        target="a/m", provider="a", kind="boson", model="m", free=False, breaker="open", blocked_for=4.2, load=3,
        first_byte=0.25,
    )  # fmt: skip
    explained = Explanation(route="r", attempts=3, deadline=60, targets=(one,), declined={"b": "has no voice [x]"})
    columns = [[str(cell) for cell in column.cells] for column in table(explained, live=True).columns]
    assert columns[:4] == [["1", "-"], ["a/m", "b"], ["boson", ""], ["m", ""]]
    assert columns[4] == [
        "not free, asked to be left alone for 4 s, breaker open, first byte in 0.25 s, 3 at work",
        r"has no voice \[x]",
    ]
