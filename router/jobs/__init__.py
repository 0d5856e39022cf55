"""Avatar jobs: a film that is made while its caller does something else, and by whoever is alive to make it."""

from router.jobs.jobs import Ask, Bounds, Jobs, Kept, Page
from router.jobs.record import FINAL, Fault, Hook, Job, Step
from router.jobs.work import Orders
from router.store.rows import Query

__all__ = ["FINAL", "Ask", "Bounds", "Fault", "Hook", "Job", "Jobs", "Kept", "Orders", "Page", "Query", "Step"]
