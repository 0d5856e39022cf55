"""Avatar jobs: a film that is made while its caller does something else.

They live in this process: none survives a restart, and no other process knows of them. What will change that
is `Store`; nothing else here says where a record is kept.
"""

from router.jobs.jobs import Ask, Bounds, Jobs
from router.jobs.record import FINAL, Fault, Film, Job
from router.jobs.run import Serve
from router.jobs.store import MemoryStore, Page, Query, Store

__all__ = [
    "FINAL",
    "Ask",
    "Bounds",
    "Fault",
    "Film",
    "Job",
    "Jobs",
    "MemoryStore",
    "Page",
    "Query",
    "Serve",
    "Store",
]
