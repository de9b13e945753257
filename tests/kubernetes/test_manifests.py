"""
What is for Kubernetes: made from the same sources as everything else, and fit together.
"""

import json
from pathlib import Path
from typing import Any

import yaml

from paceline.grafana.dashboard_files import config_maps
from support.dashboards import FILES, GRAFANA

_ROOT = Path(__file__).parents[2]
_FOLDER = _ROOT / "kubernetes"
_LABEL = {"app.kubernetes.io/name": "paceline"}


def _read(name: str) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all((_FOLDER / name).read_text("utf-8")) if one is not None]


def _one(name: str, kind: str) -> dict[str, Any]:
    (found,) = (one for one in _read(name) if one["kind"] == kind)
    return found


def _container() -> dict[str, Any]:
    (container,) = _one("exporter.yml", "Deployment")["spec"]["template"]["spec"]["containers"]
    found: dict[str, Any] = container
    return found


def _endpoints() -> dict[str, dict[str, Any]]:
    return {one["path"]: one for one in _one("servicemonitor.yml", "ServiceMonitor")["spec"]["endpoints"]}


def test_rules_are_those_of_the_files() -> None:
    """
    Each group of each file, once.
    """
    files = [*_ROOT.glob("prometheus/rules/*.rules.yml"), *_ROOT.glob("alerts/*.rules.yml")]
    groups = [group for path in files for group in yaml.safe_load(path.read_text("utf-8"))["groups"]]
    made = [group for one in _read("rules.yml") for group in one["spec"]["groups"]]

    assert sorted(made, key=str) == sorted(groups, key=str)
    assert {one["kind"] for one in _read("rules.yml")} == {"PrometheusRule"}


def _generated() -> list[dict[str, Any]]:
    """
    The ConfigMaps that kustomize makes of the dashboards.
    """
    (folder,) = (_FOLDER / one for one in _one("kustomization.yml", "Kustomization")["resources"] if ".." in one)
    kustomization = yaml.safe_load((folder / "kustomization.yml").read_text("utf-8"))
    options = kustomization["generatorOptions"]
    assert options["disableNameSuffixHash"] is True
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": one["name"],
                "labels": options["labels"],
                "annotations": options["annotations"],
            },
            "data": {Path(name).name: (folder / name).read_text("utf-8") for name in one["files"]},
        }
        for one in kustomization["configMapGenerator"]
    ]


def test_dashboards_come_from_one_place() -> None:
    """
    kustomize makes the ConfigMaps that `paceline grafana write --format configmap` writes, of all dashboards.
    """
    written = [one for one in yaml.safe_load_all(config_maps()["dashboards.yml"]) if one]
    maps = _generated()

    assert [name for one in maps for name in one["data"]] == [path.name for path in FILES]
    assert [_parsed(one) for one in maps] == [_parsed(one) for one in written]


def _parsed(config_map: dict[str, Any]) -> dict[str, Any]:
    return {**config_map, "data": {name: json.loads(text) for name, text in config_map["data"].items()}}


def test_kustomize_reads_no_file_outside_of_its_root() -> None:
    """
    A kustomization may include another folder, and a generator may read only files below its own kustomization.
    """
    kustomizations = [path for path in (_ROOT / "kubernetes", GRAFANA) for path in path.glob("kustomization.*")]
    files = [
        (path.parent / name).resolve().is_relative_to(path.parent)
        for path in kustomizations
        for generator in yaml.safe_load(path.read_text("utf-8")).get("configMapGenerator", [])
        for name in generator["files"]
    ]

    assert len(files) == len(FILES)
    assert all(files)


def test_kubectl_can_apply_each_dashboard() -> None:
    """
    kubectl keeps the manifest in an annotation, for which Kubernetes admits 256 KiB.
    """
    assert max(len(json.dumps(one)) for one in _generated()) < 1 << 18


def test_the_exporter_waits_for_its_tokens() -> None:
    """
    A pod reads a secret when it starts: one that may be missing would leave the exporter open to all of the cluster.
    """
    (tokens,) = (one["valueFrom"]["secretKeyRef"] for one in _container()["env"] if one["name"] == "PACELINE_TOKENS")

    assert tokens == {"name": "paceline-tokens", "key": "tokens"}


def test_names_are_used_once() -> None:
    """
    Of each kind, and all are Paceline's.
    """
    manifests = [name for name in _one("kustomization.yml", "Kustomization")["resources"] if ".." not in name]
    resources = [*_generated(), *(one for name in manifests for one in _read(name))]
    names = [(one["kind"], one["metadata"]["name"]) for one in resources]

    assert len(set(names)) == len(names)
    assert all(one["metadata"]["labels"].items() >= _LABEL.items() for one in resources)


def test_every_manifest_is_in_the_kustomization() -> None:
    """
    And the image that it renames is the one that is deployed, which is that of docker-compose.yml.
    """
    kustomization = _one("kustomization.yml", "Kustomization")
    (image,) = kustomization["images"]
    compose = yaml.safe_load((_ROOT / "docker-compose.yml").read_text("utf-8"))

    assert {*kustomization["resources"], "kustomization.yml"} == {path.name for path in _FOLDER.iterdir()} | {
        "../grafana"
    }
    assert _container()["image"] == f"{image['name']}:{image['newTag']}" == compose["services"]["exporter"]["image"]


def test_the_container_may_do_nothing_that_it_need_not() -> None:
    """
    The user and the folder of the image, no root, nothing to write but that folder and /tmp.
    """
    pod = _one("exporter.yml", "Deployment")["spec"]["template"]["spec"]
    mounts = {one["mountPath"]: one["name"] for one in _container()["volumeMounts"]}
    dockerfile = (_ROOT / "Dockerfile").read_text("utf-8")

    assert (pod["securityContext"]["runAsNonRoot"], pod["automountServiceAccountToken"]) == (True, False)
    assert f"USER {pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}\n" in dockerfile
    assert _container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(mounts) == {"/var/lib/paceline", "/tmp"}
    assert {one["name"] for one in pod["volumes"]} == set(mounts.values())
    assert "VOLUME /var/lib/paceline\n" in dockerfile


def test_what_is_named_is_there() -> None:
    """
    The claim, the port from the exporter to what scrapes it, and the labels that find one another.
    """
    claims = [one["persistentVolumeClaim"]["claimName"] for one in _volumes() if "persistentVolumeClaim" in one]
    (port,) = _one("exporter.yml", "Service")["spec"]["ports"]
    probes = [_container()[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")]

    assert claims == [_one("exporter.yml", "PersistentVolumeClaim")["metadata"]["name"]]
    assert _container()["ports"] == [{"name": port["targetPort"], "containerPort": port["port"]}]
    assert {one["port"] for one in (*probes, *_endpoints().values())} == {port["name"]}
    assert {one["path"] for one in probes} == {"/-/ready", "/-/healthy"}
    assert _one("exporter.yml", "Service")["spec"]["selector"] == _LABEL
    assert _one("exporter.yml", "Deployment")["spec"]["selector"]["matchLabels"] == _LABEL
    assert _one("servicemonitor.yml", "ServiceMonitor")["spec"]["selector"]["matchLabels"] == _LABEL


def _volumes() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _one("exporter.yml", "Deployment")["spec"]["template"]["spec"]["volumes"]
    return found


def test_both_channels_are_scraped_as_elsewhere() -> None:
    """
    At the paths, names, and intervals of prometheus.yml; the past of a test does not end with a pod.
    """
    settings = yaml.safe_load((_ROOT / "prometheus" / "prometheus.yml").read_text("utf-8"))
    of_exporter = [one for one in settings["scrape_configs"] if one["job_name"].startswith("paceline")]
    jobs = {one.get("metrics_path", "/metrics"): one["job_name"] for one in of_exporter}
    replaced = {
        path: {one["targetLabel"]: one["replacement"] for one in found["relabelings"] if "targetLabel" in one}
        for path, found in _endpoints().items()
    }

    assert {path: labels["job"] for path, labels in replaced.items()} == jobs
    assert {found["interval"] for found in _endpoints().values()} == {settings["global"]["scrape_interval"]}
    assert _endpoints()["/metrics/runs"]["honorTimestamps"] is True
    assert _endpoints()["/metrics/runs"]["metricRelabelings"] == [
        {"targetLabel": "instance", "replacement": "paceline"},
        {"action": "labeldrop", "regex": "pod"},
    ]
