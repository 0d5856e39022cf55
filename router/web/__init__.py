"""What callers see: the OpenAI and Boson dialects, keys, errors, and the pages for operators."""

from router.web.auth import Keys
from router.web.front import create_app
from router.web.site import Call, Engine, Site

__all__ = ["Call", "Engine", "Keys", "Site", "create_app"]
