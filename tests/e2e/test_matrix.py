"""Every dialect, every kind of provider that offers the task, every format; docs/matrix.md is what this finds."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from router.cli.rehearsal import gather
from router.engine.registry import Registry
from router.engine.settings import load, unoffered
from tests.e2e.matrix.doors import Made
from tests.e2e.matrix.run import Cell, Run, every_cell, running
from tests.e2e.matrix.stage import TASKS
from tests.e2e.matrix.table import written

in_the_loop_of_the_run = pytest.mark.asyncio(loop_scope="module")

DOCS = Path(__file__).parents[2] / "docs"
MATRIX, PROVIDERS = DOCS / "matrix.md", DOCS / "providers.md"
SNIPPETS = dict(re.findall(r"^## (\w+)\n.*?^```yaml\n(.*?)^```", PROVIDERS.read_text(), re.DOTALL | re.MULTILINE))
CELLS = tuple(every_cell())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def run(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Run]:
    async with running(tmp_path_factory.mktemp("matrix")) as begun:
        yield begun


@in_the_loop_of_the_run
@pytest.mark.parametrize("cell", CELLS, ids=[cell.name for cell in CELLS])
async def test_a_cell(run: Run, cell: Cell) -> None:
    """What comes back has the type, codec, rate and length that was asked for, or is refused for the reason due."""
    due = cell.door.expected(run.stage, cell.kind, cell.row)
    found = await run.found(cell)
    if isinstance(due, Made) and isinstance(found, Made) and due.seconds:
        assert found.seconds == pytest.approx(due.seconds, rel=0.05)
        found = found._replace(seconds=due.seconds)
    assert found == due


@in_the_loop_of_the_run
async def test_nobody_is_left_out(run: Run) -> None:
    """Every installed kind is in the matrix, with every task that it offers and a dialect can ask for."""
    assert Registry.discover().kinds.keys() == TASKS.keys()
    offered = {(kind, task) for kind, task in run.stage.offers if task != "chat"}
    assert offered == {(kind, task) for kind, tasks in TASKS.items() for task in tasks}


@in_the_loop_of_the_run
async def test_the_page_is_what_was_found(run: Run) -> None:
    """docs/matrix.md says what came back, neither more nor less; `make matrix` renews it."""
    assert MATRIX.read_text() == written(await run.all_found())


def test_every_kind_is_described() -> None:
    """docs/providers.md has a section with settings for each kind, and stays short."""
    assert SNIPPETS.keys() == TASKS.keys()
    assert len(PROVIDERS.read_text().splitlines()) < 150


@pytest.mark.parametrize("kind", TASKS)
async def test_a_described_account(kind: str, tmp_path: Path) -> None:
    """The settings shown for a kind are read by the strict loader, and together offer every task the kind has."""
    text = SNIPPETS[kind]
    first, *_ = re.findall(r"^  ([\w-]+):", text, re.MULTILINE)
    file = tmp_path / "router.yaml"
    file.write_text(f"{text}routes:\n  - {{name: any, task: {TASKS[kind][0]}, tiers: [{first}]}}\n")
    settings = load(file, Registry.discover(), dict.fromkeys(re.findall(r"\$\{env:(\w+)\}", text), "placeholder"))
    offers = await gather(settings, Registry.discover())
    assert {account.kind for account in settings.providers.values()} == {kind}
    assert unoffered(settings, offers) == []
    assert {task for _, task in offers} >= set(TASKS[kind])
