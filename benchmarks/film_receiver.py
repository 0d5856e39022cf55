"""Who is told that films are done: a receiver of webhooks that verifies them, and does not take every one at once."""

import json
from base64 import b64encode
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from standardwebhooks import Webhook, WebhookVerificationError

from benchmarks.deck import Deck
from router.testing.acts import Act, HangUp, Reply, Stall
from router.testing.vendor import Vendor
from router.testing.wire import Asked

SECRET: Final = f"whsec_{b64encode(bytes(range(32))).decode()}"
WAYS: Final = {"taken": 15, "slow": 2, "refused": 2, "cut": 1}
"""What becomes of a notice when it comes for the first time; when it comes again it is taken."""
TYPES: Final = {"completed": "video.completed", "failed": "video.failed"}


@dataclass
class Notices:
    """What was taken, by job: the ids of its notices, each as often as it was taken. `forged` were not as they should be."""

    taken: dict[str, dict[str, int]] = field(default_factory=dict)
    forged: int = 0


class Receiver(Vendor):
    """Takes webhooks at any path; GET answers with the jobs that it was told of."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.notices = Notices()
        self.ways = Deck(WAYS, random)
        self.seen: set[str] = set()

    def act(self, asked: Asked) -> Act:
        """Return what to do with a notice."""
        self.asked.clear()
        if asked.method == "GET":
            return Reply.of_json(list(self.notices.taken))
        try:
            told = Webhook(SECRET).verify(asked.body, dict(asked.headers))
        except WebhookVerificationError:
            self.notices.forged += 1
            return Reply(status=400)
        return self._heard(asked.headers["webhook-id"], told)

    def _heard(self, name: str, told: Any) -> Act:
        way = "taken" if name in self.seen else self.ways.draw()
        self.seen.add(name)
        if way in {"taken", "slow"}:
            job = told["data"]["id"]
            ids = self.notices.taken.setdefault(job, {})
            ids[name] = ids.get(name, 0) + 1
            self.notices.forged += told["type"] != TYPES.get(told["data"]["status"])
        return ACTS[way]


TAKEN: Final = Reply(status=204, content_type=None)
ACTS: Final[dict[str, Act]] = {
    "taken": TAKEN,
    "slow": Stall(TAKEN, 1.0),
    "refused": Reply(json.dumps("not now").encode(), 503),
    "cut": HangUp(),
}
