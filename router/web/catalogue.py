"""GET /v1/models, /v1/voices and /v1/offers, each as the caller's dialect has it."""

from typing import Any

import msgspec
from litestar import Request, Response, get

from router.web.breeze_lists import BreezeModel, BreezeVoices, VoicesQuery, breeze_models, breeze_voices
from router.web.dialects import BREEZE, OPENAI
from router.web.inventory import ListedOffer, ListedVoice, Model, models_of, offers_of, voices_of
from router.web.openapi import READ, describe, one_of, schema_of
from router.web.site import call_of


class Models(msgspec.Struct, frozen=True):
    """OpenAI's list of models."""

    data: list[Model]
    object: str = "list"


class VoiceList(msgspec.Struct, frozen=True):
    """All voices."""

    data: list[ListedVoice]
    object: str = "list"


class Offers(msgspec.Struct, frozen=True):
    """All offers."""

    data: list[ListedOffer]
    object: str = "list"


@get(
    "/v1/models",
    summary="List models",
    operation_class=describe(
        {"application/json": one_of(schema_of(Models), schema_of(list[BreezeModel]))}, dialects=(OPENAI, BREEZE)
    ),
)
async def list_models(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return every name that `model` may hold: the routes' own and those they answer to.

    Callers with an xi-api-key header get those for speech, as Breeze lists them.
    """
    call = call_of(request)
    if call.dialect is BREEZE:
        return listing(request, breeze_models(call.site, call.team))
    return listing(request, Models(models_of(call.site, call.team)))


@get(
    "/v1/voices",
    summary="List voices",
    operation_class=describe(
        {"application/json": one_of(schema_of(VoiceList), schema_of(BreezeVoices))},
        statuses=(*READ, 422),
        dialects=(OPENAI, BREEZE),
        query=VoicesQuery,
    ),
)
async def list_voices(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the router's own voices first, then every voice a provider lists.

    Callers with an xi-api-key header get them page by page, as Breeze lists them; the query is for those alone.
    """
    call = call_of(request)
    if call.dialect is BREEZE:
        return listing(request, breeze_voices(call.site, call.team, request))
    return listing(request, VoiceList(voices_of(call.site, call.team)))


@get("/v1/offers", summary="List offers", operation_class=describe({"application/json": schema_of(Offers)}))
async def list_offers(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return what each provider does, and its limits."""
    call = call_of(request)
    return listing(request, Offers(offers_of(call.site, call.team)))


def listing(
    request: Request[Any, Any, Any], content: msgspec.Struct | list[BreezeModel], *headers: tuple[str, str]
) -> Response[bytes]:
    """Return JSON with the request's id, and headers beside it."""
    body = msgspec.json.encode(content, order="deterministic")
    given = {"x-request-id": call_of(request).id, **dict(headers)}
    return Response(body, media_type="application/json", headers=given)
