"""Who is measured: each module says how one of them is started, and how it is asked."""

from benchmarks.gateways.contestants.contestant import Contestant, NotStarted, Running, started
from benchmarks.gateways.contestants.litellm import LITELLM
from benchmarks.gateways.contestants.nginx import NGINX
from benchmarks.gateways.contestants.portkey import PORTKEY
from benchmarks.gateways.contestants.router import ROUTER

__all__ = ["CONTESTANTS", "LITELLM", "NGINX", "PORTKEY", "ROUTER", "Contestant", "NotStarted", "Running", "started"]

CONTESTANTS = (NGINX, ROUTER, PORTKEY, LITELLM)
