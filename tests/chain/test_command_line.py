"""`zkseal chain ..`: from nothing to an answered request, and errors with codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.chain.command_line import Desk
from tests.chain.worlds import Model

from zkseal import cli
from zkseal.chain.local import LocalChain, local_chain, local_signer
from zkseal.errors import (
    FileUnavailable,
    GasCapExceeded,
    InvalidEncoding,
    KeystoreRejected,
    MissingDependency,
    NodeUnreachable,
    NotDeployed,
    NotForChain,
    RequestUnanswered,
    TransactionReverted,
    WrongChain,
)
from zkseal.evm.programs import programs


@pytest.fixture(scope="module")
def running() -> Iterator[LocalChain]:
    with local_chain() as chain:
        yield chain


@pytest.fixture(scope="module")
def desk(
    running: LocalChain, tmp_path_factory: pytest.TempPathFactory, hidden_model: Model, public_model: Model
) -> Desk:
    made = Desk(tmp_path_factory.mktemp("desk"), running.url)
    made.put_keys("hidden", hidden_model)
    made.put_keys("public", public_model)
    for index, name in enumerate(("owner", "user", "node")):
        made.put_account(name, local_signer(index))
    np.save(made.folder / "hidden.npy", hidden_model.inputs[0])
    np.save(made.folder / "public.npy", public_model.inputs[0])
    return made


def test_from_nothing_to_an_answered_request(
    desk: Desk, capsys: pytest.CaptureFixture[str], public_model: Model, hidden_model: Model
) -> None:
    deployed = desk.run(capsys, "deploy", "owner")
    assert set(deployed["contracts"]) >= {"ZksealVerifier", "InferenceOracle"}
    again = desk.run(capsys, "deploy", "owner")
    assert all(entry["gas_used"] == 0 for entry in again["contracts"].values())

    for name, model in (("hidden", hidden_model), ("public", public_model)):
        registered = desk.run(capsys, "register", "owner", str(desk.folder / f"{name}.zkv"), "--uri", "ipfs://x")
        assert registered["model_id"] == f"0x{programs(model.verifying_key).model_id:064x}"
        assert registered["owned"]
        assert len(registered["gas_used"]) == 4

    key, row = str(desk.folder / "hidden.zkp"), str(desk.folder / "hidden.npy")
    dry = desk.run(capsys, "submit", "user", key, row, "--dry-run")
    assert not dry["sent"]
    assert not (desk.folder / "hidden.zko").exists()
    sent = desk.run(capsys, "submit", "user", key, row, "--subject", "0x" + "ab" * 32, "--nonce", "3", "--store")
    assert sent["gas_used"] > 100_000
    assert sent["outputs"] == dry["outputs"]
    assert (desk.folder / "hidden.zko").stat().st_mode & 0o077 == 0

    # The request is answered by a node that is started later, and waited for by a third command.
    asked = desk.run(
        capsys, "request", "user", str(desk.folder / "public.zkv"), str(desk.folder / "public.npy"), "--fee-wei", "77"
    )
    served = desk.run(
        capsys,
        "serve-oracle",
        "node",
        str(desk.folder / "public.zkp"),
        *("--once", "--poll", "0.1", "--at-a-loss", "--queue", str(desk.folder / "queue.db")),
    )
    assert served["events"]["answered"] == 1
    assert served["requests"] == {"answered": 1}
    assert asked["request_id"] == 1


def test_text_for_people(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(desk.arguments("deploy", "owner")) == 0
    assert "was there" in capsys.readouterr().out
    assert cli.main(["chain", "gas", str(desk.folder / "hidden.zkv")]) == 0
    shown = capsys.readouterr().out
    assert "osaka" in shown
    assert "total" in shown


def test_waiting_for_an_answer(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    node = desk.start(
        "serve-oracle",
        "node",
        str(desk.folder / "public.zkp"),
        *("--poll", "0.1", "--at-a-loss", "--queue", str(desk.folder / "queue.db")),
    )
    try:
        answer = desk.run(
            capsys,
            "request",
            "user",
            str(desk.folder / "public.zkv"),
            str(desk.folder / "public.npy"),
            *("--wait", "--timeout", "60"),
        )
        node.terminate()
        _, log = node.communicate(timeout=30)
    finally:
        node.kill()
        node.communicate()
    assert answer["values"][:3] == np.load(desk.folder / "public.npy").astype(int).tolist()
    assert answer["outputs"]["label"] == answer["values"][3:]
    assert answer["payee"] == local_signer(2).address
    assert node.returncode == 0, "SIGTERM ends it in good order"
    assert '"event": "stopped"' in log


def test_gas_is_predicted_for_every_fork(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    predicted = desk.run(capsys, "gas", None, str(desk.folder / "hidden.zkp"))
    assert set(predicted["gas"]) == {"cancun", "prague", "osaka"}
    for items in predicted["gas"].values():
        for kind in ("inference", "model_proof"):
            assert items[kind]["total"] == sum(gas for name, gas in items[kind].items() if name != "total")
    one = desk.run(capsys, "gas", None, str(desk.folder / "hidden.zkv"), "--fork", "osaka")
    assert set(one["gas"]) == {"osaka"}


def test_a_model_beyond_the_cap_is_refused(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zkseal.chain.gas.TRANSACTION_GAS_CAP", 1000)
    reported = desk.refused(capsys, GasCapExceeded, desk.arguments("gas", None, str(desk.folder / "hidden.zkv")))
    assert reported["fields"]["cap"] == 1000


def test_errors_have_codes(desk: Desk, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    key, row = str(desk.folder / "hidden.zkp"), str(desk.folder / "hidden.npy")
    nowhere = Desk(tmp_path, "http://127.0.0.1:9")
    nowhere.put_account("user", local_signer(1))
    desk.refused(capsys, NodeUnreachable, nowhere.arguments("deploy", "user"))
    desk.refused(capsys, WrongChain, [*desk.arguments("deploy", "user"), "--chain-id", "1"])
    elsewhere = Desk(tmp_path, desk.rpc)
    desk.refused(capsys, NotDeployed, elsewhere.arguments("submit", "user", key, row))
    desk.refused(capsys, FileUnavailable, desk.arguments("deploy", "nobody"))
    desk.refused(capsys, NotForChain, [*desk.arguments("deploy", "user"), "--contracts", "Nothing"])
    (tmp_path / "wrong").write_text("wrong")
    words = [*desk.arguments("deploy", "user"), "--password-file", str(tmp_path / "wrong")]
    desk.refused(capsys, KeystoreRejected, words)
    (tmp_path / "parameters.json").write_text("[]")
    desk.refused(
        capsys, InvalidEncoding, [*desk.arguments("deploy", "user"), "--parameters", str(tmp_path / "parameters.json")]
    )
    words = [*desk.arguments("submit", "user", key, row), "--valid-for", "-10"]
    assert desk.refused(capsys, TransactionReverted, words)["fields"]["error"] == "DeadlinePassed"
    words = desk.arguments("request", "user", str(desk.folder / "public.zkv"), str(desk.folder / "public.npy"))
    desk.refused(capsys, RequestUnanswered, [*words, "--wait", "--timeout", "0.1"])


def test_a_password_is_asked_of_nobody(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    words = desk.arguments("deploy", "user")
    at = words.index("--password-file")
    reported = desk.refused(capsys, KeystoreRejected, [*words[:at], *words[at + 2 :]])
    assert reported["fields"]["reason"] == "no password"


def test_without_web3(desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    reported = desk.refused(capsys, MissingDependency, desk.arguments("deploy", "user"))
    assert reported["fields"]["package"] == "web3"


@pytest.mark.parametrize(
    "words",
    [
        ["chain"],
        ["chain", "deploy"],
        ["chain", "deploy", "--rpc", "http://127.0.0.1:9"],
        ["chain", "submit", "k", "i", "--rpc", "http://x", "--keystore", "k", "--subject", "12"],
        ["chain", "deploy", "--rpc", "http://x", "--keystore", "k", "--password", "secret"],
        ["chain", "deploy", "--rpc", "http://x", "--private-key", "0x12"],
    ],
)
def test_wrong_command_lines(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 2
