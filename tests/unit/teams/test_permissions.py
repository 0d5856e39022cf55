import pytest

from router.contract import NotAllowed, Request, Url
from router.engine.settings import Team
from router.store.counters import LocalCounters
from router.teams.permissions import Names, Permission
from router.teams.reserve import Admission
from tests.unit.teams.making import ROUTES, Wall, film, recording, settings, speech

FREE, ROUTED, MODELLED = (
    Team(name="free"),
    Team(name="routed", routes=("speech",)),
    Team(name="modelled", models=("tts-1", "x/y")),
)
VOICE = Url("https://a.test/a.wav")


@pytest.mark.parametrize(
    ("team", "request_", "may"),
    [
        (FREE, speech(model="tts-3"), True),
        (FREE, speech(model="x/y"), True),
        (ROUTED, speech(), True),
        (ROUTED, speech(model="tts-2"), True),
        (ROUTED, speech(model="speech"), True),
        (ROUTED, speech(model="tts-3"), False),
        (ROUTED, speech(model="x/y"), False),
        (ROUTED, speech(model="nonsense"), False),
        (ROUTED, recording(1.0), False),
        (MODELLED, speech(), True),
        (MODELLED, speech(model="tts-1"), True),
        (MODELLED, speech(model="tts-2"), False),
        (MODELLED, speech(model="x/y"), True),
        (MODELLED, recording(1.0), False),
        (Team(name="t", routes=("faces",)), film(VOICE), True),
        (Team(name="t", routes=("faces",)), film(speech()), False),
        (Team(name="t", routes=("faces", "speech")), film(speech()), True),
        (Team(name="t", routes=("faces", "speech")), film(speech(model="tts-3")), False),
        (Team(name="t", routes=("speech",), models=("tts-3",)), speech(model="tts-3"), False),
    ],
)
def test_who_may_ask_for_what(team: Team, request_: Request, may: bool) -> None:
    """By route, by model, by both; what is spoken for a film counts; what nobody allowed is forbidden by both."""
    door = Admission(settings(team), LocalCounters(Wall()), Wall())
    if may:
        door.check(team.name, request_)
        return
    with pytest.raises(NotAllowed) as refused:
        door.check(team.name, request_)
    assert (refused.value.status, refused.value.code, refused.value.param) == (403, "model_not_allowed", "model")


def test_what_a_team_sees() -> None:
    """A route of which it may use one name is seen, others are not."""
    seen = {
        team.name: [one.name for one in ROUTES if Permission(team, Names(ROUTES)).sees(one)]
        for team in (ROUTED, MODELLED)
    }
    assert seen == {"routed": ["speech"], "modelled": ["speech"]}
