"""Our own GPU engine: Higgs Audio v3 served by SGLang-Omni, or by the service around it that also transcribes.

What is said here of the wire was read off SGLang-Omni's `serve/protocol.py`, `speech_service.py` and
`transcriptions.py`. It streams raw PCM now; builds before that streamed server-sent events with base64.
"""

from collections.abc import Sequence
from typing import Any

from plugins.higgs.provider import Higgs, HiggsSettings
from router.contract import Provider, hook

__all__ = ["Higgs", "HiggsSettings"]


@hook
def media_providers() -> Sequence[type[Provider[Any]]]:
    """Bring the one kind this package has."""
    return (Higgs,)
