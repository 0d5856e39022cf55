"""GET /healthz, /readyz and /metrics: for those who run the router."""

from typing import Any

from litestar import Request, Response, get

from router.contract import Unavailable
from router.web.auth import is_among, is_local
from router.web.openapi import describe
from router.web.site import Site

OK = {"type": "object", "properties": {"status": {"const": "ok"}}}


@get(
    "/healthz", summary="Is the program alive?", operation_class=describe({"application/json": OK}, statuses=(405, 500))
)
async def healthz() -> dict[str, str]:
    """Return ok for as long as the event loop turns."""
    return {"status": "ok"}


@get(
    "/readyz",
    summary="Can requests be served?",
    operation_class=describe({"application/json": OK}, statuses=(405, 500, 503)),
)
async def readyz(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Return ok, or 503 while a route has nobody to serve it, and once the process was told to stop."""
    if request.app.state.leaving.begun:
        raise Unavailable("this process was told to stop", code="draining")
    if not site_of(request).engine.ready():
        raise Unavailable("not every route has a provider that is ready", code="not_ready")
    return {"status": "ok"}


@get(
    "/metrics",
    summary="Prometheus metrics",
    operation_class=describe({"text/plain": {"type": "string"}}, statuses=(401, 405, 500)),
)
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the metrics: to this machine, to `metrics_networks`, or to the holder of a key."""
    site = site_of(request)
    client = request.client.host if request.client else None
    if not is_local(request.headers, client) and not is_among(site.scrapers, request.headers, client):
        site.keys.team_of(request.headers, client)
    body, content_type = site.metrics()
    return Response(body, headers={"content-type": content_type})  # litestar would add a second charset


def site_of(request: Request[Any, Any, Any]) -> Site:
    """Return what the application was made of."""
    site: Site = request.app.state.site
    return site
