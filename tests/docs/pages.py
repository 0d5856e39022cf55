"""The fenced blocks of a page, and what an HTML comment right above one says of it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.house.tree import ROOT

PAGES: Final = (
    ROOT / "README.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "adr"),
)
INSTALLED: Final = ROOT / "docs/writing-a-provider.md"
"""Its blocks make a plugin, which a test of its own installs and runs."""
FENCE: Final = re.compile(
    r"^(?:<!-- (?P<said>[^\n]+) -->\n\n?)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
NOT_RUN: Final = "not run: "
REFUSED: Final = "refused: "


@dataclass(frozen=True)
class Block:
    """One fenced block: where it begins, its language, its text, and the comment above it."""

    page: Path
    line: int
    language: str
    text: str
    said: str

    @property
    def place(self) -> str:
        """Where a reader finds it."""
        return f"{self.page.name}:{self.line}"

    @property
    def skipped(self) -> bool:
        """Whether the page says why nobody runs it here."""
        return self.said.startswith(NOT_RUN)

    @property
    def refusal(self) -> str | None:
        """The error that the page says it meets."""
        return self.said.removeprefix(REFUSED) if self.said.startswith(REFUSED) else None


def blocks(page: Path, *languages: str) -> list[Block]:
    """Return a page's blocks in some languages, in their order."""
    text = page.read_text()
    found = [
        Block(page, text.count("\n", 0, one.start("text")), one["language"], one["text"], one["said"] or "")
        for one in FENCE.finditer(text)
    ]
    return [block for block in found if block.language in languages]
