"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, on a free loopback port."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STARTS_WITHIN: Final = 30.0
STOPS_WITHIN: Final = 30.0
PAUSE: Final = 0.02
OWNER: Final = "postgres"
"""Who runs it where we are root, which it refuses: a user that Debian's package brings."""
DEBIAN: Final = Path("/usr/lib/postgresql")
HASTY: Final = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=16MB")
"""Nothing has to outlive the test."""


class NoPostgres(Exception):
    """There is none on this machine, or it did not start; the text says which."""


def programs() -> Path | None:
    """Return the folder with initdb and the server: on the path, or the newest where Debian puts it."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    newest = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return newest[-1].parent if newest else None


@contextmanager
def postgres(*settings: str) -> Iterator[str]:
    """Start a server with these settings (`name=value`), return the URL of its database, and stop it by its handle.

    It asks for a password over TCP, as a real one does. Raises `NoPostgres`.
    """
    with cluster() as laid_out, laid_out.running(settings):
        yield laid_out.url


@contextmanager
def cluster() -> Iterator["Cluster"]:
    """Lay out a server that can be started, stopped and started again. Raises `NoPostgres`."""
    found = programs()
    if found is None:
        raise NoPostgres("needs PostgreSQL, which is not installed")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        laid_out = Cluster(found, Path(name), _free_port(), secrets.token_hex(8))
        laid_out.lay_out()
        yield laid_out


@dataclass(frozen=True, slots=True)
class Cluster:
    """A server's programs, the folder it lives in, and where and how it is reached."""

    programs: Path
    folder: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        """Where it answers, as its owner, and with the password."""
        return f"postgresql://{OWNER}:{self.password}@127.0.0.1:{self.port}/postgres"

    def lay_out(self) -> None:
        """Make its files, as whoever will run it."""
        (self.folder / "password").write_text(self.password)
        if os.geteuid() == 0:
            for path in (self.folder, self.folder / "password"):
                shutil.chown(path, OWNER, OWNER)
        flags = ("-D", "cluster", "-U", OWNER, "--pwfile", "password", "-A", "scram-sha-256", "-E", "UTF8", "-N")
        made = self._start("initdb", *flags, "--locale", "C")
        if made.wait(STARTS_WITHIN) != 0:
            raise NoPostgres(f"initdb failed: {self._log()}")

    @contextmanager
    def running(self, settings: Sequence[str] = ()) -> Iterator[None]:
        """Run the server; raises `NoPostgres` if it does not come up."""
        told = (*HASTY, *settings, f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=")
        server = self._start("postgres", "-D", "cluster", *(f"-c{one}" for one in told))
        try:
            self._await_ready(server)
            yield
        finally:
            server.send_signal(signal.SIGINT)  # its word for: end now, whoever is still connected
            server.wait(STOPS_WITHIN)

    def _start(self, program: str, *flags: str) -> subprocess.Popen[bytes]:
        user = OWNER if os.geteuid() == 0 else None
        with (self.folder / "log").open("a") as log:
            return subprocess.Popen(  # noqa: S603 - our own command
                (str(self.programs / program), *flags),
                cwd=self.folder, stdout=log, stderr=log, user=user, group=user, extra_groups=[] if user else None,
            )  # fmt: skip

    def _await_ready(self, server: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + STARTS_WITHIN
        asked = (str(self.programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port))
        while subprocess.run(asked, check=False).returncode != 0:  # noqa: S603 - our own command
            if server.poll() is not None or time.monotonic() > until:
                raise NoPostgres(f"PostgreSQL did not start: {self._log()}")
            time.sleep(PAUSE)

    def _log(self) -> str:
        return (self.folder / "log").read_text()[-2000:]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
