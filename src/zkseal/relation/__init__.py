"""Relations: what zkseal proves, as Python writes, prints, evaluates and checks it.

| module | content |
| --- | --- |
| `types` | the parts of chapter 2 of the protocol book as frozen data |
| `expressions` | the algebra of loops, tensors and expressions |
| `builder`, `ranges` | `RelationBuilder`; how ranges become lookups |
| `relation` | `Relation`, the frozen result |
| `encoding`, `validation`, `sidecar` | canonical bytes and back; the rules; what the bytes leave out |
| `evaluation`, `operands`, `completion` | exact values at BLAS speed; derived witness |
| `checker`, `table_check` | the naive checker that names the unsatisfied constraint |
| `printer`, `cost` | for people: text, predicted figures |

Imports `zkseal.errors` and numpy only.
"""

from zkseal.relation.builder import RelationBuilder, TableRef
from zkseal.relation.expressions import Affine, Expr, Gather, Index, Loop, PublicGather, TensorRef
from zkseal.relation.relation import Cost, Relation, Values
from zkseal.relation.types import Column, Scope, Tensor

__all__ = [
    "Affine",
    "Column",
    "Cost",
    "Expr",
    "Gather",
    "Index",
    "Loop",
    "PublicGather",
    "Relation",
    "RelationBuilder",
    "Scope",
    "TableRef",
    "Tensor",
    "TensorRef",
    "Values",
]
