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
        vm.assume(data.length > 0 && data[0] != 0xef);
        address pointer = CodeStorage.write(data);
        vm.assertEq(CodeStorage.read(pointer), data);
        vm.assertEq(pointer.code, data);
    }

    function test_write_takes_up_to_24576_bytes() public {
        vm.assertEq(CodeStorage.write(new bytes(24_576)).code.length, 24_576);
        vm.expectRevert(abi.encodeWithSelector(CodeStorage.DataTooLong.selector, 24_577, 24_576));
        this.write(new bytes(24_577));
    }

    function test_write_and_read_refuse_nothing() public {
        vm.expectRevert(CodeStorage.EmptyData.selector);
        this.write("");
        vm.expectRevert(CodeStorage.EmptyData.selector);
        this.read(address(0xdead));
    }

    function test_stored_code_can_be_called() public {
        // Returns a word that holds 42.
        (bool ok, bytes memory result) = CodeStorage.write(hex"602a5f5260205ff3").staticcall("");
        vm.assertTrue(ok);
        vm.assertEq(result, abi.encode(42));
    }

    function test_write_refuses_what_is_no_code() public {
        vm.expectRevert(CodeStorage.WriteFailed.selector);
        this.write(hex"ef00");
    }
}
