"""What can go wrong on the way to a node, as errors that say what to do, and hold no secrets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from eth_account import Account

from zkseal.chain.accounts import Signer
from zkseal.chain.connection import Fees, address_of, connect
from zkseal.chain.failures import shown_url
from zkseal.chain.local import LocalChain, local_chain, local_signer
from zkseal.chain.transactions import TRANSACTION_GAS_CAP, Call, gas_for, send, settle, sign
from zkseal.errors import (
    GasCapExceeded,
    NodeRefused,
    NodeUnreachable,
    NotDeployed,
    NotForChain,
    OutOfFunds,
    TransactionPending,
    TransactionReverted,
    WrongChain,
)

SECRET = "s3cret-key-of-a-hosted-node"


class NotANode(BaseHTTPRequestHandler):
    """Answers with the status in the path and a page."""

    def do_POST(self) -> None:
        self.send_response(int(self.path.split("/")[1]))
        self.end_headers()
        self.wfile.write(b"<html>no node</html>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def website() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), NotANode) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_nothing_listens() -> None:
    with pytest.raises(NodeUnreachable) as caught:
        connect(f"http://127.0.0.1:9/{SECRET}")
    assert SECRET not in str(caught.value.to_dict())
    assert caught.value.url == "http://127.0.0.1:9"


@pytest.mark.parametrize("url", ["127.0.0.1:8545", "ws://127.0.0.1", "file:///etc/passwd", ""])
def test_no_url_of_a_node(url: str) -> None:
    with pytest.raises(NodeUnreachable):
        connect(url)


@pytest.mark.parametrize("status", [200, 401, 500])
def test_another_server(website: str, status: int) -> None:
    with pytest.raises(NodeRefused) as caught:
        connect(f"{website}/{status}/{SECRET}")
    assert SECRET not in str(caught.value.to_dict())


def test_urls_are_shown_without_what_may_be_secret() -> None:
    assert shown_url(f"https://user:{SECRET}@node.example:8545/v3/{SECRET}?k={SECRET}") == "https://node.example:8545"


def test_another_chain(chain: LocalChain) -> None:
    with pytest.raises(WrongChain) as caught:
        connect(chain.url, chain_id=1)
    assert (caught.value.expected, caught.value.got) == (1, 31337)


def test_no_contract_at_the_address(chain: LocalChain) -> None:
    with pytest.raises(NotDeployed):
        chain.connection.call("ModelRegistry", local_signer(0).address, "getModel", 1)


def test_no_contract_to_call(chain: LocalChain) -> None:
    assert chain.connection.code_hash(local_signer(0).address) is None
    assert chain.connection.block(10**9) is None


def test_an_account_without_ether(chain: LocalChain) -> None:
    poor = Signer.of(Account.from_key(b"\x11" * 32))
    rich = local_signer(0)
    with pytest.raises(OutOfFunds) as caught:
        send(chain.connection, poor, Call(rich.address, b"", "a payment", value_wei=10**18))
    assert caught.value.account == poor.address
    with pytest.raises(OutOfFunds):
        send(chain.connection, poor, Call(rich.address, b"", "nothing"))


@pytest.mark.parametrize("text", ["", "0x12", "deadbeef" * 5 + "g", "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92267Z"])
def test_no_address(text: str) -> None:
    with pytest.raises(NotForChain):
        address_of(text)


def test_a_mistyped_address() -> None:
    right = local_signer(0).address
    assert address_of(right.lower()) == right
    wrong = right[:-1] + ("1" if right[-1] != "1" else "2")
    with pytest.raises(NotForChain):
        address_of(wrong)


LOOPS_FOR_EVER = bytes.fromhex("5b600056")
TOUCHES_3_MB = bytes.fromhex("6000622e63005200")  # one word behind 95,000 others: 18 million gas


@pytest.mark.parametrize("code", [TOUCHES_3_MB, LOOPS_FOR_EVER], ids=["much", "without end"])
def test_more_gas_than_a_transaction_may_use(chain: LocalChain, code: bytes) -> None:
    with pytest.raises(GasCapExceeded) as caught:
        gas_for(chain.connection, local_signer(0).address, Call(None, code, "a creation"))
    assert caught.value.cap == TRANSACTION_GAS_CAP == 16_777_216
    assert caught.value.got > TRANSACTION_GAS_CAP


def test_fees_rise_enough_to_replace() -> None:
    fees = Fees(100, 10)
    raised = fees.raised(20)
    assert raised.max_fee_wei >= 120
    assert raised.tip_wei is not None
    assert raised.tip_wei >= 12
    assert Fees(5, None).raised(20).fields() == {"gasPrice": 7}
    assert raised.at_least(Fees(1000, 1)) == Fees(1000, raised.tip_wei)


def test_a_transaction_that_waits_is_replaced_under_its_nonce() -> None:
    with local_chain(options=("--no-mining",)) as running:
        connection, signer = running.connection, local_signer(0)
        miner = threading.Timer(2.5, lambda: running.ask("anvil_mine", "0x1"))
        miner.start()
        receipt = send(connection, signer, Call(local_signer(1).address, b"", "a payment", 1), bump_after_s=1.0)
        miner.join()
        assert receipt["status"] == 1
        assert connection.nonce(signer.address) == 1
        assert connection.nonce(signer.address, "pending") == 1


def test_a_transaction_that_is_not_mined_is_reported_and_then_waited_for() -> None:
    with local_chain(options=("--no-mining",)) as running:
        connection, signer = running.connection, local_signer(0)
        call = Call(local_signer(1).address, b"", "a payment", 1)
        with pytest.raises(TransactionPending) as caught:
            send(connection, signer, call, timeout_s=0.5)
        assert caught.value.transaction is not None
        with pytest.raises(TransactionPending):
            settle(connection, signer.address, timeout_s=0.2)
        running.ask("anvil_mine", "0x1")
        settle(connection, signer.address)


def test_a_failed_transaction_says_why(chain: LocalChain) -> None:
    """It passed when it was estimated, and failed when it was mined."""
    from zkseal.chain.transactions import broadcast, require_success

    connection, signer = chain.connection, local_signer(0)
    # A contract that always reverts with Error("no").
    reason = bytes.fromhex("08c379a0") + (32).to_bytes(32, "big") + (2).to_bytes(32, "big") + b"no".ljust(32, b"\0")
    runtime = bytes.fromhex("6064600c60003960646000fd") + reason
    creation = bytes.fromhex(f"60{len(runtime):02x}600c60003960{len(runtime):02x}6000f3") + runtime
    address = send(connection, signer, Call(None, creation, "creation"))["contractAddress"]
    call = Call(address, b"", "Refuser.refuse")
    with pytest.raises(TransactionReverted) as caught:
        send(connection, signer, call)
    assert (caught.value.error, caught.value.arguments) == ("Error", {"reason": "no"})
    signed = sign(connection, signer, call, nonce=1, gas=100_000, fees=connection.fees())
    broadcast(connection, signed, call, signer.address)
    settle(connection, signer.address)
    receipt = connection.receipt(signed.hash)
    assert receipt is not None
    with pytest.raises(TransactionReverted) as caught:
        require_success(connection, receipt, call, signer.address)
    assert caught.value.error == "Error"
    assert caught.value.transaction == signed.hash
