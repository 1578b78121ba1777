// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {AppraiserQuorum} from "./AppraiserQuorum.sol";
import {IAttestationVerifier} from "./interfaces/IAttestationVerifier.sol";
import {IERC7992Registry} from "./interfaces/IERC7992.sol";
import {IKeyAttestationProof} from "./interfaces/IKeyAttestationProof.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {KeyAttestation, KeyAttestationLib} from "./lib/KeyAttestationLib.sol";
import {ModelUse} from "./lib/ModelUse.sol";

/// @title Keys of enclaves, registered once; then an answer is one signature
/// @notice Evidence of hardware costs millions of gas to verify, an answer should not. So appraisers verify it off the
/// chain and sign what they found; here an enclave's key is registered on the word of a quorum of them (or, if the
/// owner names a back end, on a proof), and its answers count while the key is neither expired nor revoked, the model's
/// owner allows the measurement, and the model is in use.
///
/// There is no development branch: an assurance below a cloud's vTPM cannot be registered, whoever signs.
/// A key belongs to one boot of one enclave. It is registered once, for one model, and once revoked never again; an
/// enclave that goes on for longer than `MAX_VALIDITY` boots again and has another.
///
/// Roles: the owner names appraisers, guardian and back end; owner and guardian revoke at once; a quorum registers and
/// revokes; the owner of a model says which measurements may run it. So whoever relies on attested answers trusts the
/// owner to name honest appraisers, and a threshold of these to sign only what they have appraised.
contract AttestedKeyRegistry is IAttestationVerifier, AppraiserQuorum {
    /// @param modelId Model that the key answers for.
    /// @param measurement See `KeyAttestation`.
    /// @param validUntil Last second at which its answers count; zero for a key that was never registered.
    /// @param assurance See `KeyAttestation`.
    /// @param revoked For good.
    struct Key {
        uint256 modelId;
        bytes32 measurement;
        uint64 validUntil;
        uint8 assurance;
        bool revoked;
    }

    event KeyRegistered(address indexed key, uint256 indexed modelId, KeyAttestation attestation, bool byProof);
    event KeyRevoked(address indexed key, address indexed revoker);
    event MeasurementRevoked(bytes32 indexed measurement, address indexed revoker);
    event MeasurementAllowed(uint256 indexed modelId, bytes32 indexed measurement, uint8 leastAssurance);
    event MeasurementDisallowed(uint256 indexed modelId, bytes32 indexed measurement);
    event GuardianSet(address indexed guardian);
    event KeyAttestationProofSet(address indexed keyAttestationProof);

    error ZeroAddress();
    error ProofsOff();
    error NotGuardian(address caller);
    error AssuranceRefused(uint8 assurance, uint8 least);
    error ValidityOutOfRange(uint256 validUntil);
    error RegistrationExpired(uint256 deadline);
    error ModelDigestMismatch(uint256 modelId, bytes32 expected, bytes32 given);
    error KeyExists(address key);
    error KeyNotRegistered(address key);
    error KeyIsRevoked(address key);
    error KeyExpired(address key, uint256 validUntil);
    error KeyOfOtherModel(address key, uint256 modelId);
    error MeasurementIsRevoked(bytes32 measurement);
    error MeasurementNotAllowed(uint256 modelId, bytes32 measurement);

    /// @notice A key is registered for no longer than this many seconds.
    uint256 public constant MAX_VALIDITY = 30 days;

    /// @notice Assurance of a cloud's vTPM, the least that is taken, and of hardware, the most.
    uint8 public constant VTPM_CLOUD = 3;
    uint8 public constant HARDWARE = 4;

    /// @notice Where the models are.
    IModelRegistry public immutable registry;

    /// @notice Who, besides the owner, may revoke keys and measurements, and nothing else; or zero.
    address public guardian;

    /// @notice Where proofs in place of signatures are verified; zero: there are none.
    IKeyAttestationProof public keyAttestationProof;

    /// @notice Measurements that no key may have any more, whatever the model.
    mapping(bytes32 measurement => bool) public isMeasurementRevoked;

    /// @notice Least assurance with which a measurement may run a model; zero: it may not.
    mapping(uint256 modelId => mapping(bytes32 measurement => uint8)) public leastAssurance;

    mapping(address key => Key) private _keys;

    modifier onlyGuardian() {
        if (msg.sender != owner() && msg.sender != guardian) revert NotGuardian(msg.sender);
        _;
    }

    /// @param appraisers In ascending order.
    /// @param threshold_ How many of them sign.
    constructor(
        IModelRegistry registry_,
        address owner_,
        address guardian_,
        address[] memory appraisers,
        uint256 threshold_
    ) Ownable(owner_) EIP712("zkseal AttestedKeyRegistry", "1") AppraiserQuorum(appraisers, threshold_) {
        if (address(registry_) == address(0)) revert ZeroAddress();
        registry = registry_;
        // Zero means that there is none.
        // slither-disable-next-line missing-zero-check
        guardian = guardian_;
        emit GuardianSet(guardian_);
    }

    // Registration

    /// @notice Registers a key on the word of a quorum. Anyone may bring it.
    /// @param signatures Of appraisers over `hashOf(attestation)`, in ascending order of their addresses.
    /// @dev Reverts with `BelowThreshold`, `NotAscending`, `NotAppraiser`, ECDSA's errors, or as `_register` says.
    function registerKey(KeyAttestation calldata attestation, bytes[] calldata signatures) external {
        _requireQuorum(KeyAttestationLib.hash(attestation), attestation.deadline, signatures);
        _register(attestation, false);
    }

    /// @notice Registers a key on a proof that its evidence was verified.
    /// @dev Reverts with `ProofsOff`, `RegistrationExpired`, as the back end does, or as `_register` says.
    function registerKeyByProof(KeyAttestation calldata attestation, bytes calldata proof) external {
        if (address(keyAttestationProof) == address(0)) revert ProofsOff();
        if (block.timestamp > attestation.deadline) revert RegistrationExpired(attestation.deadline);
        keyAttestationProof.verifyKeyAttestation(attestation, hashOf(attestation), proof);
        _register(attestation, true);
    }

    // Revocation

    /// @notice Revokes a key at once and for good, also one that is not registered yet.
    /// @dev Only owner and guardian.
    function revokeKey(address key) external onlyGuardian {
        _revokeKey(key);
    }

    /// @notice The same by a quorum, whose signatures anyone may bring.
    function revokeKeyByQuorum(address key, uint64 deadline, bytes[] calldata signatures) external {
        _requireQuorum(KeyAttestationLib.hashKeyRevocation(key, deadline), deadline, signatures);
        _revokeKey(key);
    }

    /// @notice Revokes a measurement at once and for good: of all keys that have it, no answer counts any more.
    /// @dev Only owner and guardian.
    function revokeMeasurement(bytes32 measurement) external onlyGuardian {
        _revokeMeasurement(measurement);
    }

    /// @notice The same by a quorum, whose signatures anyone may bring.
    function revokeMeasurementByQuorum(bytes32 measurement, uint64 deadline, bytes[] calldata signatures) external {
        _requireQuorum(KeyAttestationLib.hashMeasurementRevocation(measurement, deadline), deadline, signatures);
        _revokeMeasurement(measurement);
    }

    // Settings

    /// @notice Lets a measurement run a model, with at least this assurance.
    /// @dev Only the model's owner. Reverts with `NotModelOwner`, `AssuranceRefused` or `MeasurementIsRevoked`.
    function allowMeasurement(uint256 modelId, bytes32 measurement, uint8 leastAssurance_) external {
        _requireModelOwner(modelId);
        _requireProduction(leastAssurance_, VTPM_CLOUD);
        if (isMeasurementRevoked[measurement]) revert MeasurementIsRevoked(measurement);
        leastAssurance[modelId][measurement] = leastAssurance_;
        emit MeasurementAllowed(modelId, measurement, leastAssurance_);
    }

    /// @notice Takes that back: of keys with it, no answer of this model counts until it is allowed again.
    /// @dev Only the model's owner. Reverts with `NotModelOwner`.
    function disallowMeasurement(uint256 modelId, bytes32 measurement) external {
        _requireModelOwner(modelId);
        leastAssurance[modelId][measurement] = 0;
        emit MeasurementDisallowed(modelId, measurement);
    }

    /// @notice Names the guardian; zero for none.
    /// @dev Only the owner.
    function setGuardian(address guardian_) external onlyOwner {
        // slither-disable-next-line missing-zero-check
        guardian = guardian_;
        emit GuardianSet(guardian_);
    }

    /// @notice Names the back end for proofs; zero turns them off. It has the power of a quorum.
    /// @dev Only the owner.
    function setKeyAttestationProof(IKeyAttestationProof keyAttestationProof_) external onlyOwner {
        keyAttestationProof = keyAttestationProof_;
        emit KeyAttestationProofSet(address(keyAttestationProof_));
    }

    // Answers

    /// @inheritdoc IAttestationVerifier
    /// @dev `attestation` is the signature of a registered key over `answerHashOf(stmt)`: 65 bytes, r, s, v.
    /// Reverts as `requireUsable` does, or with ECDSA's errors.
    function verifyAttestation(uint256 modelId, bytes32 stmt, bytes calldata attestation) external view {
        requireUsable(ECDSA.recoverCalldata(answerHashOf(stmt), attestation), modelId);
    }

    /// @notice Returns if answers of the key to requests for the model count now, and reverts otherwise.
    /// @dev Reverts with `KeyNotRegistered`, `KeyIsRevoked`, `KeyExpired`, `KeyOfOtherModel`, `MeasurementIsRevoked`,
    /// `MeasurementNotAllowed`, `AssuranceRefused`, `VerificationRefused_ModelDeprecated` or `VersionRefused`.
    function requireUsable(address key, uint256 modelId) public view {
        Key storage key_ = _keys[key];
        if (key_.revoked) revert KeyIsRevoked(key);
        uint256 validUntil = key_.validUntil;
        // Zero means that it was never registered.
        // slither-disable-next-line incorrect-equality
        if (validUntil == 0) revert KeyNotRegistered(key);
        if (block.timestamp > validUntil) revert KeyExpired(key, validUntil);
        if (key_.modelId != modelId) revert KeyOfOtherModel(key, key_.modelId);
        _requireAllowed(modelId, key_.measurement, key_.assurance);
        ModelUse.programInUse(registry, modelId);
    }

    /// @notice A key as it was registered; all zero for an unknown one.
    function getKey(address key) external view returns (Key memory) {
        return _keys[key];
    }

    /// @notice The EIP-712 digest that appraisers sign to register a key.
    function hashOf(KeyAttestation calldata attestation) public view returns (bytes32) {
        return _hashTypedDataV4(KeyAttestationLib.hash(attestation));
    }

    /// @notice The EIP-712 digest that appraisers sign to revoke a key.
    function keyRevocationHashOf(address key, uint64 deadline) external view returns (bytes32) {
        return _hashTypedDataV4(KeyAttestationLib.hashKeyRevocation(key, deadline));
    }

    /// @notice The EIP-712 digest that appraisers sign to revoke a measurement.
    function measurementRevocationHashOf(bytes32 measurement, uint64 deadline) external view returns (bytes32) {
        return _hashTypedDataV4(KeyAttestationLib.hashMeasurementRevocation(measurement, deadline));
    }

    /// @notice The EIP-712 digest that an enclave signs for an answer.
    function answerHashOf(bytes32 stmt) public view returns (bytes32) {
        return _hashTypedDataV4(KeyAttestationLib.hashAnswer(stmt));
    }

    /// @dev Reverts with `ZeroAddress`, `KeyIsRevoked`, `KeyExists`, `AssuranceRefused`, `ValidityOutOfRange`,
    /// `MeasurementIsRevoked`, `MeasurementNotAllowed`, `ModelDigestMismatch`, or if the model is not in use.
    function _register(KeyAttestation calldata attestation, bool byProof) private {
        address key = attestation.key;
        if (key == address(0)) revert ZeroAddress();
        if (_keys[key].revoked) revert KeyIsRevoked(key);
        if (_keys[key].validUntil != 0) revert KeyExists(key);
        uint64 validUntil = attestation.validUntil;
        if (validUntil <= block.timestamp || validUntil > block.timestamp + MAX_VALIDITY) {
            revert ValidityOutOfRange(validUntil);
        }
        uint256 modelId = attestation.modelId;
        _requireProduction(attestation.assurance, VTPM_CLOUD);
        _requireAllowed(modelId, attestation.measurement, attestation.assurance);
        bytes32 digest = registry.verifier().modelDigest(ModelUse.programInUse(registry, modelId));
        if (digest != attestation.modelDigest) revert ModelDigestMismatch(modelId, digest, attestation.modelDigest);
        _keys[key] = Key(modelId, attestation.measurement, validUntil, attestation.assurance, false);
        emit KeyRegistered(key, modelId, attestation, byProof);
    }

    function _revokeKey(address key) private {
        _keys[key].revoked = true;
        emit KeyRevoked(key, msg.sender);
    }

    function _revokeMeasurement(bytes32 measurement) private {
        isMeasurementRevoked[measurement] = true;
        emit MeasurementRevoked(measurement, msg.sender);
    }

    function _requireModelOwner(uint256 modelId) private view {
        (,, address owner_) = registry.getModel(modelId);
        if (owner_ != msg.sender) revert IERC7992Registry.NotModelOwner(modelId, msg.sender);
    }

    function _requireAllowed(uint256 modelId, bytes32 measurement, uint8 assurance) private view {
        if (isMeasurementRevoked[measurement]) revert MeasurementIsRevoked(measurement);
        uint8 least = leastAssurance[modelId][measurement];
        if (least == 0) revert MeasurementNotAllowed(modelId, measurement);
        _requireProduction(assurance, least);
    }

    /// @dev `least` is 3 or 4: this is where development evidence ends.
    function _requireProduction(uint8 assurance, uint8 least) private pure {
        if (assurance < least || assurance > HARDWARE) revert AssuranceRefused(assurance, least);
    }
}
