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

    function verifyMany(Item[] calldata items) external view {
        for (uint256 i = 0; i < items.length; ++i) {
            Item calldata item = items[i];
            this.verify(item.program, item.context, item.publicValues, item.commitments, item.proof);
        }
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

    mapping(address program => bytes32) public modelDigest;
    mapping(address program => bytes) private _setups;

    /// @dev What a program says of its model and its setup; zero and nothing before.
    function tell(address program, bytes32 digest, bytes memory tauG2) external {
        modelDigest[program] = digest;
        _setups[program] = tauG2;
    }

    function setupOf(address program) external view returns (bytes memory) {
        return _setups[program];
    }
}
