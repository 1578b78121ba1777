// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {KeyAttestation} from "../lib/KeyAttestationLib.sol";

/// @title Another way to a registered key than appraisers: a proof that evidence was verified
/// @dev For example a zkVM's proof of a DCAP quote's verification. Off until the registry's owner names one.
interface IKeyAttestationProof {
    /// @notice Returns if `proof` shows that hardware evidence says all of `attestation`, and reverts otherwise.
    /// @param attestation What is to be believed. The registry checks assurance, dates, model and measurement lists.
    /// @param digest Its EIP-712 digest: a proof that binds it is of no use to another registry or chain.
    function verifyKeyAttestation(KeyAttestation calldata attestation, bytes32 digest, bytes calldata proof)
        external
        view;
}
