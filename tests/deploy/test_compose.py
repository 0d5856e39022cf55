"""The compose file: by the specification, and by what its parts say of one another."""

import json
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from compose_spec import PyCompose
from typer.testing import CliRunner

from router.cli import app

PLACE: Final = Path(__file__).parents[2] / "deploy" / "compose"
TEXT: Final = (PLACE / "compose.yaml").read_text()
COMPOSE: Final[dict[str, Any]] = yaml.safe_load(TEXT)
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
ENV: Final = dict(
    line.split("=", 1) for line in (PLACE / "example.env").read_text().splitlines() if line and not line.startswith("#")
)
ROUTER: Final = (PLACE / "router.yaml").read_text()


def mounted() -> list[tuple[str, str]]:
    """Return what is mounted from the project: the source, and where to."""
    every = [one.split(":")[:2] for service in SERVICES.values() for one in service.get("volumes", ())]
    return [(source, target) for source, target in every if source.startswith(".")]


def filled(text: str) -> str:
    """Return a text with the variables of .env in it, as compose does."""
    return re.sub(r"\$\{(\w+)[^}]*\}", lambda found: ENV[found[1]], text)


def read_as_specified(text: str) -> PyCompose:
    """Read a file whose merge keys YAML has followed, as Docker has it do."""
    return PyCompose.from_json(json.dumps(yaml.safe_load(text)))


def test_the_specification_takes_it() -> None:
    """As Docker's own reader would, every key of it; and the volumes that are named are those that there are."""
    read = read_as_specified(TEXT)
    read.validate()
    kept = {one.split(":")[0] for service in SERVICES.values() for one in service.get("volumes", ())}
    assert set(read.service_names()) == set(SERVICES)
    assert {one for one in kept if not one.startswith(".")} == set(read.volumes or ())


@pytest.mark.parametrize("wrong", [("restart:", "restarts:"), ("retries: 30", "retries: x")])
def test_the_specification_would_not_take_another(wrong: tuple[str, str]) -> None:
    """Keys that are misspelt and values of another kind are refused."""
    with pytest.raises(ValueError, match=r"\w"):
        read_as_specified(TEXT.replace(*wrong)).validate()


def test_whatever_is_mounted_is_there() -> None:
    """Each file and folder of the project that a container gets."""
    assert len(mounted()) == 4
    assert [source for source, _ in mounted() if not (PLACE / source).exists()] == []


def test_everything_has_its_place() -> None:
    """The programs look where the files are mounted: router, Prometheus, and Grafana for its own dashboards."""
    assert {target: source for source, target in mounted()} == {
        "/etc/media-router/router.yaml": "./router.yaml",
        "/etc/prometheus": "../prometheus",
        "/etc/grafana/provisioning": "../grafana/provisioning",
        "/var/lib/grafana/dashboards": "../grafana/dashboards",
    }


def test_every_variable_is_in_the_example() -> None:
    """Whoever copies example.env has all to fill in, and nothing in vain; without it nothing starts."""
    asked = re.findall(r"\$\{(\w+)([^}]*)\}", TEXT)
    assert {name for name, _ in asked} == set(ENV)
    assert {more for _, more in asked} == {":?see example.env"}


def test_the_router_takes_its_configuration() -> None:
    """`media-router check` passes, with what the container has around it and nothing else."""
    env = {name: filled(value) for name, value in SERVICES["router"]["environment"].items()}
    assert set(re.findall(r"\$\{env:(\w+)\}", ROUTER)) == set(env)
    done = CliRunner().invoke(app, ["check", "--config", str(PLACE / "router.yaml")], env=env)
    assert done.exit_code == 0, done.output


def test_hosts_are_containers() -> None:
    """Whatever is reached by a name is a container of that name."""
    env = " ".join(filled(value) for value in SERVICES["router"]["environment"].values())
    grafana = yaml.safe_load((PLACE / "../grafana/provisioning/datasources/prometheus.yml").read_text())
    scraped = yaml.safe_load((PLACE / "../prometheus/prometheus.yml").read_text())["scrape_configs"][0]
    named = {
        *re.findall(r"(?:@|redis://)([a-z0-9]+)[:/]", env),
        yaml.safe_load(ROUTER)["storage"]["options"]["endpoint"].split("/")[2].split(":")[0],
        grafana["datasources"][0]["url"].split("/")[2].split(":")[0],
        *scraped["dns_sd_configs"][0]["names"],
        *(name for service in SERVICES.values() for name in service.get("depends_on", ())),
    }
    assert named == {"bucket", "postgres", "prometheus", "router", "s3", "valkey"}
    assert named <= set(SERVICES)


def test_prometheus_may_read_the_metrics() -> None:
    """Its network is the one of `metrics_networks`."""
    (network,) = COMPOSE["networks"]["default"]["ipam"]["config"]
    allowed = [ip_network(one) for one in yaml.safe_load(ROUTER)["server"]["metrics_networks"]]
    assert allowed == [ip_network(network["subnet"])]
    assert ip_network(network["subnet"]).is_private


def test_nobody_else_gets_in() -> None:
    """What is published is published on this machine only, and no image is whatever is newest."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert len(ports) == 3
    assert all((port["host_ip"] if isinstance(port, dict) else port.split(":")[0]) == "127.0.0.1" for port in ports)
    images = [service["image"] for service in SERVICES.values() if "build" not in service]
    assert all(re.search(r":[^/]*\d", image) for image in images)
