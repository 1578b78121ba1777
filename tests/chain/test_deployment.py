"""Contracts are deployed once, whatever interrupts the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zkseal.chain import deployment, transactions
from zkseal.chain.address_book import AddressBook, Entry
from zkseal.chain.deployment import CORE, created_address, deploy
from zkseal.chain.local import LocalChain, local_chain, local_signer
from zkseal.errors import NotDeployed, NotForChain

OWNER = local_signer(0)


class Stopped(BaseException):
    """The process ends here."""


def test_a_second_run_deploys_nothing(chain: LocalChain, tmp_path: Path) -> None:
    book = AddressBook(tmp_path / "book.json")
    first = deploy(chain.connection, OWNER, book)
    nonce = chain.connection.nonce(OWNER.address)
    assert [entry.name for entry in first] == list(CORE)
    assert all(entry.gas_used > 0 for entry in first)
    second = deploy(chain.connection, OWNER, book)
    assert [(entry.name, entry.address, entry.gas_used) for entry in second] == [
        (entry.name, entry.address, 0) for entry in first
    ]
    assert chain.connection.nonce(OWNER.address) == nonce == len(CORE)


@pytest.mark.parametrize("step", ["before sending", "after sending"])
@pytest.mark.parametrize("contract", range(len(CORE)))
def test_an_interrupted_run_goes_on(
    chain: LocalChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contract: int, step: str
) -> None:
    book = AddressBook(tmp_path / "book.json")
    real, count = transactions.broadcast, 0

    def broadcast(*arguments: Any) -> None:
        nonlocal count
        count += 1
        if step == "after sending" or count <= contract:
            real(*arguments)
        if count > contract:
            raise Stopped

    monkeypatch.setattr(transactions, "broadcast", broadcast)
    with pytest.raises(Stopped):
        deploy(chain.connection, OWNER, book)
    monkeypatch.undo()
    deployed = deploy(chain.connection, OWNER, book)
    assert chain.connection.nonce(OWNER.address) == len(CORE)
    for entry in deployed:
        assert book.address(chain.connection, entry.name) == entry.address
        written = book.entry(31337, entry.name)
        assert written is not None
        assert written.block is not None


def test_a_chain_started_anew_is_deployed_to_again(tmp_path: Path) -> None:
    book = AddressBook(tmp_path / "book.json")
    for _ in range(2):
        with local_chain() as running:
            with pytest.raises(NotDeployed):
                book.address(running.connection, "ModelRegistry")
            deploy(running.connection, OWNER, book)
            assert book.address(running.connection, "ModelRegistry")


def test_other_code_at_the_address_is_not_ours(chain: LocalChain, tmp_path: Path) -> None:
    book = AddressBook(tmp_path / "book.json")
    deploy(chain.connection, OWNER, book, contracts=["ZksealVerifier"])
    entry = book.entry(31337, "ZksealVerifier")
    assert entry is not None
    book.write(31337, "ZksealVerifier", Entry(entry.address, entry.transaction, "0x00", 1))
    with pytest.raises(NotDeployed):
        book.address(chain.connection, "ZksealVerifier")


def test_contracts_are_wired_to_each_other(chain: LocalChain, tmp_path: Path) -> None:
    book = AddressBook(tmp_path / "book.json")
    deploy(chain.connection, OWNER, book)
    at = {name: book.address(chain.connection, name) for name in CORE}
    call = chain.connection.call
    assert call("ModelRegistry", at["ModelRegistry"], "verifier") == at["ZksealVerifier"]
    assert call("InferenceVerifier", at["InferenceVerifier"], "registry") == at["ModelRegistry"]
    assert call("InferenceOracle", at["InferenceOracle"], "inferenceVerifier") == at["InferenceVerifier"]
    assert call("CreditScore", at["CreditScore"], "owner") == OWNER.address


def test_constructor_arguments_by_name(chain: LocalChain, tmp_path: Path) -> None:
    book = AddressBook(tmp_path / "book.json")
    terms = {"maxLoan": 10**21, "rateBps": 500, "term": 86_400, "grace": 3600}
    parameters = {
        "LoanDesk@one": {"asset_": OWNER.address, "terms": terms},
        "LoanDesk@two": {"asset_": OWNER.address, "gate_": "CreditScore", "terms": terms | {"rateBps": 700}},
    }
    # ERC4626 asks the asset for its decimals, and lives without an answer.
    deployed = {entry.name: entry.address for entry in deploy(chain.connection, OWNER, book, parameters)}
    for name, rate in (("LoanDesk@one", 500), ("LoanDesk@two", 700)):
        assert chain.connection.call("LoanDesk", deployed[name], "rateBps") == rate
        assert chain.connection.call("LoanDesk", deployed[name], "gate") == deployed["CreditScore"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"Nothing": {}},
        {"InferenceFeed": {}},
        {"ModelRegistry": {"unknown": 1}},
        {"ModelRegistry": {"verifier_": "0x12"}},
        {"LoanDesk": {}},
        {"LoanDesk": {"asset_": OWNER.address, "terms": 5}},
        {"LoanDesk": {"asset_": OWNER.address, "terms": {"maxLoan": 1}}},
        {"LoanDesk": {"asset_": OWNER.address, "terms": {"maxLoan": -1, "rateBps": 1, "term": 1, "grace": 1}}},
        {"LoanDesk": {"asset_": OWNER.address, "terms": {"maxLoan": "x", "rateBps": 1, "term": 1, "grace": 1}}},
    ],
)
def test_arguments_that_do_not_fit(chain: LocalChain, tmp_path: Path, parameters: dict[str, Any]) -> None:
    with pytest.raises(NotForChain):
        deploy(chain.connection, OWNER, AddressBook(tmp_path / "book.json"), parameters)


def test_an_argument_that_is_not_deployed(chain: LocalChain, tmp_path: Path) -> None:
    with pytest.raises(NotDeployed):
        deploy(chain.connection, OWNER, AddressBook(tmp_path / "book.json"), contracts=["ModelRegistry"])


def test_addresses_are_known_before_creation(chain: LocalChain, tmp_path: Path) -> None:
    book = AddressBook(tmp_path / "book.json")
    deployed = deploy(chain.connection, OWNER, book)
    assert [entry.address for entry in deployed] == [created_address(OWNER.address, n) for n in range(len(CORE))]
    assert deployment.kind_of("LoanDesk@usdc") == "LoanDesk"
