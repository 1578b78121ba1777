"""Lowering: graph -> exact integer program -> relation and witness.

| module | content |
| --- | --- |
| `program` | `lower`, `Program` (execute, run, decode), `Witness` |
| `plan` | `Plan`: what rules read and define while a graph is lowered |
| `registry`, `rules/` | one rule for each operator family, one file a rule |
| `blocks/` | integer meaning and constraints that rules share: rounding, splits, maxima, functions, views |
| `values`, `accumulators` | committed values, parameters, virtual accumulators |
| `emitter`, `view` | tensors, loops and constraints; how reshaped values are read |
| `inputs` | scales of graph inputs |
| `fusion`, `formula` | chains of elementwise operators of one value as one function |
| `precision` | which values need finer scales than others |
| `families` | which functions share a table |
| `archive/` | programs as plain data and arrays, for files |

A new operator: a file in `rules/` with a function under `@rule("Name")`, and its test beside it.
"""

from __future__ import annotations

from zkseal.lowering.emitter import Visibility
from zkseal.lowering.program import Program, Witness, lower
from zkseal.lowering.registry import require_rules, supported_ops
from zkseal.lowering.values import Quantized

__all__ = ["Program", "Quantized", "Visibility", "Witness", "lower", "require_rules", "supported_ops"]
