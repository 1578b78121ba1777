// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Test} from "./Test.sol";

/// @dev Base of invariant tests: only the handler is called. Handlers do not revert (`fail_on_revert`); what may fail
/// they try with `attempt`.
abstract contract InvariantTest is Test {
    address internal target;

    function targetContracts() external view returns (address[] memory list) {
        list = new address[](1);
        list[0] = target;
    }
}
