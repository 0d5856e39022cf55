"""OpenAI, and everything that speaks its API: vLLM, speaches, Kokoro-FastAPI, Groq, DeepSeek and what is to come.

What is said here of the wire is OpenAI's own specification (github.com/openai/openai-openapi); where others
differ, it says who.
"""

from collections.abc import Sequence
from typing import Any

from plugins.openai.provider import OpenAI
from plugins.openai.settings import OpenAISettings
from router.contract import Provider, hook

__all__ = ["OpenAI", "OpenAISettings"]


@hook
def media_providers() -> Sequence[type[Provider[Any]]]:
    """Bring the one kind this package has."""
    return (OpenAI,)
