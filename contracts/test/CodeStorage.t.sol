// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {CodeStorage} from "../src/lib/CodeStorage.sol";
import {Test} from "./support/Test.sol";

contract CodeStorageTest is Test {
    function write(bytes memory data) external returns (address) {
        return CodeStorage.write(data);
    }

    function read(address pointer) external view returns (bytes memory) {
        return CodeStorage.read(pointer);
    }

    function testFuzz_read_returns_what_write_stored(bytes memory data) public {
        vm.assume(data.length > 0);
        address pointer = CodeStorage.write(data);
        vm.assertEq(CodeStorage.read(pointer), data);
        vm.assertEq(pointer.code.length, data.length + 1);
        vm.assertEq(uint256(uint8(pointer.code[0])), 0);
    }

    function test_write_takes_up_to_24575_bytes() public {
        vm.assertEq(CodeStorage.write(new bytes(24_575)).code.length, 24_576);
        vm.expectRevert(abi.encodeWithSelector(CodeStorage.DataTooLong.selector, 24_576, 24_575));
        this.write(new bytes(24_576));
    }

    function test_write_and_read_refuse_nothing() public {
        vm.expectRevert(CodeStorage.EmptyData.selector);
        this.write("");
        vm.expectRevert(CodeStorage.EmptyData.selector);
        this.read(address(0xdead));
    }

    function test_stored_code_does_nothing_when_called() public {
        (bool ok, bytes memory result) = CodeStorage.write(hex"ff").call("");
        vm.assertTrue(ok);
        vm.assertEq(result.length, 0);
    }
}
