"""Webhooks in: a provider says that one of its jobs has ended. That is only ever a reason to look at once."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from router.contract import Invalid, Unauthenticated
from router.jobs.record import Job, Step
from router.jobs.signing import BadSignature, verify_sync
from router.store.rows import JobRows, Stale


class Hint(msgspec.Struct, frozen=True):
    """A provider's job that is worth a look. Whether and how it ended is for the provider to say when it is asked."""

    provider: str
    upstream_id: str


class Generation(msgspec.Struct, frozen=True):
    """Of what sync sends, the only part that is read."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


def sync_hint(provider: str, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: float) -> Hint:
    """Return which of an account's generations to look at.

    `secrets` are the account's webhook secrets. Raises `Unauthenticated` where none of them signed the body within the
    last five minutes, and `Invalid` where it names no generation.
    """
    try:
        verify_sync(secrets, headers, body, now)
    except BadSignature as error:
        raise Unauthenticated(str(error), code="invalid_signature") from error
    try:
        return Hint(provider, msgspec.json.decode(body, type=Generation).id)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("the body is no generation with an id", param="id") from error


async def heed(hint: Hint, rows: JobRows, now: float) -> bool:
    """Make a job that waits for its provider due at once. False where there is none, or others are changing it.

    Who looks at it just now will find that it has moved on, and it is looked at again. Raises what the store raises.
    """
    row = await rows.of_upstream(hint.provider, hint.upstream_id)
    if row is None or row.run_at is None or Job.of(row).step is not Step.WAITING:
        return False
    try:
        await rows.write(msgspec.structs.replace(row, run_at=now))
    except Stale:
        return False
    return True
