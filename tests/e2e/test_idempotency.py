"""Requests sent again under an Idempotency-Key, by OpenAI's own client, through a real router with a real database."""

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import openai
import pytest

from router.testing.acts import Reply
from router.testing.serving import Served, serving
from router.testing.vendor import Vendor

PCM = bytes(range(1, 241)) * 400
HELD = 1.0


def config(url: str) -> str:
    digests = {team: f"sha256:{sha256(team.encode()).hexdigest()}" for team in ("ads", "news")}
    teams = "".join(f"  - {{name: {team}, keys: ['{digest}']}}\n" for team, digest in digests.items())
    return (
        f"providers:\n  one: {{kind: boson, base_url: '{url}', api_key: '${{env:KEY}}'}}\n"
        f"routes:\n  - {{name: r, task: speech, tiers: [one]}}\nteams:\n{teams}"
    )


async def said(router: Served, key: str, text: str = "Hello.", team: str = "ads") -> Any:
    """Ask as the SDK does; return its raw answer."""
    async with openai.AsyncOpenAI(base_url=f"{router.url}/v1", api_key=team, max_retries=0) as client:
        return await client.audio.speech.with_raw_response.create(
            model="r", voice="v", input=text, response_format="pcm", extra_headers={"Idempotency-Key": key}
        )


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    async with Vendor(Reply(PCM, content_type="audio/pcm")) as vendor:
        yield vendor


async def test_repeats(vendor: Vendor, tmp_path: Path) -> None:
    """One call for a key: its repeats get the same bytes, other requests 422, and another team's key is another."""
    with serving(config(vendor.url), tmp_path, {"KEY": "k"}) as router:
        first, second = await said(router, "a"), await said(router, "a")
        assert first.content == second.content
        assert len(first.content) >= len(PCM)
        assert (len(vendor.asked), second.headers["idempotent-replayed"]) == (1, "true")
        with pytest.raises(openai.UnprocessableEntityError) as other:
            await said(router, "a", "Good night.")
        assert other.value.code == "idempotency_mismatch"
        assert "idempotent-replayed" not in (await said(router, "a", team="news")).headers
        assert len(vendor.asked) == 2


async def test_at_once(vendor: Vendor, tmp_path: Path) -> None:
    """Of two at once one is served, and the other told to come back."""
    vendor.on("/", Reply((PCM, PCM), content_type="audio/pcm", pause=HELD))
    with serving(config(vendor.url), tmp_path, {"KEY": "k"}) as router:
        answers = await asyncio.gather(said(router, "a"), said(router, "a"), return_exceptions=True)
        (refused,) = [one for one in answers if isinstance(one, openai.ConflictError)]
        assert (refused.code, refused.response.headers["retry-after"]) == ("idempotency_in_progress", "2")
        assert len(vendor.asked) == 1


async def test_after_a_restart(vendor: Vendor, tmp_path: Path) -> None:
    """An answer outlives the router that gave it."""
    with serving(config(vendor.url), tmp_path, {"KEY": "k"}) as router:
        first = await said(router, "a")
    with serving(config(vendor.url), tmp_path, {"KEY": "k"}) as router:
        assert (await said(router, "a")).content == first.content
    assert len(vendor.asked) == 1
