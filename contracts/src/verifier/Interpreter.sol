// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Frame} from "./Frame.sol";
import {P} from "./Field.sol";
import {Programs} from "./Programs.sol";

/// @title The arithmetic of one model (crates/zkseal-evm, modules assemble and interpreter)
/// @dev An instruction is a code, the cell that it writes, and operands; cells are named by two-byte numbers.
library Interpreter {
    /// @notice Runs one segment of the program.
    /// @param segment `Programs.FIRST_SEGMENT`, `SECOND_SEGMENT` or `THIRD_SEGMENT`.
    function run(Frame memory f, uint256 segment) internal pure {
        uint256 base = f.cells;
        uint256 start;
        unchecked {
            start = f.program + Programs.short(f, segment);
        }
        assembly ("memory-safe") {
            // The number that ends `bits` bits before the end of a word.
            function short(word, bits) -> value {
                value := and(shr(bits, word), 0xffff)
            }

            function signed(word, bits) -> value {
                value := signextend(3, shr(bits, word))
            }

            // Products over the points, named by two bytes each, of 1 - x and of x, at the coordinate `skip` bytes behind
            // the first.
            function ends(cells, names, points, skip) -> zero, one {
                zero := 1
                one := 1
                for { let last := add(names, shl(1, points)) } lt(names, last) { names := add(names, 2) } {
                    let x := mload(add(add(cells, and(shr(235, mload(names)), 0x1fffe0)), skip))
                    zero := mulmod(zero, sub(add(P, 1), x), P)
                    one := mulmod(one, x, P)
                }
            }

            // sum over i < len of prod_k eq(point_k, i), from the lowest bit up: `part` is the sum over indices below the
            // lowest bits of len, `full` over all indices of so many bits.
            function overlap(cells, names, points, vars, len) -> part {
                let full := 1
                let skip := shl(5, vars)
                if shr(vars, len) {
                    for {} skip {} {
                        skip := sub(skip, 0x20)
                        let zero, one := ends(cells, names, points, skip)
                        full := mulmod(full, addmod(zero, one, P), P)
                    }
                    part := full
                }
                for {} skip {} {
                    skip := sub(skip, 0x20)
                    let zero, one := ends(cells, names, points, skip)
                    switch and(len, 1)
                    case 0 { part := mulmod(zero, part, P) }
                    default { part := addmod(mulmod(zero, full, P), mulmod(one, part, P), P) }
                    full := mulmod(full, addmod(zero, one, P), P)
                    len := shr(1, len)
                }
            }

            // The same with the weight i. `fullRank` and `rank` are the weighted sums.
            function rankOf(cells, names, points, vars, len) -> rank {
                let full := 1
                let fullRank := 0
                let part := 0
                let place := 1
                let skip := shl(5, vars)
                if shr(vars, len) { len := shl(vars, 1) }
                for {} skip {} {
                    skip := sub(skip, 0x20)
                    let zero, one := ends(cells, names, points, skip)
                    switch and(len, 1)
                    case 0 {
                        rank := mulmod(zero, rank, P)
                        part := mulmod(zero, part, P)
                    }
                    default {
                        rank := addmod(
                            mulmod(zero, fullRank, P), mulmod(one, addmod(rank, mulmod(place, part, P), P), P), P
                        )
                        part := addmod(mulmod(zero, full, P), mulmod(one, part, P), P)
                    }
                    fullRank := addmod(
                        mulmod(zero, fullRank, P), mulmod(one, addmod(fullRank, mulmod(place, full, P), P), P), P
                    )
                    full := mulmod(full, addmod(zero, one, P), P)
                    place := shl(1, place)
                    len := shr(1, len)
                }
                // All indices: the bit above the last one is set.
                if len { rank := fullRank }
            }

            // prod_k eq(point_k, i) for i < len, from the highest bit down: every entry becomes two, as far as needed.
            function table(cells, names, points, vars, len, to) {
                mstore(to, 1)
                for { let skip := 0 } vars { skip := add(skip, 0x20) } {
                    vars := sub(vars, 1)
                    let zero, one := ends(cells, names, points, skip)
                    // Entries after this step.
                    let count := add(shr(vars, sub(len, 1)), 1)
                    for { let i := shr(1, add(count, 1)) } i {} {
                        i := sub(i, 1)
                        let value := mload(add(to, shl(5, i)))
                        let pair := add(to, shl(6, i))
                        if lt(add(add(i, i), 1), count) { mstore(add(pair, 0x20), mulmod(value, one, P)) }
                        mstore(pair, mulmod(value, zero, P))
                    }
                }
            }

            function clear(from, count) {
                for { let end := add(from, shl(5, count)) } lt(from, end) { from := add(from, 0x20) } { mstore(from, 0) }
            }

            function dot(u, v, count) -> sum {
                for { let end := add(u, shl(5, count)) } lt(u, end) { u := add(u, 0x20) } {
                    sum := addmod(sum, mulmod(mload(u), mload(v), P), P)
                    v := add(v, 0x20)
                }
            }

            // to_(i leftStride + j rightStride + offset) += left_i right_j, where there is such an entry.
            function spread(cells, next, to, len) {
                let word := mload(next)
                let left := add(cells, and(shr(235, word), 0x1fffe0))
                let right := add(cells, and(shr(203, word), 0x1fffe0))
                let rightLen := short(word, 192)
                let rightStride := signed(word, 128)
                let row := signed(word, 96)
                clear(to, len)
                for { let leftEnd := add(left, shl(5, short(word, 224))) } lt(left, leftEnd) { left := add(left, 0x20) } {
                    let factor := mload(left)
                    let index := row
                    for {
                        let at := right
                        let end := add(right, shl(5, rightLen))
                    } lt(at, end) { at := add(at, 0x20) } {
                        if lt(index, len) {
                            let entry := add(to, shl(5, index))
                            mstore(entry, addmod(mload(entry), mulmod(factor, mload(at), P), P))
                        }
                        index := add(index, rightStride)
                    }
                    row := add(row, signed(word, 160))
                }
            }

            for { let next := start } 1 {} {
                let word := mload(next)
                let operation := byte(0, word)
                let to := add(base, and(shr(227, word), 0x1fffe0))
                switch operation
                case 1 {
                    // to = sum a b
                    let sum := 0
                    let end := add(add(next, 4), shl(2, byte(3, word)))
                    for { next := add(next, 4) } lt(next, end) { next := add(next, 4) } {
                        let pair := mload(next)
                        sum := addmod(
                            sum,
                            mulmod(
                                mload(add(base, and(shr(235, pair), 0x1fffe0))),
                                mload(add(base, and(shr(219, pair), 0x1fffe0))),
                                P
                            ),
                            P
                        )
                    }
                    mstore(to, sum)
                }
                case 2 {
                    // to = eq(point, index)
                    let first := add(base, and(shr(211, word), 0x1fffe0))
                    let at := add(first, shl(5, byte(5, word)))
                    let index := and(shr(160, word), 0xffffffffffff)
                    let product := 1
                    for {} gt(at, first) { index := shr(1, index) } {
                        at := sub(at, 0x20)
                        let x := mload(at)
                        if iszero(and(index, 1)) { x := sub(add(P, 1), x) }
                        product := mulmod(product, x, P)
                    }
                    if index { product := 0 }
                    mstore(to, product)
                    next := add(next, 12)
                }
                case 3 {
                    let points := byte(3, word)
                    mstore(to, overlap(base, add(next, 9), points, byte(4, word), and(shr(184, word), 0xffffffff)))
                    next := add(next, add(9, shl(1, points)))
                }
                case 4 {
                    let points := byte(3, word)
                    mstore(to, rankOf(base, add(next, 9), points, byte(4, word), and(shr(184, word), 0xffffffff)))
                    next := add(next, add(9, shl(1, points)))
                }
                case 5 {
                    let points := byte(3, word)
                    let len := short(word, 200)
                    switch points
                    case 0 {
                        for { let end := add(to, shl(5, len)) } lt(to, end) { to := add(to, 0x20) } { mstore(to, 1) }
                    }
                    default { table(base, add(next, 7), points, byte(4, word), len, to) }
                    next := add(next, add(7, shl(1, points)))
                }
                case 6 {
                    spread(base, add(next, 5), to, short(word, 216))
                    next := add(next, 25)
                }
                case 7 {
                    // to_(list_i) += weight_i, the list behind the instruction
                    let len := short(word, 216)
                    let weight := add(base, and(shr(195, word), 0x1fffe0))
                    clear(to, len)
                    next := add(next, 9)
                    for { let end := add(next, shl(2, short(word, 184))) } lt(next, end) { next := add(next, 4) } {
                        let index := signed(mload(next), 224)
                        if lt(index, len) {
                            let entry := add(to, shl(5, index))
                            mstore(entry, addmod(mload(entry), mload(weight), P))
                        }
                        weight := add(weight, 0x20)
                    }
                }
                case 8 {
                    // The same with public values as the list
                    let len := short(word, 216)
                    let weight := add(base, and(shr(195, word), 0x1fffe0))
                    let at := add(base, and(shr(163, word), 0x1fffe0))
                    clear(to, len)
                    for { let end := add(at, shl(5, short(word, 184))) } lt(at, end) { at := add(at, 0x20) } {
                        let index := mload(at)
                        if lt(index, len) {
                            let entry := add(to, shl(5, index))
                            mstore(entry, addmod(mload(entry), mload(weight), P))
                        }
                        weight := add(weight, 0x20)
                    }
                    next := add(next, 11)
                }
                case 9 {
                    // to = sum_i u_i v_i
                    mstore(
                        to,
                        dot(
                            add(base, and(shr(211, word), 0x1fffe0)),
                            add(base, and(shr(195, word), 0x1fffe0)),
                            short(word, 184)
                        )
                    )
                    next := add(next, 9)
                }
                case 10 {
                    // to = sum_i (lo + i) v_i
                    let at := add(base, and(shr(211, word), 0x1fffe0))
                    let factor := signextend(7, shr(136, word))
                    if slt(factor, 0) { factor := add(P, factor) }
                    let sum := 0
                    for { let end := add(at, shl(5, short(word, 200))) } lt(at, end) { at := add(at, 0x20) } {
                        sum := addmod(sum, mulmod(factor, mload(at), P), P)
                        factor := addmod(factor, 1, P)
                    }
                    mstore(to, sum)
                    next := add(next, 15)
                }
                case 11 {
                    // to_i = sum_j v_(i len + j) w_j
                    let at := add(base, and(shr(195, word), 0x1fffe0))
                    let weights := add(base, and(shr(179, word), 0x1fffe0))
                    let len := short(word, 168)
                    for { let end := add(to, shl(5, short(word, 216))) } lt(to, end) { to := add(to, 0x20) } {
                        mstore(to, dot(at, weights, len))
                        at := add(at, shl(5, len))
                    }
                    next := add(next, 11)
                }
                default { break }
            }
        }
    }
}
