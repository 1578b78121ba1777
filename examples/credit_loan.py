"""A loan on a private credit score: from training to money drawn on a local chain, step by step.

A scoring agency trains a model on past borrowers. Its weights stay hidden, a borrower's data stay hidden; the chain
learns one bit, "the chance that this loan is repaid is at least 92 %", and lends on it. docs/guides/credit-on-chain.md
walks through it; its pictures are drawn here.

python examples/credit_loan.py                                 runs it
python examples/credit_loan.py --pictures docs/guides/credit   runs it and draws the pictures of the guide
"""

from __future__ import annotations

import argparse
import copy
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from eth_utils.crypto import keccak
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import zkseal
from zkseal import files
from zkseal.chain.accounts import Signer
from zkseal.chain.address_book import AddressBook
from zkseal.chain.connection import Connection
from zkseal.chain.contracts import Artifact
from zkseal.chain.credit import CreditData
from zkseal.chain.deployment import create, deploy
from zkseal.chain.encoding import public_values
from zkseal.chain.gas import GasPrediction, predict_gas
from zkseal.chain.inference import Inference, check_commitment, commit
from zkseal.chain.local import local_chain, local_signer
from zkseal.chain.registration import register
from zkseal.chain.submission import prove_for
from zkseal.chain.transactions import transact
from zkseal.errors import TransactionReverted
from zkseal.evm.programs import programs

ROOT = Path(__file__).resolve().parents[1]
POWERS = ROOT / "fixtures" / "srs" / "kzg10-bn254-aztec-srs-32768.bin"
TOKEN = ROOT / "examples" / "contracts" / "Token.json"

FEATURES = (
    "age",
    "income, thousand a year",
    "years in the job",
    "debt to income, %",
    "credit used, %",
    "open accounts",
    "years of credit",
    "late payments, 2 years",
    "inquiries, 6 months",
    "savings, months",
)
THRESHOLD = 0.92
DAY, USD = 86_400, 10**6
Array = npt.NDArray[Any]


# The data set: synthetic, because nobody's loans are public. ----------------------------------------------------------


def borrowers(count: int, seed: int) -> tuple[Array, Array]:
    """Past borrowers, one row each, and whether they repaid."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(20, 70, count)
    job = np.minimum(rng.exponential(6, count), age - 18)
    income = np.exp(rng.normal(3.6 + 0.012 * (age - 20), 0.45))
    credit = np.minimum(rng.exponential(9, count), age - 18)
    debt = np.clip(rng.normal(28, 13, count), 0, 90)
    used = np.clip(rng.beta(1.6, 2.2, count) * 100 + 0.2 * (debt - 28), 0, 100)
    accounts = rng.poisson(2 + credit / 4)
    late = rng.poisson(0.25 + 0.012 * used)
    inquiries = rng.poisson(0.9 + 0.01 * used)
    savings = rng.exponential(1.5 + income / 40)
    rows = np.stack([age, income, job, debt, used, accounts, credit, late, inquiries, savings], axis=1)
    # Debts weigh more on small incomes, and late payments more where credit is used up.
    chance = 3.4 + 0.5 * np.log(income / 40) + 0.05 * job - 0.03 * debt * (40 / (income + 20))
    chance += 0.03 * credit + 0.18 * savings - 0.012 * used - 0.55 * late - 0.006 * late * used - 0.22 * inquiries
    return rows.astype(np.float32), (rng.random(count) < 1 / (1 + np.exp(-chance))).astype(int)


def train(rows: Array, repaid: Array) -> tuple[Pipeline, Pipeline]:
    """The model of the chance of repayment, and the same with a verdict: is the chance at least the threshold?"""
    classifier = MLPClassifier((16, 8), solver="lbfgs", alpha=3.0, max_iter=2000, random_state=0)
    chances = make_pipeline(StandardScaler(), classifier).fit(rows, repaid)
    # A classifier says 1 from one half on. With its last bias lowered by the threshold's log-odds, it says 1 from the
    # threshold on, and nothing else of it changes.
    verdicts = copy.deepcopy(chances)
    verdicts[1].intercepts_[-1] = verdicts[1].intercepts_[-1] - np.log(THRESHOLD / (1 - THRESHOLD))
    return chances, verdicts


# The chain. -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Market:
    """A chain with zkseal's contracts, a dollar token and a pool that lends it; and what each step cost."""

    connection: Connection
    book: AddressBook
    agency: Signer
    bank: Signer
    gas: dict[str, int]

    def at(self, contract: str) -> str:
        """Address of a contract."""
        return self.book.address(self.connection, contract)

    def send(self, who: Signer, contract: str, function: str, *arguments: Any) -> int:
        """A transaction; the gas that it used."""
        receipt = transact(self.connection, who, contract, self.at(contract), function, *arguments)
        return int(receipt["gasUsed"])

    def read(self, contract: str, function: str, *arguments: Any) -> Any:
        """A call."""
        return self.connection.call(contract, self.at(contract), function, *arguments)


def open_market(connection: Connection, folder: Path, verifying_key: zkseal.VerifyingKey) -> Market:
    """Deploys, registers the model, sets the policy, and puts money into the pool."""
    agency, bank, lender = (local_signer(index) for index in range(3))
    book = AddressBook(folder / "addresses.json")
    token = Artifact.from_json(TOKEN.read_text())
    dollars, _ = create(connection, agency, token, "USD", 6)
    terms = {"maxLoan": 10_000 * USD, "rateBps": 900, "term": 365 * DAY, "grace": 30 * DAY}
    deployed = deploy(connection, agency, book, {"LoanDesk": {"asset_": dollars, "terms": terms}})
    market = Market(connection, book, agency, bank, {"deploy all contracts (once)": sum(d.gas_used for d in deployed)})
    made = register(connection, agency, market.at("ModelRegistry"), verifying_key, uri="https://agency.example/card")
    market.gas["register the model (once)"] = sum(made.gas_used.values())
    market.send(agency, "CreditScore", "setProvider", bank.address, True)
    market.send(agency, "CreditScore", "setPolicy", made.model_id, public_values([1]))
    transact(connection, lender, token, dollars, "mint", lender.address, 50_000 * USD)
    transact(connection, lender, token, dollars, "approve", market.at("LoanDesk"), 50_000 * USD)
    market.send(lender, "LoanDesk", "deposit", 50_000 * USD, lender.address)
    return market


def signed_by_the_bank(
    market: Market, key: zkseal.VerifyingKey, borrower: Signer, inference: Inference, row: Array
) -> CreditData:
    """What the bank signs: the commitment to its customer's data, after it has seen that they are in it."""
    commitment, shown = check_commitment(key, inference.opening, inference.points)
    if not np.allclose(shown["X"].reshape(-1), row, rtol=0.01, atol=0.05):
        raise SystemExit("these are not the customer's data: the bank does not sign")
    number = keccak(text=f"secret of the bank, customer {borrower.address}")
    return CreditData(borrower.address, commitment, number, market.connection.head().timestamp + 30 * DAY)


def apply_for_approval(market: Market, key: zkseal.ProvingKey, borrower: Signer, row: Array) -> int:
    """Commits, has the bank sign, proves, asks the chain for approval; the gas of the approval.

    Raises:
        TransactionReverted: `NotApproved` if the score is below the threshold.
    """
    inference = commit(key, row)
    data = signed_by_the_bank(market, key.verifying_key, borrower, inference, row)
    place = market.connection.chain_id, market.at("CreditScore")
    signature = data.sign(market.bank, *place)
    proved = prove_for(
        market.connection,
        market.book,
        inference,
        consumer=market.at("CreditScore"),
        subject=data.digest(*place),
        deadline=market.connection.head().timestamp + 3600,
    )
    arguments = (data.parts, market.bank.address, signature, inference.public, proved.evidence.parts)
    return market.send(borrower, "CreditScore", "approve", *arguments)


# The pictures of the guide. -------------------------------------------------------------------------------------------


def draw(folder: Path, chances: Array, repaid: Array, prediction: GasPrediction, gas: dict[str, int]) -> None:
    """Scores and threshold; what the threshold decides; where the gas goes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(10, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    bins = np.linspace(0, 1, 41).tolist()
    for outcome, label, colour in ((1, "repaid", "#3b7dd8"), (0, "defaulted", "#d8633b")):
        left.hist(chances[repaid == outcome], bins=bins, alpha=0.75, color=colour, label=label)
    left.axvline(THRESHOLD, color="black", linewidth=1.5, label=f"threshold {THRESHOLD:.0%}")
    left.set(xlabel="chance of repayment, says the model", ylabel="unseen borrowers", yscale="log")
    left.legend(loc="upper left")
    thresholds = np.linspace(0.5, 0.99, 50)
    approved = np.array([(chances >= t).mean() for t in thresholds])
    lost = np.array([1 - repaid[chances >= t].mean() if (chances >= t).any() else 0.0 for t in thresholds])
    right.plot(100 * thresholds, 100 * approved, color="#3b7dd8", label="approved, % of applicants")
    right.plot(100 * thresholds, 100 * lost, color="#d8633b", label="defaults, % of approved")
    right.axvline(100 * THRESHOLD, color="black", linewidth=1.5)
    right.set(xlabel="threshold, %", ylim=(0, 100))
    right.grid(color="#dddddd")
    right.legend(loc="center left")
    figure.savefig(folder / "scores.png", dpi=110, facecolor="white")

    figure = Figure(figsize=(10, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    items = sorted((value, name) for name, value in prediction.inference.items() if name != "total")
    left.barh([name.replace("_", " ") for _, name in items], [value / 1000 for value, _ in items], color="#3b7dd8")
    left.set(xlabel=f"thousand gas ({prediction.fork})", title="verifying one proof, predicted")
    names = list(gas)[::-1]
    right.barh(names, [gas[name] / 1000 for name in names], color="#5aa469")
    right.set(xlabel="thousand gas, as used", title="transactions of this example", xscale="log")
    for place, name in enumerate(names):
        right.annotate(f" {gas[name] / 1000:,.0f}", (gas[name] / 1000, place), va="center")
    right.margins(x=0.25)
    figure.savefig(folder / "gas.png", dpi=110, facecolor="white")


def main() -> None:
    """Runs the example; raises if anything is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, metavar="FOLDER")
    folder = parser.parse_args().pictures

    print("1. train")
    rows, repaid = borrowers(6000, seed=1)
    unseen, outcomes = borrowers(3000, seed=2)
    chances_model, verdicts_model = train(rows, repaid)
    chances = chances_model.predict_proba(unseen)[:, 1]
    verdicts = chances >= THRESHOLD
    auc = roc_auc_score(outcomes, chances)
    print(f"   {len(rows)} borrowers, {repaid.mean():.0%} repaid; AUC on unseen ones {auc:.3f}")
    defaults = 1 - outcomes[verdicts].mean()
    print(f"   from {THRESHOLD:.0%} on: {verdicts.mean():.0%} approved, of whom {defaults:.1%} default")

    print("2. compile to exact integers, commit to the weights")
    model = zkseal.compile(verdicts_model, rows[:500], select="label")
    agreement = zkseal.evaluate(model, unseen[:400]).agreement
    proving_key, verifying_key = zkseal.setup(model, opening="kzg", srs=files.load_srs(POWERS))
    prediction = predict_gas(verifying_key)
    prediction.require_fitting()
    print(f"   the same verdict as the float model on {agreement:.1%} of 400 unseen borrowers")
    print(f"   predicted: {prediction.inference['total']:,} gas for an inference ({prediction.fork})")

    print("3. deploy, register, fund the pool")
    with local_chain() as chain, tempfile.TemporaryDirectory() as temporary:
        market = open_market(chain.connection, Path(temporary), verifying_key)
        print(f"   model id 0x{programs(verifying_key).model_id:064x}")
        good, bad = local_signer(3), local_signer(4)

        print("4. Ada applies; her score is high enough")
        market.gas["approve, with proof"] = apply_for_approval(market, proving_key, good, unseen[chances.argmax()])
        market.gas["draw the loan"] = market.send(good, "LoanDesk", "borrow", 8000 * USD)
        nullifier, expiry = market.read("CreditScore", "approvalOf", good.address)
        print(f"   approved in {market.gas['approve, with proof']:,} gas, 8,000 USD drawn")
        print(f"   what the chain knows: nullifier 0x{nullifier.hex()[:12]}.., until {expiry}")

        print("5. Bob applies; his score is too low")
        try:
            apply_for_approval(market, proving_key, bad, unseen[chances.argmin()])
        except TransactionReverted as error:
            print(f"   {error.error}; ", end="")
        else:
            raise SystemExit("a score that is too low was approved")
        try:
            market.send(bad, "LoanDesk", "borrow", USD)
        except TransactionReverted as error:
            print(f"and without approval, {error.error}")
        else:
            raise SystemExit("money was lent without approval")

        print("6. a year later, Ada repays")
        chain.advance(365 * DAY)
        owed = market.read("LoanDesk", "owed", nullifier)
        token, dollars = Artifact.from_json(TOKEN.read_text()), market.read("LoanDesk", "asset")
        transact(chain.connection, good, token, dollars, "mint", good.address, owed)
        transact(chain.connection, good, token, dollars, "approve", market.at("LoanDesk"), 2 * owed)
        market.gas["repay"] = market.send(good, "LoanDesk", "repay", nullifier)
        print(f"   {owed / USD:,.2f} USD; the pool holds {market.read('LoanDesk', 'totalAssets') / USD:,.2f} USD")
    if folder is not None:
        draw(folder, chances, outcomes, prediction, market.gas)
        print(f"pictures are in {folder}")


if __name__ == "__main__":
    main()
