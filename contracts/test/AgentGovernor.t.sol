// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {AgentGovernor} from "../src/AgentGovernor.sol";
import {InferenceVerifier} from "../src/InferenceVerifier.sol";
import {IERC7992Verifier} from "../src/interfaces/IERC7992.sol";
import {Evidence} from "../src/lib/StatementLib.sol";
import {Fixture} from "./support/Fixture.sol";
import {VotesToken} from "./support/Mocks.sol";
import {VerifierDouble} from "./support/VerifierDouble.sol";

contract AgentGovernorTest is Fixture {
    uint8 private constant AGAINST = 0;
    uint8 private constant FOR = 1;
    uint256 private constant AGENT_KEY = 0xa9e27;

    AgentGovernor private _governor;
    VotesToken private _token;
    address private _agent = vm.addr(0xa9e27);
    address private _human = account("human");
    uint256 private _proposal;
    uint256 private _nonce;

    function setUp() public {
        setUpFixture();
        _token = new VotesToken();
        _governor = new AgentGovernor(_token, inferenceVerifier, AgentGovernor.Settings(10, 100, 1e18, 4));
        _token.mint(_agent, 60e18);
        _token.mint(_human, 40e18);
        vm.prank(_agent);
        _token.delegate(_agent);
        vm.prank(_human);
        _token.delegate(_human);
        vm.prank(_agent);
        _governor.publishPolicy(modelId);
        _next(1);
        _proposal = _propose("first", true);
    }

    function test_vote_with_the_policys_proof_counts() public {
        _next(11);
        bytes memory params = _params(FOR);
        vm.prank(_agent);
        _governor.castVoteWithReasonAndParams(_proposal, FOR, "the model says so", params);
        (uint256 against, uint256 inFavour,) = _governor.proposalVotes(_proposal);
        vm.assertEq(inFavour, 60e18);
        vm.assertEq(against, 0);
    }

    function test_vote_without_proof_is_refused() public {
        _next(11);
        bytes memory refusal = abi.encodeWithSelector(AgentGovernor.PolicyProofMissing.selector, _agent);
        vm.startPrank(_agent);
        vm.expectRevert(refusal);
        _governor.castVote(_proposal, FOR);
        vm.expectRevert(refusal);
        _governor.castVoteWithReason(_proposal, FOR, "trust me");
        vm.expectRevert(refusal);
        _governor.castVoteWithReasonAndParams(_proposal, FOR, "trust me", "");
        vm.expectRevert();
        _governor.castVoteWithReasonAndParams(_proposal, FOR, "trust me", "junk");
    }

    function test_vote_by_signature_needs_the_proof_too() public {
        _next(11);
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("zkseal AgentGovernor"),
                keccak256("1"),
                block.chainid,
                address(_governor)
            )
        );
        bytes32 hash = keccak256(abi.encode(_governor.BALLOT_TYPEHASH(), _proposal, FOR, _agent, uint256(0)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(AGENT_KEY, keccak256(abi.encodePacked(hex"1901", domain, hash)));
        vm.expectRevert(abi.encodeWithSelector(AgentGovernor.PolicyProofMissing.selector, _agent));
        _governor.castVoteBySig(_proposal, FOR, _agent, abi.encodePacked(r, s, v));
    }

    function testFuzz_support_must_be_the_decision(uint8 support, uint8 decision) public {
        (support, decision) = (support % 3, decision % 3);
        vm.assume(support != decision);
        _next(11);
        bytes memory params = _params(decision);
        vm.expectRevert(AgentGovernor.DecisionMismatch.selector);
        vm.prank(_agent);
        _governor.castVoteWithReasonAndParams(_proposal, support, "", params);
    }

    function testFuzz_the_brief_must_be_the_input(int64 a, int64 b) public {
        vm.assume(a != 10 || b != -3);
        _next(11);
        bytes memory output = values(a, b, int64(uint64(FOR)));
        bytes memory params = _paramsFor(_proposal, modelId, output, now_() + 1 hours);
        vm.expectRevert(AgentGovernor.DecisionMismatch.selector);
        vm.prank(_agent);
        _governor.castVoteWithReasonAndParams(_proposal, FOR, "", params);
    }

    function test_other_model_is_refused() public {
        uint256 other = register("program 2", "model program 2");
        _next(11);
        bytes memory params = _paramsFor(_proposal, other, _governor.expectedOutput(_proposal, FOR), now_() + 1 hours);
        vm.expectRevert(abi.encodeWithSelector(AgentGovernor.PolicyMismatch.selector, modelId, other));
        vm.prank(_agent);
        _governor.castVoteWithReasonAndParams(_proposal, FOR, "", params);
    }

    function test_proof_for_one_proposal_votes_on_no_other() public {
        uint256 other = _propose("second", true);
        _next(11);
        bytes memory params = _params(FOR);
        vm.expectRevert(VerifierDouble.ProofRejected.selector);
        vm.prank(_agent);
        _governor.castVoteWithReasonAndParams(other, FOR, "", params);
    }

    function test_proof_of_one_agent_serves_no_other() public {
        vm.prank(_human);
        _governor.publishPolicy(modelId);
        _next(11);
        bytes memory params = _params(FOR);
        vm.expectRevert(VerifierDouble.ProofRejected.selector);
        vm.prank(_human);
        _governor.castVoteWithReasonAndParams(_proposal, FOR, "", params);
    }

    function test_late_and_deprecated_are_refused() public {
        _next(11);
        uint256 deadline = now_() + 1 hours;
        bytes memory params = _params(FOR);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(InferenceVerifier.DeadlinePassed.selector, deadline));
        vm.prank(_agent);
        _governor.castVoteWithReasonAndParams(_proposal, FOR, "", params);
        vm.warp(deadline);
        vm.prank(modelOwner);
        registry.deprecateModel(modelId);
        vm.expectPartialRevert(IERC7992Verifier.VerificationRefused_ModelDeprecated.selector);
        vm.prank(_agent);
        _governor.castVoteWithReasonAndParams(_proposal, FOR, "", params);
    }

    function test_second_vote_is_refused() public {
        _next(11);
        bytes memory params = _params(FOR);
        bytes memory again = _params(FOR);
        vm.startPrank(_agent);
        _governor.castVoteWithReasonAndParams(_proposal, FOR, "", params);
        vm.expectPartialRevert(IGovernor.GovernorAlreadyCastVote.selector);
        _governor.castVoteWithReasonAndParams(_proposal, FOR, "", again);
    }

    function test_others_vote_freely() public {
        _next(11);
        vm.prank(_human);
        _governor.castVote(_proposal, AGAINST);
        (uint256 against,,) = _governor.proposalVotes(_proposal);
        vm.assertEq(against, 40e18);
    }

    function test_new_policy_binds_later_snapshots_only() public {
        uint256 newModel = register("program 2", "model program 2");
        _next(11); // the snapshot is past
        vm.prank(_agent);
        _governor.publishPolicy(newModel);
        vm.assertEq(_governor.policyOf(_proposal, _agent), modelId);
        uint256 later = _propose("later", false);
        vm.assertEq(_governor.policyOf(later, _agent), newModel);
        bytes memory params = _params(FOR);
        vm.prank(_agent);
        _governor.castVoteWithReasonAndParams(_proposal, FOR, "", params);
        vm.expectRevert(AgentGovernor.ModelIdZero.selector);
        _governor.publishPolicy(0);
    }

    function test_policy_published_after_the_snapshot_does_not_bind() public {
        _next(11);
        vm.prank(_human);
        _governor.publishPolicy(modelId);
        vm.assertEq(_governor.policyOf(_proposal, _human), 0);
        vm.prank(_human);
        _governor.castVote(_proposal, FOR);
    }

    function test_proposal_without_brief_takes_the_decision_alone() public {
        uint256 bare = _propose("bare", false);
        _next(11);
        bytes memory params = _paramsFor(bare, modelId, values(1), now_() + 1 hours);
        vm.prank(_agent);
        _governor.castVoteWithReasonAndParams(bare, FOR, "", params);
    }

    function test_brief_is_set_once_by_the_proposer_before_voting() public {
        uint256 bare = _propose("bare", false);
        int64[] memory brief = new int64[](65);
        vm.expectRevert(abi.encodeWithSelector(AgentGovernor.NotProposer.selector, bare, _human));
        vm.prank(_human);
        _governor.setBrief(bare, brief);
        vm.startPrank(_agent);
        vm.expectRevert(abi.encodeWithSelector(AgentGovernor.BriefTooLong.selector, 65));
        _governor.setBrief(bare, brief);
        brief = new int64[](1);
        _governor.setBrief(bare, brief);
        vm.assertEq(_governor.briefOf(bare).length, 1);
        vm.expectRevert(abi.encodeWithSelector(AgentGovernor.BriefAlreadySet.selector, bare));
        _governor.setBrief(bare, brief);
        vm.stopPrank();
        uint256 other = _propose("other", false);
        _next(11);
        vm.expectPartialRevert(IGovernor.GovernorUnexpectedProposalState.selector);
        vm.prank(_agent);
        _governor.setBrief(other, brief);
    }

    function test_carried_proposal_executes() public {
        _next(11);
        bytes memory params = _params(FOR);
        vm.prank(_agent);
        _governor.castVoteWithReasonAndParams(_proposal, FOR, "", params);
        _next(101);
        (address[] memory targets, uint256[] memory amounts, bytes[] memory calls) = _actions();
        _governor.execute(targets, amounts, calls, keccak256("first"));
        vm.assertEq(_governor.votingDelay(), 20);
        vm.assertEq(_governor.proposalThreshold(), 1e18);
    }

    function _next(uint256 blocks) private {
        vm.roll(vm.getBlockNumber() + blocks);
    }

    function _actions() private view returns (address[] memory, uint256[] memory, bytes[] memory) {
        address[] memory targets = new address[](1);
        bytes[] memory calls = new bytes[](1);
        targets[0] = address(_governor);
        calls[0] = abi.encodeCall(_governor.setVotingDelay, (20));
        return (targets, new uint256[](1), calls);
    }

    function _propose(string memory description, bool withBrief) private returns (uint256 id) {
        (address[] memory targets, uint256[] memory amounts, bytes[] memory calls) = _actions();
        vm.startPrank(_agent);
        id = _governor.propose(targets, amounts, calls, description);
        if (withBrief) {
            int64[] memory brief = new int64[](2);
            (brief[0], brief[1]) = (10, -3);
            _governor.setBrief(id, brief);
        }
        vm.stopPrank();
    }

    function _params(uint8 decision) private returns (bytes memory) {
        return _paramsFor(_proposal, modelId, values(10, -3, int64(uint64(decision))), now_() + 1 hours);
    }

    function _paramsFor(uint256 proposal, uint256 model, bytes memory output, uint256 deadline)
        private
        returns (bytes memory)
    {
        uint256 nonce = ++_nonce;
        bytes32 subject = _governor.voteSubjectOf(proposal, _agent);
        Evidence memory evidence = prove(address(_governor), subject, model, output, nonce, deadline);
        return abi.encode(model, output, commitments, evidence.proof, nonce, deadline);
    }
}
