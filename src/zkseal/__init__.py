"""zkseal: check what a private model said about private data, and see neither.

    model = zkseal.compile("model.onnx", samples)             # or a fitted scikit-learn estimator
    proving_key, verifying_key = zkseal.setup(model)          # commits to the weights, once
    result = zkseal.prove(proving_key, x, context=b"...")     # a receipt, and the opening that its owner keeps
    statement = zkseal.verify(result.receipt, verifying_key, context=b"...")     # what was proved, or an error

Files are in `zkseal.files`, errors in `zkseal.errors`, pages of reports in `zkseal.pages`, a command line in
`zkseal.cli`. ARCHITECTURE.md is the map.
"""

from zkseal._version import __version__
from zkseal.errors import ZksealError
from zkseal.pipeline import (
    CompiledModel,
    ModelReport,
    ProvedStatement,
    ProveResult,
    ProvingKey,
    check_opening,
    compile,  # noqa: A004 - the public name of the first step
    describe,
    evaluate,
    prove,
    report,
    setup,
    verify,
)
from zkseal.proving import Opening, VerifyingKey
from zkseal.quantize import AccuracyReport, QuantizationOptions
from zkseal.receipts import Receipt, Statement, ZkEvidence

__all__ = [
    "AccuracyReport",
    "CompiledModel",
    "ModelReport",
    "Opening",
    "ProveResult",
    "ProvedStatement",
    "ProvingKey",
    "QuantizationOptions",
    "Receipt",
    "Statement",
    "VerifyingKey",
    "ZkEvidence",
    "ZksealError",
    "__version__",
    "check_opening",
    "compile",
    "describe",
    "evaluate",
    "prove",
    "report",
    "setup",
    "verify",
]
