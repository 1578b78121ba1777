// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @title Registry of ERC-7992 (Verifiable ML Model Inference, draft)
/// @dev The draft names an error and an event `ModelDeprecated`, which no compiler accepts; the error is
/// `ModelIsDeprecated` here. Selectors of functions and topics of events are the draft's.
interface IERC7992Registry {
    /// @param modelHash keccak256 of the model program (the relation of the model proof, with the model commitments).
    /// @param circuitHash keccak256 of the verifying program.
    /// @param vkHash The model id as bytes32: it names both programs.
    /// @param proofSystemId First four bytes of keccak256 of the proof system's name.
    /// @param uri Optional metadata off chain; not part of the model id.
    struct ModelCommitment {
        bytes32 modelHash;
        bytes32 circuitHash;
        bytes32 vkHash;
        bytes4 proofSystemId;
        string uri;
    }

    event ModelRegistered(uint256 indexed modelId, address indexed owner, ModelCommitment commitment);
    event ModelUpdated(uint256 indexed modelId, ModelCommitment oldCommitment, ModelCommitment newCommitment);
    event ModelDeprecated(uint256 indexed modelId);

    error ModelNotFound(uint256 modelId);
    error NotModelOwner(uint256 modelId, address caller);
    error ModelIsDeprecated(uint256 modelId);

    /// @notice Registers a model and returns its id.
    function registerModel(ModelCommitment calldata commitment) external returns (uint256 modelId);

    /// @notice Replaces the commitment of a model. Only its owner.
    function updateModel(uint256 modelId, ModelCommitment calldata newCommitment) external;

    /// @notice Refuses the model from now on. Only its owner.
    function deprecateModel(uint256 modelId) external;

    /// @notice The commitment, deprecation status and owner of a model; reverts for an unknown one.
    function getModel(uint256 modelId)
        external
        view
        returns (ModelCommitment memory commitment, bool deprecated, address owner);
}

/// @title Verifier of ERC-7992
interface IERC7992Verifier {
    event InferenceVerified(
        uint256 indexed modelId, bytes32 indexed inputCommitment, bytes output, address indexed caller
    );

    error InvalidProof();
    error ModelMismatch();
    error InputCommitmentMismatch();
    error OutputMismatch();
    error UnsupportedProofSystem(bytes4 proofSystemId);
    error VerificationRefused_ModelDeprecated(uint256 modelId);

    /// @notice Returns if the inference is proved and reverts otherwise.
    function verifyInference(uint256 modelId, bytes32 inputCommitment, bytes calldata output, bytes calldata proof)
        external;

    /// @notice The proof system of a registered model.
    function proofSystemOf(uint256 modelId) external view returns (bytes4);

    /// @notice The registry whose models are accepted.
    function registry() external view returns (address registryAddress);
}

/// @title Storage extension of ERC-7992
interface IERC7992Storage {
    event InferenceStored(bytes32 indexed inferenceId);

    /// @notice Verifies as `verifyInference` does and keeps the record.
    /// @return inferenceId keccak256(abi.encodePacked(modelId, inputCommitment, output))
    function verifyAndStoreInference(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) external returns (bytes32 inferenceId);

    /// @notice A stored record; reverts for an unknown id.
    function getInference(bytes32 inferenceId)
        external
        view
        returns (uint256 modelId, bytes32 inputCommitment, bytes memory output);
}
