"""Serve a sealed model: an enclave decrypts it in memory, answers encrypted requests, and signs its answers.

The key comes from a broker, sealed to the enclave's attested key. An enclave process that ends is started anew, and one
that answered as many requests as it can tell apart. One JSON line for each request goes to standard error; none holds
anything of what was asked. Ctrl-C and SIGTERM end it.

example: zkseal enclave serve credit.zks --broker http://127.0.0.1:8700 --attester sandbox
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from zkseal.broker import BrokerClient
from zkseal.cli.console import Console
from zkseal.cli.extras import require_packages
from zkseal.cli.sealed import policy_named
from zkseal.cli.signals import stopped_by_signals
from zkseal.collateral import Cache, completed
from zkseal.enclave.host import Attests, EnclaveHost, EnclaveOptions, KeySource
from zkseal.enclave.padding import LEAST_BUCKET
from zkseal.enclave.rates import RateLimits
from zkseal.errors import PolicyDenied, WrongInput, ZksealError
from zkseal.sealed import SealedModel, read_publisher_public_key
from zkseal.tee import Evidence, pinned_roots
from zkseal.tee.attesters import ConfigfsTsmAttester, NsmAttester, TpmAttester

__all__ = ["configure", "revived", "run"]

PORT = 8701
_LOOK_S = 1.0
ATTESTERS = ("sandbox", "tpm", "tsm", "nsm")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("sealed", type=Path, metavar="model.zks")
    parser.add_argument("--broker", required=True, metavar="URL", help="the key broker that the model is sealed to")
    parser.add_argument(
        "--attester",
        choices=ATTESTERS,
        default="sandbox",
        help="sandbox: development, no hardware; tpm; tsm: TDX and SEV-SNP by Linux; nsm: AWS Nitro (default: sandbox)",
    )
    parser.add_argument(
        "--collateral",
        type=Path,
        metavar="DIR",
        help="folder of `zkseal tee fetch`, read for each attestation: what the vendor says goes with the evidence",
    )
    parser.add_argument("--tcti", metavar="T", help="how the TPM is reached: device:/dev/tpmrm0, swtpm:host=..,port=..")
    parser.add_argument(
        "--policy", metavar="P", help="refuse a model that is sealed for another policy than this (name or TOML file)"
    )
    parser.add_argument("--publisher", type=Path, metavar="FILE", help="public key that has to have signed the model")
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="to listen at (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=PORT, help=f"default: {PORT}; 0 takes a free one")
    defaults = RateLimits()
    parser.add_argument(
        "--rate", type=int, default=defaults.total_per_s, metavar="N", help="requests a second, of everybody together"
    )
    parser.add_argument(
        "--client-rate", type=int, default=defaults.client_per_s, metavar="N", help="requests a second of one client"
    )
    parser.add_argument(
        "--least-bucket",
        type=int,
        default=LEAST_BUCKET,
        metavar="BYTES",
        help=f"responses are padded to powers of two from here on (default: {LEAST_BUCKET})",
    )
    parser.add_argument(
        "--interval-ms",
        type=int,
        default=0,
        metavar="MS",
        help="answer at multiples of this time only, which hides how long an answer took (default: at once)",
    )


def run(options: argparse.Namespace, console: Console) -> None:
    """Serves until told to stop.

    Raises:
        MissingDependency: starlette or uvicorn is not installed.
        PolicyDenied: the model is sealed for another policy.
    """
    require_packages(("starlette", "uvicorn"), extra="enclave")
    from zkseal.enclave.service import application
    from zkseal.http_server.server import Server

    publisher = None if options.publisher is None else read_publisher_public_key(options.publisher)
    _require_policy(options, publisher)
    limits = RateLimits(options.rate, 2 * options.rate, options.client_rate, 2 * options.client_rate)
    enclave_options = EnclaveOptions(
        publisher=publisher, limits=limits, least_bucket=options.least_bucket, interval_ms=options.interval_ms
    )
    broker = BrokerClient(options.broker)
    host_of_model = EnclaveHost(
        options.sealed, _attester(options), options=enclave_options, complete=_completion(options.collateral)
    )
    with host_of_model as host:
        host.provision(broker)
        server = Server(application(host, log=_log), options.host, options.port)
        described = host.described
        url = f"http://{options.host}:{server.port}"
        console.result({"url": url, **described}, _lines(url, described))
        sys.stdout.flush()
        with stopped_by_signals(server.stop), revived(host, broker):
            server.run()


def _completion(folder: Path | None) -> Callable[[Evidence], Evidence]:
    """What adds the collateral of a folder to evidence; what the folder has not is left to whoever appraises."""
    if folder is None:
        return lambda evidence: evidence
    cache, roots = Cache(folder), pinned_roots()
    return lambda evidence: completed(evidence, cache, roots=roots, now=int(time.time()))[0]


def _lines(url: str, described: dict[str, Any]) -> list[str]:
    lines = [f"serving at {url}", f"assurance {described['assurance']}", described["note"]]
    lines.append(f"isolation: {', '.join(described['isolation'])}")
    lines += [f"WARNING: without {name}: {reason}" for name, reason in described["isolation_missing"].items()]
    return lines


def _require_policy(options: argparse.Namespace, publisher: bytes | None) -> None:
    header = SealedModel.open(options.sealed, publisher=publisher).header
    if options.policy is None:
        return
    policy = policy_named(options.policy)
    if policy.digest != header.policy_digest:
        reason = f"the model is sealed for the policy {header.policy_digest.hex()}, not for {policy.policy_id}"
        raise PolicyDenied(f"{reason[:1].upper()}{reason[1:]}.", check="policy", reason=reason)


def _attester(options: argparse.Namespace) -> Attests | None:
    """None is the sandbox."""
    if options.attester == "tpm":
        if options.tcti is None:
            text = "A TPM is reached by --tcti: device:/dev/tpmrm0 or swtpm:host=127.0.0.1,port=2321."
            raise WrongInput(text, name="tcti", expected="a TCTI", got=None)
        return TpmAttester(options.tcti)
    return (
        {"tsm": ConfigfsTsmAttester, "nsm": NsmAttester}[options.attester]() if options.attester != "sandbox" else None
    )


def _log(line: dict[str, Any]) -> None:
    print(json.dumps({"time": int(time.time()), **line}), file=sys.stderr, flush=True)


@contextlib.contextmanager
def revived(host: EnclaveHost, broker: KeySource) -> Iterator[None]:
    """Starts an enclave that ended or is exhausted anew, with new keys, for as long as the block runs.

    Whatever fails is logged by its kind, and tried again: its text may be anybody's.
    """
    done = threading.Event()

    def look() -> None:
        while not done.wait(_LOOK_S):
            try:
                status = host.described["status"]
                if status == "ready":
                    continue
                host.start()
                host.provision(broker)
                _log({"event": "started anew", "after": status, "assurance": host.ceiling.name.lower()})
            except Exception as error:
                code = error.code if isinstance(error, ZksealError) else type(error).__name__
                _log({"event": "not started", "code": code, "assurance": host.ceiling.name.lower()})

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
