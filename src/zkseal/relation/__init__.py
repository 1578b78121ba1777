"""Relations: what zkseal proves, as Python writes, prints, evaluates and checks it.

| module | content |
| --- | --- |
| `types` | the parts of chapter 2 of the protocol book as frozen data |
| `expressions` | the algebra of loops, tensors and expressions |
| `builder`, `declarations` | `RelationBuilder`: what lowering rules call |
| `finishing`, `ranges` | how ranges become lookups, with one limb width for the whole relation |
| `relation` | `Relation`, the frozen result |
| `encoding`, `validation`, `sidecar` | canonical bytes and back; the rules; what the bytes leave out |
| `evaluation`, `operands`, `completion` | exact values at BLAS speed; derived witness |
| `checker`, `fast_checker` | the naive checker that names the unsatisfied constraint; the same from whole arrays |
| `printer`, `cost` | for people: text, predicted figures |

Imports `zkseal.errors` and numpy only.
"""

from zkseal.relation.builder import RelationBuilder
from zkseal.relation.cost import Share, cost_by_origin
from zkseal.relation.declarations import TableRef
from zkseal.relation.expressions import Affine, Expr, Gather, Index, Loop, PublicGather, TensorRef
from zkseal.relation.fast_checker import FastChecker
from zkseal.relation.relation import Cost, Relation, Values
from zkseal.relation.types import Column, Scope, Tensor

__all__ = [
    "Affine",
    "Column",
    "Cost",
    "Expr",
    "FastChecker",
    "Gather",
    "Index",
    "Loop",
    "PublicGather",
    "Relation",
    "RelationBuilder",
    "Scope",
    "Share",
    "TableRef",
    "Tensor",
    "TensorRef",
    "Values",
    "cost_by_origin",
]
