// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Evidence} from "../../src/lib/StatementLib.sol";
import {Fixture} from "../support/Fixture.sol";
import {InvariantTest} from "../support/InvariantTest.sol";

contract InferenceVerifierHandler is Fixture {
    struct Made {
        address consumer;
        int64 value;
        Evidence evidence;
        uint256 uses;
    }

    Made[] private _made;
    uint256 public wrongful;
    uint256 public replays;
    bool private _deprecated;

    address[3] private _actors = [account("a"), account("b"), account("c")];

    constructor() {
        setUpFixture();
    }

    function make(uint256 who, int64 value, uint256 nonce, uint16 lifetime) external {
        address consumer = _actors[who % 3];
        Evidence memory evidence =
            prove(consumer, bytes32(nonce), modelId, values(value), _made.length, now_() + lifetime);
        _made.push();
        Made storage made = _made[_made.length - 1];
        (made.consumer, made.value, made.evidence) = (consumer, value, evidence);
    }

    function use(uint256 which, uint256 who, bool otherValue) external {
        if (_made.length == 0) return;
        Made storage made = _made[which % _made.length];
        address consumer = _actors[who % 3];
        int64 value = otherValue ? made.value ^ 1 : made.value;
        bytes memory call = abi.encodeCall(inferenceVerifier.consume, (modelId, values(value), made.evidence));
        vm.prank(consumer);
        (bool ok,) = address(inferenceVerifier).call(call);
        if (!ok) return;
        if (++made.uses > 1) ++replays;
        if (consumer != made.consumer || otherValue || now_() > made.evidence.deadline || _deprecated) ++wrongful;
    }

    function wait(uint16 seconds_) external {
        vm.warp(now_() + seconds_);
    }

    function deprecate(uint8 luck) external {
        if (luck != 0 || _deprecated) return;
        _deprecated = true;
        vm.prank(modelOwner);
        registry.deprecateModel(modelId);
    }
}

contract InferenceVerifierInvariantTest is InvariantTest {
    InferenceVerifierHandler private _handler;

    function setUp() public {
        _handler = new InferenceVerifierHandler();
        target = address(_handler);
    }

    function invariant_no_statement_is_used_twice() public view {
        vm.assertEq(_handler.replays(), 0);
    }

    function invariant_no_statement_is_used_by_others_late_or_changed() public view {
        vm.assertEq(_handler.wrongful(), 0);
    }
}
