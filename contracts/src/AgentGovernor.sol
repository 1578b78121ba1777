// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {GovernorCountingSimple} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {
    GovernorVotesQuorumFraction
} from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {IInferenceVerifier} from "./interfaces/IInferenceVerifier.sol";
import {Evidence} from "./lib/StatementLib.sol";

/// @title Governor in which an agent votes only as its published policy model says
/// @notice A delegate that publishes a policy model binds itself: on every proposal whose snapshot is not yet past, its vote
/// needs `params` with a proof that the model, given the proposal's brief, decided just so. Everyone else votes
/// as in any OpenZeppelin Governor.
/// The brief is the proposal in numbers, set by its proposer before voting starts; the public values of the proof
/// are the brief followed by the decision (0 against, 1 for, 2 abstain). A proposal without a brief leaves the
/// policy to its hidden inputs: then the proof shows that the policy said so on inputs of the agent's choice.
contract AgentGovernor is
    Governor,
    GovernorSettings,
    GovernorCountingSimple,
    GovernorVotes,
    GovernorVotesQuorumFraction
{
    using Checkpoints for Checkpoints.Trace208;

    /// @param votingDelay Units of the token's clock between proposal and snapshot.
    /// @param votingPeriod Units of the token's clock in which votes are taken.
    /// @param proposalThreshold Votes needed to propose.
    /// @param quorumPercent Of the total supply.
    struct Settings {
        uint48 votingDelay;
        uint32 votingPeriod;
        uint256 proposalThreshold;
        uint256 quorumPercent;
    }

    /// @notice The `params` of an agent's vote are abi.encode of these, in this order, without an outer struct.
    /// @param modelId The agent's policy.
    /// @param output Public values: brief and decision.
    /// @param commitments Commitments of hidden inputs.
    /// @param proof Proof bytes; the subject is `voteSubjectOf(proposalId, agent)`.
    /// @param nonce See `Statement`.
    /// @param deadline See `Statement`.
    struct PolicyProof {
        uint256 modelId;
        bytes output;
        bytes commitments;
        bytes proof;
        uint256 nonce;
        uint256 deadline;
    }

    event PolicyPublished(address indexed agent, uint256 indexed modelId);
    event BriefSet(uint256 indexed proposalId, int64[] brief);

    error ModelIdZero();
    error PolicyProofMissing(address agent);
    error PolicyMismatch(uint256 expected, uint256 given);
    error DecisionMismatch();
    error NotProposer(uint256 proposalId, address caller);
    error BriefAlreadySet(uint256 proposalId);
    error BriefTooLong(uint256 length);

    /// @notice Most numbers in a brief.
    uint256 public constant MAX_BRIEF = 64;

    /// @notice Where proofs are verified.
    IInferenceVerifier public immutable inferenceVerifier;

    /// @dev Every policy ever published; checkpoints hold positions in this list, from 1, because they are short.
    uint256[] private _policies;

    mapping(address agent => Checkpoints.Trace208) private _policyHistory;
    mapping(uint256 proposalId => int64[]) private _briefs;

    constructor(IVotes token_, IInferenceVerifier inferenceVerifier_, Settings memory settings)
        Governor("zkseal AgentGovernor")
        GovernorSettings(settings.votingDelay, settings.votingPeriod, settings.proposalThreshold)
        GovernorVotes(token_)
        GovernorVotesQuorumFraction(settings.quorumPercent)
    {
        inferenceVerifier = inferenceVerifier_;
    }

    /// @notice Publishes the caller's policy model, or the one that replaces it. It binds the caller's votes on
    /// proposals whose snapshot is not yet past; there is no way back to votes without a policy.
    /// @dev Reverts with `ModelIdZero`.
    function publishPolicy(uint256 modelId) external {
        if (modelId == 0) revert ModelIdZero();
        _policies.push(modelId);
        _policyHistory[msg.sender].push(clock(), uint208(_policies.length));
        emit PolicyPublished(msg.sender, modelId);
    }

    /// @notice Puts a proposal into numbers, once, before voting starts.
    /// @dev Only the proposer. Reverts with `NotProposer`, `BriefAlreadySet`, `BriefTooLong`, or
    /// `GovernorUnexpectedProposalState` unless the proposal is pending.
    function setBrief(uint256 proposalId, int64[] calldata brief) external {
        _validateStateBitmap(proposalId, _encodeStateBitmap(ProposalState.Pending));
        if (proposalProposer(proposalId) != msg.sender) revert NotProposer(proposalId, msg.sender);
        if (_briefs[proposalId].length != 0) revert BriefAlreadySet(proposalId);
        if (brief.length > MAX_BRIEF) revert BriefTooLong(brief.length);
        _briefs[proposalId] = brief;
        emit BriefSet(proposalId, brief);
    }

    /// @notice The policy that binds `account` on a proposal; zero: none.
    /// @dev The snapshot of a pending proposal is yet to come: until then the latest policy counts.
    function policyOf(uint256 proposalId, address account) public view returns (uint256 modelId) {
        uint208 position = _policyHistory[account].upperLookup(uint48(proposalSnapshot(proposalId)));
        return position == 0 ? 0 : _policies[position - 1];
    }

    /// @notice The brief of a proposal; empty if none was set.
    function briefOf(uint256 proposalId) external view returns (int64[] memory) {
        return _briefs[proposalId];
    }

    /// @notice The subject of a proof that decides `agent`'s vote on a proposal.
    function voteSubjectOf(uint256 proposalId, address agent) public pure returns (bytes32) {
        return keccak256(abi.encode("zkseal vote v1", proposalId, agent));
    }

    /// @notice The public values with which `agent`'s policy would decide `support`.
    function expectedOutput(uint256 proposalId, uint8 support) public view returns (bytes memory) {
        int64[] memory brief = _briefs[proposalId];
        int64[] memory values = new int64[](brief.length + 1);
        for (uint256 i = 0; i < brief.length; ++i) {
            values[i] = brief[i];
        }
        values[brief.length] = int64(uint64(support));
        return abi.encode(values);
    }

    /// @inheritdoc Governor
    function proposalThreshold() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.proposalThreshold();
    }

    /// @dev Every way to vote, by signature too, ends here. The vote is counted first, so that a second one fails
    /// before a proof is used up; the verifier calls nothing that could come back.
    function _castVote(uint256 proposalId, address account, uint8 support, string memory reason, bytes memory params)
        internal
        override
        returns (uint256 weight)
    {
        weight = super._castVote(proposalId, account, support, reason, params);
        uint256 policy = policyOf(proposalId, account);
        if (policy != 0) _requirePolicyProof(policy, proposalId, account, support, params);
    }

    function _requirePolicyProof(uint256 policy, uint256 proposalId, address agent, uint8 support, bytes memory params)
        private
    {
        if (params.length == 0) revert PolicyProofMissing(agent);
        // slither-disable-next-line uninitialized-local
        PolicyProof memory given;
        (given.modelId, given.output, given.commitments, given.proof, given.nonce, given.deadline) =
            abi.decode(params, (uint256, bytes, bytes, bytes, uint256, uint256));
        if (given.modelId != policy) revert PolicyMismatch(policy, given.modelId);
        if (keccak256(given.output) != keccak256(expectedOutput(proposalId, support))) revert DecisionMismatch();
        inferenceVerifier.consume(
            policy,
            given.output,
            Evidence(voteSubjectOf(proposalId, agent), given.nonce, given.deadline, given.commitments, given.proof)
        );
    }
}
