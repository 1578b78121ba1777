"""The key broker: keys of sealed models go to machines whose evidence satisfies the model's policy, and to no others.

==============  ==========================================================================================
`broker`        `KeyBroker`: challenge, decision, release
`requests`      what is decided about a request: nonce, model, appraisal, world, and the sealed key
`denials`       `DenialCode`: why not, and which errors mean it
`released`      `ReleasedKey` and `DevReleasedKey`, two types for two worlds
`models`        registering, least versions, revocations
`store`         SQLite: one transaction for one decision
`audit`         the hash-chained log; `checkpoints` signs how far it is, `anchors` keeps that outside, `verify` checks
`registry`      models by the log alone, to which the tables are held
`key_files`     its keys, encrypted if wanted; `folder` where all of it lies
`wire`          requests and answers in CBOR; `service` HTTP, `limits` bounds
`client`        the enclave's side
==============  ==========================================================================================

Whoever holds a released key has an entry of the audit log that was on the disk before. Decisions are docs/decisions/
key-broker.md.

Dependency position: imports `files`, `http_server`, `receipts` (encodings), `sealed`, `tee` and `_native`; `enclave`
(the client) and `cli` use it. Only `service` needs the extra `broker`.
"""

from zkseal.broker.anchors import read_checkpoint, write_checkpoint
from zkseal.broker.audit import Broken, Entry, Verified
from zkseal.broker.broker import BrokerOptions, KeyBroker
from zkseal.broker.checkpoints import Checkpoint
from zkseal.broker.client import BrokerClient
from zkseal.broker.denials import DenialCode
from zkseal.broker.folder import BrokerFolder
from zkseal.broker.released import DevReleasedKey, ReleasedKey
from zkseal.broker.store import RegisteredModel
from zkseal.broker.verify import verify_log

__all__ = [
    "Broken",
    "BrokerClient",
    "BrokerFolder",
    "BrokerOptions",
    "Checkpoint",
    "DenialCode",
    "DevReleasedKey",
    "Entry",
    "KeyBroker",
    "RegisteredModel",
    "ReleasedKey",
    "Verified",
    "read_checkpoint",
    "verify_log",
    "write_checkpoint",
]
