"""The quota soak, in small: `make soak-quota` asks for 5,000 texts in each of three ways."""

import pytest

from benchmarks.soak_quota import soak
from router.testing.redis import program

REQUESTS = 600


@pytest.mark.parametrize(("fail", "killed"), [("closed", 1), ("open", 1)])
async def test_a_shared_quota(fail: str, killed: int) -> None:
    """Three routers serve as much as one quota allows, to the character, though texts fail and the server that counts dies.

    Closed, nothing goes uncounted; open, nothing is refused for that, and a metric says how much went uncounted.
    """
    if program() is None:
        pytest.skip("needs redis-server, which is not installed")
    figures = await soak(REQUESTS, fail, killed)
    print(f"\n{figures}")
    assert list(figures.breaches()) == []
    assert figures.answers[502] > 0
    assert figures.answers[503] > 0 if fail == "closed" else figures.unmetered > 0
