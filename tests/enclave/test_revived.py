"""An enclave that ended, or cannot tell more requests apart, is started anew for as long as it is served."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from tests.enclave.worlds import POLICY, World, sample

from zkseal.broker import BrokerClient
from zkseal.cli.commands.enclave.serve import revived
from zkseal.enclave import DevEnclaveClient, EnclaveHost, EnclaveOptions, application
from zkseal.http_server.server import Server

pytestmark = pytest.mark.native


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_exhausted_enclave_is_started_anew(world: World) -> None:
    options = EnclaveOptions(most_requests=2)
    with world.broker() as broker, EnclaveHost(world.sealed, options=options) as host:
        host.provision(BrokerClient(broker))
        with Server(application(host), "127.0.0.1", 0).in_background() as url:
            client = DevEnclaveClient(url, POLICY)
            first = client.ask(sample())
            assert host.described["status"] == "ready"
            client.ask(sample())
            assert host.described["status"] == "exhausted"
            with revived(host, BrokerClient(broker)):
                until(lambda: host.described["status"] == "ready")
            again = DevEnclaveClient(url, POLICY).ask(sample())
            assert again.claims.boot_epoch != first.claims.boot_epoch


class Failing(BrokerClient):
    """A broker's client that fails once, with an error of no class of this package."""

    failed = False

    def challenge(self) -> bytes:
        if not self.failed:
            self.failed = True
            raise ValueError("text of somebody")
        return super().challenge()


def test_what_fails_is_logged_and_tried_again(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with world.broker() as broker, EnclaveHost(world.sealed) as host:
        host.stop()
        with revived(host, Failing(broker)):
            until(lambda: host.described["status"] == "ready")
    said = capsys.readouterr().err
    assert "text of somebody" not in said
    lines = [json.loads(line) for line in said.splitlines()]
    assert [(line["event"], line.get("code")) for line in lines] == [
        ("not started", "ValueError"),
        ("started anew", None),
    ]
