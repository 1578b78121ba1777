"""From an appraisal to what is signed for a chain: the measurement of an image, the attestation of its key."""

from __future__ import annotations

import argparse
import hashlib
import json
from typing import TYPE_CHECKING, Any

from zkseal.cli.commands.chain.shared_options import bytes32
from zkseal.cli.sealed import assurance
from zkseal.errors import PolicyDenied, WrongInput, WrongModel
from zkseal.proving import VerifyingKey
from zkseal.receipts import cbor
from zkseal.tee import AppraisalPolicy, Assurance, AttestedRuntime, DevAttestedRuntime, Platform

if TYPE_CHECKING:
    from zkseal.chain.attested_keys import KeyAttestation

__all__ = ["add_measurement", "attestation_of", "ear_of", "measurement_of", "measurement_option", "production"]

MEASUREMENT_DOMAIN = b"zkseal/measurement/v1"


def measurement_of(policy: AppraisalPolicy, platform: Platform) -> bytes:
    """The 32 bytes that stand for an image on a chain: SHA-256 over the platform and its reference values.

    Taken from the policy, so that a model's owner who has the image's policy can compute what appraisers will sign.

    Raises:
        WrongInput: the policy has no reference values, or several for one claim: it names no one image.
    """
    if not policy.references or any(len(values) != 1 for values in policy.references.values()):
        raise WrongInput(
            f"The policy '{policy.name}' names no one image: give a policy with one reference value for each claim.",
            name="policy",
            expected="one reference value for each claim",
            got=len(policy.references),
        )
    references = {name: values[0] for name, values in policy.references.items()}
    return hashlib.sha256(
        MEASUREMENT_DOMAIN + cbor.dumps({"platform": str(platform), "references": references})
    ).digest()


def production(text: str) -> Assurance:
    """An assurance that a chain takes, for argparse."""
    level = assurance(text)
    if not level.production:
        raise argparse.ArgumentTypeError(f"{text} is of development; give vtpm_cloud or hardware")
    return level


def ear_of(runtime: AttestedRuntime | DevAttestedRuntime) -> bytes:
    """The appraisal's result (EAR) as JSON text: what `ear_digest` is of."""
    return f"{json.dumps(runtime.to_json(), sort_keys=True, indent=1)}\n".encode()


def attestation_of(
    runtime: AttestedRuntime | DevAttestedRuntime,
    policy: AppraisalPolicy,
    key: VerifyingKey,
    *,
    model_id: int,
    model_digest: bytes,
    valid_until: int,
    deadline: int,
) -> KeyAttestation:
    """What an appraiser signs for the key of an enclave whose evidence was accepted.

    Args:
        key: verifying key of the model that the enclave has to run.
        model_id, model_digest: of that model on the chain.

    Raises:
        PolicyDenied: the evidence is of development.
        WrongModel: the enclave runs another model.
        WrongInput: the policy names no one image.
    """
    from zkseal.chain.attested_keys import KeyAttestation
    from zkseal.chain.typed_data import address_of_public_key

    if isinstance(runtime, DevAttestedRuntime):
        reason = "development evidence is not signed for a chain"
        raise PolicyDenied(
            "This is development evidence: no contract takes its keys. Attest on a production root.",
            check="assurance",
            reason=reason,
        )
    bound = runtime.runtime_data
    if bound.zk_model_commitment != key.model_id:
        raise WrongModel(
            "The enclave is bound to another model than the key's.",
            expected=key.model_id.hex(),
            got=bound.zk_model_commitment.hex(),
        )
    parts = (runtime.result, *runtime.submodules.values())
    return KeyAttestation(
        key=address_of_public_key(bound.signing_public_key),
        model_id=model_id,
        model_digest=model_digest,
        measurement=measurement_of(policy, runtime.result.platform),
        ear_digest=hashlib.sha256(ear_of(runtime)).digest(),
        assurance=int(min(part.assurance for part in parts)),
        valid_until=valid_until,
        deadline=deadline,
    )


def add_measurement(parser: argparse.ArgumentParser) -> None:
    """Declares --measurement, and --policy with --platform, from which it is computed."""
    parser.add_argument("--measurement", type=bytes32, metavar="HEX", help="the measurement itself (32 bytes), or:")
    parser.add_argument("--policy", metavar="FILE", help="policy that names the image, with --platform")
    parser.add_argument("--platform", choices=[str(platform) for platform in Platform], help="kind of its evidence")


def measurement_option(options: argparse.Namespace) -> bytes | None:
    """The measurement that was given, either way. Raises `WrongInput` as `measurement_of`, or for half of a pair."""
    from zkseal.cli.sealed import policy_named

    given: Any = options.measurement
    if given is not None:
        return bytes(given)
    if options.policy is None and options.platform is None:
        return None
    if options.policy is None or options.platform is None:
        raise WrongInput("--policy and --platform go together.", name="platform", expected="both", got="one of them")
    return measurement_of(policy_named(options.policy), Platform(options.platform))
