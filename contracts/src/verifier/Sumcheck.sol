// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Frame, NonCanonicalScalar} from "./Frame.sol";
import {P} from "./Field.sol";

/// @title Rounds of sumchecks (book, chapters 4 and 5)
/// @dev The transcript of a round by hand (`Transcript` says what it is): the heads of absorb and challenge stay where they
/// are from round to round, only state and scalars change.
library Sumcheck {
    /// @notice Rounds of degree 2 for the variables count-1 .. 0: the prover sends s_0 and s_2. What is sent depends on the
    /// first claim, the transcript does not: so the claim may be put in afterwards.
    /// @param head Head of an absorbed round; `challengeHead` that of its challenge.
    /// @param point Memory: where the point is written, variable 0 first.
    /// @return constant_ The last claim is constant_ + slope times the first one.
    /// @return slope The product of the coordinates.
    function run(Frame memory f, bytes32 head, bytes32 challengeHead, uint256 count, uint256 point)
        internal
        pure
        returns (uint256 constant_, uint256 slope)
    {
        uint256 at = f.transcript;
        uint256 cursor = f.cursor;
        uint256 bad;
        slope = 1;
        assembly ("memory-safe") {
            // state | head of the round, length, scalars | .. | state | head of the challenge
            let data := add(at, add(byte(1, head), 34))
            let squeeze := add(data, 0x60)
            mstore(add(at, 0x20), head)
            mstore(data, shl(192, 64))
            data := add(data, 8)
            mstore(add(squeeze, 0x20), challengeHead)
            let absorbed := add(sub(data, at), 64)
            let squeezed := add(byte(1, challengeHead), 34)
            for { let place := add(point, shl(5, count)) } gt(place, point) { cursor := add(cursor, 0x40) } {
                place := sub(place, 0x20)
                let s0 := calldataload(cursor)
                let s2 := calldataload(add(cursor, 0x20))
                if iszero(and(lt(s0, P), lt(s2, P))) {
                    bad := add(cursor, shl(5, lt(s0, P)))
                    break
                }
                calldatacopy(data, cursor, 0x40)
                mstore(squeeze, keccak256(at, absorbed))
                let x := keccak256(squeeze, squeezed)
                mstore(at, x)
                x := mod(x, P)
                mstore(place, x)
                slope := mulmod(slope, x, P)
                // s_1 = claim - 2 s_0 - s_2, and 4 P fits a word.
                let s1 := add(constant_, sub(mul(3, P), add(add(s0, s0), s2)))
                constant_ := addmod(s0, mulmod(x, addmod(s1, mulmod(x, s2, P), P), P), P)
            }
        }
        if (bad != 0) revert NonCanonicalScalar(bad);
        f.cursor = cursor;
    }

    /// @notice Rounds of the helper argument, from the claim 0: variables n-1 .. 0, then the pad variable. The prover sends
    /// all coefficients but the linear one.
    /// @param degree Of the round polynomials; so many scalars are sent.
    /// @param point Memory: r; `pad` is where r0 is written.
    /// @return The last claim.
    function runHelper(Frame memory f, uint256 degree, uint256 count, uint256 point, uint256 pad)
        internal
        pure
        returns (uint256)
    {
        uint256 at = f.transcript;
        uint256 cursor = f.cursor;
        uint256 claim = 0;
        uint256 bad;
        assembly ("memory-safe") {
            // The head of a round is 14 bytes long, as is that of its challenge.
            let squeeze := add(at, add(0x60, shl(5, degree)))
            mstore(add(at, 0x20), "\x00\x0chelper round")
            mstore(add(at, 46), shl(197, degree))
            mstore(add(squeeze, 0x20), "\x01\x0chelper point")
            for { let place := add(point, shl(5, count)) } 1 {} {
                place := sub(place, 0x20)
                let next := add(cursor, shl(5, degree))
                let constant := calldataload(cursor)
                let above := 0
                let sum := addmod(constant, constant, P)
                calldatacopy(add(at, 54), cursor, sub(next, cursor))
                mstore(squeeze, keccak256(at, add(54, shl(5, degree))))
                let x := keccak256(squeeze, 46)
                mstore(at, x)
                x := mod(x, P)
                if iszero(lt(constant, P)) { bad := cursor }
                for { let from := sub(next, 0x20) } gt(from, cursor) { from := sub(from, 0x20) } {
                    let coefficient := calldataload(from)
                    if iszero(lt(coefficient, P)) { bad := from }
                    sum := addmod(sum, coefficient, P)
                    above := mulmod(addmod(above, coefficient, P), x, P)
                }
                claim := addmod(constant, mulmod(addmod(add(claim, sub(P, sum)), above, P), x, P), P)
                cursor := next
                if lt(place, point) {
                    mstore(pad, x)
                    break
                }
                mstore(place, x)
            }
        }
        if (bad != 0) revert NonCanonicalScalar(bad);
        f.cursor = cursor;
        return claim;
    }
}
