"""The litestar application: which routes there are, what guards them, and how failures are told."""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from typing import Any, Final

from litestar import Litestar, Request, Router
from litestar.datastructures import State
from litestar.openapi import OpenAPIConfig
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.types import ASGIApp, Receive, Scope, Send

from router.web.breeze import speak_text, time_words
from router.web.catalogue import list_models, list_offers, list_voices
from router.web.console.routes import CONSOLE
from router.web.explain import explain_request
from router.web.films import get_content
from router.web.hooks import hear_provider
from router.web.hot import Arrived, ordinary, serve
from router.web.idempotency import IDEMPOTENCY_KEY, PAID, serve_once
from router.web.leaving import Leaving, parting
from router.web.openapi import SCHEMES, SECURITY
from router.web.ops import healthz, metrics, readyz
from router.web.page import PagePlugin
from router.web.problems import BODY_LIMIT, rendering
from router.web.realtime import hold_session
from router.web.site import HOT, Hot, Site
from router.web.speech import create_speech
from router.web.sync import create_generation, get_generation, get_output, list_generations
from router.web.transcriptions import create_transcription
from router.web.usage import show_usage
from router.web.video_jobs import create_video, delete_video, get_video, list_videos
from router.web.videos import stream_video
from router.web.voice import talk
from router.web.voice_socket import OpenCount

ABOUT: Final = "One endpoint for speech, transcription and talking heads, over any provider."
GUARDED: Final = (
    create_speech, create_transcription, stream_video, list_models, list_voices, list_offers, speak_text, time_words,
    create_video, list_videos, get_video, delete_video, get_content,
    create_generation, list_generations, get_generation, get_output, explain_request, show_usage,
)  # fmt: skip
OPEN: Final = (healthz, readyz, metrics, hear_provider, talk, hold_session)
"""The last four look after themselves: to this machine and to keys, to who signs, and to keys as sockets bring them."""

SHORT: Final[Mapping[tuple[str, str], Hot]] = {
    (path, "POST"): route.opt[HOT] for route in GUARDED if HOT in route.opt for path in route.paths
}
"""What answers on hot routes, by path and method."""

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


class Application(Litestar):
    """litestar, which ordinary requests to hot routes pass by: docs/adr/0019-past-the-framework.md.

    `leaving` is in `state` as well, where to look takes 0.7 µs.
    """

    leaving: Leaving

    def __call__(self, scope: Any, receive: Any, send: Any) -> Coroutine[Any, Any, None]:
        """Return what serves a request, or lives through the server's life."""
        if self.leaving.begun:
            send = parting(scope, send)
        begin = SHORT.get((scope.get("path"), scope.get("method")))
        if begin and (headers := ordinary(scope["headers"])):
            return serve(self.state["site"], begin, Arrived(scope, headers, receive), send)
        return super().__call__(scope, receive, send)

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        """Leave out litestar's plugins for pydantic and attrs, which are here for others: 0.1 s of a start, and 8 MB."""
        return [*plugins, MsgspecDIPlugin()]


def create_app(site: Site, lifespan: Lifespan | None = None) -> Litestar:
    """Return the ASGI application that serves `site`; `lifespan` is open while it runs, the site's jobs within it.

    Another site put into its `state` in place of this one serves the requests that come from then on.
    """
    guarded = Router("/", route_handlers=list(GUARDED), middleware=[admitting], security=list(SECURITY))
    app = Application(
        route_handlers=[guarded, *OPEN, *CONSOLE],
        lifespan=[*([lifespan] if lifespan else []), site.jobs],
        state=State({"site": site, "sockets": OpenCount({}), "leaving": Leaving()}, deep_copy=False),
        exception_handlers={Exception: rendering(lambda request: site.id_of(request.headers))},
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
    app.leaving = app.state.leaving
    return app


def admitting(app: ASGIApp) -> ASGIApp:
    """Return the door to a guarded route. A request stays with the site that was in force when it came.

    Not a litestar guard: before each of those litestar copies the route's whole definition. Nothing
    is put around `send`, so chunks pay nothing for the door.
    """

    async def admit(scope: Scope, receive: Receive, send: Send) -> None:
        site: Site = scope["litestar_app"].state.site
        request = Request[Any, Any, Any](scope, receive, send)
        site.admit(request)
        with site.uses:
            if IDEMPOTENCY_KEY in request.headers and PAID in scope["route_handler"].opt:
                await serve_once(app, scope, receive, send)
            else:
                await app(scope, receive, send)

    return admit
