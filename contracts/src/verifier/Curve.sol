// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {NotOnCurve} from "./Frame.sol";
import {Q} from "./Field.sol";

/// @title Sums of scalars times points, and one product of pairings, by the precompiled contracts
/// @dev Memory at `at`: the sum, then a point and a scalar. The precompiled contracts refuse coordinates that are not below
/// Q and points that are not on the curve.
library Curve {
    /// @dev Coordinates of H (book, chapter 1), of which nobody knows a relation to the powers of tau.
    uint256 internal constant BLINDING_X = 0x15abf80d51fba2e816ba482d3a63cb18d6cffb65b7e4fbf6df3730de1f9d2529;
    uint256 internal constant BLINDING_Y = 0x2fc0e7bb69314ca9a0539e167506bd733b8e8907740840906b1a19e5a49fd05a;

    /// @notice The sum becomes the identity.
    function start(uint256 at) internal pure {
        assembly ("memory-safe") {
            mstore(at, 0)
            mstore(add(at, 0x20), 0)
        }
    }

    /// @notice Adds scalar times a point of calldata.
    function addCalldata(uint256 at, uint256 offset, uint256 scalar) internal view {
        assembly ("memory-safe") {
            calldatacopy(add(at, 0x40), offset, 0x40)
        }
        multiplyAndAdd(at, scalar);
    }

    /// @notice Adds scalar times a point of memory.
    function addMemory(uint256 at, uint256 place, uint256 scalar) internal view {
        assembly ("memory-safe") {
            mcopy(add(at, 0x40), place, 0x40)
        }
        multiplyAndAdd(at, scalar);
    }

    /// @notice Adds scalar times the point (x, y).
    function addPoint(uint256 at, uint256 x, uint256 y, uint256 scalar) internal view {
        assembly ("memory-safe") {
            mstore(add(at, 0x40), x)
            mstore(add(at, 0x60), y)
        }
        multiplyAndAdd(at, scalar);
    }

    /// @notice Replaces the sum (two words of memory) by `scalar` times itself plus a point.
    /// @param at Memory: five words to work in.
    function foldInto(uint256 at, uint256 sum, uint256 point, uint256 scalar) internal view {
        assembly ("memory-safe") {
            mcopy(at, point, 0x40)
        }
        addMemory(at, sum, scalar);
        assembly ("memory-safe") {
            mcopy(sum, at, 0x40)
        }
    }

    /// @notice Adds a point of calldata.
    function addOnce(uint256 at, uint256 offset) internal view {
        bool good;
        assembly ("memory-safe") {
            calldatacopy(add(at, 0x40), offset, 0x40)
            good := staticcall(gas(), 6, at, 0x80, at, 0x40)
        }
        if (!good) revert NotOnCurve();
    }

    function multiplyAndAdd(uint256 at, uint256 scalar) private view {
        bool good;
        assembly ("memory-safe") {
            let point := add(at, 0x40)
            mstore(add(at, 0x80), scalar)
            good := staticcall(gas(), 7, point, 0x60, point, 0x40)
            good := and(staticcall(gas(), 6, at, 0x80, at, 0x40), good)
        }
        if (!good) revert NotOnCurve();
    }

    /// @notice Whether e(sum, G2) = e(the point of calldata, the point of G2 in memory).
    function pairingsAgree(uint256 at, uint256 offset, uint256 pointG2) internal view returns (bool agree) {
        assembly ("memory-safe") {
            calldatacopy(add(at, 0xc0), offset, 0x40)
        }
        return pairingsAgree(at, pointG2);
    }

    /// @notice The same with the point behind the sum and four words.
    function pairingsAgree(uint256 at, uint256 pointG2) internal view returns (bool agree) {
        assembly ("memory-safe") {
            // G2 of EIP-197, imaginary parts first.
            mstore(add(at, 0x40), 0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2)
            mstore(add(at, 0x60), 0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed)
            mstore(add(at, 0x80), 0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b)
            mstore(add(at, 0xa0), 0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa)
            // The negative of the point: the identity has y = 0 and stays.
            let y := mload(add(at, 0xe0))
            if y { y := sub(Q, y) }
            mstore(add(at, 0xe0), y)
            mcopy(add(at, 0x100), pointG2, 0x80)
            let good := staticcall(gas(), 8, at, 0x180, 0x00, 0x20)
            // A chain without this contract answers with nothing.
            agree := and(and(good, eq(returndatasize(), 0x20)), eq(mload(0x00), 1))
        }
    }
}
