// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @title Bytes stored as contract code
/// @dev As SSTORE2 does it, but without a STOP byte in front: verifying programs are code that is called.
library CodeStorage {
    /// @dev EIP-170.
    uint256 internal constant MAX_BYTES = 24_576;

    error EmptyData();
    error DataTooLong(uint256 length, uint256 maximum);
    error WriteFailed();

    /// @notice Stores `data` and returns the address of its code. Code may not begin with 0xef (EIP-3541).
    function write(bytes memory data) internal returns (address pointer) {
        if (data.length == 0) revert EmptyData();
        if (data.length > MAX_BYTES) revert DataTooLong(data.length, MAX_BYTES);
        // Eleven bytes of init code that return what follows them.
        bytes memory initCode = abi.encodePacked(hex"600B5981380380925939F3", data);
        assembly ("memory-safe") {
            pointer := create(0, add(initCode, 32), mload(initCode))
        }
        if (pointer == address(0)) revert WriteFailed();
    }

    /// @notice The data stored at `pointer`, which `write` returned.
    function read(address pointer) internal view returns (bytes memory data) {
        uint256 size = pointer.code.length;
        if (size == 0) revert EmptyData();
        data = new bytes(size);
        assembly ("memory-safe") {
            extcodecopy(pointer, add(data, 32), 0, size)
        }
    }
}
