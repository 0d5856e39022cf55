"""Trying to reach who is elsewhere, step by step, and saying at which step that ends: name, connection, TLS, credential."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from router.cli.findings import Finding
from router.contract import Misconfigured, Provider, ProviderFailed
from router.engine.settings import ProviderSettings
from router.engine.transport import Client, authorities, client

PATIENCE: Final = 10.0
"""Seconds for each step."""
SKEW: Final = 30.0
"""Seconds by which clocks may differ: signatures of webhooks and of object stores bear some minutes."""
PORTS: Final = {"http": 80, "https": 443}


class Reaching:
    """One of those who are elsewhere: `subject` is what to call it, `setting` where its address is configured."""

    def __init__(self, subject: str, url: str, setting: str, trusted: ssl.SSLContext | None = None) -> None:
        self.subject = subject
        self.url: SplitResult = urlsplit(url)
        self.setting = setting
        self.trusted = trusted

    async def steps(self, *, names_only: bool = False) -> AsyncIterator[Finding]:
        """Yield a finding for each step, up to the first that fails; `names_only`: nobody is connected to."""
        host, port = self.url.hostname or "", self.url.port or PORTS[self.url.scheme]
        fix = f"does {host!r} exist? See {self.setting}, and this machine's resolver"
        found = await self._try("name", self._resolve(host, port), fix)
        yield found
        if names_only or not found.fine:
            return
        fix = f"is anybody listening on {host}:{port}? See {self.setting}, and firewalls"
        found = await self._try("connection", self._connect(host, port), fix)
        yield found
        if found.fine and self.url.scheme == "https":
            fix = f"its certificate is not trusted, or it speaks no TLS: openssl s_client -connect {host}:{port}"
            yield await self._try("TLS", self._connect(host, port, tls=True), fix)

    async def _try(self, tried: str, step: Awaitable[str], fix: str) -> Finding:
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                told = await step
        except (OSError, TimeoutError) as error:
            why = "no answer" if isinstance(error, TimeoutError) else (error.strerror or type(error).__name__)
            return Finding(subject=self.subject, tried=tried, fine=False, told=why, fix=fix)
        return Finding(subject=self.subject, tried=tried, fine=True, told=told, seconds=time.monotonic() - began)

    async def _resolve(self, host: str, port: int) -> str:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return ", ".join(sorted({str(one[4][0]) for one in found}))

    async def _connect(self, host: str, port: int, *, tls: bool = False) -> str:
        context = (self.trusted or authorities()) if tls else None
        _, writer = await asyncio.open_connection(host, port, ssl=context)
        told = writer.get_extra_info("ssl_object").version() if tls else f"port {port}"
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return str(told)


async def provider(account: ProviderSettings, kind: type[Provider[Any]]) -> Sequence[Finding]:
    """Try a provider: reach it, ask it what costs nothing, and compare clocks."""
    subject, url = f"provider {account.name}", getattr(account.settings, "base_url", None)
    found: list[Finding] = []
    if url is not None:
        found = [one async for one in Reaching(subject, url, f"providers.{account.name}.base_url").steps()]
        if not found[-1].fine:
            return found
    async with client(account.connect) as http:
        found.append(await asked(subject, account, kind(account.name, account.settings, http)))
        if url is not None:
            found.append(await clocks(subject, http, url))
    return found


async def asked(subject: str, account: ProviderSettings, one: Provider[Any]) -> Finding:
    """Start a provider and have it check itself."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE), one:
            checked = await one.check()
    except Misconfigured as error:
        fix = f"the vendor refuses the credential, or there is another service: see providers.{account.name}"
        return Finding(subject=subject, tried="credential", fine=False, told=error.message, fix=fix)
    except ProviderFailed as error:
        fix = "it is there and does not do well: ask whoever runs it, or look at the vendor's status page"
        return Finding(subject=subject, tried="credential", fine=False, told=error.message, fix=fix)
    except TimeoutError:
        fix = "it takes connections and does not answer: ask whoever runs it"
        return Finding(subject=subject, tried="credential", fine=False, told=f"no answer in {PATIENCE:g} s", fix=fix)
    seconds = time.monotonic() - began
    if checked:
        return Finding(subject=subject, tried="credential", fine=True, told="taken", seconds=seconds)
    return Finding(
        subject=subject, tried="start", fine=True, told="nothing more can be asked for free", seconds=seconds
    )


async def clocks(subject: str, http: Client, url: str) -> Finding:
    """Compare this machine's clock with the one in an answer, whatever it says otherwise."""
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await http.ask("GET", url, {}, b"")
    except (ProviderFailed, TimeoutError):
        return Finding(subject=subject, tried="clock", fine=None, told="gives no answer to a plain request")
    await answer.body.aclose()
    apart = skew(answer.headers, time.time())
    if apart is None:
        return Finding(subject=subject, tried="clock", fine=None, told="tells no time")
    told = f"{apart:+.0f} s from here"
    fix = "set this machine's clock: timedatectl set-ntp true"
    return Finding(subject=subject, tried="clock", fine=abs(apart) <= SKEW, told=told, fix=fix)


def skew(headers: Mapping[str, str], now: float) -> float | None:
    """Return by how much an answer's clock is ahead, None if it has none."""
    try:
        return parsedate_to_datetime(headers["date"]).timestamp() - now
    except (KeyError, ValueError):
        return None
