"""A real Redis, or Valkey, for tests: on a free loopback port, forgetting nothing, and killed when a test wants it."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

STARTS_WITHIN: Final = 20.0
PAUSE: Final = 0.02
SERVERS: Final = ("valkey-server", "redis-server")
LASTING: Final = ("--appendonly", "yes", "--appendfsync", "always", "--save", "")
"""What is answered is on disk."""


class NoRedis(Exception):
    """There is none on this machine, or it did not start; the text says which."""


def program() -> str | None:
    """Return the server's program, if there is one."""
    return next(filter(None, map(shutil.which, SERVERS)), None)


class Redis:
    """A server that lives in a folder, at one port whenever it runs."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program = program
        self.folder = folder
        self.port = _free_port()
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers. Raises `NoRedis`."""
        told = ("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), *LASTING)
        with (self.folder / "log").open("a") as log:
            self._running = subprocess.Popen((self.program, *told), stdout=log, stderr=log)  # noqa: S603 - our own command
        until = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            if self._running.poll() is not None or time.monotonic() > until:
                raise NoRedis(f"it did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(PAUSE)

    def kill(self) -> None:
        """End it at once, in the middle of whatever it does."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()
            self._running = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as asked:
                asked.sendall(b"PING\r\n")
                return asked.recv(16).startswith(b"+PONG")
        except OSError:
            return False


@contextmanager
def redis() -> Iterator[Redis]:
    """Start a server, and kill it in the end. Raises `NoRedis`."""
    found = program()
    if found is None:
        raise NoRedis("needs Redis or Valkey, which is not installed")
    with tempfile.TemporaryDirectory(prefix="redis-") as name:
        server = Redis(found, Path(name))
        try:
            server.start()
            yield server
        finally:
            server.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
