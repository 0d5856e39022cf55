"""Whether a recording holds sound that words could be in, for judging a transcript that has none."""

from router.contract import Carried, Invalid, MediaRef
from router.media import WorkerCrashed, Workers, jobs


async def voiced(workers: Workers, recording: MediaRef) -> bool:
    """Say whether a recording is loud for long enough to be speech; False where that cannot be found out."""
    if not isinstance(recording, Carried):
        return False  # at a URL, and fetched by the provider itself
    try:
        return bool(await workers.call(jobs.listen, recording.source))
    except (Invalid, WorkerCrashed):
        return False
