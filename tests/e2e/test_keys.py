"""Keys of a real router: made and revoked while it runs, and never written anywhere."""

import time
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest
from typer.testing import CliRunner

from router.cli import app
from router.state import STATE
from router.teams.keys import LOOK
from router.telemetry.batch import HELD_FOR
from router.testing.serving import Served, serving

WRITTEN, WRONG = "written-in-the-yaml-9f3", "never-was-a-key-77b"
CONFIG = f"""
providers: {{local: {{kind: embedded, workers: 1}}}}
routes: [{{name: speech, task: speech, tiers: [local]}}]
teams:
  - {{name: ads, keys: ['sha256:{sha256(WRITTEN.encode()).hexdigest()}']}}
  - {{name: games}}
"""
SPEECH = {"input": "hello", "response_format": "pcm"}


class Exports(ThreadingHTTPServer):
    """Takes the traces of a router, and keeps them as they came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.bodies: list[bytes] = []


class Taking(BaseHTTPRequestHandler):
    """Takes one export."""

    server: Exports

    def do_POST(self) -> None:
        """Keep it."""
        self.server.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def exports() -> Iterator[Exports]:
    with Exports() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def router(exports: Exports, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A router of two processes, which is traced."""
    env = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{exports.server_port}",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    with serving(CONFIG, tmp_path_factory.mktemp("keys"), env, "--workers", "2") as served:
        yield served


def command(router: Served, *words: str) -> str:
    """Run a command beside the router, and return what it printed."""
    env = {STATE: str(router.config.parent / "state"), "COLUMNS": "200"}
    result = CliRunner().invoke(app, ["keys", *words, "--config", str(router.config)], env=env)
    assert result.exit_code == 0, result.output
    return result.stdout


def made(router: Served) -> tuple[str, str]:
    """Make a key, and return it and its id."""
    key = command(router, "create", "--team", "games").strip()
    return key, command(router, "list").split("key_")[-1].split()[0]


def answers(router: Served, key: str) -> set[int]:
    """Return how a key is answered by whichever processes take ten connections."""
    told = set()
    for _ in range(10):
        with httpx.Client(headers={"x-api-key": key}) as client:
            told.add(client.get(f"{router.url}/v1/models").status_code)
    return told


def seconds_until(router: Served, key: str, status: int) -> float:
    """Wait until every process answers a key so, and return how long that took."""
    began = time.monotonic()
    while answers(router, key) != {status}:
        assert time.monotonic() - began < 20 * LOOK
        time.sleep(0.05)
    return time.monotonic() - began


def test_a_key_is_made_and_revoked_while_the_router_runs(router: Served) -> None:
    """Within the time that is promised, and what a busy machine adds, every process takes it, and then none does."""
    key, name = made(router)
    assert seconds_until(router, key, 200) < LOOK + 2
    command(router, "revoke", f"key_{name}")
    assert seconds_until(router, key, 401) < LOOK + 2
    assert answers(router, WRITTEN) == {200}


def test_keys_are_written_nowhere(router: Served, exports: Exports) -> None:
    """After good and bad requests in every spelling, no answer, log, metric, trace or file of the router holds a key."""
    issued, _ = made(router)
    seconds_until(router, issued, 200)
    pages = []
    with httpx.Client(base_url=router.url, timeout=30) as client:
        for key in (WRITTEN, issued, WRONG):
            for headers in ({"authorization": f"Bearer {key}"}, {"x-api-key": key}, {"xi-api-key": key}):
                for path, body in (
                    ("/v1/audio/speech", SPEECH),
                    ("/v1/audio/speech", SPEECH | {"model": "nobody"}),
                    ("/v1/audio/speech", {"input": ""}),
                    ("/v2/generate", {"model": "x", "input": []}),
                    ("/v1/text-to-speech/x", {"text": ""}),
                    ("/nowhere", {}),
                ):
                    answer = client.post(path, json=body, headers=headers)
                    pages.append(f"{answer.status_code} {answer.headers} ".encode() + answer.content)
        pages.append(client.get("/metrics").content)
    time.sleep(2 * HELD_FOR)  # logs are the last to go out
    files = [one for one in router.config.parent.rglob("*") if one.is_file()]
    pages += [one.read_bytes() for one in files]
    assert any(b'"team":"games"' in page for page in pages)
    assert any(b"games" in body for body in exports.bodies)
    pages += exports.bodies
    for key in (WRITTEN, issued, WRONG):
        assert not [page[:200] for page in pages if key.encode() in page]
