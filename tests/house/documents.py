"""What README, CONTRIBUTING and the records of decisions promise: their links, commands and examples."""

import re
from collections.abc import Iterator
from pathlib import Path


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks written in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def dead_links(document: Path, text: str) -> Iterator[str]:
    """Complain about relative links that lead nowhere."""
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        if not (document.parent / link).exists():
            yield f"{document.name}: {link} does not exist"


def unknown_targets(text: str, makefile: str) -> Iterator[str]:
    """Complain about `make` targets that the Makefile does not have."""
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for target in re.findall(r"(?:^|`)make ([a-z-]+)\b", text, re.MULTILINE):
        if target not in targets:
            yield f"make {target} does not exist"
