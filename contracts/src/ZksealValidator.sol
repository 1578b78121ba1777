// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IERC8004ValidationRegistry} from "./interfaces/IERC8004.sol";
import {IInferenceVerifier} from "./interfaces/IInferenceVerifier.sol";
import {Evidence} from "./lib/StatementLib.sol";

/// @title Validator of ERC-8004 that answers with a proof
/// @notice An agent requests validation of a claim "this model gave this output on this committed input"; anyone may
/// then bring the proof. The request hash is the claim's, so a proof of something else answers nothing.
contract ZksealValidator {
    /// @param agentId The agent that claims.
    /// @param modelId Registered model.
    /// @param inputCommitment keccak256 of the commitments.
    /// @param outputHash keccak256 of the public values.
    /// @param salt Makes two requests about the same claim differ.
    struct Claim {
        uint256 agentId;
        uint256 modelId;
        bytes32 inputCommitment;
        bytes32 outputHash;
        bytes32 salt;
    }

    event Validated(bytes32 indexed requestHash, uint256 indexed agentId, bytes32 stmt);

    error NotRequested(bytes32 requestHash);
    error AlreadyAnswered(bytes32 requestHash);
    error ClaimMismatch();

    /// @notice Score of a proved claim.
    uint8 public constant PASSED = 100;

    /// @notice The validation registry.
    IERC8004ValidationRegistry public immutable validationRegistry;

    /// @notice Where proofs are verified.
    IInferenceVerifier public immutable inferenceVerifier;

    /// @notice Whether a request was answered here.
    mapping(bytes32 requestHash => bool) public answered;

    constructor(IERC8004ValidationRegistry validationRegistry_, IInferenceVerifier inferenceVerifier_) {
        validationRegistry = validationRegistry_;
        inferenceVerifier = inferenceVerifier_;
    }

    /// @notice Answers a request with 100 and the tag "zkml"; the statement hash is the response hash.
    /// @param claim What was requested: `hashOf(claim)` is the request hash.
    /// @param output Public values of the proof.
    /// @param evidence Its subject is `subjectOf(hashOf(claim), responseURI)`.
    /// @param responseURI Where to read more; bound by the proof.
    /// @dev Reverts with `AlreadyAnswered`, `NotRequested`, `ClaimMismatch`, or as `InferenceVerifier.consume` does.
    function respond(
        Claim calldata claim,
        bytes calldata output,
        Evidence calldata evidence,
        string calldata responseURI
    ) external returns (bytes32 stmt) {
        bytes32 requestHash = hashOf(claim);
        if (answered[requestHash]) revert AlreadyAnswered(requestHash);
        answered[requestHash] = true;
        if (keccak256(evidence.commitments) != claim.inputCommitment || keccak256(output) != claim.outputHash) {
            revert ClaimMismatch();
        }
        (address validator, uint256 agentId,,,,) = validationRegistry.getValidationStatus(requestHash);
        if (validator != address(this) || agentId != claim.agentId) revert NotRequested(requestHash);
        // The request is marked as answered; the event needs the statement.
        // slither-disable-next-line reentrancy-events
        stmt = inferenceVerifier.consume(
            claim.modelId,
            output,
            Evidence(
                subjectOf(requestHash, responseURI),
                evidence.nonce,
                evidence.deadline,
                evidence.commitments,
                evidence.proof
            )
        );
        emit Validated(requestHash, agentId, stmt);
        validationRegistry.validationResponse(requestHash, PASSED, responseURI, stmt, "zkml");
    }

    /// @notice The request hash of a claim.
    function hashOf(Claim calldata claim) public pure returns (bytes32) {
        return keccak256(abi.encode("zkseal validation request v1", claim));
    }

    /// @notice The subject of a proof that answers a request.
    function subjectOf(bytes32 requestHash, string calldata responseURI) public pure returns (bytes32) {
        return keccak256(abi.encode("zkseal validation response v1", requestHash, keccak256(bytes(responseURI))));
    }
}
