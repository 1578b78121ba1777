// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice What appraisers sign (EIP-712) once for an enclave's key, after they have appraised its evidence.
/// @param key Address of the secp256k1 key that was made inside the enclave at this boot, and dies with it.
/// @param modelId Registered model that the enclave runs, and no other.
/// @param modelDigest keccak256 of the model commitments, as the model's verifying program holds them.
/// @param measurement Stands for the image that was measured: SHA-256 over its platform and reference values.
/// @param earDigest SHA-256 of the first appraiser's result (EAR), which says what was checked.
/// @param assurance What vouches for the evidence: 3 a cloud's vTPM, 4 hardware. Below lies development.
/// @param validUntil Last second (Unix time) at which answers of the key count.
/// @param deadline Last second at which the key may be registered.
struct KeyAttestation {
    address key;
    uint256 modelId;
    bytes32 modelDigest;
    bytes32 measurement;
    bytes32 earDigest;
    uint8 assurance;
    uint64 validUntil;
    uint64 deadline;
}

/// @title EIP-712 struct hashes of attested keys, computed in one place
library KeyAttestationLib {
    bytes32 internal constant KEY_ATTESTATION_TYPEHASH = keccak256(
        "KeyAttestation(address key,uint256 modelId,bytes32 modelDigest,bytes32 measurement,bytes32 earDigest,uint8 assurance,uint64 validUntil,uint64 deadline)"
    );
    bytes32 internal constant KEY_REVOCATION_TYPEHASH = keccak256("KeyRevocation(address key,uint64 deadline)");
    bytes32 internal constant MEASUREMENT_REVOCATION_TYPEHASH =
        keccak256("MeasurementRevocation(bytes32 measurement,uint64 deadline)");
    bytes32 internal constant ATTESTED_ANSWER_TYPEHASH = keccak256("AttestedAnswer(bytes32 stmt)");

    /// @notice What appraisers sign to register a key.
    function hash(KeyAttestation calldata attestation) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                KEY_ATTESTATION_TYPEHASH,
                attestation.key,
                attestation.modelId,
                attestation.modelDigest,
                attestation.measurement,
                attestation.earDigest,
                attestation.assurance,
                attestation.validUntil,
                attestation.deadline
            )
        );
    }

    /// @notice What appraisers sign to revoke a key.
    function hashKeyRevocation(address key, uint64 deadline) internal pure returns (bytes32) {
        return keccak256(abi.encode(KEY_REVOCATION_TYPEHASH, key, deadline));
    }

    /// @notice What appraisers sign to revoke a measurement.
    function hashMeasurementRevocation(bytes32 measurement, uint64 deadline) internal pure returns (bytes32) {
        return keccak256(abi.encode(MEASUREMENT_REVOCATION_TYPEHASH, measurement, deadline));
    }

    /// @notice What an enclave signs for an answer: the statement hash binds everything else, chain and asker included.
    function hashAnswer(bytes32 stmt) internal pure returns (bytes32) {
        return keccak256(abi.encode(ATTESTED_ANSWER_TYPEHASH, stmt));
    }
}
