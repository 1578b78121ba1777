// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Frame, InvalidProgram} from "./Frame.sol";

/// @title Verifying programs (crates/zkseal-evm, module program)
/// @dev A program is a contract: data that is copied from its code, and code that is called with the cells. It is called
/// statically, so it can change nothing. A program that someone made up can only make its own proofs fail or pass: whoever
/// relies on a program has checked where it comes from.
library Programs {
    /// @dev `ZKVP`, version 1.
    uint256 private constant MAGIC = 0x5a4b565001;
    /// @dev Where the data begins in the code: behind a jump over it.
    uint256 private constant DATA_AT = 4;
    /// @dev Bytes of the data before the row numbers.
    uint256 private constant HEADER_BYTES = 194;

    // Offsets in the data of two-byte numbers.
    uint256 internal constant PUBLIC_TENSORS = 12;
    uint256 internal constant PUBLIC_VALUES = 14;
    uint256 internal constant MODEL_ROWS = 16;
    uint256 internal constant TABLE_ROWS = 18;
    uint256 internal constant INPUT_ROWS = 20;
    uint256 internal constant OUTPUT_ROWS = 22;
    uint256 internal constant WITNESS_ROWS = 24;
    uint256 internal constant HELPER_ROWS = 26;
    // Offsets that are counted from the beginning of the code.
    uint256 private constant PUBLICS_AT = 28;
    uint256 private constant COMMITMENTS_AT = 30;
    uint256 private constant DATA_END = 32;
    /// @dev The state of the transcript.
    uint256 private constant STATE = 34;
    /// @dev tau*G2.
    uint256 internal constant TAU_G2 = 66;
    /// @dev Row numbers, two bytes each.
    uint256 internal constant ROWS = 194;

    uint256 private constant WORD = 32;
    /// @dev For the structs of the verifier, 43 words, and the data of an error; `Opening.reduce` sees that it is enough.
    uint256 private constant HEAP_BYTES = 0x600;
    /// @dev Outputs beside one for each lane.
    uint256 private constant OUTPUTS = 6;

    /// @notice A two-byte number of the program.
    function short(Frame memory f, uint256 offset) internal pure returns (uint256 value) {
        uint256 at = f.program;
        assembly ("memory-safe") {
            value := shr(240, mload(add(at, offset)))
        }
    }

    /// @notice Memory: index, length and bounds of each public tensor.
    function publicTensors(Frame memory f) internal pure returns (uint256) {
        unchecked {
            return f.program + short(f, PUBLICS_AT) - DATA_AT;
        }
    }

    /// @notice Memory: commitments of the model, then of tables.
    function commitments(Frame memory f) internal pure returns (uint256) {
        unchecked {
            return f.program + short(f, COMMITMENTS_AT) - DATA_AT;
        }
    }

    /// @notice Reads a program's data into memory and lays out everything behind it. Reverts with `InvalidProgram`.
    function load(address program) internal view returns (Frame memory f) {
        uint256 at;
        uint256 head;
        assembly ("memory-safe") {
            at := mload(0x40)
            extcodecopy(program, at, DATA_AT, HEADER_BYTES)
            head := mload(at)
        }
        f.program = at;
        uint256 size = short(f, DATA_END);
        unchecked {
            if (head >> 216 != MAGIC || size < DATA_AT + HEADER_BYTES) revert InvalidProgram(program);
            size -= DATA_AT;
            f.logRow = uint8(head >> 208);
            f.rowVars = uint8(head >> 200);
            f.lookupVars = uint8(head >> 192);
            f.lanes = uint8(head >> 184);
            f.productVars = uint8(head >> 176);
            f.zeroVars = uint8(head >> 168);
            uint256 place = at + size;
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
            place += (OUTPUTS + f.lanes) * WORD;
            f.transcript = place + HEAP_BYTES;
            assembly ("memory-safe") {
                extcodecopy(program, at, DATA_AT, size)
                // What Solidity allocates from here on is less than HEAP_BYTES; scratch lies behind the transcript's state.
                mstore(0x40, place)
                mstore(add(place, HEAP_BYTES), mload(add(at, STATE)))
            }
        }
    }

    /// @notice Calls the program with the cells. Reverts with `InvalidProgram` unless it returns all outputs.
    function run(Frame memory f, address program) internal view {
        uint256 from = f.publics;
        uint256 to = f.outputs;
        bool good;
        unchecked {
            uint256 length = (OUTPUTS + f.lanes) * WORD;
            assembly ("memory-safe") {
                good := staticcall(gas(), program, from, sub(to, from), to, length)
                good := and(good, eq(returndatasize(), length))
            }
        }
        if (!good) revert InvalidProgram(program);
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
