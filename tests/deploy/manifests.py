"""What `kubectl apply -k deploy/kuberay` would send, and the schemas that it is checked against."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

__all__ = ["DEPLOY", "Document", "containers", "documents", "kuberay_schema", "pod_specs"]

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"

KUBERAY = "github.com/ray-project/kuberay/ray-operator"
KUBERAY_VERSION = "v1.5.0"
KUBERAY_SUM = "h1:KCjCQ7PSsvs9Ke+90CZbbs498nuaIJ/JkXk4vd54EVg="

Document = dict[str, Any]


@functools.cache
def documents() -> tuple[Document, ...]:
    """All documents, as kustomize writes them."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    made = subprocess.run(
        ["kubectl", "kustomize", str(DEPLOY / "kuberay")], capture_output=True, check=True, text=True, timeout=60
    )
    return tuple(yaml.safe_load_all(made.stdout))


def pod_specs() -> Iterator[tuple[str, Document]]:
    """Every template of pods, with its labels under the key `labels`, by a name for people."""
    for document in documents():
        spec = document.get("spec", {})
        if document["kind"] == "Deployment":
            yield document["metadata"]["name"], _flat(spec["template"])
        elif document["kind"] == "RayCluster":
            yield "head", _flat(spec["headGroupSpec"]["template"])
            yield from ((group["groupName"], _flat(group["template"])) for group in spec["workerGroupSpecs"])


def containers(spec: Document) -> list[Document]:
    """Those of a pod, the ones that run before the others included."""
    return [*spec.get("initContainers", []), *spec["containers"]]


def _flat(template: Document) -> Document:
    return {**template["spec"], "labels": template["metadata"]["labels"]}


@functools.cache
def kuberay_schema() -> Document:
    """The schema of a RayCluster from the operator's own definition, in which no unknown field is let through."""
    if shutil.which("go") is None:
        pytest.skip("go, which fetches KubeRay's definitions, is not installed")
    fetched = subprocess.run(
        ["go", "mod", "download", "-json", f"{KUBERAY}@{KUBERAY_VERSION}"], capture_output=True, text=True, timeout=300
    )
    if fetched.returncode != 0:
        pytest.skip("KubeRay's definitions cannot be fetched")
    found = json.loads(fetched.stdout)
    assert found["Sum"] == KUBERAY_SUM
    path = Path(found["Dir"]) / "config" / "crd" / "bases" / "ray.io_rayclusters.yaml"
    definition = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    (version,) = [entry for entry in definition["spec"]["versions"] if entry["name"] == "v1"]
    schema: Document = _closed(version["schema"]["openAPIV3Schema"])
    return schema


def _closed(schema: Any) -> Any:
    """A field that is not in the schema would be dropped by the server without a word: here it is refused."""
    if isinstance(schema, list):
        return [_closed(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(entry) for name, entry in schema.items()}
    if isinstance(closed.get("properties"), dict) and not closed.get("x-kubernetes-preserve-unknown-fields"):
        closed.setdefault("additionalProperties", False)
    return closed
