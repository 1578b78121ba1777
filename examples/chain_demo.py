"""`make demo-chain`: contracts that act on what private models say, on a real local chain.

Starts anvil, deploys the contracts, registers three scikit-learn models with hidden weights, and shows: an inference
with hidden input verified, an oracle request answered by a running node, a loan drawn by who qualifies and refused to
who does not, a vote that counts with its proof and not without, an order that is executed and a forged one that is not.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from eth_abi.abi import encode
from eth_account import Account
from eth_utils.crypto import keccak

import zkseal
from zkseal import files
from zkseal.chain.accounts import Signer
from zkseal.chain.address_book import AddressBook
from zkseal.chain.contracts import Artifact
from zkseal.chain.credit import CreditData
from zkseal.chain.deployment import create, deploy
from zkseal.chain.encoding import public_values
from zkseal.chain.inference import Inference, check_commitment, commit, encode_inputs
from zkseal.chain.local import LocalChain, local_chain, local_signer
from zkseal.chain.registration import register
from zkseal.chain.request import OracleRequest, ask, wait_for_answer
from zkseal.chain.submission import Submission, prove_for, submit
from zkseal.chain.transactions import Receipt, transact
from zkseal.errors import TransactionReverted
from zkseal.evm.programs import programs
from zkseal.pipeline.interface import Interface

ROOT = Path(__file__).resolve().parents[1]
POWERS = ROOT / "fixtures" / "srs" / "kzg10-bn254-aztec-srs-32768.bin"
STAND_INS = ROOT / "examples" / "contracts"

AGAINST, FOR = 0, 1
DAY = 86_400
USD = 10**6
LOT = 10**6 * 10**18  # what an order counts: a million tokens


# Models. --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Model:
    """Keys of a model, and inputs that it was not trained on."""

    proving_key: zkseal.ProvingKey = field(repr=False)
    verifying_key: zkseal.VerifyingKey = field(repr=False)
    unseen: npt.NDArray[np.float32] = field(repr=False)

    @property
    def id(self) -> int:
        """Its id in every registry."""
        return programs(self.verifying_key).model_id

    def label(self, row: npt.NDArray[Any]) -> int:
        """What it says about a row."""
        name = self.proving_key.program.inputs[0].name
        return int(self.proving_key.program.predict({name: np.asarray(row, np.float32).reshape(1, -1)})["label"][0])


def trained(estimator: Any, rows: npt.NDArray[Any], labels: npt.NDArray[Any], **visibility: Any) -> Model:
    """Trains on most rows, and makes keys from the powers of tau of a public ceremony."""
    rows = rows.astype(np.float32)
    cut = len(rows) - 100
    model = zkseal.compile(estimator.fit(rows[:cut], labels[:cut]), rows[:200], select="label", **visibility)
    return Model(*zkseal.setup(model, opening="kzg", srs=files.load_srs(POWERS)), rows[cut:])


def train_models() -> dict[str, Model]:
    """A credit model (hidden input), a voting policy and a trading strategy (public input); all weights are hidden."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    rng = np.random.default_rng(4)
    people = rng.normal(size=(1200, 8))
    repaid = (people @ rng.normal(size=8) + np.sin(2 * people[:, 0]) + rng.normal(0, 0.4, 1200) > 0.3).astype(int)
    credit = MLPClassifier((12,), solver="lbfgs", alpha=1.0, max_iter=2000, random_state=1)

    # A grant in thousands of dollars, the team's past deliveries in percent, months of runway that it would buy.
    grants = np.stack([rng.integers(5, 500, 900), rng.integers(0, 101, 900), rng.integers(1, 37, 900)], axis=1)
    decisions = (2 * grants[:, 1] + 3 * grants[:, 2] - grants[:, 0] > 20).astype(int)

    # Three prices; the order follows the trend, by one or two lots.
    prices = 6000 + np.cumsum(rng.integers(-90, 91, size=(900, 3)), axis=1)
    trend = prices[:, 2] - prices[:, 0]
    orders = np.sign(trend) * (1 + (np.abs(trend) > 75)) * (np.abs(trend) > 25)
    return {
        "credit": trained(credit, people, repaid),
        "policy": trained(LogisticRegression(max_iter=5000), grants, decisions, inputs="public"),
        "strategy": trained(LogisticRegression(max_iter=5000), prices, orders, inputs="public"),
    }


# The chain. -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Desk:
    """A chain with accounts by name, an address book, and contracts that stand for those of others (tokens, feed)."""

    chain: LocalChain
    book: AddressBook
    people: dict[str, Signer]

    def address(self, name: str) -> str:
        """A contract of zkseal."""
        return self.book.address(self.chain.connection, name)

    def now(self) -> int:
        """Time on the chain."""
        return self.chain.connection.head().timestamp

    def stand_in(self, name: str, *arguments: Any) -> StandIn:
        """Deploys a token, feed or exchange."""
        artifact = Artifact.from_json((STAND_INS / f"{name}.json").read_text())
        return StandIn(self, artifact, create(self.chain.connection, self.people["owner"], artifact, *arguments)[0])

    def send(self, who: str, contract: str, function: str, *arguments: Any) -> Receipt:
        """A transaction to a contract of zkseal."""
        kind = contract.partition("@")[0]
        return transact(self.chain.connection, self.people[who], kind, self.address(contract), function, *arguments)

    def read(self, contract: str, function: str, *arguments: Any) -> Any:
        """What a contract of zkseal answers."""
        return self.chain.connection.call(contract, self.address(contract), function, *arguments)

    def prove(self, inference: Inference, consumer: str, subject: bytes, nonce: int | None = None) -> Submission:
        """Proves an inference for a contract, for an hour."""
        return prove_for(
            self.chain.connection,
            self.book,
            inference,
            consumer=consumer,
            subject=subject,
            nonce=nonce,
            deadline=self.now() + 3600,
        )


@dataclass(frozen=True)
class StandIn:
    """A contract that is not zkseal's."""

    desk: Desk
    artifact: Artifact
    address: str

    def send(self, who: str, function: str, *arguments: Any) -> Receipt:
        """A transaction."""
        return transact(
            self.desk.chain.connection, self.desk.people[who], self.artifact, self.address, function, *arguments
        )

    def read(self, function: str, *arguments: Any) -> Any:
        """A call."""
        return self.desk.chain.connection.call(self.artifact, self.address, function, *arguments)


def told(what: str, came_of_it: str) -> None:
    """One line of the demo."""
    print(f"  {what:<50}{came_of_it}", flush=True)


def gas(receipt: Receipt) -> str:
    """Gas of a transaction."""
    return f"{receipt['gasUsed']:,} gas"


def refusal(work: Callable[[], object]) -> str:
    """The contract's error; ends the demo if there is none."""
    try:
        work()
    except TransactionReverted as error:
        return f"refused: {error.error}"
    raise SystemExit("what should have been refused was accepted")


# What is shown. -------------------------------------------------------------------------------------------------------


def show_inference(desk: Desk, credit: Model) -> None:
    """Hidden input, hidden weights."""
    print("\ninference")
    user, inference = desk.people["Ada"], commit(credit.proving_key, credit.unseen[0])
    submission = prove_for(
        desk.chain.connection, desk.book, inference, consumer=user.address, deadline=desk.now() + 600
    )
    sent = submit(desk.chain.connection, user, submission)
    told("input and weights hidden, proof verified", f"block {sent['block']}, {sent['gas_used']:,} gas")
    told("the same proof again", refusal(lambda: submit(desk.chain.connection, user, submission)))


def show_oracle(desk: Desk, strategy: Model, node: Callable[[], contextlib.AbstractContextManager[None]]) -> None:
    """A request, and the node that answers it."""
    print("\noracle")
    row = next(row for row in strategy.unseen if strategy.label(row) < 0)
    integers = encode_inputs(Interface.of(strategy.verifying_key.relation), {"X": row})
    request = OracleRequest(strategy.id, desk.now() + 3600, integers, fee_wei=10**16)
    oracle, asker = desk.address("InferenceOracle"), desk.people["Ada"]
    with node():
        request_id, block = ask(desk.chain.connection, asker, oracle, request)
        answer = wait_for_answer(
            desk.chain.connection, oracle, request_id, since_block=block, deadline=request.deadline, timeout_s=60
        )
    if answer.values != [*integers, strategy.label(row)]:
        raise SystemExit("the oracle's answer is not the model's")
    told(
        f"request {request_id}: what to do at {integers}?", f"{answer.values[-1]:+d} lots, proved, block {answer.block}"
    )
    earned = desk.chain.connection.call("InferenceOracle", oracle, "balanceOf", answer.payee)
    told("fee, credited to the node", f"{earned / 10**18:g} ether")


def show_loan(desk: Desk, credit: Model) -> None:
    """One bit about a borrower, and a loan on it."""
    print("\nloan")
    dollars = desk.stand_in("Token", "USD", 6)
    terms = {"maxLoan": 5000 * USD, "rateBps": 900, "term": 90 * DAY, "grace": 14 * DAY}
    loans = deploy(
        desk.chain.connection,
        desk.people["owner"],
        desk.book,
        {"LoanDesk": {"asset_": dollars.address, "terms": terms}},
        contracts=[],
    )[0].address
    dollars.send("lender", "mint", desk.people["lender"].address, 20_000 * USD)
    dollars.send("lender", "approve", loans, 20_000 * USD)
    desk.send("lender", "LoanDesk", "deposit", 20_000 * USD, desk.people["lender"].address)
    desk.send("owner", "CreditScore", "setProvider", desk.people["bank"].address, True)
    desk.send("owner", "CreditScore", "setPolicy", credit.id, public_values([1]))
    ada = application(desk, credit, "Ada", next(row for row in credit.unseen if credit.label(row)))

    told("Bob, with Ada's proof", refusal(lambda: approve(desk, "Bob", ada)))
    told("Ada, data signed by her bank, score high enough", f"approved, {gas(approve(desk, 'Ada', ada))}")
    drawn = desk.send("Ada", "LoanDesk", "borrow", 5000 * USD)
    money = dollars.read("balanceOf", desk.people["Ada"].address)
    told("Ada draws 5,000 USD", f"{money // USD:,} USD, {gas(drawn)}")
    told("Ada draws a second loan", refusal(lambda: desk.send("Ada", "LoanDesk", "borrow", USD)))

    bob = application(desk, credit, "Bob", next(row for row in credit.unseen if not credit.label(row)))
    told("Bob, score too low", refusal(lambda: approve(desk, "Bob", bob)))
    lie = (*bob[:3], public_values([1]), bob[4])
    told("Bob claims the other answer", refusal(lambda: approve(desk, "Bob", lie)))
    told("Bob draws without approval", refusal(lambda: desk.send("Bob", "LoanDesk", "borrow", USD)))


def application(desk: Desk, credit: Model, who: str, row: npt.NDArray[Any]) -> tuple[Any, ...]:
    """Commits to somebody's data, has the bank sign after it has seen what is in them, and proves: what is sent."""
    inference = commit(credit.proving_key, row)
    commitment, numbers = check_commitment(credit.verifying_key, inference.opening, inference.points)
    if not np.allclose(next(iter(numbers.values())).reshape(-1), row, atol=0.01):
        raise SystemExit("the bank would not sign this")
    number = keccak(text=f"the bank's secret number of {who}")
    data = CreditData(desk.people[who].address, commitment, number, desk.now() + 30 * DAY)
    place = desk.chain.connection.chain_id, desk.address("CreditScore")
    proved = desk.prove(inference, desk.address("CreditScore"), data.digest(*place))
    bank = desk.people["bank"]
    return data.parts, bank.address, data.sign(bank, *place), inference.public, proved.evidence.parts


def approve(desk: Desk, who: str, sent: tuple[Any, ...]) -> Receipt:
    """Asks the chain to approve somebody."""
    return desk.send(who, "CreditScore", "approve", *sent)


def show_vote(desk: Desk, policy: Model) -> None:
    """An agent that votes only as its published model says."""
    print("\nvote")
    votes = desk.stand_in("VotesToken")
    settings = {"votingDelay": 2, "votingPeriod": 50, "proposalThreshold": 10**18, "quorumPercent": 4}
    deploy(
        desk.chain.connection,
        desk.people["owner"],
        desk.book,
        {"AgentGovernor": {"token_": votes.address, "settings": settings}},
        contracts=[],
    )
    for who, count in (("agent", 60), ("Ada", 40)):
        votes.send("owner", "mint", desk.people[who].address, count * 10**18)
        votes.send(who, "delegate", desk.people[who].address)
    desk.send("agent", "AgentGovernor", "publishPolicy", policy.id)

    brief = [int(value) for value in next(row for row in policy.unseen if policy.label(row) == FOR)]
    payout = desk.chain.connection.encode(votes.artifact, "mint", desk.people["Bob"].address, brief[0])
    proposal = ([votes.address], [0], [payout], f"A grant of {brief[0]} thousand")
    receipt = desk.send("Ada", "AgentGovernor", "propose", *proposal)
    proposal_id = desk.chain.connection.events_in("AgentGovernor", "ProposalCreated", receipt)[0]["proposalId"]
    desk.send("Ada", "AgentGovernor", "setBrief", proposal_id, brief)
    desk.chain.ask("anvil_mine", "0x3")
    told(f"proposal with the brief {brief}", f"policy says: {'for' if policy.label(np.array(brief)) else 'against'}")

    agent = desk.people["agent"].address
    subject = desk.read("AgentGovernor", "voteSubjectOf", proposal_id, agent)
    proved = desk.prove(commit(policy.proving_key, np.array(brief, np.float32)), desk.address("AgentGovernor"), subject)
    statement, evidence = proved.statement, proved.evidence
    fields = (policy.id, statement.output, evidence.commitments, evidence.proof, evidence.nonce, evidence.deadline)
    params = encode(["uint256", "bytes", "bytes", "bytes", "uint256", "uint256"], fields)

    def vote(support: int, proof: bytes) -> Receipt:
        return desk.send("agent", "AgentGovernor", "castVoteWithReasonAndParams", proposal_id, support, "", proof)

    told(
        "agent votes without a proof",
        refusal(lambda: desk.send("agent", "AgentGovernor", "castVote", proposal_id, FOR)),
    )
    told("agent votes against its policy", refusal(lambda: vote(AGAINST, params)))
    cast = vote(FOR, params)
    _, in_favour, _ = desk.read("AgentGovernor", "proposalVotes", proposal_id)
    told("agent votes with the policy's proof", f"{in_favour // 10**18} votes for, {gas(cast)}")


def show_strategy(desk: Desk, strategy: Model) -> None:
    """A vault that trades as a hidden strategy says, and only so."""
    print("\nstrategy")
    base, quote = desk.stand_in("Token", "BASE", 18), desk.stand_in("Token", "USD", 6)
    feed, venue = desk.stand_in("Feed"), desk.stand_in("Venue")
    window = next(row for row in strategy.unseen if strategy.label(row) > 0)
    prices = [int(price) for price in window]
    market = {
        "base": base.address,
        "quote": quote.address,
        "feed": feed.address,
        "venue": venue.address,
        "inferenceVerifier": "InferenceVerifier",
        "modelId": strategy.id,
        "window": 3,
        "lot": LOT,
    }
    limits = {"maxOrder": 5 * LOT, "maxDailyLoss": 100 * USD, "maxSlippageBps": 100, "cooldown": 60, "maxPriceAge": 300}
    vault = deploy(
        desk.chain.connection,
        desk.people["owner"],
        desk.book,
        {"StrategyVault": {"market_": market, "limits_": limits}},
        contracts=[],
    )[0].address
    # The feed's answers have 8 decimals: 6,000 is 0.00006 USD. The exchange swaps at the last price.
    venue.send("owner", "setRate", base.address, prices[-1] * USD // 10**8)
    venue.send("owner", "setRate", quote.address, 10**38 // prices[-1])
    for token, amount in ((base, 10 * LOT), (quote, 1000 * USD)):
        for holder in (venue.address, vault):
            token.send("owner", "mint", holder, amount)
    for price in prices:
        feed.send("owner", "push", price)

    round_id = len(prices)
    proved = desk.prove(
        commit(strategy.proving_key, window), vault, desk.read("StrategyVault", "subjectOf", round_id), nonce=round_id
    )
    statement, evidence = proved.statement, proved.evidence
    order = strategy.label(window)

    def execute(output: bytes) -> Receipt:
        return desk.send(
            "Bob", "StrategyVault", "execute", statement.deadline, output, evidence.commitments, evidence.proof
        )

    forged = public_values([*prices, -order])
    told(f"forged order: {-order:+d} lots at {prices}", refusal(lambda: execute(forged)))
    before = base.read("balanceOf", vault)
    receipt = execute(statement.output)
    bought = (base.read("balanceOf", vault) - before) // 10**18
    told(f"the strategy's order: {order:+d} lots", f"executed, {bought:,} tokens bought, {gas(receipt)}")
    told("the same order again", refusal(lambda: execute(statement.output)))


# The oracle node. -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def oracle_node(folder: Path, desk: Desk, model: Model) -> Iterator[None]:
    """`zkseal chain serve-oracle`, as an operator runs it, while the block lasts."""
    password = secrets.token_hex(16)
    (folder / "password").write_text(password)
    keystore = Account.encrypt(desk.people["node"].account.key, password, iterations=2)  # quick to open: for a demo
    (folder / "node.json").write_text(json.dumps(keystore))
    files.save_proving_key(folder / "strategy.zkp", model.proving_key)
    command = [sys.executable, "-m", "zkseal", "chain", "serve-oracle", str(folder / "strategy.zkp"), "--poll", "0.2"]
    command += ["--rpc", desk.chain.url, "--addresses", str(desk.book.path), "--queue", str(folder / "queue.db")]
    command += ["--keystore", str(folder / "node.json"), "--password-file", str(folder / "password")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    node = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
    assert node.stderr is not None
    try:
        first = node.stderr.readline()
        if '"started"' not in first:
            raise SystemExit(f"the node did not start: {first}")
        threading.Thread(target=node.stderr.read, daemon=True).start()
        yield
        node.terminate()
        if node.wait(timeout=30) != 0:
            raise SystemExit("the node did not end in good order")
    finally:
        node.kill()
        node.wait()


def main() -> None:
    """Runs the demo; raises if anything is not as it should be."""
    started = time.perf_counter()
    print("zkseal on a chain: weights hidden, every answer proved\n", flush=True)
    models = train_models()
    told("three models trained, compiled, committed to", f"{time.perf_counter() - started:.1f} s")
    names = ("owner", "Ada", "Bob", "bank", "lender", "agent", "node")
    with local_chain() as chain, tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        people = {name: local_signer(index) for index, name in enumerate(names)}
        desk = Desk(chain, AddressBook(folder / "addresses.json"), people)
        deployed = deploy(chain.connection, people["owner"], desk.book)
        told(
            f"{len(deployed)} contracts deployed on chain {chain.connection.chain_id}",
            f"{sum(d.gas_used for d in deployed):,} gas, once",
        )
        for name, model in models.items():
            made = register(chain.connection, people["owner"], desk.address("ModelRegistry"), model.verifying_key)
            told(f"model '{name}' registered and proved", f"{sum(made.gas_used.values()):,} gas, once")
        show_inference(desk, models["credit"])
        show_oracle(desk, models["strategy"], lambda: oracle_node(folder, desk, models["strategy"]))
        show_loan(desk, models["credit"])
        show_vote(desk, models["policy"])
        show_strategy(desk, models["strategy"])
    print(f"\nEverything proved was accepted, everything else refused ({time.perf_counter() - started:.0f} s).")


if __name__ == "__main__":
    main()
