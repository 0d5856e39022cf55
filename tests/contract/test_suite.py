import pytest

from router.engine.registry import Registry
from router.testing.suite import CHECKS, checks
from tests.contract.accounts import ACCOUNTS

KINDS = Registry.discover().kinds
JUDGED = [(kind, name) for kind, account in ACCOUNTS.items() if kind in KINDS for name in checks(account)]


@pytest.mark.parametrize("kind", KINDS)
def test_has_an_account(kind: str) -> None:
    """Each registered kind brings an account to be judged."""
    assert kind in ACCOUNTS, f"{kind} brings no account; add one to tests/contract/accounts.py"
    assert ACCOUNTS[kind].kind is KINDS[kind]


@pytest.mark.parametrize(("kind", "name"), JUDGED, ids=["-".join(one) for one in JUDGED])
async def test_keeps(kind: str, name: str) -> None:
    """Each provider keeps each promise of the contract."""
    await CHECKS[name](ACCOUNTS[kind])
