"""The console's routes: pages for everybody, since nothing is in them, and what they show for operators."""

from typing import Final

from litestar import Router

from router.web.console.files import show_console, show_part
from router.web.console.views import (
    operators_only,
    show_configuration,
    show_film,
    show_jobs,
    show_requests,
    show_spent,
    show_targets,
)

CONSOLE: Final = (
    show_console,
    show_part,
    Router(
        "/console/api",
        route_handlers=[show_targets, show_requests, show_jobs, show_film, show_spent, show_configuration],
        guards=[operators_only],
        include_in_schema=False,
    ),
)
