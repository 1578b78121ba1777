"""An independent verifier of the zkseal proof protocol, version 1, in plain Python, from `docs/protocol` alone.

| module | chapter |
| --- | --- |
| `keccak`, `field`, `curve`, `generators`, `extension`, `pairing`, `transcript` | 1 notation, encodings, transcript |
| `relation`, `decoder`, `validation`, `model_relation` | 2 relation |
| `parameters`, `layout`, `mask` | 3 layout |
| `lookups`, `tree`, `helper` | 4 lookups |
| `weights`, `claims`, `expansion`, `sumcheck`, `linear` | 5 products and the linear claim |
| `ipa`, `kzg`, `proof`, `key`, `verifier`, `opening` | 6 opening and files |
| `segments` | 10 models in segments |
| `vectors` | runs the shared test vectors |

It imports the standard library only. Any bytes give an answer or a class of `errors`.
"""

from .errors import ProtocolError
from .key import VerifyingKey
from .opening import check_opening
from .relation import Column
from .segments import SegmentedKey, verify_segments
from .verifier import verify

__all__ = [
    "Column",
    "ProtocolError",
    "SegmentedKey",
    "VerifyingKey",
    "check_opening",
    "verify",
    "verify_segments",
]
