// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Frame, InvalidProgram} from "./Frame.sol";

/// @title Verifying programs (crates/zkseal-evm, module program)
library Programs {
    /// @dev `ZKVP`, version 1.
    uint256 private constant MAGIC = 0x5a4b565001;
    uint256 private constant HEADER_BYTES = 202;

    // Offsets of two-byte numbers in a program.
    uint256 internal constant PUBLIC_TENSORS = 12;
    uint256 internal constant PUBLIC_VALUES = 14;
    uint256 internal constant MODEL_ROWS = 16;
    uint256 internal constant TABLE_ROWS = 18;
    uint256 internal constant INPUT_ROWS = 20;
    uint256 internal constant OUTPUT_ROWS = 22;
    uint256 internal constant WITNESS_ROWS = 24;
    uint256 internal constant HELPER_ROWS = 26;
    uint256 private constant CONSTANTS = 28;
    uint256 private constant CELLS = 30;
    /// @dev Instructions to run before the product rounds, after them, and at the end.
    uint256 internal constant FIRST_SEGMENT = 192;
    uint256 internal constant SECOND_SEGMENT = 194;
    uint256 internal constant THIRD_SEGMENT = 196;
    uint256 internal constant PUBLICS_AT = 198;
    uint256 internal constant COMMITMENTS_AT = 200;
    /// @dev Row numbers, two bytes each.
    uint256 internal constant ROWS = 202;
    /// @dev The state of the transcript.
    uint256 private constant STATE = 32;
    /// @dev tau*G2.
    uint256 internal constant TAU_G2 = 64;

    uint256 private constant WORD = 32;
    /// @dev For the structs of the verifier (31 words) and the data of an error.
    uint256 private constant HEAP_BYTES = 0x600;

    /// @notice A two-byte number of the program.
    function short(Frame memory f, uint256 offset) internal pure returns (uint256 value) {
        uint256 at = f.program;
        assembly ("memory-safe") {
            value := shr(240, mload(add(at, offset)))
        }
    }

    /// @notice Reads a program into memory and lays out everything behind it.
    /// @dev A program that someone made up can only make its own proofs fail or pass: whoever relies on a program has
    /// checked where it comes from. Reverts with `InvalidProgram`.
    function load(address program) internal view returns (Frame memory f) {
        uint256 size = program.code.length;
        if (size <= HEADER_BYTES) revert InvalidProgram(program);
        uint256 at;
        assembly ("memory-safe") {
            size := sub(size, 1)
            at := mload(0x40)
            extcodecopy(program, at, 1, size)
        }
        f.program = at;
        uint256 head;
        assembly ("memory-safe") {
            head := mload(at)
        }
        uint256 constants = short(f, CONSTANTS) * WORD;
        unchecked {
            if (head >> 216 != MAGIC || constants > size - HEADER_BYTES) revert InvalidProgram(program);
            f.logRow = uint8(head >> 208);
            f.rowVars = uint8(head >> 200);
            f.lookupVars = uint8(head >> 192);
            f.lanes = uint8(head >> 184);
            f.productVars = uint8(head >> 176);
            f.zeroVars = uint8(head >> 168);
            // The constants are the last part of the program: what follows in memory continues their array.
            uint256 place = at + size;
            f.cells = place - constants;
            f.publics = place;
            place += short(f, PUBLIC_VALUES) * WORD;
            f.named = place;
            place += 4 * WORD;
            f.lookupPoint = place;
            place += f.lookupVars * WORD;
            f.zeroPoint = place;
            place += f.zeroVars * WORD;
            f.productPoint = place;
            place += f.productVars * WORD;
            f.rowPoint = place;
            place += (f.rowVars + f.logRow) * WORD;
            f.outputs = place;
            place = f.cells + (short(f, CELLS) + 1) * WORD;
            f.transcript = place + HEAP_BYTES;
            assembly ("memory-safe") {
                // What Solidity allocates from here on is less than HEAP_BYTES; scratch lies behind the transcript's state.
                mstore(0x40, place)
                mstore(add(place, HEAP_BYTES), mload(add(at, STATE)))
            }
        }
    }

    /// @notice Bytes of a proof under this program.
    function proofLength(Frame memory f) internal pure returns (uint256) {
        unchecked {
            uint256 points = short(f, WITNESS_ROWS) + short(f, HELPER_ROWS) + 1 + 2 + 7;
            uint256 helper = f.lanes == 0 ? 0 : (f.lookupVars + 2) * (f.lanes + 2);
            uint256 rounds = f.productVars + f.rowVars + f.logRow + 1;
            // U, V; t_q; y, s; six values of the opening.
            return (2 * points + helper + 2 * rounds + 2 + 1 + 2 + 6) * WORD;
        }
    }
}
