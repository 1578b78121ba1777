// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @title Who may borrow, without saying why
interface ICreditGate {
    /// @notice The approval of a borrower, if it is in force now.
    /// @return nullifier Names the person or firm behind the borrower, to no one but the data provider; zero: none.
    /// @return expiry Last second (Unix time) of the approval; zero: none.
    function approvalOf(address borrower) external view returns (bytes32 nullifier, uint64 expiry);
}
