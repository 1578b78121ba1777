// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IZksealVerifier} from "../../src/interfaces/IZksealVerifier.sol";

/// @dev Accepts exactly the tuples it was told to: a contract under test that leaves one field unbound is caught.
contract VerifierDouble is IZksealVerifier {
    error ProofRejected();

    mapping(bytes32 => bool) private _accepted;

    function accept(
        address program,
        bytes memory context,
        bytes memory publicValues,
        bytes memory commitments,
        bytes memory proof
    ) external {
        _accepted[keccak256(abi.encode(program, context, publicValues, commitments, proof))] = true;
    }

    function verify(
        address program,
        bytes calldata context,
        bytes calldata publicValues,
        bytes calldata commitments,
        bytes calldata proof
    ) external view {
        if (!_accepted[keccak256(abi.encode(program, context, publicValues, commitments, proof))]) {
            revert ProofRejected();
        }
    }

    /// @dev Any two programs go together.
    function modelDigest(address) external pure returns (bytes32) {
        return bytes32(0);
    }

    function setupOf(address) external pure returns (bytes memory) {
        return "";
    }
}
