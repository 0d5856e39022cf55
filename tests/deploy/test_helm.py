"""The chart: rendered for several sorts of cluster, and judged by Kubernetes' own schemas."""

import json
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import jsonschema
import kubernetes_validate
import pytest
import yaml
from typer.testing import CliRunner

from router.cli import app
from tests.deploy.charts import CHART, SPRIG, Manifests, compiled, rendered
from tests.house.documents import blocks

README: Final = CHART.parents[1] / "README.md"
OPERATORS: Final = {"ServiceMonitor", "PrometheusRule"}
"""Kinds of the Prometheus operator, which Kubernetes has no schema of."""
VALUES: Final = {"default": (), "plain": ("ci/plain-values.yaml",), "full": ("ci/full-values.yaml",)}
VERSIONS: Final = ("1.29", kubernetes_validate.latest_version())
"""The oldest that Chart.yaml admits, and the newest."""
SECRETS: Final = {
    "TEAM_KEY_SHA256": f"sha256:{7:064x}",
    "BOSON_API_KEY": "k",
    "DATABASE_URL": "postgresql://router@db.internal/router",
    "VALKEY_URL": "redis://valkey.internal:6379/0",
}
NAME: Final = {"default": "edge", "plain": "speech", "full": "edge"}


@pytest.fixture(scope="module")
def renderer(needs: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    go = needs("go")
    if not SPRIG.exists():
        pytest.skip(f"needs {SPRIG} (the fix: install golang-github-masterminds-sprig-dev)")
    return compiled(go, tmp_path_factory.mktemp("go"))


@pytest.fixture(params=VALUES)
def sort(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def manifests(renderer: Path, sort: str) -> Manifests:
    return rendered(renderer, *(CHART / name for name in VALUES[sort]))[0]


def pod(manifests: Manifests) -> dict[str, Any]:
    spec: dict[str, Any] = next(one for (kind, _), one in manifests.items() if kind == "Deployment")["spec"]["template"]
    return spec


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_every_manifest(manifests: Manifests, version: str) -> None:
    """By its own schemas, which know no other keys than those there are."""
    judged = [one for (kind, _), one in manifests.items() if kind not in OPERATORS]
    assert len(judged) >= 5
    for one in judged:
        kubernetes_validate.validate(one, version, strict=True)


def test_kubernetes_would_not_take_another(manifests: Manifests) -> None:
    """A key that is misspelt is seen."""
    broken = pod(manifests)["spec"]["containers"][0]
    broken["readynessProbe"] = broken.pop("readinessProbe")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(
            next(one for one in manifests.values() if one["kind"] == "Deployment"), "1.29", True
        )


def test_what_is_there(manifests: Manifests, sort: str) -> None:
    """What needs an operator, an adapter or a policy's plugin can be left out; the rest is there."""
    always = {"ConfigMap", "Deployment", "PodDisruptionBudget", "Service", "ServiceAccount"}
    optional = {"HorizontalPodAutoscaler", "NetworkPolicy", *OPERATORS}
    assert {kind for kind, _ in manifests} == (always if sort == "plain" else always | optional)
    assert {name for _, name in manifests} == {NAME[sort]}


def test_the_parts_fit_together(manifests: Manifests, sort: str) -> None:
    """Whatever picks pods picks these, whatever names a port or a volume names one that is there."""
    labels, spec = pod(manifests)["metadata"]["labels"], pod(manifests)["spec"]
    name, container = NAME[sort], spec["containers"][0]
    picked = [
        manifests["Service", name]["spec"]["selector"],
        manifests["Deployment", name]["spec"]["selector"]["matchLabels"],
        manifests["PodDisruptionBudget", name]["spec"]["selector"]["matchLabels"],
    ]
    assert all(one.items() <= labels.items() and one for one in picked)
    assert {port["targetPort"] for port in manifests["Service", name]["spec"]["ports"]} == {"http"}
    assert [(port["name"], port["containerPort"]) for port in container["ports"]] == [("http", 8000)]
    assert {one["name"] for one in container["volumeMounts"]} == {one["name"] for one in spec["volumes"]}
    assert spec["serviceAccountName"] == manifests["ServiceAccount", name]["metadata"]["name"]


def test_the_router_may_little(manifests: Manifests) -> None:
    """No root, no capability, a root that is read-only, and nothing of Kubernetes' own."""
    spec = pod(manifests)["spec"]
    confined = spec["containers"][0]["securityContext"]
    assert (spec["securityContext"]["runAsNonRoot"], spec["automountServiceAccountToken"]) == (True, False)
    assert (confined["readOnlyRootFilesystem"], confined["allowPrivilegeEscalation"]) == (True, False)
    assert confined["capabilities"] == {"drop": ["ALL"]}


def test_probes_ask_what_the_router_answers(manifests: Manifests) -> None:
    """Whether it lives is one question, whether it can serve another."""
    container = pod(manifests)["spec"]["containers"][0]
    asked = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
    assert asked == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}


def test_the_router_takes_its_configuration(manifests: Manifests, sort: str, tmp_path: Path) -> None:
    """What is in the ConfigMap passes `media-router check`, with the Secret's entries around it."""
    file = tmp_path / "router.yaml"
    file.write_text(manifests["ConfigMap", NAME[sort]]["data"]["router.yaml"])
    done = CliRunner().invoke(app, ["check", "--config", str(file)], env=SECRETS)
    assert done.exit_code == 0, done.output


def test_rules_are_those_of_prometheus(renderer: Path) -> None:
    """As deploy/prometheus has them, annotations untouched; operators find rule and monitor by the labels they pick by."""
    manifests, _ = rendered(renderer, CHART / "ci/full-values.yaml")
    rule, monitor = manifests["PrometheusRule", "edge"], manifests["ServiceMonitor", "edge"]
    place = CHART.parents[1] / "prometheus"
    written = [yaml.safe_load((place / name).read_text())["groups"] for name in ("alerts.yml", "recording.yml")]
    assert rule["spec"]["groups"] == [group for groups in written for group in groups]
    assert {one["metadata"]["labels"]["release"] for one in (rule, monitor)} == {"observed"}
    (endpoint,) = monitor["spec"]["endpoints"]
    assert (endpoint["port"], endpoint["path"], endpoint["interval"]) == ("http", "/metrics", "30s")
    assert {"targetLabel": "job", "replacement": "media-router"} in endpoint["relabelings"]


def test_who_scales(renderer: Path) -> None:
    """With an autoscaler the Deployment has no number of its own, and NOTES tell what the adapter needs; else it has."""
    scaled, told = rendered(renderer)
    fixed, silent = rendered(renderer, CHART / "ci/plain-values.yaml")
    assert "replicas" not in scaled["Deployment", "edge"]["spec"]
    assert scaled["HorizontalPodAutoscaler", "edge"]["spec"]["metrics"][0]["pods"]["metric"]["name"] in told
    assert (fixed["Deployment", "speech"]["spec"]["replicas"], "media_router_in_flight" in silent) == (1, False)


def test_the_adapter_is_told_the_same_twice(renderer: Path) -> None:
    """By the notes of an installation and by the handbook: a rule on a series that the chart scales by."""
    (block,) = blocks(
        textwrap.dedent(README.read_text().partition("this rule:\n\n")[2].partition("\n\n")[0] + "\n"), "yaml"
    )
    (rule,) = yaml.safe_load(block)["rules"]["custom"]
    told = rendered(renderer)[1]
    assert rule["seriesQuery"].startswith("media_router_in_flight{")
    assert all(rule[one] in told for one in ("seriesQuery", "metricsQuery"))


def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
    return found


@pytest.mark.parametrize("name", ["values.yaml", "ci/plain-values.yaml", "ci/full-values.yaml"])
def test_values_keep_to_their_schema(name: str) -> None:
    """Those that are shipped do, each on top of the defaults."""
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    jsonschema.validate({**defaults, **partly(defaults, yaml.safe_load((CHART / name).read_text()))}, schema())


def partly(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay values over defaults, maps into maps."""
    return {
        key: {**under[key], **partly(under[key], value)} if isinstance(value, dict) and under.get(key) else value
        for key, value in over.items()
    }


@pytest.mark.parametrize(
    "wrong",
    [{"replica": 3}, {"replicas": 0}, {"tmp": {"sizeLimit": "4"}}, {"config": {"teams": []}}, {"service": {"type": "Ingress", "port": 80}}],
    ids=str,
)  # fmt: skip
def test_wrong_values_are_refused(wrong: dict[str, Any]) -> None:
    """By the schema, before anything is installed."""
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**defaults, **wrong}, schema())
