// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IZksealVerifier} from "../interfaces/IZksealVerifier.sol";
import {Curve} from "./Curve.sol";
import {Field, P, load, store} from "./Field.sol";
import {Frame, LinearClaimRejected, OpeningRejected, PublicValueOutOfBounds, SetupsDiffer, WrongLength} from "./Frame.sol";
import {Mask} from "./Mask.sol";
import {Opening} from "./Opening.sol";
import {Programs} from "./Programs.sol";
import {Sumcheck} from "./Sumcheck.sol";
import {Transcript} from "./Transcript.sol";

/// @title The universal verifier of zkseal proofs
/// @notice Checks inference proofs and model proofs with the helper argument and the kzg opening (docs/protocol, chapters
/// 4 to 6). What is particular to a model it reads from the model's verifying program.
/// @dev No storage, no owner, no upgrade. Names are those of the book.
contract ZksealVerifier is IZksealVerifier {
    /// @inheritdoc IZksealVerifier
    function verify(
        address program,
        bytes calldata context,
        bytes calldata publicValues,
        bytes calldata commitments,
        bytes calldata proof
    ) external view {
        Frame memory f = Programs.load(program);
        Opening.Claim memory claim = reduce(f, program, context, publicValues, commitments, proof);
        Opening.check(f, claim);
    }

    /// @inheritdoc IZksealVerifier
    /// @dev Every proof comes down to e(left, G2) = e(right, tau*G2). With weights that depend on all of these points, the
    /// weighted sums agree if all do, and else with probability (count - 1) / P.
    function verifyMany(Item[] calldata items) external view {
        uint256 count = items.length;
        if (count == 0) return;
        // left and right of each proof, 128 bytes, then tau*G2.
        bytes memory equations = new bytes(count * 128 + 128);
        uint256 start;
        assembly ("memory-safe") {
            start := add(equations, 0x20)
        }
        uint256 tauG2 = start + count * 128;
        uint256 scratch;
        for (uint256 i = 0; i < count; ++i) {
            Item calldata item = items[i];
            assembly ("memory-safe") {
                // Every proof takes the same memory.
                switch scratch
                case 0 { scratch := mload(0x40) }
                default { mstore(0x40, scratch) }
            }
            Frame memory f = Programs.load(item.program);
            Opening.Claim memory claim =
                reduce(f, item.program, item.context, item.publicValues, item.commitments, item.proof);
            (uint256 at, uint256 right) = Opening.reduce(f, claim);
            uint256 setup = f.program + Programs.TAU_G2;
            bool same;
            assembly ("memory-safe") {
                let place := add(start, shl(7, i))
                mcopy(place, at, 0x40)
                calldatacopy(add(place, 0x40), right, 0x40)
                if iszero(i) { mcopy(tauG2, setup, 0x80) }
                same := eq(keccak256(tauG2, 0x80), keccak256(setup, 0x80))
            }
            if (!same) revert SetupsDiffer();
        }
        if (!agree(equations, scratch, count)) revert OpeningRejected();
    }

    /// @dev The sum of the equations, by Horner's rule with the hash of all of them.
    function agree(bytes memory equations, uint256 at, uint256 count) private view returns (bool) {
        uint256 weight = uint256(keccak256(equations)) % P;
        uint256 start;
        assembly ("memory-safe") {
            start := add(equations, 0x20)
        }
        uint256 left = start + (count - 1) * 128;
        for (uint256 place = left; place > start;) {
            place -= 128;
            // sum = sum * weight + equation, at `left`.
            Curve.foldInto(at, left, place, weight);
            Curve.foldInto(at, left + 64, place + 64, weight);
        }
        assembly ("memory-safe") {
            mcopy(at, left, 0x40)
            mcopy(add(at, 0xc0), add(left, 0x40), 0x40)
        }
        return Curve.pairingsAgree(at, start + count * 128);
    }

    /// @dev All of one verification but the last equation.
    function reduce(
        Frame memory f,
        address program,
        bytes calldata context,
        bytes calldata publicValues,
        bytes calldata commitments,
        bytes calldata proof
    ) private view returns (Opening.Claim memory) {
        uint256 offset;
        assembly ("memory-safe") {
            offset := context.offset
        }
        Transcript.absorb(f, "\x00\x07context", offset, context.length);
        absorbPublics(f, publicValues);
        absorbCommitments(f, commitments);
        absorbProof(f, proof);
        return checkLinear(f, program);
    }

    /// @inheritdoc IZksealVerifier
    function modelDigest(address program) external view returns (bytes32 digest) {
        Frame memory f = Programs.load(program);
        uint256 at;
        uint256 length;
        unchecked {
            at = Programs.commitments(f);
            length = Programs.short(f, Programs.MODEL_ROWS) * 64;
        }
        assembly ("memory-safe") {
            digest := keccak256(at, length)
        }
    }

    /// @inheritdoc IZksealVerifier
    function setupOf(address program) external view returns (bytes memory tauG2) {
        Frame memory f = Programs.load(program);
        uint256 at = f.program + Programs.TAU_G2;
        tauG2 = new bytes(128);
        assembly ("memory-safe") {
            mcopy(add(tauG2, 0x20), at, 128)
        }
    }

    /// @dev Values, abi-encoded, become cells and are absorbed tensor by tensor: u32 index, then i64 values.
    function absorbPublics(Frame memory f, bytes calldata values) private pure {
        unchecked {
            uint256 count = Programs.short(f, Programs.PUBLIC_VALUES);
            uint256 expected = count == 0 ? 0 : 64 + count * 32;
            if (values.length != expected) revert WrongLength(1, expected, values.length);
            if (count == 0) return;
            uint256 from;
            assembly ("memory-safe") {
                from := values.offset
            }
            if (Transcript.word(from) != 32 || Transcript.word(from + 32) != count) {
                revert WrongLength(1, count, Transcript.word(from + 32));
            }
            from += 64;
            uint256 start = from;
            uint256 cells = f.publics;
            uint256 tensor = Programs.publicTensors(f);
            for (uint256 left = Programs.short(f, Programs.PUBLIC_TENSORS); left != 0; --left) {
                uint256 bad = absorbPublic(f.transcript, tensor, from, cells);
                if (bad != 0) revert PublicValueOutOfBounds((bad - start) / 32);
                uint256 length;
                assembly ("memory-safe") {
                    length := and(shr(192, mload(tensor)), 0xffffffff)
                }
                from += length * 32;
                cells += length * 32;
                tensor += 24;
            }
        }
    }

    /// @dev One public tensor. `bad` is the place of a value out of bounds, or 0.
    function absorbPublic(uint256 at, uint256 tensor, uint256 from, uint256 cells) private pure returns (uint256 bad) {
        assembly ("memory-safe") {
            let word := mload(tensor)
            let length := and(shr(192, word), 0xffffffff)
            let lo := signextend(7, shr(128, word))
            let hi := signextend(7, shr(64, word))
            mstore(add(at, 0x20), "\x00\x06public")
            let data := add(at, 40)
            mstore(data, shl(192, add(4, shl(3, length))))
            data := add(data, 8)
            mstore(data, and(word, shl(224, 0xffffffff)))
            data := add(data, 4)
            for { let end := add(from, shl(5, length)) } lt(from, end) { from := add(from, 0x20) } {
                let value := calldataload(from)
                if or(slt(value, lo), sgt(value, hi)) {
                    bad := from
                    break
                }
                mstore(data, shl(192, value))
                data := add(data, 8)
                if slt(value, 0) { value := add(P, value) }
                mstore(cells, value)
                cells := add(cells, 0x20)
            }
            mstore(at, keccak256(at, sub(data, at)))
        }
    }

    function absorbCommitments(Frame memory f, bytes calldata commitments) private pure {
        unchecked {
            uint256 inputs = Programs.short(f, Programs.INPUT_ROWS) * 64;
            uint256 outputs = Programs.short(f, Programs.OUTPUT_ROWS) * 64;
            if (commitments.length != inputs + outputs) revert WrongLength(2, inputs + outputs, commitments.length);
            uint256 offset;
            assembly ("memory-safe") {
                offset := commitments.offset
            }
            f.commitments = offset;
            Transcript.requirePoints(offset, (inputs + outputs) / 64);
            Transcript.absorb(f, "\x00\x05input", offset, inputs);
            Transcript.absorb(f, "\x00\x06output", offset + inputs, outputs);
        }
    }

    /// @dev The length of the proof, and its first commitments.
    function absorbProof(Frame memory f, bytes calldata proof) private pure {
        uint256 expected = Programs.proofLength(f);
        if (proof.length != expected) revert WrongLength(0, expected, proof.length);
        uint256 offset;
        assembly ("memory-safe") {
            offset := proof.offset
        }
        f.cursor = offset;
        f.witness = offset;
        Transcript.absorbPoints(f, "\x00\x07witness", Programs.short(f, Programs.WITNESS_ROWS), false);
        f.mask = f.cursor;
        Transcript.absorbPoints(f, "\x00\x04mask", 1, false);
    }

    /// @dev What the lookup argument leaves.
    struct Lookups {
        /// @dev sum_l eta^l K_l once eta is known: where K_0 lies in calldata.
        uint256 values;
        /// @dev Last claim of the sumcheck.
        uint256 claim;
        uint256 alpha;
        uint256 lambda;
        /// @dev eq(tau, r).
        uint256 eqTau;
    }

    /// @dev Stage 5.1-H.
    function runLookups(Frame memory f) private pure returns (Lookups memory l) {
        if (f.lanes == 0) return l;
        unchecked {
            uint256 degree = f.lanes + 2;
            store(f.named, Transcript.challenge(f, "\x01\x04beta"));
            l.alpha = Transcript.challenge(f, "\x01\x05alpha");
            f.helper = f.cursor;
            Transcript.absorbPoints(f, "\x00\x06helper", Programs.short(f, Programs.HELPER_ROWS), false);
            // tau waits where rho will be and beyond: neither is written before r is known.
            uint256 tau = f.productPoint;
            Transcript.challenges(f, "\x01\x0ahelper tau", f.lookupVars, tau);
            l.lambda = Transcript.challenge(f, "\x01\x0dhelper lambda");
            l.claim = Sumcheck.runHelper(f, degree, f.lookupVars, f.lookupPoint, f.named + 96);
            l.values = f.cursor;
            Transcript.absorbScalars(f, "\x00\x0dhelper values", degree);
            l.eqTau = eqAtPoint(tau, f.lookupPoint, f.lookupVars);
        }
    }

    /// @dev What the sumchecks of stages 5.2 and 5.3 say, before their first claims are known.
    struct Rounds {
        uint256 products;
        uint256 productSlope;
        uint256 rows;
        uint256 rowSlope;
        uint256 columns;
        uint256 columnSlope;
        /// @dev Calldata: U and V.
        uint256 values;
        uint256 blindingValue;
    }

    /// @dev Stages 5.1 to 5.3 (c): first all messages, then the program, then the equations. Reverts with
    /// `LinearClaimRejected`.
    function checkLinear(Frame memory f, address program) private view returns (Opening.Claim memory claim) {
        Lookups memory l = runLookups(f);
        Rounds memory r = runRounds(f, claim);
        Programs.run(f, program);
        uint256 delta = load(f.named + 64);
        // sum_l eta^l K_l - const, then the claims of the next stages one after the other.
        uint256 target = 0;
        for (uint256 lane = f.lanes; lane != 0;) {
            unchecked {
                --lane;
                target = addmod(mulmod(target, load(f.named + 32), P), Transcript.word(l.values + lane * 32), P);
            }
        }
        target = Field.sub(target, load(f.outputs));
        target = addmod(r.products, mulmod(r.productSlope, target, P), P);
        target = combinedValue(f, l, r.values, target, delta);
        target = addmod(r.rows, mulmod(r.rowSlope, target, P), P);
        target = addmod(r.blindingValue, mulmod(claim.chi, target, P), P);
        target = addmod(r.columns, mulmod(r.columnSlope, target, P), P);
        uint256 masks = mulmod(claim.selector, Mask.evaluate(f, scales(f, delta)), P);
        uint256 data = mulmod(Field.sub(1, claim.selector), load(f.outputs + 64), P);
        if (target != mulmod(claim.value, addmod(data, masks, P), P)) revert LinearClaimRejected();
    }

    /// @dev The messages of stages 5.2 and 5.3 (a) to (c).
    function runRounds(Frame memory f, Opening.Claim memory claim) private pure returns (Rounds memory r) {
        unchecked {
            store(f.named + 32, Transcript.challenge(f, "\x01\x03eta"));
            Transcript.challenges(f, "\x01\x04zeta", f.zeroVars, f.zeroPoint);
            (r.products, r.productSlope) =
                Sumcheck.run(f, "\x00\x0dproduct round", "\x01\x0dproduct point", f.productVars, f.productPoint);
            r.values = f.cursor;
            Transcript.absorbScalars(f, "\x00\x0eproduct values", 2);
            store(f.named + 64, Transcript.challenge(f, "\x01\x05delta"));
            (r.rows, r.rowSlope) =
                Sumcheck.run(f, "\x00\x09row round", "\x01\x09row point", f.rowVars, f.rowPoint);
            f.blinding = f.cursor;
            Transcript.absorbPoints(f, "\x00\x08blinding", 2, false);
            r.blindingValue = Transcript.word(f.cursor);
            Transcript.absorbScalars(f, "\x00\x0eblinding value", 1);
            claim.chi = Transcript.challenge(f, "\x01\x03chi");
            // Variable 0, which selects data or mask, comes last, and before r_lo: for a while it lies on r_hi's last
            // coordinate, or on rho's.
            uint256 place = f.rowPoint + f.rowVars * 32 - 32;
            uint256 last = load(place);
            (r.columns, r.columnSlope) =
                Sumcheck.run(f, "\x00\x0ccolumn round", "\x01\x0ccolumn point", f.logRow + 1, place);
            claim.selector = load(place);
            store(place, last);
            claim.value = Transcript.word(f.cursor);
            claim.blinding = Transcript.word(f.cursor + 32);
            Transcript.absorbScalars(f, "\x00\x08combined", 2);
        }
    }

    /// @dev t: the values of M, U, V, H, g1, g2 (U, V, g2 without lookups) with powers of delta, without public parts.
    function combinedValue(Frame memory f, Lookups memory l, uint256 products, uint256 last, uint256 delta)
        private
        pure
        returns (uint256 value)
    {
        unchecked {
            uint256 u = Transcript.word(products);
            uint256 v = Transcript.word(products + 32);
            value = Field.sub(last, mulmod(u, v, P));
            if (f.lanes != 0) {
                value = addmod(mulmod(value, delta, P), helperMaskValue(f, l), P);
                value = addmod(mulmod(value, delta, P), Transcript.word(l.values + f.lanes * 32), P);
            }
            value = addmod(mulmod(value, delta, P), v, P);
            value = addmod(mulmod(value, delta, P), u, P);
            if (f.lanes != 0) {
                value = addmod(mulmod(value, delta, P), Transcript.word(l.values + f.lanes * 32 + 32), P);
            }
            value = Field.sub(value, load(f.outputs + 32));
        }
    }

    /// @dev The value of g1: the last claim less the summand at (r, r0).
    function helperMaskValue(Frame memory f, Lookups memory l) private pure returns (uint256) {
        unchecked {
            uint256 helper = Transcript.word(l.values + f.lanes * 32);
            // Numerator and denominator of the sum of the lanes' fractions.
            uint256 top = 0;
            uint256 bottom = 1;
            for (uint256 lane = 0; lane < f.lanes; ++lane) {
                uint256 numerator = load(f.outputs + (6 + lane) * 32);
                if (lane == 0) numerator = Field.sub(numerator, Transcript.word(l.values + f.lanes * 32 + 32));
                uint256 denominator = Field.sub(l.alpha, Transcript.word(l.values + lane * 32));
                top = addmod(mulmod(top, denominator, P), mulmod(bottom, numerator, P), P);
                bottom = mulmod(bottom, denominator, P);
            }
            uint256 fractions = mulmod(l.eqTau, Field.sub(mulmod(helper, bottom, P), top), P);
            uint256 summand = addmod(mulmod(l.lambda, helper, P), fractions, P);
            return Field.sub(l.claim, mulmod(Field.sub(1, load(f.named + 96)), summand, P));
        }
    }

    /// @dev With lookups the claims are M, U, V, H, g1, g2; without U, V, g2.
    function scales(Frame memory f, uint256 delta) private pure returns (Mask.Scales memory s) {
        unchecked {
            uint256 scale = f.lanes == 0 ? 1 : delta;
            s.multiplicities = 1;
            s.padU = mulmod(scale, load(f.outputs + 128), P);
            s.keys = mulmod(scale, load(f.outputs + 96), P);
            scale = mulmod(scale, delta, P);
            s.padV = mulmod(scale, load(f.outputs + 160), P);
            scale = mulmod(scale, delta, P);
            if (f.lanes != 0) {
                s.helper = scale;
                s.helperMask = mulmod(scale, delta, P);
                scale = mulmod(s.helperMask, delta, P);
            }
            s.productMask = scale;
        }
    }

    /// @dev eq(x, y).
    function eqAtPoint(uint256 x, uint256 y, uint256 vars) private pure returns (uint256 product) {
        assembly ("memory-safe") {
            product := 1
            for { let end := add(x, shl(5, vars)) } lt(x, end) { x := add(x, 0x20) } {
                let a := mload(x)
                let b := mload(y)
                // 1 - a - b + 2 a b
                let both := mulmod(a, b, P)
                let factor := addmod(add(both, both), sub(add(add(P, P), 1), add(a, b)), P)
                product := mulmod(product, factor, P)
                y := add(y, 0x20)
            }
        }
    }
}
