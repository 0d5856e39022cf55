"""Asking whether an account works: that costs nothing, and says of a key what a call would say."""

from typing import Any, Final

from router.contract import Misconfigured, Provider
from router.testing.account import Account
from router.testing.acts import Reply
from router.testing.claims import claim
from router.testing.vendor import Vendor

REFUSED: Final = Reply(b"{}", 401, "application/json")


async def checks_are_free(account: Account) -> None:
    """A check only gets something, or does nothing at all and says so; a refused key is told as such."""
    async with Vendor(Reply.of_json({})) as vendor, account.opened(vendor.url) as provider:
        before = len(vendor.asked)
        checked = await provider.check()
        asked = vendor.asked[before:]
        claim(checked is bool(asked) or not account.over_http, "a check that asks nothing says that it did")
        for one in asked:
            free = one.method in {"GET", "HEAD"} and not one.body
            claim(free, f"a check sends {one.method} {one.path}, which may cost something")
        if not asked:
            return
        vendor.on("/", REFUSED)
        claim(await refused(provider), "a check passes over a key that is refused")


async def refused(provider: Provider[Any]) -> bool:
    """Whether a check says that the key is refused."""
    try:
        await provider.check()
    except Misconfigured:
        return True
    return False
