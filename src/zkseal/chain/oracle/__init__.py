"""The oracle node: watches requests to the InferenceOracle, proves, answers; each request once, whatever happens.

============  =========================================================================================
`store`       the queue on disk (sqlite): requests, proofs, and every transaction before it is sent
`watch`       requests from events, read again over the last blocks, which a reorganization may change
`answers`     a request and a proving key in, public values and their evidence out
`sending`     one nonce for each request until the chain has used it; replaced when it waits too long
`log`         one JSON object a line, and counters
`node`        the loop that joins them
============  =========================================================================================

The chain is the truth, the store is what the node did. After a kill at any point the node reads both and goes on: a
proof that was stored is not made again, a transaction that was stored is sent again as it is, with its nonce.
"""

from zkseal.chain.oracle.answers import Attester, HiddenInputs, ServedModel
from zkseal.chain.oracle.log import Log
from zkseal.chain.oracle.node import Node, NodeOptions
from zkseal.chain.oracle.store import Store

__all__ = ["Attester", "HiddenInputs", "Log", "Node", "NodeOptions", "ServedModel", "Store"]
