"""`zkseal broker`: from an empty folder to a verified log; exit codes; assurance in whatever speaks of a result."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.broker.worlds import CONTENT, DEVELOPMENT, NOW, PRODUCTION, Enclave, head_of, sandbox_evidence

from zkseal._native import SigningKey
from zkseal.broker import BrokerClient, BrokerFolder, BrokerOptions
from zkseal.broker.limits import RateLimits
from zkseal.cli import main
from zkseal.cli.parser import build_parser
from zkseal.errors import KeyDenied
from zkseal.sealed import (
    SealedModel,
    SealingTerms,
    create_publisher_key,
    load_publisher_key,
    read_recipient_public_key,
    seal,
)
from zkseal.tee import Assurance, AttestationBundle, load_policy, parse_policy

pytestmark = pytest.mark.native


@dataclass
class Desk:
    """One folder, and the command line in it."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def run(self, *words: str) -> int:
        """Exit code."""
        try:
            return int(main(["broker", *words]) or 0)
        except SystemExit as stop:
            return int(stop.code or 0)

    def json(self, *words: str) -> Any:
        """The object that a command prints, which has to succeed."""
        self.capsys.readouterr()
        assert self.run(*words, "--json") == 0
        return json.loads(self.capsys.readouterr().out)

    @property
    def broker(self) -> str:
        return str(self.folder / "broker")

    def sealed(self, name: str, version: int, policy_digest: bytes, minimum: Assurance) -> Path:
        """A sealed model, to the broker's public key file."""
        path = self.folder / f"{name}-{version}.zks"
        kek = read_recipient_public_key(f"{self.broker}/kek.zkk.pub")
        terms = SealingTerms(name, version, bytes(32), policy_digest, minimum, NOW)
        seal(path, {"proving-key": CONTENT}, terms, load_publisher_key(self.folder / "acme.zkk"), [kek])
        return path


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """With a broker, a publisher and two policies."""
    made = Desk(tmp_path, capsys)
    (tmp_path / "pass").write_text("correct horse\nmore\n")
    assert made.run("init", made.broker, "--passphrase-file", str(tmp_path / "pass")) == 0
    create_publisher_key(tmp_path / "acme.zkk")
    (tmp_path / "production.toml").write_text(PRODUCTION)
    (tmp_path / "development.toml").write_text(DEVELOPMENT)
    return made


def secret(desk: Desk) -> list[str]:
    return ["--passphrase-file", str(desk.folder / "pass")]


def test_models_from_registration_to_revocation(desk: Desk) -> None:
    model = desk.sealed("credit", 2, parse_policy(PRODUCTION).digest, Assurance.SANDBOX)
    policy = ["--policy", str(desk.folder / "production.toml")]
    assert desk.run("add-model", desk.broker, str(model), *policy, *secret(desk)) == 72
    model = desk.sealed("credit", 3, parse_policy(PRODUCTION).digest, Assurance.VTPM_CLOUD)
    publisher = ["--publisher", str(desk.folder / "acme.zkk.pub")]
    added = desk.json("add-model", desk.broker, str(model), *policy, *publisher, *secret(desk))
    assert (added["name"], added["version"], added["assurance"], added["production"]) == (
        "credit",
        3,
        "vtpm_cloud",
        True,
    )
    assert desk.run("add-model", desk.broker, str(model), *policy, *secret(desk)) == 32
    assert desk.json("set-minimum", desk.broker, "credit", "4", *secret(desk))["before"] == 0
    assert desk.run("set-minimum", desk.broker, "credit", "3", *secret(desk)) == 32
    assert desk.json("revoke-model", desk.broker, added["model"], *secret(desk))["assurance"] == "vtpm_cloud"
    assert desk.run("revoke-model", desk.broker, added["model"], *secret(desk)) == 32
    assert desk.run("revoke-model", desk.broker, "xyz", *secret(desk)) == 2
    desk.capsys.readouterr()
    assert desk.run("log", desk.broker, *secret(desk)) == 0
    kinds = [line.split()[2] for line in desk.capsys.readouterr().out.splitlines()]
    assert kinds == ["opened", "model_added", "minimum_raised", "model_revoked"]


def test_a_model_for_development_is_called_so(desk: Desk) -> None:
    model = desk.sealed("toy", 1, parse_policy(DEVELOPMENT).digest, Assurance.SANDBOX)
    desk.capsys.readouterr()
    policy = str(desk.folder / "development.toml")
    assert desk.run("add-model", desk.broker, str(model), "--policy", policy, *secret(desk)) == 0
    shown = desk.capsys.readouterr().out
    assert "assurance sandbox" in shown
    assert "for development" in shown


def test_a_shipped_policy_is_named(desk: Desk) -> None:
    model = desk.sealed("toy", 1, load_policy("development").digest, Assurance.SANDBOX)
    added = desk.json("add-model", desk.broker, str(model), "--policy", "development", *secret(desk))
    assert added["policy_digest"] == load_policy("development").digest.hex()


def test_the_signature_has_to_be_of_the_publisher(desk: Desk) -> None:
    create_publisher_key(desk.folder / "other.zkk")
    model = desk.sealed("credit", 1, parse_policy(PRODUCTION).digest, Assurance.VTPM_CLOUD)
    publisher = ["--publisher", str(desk.folder / "other.zkk.pub")]
    policy = ["--policy", str(desk.folder / "production.toml")]
    assert desk.run("add-model", desk.broker, str(model), *policy, *publisher, *secret(desk)) == 74


def test_keys_are_wanted_with_their_passphrase(desk: Desk) -> None:
    assert desk.run("log", desk.broker) == 53
    (desk.folder / "wrong").write_text("wrong\n")
    assert desk.run("log", desk.broker, "--passphrase-file", str(desk.folder / "wrong")) == 53
    assert desk.run("log", str(desk.folder / "nowhere")) == 92
    assert desk.run("init", desk.broker) == 92


def test_a_log_is_verified_without_the_broker_keys(desk: Desk) -> None:
    checkpoint, export = desk.folder / "checkpoint", desk.folder / "log.jsonl"
    desk.json("set-minimum", desk.broker, "credit", "4", *secret(desk))
    desk.json("log", desk.broker, "--checkpoint", str(checkpoint), "--export", str(export), *secret(desk))
    options = ["--checkpoint", str(checkpoint), "--key", f"{desk.broker}/log.zkk.pub"]
    for log in (desk.broker, str(BrokerFolder(Path(desk.broker)).database), str(export)):
        verified = desk.json("verify-log", log, *options)
        assert (verified["entries"], verified["checkpoints"], verified["key_known"]) == (2, 1, True)
    lines = export.read_text().splitlines()
    export.write_text(lines[0] + "\n")
    assert desk.run("verify-log", str(export)) == 0
    assert desk.run("verify-log", str(export), *options) == 54
    assert "broken at entry 1" in desk.capsys.readouterr().err
    checkpoint.write_bytes(b"x")
    assert desk.run("verify-log", desk.broker, *options) == 45


def test_serving_ends_in_good_order(desk: Desk) -> None:
    """As a process: a key for a sandbox, a denial, SIGTERM; the log has both."""
    path = desk.sealed("toy", 1, parse_policy(DEVELOPMENT).digest, Assurance.SANDBOX)
    policy = ["--policy", str(desk.folder / "development.toml")]
    desk.json("add-model", desk.broker, str(path), *policy, *secret(desk))
    words = [sys.executable, "-m", "zkseal", "broker", "serve", desk.broker, "--port", "0", "--json", *secret(desk)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    started = json.loads(process.stderr.readline())
    assert [model["assurance"] for model in started["models"]] == ["sandbox"]
    client, enclave = (
        BrokerClient(f"http://127.0.0.1:{started['port']}"),
        Enclave(SealedModel.open(path), Assurance.SANDBOX),
    )
    nonce = client.challenge()
    runtime = enclave.runtime(nonce)
    bundle = AttestationBundle(runtime, sandbox_evidence(runtime, SigningKey.generate()))
    released = client.release_development(bundle, *head_of(enclave.model))
    assert enclave.content(released, nonce) == CONTENT
    with pytest.raises(KeyDenied):
        client.release_development(bundle, *head_of(enclave.model))
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert json.loads(out)["events"] == {"serving": 1, "released": 1, "denied": 1, "stopped": 1}
    for line in err.splitlines():
        event = json.loads(line)
        if event["event"] in ("released", "denied"):
            assert "assurance" in event
    assert desk.json("verify-log", desk.broker)["released_by_assurance"] == {"sandbox": 1}
    desk.capsys.readouterr()
    assert desk.run("log", desk.broker, "--after", "1", *secret(desk)) == 0
    for line in desk.capsys.readouterr().out.splitlines():
        assert "assurance" in line


def test_defaults_of_the_command_are_those_of_the_service() -> None:
    options = build_parser().parse_args(["broker", "serve", "folder"])
    limits = RateLimits()
    assert (options.client_rate, options.rate, options.client_at_once) == (
        limits.per_client_s,
        limits.global_s,
        limits.client_at_once,
    )
    assert (options.max_request, options.body_timeout) == (limits.max_release_bytes, limits.body_timeout_s)
    assert options.nonce_lifetime == BrokerOptions().nonce_lifetime_s
