// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Vm} from "./Vm.sol";

/// @dev Base of tests and of handlers. Assertions are forge's own, through `vm`.
abstract contract Test {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    bool public constant IS_TEST = true;

    /// @dev Not `block.timestamp`: the optimizer keeps that across `vm.warp`.
    function now_() internal view returns (uint256) {
        return vm.getBlockTimestamp();
    }

    function bound(uint256 x, uint256 min, uint256 max) internal pure returns (uint256) {
        if (x >= min && x <= max) return x;
        uint256 size = max - min;
        return size == type(uint256).max ? x : min + x % (size + 1);
    }

    function account(string memory name) internal pure returns (address) {
        return vm.addr(uint256(keccak256(bytes(name))));
    }

    function selectors(bytes4 a, bytes4 b) internal pure returns (bytes4[] memory list) {
        list = new bytes4[](2);
        (list[0], list[1]) = (a, b);
    }
}
