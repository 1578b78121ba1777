// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Frame} from "./Frame.sol";
import {Field, HALF, P} from "./Field.sol";

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
    function evaluate(Frame memory f, Scales memory s) internal pure returns (uint256 value) {
        unchecked {
            uint256 degree = f.lanes + 2;
            uint256 ownLookups = f.lanes == 0 ? 0 : degree + (f.lookupVars + 1) * degree;
            uint256 at = f.transcript + 32;
            table(f.rowPoint + f.rowVars * 32, f.logRow, 2 + ownLookups + 2 * (f.productVars + f.rowVars), at);
            value = Field.add(mulmod(s.padU, load(at), P), mulmod(s.padV, load(at + 32), P));
            at += 64;
            if (f.lanes != 0) {
                uint256 pad = load(f.named + 96);
                uint256 pads = 0;
                uint256 scale = s.keys;
                for (uint256 lane = 0; lane < f.lanes; ++lane) {
                    pads = addmod(pads, mulmod(scale, load(at), P), P);
                    scale = mulmod(scale, load(f.named + 32), P);
                    at += 32;
                }
                pads = addmod(pads, mulmod(s.helper, load(at), P), P);
                pads = addmod(pads, mulmod(s.multiplicities, load(at + 32), P), P);
                value = addmod(value, mulmod(pad, pads, P), P);
                at += 64;
                uint256 sum = centred(f.lookupPoint, f.lookupVars, degree, at);
                at += f.lookupVars * degree * 32;
                sum = addmod(sum, centred(f.named + 96, 1, degree, at), P);
                at += degree * 32;
                value = addmod(value, mulmod(s.helperMask, sum, P), P);
            }
            value = addmod(value, mulmod(s.productMask, centred(f.productPoint, f.productVars, 2, at), P), P);
            at += f.productVars * 64;
            for (uint256 i = 0; i < f.rowVars; ++i) {
                value = mulmod(value, HALF, P);
            }
            value = addmod(value, centred(f.rowPoint, f.rowVars, 2, at), P);
        }
    }

    /// @dev sum over coordinates x and degrees d = 1 .. degree of (x^d - 1/2) times the next weight.
    function centred(uint256 point, uint256 count, uint256 degree, uint256 weights)
        private
        pure
        returns (uint256 sum)
    {
        assembly ("memory-safe") {
            for { let end := add(point, shl(5, count)) } lt(point, end) { point := add(point, 0x20) } {
                let x := mload(point)
                let power := x
                for { let last := add(weights, shl(5, degree)) } lt(weights, last) { weights := add(weights, 0x20) } {
                    sum := addmod(sum, mulmod(add(power, sub(P, HALF)), mload(weights), P), P)
                    power := mulmod(power, x, P)
                }
            }
        }
    }

    /// @dev eq(point, i) for i < len, at `to`.
    function table(uint256 point, uint256 vars, uint256 len, uint256 to) private pure {
        assembly ("memory-safe") {
            mstore(to, 1)
            for {} vars { point := add(point, 0x20) } {
                vars := sub(vars, 1)
                let x := mload(point)
                let count := add(shr(vars, sub(len, 1)), 1)
                for { let i := shr(1, add(count, 1)) } i {} {
                    i := sub(i, 1)
                    let value := mload(add(to, shl(5, i)))
                    let high := mulmod(value, x, P)
                    let pair := add(to, shl(6, i))
                    if lt(add(add(i, i), 1), count) { mstore(add(pair, 0x20), high) }
                    mstore(pair, addmod(value, sub(P, high), P))
                }
            }
        }
    }

    function load(uint256 at) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(at)
        }
    }
}
