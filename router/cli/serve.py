"""`media-router serve`: the router behind granian, one or several processes on one port."""

import multiprocessing
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Annotated, Final

import typer
from granian import Granian
from granian.constants import Interfaces, Loops
from granian.http import HTTP1Settings

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
from router.telemetry import logs

MULTIPROCESS: Final = "PROMETHEUS_MULTIPROC_DIR"
LOGGERS: Final = {"_granian": {"level": "INFO"}, "granian.access": {"level": "INFO"}}
"""granian's own loggers speak through ours."""
SHARED: Final = Path("/dev/shm")  # noqa: S108 - a folder of our own is made there
MEMORY: Final = SHARED if os.access(SHARED, os.W_OK) else Path(tempfile.gettempdir())
"""Where the processes share their counts. On a disk that is full, a file that is mapped into memory kills whoever writes to it."""
APPLICATION: Final = "router.app:create"
BUFFER: Final = 128 * 1024
"""Bytes of a request that granian reads ahead, and so what a caller may cost; with its own 400 KB, 64 uploads take 100 MB."""

FILES_EACH: Final = 2
"""Connections that a caller takes, ours to the provider included. Further callers wait in the system's queue; left to itself,
granian lets them wait once there are 1,024, divided by the processes, however idle all those are."""

GRACE: Final = 20.0
"""Seconds in which a process that has served its last request is to have closed all it opened."""
Tls = tuple[Path, Path]
"""Files in PEM: a certificate with those that vouch for it, and its key."""
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
        port = port or free_port(host)
        greet(settings, host, port, tls)
        logs.configure()
        os.environ[CONFIG] = str(find_config(config).absolute())
        os.environ[WORKERS] = str(settings.server.workers)
        window = os.environ.setdefault(DRAIN, str(settings.server.drain or 0.0))
        os.environ[SOUND] = str(shared / "sound.yaml")
        shutil.copyfile(os.environ[CONFIG], os.environ[SOUND])
        imported(APPLICATION)  # before processes fork off, each of which would import it anew
        run((host, port), settings.server.workers, tls, float(window) + settings.server.finish + GRACE)


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


def run(where: tuple[str, int], workers: int, tls: Tls | None, longest: float) -> None:
    """Run the server in the foreground; a process that dies is replaced, one that takes longer than that to stop is killed."""
    host, port = where
    certificate, key = tls or (None, None)
    server = Granian(
        APPLICATION,
        factory=True,
        address=host,
        port=port,
        workers=workers,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        backpressure=open_many() // FILES_EACH,
        http1_settings=HTTP1Settings(max_buffer_size=BUFFER),
        respawn_failed_workers=True,
        workers_kill_timeout=ceil(longest),
        ssl_cert=certificate,
        ssl_key=key,
        log_dictconfig={"handlers": {}, "formatters": {}, "loggers": LOGGERS},
    )
    server.on_startup(pass_on_hangups)
    server.serve()


def pass_on_hangups() -> None:
    """Let SIGHUP reach the processes, which then read the configuration again; granian would replace them all."""

    def pass_on(*_: object) -> None:
        for pid in [one.pid for one in multiprocessing.active_children()]:
            if pid is not None:
                os.kill(pid, signal.SIGHUP)

    signal.signal(signal.SIGHUP, pass_on)


def refuse_open_door(settings: RouterSettings, host: str) -> None:
    """Stop before a router without keys listens to other machines."""
    if not settings.teams and not is_loopback(host):
        stop(
            f"{host} is not a loopback address and no team has a key: anybody could spend your money. "
            "Add a team with a key under `teams`, or listen on 127.0.0.1."
        )


def free_port(host: str) -> int:
    """Return a port that is free now."""
    with socket.create_server((host, 0)) as found:
        port: int = found.getsockname()[1]
    return port


def greet(settings: RouterSettings, host: str, port: int, tls: Tls | None = None) -> None:
    """Say where it listens and to whom."""
    where = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
    name = typer.style("media-router", bold=True)
    typer.echo(f"{name} on {where}  (API: {where}/schema, metrics: {where}/metrics)", err=True)
    for line in shares(settings):
        typer.secho(line, err=True, fg="yellow")
    if not settings.teams:
        typer.secho("no team keys: open to this machine only", err=True, fg="yellow")
