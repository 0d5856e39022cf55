from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.unit.web.making import StubEngine, client_of


@pytest.fixture
def engine() -> StubEngine:
    return StubEngine()


@pytest.fixture
def client(engine: StubEngine) -> Iterator[TestClient[Litestar]]:
    with client_of(engine) as client:
        yield client
