// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @title Reading public values: abi.encode(int64[]), canonical
/// @dev `abi.decode` would also take other offsets and trailing bytes; here one list has one encoding.
library PublicValues {
    error NotCanonical();
    error ValueOutOfRange(int256 value);

    /// @notice Number of values; reverts with `NotCanonical` unless offset and length are exact.
    function count(bytes calldata values) internal pure returns (uint256 length) {
        if (values.length < 64 || uint256(bytes32(values[:32])) != 32) revert NotCanonical();
        length = uint256(bytes32(values[32:64]));
        if (length > type(uint32).max || values.length != 64 + 32 * length) revert NotCanonical();
    }

    /// @notice Value number `index` of a list that `count` accepted.
    function at(bytes calldata values, uint256 index) internal pure returns (int64) {
        return toInt64(int256(uint256(bytes32(values[64 + 32 * index:96 + 32 * index]))));
    }

    /// @notice The 64-bit value, or `ValueOutOfRange`.
    function toInt64(int256 value) internal pure returns (int64) {
        if (value < type(int64).min || value > type(int64).max) revert ValueOutOfRange(value);
        return int64(value);
    }
}
