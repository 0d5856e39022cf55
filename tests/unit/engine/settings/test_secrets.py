import pickle
from pathlib import Path

import pytest

from router.engine.settings.problems import Refused
from router.engine.settings.secrets import References, Secret, is_secret


def refuse(path: Path) -> str:
    raise PermissionError(13, "Permission denied", str(path))


@pytest.mark.parametrize(
    "name", ["api_key", "key", "apiKey_token", "client_secret", "password", "API_KEY", "credentials"]
)
def test_a_setting_named_like_a_secret_is_one(name: str) -> None:
    """The last word of the name decides, in any case."""
    assert is_secret(name)


@pytest.mark.parametrize("name", ["base_url", "max_tokens", "keys", "monkey", "keyboard", "secret_santa"])
def test_other_settings_may_be_written_in_clear(name: str) -> None:
    """Words that merely contain a secret's word do not count."""
    assert not is_secret(name)


def test_a_secret_is_its_text_and_does_not_show_it() -> None:
    """It works wherever text does, also in a worker process, and its repr hides it."""
    secret = Secret("open sesame")
    there = pickle.loads(pickle.dumps(secret))

    assert f"{secret}" == "open sesame" == there
    assert repr(secret) == repr(there) == "'***'"


def test_a_relative_file_is_looked_for_beside_the_configuration(tmp_path: Path) -> None:
    """`${file:key}` means the folder of the YAML, not wherever the router was started."""
    seen: list[Path] = []

    def read(path: Path) -> str:
        seen.append(path)
        return " open sesame\n"

    assert References({}, tmp_path, read).resolve("${file:key}") == "open sesame"
    assert seen == [tmp_path / "key"]


def test_a_file_that_cannot_be_read_is_named() -> None:
    """The reason is the operating system's."""
    with pytest.raises(Refused, match=r"^cannot read /run/key: Permission denied$"):
        References({}, Path(), refuse).resolve("${file:/run/key}")


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    """Binary files are refused rather than guessed at."""
    (tmp_path / "key").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(Refused, match=r"^key is not UTF-8 text$"):
        References({}, tmp_path, lambda path: path.read_text(encoding="utf-8")).resolve("${file:key}")
