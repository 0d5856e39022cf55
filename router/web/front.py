"""The litestar application: which routes there are, what guards them, and how failures are told."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from typing import Any, Final

from litestar import Litestar, Router
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig

from router.web.catalogue import list_models, list_offers, list_voices
from router.web.openapi import SCHEMES, SECURITY
from router.web.ops import healthz, metrics, readyz
from router.web.page import PagePlugin
from router.web.problems import BODY_LIMIT, rendering
from router.web.site import Site
from router.web.speech import create_speech
from router.web.transcriptions import create_transcription
from router.web.videos import stream_video

ABOUT: Final = "One endpoint for speech, transcription and talking heads, over any provider."
GUARDED: Final = (create_speech, create_transcription, stream_video, list_models, list_voices, list_offers)
OPEN: Final = (healthz, readyz, metrics)
"""`metrics` looks after itself: it is open to this machine and to keys."""

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def create_app(site: Site, lifespan: Lifespan | None = None) -> Litestar:
    """Return the ASGI application that serves `site`; `lifespan` is open while it runs."""

    # A function, for litestar deep-copies its guards, and with a bound method all that it is bound to.
    def admit(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        site.admit(connection)

    guarded = Router("/", route_handlers=list(GUARDED), guards=[admit], security=list(SECURITY))
    return Litestar(
        route_handlers=[guarded, *OPEN],
        lifespan=[lifespan] if lifespan else [],
        state=State({"site": site}, deep_copy=False),
        exception_handlers={Exception: rendering(site.id_of)},
        request_max_body_size=BODY_LIMIT,
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title="media-router",
            version=version("media-router"),
            description=ABOUT,
            components=SCHEMES,
            use_handler_docstrings=True,
            render_plugins=[PagePlugin()],
        ),
    )
