"""`media-router serve`: the router, one or several processes on one port."""

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from router.cli.config import (
    CONFIG,
    DRAIN,
    SOUND,
    WORKERS,
    ConfigOption,
    find_config,
    load_config,
    stop,
    stop_if_unkept,
)
from router.cli.files import open_many
from router.cli.loading import imported
from router.cli.rehearsal import rehearse, stop_if_unoffered
from router.cli.shared_folder import shared_folder
from router.engine.settings import RouterSettings, SettingsError, is_loopback, served_by, share
from router.server import listening
from router.server.crew import CrashLoop, supervise
from router.server.listening import Server, Tls
from router.telemetry import logs

MULTIPROCESS: Final = "PROMETHEUS_MULTIPROC_DIR"
SHARED: Final = Path("/dev/shm")  # noqa: S108 - a folder of our own is made there
MEMORY: Final = SHARED if os.access(SHARED, os.W_OK) else Path(tempfile.gettempdir())
"""Where the processes share their counts. On a disk that is full, a file that is mapped into memory kills whoever writes to it."""
APPLICATION: Final = "router.app:create"
FILES_EACH: Final = 2
"""Connections that a caller takes, ours to the provider included."""

GRACE: Final = 20.0
"""Seconds in which a process that has served its last request is to have closed all it opened."""
TlsOption = Annotated[
    Tls | None,
    typer.Option(metavar="CERT KEY", exists=True, dir_okay=False, help="Speak TLS, with these two files in PEM."),
]


def serve(
    config: ConfigOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="How many processes share the port.")] = None,
    tls: TlsOption = None,
) -> None:
    """Serve requests until told to stop."""
    with shared_folder("media-router-metrics-", MEMORY) as shared:
        # Before the plugins are found: prometheus_client looks once, when it is imported.
        os.environ.setdefault(MULTIPROCESS, str(shared))
        settings, registry = load_config(config)
        settings = divided(settings, workers)
        host = host or settings.server.host
        port = settings.server.port if port is None else port
        refuse_open_door(settings, host)
        stop_if_unoffered(settings, rehearse(settings, registry))
        stop_if_unkept(settings)
        listeners = opened(host, port, settings.server.workers)
        greet(settings, host, listeners[0].getsockname()[1], tls)
        logs.configure()
        os.environ[CONFIG] = str(find_config(config).absolute())
        os.environ[WORKERS] = str(settings.server.workers)
        window = os.environ.setdefault(DRAIN, str(settings.server.drain or 0.0))
        os.environ[SOUND] = str(shared / "sound.yaml")
        shutil.copyfile(os.environ[CONFIG], os.environ[SOUND])
        create = imported(APPLICATION)  # before processes fork off, each of which would import it anew
        server = partial(listening.server_for, create, tls, open_many() // FILES_EACH)
        longest = float(window) + settings.server.finish + GRACE
        try:
            supervise(partial(serve_at, listeners, server), len(listeners), longest, partial(close, listeners))
        except CrashLoop as error:
            stop(str(error))


def serve_at(listeners: Sequence[socket.socket], server: Callable[[], Server], place: int) -> None:
    """Serve in one of the processes, at its own socket: where others were open here too, callers would wait at them in vain."""
    close([one for number, one in enumerate(listeners) if number != place])
    listening.serve(server(), listeners[place])


def close(sockets: Sequence[socket.socket]) -> None:
    """Close sockets."""
    for one in sockets:
        one.close()


def divided(settings: RouterSettings, workers: int | None) -> RouterSettings:
    """Return the configuration for so many processes, or end the command if they cannot share what it allows."""
    try:
        return served_by(settings, workers)
    except SettingsError as error:
        stop(str(error))


def shares(settings: RouterSettings) -> Iterator[str]:
    """Yield what is worth knowing where several processes serve."""
    workers = settings.server.workers
    if workers == 1:
        return
    yield f"{workers} processes: each has breakers, queues and its share of every `concurrency` for itself"
    for name, account in settings.providers.items():
        whole, each = account.concurrency, share(account.concurrency, workers)
        if whole is not None and each is not None and each * workers < whole:
            yield f"{name}: of {whole} calls at once {workers} processes make {each * workers}, {each} each"


def refuse_open_door(settings: RouterSettings, host: str) -> None:
    """Stop before a router without keys listens to other machines."""
    if not settings.teams and not is_loopback(host):
        stop(
            f"{host} is not a loopback address and no team has a key: anybody could spend your money. "
            "Add a team with a key under `teams`, or listen on 127.0.0.1."
        )


def opened(host: str, port: int, count: int) -> list[socket.socket]:
    """Return a socket for each process; port 0 takes a free one. Ends the command where nobody can listen."""
    try:
        return listening.listen(host, port, count)
    except OSError as error:
        stop(
            f"cannot listen on {host}:{port}: {error.strerror}. Another --port or --host, or ending what listens there, would help."
        )


def greet(settings: RouterSettings, host: str, port: int, tls: Tls | None = None) -> None:
    """Say where it listens and to whom."""
    where = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
    name = typer.style("media-router", bold=True)
    typer.echo(f"{name} on {where}  (API: {where}/schema, metrics: {where}/metrics)", err=True)
    for line in shares(settings):
        typer.secho(line, err=True, fg="yellow")
    if not settings.teams:
        typer.secho("no team keys: open to this machine only", err=True, fg="yellow")
