"""Enclaves that answer for the oracle node: one for each model that they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from zkseal.enclave import DevEnclaveClient, EnclaveClient
from zkseal.errors import DecryptionFailed, EnclaveNotReady, EnclaveStopped, WrongModel
from zkseal.evm.answers import AttestedAnswer, OracleQuestion
from zkseal.proving import Opening, VerifyingKey
from zkseal.tee import AppraisalPolicy

__all__ = ["EnclaveAttester", "attesters_at"]


class EnclaveAttester:
    """An enclave behind a URL, as `zkseal.chain.oracle.Attester`.

    An enclave that was started anew has other keys: its evidence is appraised again, and the question asked once more.

    Attributes:
        registry: address of the AttestedKeyRegistry.
        public_key: that the evidence vouched for last, 33 bytes.
    """

    def __init__(self, client: EnclaveClient | DevEnclaveClient, registry: str) -> None:
        self._client, self.registry = client, registry
        self.public_key = client.attest().runtime_data.signing_public_key

    def answer(
        self, question: OracleQuestion, inputs: Mapping[str, npt.ArrayLike], opening: Opening | None
    ) -> AttestedAnswer:
        """The enclave's answer. Raises as `EnclaveClient.answer_oracle`."""
        arrays = {name: np.asarray(array) for name, array in inputs.items()}
        try:
            return self._client.answer_oracle(question, arrays, opening=opening)
        except (DecryptionFailed, EnclaveNotReady, EnclaveStopped):
            self.public_key = self._client.attest().runtime_data.signing_public_key
            return self._client.answer_oracle(question, arrays, opening=opening)


def attesters_at(
    urls: Sequence[str],
    keys: Sequence[VerifyingKey],
    registry: str,
    policy: AppraisalPolicy,
    *,
    development: bool,
) -> dict[bytes, EnclaveAttester]:
    """The enclaves at some URLs by the id of their model's key, after their evidence was appraised.

    Raises:
        AppraisalError, DecodeError: the evidence of one does not satisfy the policy.
        WrongModel: one has a model that is not served, or the same as another.
        EnclaveUnreachable: nobody answers at a URL.
    """
    found: dict[bytes, EnclaveAttester] = {}
    by_id = {key.model_id: key for key in keys}
    kind = DevEnclaveClient if development else EnclaveClient
    for url in urls:
        got = kind(url, policy).attest().runtime_data.zk_model_commitment
        if got not in by_id or got in found:
            text = f"The enclave at {url} has a model that no key was given for, or that another enclave has."
            raise WrongModel(text, expected=sorted(key.hex() for key in by_id), got=got.hex())
        found[got] = EnclaveAttester(kind(url, policy, verifying_key=by_id[got]), registry)
    return found
