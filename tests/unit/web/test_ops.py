from ipaddress import ip_network
from typing import Any

import httpx
import pytest

from router.web import create_app
from tests.unit.web.making import StubEngine, client_of, site_over


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_are_open(path: str) -> None:
    """Probes need no key."""
    with client_of(StubEngine()) as client:
        del client.headers["authorization"]
        answer = client.get(path)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_not_ready() -> None:
    """A router with a route that nobody can serve is alive but not ready."""
    with client_of(StubEngine(is_ready=False)) as client:
        assert client.get("/healthz").status_code == 200
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_ready")


def test_told_to_stop() -> None:
    """A process on its way out says that it is not ready, serves all the same, and ends each connection with its answer."""
    with client_of(StubEngine()) as client:
        assert "connection" not in client.get("/healthz").headers
        client.app.state.leaving.begun = True
        ready, alive = client.get("/readyz"), client.get("/healthz")
    assert (ready.status_code, ready.json()["error"]["code"]) == (503, "draining")
    assert (alive.status_code, alive.headers["connection"]) == (200, "close")


def test_metrics_need_a_key_from_elsewhere() -> None:
    """Metrics are for this machine and for the holders of a key."""
    with client_of(StubEngine()) as client:
        answer = client.get("/metrics")
        del client.headers["authorization"]
        refused = client.get("/metrics")
    assert (answer.text, answer.headers["content-type"]) == ("requests 1\n", "text/plain; version=1.0.0")
    assert refused.status_code == 401


@pytest.mark.parametrize(
    ("network", "headers", "status"),
    [("10.9.0.0/16", {}, 200), ("10.8.0.0/16", {}, 401), ("10.9.0.0/16", {"x-forwarded-for": "10.9.0.1"}, 401)],
)
async def test_metrics_are_open_to_networks(network: str, headers: dict[str, str], status: int) -> None:
    """Who asks directly out of one of `metrics_networks` reads metrics without a key, and nothing else."""
    app: Any = create_app(site_over(StubEngine(), scrapers=[ip_network(network)]))
    asked_from = httpx.ASGITransport(app, client=("10.9.1.1", 50000))
    async with httpx.AsyncClient(transport=asked_from, base_url="http://router", headers=headers) as client:
        assert (await client.get("/metrics")).status_code == status
        assert (await client.get("/v1/models")).status_code == 401


def test_every_other_path_is_closed() -> None:
    """Every route under /v1 refuses a caller without a key, before it looks at anything."""
    with client_of(StubEngine()) as client:
        paths = client.get("/schema/openapi.json").json()["paths"]
        del client.headers["authorization"]
        statuses = {
            (method, path): client.request(method, path).status_code
            for path, item in paths.items()
            for method in item
            if path.startswith("/v1/")
        }
    assert len(statuses) >= 14
    assert set(statuses.values()) == {401}
