// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Curve} from "./Curve.sol";
import {Field, HALF, P} from "./Field.sol";
import {Frame, OpeningRejected} from "./Frame.sol";
import {Programs} from "./Programs.sol";
import {Transcript} from "./Transcript.sol";

/// @title Mercury over KZG (Eagen and Gabizon, eprint 2025/385; book, chapter 6)
library Opening {
    /// @notice What stage 5.3 leaves: the opened commitment is
    /// (1 - selector) (C_q + chi sum eq(r_hi, row) C_row) + selector (C_q' + chi C_mu) - blinding H.
    struct Claim {
        uint256 selector;
        uint256 chi;
        uint256 value;
        uint256 blinding;
    }

    struct Challenges {
        uint256 alpha;
        uint256 gamma;
        uint256 zeta;
        uint256 beta;
        uint256 z;
    }

    /// @dev What is computed from alpha and zeta with one inversion, and from z.
    struct Nodes {
        /// @dev 1 / zeta.
        uint256 inverse;
        /// @dev 1 / (zeta - 1/zeta).
        uint256 line;
        /// @dev 1 / ((alpha - zeta)(alpha - 1/zeta)).
        uint256 parabola;
        /// @dev zeta^b.
        uint256 power;
        /// @dev z - zeta, z - 1/zeta.
        uint256 fromZeta;
        uint256 fromInverse;
        /// @dev Weights of g, S, D, f; that of h is 1.
        uint256 weightG;
        uint256 weightS;
        uint256 weightD;
        uint256 weightF;
    }

    uint256 private constant POINT = 64;

    /// @notice Reverts with `OpeningRejected` or `NotOnCurve` unless the combined row opens to the claim's value at r_lo.
    function check(Frame memory f, Claim memory claim) internal view {
        (uint256 at, uint256 right) = reduce(f, claim);
        if (!Curve.pairingsAgree(at, right, f.program + Programs.TAU_G2)) revert OpeningRejected();
    }

    /// @notice What is left of the opening: that e(left, G2) = e(right, tau*G2).
    /// @return at Memory: left; Curve can go on from there.
    /// @return right Calldata: the other point.
    function reduce(Frame memory f, Claim memory claim) internal view returns (uint256 at, uint256 right) {
        unchecked {
            uint256 points = f.cursor;
            uint256 values = points + 7 * POINT;
            Challenges memory c = absorb(f, points, values);
            at = f.transcript + 32;
            Nodes memory n = nodes(f, c, at);
            uint256 constant_ = constantOf(f, claim, c, n, values);
            Curve.start(at);
            addCombination(f, claim, n.weightF, at);
            Curve.addOnce(at, points);
            uint256 scalar = mulmod(n.weightF, Field.sub(c.alpha, n.power), P);
            Curve.addCalldata(at, points + POINT, scalar);
            Curve.addCalldata(at, points + 2 * POINT, n.weightG);
            Curve.addCalldata(at, points + 3 * POINT, n.weightS);
            Curve.addCalldata(at, points + 4 * POINT, n.weightD);
            scalar = mulmod(Field.sub(c.z, c.alpha), mulmod(n.fromZeta, n.fromInverse, P), P);
            Curve.addCalldata(at, points + 5 * POINT, Field.neg(scalar));
            Curve.addCalldata(at, points + 6 * POINT, c.z);
            Curve.addPoint(at, 1, 2, Field.neg(constant_));
            right = points + 6 * POINT;
            uint256 transcript = f.transcript;
            assembly ("memory-safe") {
                // What Solidity allocated has not reached the transcript: a mistake of this code, if ever.
                if gt(mload(0x40), transcript) { invalid() }
            }
        }
    }

    function absorb(Frame memory f, uint256 points, uint256 values) private pure returns (Challenges memory c) {
        unchecked {
            Transcript.absorbPoints(f, "\x00\x08kzg rows", 1, true);
            c.alpha = Transcript.challenge(f, "\x01\x09kzg alpha");
            Transcript.absorbPoints(f, "\x00\x0ckzg quotient", 2, true);
            c.gamma = Transcript.challenge(f, "\x01\x09kzg gamma");
            Transcript.absorbPoints(f, "\x00\x0ckzg products", 2, true);
            c.zeta = Transcript.challenge(f, "\x01\x08kzg zeta");
            f.cursor = values;
            Transcript.absorbScalars(f, "\x00\x0akzg values", 6);
            c.beta = Transcript.challenge(f, "\x01\x08kzg beta");
            Transcript.absorb(f, "\x00\x09kzg batch", points + 5 * POINT, POINT);
            c.z = Transcript.challenge(f, "\x01\x05kzg z");
            // No challenge follows: the last point is used as it is.
        }
    }

    function nodes(Frame memory f, Challenges memory c, uint256 at) private view returns (Nodes memory n) {
        uint256 zeta = c.zeta;
        uint256 square = mulmod(zeta, zeta, P);
        uint256 pair = Field.sub(square, 1);
        uint256 triple = mulmod(Field.sub(c.alpha, zeta), Field.sub(mulmod(c.alpha, zeta, P), 1), P);
        uint256 product = mulmod(zeta, mulmod(pair, triple, P), P);
        if (product == 0) revert OpeningRejected();
        uint256 inverse = Field.inverse(product, at);
        n.inverse = mulmod(inverse, mulmod(pair, triple, P), P);
        inverse = mulmod(inverse, square, P);
        n.line = mulmod(inverse, triple, P);
        n.parabola = mulmod(inverse, pair, P);
        unchecked {
            n.power = zeta;
            for (uint256 i = (f.logRow + 1) >> 1; i != 0; --i) {
                n.power = mulmod(n.power, n.power, P);
            }
        }
        n.fromZeta = Field.sub(c.z, zeta);
        n.fromInverse = Field.sub(c.z, n.inverse);
        uint256 beta = c.beta;
        n.weightG = mulmod(beta, Field.sub(c.z, c.alpha), P);
        n.weightS = mulmod(beta, n.weightG, P);
        n.weightD = mulmod(mulmod(beta, n.weightS, P), n.fromInverse, P);
        n.weightF = mulmod(beta, n.weightD, P);
    }

    /// @dev h*(z) + w_g g*(z) + w_S S*(z) + w_D D(zeta) + w_f g(zeta).
    function constantOf(Frame memory f, Claim memory claim, Challenges memory c, Nodes memory n, uint256 values)
        private
        pure
        returns (uint256 sum)
    {
        unchecked {
            uint256 gZeta = Transcript.word(values);
            uint256 gInverse = Transcript.word(values + 32);
            sum = mulmod(n.weightG, line(n, gZeta, gInverse), P);
            sum = addmod(sum, mulmod(n.weightF, gZeta, P), P);
            // D(zeta) = zeta^(b-1) g(1/zeta).
            uint256 dZeta = mulmod(mulmod(n.power, n.inverse, P), gInverse, P);
            sum = addmod(sum, mulmod(n.weightD, dZeta, P), P);
            sum = addmod(
                sum, mulmod(n.weightS, line(n, Transcript.word(values + 128), Transcript.word(values + 160)), P), P
            );
            uint256 hZeta = Transcript.word(values + 64);
            uint256 hInverse = Transcript.word(values + 96);
            sum = addmod(sum, line(n, hZeta, hInverse), P);
            // The line through h's values, continued to alpha.
            uint256 atAlpha = Field.sub(
                mulmod(hZeta, Field.sub(c.alpha, n.inverse), P), mulmod(hInverse, Field.sub(c.alpha, c.zeta), P)
            );
            uint256 lift = Field.sub(hAlpha(f, claim.value, c, n, values), mulmod(atAlpha, n.line, P));
            lift = mulmod(lift, mulmod(n.parabola, mulmod(n.fromZeta, n.fromInverse, P), P), P);
            sum = addmod(sum, lift, P);
        }
    }

    /// @dev h(alpha), from the values that were sent and the value that is claimed.
    function hAlpha(Frame memory f, uint256 value, Challenges memory c, Nodes memory n, uint256 values)
        private
        pure
        returns (uint256 result)
    {
        unchecked {
            uint256 rows = f.logRow >> 1;
            uint256 u2 = f.rowPoint + f.rowVars * 32;
            uint256 u1 = u2 + rows * 32;
            uint256 columns = f.logRow - rows;
            result = addmod(
                mulmod(Transcript.word(values + 64), eqPolynomial(n.inverse, u2, rows), P),
                mulmod(Transcript.word(values + 96), eqPolynomial(c.zeta, u2, rows), P),
                P
            );
            result = mulmod(result, c.gamma, P);
            result = addmod(result, mulmod(Transcript.word(values), eqPolynomial(n.inverse, u1, columns), P), P);
            result = addmod(result, mulmod(Transcript.word(values + 32), eqPolynomial(c.zeta, u1, columns), P), P);
            result = Field.sub(result, mulmod(c.zeta, Transcript.word(values + 128), P));
            result = Field.sub(result, mulmod(n.inverse, Transcript.word(values + 160), P));
            result = Field.sub(mulmod(result, HALF, P), mulmod(c.gamma, value, P));
        }
    }

    /// @dev At z, the polynomial of degree 1 with these values at zeta and 1/zeta.
    function line(Nodes memory n, uint256 atZeta, uint256 atInverse) private pure returns (uint256) {
        return mulmod(Field.sub(mulmod(atZeta, n.fromInverse, P), mulmod(atInverse, n.fromZeta, P)), n.line, P);
    }

    /// @dev sum_j eq(point, j) x^j.
    function eqPolynomial(uint256 x, uint256 point, uint256 vars) private pure returns (uint256 product) {
        assembly ("memory-safe") {
            product := 1
            for { let at := add(point, shl(5, vars)) } gt(at, point) {} {
                at := sub(at, 0x20)
                product := mulmod(product, addmod(1, mulmod(mload(at), sub(add(x, P), 1), P), P), P)
                x := mulmod(x, x, P)
            }
        }
    }

    /// @dev Adds scale times the opened commitment.
    function addCombination(Frame memory f, Claim memory claim, uint256 scale, uint256 at) private view {
        unchecked {
            uint256 behind = mulmod(scale, claim.selector, P);
            uint256 front = Field.sub(scale, behind);
            Curve.addCalldata(at, f.blinding, front);
            Curve.addCalldata(at, f.blinding + POINT, behind);
            Curve.addCalldata(at, f.mask, mulmod(behind, claim.chi, P));
            Curve.addPoint(
                at, Curve.BLINDING_X, Curve.BLINDING_Y, Field.neg(mulmod(scale, claim.blinding, P))
            );
            front = mulmod(front, claim.chi, P);
            uint256 row = f.program + Programs.ROWS;
            uint256 place = Programs.commitments(f);
            uint256 count = Programs.short(f, Programs.MODEL_ROWS) + Programs.short(f, Programs.TABLE_ROWS);
            for (uint256 end = row + 2 * count; row < end; row += 2) {
                Curve.addMemory(at, place, rowScale(f, row, front));
                place += POINT;
            }
            count = Programs.short(f, Programs.INPUT_ROWS) + Programs.short(f, Programs.OUTPUT_ROWS);
            row = addRows(f, at, row, f.commitments, count, front);
            row = addRows(f, at, row, f.witness, Programs.short(f, Programs.WITNESS_ROWS), front);
            addRows(f, at, row, f.helper, Programs.short(f, Programs.HELPER_ROWS), front);
        }
    }

    function addRows(Frame memory f, uint256 at, uint256 row, uint256 offset, uint256 count, uint256 front)
        private
        view
        returns (uint256)
    {
        unchecked {
            for (uint256 end = offset + count * POINT; offset < end; offset += POINT) {
                Curve.addCalldata(at, offset, rowScale(f, row, front));
                row += 2;
            }
        }
        return row;
    }

    /// @dev front times eq(r_hi, the two-byte number at `row`).
    function rowScale(Frame memory f, uint256 row, uint256 front) private pure returns (uint256 scale) {
        uint256 point = f.rowPoint;
        uint256 vars = f.rowVars;
        assembly ("memory-safe") {
            scale := front
            let index := shr(240, mload(row))
            for { let at := add(point, shl(5, vars)) } gt(at, point) { index := shr(1, index) } {
                at := sub(at, 0x20)
                let x := mload(at)
                if iszero(and(index, 1)) { x := sub(add(P, 1), x) }
                scale := mulmod(scale, x, P)
            }
        }
    }
}
