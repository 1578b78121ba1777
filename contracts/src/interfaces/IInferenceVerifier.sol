// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Evidence} from "../lib/StatementLib.sol";

/// @title What consumers call: a proved inference, used once
interface IInferenceVerifier {
    /// @notice Verifies an inference made for the caller and marks its statement as used.
    /// @param modelId Registered model, neither deprecated nor below its minimum version.
    /// @param output Public values of the proof.
    /// @param evidence Subject, nonce, deadline, commitments and proof.
    /// @return stmt The statement hash, unique to this use.
    function consume(uint256 modelId, bytes calldata output, Evidence calldata evidence) external returns (bytes32 stmt);

    /// @notice Block in which the statement was used, or zero.
    function usedAt(bytes32 stmt) external view returns (uint256 blockNumber);
}
