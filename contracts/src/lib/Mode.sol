// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice What stands behind an answer of the oracle. The asker chooses; no other kind of answer is taken.
/// ZK: a proof. No trust in whoever computed.
/// TEE: the signature of an enclave whose key is registered. Trust in hardware, appraisers and their owner.
/// TEE_AND_ZK: both, about one statement: an error of either alone changes no answer.
/// TEE_THEN_ZK: the signature and a bond at once, the proof within a window, or the bond is the asker's.
enum Mode {
    ZK,
    TEE,
    TEE_AND_ZK,
    TEE_THEN_ZK
}
