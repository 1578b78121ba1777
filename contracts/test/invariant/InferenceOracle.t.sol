// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {InferenceFeed} from "../../src/InferenceFeed.sol";
import {InferenceOracle} from "../../src/InferenceOracle.sol";
import {RequestBook} from "../../src/RequestBook.sol";
import {Mode} from "../../src/lib/Mode.sol";
import {Fixture} from "../support/Fixture.sol";
import {InvariantTest} from "../support/InvariantTest.sol";
import {AttestationDouble, Callback} from "../support/Mocks.sol";

contract InferenceOracleHandler is Fixture {
    InferenceOracle public oracle;
    InferenceFeed public feed;
    InferenceFeed public provisionalFeed;
    AttestationDouble public attestations = new AttestationDouble();
    uint256 public closedTwice;
    uint256 public late;
    uint256 public early;
    uint256 public lies;
    uint256 public feedAnswers;
    uint256 private _highestAnswered;

    Callback private _callback = new Callback();
    mapping(uint256 => uint256) private _closings;
    mapping(uint256 => address) public payees;
    mapping(uint256 => int64) private _values;
    address[3] public actors = [account("a"), account("b"), account("c")];

    constructor() {
        setUpFixture();
        oracle = new InferenceOracle(inferenceVerifier, address(this));
        oracle.setAttestationVerifier(attestations);
        vm.startPrank(actors[0]);
        feed = oracle.createFeed(modelId, 1 hours, 0, "", Mode.ZK);
        provisionalFeed = oracle.createFeed(modelId, 1 hours, 0, "", Mode.TEE_THEN_ZK);
        vm.stopPrank();
    }

    function ask(uint256 who, uint96 fee, uint16 lifetime, bool toFeed, uint8 mode, uint8 evidence) external {
        address actor = actors[who % 3];
        RequestBook.RequestParams memory params;
        params.modelId = modelId;
        params.publicInput = values(5);
        params.deadline = uint64(now_() + lifetime);
        params.outputIndex = 1;
        params.callback = mode % 4 == 3 ? address(0) : address(_callback);
        params.callbackGas = 100_000;
        params.mode = Mode(evidence % 4);
        if (params.mode == Mode.TEE_THEN_ZK) (params.bond, params.proofWindow) = (1 + fee % 5 ether, 1 hours);
        if (toFeed) {
            actor = actors[0];
            params.feed = params.mode == Mode.TEE_THEN_ZK ? address(provisionalFeed) : address(feed);
            if (params.mode != Mode.TEE_THEN_ZK) params.mode = Mode.ZK;
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
        RequestBook.Request memory request = oracle.getRequest(id);
        bytes memory output = values(5, value);
        bytes memory proof = _prove(id, payee, output, request);
        attestations.accept(modelId, oracle.statementOf(id, payee, output, keccak256(commitments)), "quote");
        bool answered;
        if (request.mode == Mode.ZK) {
            answered = _attempt(abi.encodeCall(oracle.answer, (id, payee, output, commitments, proof)));
        } else if (request.mode == Mode.TEE) {
            answered =
                _attempt(abi.encodeCall(oracle.answerAttested, (id, payee, output, keccak256(commitments), "quote")));
        } else if (request.mode == Mode.TEE_AND_ZK) {
            answered = _attempt(abi.encodeCall(oracle.answerBoth, (id, payee, output, commitments, proof, "quote")));
        } else {
            answered = _answerProvisionally(id, payee, output, request.bond);
            if (answered) (payees[id], _values[id]) = (payee, value);
        }
        if (!answered) return;
        if (request.mode != Mode.TEE_THEN_ZK && ++_closings[id] > 1) ++closedTwice;
        if (now_() > request.deadline) ++late;
        if (request.feed == address(feed) && id > _highestAnswered) {
            _highestAnswered = id;
            ++feedAnswers;
        }
    }

    function confirm(uint256 which, bool honest) external {
        uint256 id = _id(which);
        if (payees[id] == address(0)) return;
        bytes memory output = values(5, honest ? _values[id] : _values[id] ^ 1);
        bytes memory proof = _prove(id, payees[id], output, oracle.getRequest(id));
        try oracle.confirm(id, output, commitments, proof) {
            if (!honest) ++lies;
            if (now_() > oracle.getProvisional(id).proveBy) ++late;
            if (++_closings[id] > 1) ++closedTwice;
        } catch {}
    }

    function slash(uint256 which) external {
        uint256 id = _id(which);
        try oracle.slash(id) {
            if (now_() <= oracle.getProvisional(id).proveBy) ++early;
            if (++_closings[id] > 1) ++closedTwice;
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

    function _answerProvisionally(uint256 id, address payee, bytes memory output, uint256 bond)
        private
        returns (bool ok)
    {
        vm.deal(address(this), bond);
        try oracle.answerProvisionally{value: bond}(id, payee, output, keccak256(commitments), "quote") {
            return true;
        } catch {}
    }

    function _attempt(bytes memory data) private returns (bool ok) {
        (ok,) = address(oracle).call(data);
    }

    function _prove(uint256 id, address payee, bytes memory output, RequestBook.Request memory request)
        private
        returns (bytes memory)
    {
        uint256 deadline = uint256(request.deadline) + request.proofWindow;
        return prove(address(oracle), oracle.subjectOf(id, payee), modelId, output, id, deadline).proof;
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
            RequestBook.Request memory request = oracle.getRequest(id);
            bool provisional = request.status == RequestBook.Status.Provisional;
            if (provisional) expected += request.bond;
            if (provisional || request.status == RequestBook.Status.Pending) expected += request.fee;
        }
        for (uint256 i = 0; i < 3; ++i) {
            expected += oracle.balanceOf(_handler.actors(i));
        }
        vm.assertEq(address(oracle).balance, expected);
    }

    function invariant_requests_are_closed_once_and_in_time() public view {
        vm.assertEq(_handler.closedTwice(), 0);
        vm.assertEq(_handler.late(), 0);
        vm.assertEq(_handler.early(), 0);
        vm.assertEq(_handler.lies(), 0);
    }

    function invariant_feed_counts_without_gaps() public view {
        vm.assertEq(uint256(_handler.feed().latestRound()), _handler.feedAnswers());
    }
}
