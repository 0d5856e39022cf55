"""sync.so as its documents describe it: generations that take their time, uploads, keys that make nothing twice."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from router.testing.acts import Act, HangUp, Reply
from router.testing.vendor import Vendor
from router.testing.wire import Asked

KEY: Final = "sk-double"
FILM: Final = b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(range(256)) * 400
DIRECT: Final = 20_000_000
FIELDS: Final = {"model", "input", "options", "segments", "webhookUrl", "outputFileName"}
STATUSES: Final = ("PENDING", "PROCESSING", "COMPLETED")
TYPES: Final = {"video": "VIDEO", "audio": "AUDIO"}


class Refused(Exception):
    """A request that sync would refuse, with the answer it gets."""

    def __init__(self, status: int, message: str | list[str], code: str | None = None) -> None:
        super().__init__(message)
        body = {"message": message, "statusCode": status, **({"errorCode": code} if code else {})}
        self.reply = Reply.of_json(body, status)


@dataclass
class Made:
    """A generation: its order, how often it was looked at, and the token of the URL given out last."""

    id: str
    order: Mapping[str, Any]
    looks: int = 0
    token: str = ""


@dataclass
class Stored:
    """A file being uploaded: what was announced, what came, and the asset it became."""

    announced: Mapping[str, Any]
    content: bytes | None = None
    asset: dict[str, str] = field(default_factory=dict)


class Sync(Vendor):
    """A double. `losing`: so many orders are taken and their answers lost. `slots`: generations at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[str, Made] = {}
        self.files: dict[str, Stored] = {}
        self.keys: dict[str, tuple[object, str]] = {}
        self.losing = 0
        self.slots = 100
        self._numbers = count(1)

    def act(self, asked: Asked) -> Act:
        """Answer a request as sync, or as the storage that its URLs lead to."""
        path = asked.path.partition("?")[0]
        try:
            if path.startswith("/storage/"):
                return self._storage(asked, path)
            return self._api(asked, path)
        except Refused as refused:
            return refused.reply

    def _api(self, asked: Asked, path: str) -> Act:
        if asked.headers.get("x-api-key") != KEY:
            raise Refused(401, "Unauthorized")
        match (asked.method, path.split("/")[1:]):
            case ("POST", ["v2", "generate"]):
                made = self._order(asked)
                self.losing -= 1
                return HangUp() if self.losing >= 0 else Reply.of_json(self._shown(made), 201)
            case ("GET", ["v2", "generate", number]) if number in self.made:
                self.made[number].looks += 1
                return Reply.of_json(self._shown(self.made[number]))
            case ("POST", ["v2", "assets", "upload"]):
                return self._announced(dict(asked.json))  # type: ignore[call-overload]  # JSON
            case ("POST", ["v2", "assets"]):
                return self._registered(dict(asked.json))  # type: ignore[call-overload]  # JSON
        raise Refused(404, "Not found")

    def _order(self, asked: Asked) -> Made:
        order, files = ordered(asked)
        self._check(order, files)
        key = asked.headers.get("idempotency-key")
        if key is not None and not re.fullmatch(r"[A-Za-z0-9._~-]{1,128}", key):
            raise Refused(400, "bad key", "INVALID_IDEMPOTENCY_KEY")
        said = (order, files)
        if key in self.keys:
            known, number = self.keys[key]
            if known != said:
                raise Refused(409, "another order", "IDEMPOTENCY_KEY_CONFLICT")
            return self.made[number]
        if sum(one.looks < len(STATUSES) - 1 for one in self.made.values()) >= self.slots:
            raise Refused(429, "Too many", "concurrency_limit_reached")
        made = Made(f"gen-{len(self.made) + 1}", order)
        self.made[made.id] = made
        if key is not None:
            self.keys[key] = (said, made.id)
        return made

    def _check(self, order: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        wrong = [f"unknown {name}" for name in order.keys() - FIELDS] + [
            f"unknown file {name}" for name in files.keys() - TYPES.keys()
        ]
        inputs = order.get("input", [])
        kinds = [*(one["type"] for one in inputs), *files]
        if kinds.count("video") != 1 or not {"audio", "text"} & set(kinds):
            wrong.append("input must hold one video and at least one audio or text")
        if any(len(content) >= DIRECT for content in files.values()):
            raise Refused(413, "too large")
        named = {one.get("refId") for one in inputs if one["type"] != "video"}
        if any(one["audioInput"]["refId"] not in named for one in order.get("segments", [])):
            raise Refused(422, "no such refId", "generation_input_segments_invalid")
        if wrong or "model" not in order:
            raise Refused(400, wrong or ["model is required"])
        for one in inputs:
            if "assetId" in one and not self._is_asset(one["assetId"], TYPES[one["type"]]):
                raise Refused(422, "no such asset", "generation_input_asset_type_mismatch")

    def _is_asset(self, asset: str, kind: str) -> bool:
        return any(one.asset == {"id": asset, "type": kind} for one in self.files.values())

    def _shown(self, made: Made) -> dict[str, Any]:
        status = STATUSES[min(made.looks, len(STATUSES) - 1)]
        if status == "COMPLETED":
            made.token = f"t{next(self._numbers)}"
        url = f"{self.url}/storage/signed/{made.id}?token={made.token}" if made.token else None
        return {
            "createdAt": "2026-03-02T10:00:00.000Z",
            "id": made.id,
            "input": [one for one in made.order.get("input", []) if one["type"] in {"video", "audio"}],
            "model": made.order["model"],
            "status": status,
            "error": None,
            "error_code": None,
            "outputUrl": url,
        }

    def _announced(self, said: dict[str, Any]) -> Reply:
        if said.keys() != {"fileName", "contentType", "size"}:
            raise Refused(400, ["fileName, contentType and size are required"])
        name = f"{next(self._numbers)}-{said['fileName']}"
        self.files[name] = Stored(said)
        where = {"uploadUrl": f"{self.url}/storage/in/{name}?sig=a%2Bb", "url": f"https://assets.example.com/{name}"}
        return Reply.of_json({**where, "expiresIn": 3600}, 201)

    def _registered(self, said: dict[str, Any]) -> Reply:
        stored = self.files.get(said["url"].rpartition("/")[2])
        if stored is None or stored.content is None or said["type"] not in TYPES.values():
            raise Refused(422, "nothing was uploaded there")
        stored.asset = {"id": f"asset-{next(self._numbers)}", "type": said["type"]}
        return Reply.of_json({**stored.asset, "url": said["url"]}, 201)

    def _storage(self, asked: Asked, path: str) -> Reply:
        if "x-api-key" in asked.headers or "authorization" in asked.headers:
            return Reply(b"a signed URL and a credential", 400)
        match (asked.method, path.split("/")[2:]):
            case ("PUT", ["in", name]):
                return self._put(asked, self.files[name])
            case ("GET", ["signed", number]) if asked.path.endswith(f"?token={self.made[number].token}"):
                return Reply(status=302, headers={"Location": f"/storage/out/{number}"})
            case ("GET", ["out", _]):
                return Reply(FILM, content_type="video/mp4")
        return Reply(b"<Error/>", 403, "application/xml")

    def _put(self, asked: Asked, stored: Stored) -> Reply:
        sent = {"contentType": asked.headers.get("content-type"), "size": int(asked.headers.get("content-length", -1))}
        if not sent.items() <= stored.announced.items():
            return Reply(b"<Error><Code>SignatureDoesNotMatch</Code></Error>", 403, "application/xml")
        stored.content = asked.body
        return Reply()


def ordered(asked: Asked) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the fields and the files of an order, whichever way it came."""
    if asked.headers["content-type"] == "application/json":
        return json.loads(asked.body), {}
    parts = asked.form
    files = {name: part.content for name, part in parts.items() if part.filename is not None}
    texts = {name: part.content.decode() for name, part in parts.items() if part.filename is None}
    nested = {"input", "options", "segments"}
    return {name: json.loads(text) if name in nested else text for name, text in texts.items()}, files
