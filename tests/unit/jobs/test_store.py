import pytest

from router.contract import JobState, NotFound
from router.jobs import Job, MemoryStore, Query


@pytest.fixture
def store() -> MemoryStore:
    """Five jobs of one team, the odd ones done, and one of another's between them."""
    store = MemoryStore()
    for number in range(1, 6):
        state = JobState.DONE if number % 2 else JobState.QUEUED
        store.put(Job(id=f"v{number}", team="ads", model="m", created_at=float(number), state=state))
        store.put(Job(id=f"n{number}", team="news", model="m", created_at=float(number)))
    return store


def ids(store: MemoryStore, **query: object) -> tuple[str, bool]:
    page = store.page("ads", Query(**query))  # type: ignore[arg-type]
    return " ".join(job.id for job in page.jobs), page.more


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ("v5 v4 v3 v2 v1", False)),
        ({"limit": 2}, ("v5 v4", True)),
        ({"limit": 5}, ("v5 v4 v3 v2 v1", False)),
        ({"limit": 2, "after": "v4"}, ("v3 v2", True)),
        ({"after": "v1"}, ("", False)),
        ({"newest_first": False, "limit": 2, "after": "v3"}, ("v4 v5", False)),
        ({"states": [JobState.DONE], "limit": 2}, ("v5 v3", True)),
        ({"states": [JobState.DONE], "after": "v4"}, ("v3 v1", False)),
        ({"ids": ["v2", "n2", "v9"]}, ("v2", False)),
        ({"ids": ["v2"], "states": [JobState.DONE]}, ("", False)),
    ],
)
def test_pages(store: MemoryStore, query: dict[str, object], expected: tuple[str, bool]) -> None:
    """A page holds the team's own in order, after a given one, of given states or ids, and knows of more."""
    assert ids(store, **query) == expected


@pytest.mark.parametrize("after", ["v9", "n1", ""])
def test_after_what_is_not_there(store: MemoryStore, after: str) -> None:
    """A page after nothing, or after another team's job, is not found."""
    with pytest.raises(NotFound):
        store.page("ads", Query(after=after))


def test_changes_keep_their_place(store: MemoryStore) -> None:
    """A job stays where it was in the order, however its state changes."""
    store.put(Job(id="v2", team="ads", model="m", created_at=2.0, state=JobState.FAILED))
    assert ids(store) == ("v5 v4 v3 v2 v1", False)
    assert store.unfinished("ads") == 1


def test_expiry(store: MemoryStore) -> None:
    """Only what has a time to go is ever expired, from that very moment on."""
    done = store.get("ads", "v1").expiring(10.0)
    store.put(done)
    assert (list(store.expired(10.9)), list(store.expired(11.0))) == ([], [done])
    store.remove(done)
    store.remove(done)
    assert not store.expired(1e9)
