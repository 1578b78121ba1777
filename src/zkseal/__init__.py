"""zkseal: check what a private model said about private data, and see neither.

    model = zkseal.compile("model.onnx", samples)             # or a fitted scikit-learn estimator
    proving_key, verifying_key = zkseal.setup(model)          # commits to the weights, once
    result = zkseal.prove(proving_key, x, context=b"...")     # a receipt, and the opening that its owner keeps
    statement = zkseal.verify(result.receipt, verifying_key, context=b"...")     # what was proved, or an error

    answer = zkseal.answer(proving_key, x, context=b"...")    # at once, for whoever trusts the machine; proved later
    found = zkseal.appraise(receipt, policy, now=...)         # proofs and hardware evidence under one policy

Files are in `zkseal.files`, errors in `zkseal.errors`, pages of reports in `zkseal.pages`, large models in layer
segments in `zkseal.segments`, a command line in `zkseal.cli`. ARCHITECTURE.md is the map.
"""

import importlib
import typing

from zkseal.errors import ZksealError

if typing.TYPE_CHECKING:
    from zkseal._version import __version__
    from zkseal.appraisal.appraise import appraise
    from zkseal.appraisal.policy import ReceiptPolicy
    from zkseal.appraisal.result import Appraisal, DevAppraisal
    from zkseal.pipeline.compile import CompiledModel, compile  # noqa: A004 - the public name of the first step
    from zkseal.pipeline.evaluate import evaluate
    from zkseal.pipeline.inspect import describe
    from zkseal.pipeline.prove import (
        Answer,
        ProvedStatement,
        ProveResult,
        ProvingKey,
        answer,
        check_opening,
        prove,
        setup,
        verify,
    )
    from zkseal.pipeline.report import ModelReport, report
    from zkseal.proving import Opening, SegmentedVerifyingKey, Srs, VerifyingKey
    from zkseal.quantize import AccuracyReport, QuantizationOptions
    from zkseal.receipts import DevTeeEvidence, Receipt, SegmentedEvidence, Statement, TeeEvidence, ZkEvidence

__all__ = [
    "AccuracyReport",
    "Answer",
    "Appraisal",
    "CompiledModel",
    "DevAppraisal",
    "DevTeeEvidence",
    "ModelReport",
    "Opening",
    "ProveResult",
    "ProvedStatement",
    "ProvingKey",
    "QuantizationOptions",
    "Receipt",
    "ReceiptPolicy",
    "SegmentedEvidence",
    "SegmentedVerifyingKey",
    "Srs",
    "Statement",
    "TeeEvidence",
    "VerifyingKey",
    "ZkEvidence",
    "ZksealError",
    "__version__",
    "answer",
    "appraise",
    "check_opening",
    "compile",
    "describe",
    "evaluate",
    "prove",
    "report",
    "setup",
    "verify",
]

if not typing.TYPE_CHECKING:  # The names above are all that a type checker finds.

    def __getattr__(name: str) -> object:
        """Loads a public name when it is first used: half a second that the command line does not wait for."""
        if name in __all__:
            for part in ("pipeline", "proving", "quantize", "receipts", "_version", "appraisal"):
                module = importlib.import_module(f"zkseal.{part}")
                if hasattr(module, name):
                    return globals().setdefault(name, getattr(module, name))
        raise AttributeError(f"module 'zkseal' has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
