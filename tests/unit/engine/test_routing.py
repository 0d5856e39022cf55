import pytest

from router.contract import AnyOffer, NotFound, Offer, SpeechRequest, Task
from router.engine.routing import DIRECT, RouteTable
from router.engine.settings import Route, Target, Tier
from tests.unit.engine.making import SPEAKS_PCM, silence

TIERS = (Tier(targets=(Target(provider="a"),)),)
OFFERS: dict[tuple[str, Task], AnyOffer] = {
    ("a", Task.SPEECH): Offer(SpeechRequest, silence, SPEAKS_PCM, ("org/large", "small"))
}
TABLE = RouteTable(
    (
        Route(name="fine", task=Task.SPEECH, tiers=TIERS, models=("tts-1", "shared")),
        Route(name="quick", task=Task.SPEECH, tiers=TIERS),
        Route(name="ears", task=Task.TRANSCRIPTION, tiers=TIERS, models=("shared",)),
    ),
    OFFERS,
)


@pytest.mark.parametrize(
    ("task", "model", "route"),
    [
        (Task.SPEECH, None, "fine"),
        (Task.SPEECH, "quick", "quick"),
        (Task.SPEECH, "tts-1", "fine"),
        (Task.SPEECH, "shared", "fine"),
        (Task.TRANSCRIPTION, "shared", "ears"),
        (Task.SPEECH, "a/small", DIRECT),
        (Task.SPEECH, "a/org/large", DIRECT),
    ],
)
def test_what_a_model_leads_to(task: Task, model: str | None, route: str) -> None:
    """A model is a route's name or alias within its task, or addresses one target; none means the task's first."""
    assert TABLE.find(task, model).name == route


def test_a_target_addressed_directly() -> None:
    """`provider/model` becomes a route of that one target, under the task's own limits."""
    route = TABLE.find(Task.SPEECH, "a/org/large")
    assert [(one.provider, one.model) for tier in route.tiers for one in tier.targets] == [("a", "org/large")]
    assert route.deadline == 60


@pytest.mark.parametrize(
    ("task", "model"),
    [(Task.SPEECH, "ears"), (Task.SPEECH, "a/huge"), (Task.SPEECH, "z/small"), (Task.SPEECH, ""), (Task.CHAT, None)],
)
def test_models_that_lead_nowhere(task: Task, model: str | None) -> None:
    """They are refused with OpenAI's code, naming the field."""
    with pytest.raises(NotFound) as caught:
        TABLE.find(task, model)
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
