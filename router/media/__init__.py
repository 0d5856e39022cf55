"""What bytes are and how they change: worker processes, sniffing, decoding, encoding, fetching."""

from router.media.workers import Running, WorkerCrashed, Workers

__all__ = ["Running", "WorkerCrashed", "Workers"]
