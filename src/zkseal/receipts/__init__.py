"""Receipts: a statement, evidence for it, and their one canonical encoding.

=============  ==========================================================
`cbor`         deterministic CBOR, written and read strictly
`statement`    `Statement`: model id, input and output (values or commitments), context
`receipt`      `Receipt`: a statement with one or more pieces of `Evidence`
`segments`     `SegmentedEvidence`: proofs of a model's segments and the commitments in between
`answers`      `AnswerClaims`: what an enclave signs; `sign_answer`, `read_answer`
`cose`         COSE_Sign1, the form of what is signed
=============  ==========================================================

Dependency position: imports `errors` only. `proving` fills receipts and checks them; `files` stores them.
"""

from zkseal.receipts.answers import AnswerClaims, SignedAnswer, read_answer, sign_answer
from zkseal.receipts.receipt import DevTeeEvidence, Evidence, Receipt, TeeEvidence, ZkEvidence
from zkseal.receipts.segments import SegmentedEvidence
from zkseal.receipts.statement import Side, Statement

__all__ = [
    "AnswerClaims",
    "DevTeeEvidence",
    "Evidence",
    "Receipt",
    "SegmentedEvidence",
    "Side",
    "SignedAnswer",
    "Statement",
    "TeeEvidence",
    "ZkEvidence",
    "read_answer",
    "sign_answer",
]
