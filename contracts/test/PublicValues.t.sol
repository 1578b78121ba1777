// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {PublicValues} from "../src/lib/PublicValues.sol";
import {Test} from "./support/Test.sol";

contract PublicValuesTest is Test {
    function count(bytes calldata values) external pure returns (uint256) {
        return PublicValues.count(values);
    }

    function at(bytes calldata values, uint256 index) external pure returns (int64) {
        return PublicValues.at(values, index);
    }

    function testFuzz_reads_abi_encoded_lists(int64[] memory list) public view {
        bytes memory encoded = abi.encode(list);
        vm.assertEq(this.count(encoded), list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            vm.assertEq(int256(this.at(encoded, i)), int256(list[i]));
        }
    }

    function testFuzz_refuses_other_lengths(int64[] memory list, uint8 extra) public {
        vm.assume(extra > 0);
        bytes memory encoded = abi.encode(list);
        vm.expectRevert(PublicValues.NotCanonical.selector);
        this.count(bytes.concat(encoded, new bytes(extra)));
        assembly {
            mstore(encoded, sub(mload(encoded), 1))
        }
        vm.expectRevert(PublicValues.NotCanonical.selector);
        this.count(encoded);
    }

    function testFuzz_refuses_other_offsets(uint256 offset) public {
        vm.assume(offset != 32);
        vm.expectRevert(PublicValues.NotCanonical.selector);
        this.count(abi.encode(offset, 1, 7));
    }

    function testFuzz_refuses_huge_counts(uint256 length) public {
        length = bound(length, 2, type(uint256).max);
        vm.expectRevert(PublicValues.NotCanonical.selector);
        this.count(abi.encode(32, length, 7));
    }

    function testFuzz_refuses_values_beyond_64_bits(int256 value) public {
        vm.assume(value > type(int64).max || value < type(int64).min);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.ValueOutOfRange.selector, value));
        this.at(abi.encode(32, 1, value), 0);
    }
}
