"""What went wrong, as errors of zkseal: exceptions of web3.py and of the connection below it, mapped in one place."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from web3.exceptions import (
    BadFunctionCallOutput,
    ContractLogicError,
    RequestTimedOut,
    TimeExhausted,
    Web3Exception,
    Web3RPCError,
)

from zkseal.chain.contracts import decode_revert
from zkseal.errors import ChainError, NodeRefused, NodeUnreachable, NotDeployed, OutOfFunds, TransactionReverted

__all__ = ["already_known", "mapped", "nonce_used", "out_of_gas", "revert_data", "reverted", "shown_url", "underpriced"]

_NO_FUNDS = re.compile(r"insufficient funds|exceeds (?:the )?balance|insufficient balance|out of funds", re.IGNORECASE)
_KNOWN = re.compile(r"already known|already imported|known transaction|transaction already exists", re.IGNORECASE)
_NONCE = re.compile(r"nonce too low|nonce is too low|invalid nonce|already been used", re.IGNORECASE)
_GAS = re.compile(r"out ?of ?gas|exceeds allowance|exceeds (?:the )?(?:block )?gas limit|gas too high", re.IGNORECASE)
_UNDERPRICED = re.compile(r"underpriced|fee too low", re.IGNORECASE)


def shown_url(url: str) -> str:
    """Scheme and host of a URL. The rest may hold a key: paths of hosted nodes do."""
    parts = urlsplit(url)
    host = parts.hostname or "?"
    return f"{parts.scheme}://{host}:{parts.port}" if parts.port else f"{parts.scheme}://{host}"


@contextlib.contextmanager
def mapped(url: str, call: str, *, chain_id: int = 0, account: str | None = None) -> Iterator[None]:
    """Around requests to a node.

    Args:
        call: what is asked for, for people: "ModelRegistry.storeProgram".
        account: who pays, if anybody.

    Raises:
        NodeUnreachable, NodeRefused, OutOfFunds, TransactionReverted, NotDeployed: see zkseal.errors.
    """
    try:
        yield
    except (requests.ConnectionError, requests.Timeout, RequestTimedOut, TimeExhausted) as error:
        raise NodeUnreachable(
            f"No node answers at {shown_url(url)} ({type(error).__name__}). Is it running, and is --rpc right?",
            url=shown_url(url),
            reason=type(error).__name__,
        ) from None  # the original names the whole URL
    except ContractLogicError as error:
        raise reverted(call, revert_data(error), fallback=str(error.message)) from error
    except BadFunctionCallOutput as error:
        contract = call.partition(".")[0]
        raise NotDeployed(
            f"{call} returned nothing: there is no {contract} at this address of chain {chain_id}. Check the address "
            "book, or run: zkseal chain deploy",
            contract=contract,
            chain_id=chain_id,
        ) from error
    except Web3RPCError as error:
        raise _refused(url, error, account) from None
    except (requests.RequestException, json.JSONDecodeError, UnicodeDecodeError, Web3Exception) as error:
        reason = _without_url(str(error), url) if not isinstance(error, requests.RequestException) else _status(error)
        raise NodeRefused(
            f"The node at {shown_url(url)} does not answer as a JSON-RPC node does: {reason}. Is --rpc the URL of one?",
            url=shown_url(url),
            reason=reason,
        ) from None


def reverted(call: str, data: bytes, *, fallback: str = "", transaction: str | None = None) -> TransactionReverted:
    """The error for a refusal by a contract, with what Solidity says in `data`."""
    known = decode_revert(data)
    name, arguments = known if known is not None else (f"0x{data[:4].hex()}" if data else "no reason", {})
    shown = {key: _shown(value) for key, value in arguments.items()}
    inside = ", ".join(f"{key}={value}" for key, value in shown.items())
    told = f"{name}({inside})" if known is not None else (fallback or name)
    remedy = _REMEDIES.get(name, "contracts/README.md says what each contract demands.")
    return TransactionReverted(
        f"{call} was refused by the contract: {told}. {remedy}",
        call=call,
        error=name,
        arguments=shown,
        transaction=transaction,
    )


_REMEDIES = {
    "VerificationRefused_ModelDeprecated": "The model's owner withdrew it; ask for its successor.",
    "ModelNotFound": "Register the model first: zkseal chain register",
    "StatementUsed": "Every statement counts once: prove again with another nonce.",
    "DeadlinePassed": "Prove again with a later deadline.",
    "VersionRefused": "The model's owner accepts newer versions only.",
    "NotPending": "The request was answered or cancelled meanwhile.",
    "ModelAlreadyProved": "Somebody submitted this model proof first; run setup again for fresh commitments.",
    "ModelExists": "The model is registered already.",
    "SetupRefused": "This registry takes keys whose powers of tau are of a published ceremony (docs/guides/setups.md).",
    "NotModelOwner": "Use the keystore of the model's owner.",
    "ModeMismatch": "The request takes other evidence: answer with that.",
    "AttestedAnswersOff": "This oracle takes proofs alone: its owner has set no registry of keys.",
    "KeyNotRegistered": "Register the enclave's key first (zkseal chain register-key); a changed answer looks so too.",
    "KeyExpired": "Start the enclave again and register its new key.",
    "KeyIsRevoked": "A revoked key never comes back: start the enclave again and register its new key.",
    "KeyExists": "The key is registered already.",
    "MeasurementNotAllowed": "The model's owner allows it: zkseal chain allow-measurement",
    "BelowThreshold": "Collect the signatures of more appraisers: zkseal chain attest-key",
    "NotAppraiser": "Signed by somebody who is no appraiser, or for another key, registry or chain.",
    "SignaturesExpired": "The appraisers have to sign again.",
    "ProofWindowOpen": "The proof may still come: wait until the window has passed.",
    "ProofWindowPassed": "Too late: the bond goes to the requester.",
}


def revert_data(error: ContractLogicError) -> bytes:
    """The bytes that a contract reverted with; none if the node does not tell."""
    data: Any = error.data
    if isinstance(data, Mapping):  # some nodes nest it
        data = data.get("data") or data.get("result")
    if not isinstance(data, str):
        return b""
    try:
        return bytes.fromhex(data.removeprefix("Reverted ").removeprefix("0x"))
    except ValueError:
        return b""


def already_known(error: ChainError) -> bool:
    """Whether a node refused a transaction because it has it."""
    return isinstance(error, NodeRefused) and bool(_KNOWN.search(error.reason))


def nonce_used(error: ChainError) -> bool:
    """Whether a node refused a transaction because one with its nonce was mined."""
    return isinstance(error, NodeRefused) and bool(_NONCE.search(error.reason))


def underpriced(error: ChainError) -> bool:
    """Whether a node refused a replacement because its fee is hardly higher."""
    return isinstance(error, NodeRefused) and bool(_UNDERPRICED.search(error.reason))


def out_of_gas(error: ChainError) -> bool:
    """Whether a node found no amount of gas that suffices."""
    return isinstance(error, NodeRefused) and bool(_GAS.search(error.reason))


def _refused(url: str, error: Web3RPCError, account: str | None) -> ChainError:
    response: Mapping[str, Any] = error.rpc_response or {}
    details = response.get("error")
    reason = str(details.get("message", "")) if isinstance(details, Mapping) else str(error.message)
    if account is not None and _NO_FUNDS.search(reason):
        return OutOfFunds(
            f"Account {account} cannot pay for this: {reason}. Send it some ether, or use another --keystore.",
            account=account,
            balance_wei=0,
            needed_wei=0,
        )
    reason = _without_url(reason, url)
    return NodeRefused(
        f"The node at {shown_url(url)} refused: {reason}. If it should not have, ask its operator.",
        url=shown_url(url),
        reason=reason,
    )


def _status(error: requests.RequestException) -> str:
    response = error.response
    return f"HTTP {response.status_code}" if response is not None else type(error).__name__


def _without_url(text: str, url: str) -> str:
    return " ".join(text.replace(url, shown_url(url)).split())[:300]


def _shown(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    return str(value) if isinstance(value, int) and value.bit_length() > 53 else value
