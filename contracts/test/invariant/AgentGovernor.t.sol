// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {AgentGovernor} from "../../src/AgentGovernor.sol";
import {Evidence} from "../../src/lib/StatementLib.sol";
import {Fixture} from "../support/Fixture.sol";
import {InvariantTest} from "../support/InvariantTest.sol";
import {VotesToken} from "../support/Mocks.sol";

contract AgentGovernorHandler is Fixture {
    AgentGovernor public governor;
    uint256 public unproved;
    uint256 public proved;
    uint256[] public proposals;

    VotesToken private _token;
    address private _agent = account("agent");

    constructor() {
        setUpFixture();
        _token = new VotesToken();
        governor = new AgentGovernor(_token, inferenceVerifier, AgentGovernor.Settings(1, 1_000, 0, 4));
        _token.mint(_agent, 1e18);
        vm.startPrank(_agent);
        _token.delegate(_agent);
        governor.publishPolicy(modelId);
        vm.stopPrank();
        vm.roll(vm.getBlockNumber() + 1);
    }

    function count() external view returns (uint256) {
        return proposals.length;
    }

    function propose(int64 feature) external {
        address[] memory targets = new address[](1);
        uint256 id = governor.propose(targets, new uint256[](1), new bytes[](1), string(abi.encode(proposals.length)));
        int64[] memory brief = new int64[](1);
        brief[0] = feature;
        governor.setBrief(id, brief);
        proposals.push(id);
    }

    function vote(uint256 which, uint8 support, uint8 decision, uint8 flaw) external {
        if (proposals.length == 0) return;
        uint256 id = proposals[which % proposals.length];
        (support, decision, flaw) = (support % 3, decision % 3, flaw % 4);
        bytes memory output = governor.expectedOutput(id, decision);
        uint256 subjectOf = flaw == 1 ? id ^ 1 : id;
        Evidence memory evidence =
            prove(address(governor), governor.voteSubjectOf(subjectOf, _agent), modelId, output, 0, now_());
        bytes memory params =
            abi.encode(modelId, output, commitments, flaw == 2 ? bytes("forged") : evidence.proof, 0, now_());
        if (flaw == 3) params = "";
        vm.prank(_agent);
        try governor.castVoteWithReasonAndParams(id, support, "", params) {
            if (support != decision || flaw != 0) ++unproved;
            else ++proved;
        } catch {}
    }

    function voteBare(uint256 which, uint8 support) external {
        if (proposals.length == 0) return;
        vm.prank(_agent);
        try governor.castVote(proposals[which % proposals.length], support % 3) {
            ++unproved;
        } catch {}
    }

    function next(uint8 blocks) external {
        vm.roll(vm.getBlockNumber() + blocks);
        vm.warp(now_() + 12 * uint256(blocks));
    }

    function weightCast() external view returns (uint256 weight) {
        for (uint256 i = 0; i < proposals.length; ++i) {
            (uint256 a, uint256 b, uint256 c) = governor.proposalVotes(proposals[i]);
            weight += a + b + c;
        }
    }
}

contract AgentGovernorInvariantTest is InvariantTest {
    AgentGovernorHandler private _handler;

    function setUp() public {
        _handler = new AgentGovernorHandler();
        target = address(_handler);
    }

    function invariant_every_vote_of_the_agent_was_proved() public view {
        vm.assertEq(_handler.unproved(), 0);
        vm.assertEq(_handler.weightCast(), _handler.proved() * 1e18);
    }
}
