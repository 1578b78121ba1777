// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Frame} from "./Frame.sol";
import {P} from "./Field.sol";
import {Transcript} from "./Transcript.sol";

/// @title Rounds of sumchecks (book, chapters 4 and 5)
library Sumcheck {
    /// @notice Rounds of degree 2 for the variables count-1 .. 0: the prover sends s_0 and s_2.
    /// @param point Memory: where the point is written, variable 0 first.
    /// @return The last claim.
    function run(Frame memory f, bytes32 head, bytes32 challengeHead, uint256 count, uint256 claim, uint256 point)
        internal
        pure
        returns (uint256)
    {
        unchecked {
            for (uint256 place = point + count * 32; place > point;) {
                place -= 32;
                uint256 at = f.cursor;
                Transcript.absorbScalars(f, head, 2);
                uint256 x = Transcript.challenge(f, challengeHead);
                assembly ("memory-safe") {
                    mstore(place, x)
                    let s0 := calldataload(at)
                    let s2 := calldataload(add(at, 0x20))
                    // s_1 = claim - 2 s_0 - s_2; 3 P fits a word.
                    let s1 := addmod(claim, sub(mul(3, P), add(add(s0, s0), s2)), P)
                    claim := addmod(s0, mulmod(x, addmod(s1, mulmod(x, s2, P), P), P), P)
                }
            }
        }
        return claim;
    }

    /// @notice One round of the helper argument: the prover sends all coefficients but the linear one.
    /// @param degree Also the number of scalars sent.
    /// @param place Memory: where the coordinate is written.
    /// @return The next claim.
    function runHelper(Frame memory f, uint256 degree, uint256 claim, uint256 place) internal pure returns (uint256) {
        uint256 at = f.cursor;
        Transcript.absorbScalars(f, "\x00\x0chelper round", degree);
        uint256 x = Transcript.challenge(f, "\x01\x0chelper point");
        assembly ("memory-safe") {
            mstore(place, x)
            let constant := calldataload(at)
            let above := 0
            let sum := addmod(constant, constant, P)
            for { let next := add(at, mul(32, sub(degree, 1))) } gt(next, at) { next := sub(next, 32) } {
                let coefficient := calldataload(next)
                sum := addmod(sum, coefficient, P)
                above := mulmod(addmod(above, coefficient, P), x, P)
            }
            let linear := addmod(claim, sub(P, sum), P)
            claim := addmod(constant, mulmod(addmod(linear, above, P), x, P), P)
        }
        return claim;
    }
}
