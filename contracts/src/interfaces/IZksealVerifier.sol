// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @title The universal proof verifier
/// @notice One contract for every model: what differs between models is the verifying program it reads.
interface IZksealVerifier {
    /// @notice One proof, as the arguments of `verify`.
    struct Item {
        address program;
        bytes context;
        bytes publicValues;
        bytes commitments;
        bytes proof;
    }

    /// @notice Returns if the proof is valid and reverts if it is not.
    /// @param program Address of the SSTORE2-style code that holds the verifying program.
    /// @param context Bytes bound by the proof.
    /// @param publicValues Public tensors, abi: int64[] flattened in order.
    /// @param commitments Uncompressed G1 commitments (64 bytes each) of the input and output columns.
    /// @param proof Proof bytes.
    function verify(
        address program,
        bytes calldata context,
        bytes calldata publicValues,
        bytes calldata commitments,
        bytes calldata proof
    ) external view;

    /// @notice Returns if all proofs are valid and reverts if one is not. They share one product of pairings, so that all
    /// programs must be of one setup.
    function verifyMany(Item[] calldata items) external view;

    /// @notice keccak256 of the model commitments that a program holds, 64 bytes each: those of the program that checks
    /// inferences and of the program that checks the model proof have to be the same.
    function modelDigest(address program) external view returns (bytes32);

    /// @notice tau*G2 of the setup that a program was made with (x.c1, x.c0, y.c1, y.c0).
    function setupOf(address program) external view returns (bytes memory tauG2);
}
