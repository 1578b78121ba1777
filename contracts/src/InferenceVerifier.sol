// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {IERC7992Storage, IERC7992Verifier} from "./interfaces/IERC7992.sol";
import {IInferenceVerifier} from "./interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {IZksealVerifier} from "./interfaces/IZksealVerifier.sol";
import {ModelUse} from "./lib/ModelUse.sol";
import {Evidence, Statement, StatementLib} from "./lib/StatementLib.sol";

/// @title Verification of inferences by ERC-7992
/// @notice The proof binds chain, this contract, model, commitments, output, caller, subject, nonce and deadline
/// (see `StatementLib`), and every statement is accepted once. So a proof is of no use on another chain, through
/// another contract, to another caller, a second time, or too late.
/// The `proof` argument of the ERC's functions is `abi.encode(Evidence)`.
contract InferenceVerifier is IERC7992Verifier, IERC7992Storage, IInferenceVerifier, ERC165 {
    struct Inference {
        uint256 modelId;
        bytes output;
        Evidence evidence;
    }

    struct Record {
        uint256 modelId;
        bytes32 inputCommitment;
        bytes output;
    }

    error ZeroAddress();
    error DeadlinePassed(uint256 deadline);
    error StatementUsed(bytes32 stmt);
    error InferenceNotFound(bytes32 inferenceId);
    error NotCanonical();

    IModelRegistry private immutable _registry;

    /// @notice The contract that verifies proofs: the registry's.
    IZksealVerifier public immutable verifier;

    /// @inheritdoc IInferenceVerifier
    mapping(bytes32 stmt => uint256 blockNumber) public usedAt;

    mapping(bytes32 inferenceId => Record) private _records;

    constructor(IModelRegistry registry_) {
        if (address(registry_) == address(0)) revert ZeroAddress();
        _registry = registry_;
        verifier = registry_.verifier();
    }

    /// @notice Verifies an inference made for the caller and marks its statement as used.
    /// @param modelId Registered model, neither deprecated nor below its minimum version.
    /// @param inputCommitment keccak256 of the commitments.
    /// @param output Public values of the proof.
    /// @param proof abi.encode(Evidence).
    /// @dev Reverts with `InputCommitmentMismatch`, `NotCanonical`, and as `consume` does.
    function verifyInference(uint256 modelId, bytes32 inputCommitment, bytes calldata output, bytes calldata proof)
        external
    {
        _verifyEncoded(modelId, inputCommitment, output, proof);
    }

    /// @inheritdoc IERC7992Storage
    function verifyAndStoreInference(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) external returns (bytes32 inferenceId) {
        _verifyEncoded(modelId, inputCommitment, output, proof);
        inferenceId = keccak256(abi.encodePacked(modelId, inputCommitment, output));
        _records[inferenceId] = Record(modelId, inputCommitment, output);
        emit InferenceStored(inferenceId);
    }

    /// @inheritdoc IInferenceVerifier
    /// @dev Reverts with `DeadlinePassed`, `StatementUsed`, `VerificationRefused_ModelDeprecated`, `VersionRefused`,
    /// the registry's `ModelNotFound`, or as the proof verifier does.
    function consume(uint256 modelId, bytes calldata output, Evidence calldata evidence)
        external
        returns (bytes32 stmt)
    {
        return _consume(modelId, output, evidence);
    }

    /// @notice Verifies many inferences made for the caller: all of them, or it reverts as `consume` does.
    /// @return stmts The statement hashes, in order.
    function verifyMany(Inference[] calldata inferences) external returns (bytes32[] memory stmts) {
        stmts = new bytes32[](inferences.length);
        IZksealVerifier.Item[] memory items = new IZksealVerifier.Item[](inferences.length);
        for (uint256 i = 0; i < inferences.length; ++i) {
            Inference calldata inference = inferences[i];
            Evidence calldata evidence = inference.evidence;
            stmts[i] = _mark(inference.modelId, inference.output, evidence);
            address program = _programOf(inference.modelId, evidence.deadline);
            items[i] = IZksealVerifier.Item(
                program, abi.encodePacked(stmts[i]), inference.output, evidence.commitments, evidence.proof
            );
        }
        verifier.verifyMany(items);
        for (uint256 i = 0; i < inferences.length; ++i) {
            Inference calldata inference = inferences[i];
            emit InferenceVerified(
                inference.modelId, keccak256(inference.evidence.commitments), inference.output, msg.sender
            );
        }
    }

    /// @notice Reverts as `consume` would for this consumer, and changes nothing. For eth_call before a transaction.
    function check(address consumer, uint256 modelId, bytes calldata output, Evidence calldata evidence)
        external
        view
        returns (bytes32 stmt)
    {
        stmt = _unused(consumer, modelId, output, evidence);
        _verify(stmt, modelId, output, evidence);
    }

    /// @inheritdoc IERC7992Storage
    function getInference(bytes32 inferenceId)
        external
        view
        returns (uint256 modelId, bytes32 inputCommitment, bytes memory output)
    {
        Record storage record = _records[inferenceId];
        if (record.modelId == 0) revert InferenceNotFound(inferenceId);
        return (record.modelId, record.inputCommitment, record.output);
    }

    /// @inheritdoc IERC7992Verifier
    function proofSystemOf(uint256 modelId) external view returns (bytes4) {
        _registry.statusOf(modelId); // reverts for an unknown model
        return _registry.proofSystemId();
    }

    /// @inheritdoc IERC7992Verifier
    function registry() external view returns (address) {
        return address(_registry);
    }

    /// @notice The 32 bytes that a prover gives as context, for these values on this chain and this contract.
    function statementOf(
        address consumer,
        bytes32 subject,
        uint256 modelId,
        bytes32 inputCommitment,
        bytes32 outputHash,
        uint256 nonce,
        uint256 deadline
    ) public view returns (bytes32) {
        return StatementLib.hash(
            Statement({
                modelId: modelId,
                inputCommitment: inputCommitment,
                outputHash: outputHash,
                context: StatementLib.contextOf(consumer, subject),
                nonce: nonce,
                deadline: deadline
            }),
            address(this)
        );
    }

    /// @notice ERC-165.
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IERC7992Verifier).interfaceId || interfaceId == type(IERC7992Storage).interfaceId
            || interfaceId == type(IInferenceVerifier).interfaceId || super.supportsInterface(interfaceId);
    }

    function _verifyEncoded(uint256 modelId, bytes32 inputCommitment, bytes calldata output, bytes calldata proof)
        private
    {
        // The head of abi.encode(Evidence): the offset 32, then five words and two lengths.
        if (proof.length < 256 || uint256(bytes32(proof[:32])) != 32) revert NotCanonical();
        Evidence calldata evidence;
        assembly ("memory-safe") {
            // Right behind the offset. The compiler checks every member against the end of calldata.
            evidence := add(proof.offset, 32)
        }
        if (keccak256(evidence.commitments) != inputCommitment) revert InputCommitmentMismatch();
        _consume(modelId, output, evidence);
    }

    /// @dev Marks first, then calls out (to view functions only).
    function _consume(uint256 modelId, bytes calldata output, Evidence calldata evidence)
        private
        returns (bytes32 stmt)
    {
        stmt = _mark(modelId, output, evidence);
        _verify(stmt, modelId, output, evidence);
        emit InferenceVerified(modelId, keccak256(evidence.commitments), output, msg.sender);
    }

    /// @dev The caller's statement, used from now on.
    function _mark(uint256 modelId, bytes calldata output, Evidence calldata evidence) private returns (bytes32 stmt) {
        stmt = _unused(msg.sender, modelId, output, evidence);
        usedAt[stmt] = block.number;
    }

    /// @dev A consumer's statement, if it was not used.
    function _unused(address consumer, uint256 modelId, bytes calldata output, Evidence calldata evidence)
        private
        view
        returns (bytes32 stmt)
    {
        stmt = statementOf(
            consumer,
            evidence.subject,
            modelId,
            keccak256(evidence.commitments),
            keccak256(output),
            evidence.nonce,
            evidence.deadline
        );
        if (usedAt[stmt] != 0) revert StatementUsed(stmt);
    }

    function _verify(bytes32 stmt, uint256 modelId, bytes calldata output, Evidence calldata evidence) private view {
        address program = _programOf(modelId, evidence.deadline);
        verifier.verify(program, abi.encodePacked(stmt), output, evidence.commitments, evidence.proof);
    }

    /// @dev The program of a model whose inferences are accepted up to a deadline that has not passed.
    function _programOf(uint256 modelId, uint256 deadline) private view returns (address) {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline);
        return ModelUse.programInUse(_registry, modelId);
    }
}
