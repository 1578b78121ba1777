// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Frame} from "./Frame.sol";
import {HALF, P, load, store} from "./Field.sol";

/// @title The part of the linear claim that falls on the mask vector mu (book, chapters 3 and 5)
library Mask {
    /// @dev Factors of the claims.
    struct Scales {
        uint256 padU;
        uint256 padV;
        /// @dev Of mu[k_0]; that of mu[k_l] is eta^l as much.
        uint256 keys;
        uint256 multiplicities;
        uint256 helper;
        uint256 helperMask;
        uint256 productMask;
    }

    /// @notice b'(r_lo): the multilinear extension of 2^-R b, with the coefficients of g3, at the column point.
    function evaluate(Frame memory f, Scales memory s) internal pure returns (uint256) {
        unchecked {
            uint256 share = 1;
            for (uint256 i = 0; i < f.rowVars; ++i) {
                share = mulmod(share, HALF, P);
            }
            uint256 start = f.transcript + 32;
            uint256 at = start;
            store(at, mulmod(share, s.padU, P));
            store(at + 32, mulmod(share, s.padV, P));
            at += 64;
            if (f.lanes != 0) at = lookupPart(f, s, share, at);
            at = centred(f.productPoint, f.productVars, 2, mulmod(share, s.productMask, P), at);
            at = centred(f.rowPoint, f.rowVars, 2, 1, at);
            return fold(start, (at - start) / 32, f.rowPoint + f.rowVars * 32, f.logRow);
        }
    }

    /// @dev Coefficients of the pads and of g1. Returns the place behind them.
    function lookupPart(Frame memory f, Scales memory s, uint256 share, uint256 at) private pure returns (uint256) {
        unchecked {
            uint256 degree = f.lanes + 2;
            uint256 pad = mulmod(share, load(f.named + 96), P);
            uint256 scale = mulmod(pad, s.keys, P);
            for (uint256 lane = 0; lane < f.lanes; ++lane) {
                store(at, scale);
                scale = mulmod(scale, load(f.named + 32), P);
                at += 32;
            }
            store(at, mulmod(pad, s.helper, P));
            store(at + 32, mulmod(pad, s.multiplicities, P));
            scale = mulmod(share, s.helperMask, P);
            at = centred(f.lookupPoint, f.lookupVars, degree, scale, at + 64);
            return centred(f.named + 96, 1, degree, scale, at);
        }
    }

    /// @dev scale (x^d - 1/2) for coordinates x and degrees d = 1 .. degree. Returns the place behind them.
    function centred(uint256 point, uint256 count, uint256 degree, uint256 scale, uint256 at)
        private
        pure
        returns (uint256)
    {
        assembly ("memory-safe") {
            let shift := sub(P, mulmod(scale, HALF, P))
            let bytesOfOne := shl(5, degree)
            for { let end := add(point, shl(5, count)) } lt(point, end) { point := add(point, 0x20) } {
                let x := mload(point)
                let power := mulmod(scale, x, P)
                for { let last := add(at, bytesOfOne) } lt(at, last) { at := add(at, 0x20) } {
                    // Less than 2 P: whoever reads it reduces.
                    mstore(at, add(power, shift))
                    power := mulmod(power, x, P)
                }
            }
        }
        return at;
    }

    /// @dev The multilinear extension of `count` values, and zeros beyond, at a point: pairs of neighbours become one, the
    /// last variable first.
    function fold(uint256 values, uint256 count, uint256 point, uint256 vars) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            let at := add(point, shl(5, vars))
            for {} and(gt(at, point), gt(count, 1)) {} {
                at := sub(at, 0x20)
                let x := mload(at)
                // An odd one is paired with zero.
                mstore(add(values, shl(5, count)), 0)
                count := shr(1, add(count, 1))
                let from := values
                for {
                    let to := values
                    let end := add(values, shl(5, count))
                } lt(to, end) { to := add(to, 0x20) } {
                    let low := mload(from)
                    // Values are less than 2 P, and so is what is written.
                    let difference := add(mload(add(from, 0x20)), sub(add(P, P), low))
                    mstore(to, addmod(low, mulmod(x, difference, P), P))
                    from := add(from, 0x40)
                }
            }
            value := mload(values)
            for {} gt(at, point) {} {
                at := sub(at, 0x20)
                value := mulmod(value, sub(add(P, 1), mload(at)), P)
            }
        }
    }
}
