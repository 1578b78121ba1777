"""Signatures for the oracle of a chain: over answers that this enclave ran and checked, and over nothing else.

The key that evidence vouches for signs two kinds of things. Answers to clients are COSE, hashed with SHA-256
(`receipts.answers`); answers to the oracle are typed data (EIP-712), hashed with Keccak-256. Here is the only place
where a digest is signed, and it takes none: it is computed here, from fields of the question and from the run
(docs/decisions/attested-answers.md).

An enclave sees no chain. Whatever a host makes of a question, the statement that is signed names all of it, and a
contract computes the same statement from the request that it holds itself: a made-up question has a signature that no
contract takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from zkseal import receipts
from zkseal.errors import NotForChain, PolicyDenied, WrongModel
from zkseal.evm.answers import LOCAL_CHAINS, OracleQuestion, answer_digest
from zkseal.evm.programs import programs
from zkseal.proving import VerifyingKey

if TYPE_CHECKING:
    from zkseal._native import SigningKey

__all__ = ["MAX_AHEAD_S", "OracleSigner"]

DAY_S = 86_400
MAX_AHEAD_S = 37 * DAY_S
"""The last deadline that a request can have, 30 days, and the longest window for its proof, 7 days."""


class OracleSigner:
    """Signs for one model, with the key of one start of one enclave.

    Args:
        production: whether evidence of this enclave may show production. Others sign for chains on a developer's
            machine alone: a signature does not say by itself what its key is worth.
        clock: Unix seconds. It is the host's, so that it bounds mistakes and not an attack.
    """

    def __init__(
        self,
        signing_key: SigningKey,
        verifying_key: VerifyingKey,
        *,
        production: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._signing_key, self._verifying_key = signing_key, verifying_key
        self._production, self._clock = production, clock
        self._model_id: int | None = None

    def require_answerable(self, question: OracleQuestion) -> None:
        """Refuses a question before anything is run for it.

        Raises:
            WrongModel: it is for another model.
            NotForChain: the model is for no chain, or the deadline has passed or is further ahead than any request's.
            PolicyDenied: an enclave of development is asked for a chain that others use.
        """
        if self._model_id is None:
            self._model_id = programs(self._verifying_key).model_id
        if question.model_id != self._model_id:
            text = "The enclave has another model than the one that the oracle is asked for."
            raise WrongModel(text, expected=f"0x{question.model_id:064x}", got=f"0x{self._model_id:064x}")
        if not self._production and question.chain_id not in LOCAL_CHAINS:
            reason = f"an enclave of development signs for no chain {question.chain_id}, only for local ones"
            raise PolicyDenied(f"{reason[:1].upper()}{reason[1:]}.", check="chain", reason=reason)
        now = self._clock()
        if not now <= question.deadline <= now + MAX_AHEAD_S:
            text = "The deadline of the request has passed, or is further ahead than any request's. Ask again."
            raise NotForChain(text, reason="deadline")

    def sign(self, question: OracleQuestion, ran: receipts.Statement) -> bytes:
        """The signature over an answer, 65 bytes: r, s, v.

        Args:
            ran: what the checked run computed.

        Raises:
            NotForChain: its commitments are not those that the question names. And as `require_answerable`.
        """
        self.require_answerable(question)
        if ran.model_id != self._verifying_key.model_id:
            raise WrongModel(
                "The run is of another model than the key.",
                expected=self._verifying_key.model_id.hex(),
                got=ran.model_id.hex(),
            )
        statement = question.statement(ran)
        if any(question.input_commitment) and statement.input_commitment != question.input_commitment:
            text = "The hidden inputs are not those that the request names. Send their opening."
            raise NotForChain(text, reason="input commitment")
        return bytes(self._signing_key.sign_digest(answer_digest(statement, question.registry)))
