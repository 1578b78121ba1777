// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {InferenceFeed} from "../../src/InferenceFeed.sol";
import {InferenceOracle} from "../../src/InferenceOracle.sol";
import {Evidence} from "../../src/lib/StatementLib.sol";
import {Fixture} from "../support/Fixture.sol";
import {InvariantTest} from "../support/InvariantTest.sol";
import {Callback} from "../support/Mocks.sol";

contract InferenceOracleHandler is Fixture {
    InferenceOracle public oracle;
    InferenceFeed public feed;
    uint256 public closedTwice;
    uint256 public late;
    uint256 public feedAnswers;
    uint256 private _highestAnswered;

    Callback private _callback = new Callback();
    mapping(uint256 => uint256) private _closings;
    address[3] public actors = [account("a"), account("b"), account("c")];

    constructor() {
        setUpFixture();
        oracle = new InferenceOracle(inferenceVerifier, address(this));
        vm.prank(actors[0]);
        feed = oracle.createFeed(modelId, 1 hours, 0, "");
    }

    function ask(uint256 who, uint96 fee, uint16 lifetime, bool toFeed, uint8 mode) external {
        address actor = actors[who % 3];
        InferenceOracle.RequestParams memory params;
        params.modelId = modelId;
        params.publicInput = values(5);
        params.deadline = uint64(now_() + lifetime);
        params.outputIndex = 1;
        params.callback = mode % 4 == 3 ? address(0) : address(_callback);
        params.callbackGas = 100_000;
        if (toFeed) {
            actor = actors[0];
            params.feed = address(feed);
        }
        _callback.setMode(Callback.Mode(mode % 4 == 3 ? 0 : mode % 4), "");
        fee = uint96(bound(fee, 0, 10 ether));
        vm.deal(actor, fee);
        vm.prank(actor);
        oracle.request{value: fee}(params);
    }

    function answer(uint256 which, uint256 who, int64 value) external {
        uint256 id = _id(which);
        if (id == 0) return;
        address payee = actors[who % 3];
        InferenceOracle.Request memory request = oracle.getRequest(id);
        Evidence memory evidence =
            prove(address(oracle), oracle.subjectOf(id, payee), modelId, values(5, value), id, request.deadline);
        try oracle.answer(id, payee, values(5, value), commitments, evidence.proof) {
            if (++_closings[id] > 1) ++closedTwice;
            if (now_() > request.deadline) ++late;
            if (request.feed != address(0) && id > _highestAnswered) {
                _highestAnswered = id;
                ++feedAnswers;
            }
        } catch {}
    }

    function cancel(uint256 which, uint256 who) external {
        uint256 id = _id(which);
        vm.prank(actors[who % 3]);
        try oracle.cancel(id) {
            if (++_closings[id] > 1) ++closedTwice;
        } catch {}
    }

    function withdraw(uint256 who) external {
        address actor = actors[who % 3];
        vm.prank(actor);
        try oracle.withdraw(payable(actor)) {} catch {}
    }

    function wait(uint16 seconds_) external {
        vm.warp(now_() + seconds_);
    }

    function _id(uint256 which) private view returns (uint256) {
        uint256 count = oracle.requestCount();
        return count == 0 ? 0 : which % count + 1;
    }
}

contract InferenceOracleInvariantTest is InvariantTest {
    InferenceOracleHandler private _handler;

    function setUp() public {
        _handler = new InferenceOracleHandler();
        target = address(_handler);
    }

    function invariant_money_is_pending_or_credited() public view {
        InferenceOracle oracle = _handler.oracle();
        uint256 expected;
        for (uint256 id = 1; id <= oracle.requestCount(); ++id) {
            InferenceOracle.Request memory request = oracle.getRequest(id);
            if (request.status == InferenceOracle.Status.Pending) expected += request.fee;
        }
        for (uint256 i = 0; i < 3; ++i) {
            expected += oracle.balanceOf(_handler.actors(i));
        }
        vm.assertEq(address(oracle).balance, expected);
    }

    function invariant_no_request_is_closed_twice_or_answered_late() public view {
        vm.assertEq(_handler.closedTwice(), 0);
        vm.assertEq(_handler.late(), 0);
    }

    function invariant_feed_counts_without_gaps() public view {
        vm.assertEq(uint256(_handler.feed().latestRound()), _handler.feedAnswers());
    }
}
