"""Speech, transcription and talking heads with no key, no GPU and no network: the embedded provider."""

from collections.abc import Sequence
from typing import Any

from plugins.embedded.provider import EmbeddedProvider, EmbeddedSettings
from router.contract import Provider, hook

__all__ = ["EmbeddedProvider", "EmbeddedSettings"]


@hook
def media_providers() -> Sequence[type[Provider[Any]]]:
    """Return the provider classes this plugin brings."""
    return [EmbeddedProvider]
