from pathlib import Path

import pytest

from router.engine.settings import SettingsError, load
from tests.config.kinds import ENV, HERE, read, zoo

CASES = sorted((HERE / "bad").glob("*.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_malformed_file_is_refused_with_these_very_words(case: Path) -> None:
    """Each file ends in exactly the problems beside it: all of them, in the file's order, with place and advice."""
    with pytest.raises(SettingsError) as refused:
        load(case, zoo(), ENV, read)

    told = str(refused.value).replace(f"{case.parent}/", "")
    assert told == case.with_suffix(".txt").read_text(encoding="utf-8").rstrip("\n")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_no_problem_repeats_a_secret(case: Path) -> None:
    """Neither what a reference leads to nor a key written in clear is ever shown."""
    with pytest.raises(SettingsError) as refused:
        load(case, zoo(), ENV, read)

    assert not [secret for secret in ("s3cret", "sk-live", "sk-team") if secret in str(refused.value)]


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    """A wrong path is told as such, without a place in the file."""
    path = tmp_path / "absent.yaml"
    with pytest.raises(SettingsError) as refused:
        load(path, zoo(), ENV, read)

    assert str(refused.value) == f"{path}: cannot be read: No such file or directory"
