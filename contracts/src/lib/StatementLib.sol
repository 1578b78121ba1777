// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice What an inference proof says, and for whom. Its hash is the context that the proof binds.
/// @param modelId Registered model.
/// @param inputCommitment keccak256 of the commitments of the input and output columns.
/// @param outputHash keccak256 of the public values.
/// @param context Who may use the proof and for what: `StatementLib.contextOf(consumer, subject)`.
/// @param nonce Chosen by the consumer; makes two statements about the same inference differ.
/// @param deadline Last second (Unix time) at which the statement is accepted.
struct Statement {
    uint256 modelId;
    bytes32 inputCommitment;
    bytes32 outputHash;
    bytes32 context;
    uint256 nonce;
    uint256 deadline;
}

/// @notice All that goes with a model id and an output to make a proved inference.
/// @param subject What the consumer uses the inference for, bound by the proof (its meaning is the consumer's).
/// @param nonce See `Statement`.
/// @param deadline See `Statement`.
/// @param commitments Uncompressed G1 commitments, 64 bytes each.
/// @param proof Proof bytes.
struct Evidence {
    bytes32 subject;
    uint256 nonce;
    uint256 deadline;
    bytes commitments;
    bytes proof;
}

/// @title The statement hash, computed in one place
library StatementLib {
    bytes32 internal constant DOMAIN = keccak256("zkseal chain statement v1");

    /// @notice The context of a proof that `consumer` may use for `subject`.
    function contextOf(address consumer, bytes32 subject) internal pure returns (bytes32) {
        return keccak256(abi.encode(consumer, subject));
    }

    /// @notice Evidence from its parts in calldata.
    function evidence(
        bytes32 subject,
        uint256 nonce,
        uint256 deadline,
        bytes calldata commitments,
        bytes calldata proof
    ) internal pure returns (Evidence memory parts) {
        // Field by field: a constructor call would need more stack than there is.
        parts.subject = subject;
        parts.nonce = nonce;
        parts.deadline = deadline;
        parts.commitments = commitments;
        parts.proof = proof;
    }

    /// @notice Hash of a statement that `verifier`, an InferenceVerifier on this chain, accepts.
    /// @dev Chain and verifier are hashed first, so a proof says nothing on another chain or contract.
    function hash(Statement memory statement, address verifier) internal view returns (bytes32) {
        return keccak256(
            abi.encode(
                DOMAIN,
                block.chainid,
                verifier,
                statement.modelId,
                statement.inputCommitment,
                statement.outputHash,
                statement.context,
                statement.nonce,
                statement.deadline
            )
        );
    }
}
