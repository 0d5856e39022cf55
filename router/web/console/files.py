"""The console's own pages, scripts and styles: served as they lie in the package, and nothing from anywhere else."""

from hashlib import sha256
from importlib.resources import files
from typing import Any, Final, NamedTuple

from litestar import Request, Response, get
from litestar.params import FromPath

from router.contract import NotFound

TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "img-src 'self' blob: data:",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "microphone=(self), camera=()",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",
}


class Page(NamedTuple):
    """A file of the package."""

    body: bytes
    media_type: str
    etag: str


PAGES: Final = {
    one.name: Page(body, TYPES[one.name.rpartition(".")[2]], f'"{sha256(body).hexdigest()[:16]}"')
    for one in files(__package__).joinpath("static").iterdir()
    for body in (one.read_bytes(),)
}
"""By name: what is not here cannot be asked for."""


@get("/console", include_in_schema=False)
async def show_console(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the page; its parts are asked for below its own address, wherever a proxy has put that."""
    if request.scope["raw_path"].endswith(b"/"):
        return Response(b"", status_code=307, headers={"location": "../console"})
    return answer(request, PAGES["index.html"])


@get("/console/{name:str}", include_in_schema=False)
async def show_part(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """Return a script, a style or a picture."""
    if name not in PAGES:
        raise NotFound(f"the console has no {name[:60]!r}")
    return answer(request, PAGES[name])


def answer(request: Request[Any, Any, Any], page: Page) -> Response[bytes]:
    """Return a file, or that it is still the one the browser has."""
    headers = {**HEADERS, "etag": page.etag}
    if request.headers.get("if-none-match") == page.etag:
        return Response(b"", status_code=304, headers=headers)
    return Response(page.body, headers={**headers, "content-type": page.media_type})
