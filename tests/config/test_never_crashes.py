from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from router.engine.settings import RouterSettings, SettingsError
from router.engine.settings.load import parse
from router.engine.settings.secrets import References
from tests.config.kinds import ENV, HERE, read, zoo

TOUR = (HERE / "good" / "tour.yaml").read_text(encoding="utf-8")
REGISTRY = zoo()
ODD = [
    "~",
    "[]",
    "{}",
    "x",
    "8",
    "true",
    "!odd x",
    "*voices",
    "[[x]]",
    "{a: {b: c}}",
    '""',
    "|",
    "<<: x",
    "\t",
    "é",
    "? x",
]


def outcome(text: str) -> RouterSettings | SettingsError:
    try:
        return parse(text.encode(), "t.yaml", REGISTRY, References(ENV, Path(), read))
    except SettingsError as error:
        return error


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_is_written_ends_in_a_tree_or_in_problems_with_places(data: st.DataObject) -> None:
    """However a good file is broken, its reader is told where, and never sees a traceback."""
    words = TOUR.split(" ")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(words) - 1))
        ending = words[at][len(words[at].rstrip("],}\n")) :]
        words[at] = data.draw(st.sampled_from(ODD)) + data.draw(st.sampled_from([ending, "\n", ""]))
    result = outcome(" ".join(words))

    if isinstance(result, SettingsError):
        assert result.problems
        assert all(problem.line and problem.column for problem in result.problems)
