import msgspec
import pytest

from router.contract import Request, Url
from router.contract.schema import Stretch
from router.engine.settings.prices import FREE
from router.teams.estimate import Tariff, amounts_of
from router.teams.permissions import Names
from tests.unit.teams.making import PRICES, ROUTES, film, recording, speech

NAMES = Names(ROUTES)
ELSEWHERE = Url("https://a.test/a.wav")


@pytest.mark.parametrize(
    ("request_", "amounts"),
    [
        (speech("grüße"), (1, 5, 0, 0, 0)),
        (recording(2.5), (1, 0, 2500, 0, 0)),
        (recording(None, size=16_000), (1, 0, 16_000, 0, 0)),
        (film(recording(3.2).audio), (1, 0, 0, 3200, 0)),
        (film(ELSEWHERE), (1, 0, 0, 60_000, 0)),
        (film(speech("x" * 75)), (1, 75, 0, 11_000, 0)),
    ],
)
def test_what_is_claimed(request_: Request, amounts: tuple[int, ...]) -> None:
    """Characters and measured sound exactly; what nobody can know beforehand at its longest."""
    assert amounts_of(request_) == amounts == Tariff(NAMES, FREE).amounts_of(request_)


def test_every_stretch_of_a_film_counts() -> None:
    """A film of several voices takes as long as all of them, and the characters of all texts; none counts twice."""
    first = speech("ab")
    stretches = tuple(Stretch(start=0.0, end=1.0, voice=voice) for voice in (first, recording(2.0).audio, speech("c")))
    whole = msgspec.structs.replace(film(first), stretches=stretches)
    lasting = sum(1000 * one for one in (2 / 7.5 + 1, 2.0, 1 / 7.5 + 1))
    requests, characters, heard, shown, _ = amounts_of(whole)
    assert (requests, characters, heard) == (1, 3, 0)
    assert shown == pytest.approx(lasting, abs=1)


@pytest.mark.parametrize(
    ("model", "cost"), [("tts-1", 2000), (None, 2000), ("tts-3", 0), ("cheap/any", 1000), ("nobody/any", 0)]
)
def test_money_is_claimed_for_whoever_is_dearest(model: str | None, cost: int) -> None:
    """Nobody knows beforehand who will serve: of a route's targets the dearest counts, and of a direct one its own."""
    assert Tariff(NAMES, PRICES).amounts_of(speech("x" * 1000, model))[4] == cost
