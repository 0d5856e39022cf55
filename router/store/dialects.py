"""What SQLite and PostgreSQL each say in words of their own; each is imported for its own databases, at 50 ms of a start."""

from functools import cache
from importlib import import_module
from typing import Any, Final

from sqlalchemy import Table, insert

STYLES: Final = {"sqlite": "qmark", "postgresql": "format"}
"""How their drivers want places written."""


def conflicting(dialect: str, table: Table) -> Any:
    """Return an INSERT that can be told what to do where there is such a row already."""
    return _words(dialect).insert(table)


@cache
def places(dialect: str, table: Table, rows: int) -> str:
    """Return an INSERT as the driver takes it, with places for the columns of so many rows."""
    of_one = str(insert(table).compile(dialect=_words(dialect).dialect(paramstyle=STYLES[dialect])))
    begin, values, row = of_one.partition(" VALUES ")
    return begin + values + ", ".join([row] * rows)


def _words(dialect: str) -> Any:
    return import_module(f"sqlalchemy.dialects.{dialect}")
