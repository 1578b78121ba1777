"""Verifications: a pool that refuses what it could not do in time, keys that are parsed once, and what is answered.

============  ==========================================================================
`pool`        `VerifierPool`: threads, a queue bounded by the time that it takes, 429 beyond
`keys`        `KeyCache`: verifying keys by their digest, as long as there is room
`verify`      one verification: bytes in, what was proved out
============  ==========================================================================

The core releases the interpreter's lock while it verifies, so that threads use all cores and the event loop runs on.
"""

from zkseal.service.verifying.keys import KeyCache
from zkseal.service.verifying.pool import VerifierPool
from zkseal.service.verifying.verify import VerificationRequest, verify_receipt

__all__ = ["KeyCache", "VerificationRequest", "VerifierPool", "verify_receipt"]
