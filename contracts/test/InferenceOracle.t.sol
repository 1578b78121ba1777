// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {InferenceFeed} from "../src/InferenceFeed.sol";
import {InferenceOracle} from "../src/InferenceOracle.sol";
import {RequestBook} from "../src/RequestBook.sol";
import {IERC7992Verifier} from "../src/interfaces/IERC7992.sol";
import {Mode} from "../src/lib/Mode.sol";
import {PublicValues} from "../src/lib/PublicValues.sol";
import {Evidence} from "../src/lib/StatementLib.sol";
import {Fixture} from "./support/Fixture.sol";
import {Callback} from "./support/Mocks.sol";
import {VerifierDouble} from "./support/VerifierDouble.sol";

contract InferenceOracleTest is Fixture {
    InferenceOracle private _oracle;
    Callback private _callback;
    address private _owner = account("owner");
    address private _asker = account("asker");
    address private _node = account("node");
    bytes private _output = values(5, 99);

    function setUp() public {
        setUpFixture();
        _oracle = new InferenceOracle(inferenceVerifier, _owner);
        _callback = new Callback();
        vm.deal(_asker, 100 ether);
    }

    // Requests

    function test_request_is_kept_and_numbered() public {
        uint256 id = _ask(_params());
        vm.assertEq(id, 1);
        RequestBook.Request memory request = _oracle.getRequest(id);
        vm.assertEq(request.requester, _asker);
        vm.assertEq(uint256(request.fee), 1 ether);
        vm.assertEq(uint256(request.status), uint256(RequestBook.Status.Pending));
        vm.assertEq(_ask(_params()), 2);
    }

    function test_request_must_bind_its_input() public {
        RequestBook.RequestParams memory params = _params();
        params.publicInput = "";
        vm.expectRevert(RequestBook.InputNotBound.selector);
        _oracle.request(params);
        params.publicInput = abi.encode(new int64[](0));
        vm.expectRevert(RequestBook.InputNotBound.selector);
        _oracle.request(params);
        params.publicInput = hex"01";
        vm.expectRevert(PublicValues.NotCanonical.selector);
        _oracle.request(params);
    }

    function testFuzz_request_bounds_its_deadline(uint64 deadline) public {
        vm.assume(deadline < now_() || deadline > now_() + 30 days);
        RequestBook.RequestParams memory params = _params();
        params.deadline = deadline;
        vm.expectRevert(abi.encodeWithSelector(RequestBook.DeadlineOutOfRange.selector, deadline));
        _oracle.request(params);
    }

    function test_request_bounds_fee_and_callback_gas() public {
        RequestBook.RequestParams memory params = _params();
        vm.deal(address(this), 1 << 97);
        vm.expectPartialRevert(RequestBook.FeeTooHigh.selector);
        _oracle.request{value: 1 << 96}(params);
        params.callbackGas = 2_000_001;
        vm.expectPartialRevert(RequestBook.CallbackGasTooHigh.selector);
        _oracle.request(params);
    }

    // Answers

    function test_answer_pays_the_payee_and_calls_back() public {
        RequestBook.RequestParams memory params = _params();
        params.callback = address(_callback);
        params.callbackGas = 300_000;
        params.callbackData = "note";
        uint256 id = _ask(params);
        Evidence memory evidence = _prove(id, _node, _output);
        bytes32 stmt = inferenceVerifier.statementOf(
            address(_oracle),
            _oracle.subjectOf(id, _node),
            modelId,
            keccak256(commitments),
            keccak256(_output),
            id,
            params.deadline
        );
        vm.assertEq(_oracle.statementOf(id, _node, _output, keccak256(commitments)), stmt);
        vm.expectEmit(address(_oracle));
        emit InferenceOracle.Answered(id, _node, _output, stmt, Mode.ZK, true);
        _oracle.answer(id, _node, _output, commitments, evidence.proof);
        vm.assertEq(_callback.output(), _output);
        vm.assertEq(_callback.data(), bytes("note"));
        vm.assertEq(_callback.requestId(), id);
        vm.assertEq(_oracle.balanceOf(_node), 1 ether);
        vm.prank(_node);
        _oracle.withdraw(payable(_node));
        vm.assertEq(_node.balance, 1 ether);
        vm.assertEq(address(_oracle).balance, 0);
    }

    function test_nobody_is_answered_twice() public {
        uint256 id = _ask(_params());
        Evidence memory first = _prove(id, _node, _output);
        Evidence memory second = _prove(id, _asker, _output);
        _oracle.answer(id, _node, _output, commitments, first.proof);
        vm.expectRevert(abi.encodeWithSelector(RequestBook.NotPending.selector, id));
        _oracle.answer(id, _asker, _output, commitments, second.proof);
        vm.expectRevert(abi.encodeWithSelector(RequestBook.NotPending.selector, id));
        _oracle.answer(id, _node, _output, commitments, first.proof);
        vm.assertEq(_oracle.balanceOf(_node), 1 ether);
    }

    function testFuzz_copied_proof_pays_nobody_else(address thief) public {
        vm.assume(thief != _node);
        uint256 id = _ask(_params());
        Evidence memory evidence = _prove(id, _node, _output);
        vm.expectRevert(VerifierDouble.ProofRejected.selector);
        _oracle.answer(id, thief, _output, commitments, evidence.proof);
    }

    function test_proof_for_one_request_answers_no_other() public {
        uint256 id = _ask(_params());
        uint256 other = _ask(_params());
        Evidence memory evidence = _prove(id, _node, _output);
        vm.expectRevert(VerifierDouble.ProofRejected.selector);
        _oracle.answer(other, _node, _output, commitments, evidence.proof);
    }

    function test_answer_through_another_oracle_is_refused() public {
        uint256 id = _ask(_params());
        Evidence memory evidence = _prove(id, _node, _output);
        InferenceOracle other = new InferenceOracle(inferenceVerifier, _owner);
        other.request(_params());
        vm.expectRevert(VerifierDouble.ProofRejected.selector);
        other.answer(id, _node, _output, commitments, evidence.proof);
    }

    function testFuzz_answer_must_have_the_requested_input(int64 a) public {
        vm.assume(a != 5);
        uint256 id = _ask(_params());
        bytes memory output = values(a, 99);
        Evidence memory evidence = _prove(id, _node, output);
        vm.expectRevert(abi.encodeWithSelector(InferenceOracle.InputMismatch.selector, id));
        _oracle.answer(id, _node, output, commitments, evidence.proof);
        vm.expectPartialRevert(InferenceOracle.OutputTooShort.selector);
        _oracle.answer(id, _node, abi.encode(new int64[](0)), commitments, evidence.proof);
    }

    function testFuzz_answer_must_have_the_requested_commitment(bytes32 commitment) public {
        vm.assume(commitment != keccak256(commitments) && commitment != 0);
        RequestBook.RequestParams memory params = _params();
        params.inputCommitment = commitment;
        uint256 id = _ask(params);
        Evidence memory evidence = _prove(id, _node, _output);
        vm.expectRevert(abi.encodeWithSelector(InferenceOracle.InputMismatch.selector, id));
        _oracle.answer(id, _node, _output, commitments, evidence.proof);
    }

    function test_hidden_input_is_answered_by_its_commitment() public {
        RequestBook.RequestParams memory params = _params();
        params.publicInput = "";
        params.inputCommitment = keccak256(commitments);
        uint256 id = _ask(params);
        Evidence memory evidence = _prove(id, _node, values(1));
        _oracle.answer(id, _node, values(1), commitments, evidence.proof);
    }

    function testFuzz_late_answer_is_refused(uint32 late) public {
        uint256 id = _ask(_params());
        Evidence memory evidence = _prove(id, _node, _output);
        uint256 deadline = _oracle.getRequest(id).deadline;
        vm.warp(deadline + 1 + late);
        vm.expectRevert(abi.encodeWithSelector(InferenceOracle.DeadlinePassed.selector, deadline));
        _oracle.answer(id, _node, _output, commitments, evidence.proof);
    }

    function test_answer_with_a_deprecated_model_is_refused() public {
        uint256 id = _ask(_params());
        Evidence memory evidence = _prove(id, _node, _output);
        vm.prank(modelOwner);
        registry.deprecateModel(modelId);
        vm.expectPartialRevert(IERC7992Verifier.VerificationRefused_ModelDeprecated.selector);
        _oracle.answer(id, _node, _output, commitments, evidence.proof);
    }

    // Callbacks

    function test_reverting_callback_does_not_block() public {
        _answerWithCallback(Callback.Mode.Revert, "", 100_000);
    }

    function test_burning_callback_does_not_block() public {
        uint256 before = gasleft();
        _answerWithCallback(Callback.Mode.Burn, "", 100_000);
        vm.assertLt(before - gasleft(), 1_200_000);
    }

    function test_endless_return_data_does_not_block() public {
        _answerWithCallback(Callback.Mode.Bomb, "", 2_000_000);
    }

    function test_callback_that_is_no_contract_does_not_block() public {
        RequestBook.RequestParams memory params = _params();
        params.callback = address(0xdead);
        _answer(params);
    }

    function test_callback_gets_the_gas_it_asked_for() public {
        RequestBook.RequestParams memory params = _params();
        params.callback = address(_callback);
        params.callbackGas = 400_000;
        uint256 id = _ask(params);
        Evidence memory evidence = _prove(id, _node, _output);
        bytes memory answer = abi.encodeCall(InferenceOracle.answer, (id, _node, _output, commitments, evidence.proof));
        (bool ok, bytes memory error) = address(_oracle).call{gas: 430_000}(answer);
        vm.assertFalse(ok);
        vm.assertEq(bytes32(bytes4(error)), bytes32(InferenceOracle.GasTooLow.selector));
        (ok,) = address(_oracle).call{gas: 700_000}(answer);
        vm.assertTrue(ok);
        vm.assertGe(_callback.gasSeen(), 399_000);
    }

    function test_callback_cannot_come_back() public {
        RequestBook.RequestParams memory params = _params();
        uint256 second = _ask(params);
        Evidence memory evidence = _prove(second, address(_callback), _output);
        bytes memory answerSecond =
            abi.encodeCall(InferenceOracle.answer, (second, address(_callback), _output, commitments, evidence.proof));
        _answerWithCallback(Callback.Mode.Reenter, answerSecond, 1_000_000);
        vm.assertFalse(_callback.reentryOk());
        _answerWithCallback(
            Callback.Mode.Reenter, abi.encodeCall(RequestBook.withdraw, (payable(address(_callback)))), 1_000_000
        );
        vm.assertFalse(_callback.reentryOk());
        _answerWithCallback(Callback.Mode.Reenter, abi.encodeCall(RequestBook.cancel, (second)), 1_000_000);
        vm.assertFalse(_callback.reentryOk());
    }

    function test_callback_may_ask_again() public {
        _answerWithCallback(Callback.Mode.Reenter, abi.encodeCall(RequestBook.request, (_params())), 1_000_000);
        vm.assertTrue(_callback.reentryOk());
    }

    function test_withdrawal_cannot_come_back() public {
        // The callback contract earns a fee, and withdraws again while it is paid.
        uint256 id = _ask(_params());
        Evidence memory evidence = _prove(id, address(_callback), _output);
        _oracle.answer(id, address(_callback), _output, commitments, evidence.proof);
        _ask(_params()); // more money in the pot
        bytes memory withdraw = abi.encodeCall(RequestBook.withdraw, (payable(address(_callback))));
        _callback.setMode(Callback.Mode.Reenter, withdraw);
        _callback.call(address(_oracle), withdraw);
        vm.assertFalse(_callback.reentryOk());
        vm.assertEq(address(_callback).balance, 1 ether);
        vm.assertEq(address(_oracle).balance, 1 ether);
    }

    function test_withdrawal_that_cannot_be_paid_keeps_the_balance() public {
        uint256 id = _ask(_params());
        Evidence memory evidence = _prove(id, _node, _output);
        _oracle.answer(id, _node, _output, commitments, evidence.proof);
        _callback.setMode(Callback.Mode.Revert, "");
        vm.expectRevert(RequestBook.TransferFailed.selector);
        vm.prank(_node);
        _oracle.withdraw(payable(address(_callback)));
        vm.assertEq(_oracle.balanceOf(_node), 1 ether);
        vm.expectRevert(RequestBook.ZeroAddress.selector);
        vm.prank(_node);
        _oracle.withdraw(payable(address(0)));
        vm.expectRevert(RequestBook.NothingToWithdraw.selector);
        _oracle.withdraw(payable(_node));
    }

    // Refunds

    function test_cancel_refunds_after_the_deadline() public {
        uint256 id = _ask(_params());
        uint256 deadline = _oracle.getRequest(id).deadline;
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(RequestBook.DeadlineNotPassed.selector, deadline));
        vm.prank(_asker);
        _oracle.cancel(id);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(RequestBook.NotRequester.selector, id, address(this)));
        _oracle.cancel(id);
        vm.prank(_asker);
        _oracle.cancel(id);
        vm.assertEq(_oracle.balanceOf(_asker), 1 ether);
        vm.expectRevert(abi.encodeWithSelector(RequestBook.NotPending.selector, id));
        vm.prank(_asker);
        _oracle.cancel(id);
    }

    function test_answered_request_is_not_refunded() public {
        uint256 id = _ask(_params());
        Evidence memory evidence = _prove(id, _node, _output);
        _oracle.answer(id, _node, _output, commitments, evidence.proof);
        vm.warp(now_() + 2 days);
        vm.expectRevert(abi.encodeWithSelector(RequestBook.NotPending.selector, id));
        vm.prank(_asker);
        _oracle.cancel(id);
    }

    // Feeds

    function test_feed_has_chainlinks_shape() public {
        InferenceFeed feed = _feed();
        uint256 asked = now_();
        uint256 id = _askFeed(feed);
        vm.warp(asked + 10);
        _answerTo(id);
        (uint80 round, int256 value, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) = feed.latestRoundData();
        vm.assertEq(uint256(round), 1);
        vm.assertEq(value, 99);
        vm.assertEq(startedAt, asked);
        vm.assertEq(updatedAt, asked + 10);
        vm.assertEq(uint256(answeredIn), 1);
        vm.assertEq(uint256(feed.decimals()), 2);
        vm.assertEq(feed.description(), "risk");
        vm.assertEq(feed.version(), 1);
    }

    function testFuzz_stale_feed_reverts(uint32 late) public {
        InferenceFeed feed = _feed();
        vm.expectRevert(abi.encodeWithSelector(InferenceFeed.NoRound.selector, 0));
        feed.latestRoundData();
        _answerTo(_askFeed(feed));
        uint256 updatedAt = now_();
        vm.warp(updatedAt + 1 hours);
        feed.latestRoundData();
        vm.warp(updatedAt + 1 hours + 1 + late);
        vm.expectRevert(abi.encodeWithSelector(InferenceFeed.StaleRound.selector, 1, updatedAt));
        feed.latestRoundData();
        feed.getRoundData(1); // history stays readable
        vm.expectRevert(abi.encodeWithSelector(InferenceFeed.NoRound.selector, 2));
        feed.getRoundData(2);
    }

    function test_earlier_request_does_not_overwrite_a_later_one() public {
        InferenceFeed feed = _feed();
        uint256 early = _askFeed(feed);
        uint256 late = _askFeed(feed);
        _answerTo(late);
        _answerTo(early);
        vm.assertEq(uint256(feed.latestRound()), 1);
        vm.assertEq(_oracle.lastFeedRequest(address(feed)), late);
    }

    function test_only_its_owner_requests_rounds() public {
        InferenceFeed feed = _feed();
        RequestBook.RequestParams memory params = _params();
        params.feed = address(feed);
        vm.expectRevert(abi.encodeWithSelector(RequestBook.NotFeedOwner.selector, address(feed), address(this)));
        _oracle.request(params);
        params.modelId = register("program 2", "model program 2");
        vm.expectPartialRevert(RequestBook.FeedModelMismatch.selector);
        vm.prank(_asker);
        _oracle.request(params);
        params.modelId = modelId;
        vm.expectRevert(abi.encodeWithSelector(InferenceFeed.NotOracle.selector, address(this)));
        feed.push(1, 1);
        vm.expectRevert(abi.encodeWithSelector(InferenceFeed.NotOracle.selector, address(this)));
        feed.settle(1, true);
    }

    function test_feed_needs_its_output() public {
        InferenceFeed feed = _feed();
        RequestBook.RequestParams memory params = _params();
        (params.feed, params.outputIndex) = (address(feed), 2);
        vm.prank(_asker);
        uint256 id = _oracle.request(params);
        Evidence memory evidence = _prove(id, _node, _output);
        vm.expectRevert(abi.encodeWithSelector(InferenceOracle.OutputTooShort.selector, 2));
        _oracle.answer(id, _node, _output, commitments, evidence.proof);
    }

    function _params() private view returns (RequestBook.RequestParams memory params) {
        params.modelId = modelId;
        params.publicInput = values(5);
        params.deadline = uint64(now_() + 1 days);
        params.outputIndex = 1;
    }

    function _ask(RequestBook.RequestParams memory params) private returns (uint256) {
        vm.prank(_asker);
        return _oracle.request{value: 1 ether}(params);
    }

    function _prove(uint256 id, address payee, bytes memory output) private returns (Evidence memory) {
        uint256 deadline = _oracle.getRequest(id).deadline;
        return prove(address(_oracle), _oracle.subjectOf(id, payee), modelId, output, id, deadline);
    }

    function _answer(RequestBook.RequestParams memory params) private {
        _answerTo(_ask(params));
    }

    function _answerTo(uint256 id) private {
        Evidence memory evidence = _prove(id, _node, _output);
        _oracle.answer(id, _node, _output, commitments, evidence.proof);
        vm.assertEq(uint256(_oracle.getRequest(id).status), uint256(RequestBook.Status.Answered));
    }

    function _answerWithCallback(Callback.Mode mode, bytes memory reentry, uint32 gas_) private {
        _callback.setMode(mode, reentry);
        RequestBook.RequestParams memory params = _params();
        (params.callback, params.callbackGas) = (address(_callback), gas_);
        uint256 before = _oracle.balanceOf(_node);
        _answer(params);
        vm.assertEq(_oracle.balanceOf(_node), before + 1 ether);
    }

    function _feed() private returns (InferenceFeed) {
        vm.prank(_asker);
        return _oracle.createFeed(modelId, 1 hours, 2, "risk", Mode.ZK);
    }

    function _askFeed(InferenceFeed feed) private returns (uint256) {
        RequestBook.RequestParams memory params = _params();
        params.feed = address(feed);
        return _ask(params);
    }
}
