// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @title Where everything lies while one proof is checked
/// @dev Places in memory are addresses, places in calldata are offsets. Cells are 32-byte scalars in one array:
/// public values | beta eta delta r0 | r | zeta | rho | r_hi r_lo | outputs
/// All but the outputs are what the verifying program is called with.
struct Frame {
    /// @dev Memory: the data of the verifying program.
    uint256 program;
    /// @dev Memory: first public value.
    uint256 publics;
    /// @dev Memory: beta; eta, delta and r0 follow.
    uint256 named;
    /// @dev Memory: r.
    uint256 lookupPoint;
    /// @dev Memory: zeta.
    uint256 zeroPoint;
    /// @dev Memory: rho.
    uint256 productPoint;
    /// @dev Memory: r_hi, then r_lo.
    uint256 rowPoint;
    /// @dev Memory: what the program returns.
    uint256 outputs;
    /// @dev Memory: the state of the transcript, then room for what is absorbed.
    uint256 transcript;
    /// @dev c.
    uint256 logRow;
    /// @dev R.
    uint256 rowVars;
    /// @dev n.
    uint256 lookupVars;
    /// @dev L, 0 without lookups.
    uint256 lanes;
    /// @dev n2.
    uint256 productVars;
    /// @dev nz.
    uint256 zeroVars;
    /// @dev Calldata: the word of the proof that is read next.
    uint256 cursor;
    /// @dev Calldata: witness commitments.
    uint256 witness;
    /// @dev Calldata: the commitment of mu.
    uint256 mask;
    /// @dev Calldata: helper commitments.
    uint256 helper;
    /// @dev Calldata: C_q and C_q'.
    uint256 blinding;
    /// @dev Calldata: input, then output commitments.
    uint256 commitments;
}

/// @notice The code at this address is no verifying program.
error InvalidProgram(address program);
/// @notice Bytes of a wrong length; `what` is 0 for the proof, 1 for public values, 2 for commitments.
error WrongLength(uint256 what, uint256 expected, uint256 got);
/// @notice A scalar of the proof that is not below the order of the group; `at` counts bytes of calldata.
error NonCanonicalScalar(uint256 at);
/// @notice A public value outside its bounds.
error PublicValueOutOfBounds(uint256 index);
/// @notice The identity where a commitment is needed; `at` counts bytes of calldata.
error IdentityPoint(uint256 at);
/// @notice Coordinates that are no point of the curve.
error NotOnCurve();
/// @notice The claim about all columns does not hold.
error LinearClaimRejected();
/// @notice Proofs that are verified together are of one setup.
error SetupsDiffer();
/// @notice The opening of the combined row does not hold.
error OpeningRejected();
