// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Frame, IdentityPoint, NonCanonicalScalar} from "./Frame.sol";
import {P} from "./Field.sol";

/// @title Fiat-Shamir transcript (book, chapter 1)
/// @dev absorb:    state = keccak256(state || 0x00 || u8(len label) || label || u64(len data) || data)
///      challenge: state = keccak256(state || 0x01 || u8(len label) || label), result = state mod P
/// Heads are 0x00 or 0x01, the length of the label and the label.
library Transcript {
    /// @notice Absorbs `length` bytes of calldata.
    function absorb(Frame memory f, bytes32 head, uint256 offset, uint256 length) internal pure {
        uint256 at = f.transcript;
        assembly ("memory-safe") {
            let data := add(at, add(byte(1, head), 34))
            mstore(add(at, 0x20), head)
            mstore(data, shl(192, length))
            calldatacopy(add(data, 8), offset, length)
            mstore(at, keccak256(at, add(sub(data, at), add(length, 8))))
        }
    }

    /// @notice Absorbs the next `count` points of the proof, none of them the identity if that is not allowed.
    function absorbPoints(Frame memory f, bytes32 head, uint256 count, bool identity) internal pure {
        uint256 offset = f.cursor;
        unchecked {
            if (!identity) requirePoints(offset, count);
            f.cursor = offset + count * 64;
            absorb(f, head, offset, count * 64);
        }
    }

    /// @notice Absorbs the next `count` scalars of the proof.
    function absorbScalars(Frame memory f, bytes32 head, uint256 count) internal pure {
        uint256 offset = f.cursor;
        unchecked {
            uint256 end = offset + count * 32;
            for (uint256 at = offset; at < end; at += 32) {
                if (word(at) >= P) revert NonCanonicalScalar(at);
            }
            f.cursor = end;
            absorb(f, head, offset, count * 32);
        }
    }

    /// @notice A challenge that depends on everything absorbed so far.
    function challenge(Frame memory f, bytes32 head) internal pure returns (uint256 result) {
        uint256 at = f.transcript;
        assembly ("memory-safe") {
            mstore(add(at, 0x20), head)
            let state := keccak256(at, add(byte(1, head), 34))
            mstore(at, state)
            result := mod(state, P)
        }
    }

    /// @notice `count` challenges, written to memory one after the other.
    function challenges(Frame memory f, bytes32 head, uint256 count, uint256 to) internal pure {
        unchecked {
            for (uint256 end = to + count * 32; to < end; to += 32) {
                uint256 value = challenge(f, head);
                assembly ("memory-safe") {
                    mstore(to, value)
                }
            }
        }
    }

    /// @notice Reverts with `IdentityPoint` if one of these points of calldata is the identity.
    function requirePoints(uint256 offset, uint256 count) internal pure {
        unchecked {
            for (uint256 end = offset + count * 64; offset < end; offset += 64) {
                if (word(offset) | word(offset + 32) == 0) revert IdentityPoint(offset);
            }
        }
    }

    /// @notice A word of calldata.
    function word(uint256 offset) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := calldataload(offset)
        }
    }
}
