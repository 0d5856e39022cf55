"""Speech, transcription, talking heads and an echo for chat with no key, no GPU and no network: the embedded provider."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from plugins.embedded.provider import EmbeddedProvider, EmbeddedSettings
from router.contract import Provider, hook

NEEDED = ("cv2", "espeakng_loader", "pocketsphinx")
"""What extra `embedded` brings. Only workers import it: here it is enough that it is installed."""

if absent := [module for module in NEEDED if find_spec(module) is None]:
    raise ModuleNotFoundError(f"No module named {absent[0]!r}", name=absent[0])

__all__ = ["EmbeddedProvider", "EmbeddedSettings"]


@hook
def media_providers() -> Sequence[type[Provider[Any]]]:
    """Return the provider classes this plugin brings."""
    return [EmbeddedProvider]
