import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from router.contract import Task
from router.engine.settings import Problem, Route, RouterSettings, SettingsError, Target, Tier
from router.reload import LOOK, Reading, Watched
from router.testing.clock import FakeClock
from tests.unit.jobs.making import until


class Looks:
    """A watched file, time that a test moves from look to look, and how often there were news."""

    def __init__(self, path: Path) -> None:
        path.write_text("one")
        self.path = path
        self.watched = Watched(path)
        self.clock = FakeClock(waits=True)
        self.news = 0

    async def follow(self) -> None:
        async for _ in self.watched.news(self.clock):
            self.news += 1

    async def look(self) -> int:
        """Let it look once more; return the news so far."""
        looks = len(self.clock.slept)
        self.clock.advance(LOOK)
        await until(lambda: len(self.clock.slept) > looks)
        return self.news


@asynccontextmanager
async def looking(path: Path) -> AsyncIterator[Looks]:
    looks = Looks(path)
    following = asyncio.create_task(looks.follow())
    await until(lambda: bool(looks.clock.slept))
    yield looks
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


async def test_another_text(tmp_path: Path) -> None:
    """It is news once, and only after it has stayed the same for two looks."""
    async with looking(tmp_path / "a") as looks:
        assert await looks.look() == 0
        looks.path.write_text("two")
        assert [await looks.look() for _ in range(4)] == [0, 1, 1, 1]


async def test_half_written(tmp_path: Path) -> None:
    """A text that goes on changing is no news until it is done."""
    async with looking(tmp_path / "a") as looks:
        for text in ("t", "tw", "two"):
            looks.path.write_text(text)
            assert await looks.look() == 0
        assert await looks.look() == 1


async def test_the_same_text(tmp_path: Path) -> None:
    """Neither a file that was only touched nor one that was changed back is news."""
    async with looking(tmp_path / "a") as looks:
        looks.path.touch()
        assert [await looks.look() for _ in range(2)] == [0, 0]
        looks.path.write_text("two")
        await looks.look()
        looks.path.write_text("one")
        assert [await looks.look() for _ in range(2)] == [0, 0]


async def test_a_file_that_is_gone(tmp_path: Path) -> None:
    """Its absence is no news: it may be about to be replaced. Its return with another text is."""
    async with looking(tmp_path / "a") as looks:
        looks.path.unlink()
        assert [await looks.look() for _ in range(3)] == [0, 0, 0]
        looks.path.write_text("two")
        assert [await looks.look() for _ in range(2)] == [0, 1]


async def test_what_was_read_meanwhile(tmp_path: Path) -> None:
    """A text that somebody asked to be read before it was noticed is no news any more."""
    async with looking(tmp_path / "a") as looks:
        looks.path.write_text("two")
        looks.watched.note()
        assert [await looks.look() for _ in range(3)] == [0, 0, 0]


def reading(folder: Path) -> Reading:
    """One whose settings are the text, as the routes' names; a text with a `?` in it is faulty."""

    def parse(text: bytes) -> RouterSettings:
        if b"?" in text:
            raise SettingsError([Problem("a", 1, 1, "", "faulty")])
        tiers = (Tier(targets=(Target(provider="p"),)),)
        return RouterSettings(providers={}, routes=(Route(name=text.decode(), task=Task.SPEECH, tiers=tiers),))

    return Reading(Watched(folder / "a"), parse, folder / "sound")


def names(settings: RouterSettings) -> list[str]:
    return [route.name for route in settings.routes]


def test_a_process_that_begins(tmp_path: Path) -> None:
    """It takes the file as it stands; where that is faulty or gone, what was in force last; without either it ends."""
    first, second = reading(tmp_path), reading(tmp_path)
    with pytest.raises(SettingsError, match="cannot be read"):
        first.begin()
    first.file.path.write_text("one")
    assert names(first.begin()) == ["one"]
    first.keep()
    for spoil in (lambda: first.file.path.write_text("?"), first.file.path.unlink):
        spoil()
        assert names(second.begin()) == ["one"]
    first.file.path.write_text("two")
    assert names(second.begin()) == ["two"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a", "sound"]


async def test_links(tmp_path: Path) -> None:
    """A link that leads to another file now is news, as where a ConfigMap is mounted."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text(name)
    (tmp_path / "now").symlink_to("one")
    looks = Watched(tmp_path / "now" / "a")
    assert looks.known == b"one"
    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").replace(tmp_path / "now")
    looks.note()
    assert looks.known == b"two"
