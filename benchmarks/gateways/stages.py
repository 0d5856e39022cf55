"""Where Python's time goes, by stage: reads what `py-spy record --format raw` writes."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

STAGES: Final[Mapping[str, str]] = {
    "router/server/": "server, and the event loop it runs",
    "uvicorn/": "server, and the event loop it runs",
    "uvloop/": "server, and the event loop it runs",
    "litestar/": "framework: litestar",
    "router/web/": "dialects and teams: router.web",
    "router/teams/": "dialects and teams: router.web",
    "router/engine/transport": "HTTP client, and our transport over it",
    "router/engine/wire/": "HTTP client, and our transport over it",
    "router/engine/": "routing, attempts, breaker: router.engine",
    "router/media/": "media: router.media",
    "router/loop/": "waits and writes: router.loop",
    "router/telemetry/": "logs and metrics: router.telemetry",
    "prometheus_client/": "logs and metrics: router.telemetry",
    "pluggy/": "announcements: pluggy",
    "plugins/": "provider: plugins, router.contract",
    "router/contract/": "provider: plugins, router.contract",
    "aiohttp/": "HTTP client, and our transport over it",
    "httpx/": "HTTP client, and our transport over it",
    "httpx_aiohttp/": "HTTP client, and our transport over it",
    "pyreqwest/": "HTTP client, and our transport over it",
    "multidict/": "HTTP client, and our transport over it",
    "yarl/": "HTTP client, and our transport over it",
}
"""A file's path, from its beginning, to the stage it is part of. The first that fits counts."""
ELSE: Final = "else"
ASIDE: Final = "(threading.py:"
"""Where the stacks of all threads but the first begin, if they are Python's; of a server's own there is no stack.

They wait for work, which py-spy cannot always tell from working."""
FILE: Final = re.compile(r"\(([^()]+?)(?::\d+)?\)$")


def stages(folded: Iterable[str]) -> Counter[str]:
    """Count samples by stage.

    Each belongs to the innermost of its frames that does: a library without a stage of its own counts for its caller.
    Only the thread that serves is counted, a process's first.
    """
    found: Counter[str] = Counter()
    for line in folded:
        stack, _, count = line.rpartition(" ")
        outermost, *_ = frames = stack.split(";")
        if outermost and ASIDE not in outermost:
            found[stage(frames)] += int(count)
    return found


def stage(frames: list[str]) -> str:
    """Return the stage of a stack, outermost frame first."""
    for frame in reversed(frames):
        path = FILE.search(frame)
        if path and (name := part_of(path[1])) != ELSE:
            return name
    return ELSE


def part_of(path: str) -> str:
    """Return the stage that a file is part of."""
    return next((name for begin, name in STAGES.items() if path.startswith(begin)), ELSE)
