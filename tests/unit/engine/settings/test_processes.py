import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.contract import Settings
from router.engine.settings import ProviderSettings, RouterSettings, SettingsError, served_by, share


def settings(concurrency: int | None) -> RouterSettings:
    account = ProviderSettings(name="a", kind="k", settings=Settings(), concurrency=concurrency)
    return RouterSettings(providers={"a": account}, routes=())


@given(limit=st.integers(1, 1000), processes=st.integers(1, 100))
def test_shares(limit: int, processes: int) -> None:
    """They are alike, none is empty, and all together are within the limit unless that is less than one each."""
    each = share(limit, processes)
    assert each is not None
    assert each >= 1
    assert each * processes <= max(limit, processes)
    assert (each + 1) * processes > limit


def test_no_limit() -> None:
    """Each process has none either."""
    assert share(None, 4) is None


def test_as_many_as_the_configuration_says() -> None:
    """Whoever does not say how many processes serve leaves it as it is."""
    tree = settings(1)
    assert served_by(tree, None) is tree


@pytest.mark.parametrize("concurrency", [3, 4, None])
def test_more_processes(concurrency: int | None) -> None:
    """What the command line says counts, where each process gets at least one call at a time."""
    assert served_by(settings(concurrency), 3).server.workers == 3


def test_too_many_processes() -> None:
    """They are refused where some could make no call without breaking the limit."""
    with pytest.raises(SettingsError, match=r"providers\.a\.concurrency: 3 processes cannot share 2; allow at least 3"):
        served_by(settings(2), 3)
