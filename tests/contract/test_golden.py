from pathlib import Path

import pytest

from router.contract import HttpProvider
from router.engine.registry import Registry
from router.testing.golden import cases, replay

GOLDEN = Path(__file__).parent.parent / "golden"
KINDS = Registry.discover().kinds
CASES = {f"{one.parent.name}-{one.name}": one for one in cases(GOLDEN) if one.parent.name in KINDS}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_replays(case: Path) -> None:
    """The provider sends exactly what the case says, and makes of the answer what the case says."""
    kind = KINDS[case.parent.name]
    assert issubclass(kind, HttpProvider)
    await replay(case, kind)
