import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from router.contract import AudioFormat, Invalid
from router.media import Fetcher
from tests.unit.media.sounds import encoded

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]
CERTIFICATE = Path(__file__).with_name("tls") / "media.test.pem"
SOUND = encoded(AudioFormat.WAV, 0.2)

Route = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def server(routes: dict[str, Route], tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on a free loopback port."""
    app = web.Application()
    for path, route in routes.items():
        app.router.add_get(path, route)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def names(table: dict[str, list[str]]) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """A resolver that knows these names only."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        if host not in table:
            raise OSError(f"unknown name {host}")
        return table[host]

    return resolve


def fetcher(**options: float) -> Fetcher:
    """One that may reach loopback, where `media.test` is."""
    return Fetcher(
        names({"media.test": ["127.0.0.1"], "private.test": ["10.0.0.1"]}),
        allowed=LOOPBACK,
        patience=options.get("patience", 10.0),
    )


async def sound(request: web.Request) -> web.Response:
    return web.Response(body=SOUND, content_type="text/plain")


def redirect(target: str, status: int = 302) -> Route:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": target})

    return answer


async def refusal(one: Fetcher, url: str, limit: int = 10**6) -> Invalid:
    with pytest.raises(Invalid) as caught:
        await one.fetch(url, limit, param="audio", code="bad_url")
    assert caught.value.param == "audio"
    return caught.value


async def test_download() -> None:
    """The bytes come with the type of their content, not with the one the server says."""
    async with server({"/a": sound}) as port:
        media = await fetcher().fetch(f"http://media.test:{port}/a", len(SOUND))
    assert (media.data, media.media_type) == (SOUND, "audio/wav")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects(status: int) -> None:
    """Redirects are followed, relative ones too, at most three."""
    routes = {
        "/a": redirect("/b", status),
        "/b": redirect("c"),
        "/c": redirect("/d"),
        "/d": sound,
        "/0": redirect("/a"),
    }
    async with server(routes) as port:
        assert (await fetcher().fetch(f"http://media.test:{port}/a", 10**6)).data == SOUND
        assert "more than 3 times" in (await refusal(fetcher(), f"http://media.test:{port}/0")).message


@pytest.mark.parametrize(
    "target",
    [
        "http://10.0.0.1/", "http://private.test/", "http://169.254.169.254/latest/meta-data", "ftp://media.test/",
        "file:///etc/passwd", "http://user:pass@media.test/", "http://[::ffff:10.0.0.1]/", "http://[fe80::1]/",
        "gopher://media.test/",
    ],
)  # fmt: skip
async def test_every_hop_is_checked(target: str) -> None:
    """What is refused at first hand is refused as the target of a redirect."""
    async with server({"/a": redirect(target)}) as port:
        for url in (target, f"http://media.test:{port}/a"):
            assert (await refusal(fetcher(), url)).code == "bad_url"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "media.test",
        "//media.test/a",
        "http://",
        "http:///a",
        "http://[::1",
        "http://media.test:99999/",
        "http://\0/",
    ],
)
async def test_not_a_url(url: str) -> None:
    """What is no absolute URL is Invalid."""
    assert (await refusal(fetcher(), url)).code == "bad_url"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:7f00:1]"]
)
async def test_loopback_in_every_spelling(host: str) -> None:
    """With no networks allowed and the system's resolver, loopback is out of reach however it is written."""
    async with server({"/a": sound}) as port:
        await refusal(Fetcher(), f"http://{host}:{port}/a")


async def test_one_bad_address_condemns_the_name() -> None:
    """A name with a public and a private address is refused before anything is connected to."""
    one = Fetcher(names({"mixed.test": ["8.8.8.8", "10.0.0.1"]}))
    assert "not public" in (await refusal(one, "http://mixed.test/")).message


async def test_resolved_once() -> None:
    """The address that was checked is the one connected to: a name is asked for once per hop."""
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.9.9.9"]

    async with server({"/a": sound}) as port:
        await Fetcher(rebinding, allowed=LOOPBACK).fetch(f"http://media.test:{port}/a", 10**6)
    assert asked == ["media.test"]


async def test_limit() -> None:
    """One byte more than the limit is payload_too_large, announced or not."""

    async def unannounced(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(SOUND)
        return answer

    async with server({"/a": sound, "/b": unannounced}) as port:
        for path in ("a", "b"):
            error = await refusal(fetcher(), f"http://media.test:{port}/{path}", len(SOUND) - 1)
            assert (error.code, error.status, error.limit) == ("payload_too_large", 413, len(SOUND) - 1)


async def test_compressed_body_is_not_unpacked() -> None:
    """A body that says it is compressed is taken as it is, and so is no media."""

    async def packed(request: web.Request) -> web.Response:
        assert request.headers["Accept-Encoding"] == "identity"
        return web.Response(body=b"\x1f\x8b" + bytes(100), headers={"Content-Encoding": "gzip"})

    async with server({"/a": packed}) as port:
        assert "no media" in (await refusal(fetcher(), f"http://media.test:{port}/a")).message


async def test_not_media() -> None:
    """A page is refused whatever it is called."""

    async def page(request: web.Request) -> web.Response:
        return web.Response(text="<html>", headers={"Content-Type": "audio/wav"})

    async with server({"/a": page}) as port:
        assert "no media" in (await refusal(fetcher(), f"http://media.test:{port}/a")).message


async def test_failures() -> None:
    """An error status, an unknown name, a refused connection: Invalid, without the URL's secrets in the text."""
    async with server({"/a": sound}) as port:
        assert "404" in (await refusal(fetcher(), f"http://media.test:{port}/none?key=secret")).message
    for url in (f"http://media.test:{port}/?key=secret", "http://unknown.test/?key=secret"):
        assert "secret" not in (await refusal(fetcher(), url)).message


async def test_patience() -> None:
    """A server that trickles is given up on."""

    async def trickle(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"x")
            await asyncio.sleep(0.02)

    async with server({"/a": trickle}) as port:
        assert (await refusal(fetcher(patience=0.3), f"http://media.test:{port}/a")).limit == 0.3


async def test_no_cookies() -> None:
    """Nothing a server sets is sent along at the next hop."""
    seen: list[str | None] = []

    async def first(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/b", "Set-Cookie": "a=1"})

    async def second(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Cookie"))
        return await sound(request)

    async with server({"/a": first, "/b": second}) as port:
        await fetcher().fetch(f"http://media.test:{port}/a", 10**6)
    assert seen == [None]


async def test_tls_verifies_the_name() -> None:
    """The pinned address changes nothing about TLS: the certificate must be for the name in the URL."""
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(CERTIFICATE)
    ours = ssl.create_default_context(cafile=CERTIFICATE)
    resolve = names({"media.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]})
    trusting = Fetcher(resolve, allowed=LOOPBACK, tls=ours)
    async with server({"/a": sound}, theirs) as port:
        assert (await trusting.fetch(f"https://media.test:{port}/a", 10**6)).data == SOUND
        assert "prove" in (await refusal(trusting, f"https://other.test:{port}/a")).message
        assert "prove" in (await refusal(fetcher(), f"https://media.test:{port}/a")).message
