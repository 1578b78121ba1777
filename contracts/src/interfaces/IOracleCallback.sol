// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @title What a contract implements to be called back by the oracle
/// @dev ORA's name and shape, so that a contract written for its oracle changes an address only.
interface IOracleCallback {
    /// @notice Receives a verified answer. What it does cannot undo the answer: a revert is noted, no more.
    function aiOracleCallback(uint256 requestId, bytes calldata output, bytes calldata callbackData) external;
}
