import asyncio
import json
import ssl
from pathlib import Path
from typing import Any, Final

import pytest
import trustme
from typer.testing import CliRunner

from router.cli import app
from router.cli.doctor import examined
from router.cli.findings import Finding
from router.cli.lodging import counting, disk, files, tried
from router.cli.reaching import Reaching, skew
from router.contract import MediaError
from router.engine.registry import Registry
from router.engine.settings import RouterSettings
from router.engine.settings.load import parse
from router.engine.settings.secrets import References
from router.store.shared_counters import SharedCounters
from router.testing.acts import Act, HangUp, Reply
from router.testing.vendor import ClosedPort, Vendor

REGISTRY: Final = Registry.discover()
KEY: Final = "key-for-tests"
HOOK: Final = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5"
CONFIG: Final = """
providers: {{one: {{kind: {kind}, base_url: "{url}", api_key: "${{env:KEY}}"{more}}}}}
routes: [{{name: r, task: {task}, tiers: [one]}}]
{rest}
"""
KINDS: Final = {
    "boson": ("/v1/audio/voices", "speech", ""),
    "breeze": ("/v1/api-keys/current", "speech", ", voice: v"),
    "sync": ("/v2/generations/count", "avatar", ""),
    "higgs": ("/health", "speech", ""),
    "openai": ("/models", "speech", ", speech: {models: [m], voices: [v]}"),
}


def settings(url: str, kind: str = "boson", rest: str = "") -> RouterSettings:
    _, task, more = KINDS[kind]
    text = CONFIG.format(kind=kind, url=url, task=task, more=more, rest=rest)
    return parse(text.encode(), "router.yaml", REGISTRY, References({"KEY": KEY}, Path(), lambda _: ""))


async def examine(settings: RouterSettings, state: Path) -> dict[tuple[str, str], Finding]:
    return {(one.subject, one.tried): one for one in await examined(settings, REGISTRY, state)}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_good_account(kind: str, tmp_path: Path) -> None:
    """It is asked once for what its vendor gives for nothing, and once, without its key, for the time."""
    async with Vendor() as vendor:
        vendor.on(KINDS[kind][0], Reply.of_json({}))
        found = await examine(settings(vendor.url, kind), tmp_path)
        told = {tried: one.fine for (subject, tried), one in found.items() if subject == "provider one"}
        assert told == {"name": True, "connection": True, "credential": True, "clock": None}
        asked, plain = vendor.asked
        assert (asked.method, asked.path, asked.body) == ("GET", KINDS[kind][0], b"")
        assert (plain.method, plain.path) == ("GET", "/")
        assert KEY in "".join(asked.headers.values())
        assert not {"authorization", "x-api-key"} & set(plain.headers)


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (Reply(status=401), "one answered 401"),
        (Reply(status=503), "one answered 503"),
        (HangUp(), "no answer: RemoteProtocolError"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
async def test_an_account_in_trouble(kind: str, act: Act, told: str, tmp_path: Path) -> None:
    """What its vendor makes of it is told, with something to do about it."""
    async with Vendor(act) as vendor:
        found = await examine(settings(vendor.url, kind), tmp_path)
    one = found["provider one", "credential"]
    assert (one.fine, one.told, bool(one.fix)) == (False, told, True)


async def test_nobody_listens(tmp_path: Path) -> None:
    """Where a connection is refused nothing further is tried, and the setting with the address is named."""
    with ClosedPort() as port:
        found = await examine(settings(port.url), tmp_path)
    one = found["provider one", "connection"]
    assert not one.fine
    assert "providers.one.base_url" in one.fix
    assert ("provider one", "credential") not in found


async def test_a_name_that_nobody_has() -> None:
    """It is told as that, and nobody is connected to."""
    (one,) = [one async for one in Reaching("it", "https://nowhere.invalid", "its `url`").steps()]
    assert (one.tried, one.fine) == ("name", False)
    assert "nowhere.invalid" in one.fix


async def test_no_tls() -> None:
    """A server that takes connections and speaks no TLS fails at that."""
    async with Vendor() as vendor:
        *_, last = [one async for one in Reaching("it", vendor.url.replace("http", "https"), "it").steps()]
    assert (last.tried, last.fine) == ("TLS", False)


async def test_a_certificate() -> None:
    """One that is trusted is fine, and one that nobody vouches for is not."""
    authority = trustme.CA()
    served, trusting = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(served)
    authority.configure_trust(trusting)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "localhost", 0, ssl=served)
    url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
    async with server:
        known = [one.fine async for one in Reaching("it", url, "it", trusting).steps()]
        unknown = [one.fine async for one in Reaching("it", url, "it").steps()]
    assert (known, unknown) == ([True, True, True], [True, True, False])


@pytest.mark.parametrize(
    ("headers", "apart"),
    [({"date": "Tue, 14 Nov 2023 22:14:20 GMT"}, 60.0), ({"date": "yesterday"}, None), ({}, None)],
)
def test_clocks(headers: dict[str, str], apart: float | None) -> None:
    """An answer's clock is ahead by so much, or unknown."""
    assert skew(headers, 1_700_000_000.0) == apart


async def test_a_clock_that_is_wrong(tmp_path: Path) -> None:
    """A machine and a vendor that are years apart are told of."""
    old = Reply.of_json({}, date="Tue, 14 Nov 2023 22:13:20 GMT")
    async with Vendor(old) as vendor:
        found = await examine(settings(vendor.url), tmp_path)
    assert found["provider one", "clock"].fine is False


async def test_stores(tmp_path: Path) -> None:
    """Records are written to and media makes the round, and nothing is left of either."""
    async with Vendor(Reply.of_json({})) as vendor:
        found = await examine(settings(vendor.url), tmp_path)
    assert found["records", "write"].fine
    assert found["media", "put, get, delete"].fine
    assert [one for one in (tmp_path / "media").rglob("*") if one.is_file() and "doctor" in one.name] == []


async def test_stores_that_cannot_be(tmp_path: Path) -> None:
    """A state folder in a place where there can be none is told of, and where that is."""
    (tmp_path / "file").touch()
    async with Vendor(Reply.of_json({})) as vendor:
        found = await examine(settings(vendor.url), tmp_path / "file" / "state")
    one = found["storage", "open"]
    assert one.fine is False
    assert str(tmp_path) in one.fix


async def test_who_counts_is_away() -> None:
    """Limits cannot be counted where nobody answers."""
    with ClosedPort() as port:
        found = await tried(
            "limits", "ping", lambda: counting(SharedCounters(port.url.replace("http", "redis"))), "fix"
        )
    assert (found.fine, found.told) == (False, "it does not answer")


async def test_what_fails_in_doing() -> None:
    """Our own errors are told by their text."""

    async def fail() -> str:
        raise MediaError("the store is full")

    assert (await tried("media", "put", fail, "make room")).told == "the store is full"


def test_this_machine(tmp_path: Path) -> None:
    """Little room on a disk and few files fail; a folder that is not there yet is judged by where it will be."""
    later = tmp_path / "not" / "yet"
    assert (disk("state", later, 1).fine, disk("state", later, 10**18).fine) == (True, False)
    assert (files(lambda: 65536).fine, files(lambda: 1024).fine) == (True, False)


@pytest.mark.parametrize(("status", "code"), [(200, 0), (401, 1)])
async def test_the_command(status: int, code: int, tmp_path: Path) -> None:
    """It ends with 1 if anything fails, and tells a program all of it; a person gets the fix."""
    team = 'teams: [{name: ads, webhook: {url: "https://localhost/hook", secret: "${env:HOOK}"}}]'
    async with Vendor(Reply.of_json({}, status)) as vendor:
        (tmp_path / "router.yaml").write_text(
            CONFIG.format(kind="boson", url=vendor.url, task="speech", more="", rest=team)
        )

        def run(*flags: str) -> Any:
            env = {"MEDIA_ROUTER_STATE": str(tmp_path), "KEY": KEY, "HOOK": HOOK}
            return CliRunner(env=env).invoke(app, ["doctor", "--config", str(tmp_path / "router.yaml"), *flags])

        found, told = await asyncio.to_thread(run, "--json"), await asyncio.to_thread(run)
    assert (found.exit_code, told.exit_code) == (code, code)
    by_subject = {(one["subject"], one["tried"]): one["fine"] for one in json.loads(found.stdout)}
    assert by_subject["webhook of ads", "name"] is True
    assert by_subject["provider one", "credential"] is (status == 200)
    assert ("see providers.one" in told.stdout) is (status != 200)
