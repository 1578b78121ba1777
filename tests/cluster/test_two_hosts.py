"""Two network namespaces as two hosts: keys and inputs cross a wire, and what somebody on it can read."""

from __future__ import annotations

import datetime
import ipaddress
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("ray")

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.cluster.two_hosts import HEAD, NODE, two_namespaces
from tests.cluster.worlds import FULL

from zkseal.executors import KeyFile
from zkseal.proving import VerifyingKey

PROGRAM = Path(__file__).with_name("two_hosts.py")

pytestmark = pytest.mark.skipif(not FULL, reason="takes minutes: make test-ray")


@pytest.fixture
def folder(key_file: tuple[KeyFile, VerifyingKey], inputs: npt.NDArray[np.float32]) -> Iterator[Path]:
    """A model and an input that is looked for on the wire. Sockets of Ray are in it: its path is short."""
    with tempfile.TemporaryDirectory(prefix="zkseal-", dir="/tmp") as name:
        (Path(name) / "model.zkp").write_bytes(key_file[0].path.read_bytes())
        np.save(Path(name) / "marked.npy", inputs[:1])
        yield Path(name)


def proved_on_the_other_host(folder: Path, **environment: str) -> dict[str, Any]:
    """What `two_hosts.py` found."""
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "PYTHONPATH": os.pathsep.join(sys.path)}
    try:
        with two_namespaces() as (head, node):
            done = subprocess.run(
                ["ip", "netns", "exec", head, sys.executable, str(PROGRAM), str(folder), node],
                env={**os.environ, **token, **environment},
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
    except (subprocess.CalledProcessError, FileNotFoundError):
        pytest.skip("this machine lets nobody make network namespaces")
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_worker_on_another_host_proves_with_a_key_that_was_sent_there(folder: Path) -> None:
    found = proved_on_the_other_host(folder)
    print(found)
    digest = KeyFile.of(folder / "model.zkp").digest.hex()
    assert (found["verified"], found["key_sent_to_node"]) == ("wire", [f"{digest}.zkp"])
    # Why the guide asks for TLS: a token keeps strangers out, and hides nothing.
    assert found["input_on_wire"]
    assert found["weights_on_wire"]


def test_with_tls_neither_inputs_nor_weights_are_on_the_wire(folder: Path) -> None:
    found = proved_on_the_other_host(folder, **tls(folder))
    print(found)
    assert found["verified"] == "wire"
    assert found["bytes_on_wire"] > 100_000
    assert not found["input_on_wire"]
    assert not found["weights_on_wire"]


def tls(folder: Path) -> dict[str, str]:
    """Settings of Ray, with a certificate for both hosts of an authority of its own."""
    authority, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]) for name in ("authority", "node")]
    now = datetime.datetime.now(datetime.UTC)

    def certificate(number: int, key: ec.EllipticCurvePublicKey, extension: x509.ExtensionType) -> bytes:
        builder = x509.CertificateBuilder().subject_name(names[number]).issuer_name(names[0]).public_key(key)
        builder = builder.serial_number(number + 1).not_valid_before(now - datetime.timedelta(hours=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=1)).add_extension(extension, critical=True)
        return builder.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    hosts = [x509.IPAddress(ipaddress.ip_address(address)) for address in (HEAD, NODE, "127.0.0.1")]
    files = {
        "RAY_TLS_CA_CERT": certificate(0, authority.public_key(), x509.BasicConstraints(ca=True, path_length=0)),
        "RAY_TLS_SERVER_CERT": certificate(1, leaf.public_key(), x509.SubjectAlternativeName(hosts)),
        "RAY_TLS_SERVER_KEY": leaf.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    }
    for name, contents in files.items():
        (folder / name).write_bytes(contents)
    return {"RAY_USE_TLS": "1", **{name: str(folder / name) for name in files}}
