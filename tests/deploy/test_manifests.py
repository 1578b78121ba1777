"""The manifests of deploy/kuberay: against the schemas of Kubernetes and KubeRay, and against what they promise."""

from __future__ import annotations

import copy
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
from tests.deploy.manifests import DEPLOY, Document, containers, documents, kuberay_schema, pod_specs

from zkseal.service.settings import load_settings

KUBERNETES = "1.34"


def check(document: Document) -> None:
    """Raises an error of one of the two validators."""
    if document["kind"] == "RayCluster":
        jsonschema.Draft202012Validator(kuberay_schema()).validate(document)
    else:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)


def of_kind(kind: str) -> list[Document]:
    return [document for document in documents() if document["kind"] == kind]


def test_every_manifest_is_of_its_schema() -> None:
    assert {document["kind"] for document in documents()} >= {"RayCluster", "Deployment", "Service", "NetworkPolicy"}
    for document in documents():
        check(document)


@pytest.mark.parametrize("kind", ["RayCluster", "Deployment"])
def test_a_field_that_does_not_exist_is_found(kind: str) -> None:
    for document in of_kind(kind):
        changed = copy.deepcopy(document)
        spec = changed["spec"]
        template = spec["headGroupSpec"]["template"] if kind == "RayCluster" else spec["template"]
        template["spec"]["containers"][0]["livelinessProbe"] = {}
        with pytest.raises((jsonschema.ValidationError, kubernetes_validate.ValidationError)):
            check(changed)


def test_pods_have_no_rights_that_they_do_not_need() -> None:
    for name, spec in pod_specs():
        pod = spec["securityContext"]
        assert (pod["runAsNonRoot"], pod["seccompProfile"]["type"]) == (True, "RuntimeDefault"), name
        assert pod["runAsUser"] > 0, name
        assert spec["automountServiceAccountToken"] is False, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec), name
        assert not any("hostPath" in volume for volume in spec["volumes"]), name
        for container in containers(spec):
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False, name
            assert own["readOnlyRootFilesystem"] is True, name
            assert own["capabilities"] == {"drop": ["ALL"]}, name
            for amount in ("requests", "limits"):
                assert {"cpu", "memory"} <= set(container["resources"][amount]), name
        for container in spec["containers"]:
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container), name


def test_secrets_are_referred_to_and_never_written() -> None:
    assert not of_kind("Secret")
    for name, spec in pod_specs():
        for container in containers(spec):
            for entry in container.get("env", []):
                if any(word in entry["name"] for word in ("TOKEN", "PASSWORD", "SECRET", "MASTER_KEY", "ACCESS_KEY")):
                    assert set(entry) == {"name", "valueFrom"}, name
                    assert set(entry["valueFrom"]) == {"secretKeyRef"}, name


def test_only_the_container_that_makes_certificates_sees_the_authoritys_key() -> None:
    for name, spec in pod_specs():
        seen = {container["name"] for container in containers(spec) for mount in container.get("volumeMounts", [])
                if mount["name"] == "authority"}  # fmt: skip
        assert seen <= {"certificate"}, name


def test_every_member_of_ray_has_a_token_and_tls() -> None:
    members = [spec for _, spec in pod_specs() if spec["labels"].get("zkseal.dev/ray") == "member"]
    assert len(members) == 3
    for spec in members:
        given = {entry["name"]: entry for entry in spec["containers"][0]["env"]}
        assert given["RAY_AUTH_MODE"]["value"] == "token"
        assert given["RAY_USE_TLS"]["value"] == "1"
        assert {"RAY_AUTH_TOKEN", "RAY_TLS_SERVER_CERT", "RAY_TLS_SERVER_KEY", "RAY_TLS_CA_CERT"} <= set(given)


def test_nothing_is_reached_that_no_policy_names() -> None:
    policies = {policy["metadata"]["name"]: policy["spec"] for policy in of_kind("NetworkPolicy")}
    assert policies["deny-all"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for name, spec in policies.items():
        for direction in ("ingress", "egress"):
            for rule in spec.get(direction, []):
                peers = rule["from" if direction == "ingress" else "to"]
                assert peers, name
                assert all(peer for peer in peers), name
    for name in ("ray", "service", "storage"):
        wanted = policies[name]["podSelector"]["matchLabels"].items()
        assert any(wanted <= spec["labels"].items() for _, spec in pod_specs()), name


def test_what_is_referred_to_is_there() -> None:
    maps = {document["metadata"]["name"] for document in of_kind("ConfigMap")}
    for name, spec in pod_specs():
        volumes = {volume["name"] for volume in spec["volumes"]}
        for container in containers(spec):
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes, name
            assert container["image"] == "zkseal:0.1.0", name
        assert {volume["configMap"]["name"] for volume in spec["volumes"] if "configMap" in volume} <= maps, name
    (service,) = of_kind("Service")
    assert any(service["spec"]["selector"].items() <= spec["labels"].items() for _, spec in pod_specs())


def test_the_settings_are_settings_of_the_service() -> None:
    settings = load_settings(DEPLOY / "kuberay" / "service.toml", {})
    (head,) = [document["metadata"]["name"] for document in of_kind("RayCluster")]
    assert settings.worker.ray_address == f"{head}-head-svc:6379"
    (port,) = [
        port for name, spec in pod_specs() if name == "zkseal-service" for port in spec["containers"][0]["ports"]
    ]
    assert settings.http.port == port["containerPort"]


def test_a_pods_certificate_is_of_the_authority_and_names_the_pod(tmp_path: Path) -> None:
    authority, pod = tmp_path / "authority", tmp_path / "pod"
    authority.mkdir()
    pod.mkdir()

    def openssl(*arguments: Any) -> str:
        return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=True, text=True).stdout

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=authority",
            "-days", 2, "-keyout", authority / "tls.key", "-out", authority / "tls.crt")  # fmt: skip
    environment = {
        "PATH": "/usr/bin:/bin",
        "POD_IP": "10.1.2.3",
        "EXTRA_NAMES": "zkseal-ray-head-svc",
        "TLS_POD": str(pod),
        "TLS_AUTHORITY": str(authority),
    }
    subprocess.run(["sh", DEPLOY / "kuberay" / "make-certificate.sh"], env=environment, check=True, timeout=60)
    openssl("verify", "-CAfile", pod / "ca.crt", "-verify_ip", "10.1.2.3", pod / "tls.crt")
    openssl("verify", "-CAfile", pod / "ca.crt", "-verify_hostname", "zkseal-ray-head-svc", pod / "tls.crt")
    assert sorted(path.name for path in pod.iterdir()) == ["ca.crt", "tls.crt", "tls.key"]
    assert (pod / "tls.key").stat().st_mode & 0o077 == 0
