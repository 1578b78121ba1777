"""The recorded outcomes, and the page of the documentation that shows them.

`outcomes.json` holds for each operator the names of cases by outcome. A run is compared with it: what has passed once
has to pass for ever. `python -m tests.backend --write` writes both files again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.backend.outcome import FAILED, FOLDED, OUT, PASSED, REFUSED, Outcome

FILE = Path(__file__).parent / "outcomes.json"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "operators.md"

PREFIX = "test_"

Record = dict[str, dict[str, list[str]]]
"""By operator, by outcome ("passed", "refused: UnsupportedOp", ..), names of cases without their prefix."""

_PROMISED = """
Abs Add And ArgMax ArgMin ArrayFeatureExtractor Attention AveragePool BatchNormalization BitShift BitwiseAnd
BitwiseNot BitwiseOr BitwiseXor Ceil Celu Clip Concat Conv ConvInteger ConvTranspose CumSum DepthToSpace
DequantizeLinear Div DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand FeatureVectorizer Flatten Floor GRU
Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual
GroupNormalization HardSigmoid HardSwish Hardmax Identity If Imputer InstanceNormalization LSTM LabelEncoder
LayerNormalization LeakyRelu Less LessOrEqual LinearClassifier LinearRegressor Log LogSoftmax Loop LpNormalization
LpPool MatMul MatMulInteger Max MaxPool Mean Min Mish Mod Mul Neg Normalizer Not OneHot OneHotEncoder Or PRelu Pad
Pow QLinearConv QLinearMatMul QuantizeLinear RMSNormalization RNN Reciprocal ReduceL1 ReduceL2 ReduceLogSum
ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize
RotaryEmbedding Round SVMClassifier SVMRegressor Scaler Scan ScatterElements ScatterND Selu Sigmoid Sign Slice
Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Swish Tanh ThresholdedRelu Tile TopK Transpose
TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor Trilu Unsqueeze Where Xor ZipMap
"""

PROMISED = frozenset(_PROMISED.split())
"""The operators that zkseal means to support in full; the summary counts their cases."""


INEXACT = {
    "test_gridsample_zeros_padding": "coordinates reach 10, so that 16 bits of an input are a step of 2^-10 of a pixel",
}
"""Cases that fail by little, each with its reason; every other failure is a fault."""


def record(outcomes: Iterable[Outcome]) -> Record:
    """Outcomes in the form of the file."""
    made: Record = {}
    for outcome in outcomes:
        kind = outcome.kind if outcome.kind in (PASSED, FOLDED) else f"{outcome.kind}: {outcome.detail}"
        made.setdefault(outcome.op, {}).setdefault(kind, []).append(outcome.name.removeprefix(PREFIX))
    return {op: {kind: sorted(made[op][kind]) for kind in sorted(made[op])} for op in sorted(made)}


def write(outcomes: Iterable[Outcome]) -> None:
    """Writes the file and the page."""
    found = record(outcomes)
    FILE.write_text(json.dumps(found, indent=1) + "\n")
    PAGE.write_text(page(found))


def load() -> Record:
    """The recorded outcomes."""
    recorded: Record = json.loads(FILE.read_text())
    return recorded


def passed(recorded: Record) -> set[str]:
    """Names of the cases that pass, folded ones included."""
    return {PREFIX + name for kinds in recorded.values() for kind in (PASSED, FOLDED) for name in kinds.get(kind, ())}


def tally(kinds: dict[str, list[str]]) -> Counter[str]:
    """How many cases of one operator passed, were folded, refused, failed, and are out of scope."""
    return Counter({kind: sum(len(v) for k, v in kinds.items() if k.split(":")[0] == kind) for kind in KINDS})


KINDS = (PASSED, FOLDED, REFUSED, FAILED, OUT)


def share(recorded: Record, ops: frozenset[str] | None = PROMISED) -> tuple[int, int]:
    """Passed cases and all cases in scope, of `ops` (None: all operators)."""
    total = sum((tally(kinds) for op, kinds in recorded.items() if ops is None or op in ops), Counter[str]())
    good = total[PASSED] + total[FOLDED]
    return good, good + total[REFUSED] + total[FAILED]


def rows(recorded: Record) -> list[list[str]]:
    """One row for each operator: name, counts, and the reasons for what did not pass."""
    table = []
    for op, kinds in recorded.items():
        count = tally(kinds)
        reasons = [f"{kind.split(': ')[1]} {len(v)}" for kind, v in kinds.items() if ": " in kind]
        table.append([op, *(str(count[kind] or "") for kind in KINDS), ", ".join(reasons)])
    return table


def page(recorded: Record) -> str:
    """The page docs/reference/operators.md."""
    good, everything = share(recorded)
    all_good, all_cases = share(recorded, None)
    out = sum(tally(kinds)[OUT] for kinds in recorded.values())
    lines = [
        "# Operators",
        "",
        "<!-- Written by `python -m tests.backend --write` from tests/backend/outcomes.json. Do not edit. -->",
        "",
        "ONNX's own node tests (package `onnx`, `onnx.backend.test`), each compiled, calibrated on its own inputs at",
        "16 bits, executed on integers and compared with the expected outputs: integers equal, floats within",
        "2^-10 of the largest magnitude of the output. Inputs that determine shapes are frozen as constants.",
        "",
        f"Of the operators that zkseal means to support in full (**bold**) **{good} of {everything}** cases pass "
        f"({100 * good / max(everything, 1):.1f} %); of all operators {all_good} of {all_cases} "
        f"({100 * all_good / max(all_cases, 1):.1f} %).",
        f"{out} cases are out of scope.",
        "",
        "- passed: right numbers from the integer program. Expanded cases, where ONNX spells an operator out with",
        "  simpler ones, count for that operator.",
        "- folded: nothing depends on an input, so there is nothing to prove; the constants are right.",
        "- refused: a typed error names the node and the remedy (docs/reference/errors.md).",
        "- failed: wrong numbers, or no typed error. Known misses, all by less than twice the tolerance:",
        *(f"  `{name}` ({reason})." for name, reason in INEXACT.items()),
        "- out of scope: strings, sequences, optional types, random results, training, shapes that depend on data.",
        "",
        "| operator | passed | folded | refused | failed | out of scope | reasons |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for op, *cells in rows(recorded):
        name = f"**{op}**" if op in PROMISED else op
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines) + "\n"
