from typing import Any

import pytest

from router.contract import NotAllowed, Unauthenticated
from router.web.auth import Keys
from router.web.voice_socket import Caller, at_home
from tests.unit.web.making import StubEngine, serve_something, site_over


def caller(client: str = "127.0.0.1", **headers: str) -> Caller:
    """Return a caller by what its handshake said."""
    told = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope: Any = {"type": "websocket", "headers": told, "client": (client, 1), "subprotocols": ["voice", "api-key.k"]}
    return Caller(scope)


@pytest.mark.parametrize(
    ("origin", "home"),
    [
        ("http://localhost:3000", True),
        ("https://127.0.0.1", True),
        ("http://[::1]:8000", True),
        ("https://evil.example", False),
        ("http://localhost.evil.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("null", False),
        ("", False),
        ("file://", False),
    ],
)
def test_where_a_page_came_from(origin: str, home: bool) -> None:
    """Only pages of this machine are at home, by the whole of their host's name."""
    assert at_home(origin) is home


def test_a_name_that_leads_here() -> None:
    """A stranger's page whose own name was pointed to this machine is still a stranger's."""
    site = site_over(StubEngine(serve_something), keys=Keys({}))
    with pytest.raises(NotAllowed):
        caller(host="evil.example:8000", origin="http://evil.example:8000").team(site)
    assert caller(host="evil.example:8000", origin="http://localhost").team(site) == "local"


def test_another_machine() -> None:
    """Without keys nobody from elsewhere is let in, page or not."""
    with pytest.raises(Unauthenticated):
        caller("192.0.2.7").team(site_over(StubEngine(serve_something), keys=Keys({})))


def test_pages_with_a_key() -> None:
    """Where keys are asked for a page may come from anywhere: no browser sends a key by itself."""
    digest = "sha256:8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a"
    site = site_over(StubEngine(serve_something), keys=Keys({"ads": [digest]}))

    assert caller(origin="https://app.example").team(site) == "ads"


def test_a_header_goes_before_a_subprotocol() -> None:
    """Whoever can set headers is known by them."""
    one = caller(authorization="Bearer other")

    assert one.headers["authorization"] == "Bearer other"
    assert "x-api-key" not in one.headers
    assert caller().headers["x-api-key"] == "k"
