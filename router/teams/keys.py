"""The keys of every team: those of the configuration, and those made by command, found by their SHA-256 in one look."""

import asyncio
import logging
import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256
from types import TracebackType
from typing import Final, Protocol, Self

from router.contract import MediaError, NotFound
from router.engine.clock import Clock
from router.store.keys import KeyRow

ALGORITHM: Final = "sha256:"
MARKED: Final = "mrk_"
"""How our keys begin, so that a leaked one is known for what it is."""
LOOK: Final = 2.0
"""Seconds from one look for new and revoked keys to the next, in every process."""
log = logging.getLogger(__name__)


class KeyRows(Protocol):
    """What is asked of the keys' table."""

    async def add(self, row: KeyRow) -> None:
        """Keep a new key."""

    async def all(self) -> Sequence[KeyRow]:
        """Return every key."""

    async def mark(self) -> tuple[int, int]:
        """Return what is another whenever a key was added or revoked."""

    async def revoke(self, id: str, now: float) -> bool:  # noqa: A002 - what it is
        """Let a key no longer be taken."""


class Keys:
    """The digests that are good now, and whose they are. `teams` maps a team's name to the digests it has in the YAML.

    Without any team the router is `open` to its own machine; a team whose last key is revoked opens nothing.
    """

    def __init__(self, teams: Mapping[str, Sequence[str]]) -> None:
        self.open = not teams
        self._teams = frozenset(teams)
        self._written: dict[bytes, str] = {}
        for team, keys in teams.items():
            for key in keys:
                self._written.setdefault(bytes.fromhex(key.removeprefix(ALGORITHM)), team)
        self.of_digest: Mapping[bytes, str] = self._written

    def learn(self, issued: Sequence[KeyRow]) -> None:
        """Take these keys, made by command, and no others, for good: those of teams that there are."""
        ours = {one.digest: one.team for one in issued if one.team in self._teams}
        self.of_digest = ours | self._written


class KeyRing:
    """`async with KeyRing(...)`: inside, whatever keys follow know what is made and revoked, by any process, within `LOOK` seconds.

    While the database is away the keys stay as they were last seen, but for those that expire.
    """

    def __init__(self, rows: KeyRows, clock: Clock) -> None:
        self.rows = rows
        self.clock = clock
        self._seen: Sequence[KeyRow] = ()
        self._mark = (0, 0)
        self._keys = Keys({})

    def follow(self, keys: Keys) -> None:
        """Keep these keys up to date from now on, and no others any more."""
        self._keys = keys
        keys.learn(self.good())

    def good(self) -> Sequence[KeyRow]:
        """Return the known keys that are neither revoked nor expired."""
        now = self.clock.wall()
        return [
            one for one in self._seen if one.revoked_at is None and (one.expires_at is None or now < one.expires_at)
        ]

    async def look(self) -> None:
        """Learn what changed. Raises `RecordsUnavailable`."""
        try:
            mark = await self.rows.mark()
            if mark != self._mark:
                self._seen, self._mark = await self.rows.all(), mark
        finally:
            self._keys.learn(self.good())

    async def __aenter__(self) -> Self:
        await self.look()
        self._looking = asyncio.create_task(self._follow())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._looking.cancel()
        await asyncio.wait({self._looking})

    async def _follow(self) -> None:
        while True:
            await self.clock.sleep(LOOK)
            try:
                await self.look()
            except MediaError as error:
                log.warning("keys are taken as they were last seen, since their changes cannot be: %s", error.code)


async def issue(
    rows: KeyRows, team: str, now: float, *, label: str = "", lasts: float | None = None
) -> tuple[str, KeyRow]:
    """Make a key for a team, good for `lasts` seconds or for ever; return it and what is kept of it. It is nowhere else."""
    key = f"{MARKED}{secrets.token_urlsafe(32)}"
    row = KeyRow(
        id=f"key_{secrets.token_hex(6)}", digest=sha256(key.encode()).digest(), team=team, label=label,
        created_at=now, expires_at=None if lasts is None else now + lasts,
    )  # fmt: skip
    await rows.add(row)
    return key, row


async def revoke(rows: KeyRows, id: str, now: float) -> None:  # noqa: A002 - what it is
    """Let a key no longer be taken: in every process, `LOOK` seconds from now at the latest. Raises `NotFound`."""
    if not await rows.revoke(id, now):
        raise NotFound(f"there is no key {id[:60]!r} that could be revoked")
