// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ICreditGate} from "./interfaces/ICreditGate.sol";
import {IInferenceVerifier} from "./interfaces/IInferenceVerifier.sol";
import {Evidence} from "./lib/StatementLib.sol";

/// @title Proof that a credit score reaches a threshold
/// @notice A data provider signs the commitment to a borrower's financial data; the borrower proves that the model
/// gives `approvedOutput` on just that data. The chain learns this one bit, and keeps nullifier and expiry only.
contract CreditScore is ICreditGate, Ownable2Step, EIP712 {
    /// @notice What a data provider signs (EIP-712).
    /// @param borrower Account that may use the data.
    /// @param inputCommitment keccak256 of the commitments to the data.
    /// @param subjectId Stands for the person or firm, the same for all its accounts. It is seen on chain: providers
    /// derive it with a secret key, never as a plain hash of a name or number.
    /// @param expiry Last second (Unix time) at which the data counts.
    struct CreditData {
        address borrower;
        bytes32 inputCommitment;
        bytes32 subjectId;
        uint64 expiry;
    }

    /// @param modelId Registered credit model.
    /// @param approvedOutputHash keccak256 of the public values that mean "score >= threshold".
    struct Policy {
        uint256 modelId;
        bytes32 approvedOutputHash;
    }

    struct Approval {
        bytes32 nullifier;
        address provider;
        uint64 expiry;
        uint32 policyNumber;
    }

    event ProviderSet(address indexed provider, bool registered);
    event PolicySet(uint32 indexed policyNumber, uint256 indexed modelId, bytes approvedOutput);
    event Approved(address indexed borrower, bytes32 indexed nullifier, uint64 expiry);

    error UnknownProvider(address provider);
    error NotBorrower(address borrower, address caller);
    error DataExpired(uint256 expiry);
    error BadSignature();
    error InputCommitmentMismatch();
    error NotApproved();

    bytes32 private constant CREDIT_DATA_TYPEHASH =
        keccak256("CreditData(address borrower,bytes32 inputCommitment,bytes32 subjectId,uint64 expiry)");

    /// @notice Where proofs are verified.
    IInferenceVerifier public immutable inferenceVerifier;

    /// @notice Whether a provider's signature counts.
    mapping(address provider => bool registered) public isProvider;

    /// @notice The model and output in force.
    Policy public policy;

    /// @notice Counts policies; an approval lapses with the policy it was given under.
    uint32 public policyNumber;

    mapping(address borrower => Approval) private _approvals;

    constructor(IInferenceVerifier inferenceVerifier_, address owner_)
        Ownable(owner_)
        EIP712("zkseal CreditScore", "1")
    {
        inferenceVerifier = inferenceVerifier_;
    }

    /// @notice Registers a data provider or strikes it off; the approvals that rest on its word lapse with it.
    /// @dev Only the owner.
    function setProvider(address provider, bool registered) external onlyOwner {
        isProvider[provider] = registered;
        emit ProviderSet(provider, registered);
    }

    /// @notice Sets model and threshold. All approvals so far lapse.
    /// @param approvedOutput Public values, abi.encode(int64[]), that mean "score >= threshold" and nothing else:
    /// for a model whose public values are threshold and verdict, [threshold, 1].
    /// @dev Only the owner.
    function setPolicy(uint256 modelId, bytes calldata approvedOutput) external onlyOwner {
        policy = Policy(modelId, keccak256(approvedOutput));
        emit PolicySet(++policyNumber, modelId, approvedOutput);
    }

    /// @notice Approves the caller until the data expire.
    /// @param data What the provider signed.
    /// @param provider Registered provider: an account, or a contract (ERC-1271).
    /// @param signature The provider's, over `hashOf(data)`.
    /// @param output Public values of the proof.
    /// @param evidence Its subject is `subjectOf(data)`.
    /// @dev Reverts with `NotBorrower`, `DataExpired`, `UnknownProvider`, `BadSignature`, `InputCommitmentMismatch`,
    /// `NotApproved`, or as `InferenceVerifier.consume` does.
    function approve(
        CreditData calldata data,
        address provider,
        bytes calldata signature,
        bytes calldata output,
        Evidence calldata evidence
    ) external {
        if (data.borrower != msg.sender) revert NotBorrower(data.borrower, msg.sender);
        if (block.timestamp > data.expiry) revert DataExpired(data.expiry);
        if (!isProvider[provider]) revert UnknownProvider(provider);
        if (keccak256(evidence.commitments) != data.inputCommitment) revert InputCommitmentMismatch();
        if (keccak256(output) != policy.approvedOutputHash) revert NotApproved();
        bytes32 nullifier = nullifierOf(data.subjectId);
        _approvals[msg.sender] = Approval(nullifier, provider, data.expiry, policyNumber);
        emit Approved(msg.sender, nullifier, data.expiry);
        if (!SignatureChecker.isValidSignatureNow(provider, hashOf(data), signature)) revert BadSignature();
        inferenceVerifier.consume(
            policy.modelId,
            output,
            Evidence(subjectOf(data), evidence.nonce, evidence.deadline, evidence.commitments, evidence.proof)
        );
    }

    /// @inheritdoc ICreditGate
    function approvalOf(address borrower) external view returns (bytes32 nullifier, uint64 expiry) {
        Approval memory approval = _approvals[borrower];
        bool inForce = block.timestamp <= approval.expiry && approval.policyNumber == policyNumber
            && isProvider[approval.provider];
        if (inForce) return (approval.nullifier, approval.expiry);
    }

    /// @notice The EIP-712 digest that a provider signs.
    function hashOf(CreditData calldata data) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(CREDIT_DATA_TYPEHASH, data.borrower, data.inputCommitment, data.subjectId, data.expiry)
            )
        );
    }

    /// @notice The subject that a proof about `data` must have.
    function subjectOf(CreditData calldata data) public view returns (bytes32) {
        return hashOf(data);
    }

    /// @notice The nullifier of a subject: the same for all its accounts and all providers that agree on its id.
    function nullifierOf(bytes32 subjectId) public view returns (bytes32) {
        return keccak256(abi.encode("zkseal credit nullifier v1", block.chainid, address(this), subjectId));
    }
}
