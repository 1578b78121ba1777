// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @title Verifier of attested (not proved) answers
interface IAttestationVerifier {
    /// @notice Returns if `attestation` vouches for the statement, and reverts otherwise.
    /// @param modelId Registered model; the attester's policy for it is this contract's concern.
    /// @param stmt Statement hash: binds model, commitments, output, consumer, subject, nonce and deadline.
    /// @param attestation Evidence of the attester.
    function verifyAttestation(uint256 modelId, bytes32 stmt, bytes calldata attestation) external view;
}
