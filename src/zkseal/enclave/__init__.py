"""Models that answer inside an enclave: encrypted in, encrypted out, signed, under the statement that a proof proves.

Two processes, as on a Nitro machine. The host has the network and the disk and sees ciphertext only; the enclave has
one socket to the host, the keys, and the model::

    client ── HPKE ──► host (`host`, `service`) ── socket ──► enclave (`process`, `runtime`) ── answer, proof
              broker ──► │ wrapped key                            │ unwraps, decrypts in memory

===============  ==============================================================================
`isolation`      what confines the enclave process on a machine without hardware: a sandbox
`measurement`    the digest of the code that it imports
`process`        its first steps and its loop; `wire` is the socket
`runtime`        keys, model, requests; `model` loads a sealed one
`oracle`         signs answers for the oracle of a chain
`messages`       requests and responses; `padding`, `rates`, `replays` guard them
`host`           starts it, fetches the model's key, passes ciphertext on; `service` is its HTTP
`client`         asks, and believes only what an attested key signed
===============  ==============================================================================

On hardware the attester's evidence covers host and enclave alike, for both are in the measured machine. The sandbox is
for everyday work: its evidence is of development, its clients say so in their name, and nothing makes it production.
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from zkseal.enclave.client import Answered, DevEnclaveClient, EnclaveClient
    from zkseal.enclave.host import EnclaveHost, EnclaveOptions
    from zkseal.enclave.service import application

__all__ = ["Answered", "DevEnclaveClient", "EnclaveClient", "EnclaveHost", "EnclaveOptions", "application"]

if not typing.TYPE_CHECKING:  # The enclave process imports this package too, and nothing of host and client.

    def __getattr__(name: str) -> object:
        """Loads a public name when it is first used."""
        if name in __all__:
            for part in ("client", "host", "service"):
                module = importlib.import_module(f"zkseal.enclave.{part}")
                if hasattr(module, name):
                    return globals().setdefault(name, getattr(module, name))
        raise AttributeError(f"module 'zkseal.enclave' has no attribute {name!r}")
