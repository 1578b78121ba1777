"""The pipeline: compile, setup, prove, verify, evaluate. Values in, values out.

============  =================================================================
`compile`     `compile` -> `CompiledModel`: load, calibrate, quantize, lower
`evaluate`    `evaluate`, `compare`: errors against the float model, of outputs and inside
`report`      `report`: error, agreement on changed samples, saturation and cost by node
`prove`       `setup`, `prove`, `answer`, `verify`, `check_opening` in numbers by name
`interface`   names, shapes and scales, as the relation's annotation says them
`inspect`     what is hidden, how large it is, what it will cost
============  =================================================================

Dependency position: joins `frontends`, `quantize`, `lowering` and `proving`; `files` and `cli` stand on it.
"""

from zkseal.pipeline.compile import CompiledModel, Samples, compile  # noqa: A004
from zkseal.pipeline.evaluate import evaluate
from zkseal.pipeline.inspect import describe
from zkseal.pipeline.interface import Interface, Port
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

__all__ = [
    "Answer",
    "CompiledModel",
    "Interface",
    "ModelReport",
    "Port",
    "ProveResult",
    "ProvedStatement",
    "ProvingKey",
    "Samples",
    "answer",
    "check_opening",
    "compile",
    "describe",
    "evaluate",
    "prove",
    "report",
    "setup",
    "verify",
]
