"""The same claims, on both kinds of database."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from router.store.database import Database
from router.testing.postgres import postgres, programs

NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL that this worker started."""
    if programs() is None:
        pytest.skip("needs postgresql, which is not installed")
    with postgres() as url:
        yield url


@pytest.fixture(scope="session")
def new_database(postgres_url: str) -> Callable[[str], str]:
    """A function that makes a database from a template, and returns its URL."""
    url = make_url(postgres_url)

    def make(template: str) -> str:
        name = f"records_{next(NUMBERS)}"
        engine = create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        engine.dispose()
        return url.set(database=name).render_as_string(hide_password=False)

    return make


async def open_once(url: str) -> None:
    async with Database(url):
        """Its tables are made."""


@pytest.fixture(scope="session")
def postgres_pattern(new_database: Callable[[str], str]) -> str:
    """The name of a database with our tables, to be copied: quicker than making them for every test."""
    url = new_database("template0")
    asyncio.run(open_once(url))
    return str(make_url(url).database)


@pytest.fixture(scope="session")
def sqlite_pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with our tables, likewise."""
    file = tmp_path_factory.mktemp("pattern") / "records.db"
    asyncio.run(open_once(f"sqlite:///{file}"))
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database of either kind that has no tables yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new/records.db"
    make: Callable[[str], str] = request.getfixturevalue("new_database")
    return make("template0")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database of either kind, with empty tables."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_pattern"), tmp_path / "records.db")
        return f"sqlite:///{tmp_path}/records.db"
    make: Callable[[str], str] = request.getfixturevalue("new_database")
    return make(request.getfixturevalue("postgres_pattern"))


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    async with Database(url) as opened:
        yield opened
