// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {InferenceFeed} from "../src/InferenceFeed.sol";
import {InferenceOracle} from "../src/InferenceOracle.sol";
import {RequestBook} from "../src/RequestBook.sol";
import {IAttestationVerifier} from "../src/interfaces/IAttestationVerifier.sol";
import {Mode} from "../src/lib/Mode.sol";
import {Evidence} from "../src/lib/StatementLib.sol";
import {Fixture} from "./support/Fixture.sol";
import {AttestationDouble, Callback} from "./support/Mocks.sol";
import {VerifierDouble} from "./support/VerifierDouble.sol";

/// @dev What evidence a request takes, and what becomes of a bond.
contract OracleModesTest is Fixture {
    InferenceOracle private _oracle;
    AttestationDouble private _attestations;
    Callback private _callback;
    address private _owner = account("owner");
    address private _asker = account("asker");
    address private _node = account("node");
    bytes private _output = values(5, 99);
    bytes32 private _commitment;

    uint32 private constant WINDOW = 1 hours;
    uint96 private constant BOND = 3 ether;

    function setUp() public {
        setUpFixture();
        _oracle = new InferenceOracle(inferenceVerifier, _owner);
        _attestations = new AttestationDouble();
        _callback = new Callback();
        _commitment = keccak256(commitments);
        vm.prank(_owner);
        _oracle.setAttestationVerifier(_attestations);
        vm.deal(_asker, 100 ether);
        vm.deal(_node, 100 ether);
    }

    // Which answers are taken

    function test_attested_answers_are_neither_asked_for_nor_taken_without_verifier() public {
        uint256 id = _ask(Mode.TEE);
        uint256 both = _ask(Mode.TEE_AND_ZK);
        uint256 then_ = _ask(Mode.TEE_THEN_ZK);
        _attestAll(id);
        _attestAll(both);
        _attestAll(then_);
        Evidence memory evidence = _prove(both);
        vm.prank(_owner);
        _oracle.setAttestationVerifier(IAttestationVerifier(address(0)));
        vm.expectRevert(RequestBook.AttestedAnswersOff.selector);
        _oracle.answerAttested(id, _node, _output, _commitment, "quote");
        vm.expectRevert(RequestBook.AttestedAnswersOff.selector);
        _oracle.answerBoth(both, _node, _output, commitments, evidence.proof, "quote");
        vm.expectRevert(RequestBook.AttestedAnswersOff.selector);
        vm.prank(_node);
        _oracle.answerProvisionally{value: BOND}(then_, _node, _output, _commitment, "quote");
        for (uint8 mode = 1; mode < 4; ++mode) {
            RequestBook.RequestParams memory params = _params(Mode(mode));
            vm.expectRevert(RequestBook.AttestedAnswersOff.selector);
            _oracle.request(params);
        }
        _ask(Mode.ZK);
    }

    function test_only_the_owner_sets_the_verifier() public {
        vm.expectPartialRevert(Ownable.OwnableUnauthorizedAccount.selector);
        _oracle.setAttestationVerifier(_attestations);
    }

    function test_every_mode_takes_its_own_answers_only() public {
        for (uint8 asked = 0; asked < 4; ++asked) {
            uint256 id = _ask(Mode(asked));
            Evidence memory evidence = _prove(id);
            _attestAll(id);
            for (uint8 given = 0; given < 4; ++given) {
                if (given == asked) continue;
                vm.expectRevert(abi.encodeWithSelector(InferenceOracle.ModeMismatch.selector, id, asked));
                _answer(Mode(given), id, evidence.proof, "quote");
            }
            _answer(Mode(asked), id, evidence.proof, "quote");
            vm.expectRevert(abi.encodeWithSelector(RequestBook.NotPending.selector, id));
            _answer(Mode(asked), id, evidence.proof, "quote");
        }
    }

    function test_attested_answer_pays_the_payee() public {
        uint256 id = _ask(Mode.TEE);
        vm.expectRevert(bytes("attestation"));
        _oracle.answerAttested(id, _node, _output, _commitment, "quote");
        _attestAll(id);
        vm.expectRevert(bytes("attestation"));
        _oracle.answerAttested(id, _asker, _output, _commitment, "quote");
        vm.expectRevert(bytes("attestation"));
        _oracle.answerAttested(id, _node, values(5, 98), _commitment, "quote");
        vm.expectEmit(address(_oracle));
        emit InferenceOracle.Answered(id, _node, _output, _stmt(id, 0), Mode.TEE, true);
        _oracle.answerAttested(id, _node, _output, _commitment, "quote");
        vm.assertEq(_oracle.balanceOf(_node), 1 ether);
    }

    function test_attested_answer_has_the_requested_input_in_time() public {
        RequestBook.RequestParams memory params = _params(Mode.TEE);
        params.inputCommitment = _commitment;
        uint256 id = _ask(params);
        _attestAll(id);
        vm.expectRevert(abi.encodeWithSelector(InferenceOracle.InputMismatch.selector, id));
        _oracle.answerAttested(id, _node, _output, keccak256("other"), "quote");
        vm.expectRevert(abi.encodeWithSelector(InferenceOracle.InputMismatch.selector, id));
        _oracle.answerAttested(id, _node, values(6, 99), _commitment, "quote");
        vm.warp(params.deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(InferenceOracle.DeadlinePassed.selector, params.deadline));
        _oracle.answerAttested(id, _node, _output, _commitment, "quote");
    }

    function test_both_needs_both_halves_about_one_statement() public {
        uint256 id = _ask(Mode.TEE_AND_ZK);
        Evidence memory evidence = _prove(id);
        vm.expectRevert(bytes("attestation"));
        _oracle.answerBoth(id, _node, _output, commitments, evidence.proof, "quote");
        _attestAll(id);
        vm.expectRevert(VerifierDouble.ProofRejected.selector);
        _oracle.answerBoth(id, _node, _output, commitments, "no proof", "quote");
        vm.expectRevert(bytes("attestation"));
        _oracle.answerBoth(id, _node, _output, commitments, evidence.proof, "no quote");
        // A proof and an attestation that are good, of two statements.
        uint256 other = _ask(Mode.TEE_AND_ZK);
        Evidence memory proofOfOther = _prove(other);
        vm.expectRevert(bytes("attestation"));
        _oracle.answerBoth(other, _node, _output, commitments, proofOfOther.proof, "quote");
        vm.expectEmit(address(_oracle));
        emit InferenceOracle.Answered(id, _node, _output, _stmt(id, 0), Mode.TEE_AND_ZK, true);
        _oracle.answerBoth(id, _node, _output, commitments, evidence.proof, "quote");
        vm.assertEq(_oracle.balanceOf(_node), 1 ether);
    }

    // Bonds

    function test_bond_and_window_belong_to_one_mode() public {
        for (uint8 mode = 0; mode < 3; ++mode) {
            RequestBook.RequestParams memory params = _params(Mode(mode));
            params.bond = 1;
            vm.expectRevert(abi.encodeWithSelector(RequestBook.BondNotTaken.selector, mode));
            _oracle.request(params);
            (params.bond, params.proofWindow) = (0, WINDOW);
            vm.expectRevert(abi.encodeWithSelector(RequestBook.BondNotTaken.selector, mode));
            _oracle.request(params);
        }
        RequestBook.RequestParams memory bonded = _params(Mode.TEE_THEN_ZK);
        bonded.bond = 0;
        vm.expectRevert(RequestBook.BondMissing.selector);
        _oracle.request(bonded);
    }

    function testFuzz_proof_window_is_bounded(uint32 window) public {
        vm.assume(window < 10 minutes || window > 7 days);
        RequestBook.RequestParams memory params = _params(Mode.TEE_THEN_ZK);
        params.proofWindow = window;
        vm.expectRevert(abi.encodeWithSelector(RequestBook.ProofWindowOutOfRange.selector, window));
        _oracle.request(params);
    }

    function testFuzz_bond_is_exact(uint96 sent) public {
        vm.assume(sent != BOND);
        uint256 id = _ask(Mode.TEE_THEN_ZK);
        _attestAll(id);
        vm.deal(_node, sent);
        vm.expectRevert(abi.encodeWithSelector(InferenceOracle.WrongBond.selector, BOND, sent));
        vm.prank(_node);
        _oracle.answerProvisionally{value: sent}(id, _node, _output, _commitment, "quote");
    }

    function test_provisional_answer_is_delivered_and_pays_nothing_yet() public {
        RequestBook.RequestParams memory params = _params(Mode.TEE_THEN_ZK);
        (params.callback, params.callbackGas) = (address(_callback), 300_000);
        uint256 id = _provisional(params);
        vm.assertEq(_callback.output(), _output);
        vm.assertEq(_status(id), uint256(RequestBook.Status.Provisional));
        vm.assertEq(_oracle.balanceOf(_node), 0);
        vm.assertEq(address(_oracle).balance, 1 ether + BOND);
        InferenceOracle.Provisional memory due = _oracle.getProvisional(id);
        vm.assertEq(due.payee, _node);
        vm.assertEq(uint256(due.proveBy), now_() + WINDOW);
        vm.assertEq(due.stmt, _stmt(id, WINDOW));
        vm.expectRevert(abi.encodeWithSelector(RequestBook.NotPending.selector, id));
        vm.prank(_asker);
        _oracle.cancel(id);
    }

    function test_proof_in_time_earns_fee_and_bond() public {
        uint256 id = _provisional(_params(Mode.TEE_THEN_ZK));
        Evidence memory evidence = _prove(id);
        vm.warp(now_() + WINDOW);
        vm.expectRevert(abi.encodeWithSelector(InferenceOracle.ProofWindowOpen.selector, now_()));
        _oracle.slash(id);
        vm.expectEmit(address(_oracle));
        emit InferenceOracle.Confirmed(id, _stmt(id, WINDOW));
        _oracle.confirm(id, _output, commitments, evidence.proof);
        vm.assertEq(_oracle.balanceOf(_node), 1 ether + BOND);
        vm.assertEq(_status(id), uint256(RequestBook.Status.Answered));
        vm.expectRevert(abi.encodeWithSelector(InferenceOracle.NotProvisional.selector, id));
        _oracle.confirm(id, _output, commitments, evidence.proof);
        vm.warp(now_() + 1);
        vm.expectRevert(abi.encodeWithSelector(InferenceOracle.NotProvisional.selector, id));
        _oracle.slash(id);
    }

    function test_no_proof_in_time_costs_fee_and_bond() public {
        uint256 id = _provisional(_params(Mode.TEE_THEN_ZK));
        Evidence memory evidence = _prove(id);
        vm.warp(now_() + WINDOW + 1);
        vm.expectPartialRevert(InferenceOracle.ProofWindowPassed.selector);
        _oracle.confirm(id, _output, commitments, evidence.proof);
        vm.expectEmit(address(_oracle));
        emit InferenceOracle.Slashed(id, _asker, BOND);
        _oracle.slash(id);
        vm.assertEq(_oracle.balanceOf(_asker), 1 ether + BOND);
        vm.assertEq(_oracle.balanceOf(_node), 0);
        vm.assertEq(_status(id), uint256(RequestBook.Status.Unproved));
        vm.expectRevert(abi.encodeWithSelector(InferenceOracle.NotProvisional.selector, id));
        _oracle.slash(id);
        vm.prank(_asker);
        _oracle.withdraw(payable(_asker));
        vm.assertEq(address(_oracle).balance, 0);
    }

    function test_proof_of_another_statement_confirms_nothing() public {
        uint256 id = _provisional(_params(Mode.TEE_THEN_ZK));
        Evidence memory evidence = _prove(id);
        vm.expectRevert(VerifierDouble.ProofRejected.selector);
        _oracle.confirm(id, _output, commitments, "no proof");
        vm.expectPartialRevert(InferenceOracle.OtherStatement.selector);
        _oracle.confirm(id, values(5, 98), commitments, evidence.proof);
        vm.expectPartialRevert(InferenceOracle.OtherStatement.selector);
        _oracle.confirm(id, _output, "other commitments", evidence.proof);
        vm.expectRevert(abi.encodeWithSelector(InferenceOracle.NotProvisional.selector, id + 1));
        _oracle.confirm(id + 1, _output, commitments, evidence.proof);
        vm.expectRevert(abi.encodeWithSelector(InferenceOracle.NotProvisional.selector, id + 1));
        _oracle.slash(id + 1);
        vm.assertEq(_status(id), uint256(RequestBook.Status.Provisional));
    }

    function test_answer_at_the_deadline_has_its_whole_window() public {
        RequestBook.RequestParams memory params = _params(Mode.TEE_THEN_ZK);
        uint256 id = _ask(params);
        vm.warp(params.deadline);
        _attestAll(id);
        vm.prank(_node);
        _oracle.answerProvisionally{value: BOND}(id, _node, _output, _commitment, "quote");
        Evidence memory evidence = _prove(id);
        vm.warp(params.deadline + WINDOW);
        _oracle.confirm(id, _output, commitments, evidence.proof);
    }

    function test_owner_of_the_model_cannot_take_bonds_by_deprecating_it() public {
        uint256 id = _provisional(_params(Mode.TEE_THEN_ZK));
        Evidence memory evidence = _prove(id);
        vm.prank(modelOwner);
        registry.deprecateModel(modelId);
        _oracle.confirm(id, _output, commitments, evidence.proof);
        vm.assertEq(_oracle.balanceOf(_node), 1 ether + BOND);
    }

    function test_copied_provisional_answer_bonds_for_the_payee() public {
        uint256 id = _ask(Mode.TEE_THEN_ZK);
        _attestAll(id);
        vm.prank(_asker);
        _oracle.answerProvisionally{value: BOND}(id, _node, _output, _commitment, "quote");
        _oracle.confirm(id, _output, commitments, _prove(id).proof);
        vm.assertEq(_oracle.balanceOf(_node), 1 ether + BOND);
        vm.assertEq(_oracle.balanceOf(_asker), 0);
    }

    function test_callback_cannot_come_back_to_a_provisional_answer() public {
        RequestBook.RequestParams memory params = _params(Mode.TEE_THEN_ZK);
        (params.callback, params.callbackGas) = (address(_callback), 1_000_000);
        _callback.setMode(Callback.Mode.Reenter, abi.encodeCall(InferenceOracle.slash, (1)));
        _provisional(params);
        vm.assertFalse(_callback.reentryOk());
        _callback.setMode(
            Callback.Mode.Reenter, abi.encodeCall(InferenceOracle.confirm, (2, _output, commitments, "proof"))
        );
        _provisional(params);
        vm.assertFalse(_callback.reentryOk());
    }

    // Feeds

    function test_feed_is_written_by_requests_of_its_mode_only() public {
        vm.prank(_asker);
        InferenceFeed feed = _oracle.createFeed(modelId, 1 hours, 2, "risk", Mode.TEE_AND_ZK);
        vm.assertEq(uint256(feed.mode()), uint256(Mode.TEE_AND_ZK));
        for (uint8 mode = 0; mode < 4; ++mode) {
            RequestBook.RequestParams memory params = _params(Mode(mode));
            params.feed = address(feed);
            if (Mode(mode) != Mode.TEE_AND_ZK) {
                vm.expectRevert(
                    abi.encodeWithSelector(RequestBook.FeedModeMismatch.selector, address(feed), params.mode)
                );
            }
            vm.prank(_asker);
            _oracle.request(params);
        }
    }

    function test_round_is_final_but_in_a_feed_of_provisional_answers() public {
        for (uint8 mode = 0; mode < 3; ++mode) {
            InferenceFeed feed = _feed(Mode(mode));
            uint256 id = _askFeed(feed);
            _attestAll(id);
            _answer(Mode(mode), id, _prove(id).proof, "quote");
            vm.assertEq(uint256(feed.stateOf(1)), uint256(InferenceFeed.RoundState.Final));
            vm.assertEq(uint256(feed.stateOf(2)), uint256(InferenceFeed.RoundState.None));
        }
    }

    function test_provisional_round_becomes_final_with_its_proof() public {
        InferenceFeed feed = _feed(Mode.TEE_THEN_ZK);
        uint256 id = _answerFeed(feed);
        vm.assertEq(uint256(feed.stateOf(1)), uint256(InferenceFeed.RoundState.Provisional));
        feed.latestRoundData();
        Evidence memory evidence = _prove(id);
        vm.expectEmit(address(feed));
        emit InferenceFeed.RoundSettled(1, true);
        _oracle.confirm(id, _output, commitments, evidence.proof);
        vm.assertEq(uint256(feed.stateOf(1)), uint256(InferenceFeed.RoundState.Final));
        vm.prank(address(_oracle));
        vm.expectRevert(abi.encodeWithSelector(InferenceFeed.NotProvisional.selector, 1));
        feed.settle(1, false);
    }

    function test_unproved_round_is_read_no_more() public {
        InferenceFeed feed = _feed(Mode.TEE_THEN_ZK);
        uint256 id = _answerFeed(feed);
        vm.warp(now_() + WINDOW + 1);
        uint256 later = _answerFeed(feed);
        _oracle.slash(id);
        feed.latestRoundData();
        vm.expectRevert(abi.encodeWithSelector(InferenceFeed.UnprovedRound.selector, 1));
        feed.getRoundData(1);
        vm.warp(now_() + WINDOW + 1);
        _oracle.slash(later);
        vm.expectRevert(abi.encodeWithSelector(InferenceFeed.UnprovedRound.selector, 2));
        feed.latestRoundData();
        _answerFeed(feed);
        feed.latestRoundData();
    }

    function test_overtaken_provisional_answer_writes_no_round_and_settles() public {
        InferenceFeed feed = _feed(Mode.TEE_THEN_ZK);
        uint256 early = _askFeed(feed);
        uint256 late = _askFeed(feed);
        _answerProvisionally(late);
        _answerProvisionally(early);
        vm.assertEq(uint256(feed.latestRound()), 1);
        _oracle.confirm(early, _output, commitments, _prove(early).proof);
        vm.assertEq(uint256(feed.stateOf(1)), uint256(InferenceFeed.RoundState.Provisional));
        vm.warp(now_() + WINDOW + 1);
        _oracle.slash(late);
        vm.assertEq(uint256(feed.stateOf(1)), uint256(InferenceFeed.RoundState.Unproved));
    }

    // Parts

    function _params(Mode mode) private view returns (RequestBook.RequestParams memory params) {
        params.modelId = modelId;
        params.publicInput = values(5);
        params.deadline = uint64(now_() + 1 days);
        params.outputIndex = 1;
        params.mode = mode;
        if (mode == Mode.TEE_THEN_ZK) (params.bond, params.proofWindow) = (BOND, WINDOW);
    }

    function _ask(Mode mode) private returns (uint256) {
        return _ask(_params(mode));
    }

    function _ask(RequestBook.RequestParams memory params) private returns (uint256) {
        vm.prank(_asker);
        return _oracle.request{value: 1 ether}(params);
    }

    /// @dev The statement hash, written out once more by the fixture.
    function _stmt(uint256 id, uint256 window) private view returns (bytes32) {
        uint256 deadline = _oracle.getRequest(id).deadline + window;
        return statementHash(address(_oracle), _oracle.subjectOf(id, _node), modelId, _output, id, deadline);
    }

    /// @dev "quote" vouches for the node's answer.
    function _attestAll(uint256 id) private {
        _attestations.accept(modelId, _stmt(id, _oracle.getRequest(id).proofWindow), "quote");
    }

    function _prove(uint256 id) private returns (Evidence memory) {
        RequestBook.Request memory request = _oracle.getRequest(id);
        uint256 deadline = uint256(request.deadline) + request.proofWindow;
        return prove(address(_oracle), _oracle.subjectOf(id, _node), modelId, _output, id, deadline);
    }

    function _answer(Mode mode, uint256 id, bytes memory proof, bytes memory quote) private {
        vm.prank(_node);
        if (mode == Mode.ZK) _oracle.answer(id, _node, _output, commitments, proof);
        else if (mode == Mode.TEE) _oracle.answerAttested(id, _node, _output, _commitment, quote);
        else if (mode == Mode.TEE_AND_ZK) _oracle.answerBoth(id, _node, _output, commitments, proof, quote);
        else _oracle.answerProvisionally{value: BOND}(id, _node, _output, _commitment, quote);
    }

    function _provisional(RequestBook.RequestParams memory params) private returns (uint256 id) {
        id = _ask(params);
        _answerProvisionally(id);
    }

    function _answerProvisionally(uint256 id) private {
        _attestAll(id);
        _answer(Mode.TEE_THEN_ZK, id, "", "quote");
    }

    function _status(uint256 id) private view returns (uint256) {
        return uint256(_oracle.getRequest(id).status);
    }

    function _feed(Mode mode) private returns (InferenceFeed) {
        vm.prank(_asker);
        return _oracle.createFeed(modelId, 1 hours, 2, "risk", mode);
    }

    function _askFeed(InferenceFeed feed) private returns (uint256) {
        RequestBook.RequestParams memory params = _params(feed.mode());
        params.feed = address(feed);
        return _ask(params);
    }

    function _answerFeed(InferenceFeed feed) private returns (uint256 id) {
        id = _askFeed(feed);
        _answerProvisionally(id);
    }
}
