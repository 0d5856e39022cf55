"""Boson AI's hosted API: Higgs speech, and the Higgs avatar as a live stream and as a job.

Its OpenAPI pages (docs.boson.ai, "Create speech", "Create a video" and "Create a video (streaming)") are the
source of all that is said here about the wire. Request bodies there are `additionalProperties: false`.
"""

from collections.abc import Sequence
from typing import Any

from plugins.boson.provider import Boson, BosonSettings
from router.contract import Provider, hook

__all__ = ["Boson", "BosonSettings"]


@hook
def media_providers() -> Sequence[type[Provider[Any]]]:
    """Bring the one kind this package has."""
    return (Boson,)
