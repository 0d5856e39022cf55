import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

BUCKET = "films"
STARTING = 30.0


@dataclass
class S3:
    """A real S3 server on a loopback port, with one bucket; it keeps its objects in memory while it runs."""

    port: int = 0
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"s3://{BUCKET}/kept/here"

    @property
    def options(self) -> Mapping[str, str]:
        return {
            "endpoint": self.endpoint,
            "region": "us-east-1",
            "access_key_id": "key",
            "secret_access_key": "not secret",
        }

    def start(self) -> None:
        """Run, and have an empty bucket."""
        self.port = self.port or free_port()
        command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdout=quiet, stderr=quiet, cwd=Path(__file__).parent)
        until = time.monotonic() + STARTING
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("the S3 server does not start")
            time.sleep(0.05)

    def ready(self) -> bool:
        try:
            return httpx.put(f"{self.endpoint}/{BUCKET}").is_success
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """End, as if the machine had gone; `start` brings it back where it was."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def unfinished(self) -> str:
        """Return the server's list of uploads that were begun and neither completed nor called off."""
        return httpx.get(f"{self.endpoint}/{BUCKET}?uploads").raise_for_status().text

    def listing(self) -> str:
        """Return the server's list of objects."""
        return httpx.get(f"{self.endpoint}/{BUCKET}").raise_for_status().text


@contextmanager
def running_s3() -> Iterator[S3]:
    server = S3()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def s3() -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield where to keep media on an S3 server of one's own, and the options to open it with."""
    with running_s3() as server:
        yield server.url, server.options


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
