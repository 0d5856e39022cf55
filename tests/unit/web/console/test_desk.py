import pytest

from router.contract import MediaError
from router.web.console.desk import named_local
from tests.unit.web.console.making import desk
from tests.unit.web.making import DIGEST, KEY

HERE = {"host": "localhost:8000"}


def refusal(*keys: str, headers: dict[str, str] = HERE, client: str = "127.0.0.1", keyless: bool = True) -> str:
    """Return the code of the refusal, or an empty string."""
    try:
        desk(*keys).admit(headers, client, keyless=keyless)
    except MediaError as error:
        return error.code
    return ""


def test_without_keys_it_is_open_to_its_own_machine_alone() -> None:
    """And to it only while the router itself is."""
    assert refusal() == ""
    assert refusal(client="10.0.0.1") == "no_admin_keys"
    assert refusal(keyless=False) == "no_admin_keys"
    assert refusal(headers=HERE | {"x-forwarded-for": "10.0.0.1"}) == "no_admin_keys"


def test_with_keys_nobody_gets_in_without() -> None:
    """This machine neither; a key of nobody's is refused."""
    assert refusal(DIGEST) == "missing_admin_key"
    assert refusal(DIGEST, headers=HERE | {"authorization": "Bearer other"}) == "invalid_admin_key"
    assert refusal(DIGEST, headers={"authorization": f"Bearer {KEY}"}, client="10.0.0.1", keyless=False) == ""


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True), ("localhost:80", True), ("127.0.0.1:8000", True), ("[::1]:8000", True), ("[::1]", True),
        ("evil.example:8000", False), ("localhost.evil.example", False), ("", False),
    ],
)  # fmt: skip
def test_names_of_this_machine(host: str, local: bool) -> None:
    """A page whose own name was made to lead here is none of this machine's, whoever's browser it is in."""
    assert named_local({"host": host}) is local
