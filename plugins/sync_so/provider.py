"""The provider: orders generations, asks how they stand, brings the films."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from re import compile as regex
from typing import Any, Final, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from plugins.sync_so import generation
from plugins.sync_so.files import Files
from plugins.sync_so.generation import Generation
from plugins.sync_so.order import MODELS, Order, SyncLimits, filename
from router.contract import (
    AnyOffer,
    ApiKey,
    AudioFormat,
    AvatarRequest,
    BadOutput,
    BaseUrl,
    Carried,
    Clip,
    Headers,
    HttpProvider,
    HttpSettings,
    JobFailed,
    JobOffer,
    JobState,
    LipSync,
    OutcomeUnknown,
    ProviderFailed,
    SpeechLimits,
    Ticket,
    TimedOut,
    Unavailable,
    Voice,
    unsent,
)

T = TypeVar("T")
# Only sync-3 takes pictures, and an offer's faces hold for all its models: a picture comes as a still film.
FACES: Final = frozenset({"video/mp4", "video/quicktime", "video/webm"})
SIZE: Final = 512 * 1024 * 1024
"""Bytes. sync itself takes 5 GB and then applies the plan's own limit."""
SECONDS: Final = 300.0
CHARACTERS: Final = 5000
KEY: Final = regex(r"[A-Za-z0-9._~-]{1,128}")
REMEMBERED: Final = 256
"""How many uploads are remembered, for later tries at the same jobs."""
OCTETS: Final = frozenset({"application/octet-stream", "binary/octet-stream"})


class SyncSettings(HttpSettings, frozen=True, kw_only=True):
    """An account at sync.

    `voices` are ids of voices, ElevenLabs' or those cloned in sync's Studio, that it may speak text with; a text
    that names none gets the first. With no voices the router speaks all text itself. `webhook_url` is
    where sync finds this router's /v1/hooks/ and the account's name here; `webhook_secret`, from sync's dashboard, is
    what it signs with.
    """

    base_url: BaseUrl = "https://api.sync.so"
    api_key: ApiKey
    voices: tuple[str, ...] = ()
    webhook_url: BaseUrl | None = None
    webhook_secret: ApiKey | None = None


class Place(msgspec.Struct, frozen=True, rename="camel"):
    """Where to put a file, and the URL to register it by."""

    upload_url: str
    url: str


class Asset(msgspec.Struct, frozen=True):
    """A registered file."""

    id: str


class SyncSo(HttpProvider[SyncSettings]):
    """Lips laid over a film of somebody, as a job."""

    kind = "sync"
    free = "/v2/generations/count"
    settings_type = SyncSettings

    def __init__(self, name: str, settings: SyncSettings, client: httpx.AsyncClient) -> None:
        super().__init__(name, settings, client)
        self.files = Files(self.wire, name)
        self.assets: OrderedDict[tuple[str, str], str] = OrderedDict()

    def offers(self) -> Sequence[AnyOffer]:
        """Return the one offer: films as jobs, in the face's own size."""
        limits = SyncLimits(
            sizes=(),
            faces=FACES,
            size=SIZE,
            seconds=SECONDS,
            speaks=self._speaks(),
            fetches=True,
            options=frozenset({"name", "stretches", *LipSync.__struct_fields__}),
        )
        return (JobOffer(AvatarRequest, self.create, limits, MODELS, poll=self.poll, collect=self.collect, keyed=True),)

    def _speaks(self) -> SpeechLimits | None:
        voices = tuple(Voice(id=one, name=one) for one in self.settings.voices)
        return SpeechLimits(formats=tuple(AudioFormat), characters=CHARACTERS, voices=voices) if voices else None

    def headers(self) -> Mapping[str, str]:
        """Return the credential."""
        return {"x-api-key": self.settings.api_key}

    def refusal(self, status: int, headers: Headers, body: bytes) -> ProviderFailed:
        """Classify by the error's code where it says more than the status."""
        plain = super().refusal(status, headers, body)
        kind = generation.meaning(body, type(plain))
        return kind(plain.message, upstream_status=status, retry_after=plain.retry_after)

    async def create(self, request: AvatarRequest) -> Ticket:
        """Order a generation.

        A lost answer is `OutcomeUnknown`, and so is one that cannot be read. Under a key that sync takes the order may
        be repeated: it makes nothing twice.
        """
        key = request.key if request.key and KEY.fullmatch(request.key) else None
        voice = next(iter(self.settings.voices), None)
        order = Order(request, request.model or MODELS[0], voice, self.settings.webhook_url)
        assets = {} if order.goes_in_form else await self._uploaded(order.held, key)
        try:
            body = await self._order(order, assets, {"idempotency-key": key} if key else {})
            return generation.read(body).ticket
        except BadOutput as failure:
            raise lost(failure, repeatable=key is not None) from failure
        except (Unavailable, TimedOut) as failure:
            if unsent(failure):
                raise
            raise lost(failure, repeatable=key is not None) from failure

    async def _order(self, order: Order, assets: Mapping[str, str], headers: Mapping[str, str]) -> bytes:
        with ExitStack() as opened:
            in_form = order.held and not assets
            body = order.form(opened) if in_form else {"json": order.fields(assets)}
            _, content = await self.send("POST", "/v2/generate", headers=headers, **body)
        return content

    async def _uploaded(self, held: Mapping[str, Carried], key: str | None) -> Mapping[str, str]:
        """Return the assets of what we hold. Every try with a key must name the same ones, or it is another order."""
        return {place: await self._asset(place, media, key) for place, media in held.items()}

    async def _asset(self, place: str, media: Carried, key: str | None) -> str:
        if key is None:
            return await self._upload(place, media)
        if (key, place) not in self.assets:
            self.assets[key, place] = await self._upload(place, media)
        if len(self.assets) > REMEMBERED:
            self.assets.popitem(last=False)
        return self.assets[key, place]

    async def _upload(self, place: str, media: Carried) -> str:
        named = {"fileName": filename(place, media), "contentType": media.media_type, "size": media.size}
        where = await self._told("/v2/assets/upload", named, Place)
        await self.files.store(where.upload_url, media)
        kind = "VIDEO" if place == "video" else "AUDIO"
        asset = await self._told("/v2/assets", {"url": where.url, "type": kind}, Asset)
        return asset.id

    async def _told(self, path: str, fields: Mapping[str, Any], kind: type[T]) -> T:
        _, content = await self.send("POST", path, json=fields)
        try:
            return msgspec.json.decode(content, type=kind)
        except ValueError as error:
            raise BadOutput(f"{self.name} answered {path} with something else") from error

    async def poll(self, provider_id: str) -> Ticket:
        """Ask how a generation stands."""
        return (await self._generation(provider_id)).ticket

    async def collect(self, provider_id: str) -> Clip:
        """Open the film. Its URL is asked for each time, for those given out earlier may have expired."""
        found = await self._generation(provider_id)
        if found.ticket.state is JobState.FAILED:
            raise JobFailed(f"{self.name} made no film")
        if found.ticket.state is not JobState.DONE:
            raise Unavailable(f"{self.name} is not done yet")
        if not found.url:
            raise BadOutput(f"{self.name} has no film to show")
        answer = await self.files.fetch(found.url)
        media_type = "video/mp4" if answer.content_type in OCTETS else answer.content_type
        if not media_type.startswith("video/"):
            await answer.body.aclose()
            raise BadOutput(f"{self.name} answered with {media_type}", upstream_status=answer.status)
        return Clip(answer.body, media_type, provider_id)

    async def _generation(self, provider_id: str) -> Generation:
        _, content = await self.send("GET", f"/v2/generate/{quote(provider_id, safe='')}")
        return generation.read(content)


def lost(failure: ProviderFailed, *, repeatable: bool) -> OutcomeUnknown:
    """Return the error for an order that may or may not have been taken."""
    told = "an order was sent, but its answer was lost"
    return OutcomeUnknown(told, repeatable=repeatable, upstream_status=failure.upstream_status)
