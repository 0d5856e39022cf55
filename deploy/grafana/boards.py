"""What is on each dashboard. A test holds that every series of the router is on one, and that every query answers."""

from typing import Final

from deploy.grafana.drawing import Board, Chart
from deploy.grafana.queries import level, per_hour, per_second, quantile, share

TTFB: Final = "time_to_first_byte_seconds"
RULE: Final = "task_route:media_router"
"""What recorded series begin with: see deploy/prometheus/recording.yml."""


def spread(series: str, legend: str, *labels: str) -> dict[str, str]:
    """Return the queries of a histogram's middle and of its slow end."""
    return {f"{legend} p{round(rank * 100)}": quantile(rank, series, *labels) for rank in (0.5, 0.95)}


OVERVIEW: Final = Board(
    "overview",
    "overview",
    (
        Chart("Requests", "Answered each second.", {"{{task}}": per_second("requests", "task")}, "reqps", stacked=True),
        Chart(
            "Failed",
            "Requests that got nothing, though nothing was wrong with them. The objective is 0.5 %.",
            {"{{task}} {{route}}": f"{RULE}_failed:ratio_rate5m"},
            "percentunit",
        ),
        Chart(
            "What callers see",
            "Outcomes other than ok: errors by their code, and callers who left.",
            {"{{outcome}}": 'sum by (outcome) (rate(media_router_requests_total{outcome!="ok"}[$__rate_interval]))'},
            "reqps",
            stacked=True,
        ),
        Chart("First byte", "From arrival to the first byte out.", spread(TTFB, "{{task}}", "task"), "s"),
        Chart(
            "Duration",
            "From arrival to the last byte.",
            spread("request_duration_seconds", "{{task}}", "task"),
            "s",
        ),
        Chart(
            "Broken streams",
            "An hour: those that were resumed, and those that callers saw break.",
            {
                "truncated {{provider}}": per_hour("truncated", "provider"),
                "resumed {{route}} by {{provider}}": per_hour("splices", "route", "provider"),
            },
        ),
        Chart("Traffic", "Bytes of media delivered.", {"{{task}}": per_second("bytes", "task")}, "Bps", stacked=True),
        Chart(
            "Cache",
            "Requests on routes with a cache, by what came of that.",
            {"{{route}} {{outcome}}": per_second("cache_requests", "route", "outcome")},
            "reqps",
            stacked=True,
        ),
        Chart(
            "Routers",
            "That Prometheus reaches.",
            {"there": 'sum (up{job="media-router"})', "all": 'count (up{job="media-router"})'},
        ),
        Chart(
            "Configuration",
            "Which one is in force in each process, and readings of the file an hour.",
            {
                "{{instance}}": "max by (instance) (media_router_config_generation)",
                "{{outcome}} per hour": per_hour("reloads", "outcome"),
            },
        ),
    ),
)

PROVIDERS: Final = Board(
    "providers",
    "providers",
    (
        Chart(
            "Attempts",
            "Calls by how they ended.",
            {"{{provider}} {{reason}}": per_second("attempts", "provider", "reason")},
            "reqps",
            stacked=True,
        ),
        Chart(
            "Failed attempts",
            "Of a provider's calls, the share that did not go well; those cancelled or outrun are no failures.",
            {"{{provider}}": share("attempts", 'reason!~"ok|cancelled|outrun"', "provider")},
            "percentunit",
        ),
        Chart(
            "Breaker",
            "0 closed, 1 half-open, 2 open.",
            {"{{task}} {{provider}}": level("max", "breaker_state", "task", "provider")},
        ),
        Chart("First byte", "By who served.", spread(TTFB, "{{provider}}", "provider"), "s"),
        Chart("In flight", "Calls under way.", {"{{provider}}": level("sum", "in_flight", "provider")}, stacked=True),
        Chart("Queue", "Requests that wait for room.", {"{{provider}}": level("sum", "queue_depth", "provider")}),
        Chart("Waiting", "Until a provider had room.", spread("queue_wait_seconds", "{{provider}}", "provider"), "s"),
        Chart(
            "Retries",
            "Calls repeated at the provider that failed.",
            {"{{provider}} {{reason}}": per_second("retries", "provider", "reason")},
            "reqps",
        ),
        Chart(
            "Failovers",
            "Moves to another provider, and why.",
            {"{{from}} to {{to}}, {{reason}} {{phase}}": per_second("failovers", "from", "to", "reason", "phase")},
            "reqps",
        ),
        Chart(
            "Hedges",
            "Calls made because another was slow.",
            {"{{route}} {{outcome}}": per_second("hedges", "route", "outcome")},
            "reqps",
        ),
        Chart(
            "Retry-After",
            "How long providers ask to be left alone.",
            spread("retry_after_seconds", "{{provider}}", "provider"),
            "s",
        ),
    ),
)

JOBS: Final = Board(
    "jobs",
    "videos and webhooks",
    (
        Chart("Videos", "In the making.", {"{{state}}": level("max", "jobs", "state")}, stacked=True),
        Chart("Age", "Of the oldest in each state.", {"{{state}}": level("max", "job_age_seconds", "state")}, "s"),
        Chart(
            "Films",
            "Delivered, streamed ones included, an hour.",
            {
                "{{outcome}}": '3600 * sum by (outcome) (rate(media_router_requests_total{task="avatar"}[$__rate_interval]))'
            },
            stacked=True,
        ),
        Chart(
            "Webhooks",
            "Tries an hour: delivered, to be tried again, refused, given up, or gone.",
            {"{{team}} {{outcome}}": per_hour("webhook_deliveries", "team", "outcome")},
            stacked=True,
        ),
        Chart(
            "Database",
            "1 while a router can use its records.",
            {"{{instance}}": level("min", "records_available", "instance")},
        ),
    ),
)

TEAMS: Final = Board(
    "teams",
    "teams",
    (
        Chart("Requests", "By team.", {"{{team}}": per_second("requests", "team")}, "reqps", stacked=True),
        Chart(
            "Limits",
            "How much of each is used.",
            {"{{team}} {{limit}}": level("max", "quota_used_ratio", "team", "limit")},
            "percentunit",
        ),
        Chart(
            "Refused by limits",
            "Requests that were too many.",
            {"{{team}} {{limit}}": per_second("quota_refusals", "team", "limit")},
            "reqps",
        ),
        Chart(
            "Cost",
            "An hour, in the currency of the prices.",
            {"{{team}} {{provider}}": per_hour("cost", "team", "provider")},
            stacked=True,
        ),
        Chart("Characters", "Asked to be spoken.", {"{{team}}": per_second("characters", "team")}, stacked=True),
        Chart(
            "Audio",
            "Seconds each second: as many streams as that are in real time.",
            {"{{team}} {{direction}}": per_second("audio_seconds", "team", "direction")},
            stacked=True,
        ),
        Chart("Video", "Seconds each second.", {"{{team}}": per_second("video_seconds", "team")}, stacked=True),
        Chart(
            "Counting",
            "1 while what teams use can be counted; and what was let through uncounted, each second.",
            {
                "{{instance}}, fails {{fail}}": level("min", "limits_store_up", "instance", "fail"),
                "uncounted": per_second("unmetered_requests"),
            },
        ),
        Chart(
            "Ledger",
            "Entries written, and those lost.",
            {"{{outcome}}": per_second("ledger_entries", "outcome")},
            stacked=True,
        ),
    ),
)

VOICE: Final = Board(
    "voice",
    "voice socket",
    (
        Chart("Sockets", "Open now.", {"{{dialect}}": level("sum", "open_sockets", "dialect")}, stacked=True),
        Chart(
            "Turns",
            "By how they ended.",
            {"{{kind}} {{outcome}}": per_second("turns", "kind", "outcome")},
            stacked=True,
        ),
        Chart(
            "First sound",
            "From the end of a question to the first sound of its answer.",
            spread("turn_first_audio_seconds", "{{scenario}} {{kind}}", "scenario", "kind"),
            "s",
        ),
        Chart(
            "Stages",
            "What the first sound waited for: recognition, the model, the voice.",
            {"{{stage}} p95": quantile(0.95, "turn_stage_seconds", "stage")},
            "s",
            stacked=True,
        ),
        Chart("Sentences", "Spoken each second.", {"{{scenario}}": per_second("turn_sentences", "scenario")}),
    ),
)

BOARDS: Final = (OVERVIEW, PROVIDERS, JOBS, TEAMS, VOICE)
