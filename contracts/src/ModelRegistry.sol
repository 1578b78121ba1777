// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {IERC7992Registry} from "./interfaces/IERC7992.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {IZksealVerifier} from "./interfaces/IZksealVerifier.sol";
import {CodeStorage} from "./lib/CodeStorage.sol";

/// @title Registry of models by ERC-7992
/// @notice A model is two programs stored as code: the verifying program, which checks inferences, and the
/// model program, which checks once that the committed model is well formed. Its id is the hash of both. The registry
/// sees that both name the same model commitments and an accepted setup; whoever relies on an id has made the programs
/// again from the verifying key, and compared.
///
/// Way in: `storeProgram` twice, `proveModel`, then `registerModel` or `updateModel`.
/// Versions: every id is immutable. `updateModel` adds the next version to the family of a model; a family is
/// named by its first id, and has one owner, who deprecates versions and raises the minimum version.
contract ModelRegistry is IModelRegistry, ERC165 {
    /// @param owner Who may update, deprecate, and hand over.
    /// @param pendingOwner Who may accept the family, or zero.
    /// @param latestVersion Version of `latestModelId`.
    /// @param minimumVersion Versions below are refused.
    struct Family {
        address owner;
        uint32 latestVersion;
        uint32 minimumVersion;
        address pendingOwner;
        uint256 latestModelId;
    }

    struct Model {
        address program;
        uint32 version;
        bool deprecated;
        uint256 familyId;
        ModelCommitment commitment;
    }

    event ProgramStored(bytes32 indexed programHash, address pointer);
    event ModelProved(uint256 indexed modelId, address indexed prover);
    event MinimumVersionRaised(uint256 indexed familyId, uint32 minimumVersion);
    event OwnershipTransferStarted(uint256 indexed familyId, address indexed owner, address indexed newOwner);
    event OwnershipTransferred(uint256 indexed familyId, address indexed oldOwner, address indexed newOwner);

    error ZeroAddress();
    error ProgramNotStored(bytes32 programHash);
    error ModelsDiffer(bytes32 digest, bytes32 modelProgramDigest);
    error SetupsDiffer();
    error SetupRefused(bytes32 tauG2Hash);
    error ModelAlreadyProved(uint256 modelId);
    error ModelNotProved(uint256 modelId, address caller);
    error ModelExists(uint256 modelId);
    error VkHashMismatch(bytes32 expected, bytes32 given);
    error UnsupportedProofSystem(bytes4 proofSystemId);
    error NotLatestVersion(uint256 modelId, uint256 latestModelId);
    error VersionNotRaised(uint32 current, uint32 given);
    error VersionUnknown(uint32 latest, uint32 given);
    error NotPendingOwner(uint256 familyId, address caller);

    /// @inheritdoc IModelRegistry
    bytes4 public constant proofSystemId = bytes4(keccak256("zkseal-mercury-bn254-v1"));

    /// @inheritdoc IModelRegistry
    IZksealVerifier public immutable verifier;

    /// @notice Whether powers of tau of any origin are accepted: for tests, where nothing is at stake.
    bool public immutable anySetup;

    /// @dev keccak256 of tau*G2 (x.c1, x.c0, y.c1, y.c0) of the ceremonies of Aztec (Ignition), Hermez (Perpetual Powers of
    /// Tau) and of ezkl's file, which is another of the latter.
    bytes32 private constant AZTEC = 0xe9a6818e299fcd54ca932974a91f47bb7d52c89025865a20e05fac696e025d63;
    bytes32 private constant HERMEZ = 0x5736faa81ef252f765fecc3ba80c8bf4d0c048018479d90226905df3f03c0d36;
    bytes32 private constant EZKL = 0xa36a4f52941766361da20d791ecd91fe09f36a1e89750207bc49040d86983d9a;

    /// @notice Code that holds the program of this keccak256 hash, or zero.
    mapping(bytes32 programHash => address pointer) public programAt;

    /// @notice Who submitted the model proof of this id first, or zero.
    mapping(uint256 modelId => address prover) public proverOf;

    mapping(uint256 modelId => Model) private _models;
    mapping(uint256 familyId => Family) private _families;

    constructor(IZksealVerifier verifier_, bool anySetup_) {
        if (address(verifier_) == address(0)) revert ZeroAddress();
        verifier = verifier_;
        anySetup = anySetup_;
    }

    /// @notice Stores a program as code. Storing it again costs little and returns the same address.
    /// @param program 1 to 24,576 bytes of code.
    /// @return pointer Address of the code.
    /// @dev Reverts with `EmptyData` or `DataTooLong`.
    function storeProgram(bytes calldata program) external returns (address pointer) {
        bytes32 programHash = keccak256(program);
        pointer = programAt[programHash];
        if (pointer != address(0)) return pointer;
        pointer = CodeStorage.write(program);
        programAt[programHash] = pointer;
        emit ProgramStored(programHash, pointer);
    }

    /// @notice Checks a model proof, with empty context, public values and commitments, under a stored model program.
    /// The caller becomes the only one who may register the id.
    /// @dev The proof names no owner: whoever sees it may submit it first. Then the id is lost, but nothing else:
    /// committing to the model with fresh blinding gives other programs and another id.
    /// Reverts with `ProgramNotStored`, `ModelAlreadyProved`, `ModelsDiffer`, `SetupsDiffer`, `SetupRefused`, or as the
    /// verifier does.
    /// @return modelId The id of the two programs.
    function proveModel(bytes32 programHash, bytes32 modelProgramHash, bytes calldata proof)
        external
        returns (uint256 modelId)
    {
        address program = programAt[programHash];
        if (program == address(0)) revert ProgramNotStored(programHash);
        address modelProgram = programAt[modelProgramHash];
        if (modelProgram == address(0)) revert ProgramNotStored(modelProgramHash);
        modelId = modelIdOf(programHash, modelProgramHash);
        if (proverOf[modelId] != address(0)) revert ModelAlreadyProved(modelId);
        proverOf[modelId] = msg.sender;
        _requireSameModel(program, modelProgram);
        verifier.verify(modelProgram, "", "", "", proof);
        emit ModelProved(modelId, msg.sender);
    }

    /// @notice Registers a proved model as version 1 of a new family, owned by the caller.
    /// @dev Reverts with `VkHashMismatch`, `UnsupportedProofSystem`, `ModelNotProved` or `ModelExists`.
    /// @inheritdoc IERC7992Registry
    function registerModel(ModelCommitment calldata commitment) external returns (uint256 modelId) {
        modelId = _admit(commitment);
        _addVersion(modelId, modelId, commitment, 1);
        _families[modelId] = Family(msg.sender, 1, 1, address(0), modelId);
        emit ModelRegistered(modelId, msg.sender, commitment);
    }

    /// @notice Adds the next version to the family of `modelId`, its latest version. If `newCommitment` names
    /// `modelId` itself, only its URI changes.
    /// @dev Only the owner. Reverts with `NotModelOwner`, `NotLatestVersion`, and as `registerModel` does.
    /// @inheritdoc IERC7992Registry
    function updateModel(uint256 modelId, ModelCommitment calldata newCommitment) external {
        Family storage family = _ownedFamily(modelId);
        ModelCommitment memory oldCommitment = _models[modelId].commitment;
        if (bytes32(modelId) == newCommitment.vkHash) {
            _requireWellFormed(newCommitment);
            _models[modelId].commitment.uri = newCommitment.uri;
            emit ModelUpdated(modelId, oldCommitment, newCommitment);
            return;
        }
        if (family.latestModelId != modelId) revert NotLatestVersion(modelId, family.latestModelId);
        uint256 newModelId = _admit(newCommitment);
        uint32 version = family.latestVersion + 1;
        _addVersion(newModelId, _models[modelId].familyId, newCommitment, version);
        family.latestVersion = version;
        family.latestModelId = newModelId;
        emit ModelUpdated(modelId, oldCommitment, newCommitment);
        emit ModelRegistered(newModelId, msg.sender, newCommitment);
    }

    /// @notice Refuses inferences of this version for good.
    /// @dev Only the owner. Reverts with `NotModelOwner`, or `ModelIsDeprecated` if it is already.
    /// @inheritdoc IERC7992Registry
    function deprecateModel(uint256 modelId) external {
        _ownedFamily(modelId);
        if (_models[modelId].deprecated) revert ModelIsDeprecated(modelId);
        _models[modelId].deprecated = true;
        emit ModelDeprecated(modelId);
    }

    /// @notice Refuses all versions of the family of `modelId` below `minimumVersion`. Cannot be lowered again.
    /// @dev Only the owner. Reverts with `NotModelOwner`, `VersionNotRaised` or `VersionUnknown`.
    function raiseMinimumVersion(uint256 modelId, uint32 minimumVersion) external {
        Family storage family = _ownedFamily(modelId);
        if (minimumVersion <= family.minimumVersion) revert VersionNotRaised(family.minimumVersion, minimumVersion);
        if (minimumVersion > family.latestVersion) revert VersionUnknown(family.latestVersion, minimumVersion);
        family.minimumVersion = minimumVersion;
        emit MinimumVersionRaised(_models[modelId].familyId, minimumVersion);
    }

    /// @notice Offers the family of `modelId` to `newOwner` (zero withdraws the offer).
    /// @dev Only the owner. Reverts with `NotModelOwner`.
    function transferOwnership(uint256 modelId, address newOwner) external {
        Family storage family = _ownedFamily(modelId);
        family.pendingOwner = newOwner;
        emit OwnershipTransferStarted(_models[modelId].familyId, msg.sender, newOwner);
    }

    /// @notice Takes over the family of `modelId`.
    /// @dev Only who it was offered to. Reverts with `NotPendingOwner`.
    function acceptOwnership(uint256 modelId) external {
        uint256 familyId = _model(modelId).familyId;
        Family storage family = _families[familyId];
        if (family.pendingOwner != msg.sender) revert NotPendingOwner(familyId, msg.sender);
        address oldOwner = family.owner;
        family.owner = msg.sender;
        family.pendingOwner = address(0);
        emit OwnershipTransferred(familyId, oldOwner, msg.sender);
    }

    /// @inheritdoc IERC7992Registry
    function getModel(uint256 modelId)
        external
        view
        returns (ModelCommitment memory commitment, bool deprecated, address owner)
    {
        Model storage model = _model(modelId);
        return (model.commitment, model.deprecated, _families[model.familyId].owner);
    }

    /// @inheritdoc IModelRegistry
    function statusOf(uint256 modelId) external view returns (ModelStatus memory status) {
        Model storage model = _model(modelId);
        return ModelStatus(model.program, model.version, _families[model.familyId].minimumVersion, model.deprecated);
    }

    /// @notice The family of a model: the id of its first version, and the family's owner, versions and latest id.
    /// @dev Reverts with `ModelNotFound`.
    function familyOf(uint256 modelId) external view returns (uint256 familyId, Family memory family) {
        familyId = _model(modelId).familyId;
        family = _families[familyId];
    }

    /// @notice The id of the model that these two programs make.
    function modelIdOf(bytes32 programHash, bytes32 modelProgramHash) public pure returns (uint256) {
        return uint256(keccak256(abi.encode("zkseal chain model v1", programHash, modelProgramHash)));
    }

    /// @notice ERC-165.
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IERC7992Registry).interfaceId || super.supportsInterface(interfaceId);
    }

    /// @dev Both programs hold the same model commitments and the same setup, of an accepted ceremony.
    function _requireSameModel(address program, address modelProgram) private view {
        bytes32 digest = verifier.modelDigest(program);
        bytes32 modelProgramDigest = verifier.modelDigest(modelProgram);
        if (digest != modelProgramDigest) revert ModelsDiffer(digest, modelProgramDigest);
        bytes32 setup = keccak256(verifier.setupOf(program));
        if (setup != keccak256(verifier.setupOf(modelProgram))) revert SetupsDiffer();
        if (!anySetup && setup != AZTEC && setup != HERMEZ && setup != EZKL) revert SetupRefused(setup);
    }

    /// @dev The id of a commitment that the caller may add: well formed, proved by the caller, not yet registered.
    function _admit(ModelCommitment calldata commitment) private view returns (uint256 modelId) {
        modelId = _requireWellFormed(commitment);
        if (_models[modelId].version != 0) revert ModelExists(modelId);
        if (proverOf[modelId] != msg.sender) revert ModelNotProved(modelId, msg.sender);
    }

    function _requireWellFormed(ModelCommitment calldata commitment) private pure returns (uint256 modelId) {
        if (commitment.proofSystemId != proofSystemId) revert UnsupportedProofSystem(commitment.proofSystemId);
        modelId = modelIdOf(commitment.circuitHash, commitment.modelHash);
        if (commitment.vkHash != bytes32(modelId)) revert VkHashMismatch(bytes32(modelId), commitment.vkHash);
    }

    function _addVersion(uint256 modelId, uint256 familyId, ModelCommitment calldata commitment, uint32 version)
        private
    {
        Model storage model = _models[modelId];
        model.program = programAt[commitment.circuitHash];
        model.version = version;
        model.familyId = familyId;
        model.commitment = commitment;
    }

    function _model(uint256 modelId) private view returns (Model storage model) {
        model = _models[modelId];
        if (model.version == 0) revert ModelNotFound(modelId);
    }

    function _ownedFamily(uint256 modelId) private view returns (Family storage family) {
        family = _families[_model(modelId).familyId];
        if (family.owner != msg.sender) revert NotModelOwner(modelId, msg.sender);
    }
}
