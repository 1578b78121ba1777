"""Receipts: a statement, evidence for it, and their one canonical encoding.

=============  ==========================================================
`cbor`         deterministic CBOR, written and read strictly
`statement`    `Statement`: model id, input and output (values or commitments), context
`receipt`      `Receipt`: a statement with one or more pieces of `Evidence`
=============  ==========================================================

Dependency position: imports `errors` only. `proving` fills receipts and checks them; `files` stores them.
"""

from zkseal.receipts.receipt import Evidence, Receipt, ZkEvidence
from zkseal.receipts.statement import Side, Statement

__all__ = ["Evidence", "Receipt", "Side", "Statement", "ZkEvidence"]
