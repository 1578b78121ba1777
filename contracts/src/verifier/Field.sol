// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @dev Order of the group: scalars are numbers below.
uint256 constant P = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
/// @dev Coordinates of points are numbers below.
uint256 constant Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583;
/// @dev 1/2 modulo P.
uint256 constant HALF = 10944121435919637611123202872628637544274182200208017171849102093287904247809;

/// @title Arithmetic modulo P
library Field {
    function neg(uint256 a) internal pure returns (uint256) {
        unchecked {
            return a == 0 ? 0 : P - a;
        }
    }

    function sub(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            return addmod(a, P - b, P);
        }
    }

    function mul(uint256 a, uint256 b) internal pure returns (uint256) {
        return mulmod(a, b, P);
    }

    function add(uint256 a, uint256 b) internal pure returns (uint256) {
        return addmod(a, b, P);
    }

    /// @notice 1/a by the precompiled contract for powers; 0 for 0.
    /// @param at Memory: six words to work in.
    function inverse(uint256 a, uint256 at) internal view returns (uint256 result) {
        assembly ("memory-safe") {
            mstore(at, 32)
            mstore(add(at, 0x20), 32)
            mstore(add(at, 0x40), 32)
            mstore(add(at, 0x60), a)
            mstore(add(at, 0x80), sub(P, 2))
            mstore(add(at, 0xa0), P)
            // Cannot fail with these lengths but by lack of gas.
            if iszero(staticcall(gas(), 5, at, 0xc0, 0x00, 0x20)) { revert(0, 0) }
            result := mload(0x00)
        }
    }
}

/// @dev A word of memory.
function load(uint256 at) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(at)
    }
}

/// @dev Writes a word of memory.
function store(uint256 at, uint256 value) pure {
    assembly ("memory-safe") {
        mstore(at, value)
    }
}
