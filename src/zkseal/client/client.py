"""`Client`: the proving service, called like the local API."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.client.jobs import Asked, Job
from zkseal.client.models import RemoteModel, key_in_file, pinned
from zkseal.client.transport import Transport
from zkseal.client.verified import rows
from zkseal.errors import DigestMismatch, InvalidEncoding, NotFound, WrongModel
from zkseal.executors.inputs import input_integers, named_inputs, stacked
from zkseal.files import SEGMENTED_PROVING_KEY, segment_files
from zkseal.files.container import mapped
from zkseal.pipeline import ProvedStatement, ProveResult, Samples, verify
from zkseal.proving import Progress
from zkseal.receipts import Receipt, cbor

__all__ = ["Client", "RemoteVerification"]

CBOR = "application/cbor"
OCTETS = "application/octet-stream"


@dataclass(frozen=True)
class RemoteVerification:
    """What the service says that a receipt proves. Worth as much as the service is trusted."""

    model_id: bytes
    document: Mapping[str, Any]


class Client:
    """One service, with one API key. Threads may share it; `close` it when done, or use it in a `with` block.

    Args:
        url: `https://host`; `http://` for loopback addresses, or with `insecure_http`.
        api_key: `zks_..`; by default that of the variable `ZKSEAL_API_KEY`. None for what is public.
        timeout_s: for connecting, sending, and waiting for an answer to begin.
        retry_for_s: how long a request is tried again after 429, 503 and lost connections. Nothing is done twice.
        tls: by default the system's authorities are trusted.

    Raises:
        WrongInput: no URL of a service, or one in the clear.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        timeout_s: float = 30.0,
        retry_for_s: float = 60.0,
        tls: ssl.SSLContext | None = None,
        insecure_http: bool = False,
    ) -> None:
        key = os.environ.get("ZKSEAL_API_KEY") if api_key is None else api_key
        self._transport = Transport(
            url, key, timeout_s=timeout_s, retry_for_s=retry_for_s, tls=tls, insecure_http=insecure_http
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes connections."""
        self._transport.close()

    # Models. ----------------------------------------------------------------------------------------------------------

    def register(self, key_file: str | os.PathLike[str], name: str = "model") -> RemoteModel:
        """Registers a model by the file of its proving key, or of its verifying key alone; the file pins its id.

        With the proving key of a model in segments go the files in the folder beside it, one by one; called again after
        it was broken off, it sends those that are missing.

        Raises:
            FileUnavailable: a file cannot be read.
            DecodeError, ModelProofRejected: it is no such file, and was not sent.
            QuotaExceeded: the service does not take it.
            NotFound: it has another proving key of the model, and asks for segments of that.
            WrongModel: the service says that it is another model.
        """
        path = Path(key_file)
        data = bytes(mapped(path))
        key = key_in_file(data, path)
        found = self._send_model("POST", "/v1/models", data, key.model_id, params={"name": name})
        missing = _missing(found)
        files = segment_files(path) if data[8:12] == SEGMENTED_PROVING_KEY.code else []
        for file in files:
            # A segment's file is called by its digest.
            if file.stem in missing:
                url = f"/v1/models/{key.model_id.hex()}/segments/{file.stem}"
                found = self._send_model("PUT", url, bytes(mapped(file)), key.model_id)
        if files and (left := _missing(found)):
            text = "The service has another proving key of this model, and asks for other segments. Delete the model"
            raise NotFound(f"{text} there, and register it again.", kind="segment", name=min(left))
        return RemoteModel(str(found.get("name")), bool(found.get("provable")), key)

    def _send_model(self, method: str, url: str, data: bytes, model_id: bytes, **options: Any) -> Mapping[str, Any]:
        """What the service says of the model that it keeps this file for."""
        headers = {"Content-Type": OCTETS}
        found: Mapping[str, Any] = self._transport.document(
            method, url, content=data, headers=headers, wait_s=300.0, **options
        )
        if (said := _model_id(found)) != model_id:
            text = "The service took the file for another model than it holds. Do not use it."
            raise WrongModel(text, expected=model_id.hex(), got=said.hex())
        return found

    def model(self, model_id: bytes | str) -> RemoteModel:
        """A model by the id that you pin; its verifying key is fetched, checked, and held to the id.

        Raises:
            NotFound: the service has no such model for you.
            WrongModel: it gave another model's key.
        """
        wanted = bytes.fromhex(model_id) if isinstance(model_id, str) else model_id
        key = self._transport.request("GET", f"/v1/models/{wanted.hex()}/verifying-key").content
        found = self._transport.document("GET", f"/v1/models/{wanted.hex()}")
        return RemoteModel(str(found.get("name")), bool(found.get("provable")), pinned(key, wanted))

    def models(self) -> list[RemoteModel]:
        """All models of the tenant."""
        found = self._transport.document("GET", "/v1/models")
        return [self.model(_model_id(entry)) for entry in found.get("models", [])]

    def delete_model(self, model: RemoteModel) -> None:
        """Deletes a model's keys there and cancels its jobs; receipts stay."""
        self._transport.request("DELETE", f"/v1/models/{model.model_id.hex()}")

    # Proofs. ----------------------------------------------------------------------------------------------------------

    def prove(
        self,
        model: RemoteModel,
        inputs: Samples,
        *,
        context: bytes = b"",
        progress: Progress | None = None,
        timeout_s: float | None = None,
        insecure_srs: bool = False,
    ) -> ProveResult:
        """As `zkseal.prove`, there: a receipt, verified here, its opening, and the outputs.

        Args:
            timeout_s: for all of it.
            insecure_srs: accept a model whose powers of tau come from no published ceremony, for tests.

        Raises:
            WrongInput, RangeExceeded: the input does not fit the model; said here, before anything is sent.
            QuotaExceeded, ScopeMissing, NotFound: the service does not take it.
            ProofRejected: what came back does not prove what was asked for.
            WorkerStalled: it took longer than `timeout_s`, and goes on there.
        """
        job = self.submit(model, inputs, context=context, insecure_srs=insecure_srs)
        return job.result(timeout_s, progress)

    def prove_batch(
        self,
        model: RemoteModel,
        inputs: Sequence[Samples],
        *,
        context: bytes = b"",
        progress: Progress | None = None,
        timeout_s: float | None = None,
        insecure_srs: bool = False,
    ) -> Sequence[ProveResult]:
        """Many inputs in one proof, by a model that was compiled for so many: results that share one receipt.

        Raises as `prove`.
        """
        whole = stacked(model.interface, list(inputs))
        input_integers(model.interface, whole)
        single = [_encoded(_by_name(model, one)) for one in inputs]
        asked = Asked(model, whole, context, insecure_srs)
        job = self._submit("batches", asked, single, idempotency_key=None)
        return rows(job.result(timeout_s, progress), len(inputs))

    def submit(
        self,
        model: RemoteModel,
        inputs: Samples,
        *,
        context: bytes = b"",
        idempotency_key: str | None = None,
        insecure_srs: bool = False,
    ) -> Job:
        """Asks for a proof and does not wait. Raises as `prove`.

        Args:
            idempotency_key: the request's own name, if it is to survive this process; by default a random one.
        """
        arrays = named_inputs(model.interface, inputs)
        input_integers(model.interface, arrays)
        asked = Asked(model, arrays, context, insecure_srs)
        return self._submit("inferences", asked, _encoded(arrays), idempotency_key)

    def job(self, job_id: str) -> Job:
        """A job by its id."""
        return Job(self._transport, self._transport.document("GET", f"/v1/jobs/{job_id}"))

    def jobs(self, *, state: str | None = None, limit: int = 50) -> list[Job]:
        """The newest jobs."""
        params: dict[str, Any] = {"limit": limit} | ({} if state is None else {"state": state})
        found = self._transport.document("GET", "/v1/jobs", params=params)
        return [Job(self._transport, entry) for entry in found.get("jobs", [])]

    def receipt(self, digest: str) -> Receipt:
        """A receipt by its digest, to which it is held. It is not verified: `verify` does that."""
        data = self._transport.request("GET", f"/v1/receipts/{digest}", headers={"Accept": CBOR}).content
        if hashlib.sha256(data).hexdigest() != digest:
            raise DigestMismatch("The service gave another receipt than was asked for.", path=f"receipt {digest}")
        return Receipt.from_cbor(data)

    # Verification. ----------------------------------------------------------------------------------------------------

    def verify(
        self, receipt: Receipt, model: RemoteModel, *, context: bytes = b"", insecure_srs: bool = False
    ) -> ProvedStatement:
        """As `zkseal.verify`, here, under the model's pinned key: the service is not asked."""
        return verify(receipt, model.verifying_key, context=context, insecure_srs=insecure_srs)

    def verify_there(
        self,
        receipt: Receipt,
        *,
        context: bytes = b"",
        verifying_key: bytes | None = None,
        model_id: bytes | None = None,
        policy: str | None = None,
        insecure_srs: bool = False,
    ) -> RemoteVerification:
        """What the service says that the receipt proves. Raises what it does not."""
        asked: dict[str, Any] = {"receipt": receipt.to_cbor(), "context": context, "insecure_srs": insecure_srs}
        optional = {"verifying_key": verifying_key, "model_id": model_id, "policy": policy}
        asked |= {name: value for name, value in optional.items() if value is not None}
        headers = {"Content-Type": CBOR}
        found = self._transport.document("POST", "/v1/verifications", content=cbor.dumps(asked), headers=headers)
        return RemoteVerification(_model_id(found), found)

    def _submit(self, path: str, asked: Asked, inputs: Any, idempotency_key: str | None) -> Job:
        # One key for all tries of this request: it becomes one job.
        headers = {"Idempotency-Key": idempotency_key or secrets.token_hex(16), "Prefer": "respond-async"}
        body = {"inputs": inputs, "context": base64.b64encode(asked.context).decode()}
        url = f"/v1/models/{asked.model.model_id.hex()}/{path}"
        answer = self._transport.document("POST", url, json=body, headers=headers)
        # A request that was answered before may be answered with what it gave by now.
        return Job(self._transport, answer.get("job", answer), asked)


def _missing(document: Mapping[str, Any]) -> set[str]:
    """Digests of the segments that the service lacks of a model. Raises `InvalidEncoding`."""
    found = document.get("missing_segments", [])
    if not isinstance(found, list) or not all(isinstance(digest, str) for digest in found):
        raise InvalidEncoding("The service names missing segments in another form.", reason="missing_segments")
    return set(found)


def _by_name(model: RemoteModel, inputs: Samples) -> Mapping[str, npt.NDArray[Any]]:
    if isinstance(inputs, Mapping):
        return {name: np.asarray(array) for name, array in inputs.items()}
    return {model.interface.inputs[0].name: np.asarray(inputs)}


def _encoded(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, Any]:
    """Arrays by their bytes, as the service reads them."""
    shown = {}
    for name, array in arrays.items():
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        data = base64.b64encode(little.tobytes()).decode()
        shown[name] = {"dtype": array.dtype.name, "shape": list(array.shape), "data": data}
    return shown


def _model_id(document: Any) -> bytes:
    text = document.get("model_id") if isinstance(document, dict) else None
    try:
        found = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        found = b""
    if len(found) != 32:
        raise InvalidEncoding("The service names a model in another form.", reason="model_id")
    return found
