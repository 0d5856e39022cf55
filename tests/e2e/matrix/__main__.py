"""`python -m tests.e2e.matrix` prints docs/matrix.md."""

import asyncio
import tempfile
from pathlib import Path

from tests.e2e.matrix.run import running
from tests.e2e.matrix.table import written


async def main() -> None:
    """Ask everything and print what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder)) as run:
            print(written(await run.all_found()), end="")


asyncio.run(main())
