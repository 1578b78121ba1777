// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {AttestedKeyRegistry} from "../../src/AttestedKeyRegistry.sol";
import {KeyAttestation} from "../../src/lib/KeyAttestationLib.sol";
import {Fixture} from "./Fixture.sol";

/// @dev A registry of enclaves' keys under two of three appraisers, one allowed measurement, and what they sign.
/// Digests are written out here once more, so that a change of the library's is noticed.
abstract contract KeyFixture is Fixture {
    AttestedKeyRegistry internal keys;

    address internal owner = account("owner");
    address internal guardian = account("guardian");
    bytes32 internal measurement = keccak256("image");
    bytes32 internal modelDigest = keccak256("model commitments");
    uint256 internal enclave = uint256(keccak256("enclave"));
    uint256[3] internal appraisers;

    uint256 internal constant CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    function setUpKeys() internal {
        setUpFixture();
        for (uint256 i = 0; i < 3; ++i) {
            appraisers[i] = uint256(keccak256(abi.encode("appraiser", i)));
        }
        // In ascending order of their addresses.
        if (vm.addr(appraisers[0]) > vm.addr(appraisers[1])) _swap(0, 1);
        if (vm.addr(appraisers[1]) > vm.addr(appraisers[2])) _swap(1, 2);
        if (vm.addr(appraisers[0]) > vm.addr(appraisers[1])) _swap(0, 1);
        keys = new AttestedKeyRegistry(registry, owner, guardian, addresses(), 2);
        tellDigest(modelId, modelDigest);
        vm.prank(modelOwner);
        keys.allowMeasurement(modelId, measurement, 3);
    }

    function tellDigest(uint256 model, bytes32 digest_) internal {
        double_.tell(registry.statusOf(model).program, digest_, "");
    }

    function addresses() internal view returns (address[] memory list) {
        list = new address[](3);
        for (uint256 i = 0; i < 3; ++i) {
            list[i] = vm.addr(appraisers[i]);
        }
    }

    function attestation() internal view returns (KeyAttestation memory) {
        return KeyAttestation({
            key: vm.addr(enclave),
            modelId: modelId,
            modelDigest: modelDigest,
            measurement: measurement,
            earDigest: keccak256("ear"),
            assurance: 4,
            validUntil: uint64(now_() + 7 days),
            deadline: uint64(now_() + 1 hours)
        });
    }

    function domainOf(AttestedKeyRegistry keys_, uint256 chainId) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("zkseal AttestedKeyRegistry"),
                keccak256("1"),
                chainId,
                address(keys_)
            )
        );
    }

    function digest(bytes32 structHash) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domainOf(keys, block.chainid), structHash));
    }

    function structHashOf(KeyAttestation memory a) internal pure returns (bytes32) {
        bytes32 kind = keccak256(
            "KeyAttestation(address key,uint256 modelId,bytes32 modelDigest,bytes32 measurement,bytes32 earDigest,uint8 assurance,uint64 validUntil,uint64 deadline)"
        );
        return keccak256(
            abi.encode(
                kind, a.key, a.modelId, a.modelDigest, a.measurement, a.earDigest, a.assurance, a.validUntil, a.deadline
            )
        );
    }

    function keyRevocation(address key, uint64 deadline) internal view returns (bytes32) {
        return digest(keccak256(abi.encode(keccak256("KeyRevocation(address key,uint64 deadline)"), key, deadline)));
    }

    function measurementRevocation(bytes32 measurement_, uint64 deadline) internal view returns (bytes32) {
        bytes32 kind = keccak256("MeasurementRevocation(bytes32 measurement,uint64 deadline)");
        return digest(keccak256(abi.encode(kind, measurement_, deadline)));
    }

    function answerDigest(bytes32 stmt) internal view returns (bytes32) {
        return digest(keccak256(abi.encode(keccak256("AttestedAnswer(bytes32 stmt)"), stmt)));
    }

    function signature(uint256 key, bytes32 digest_) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest_);
        return abi.encodePacked(r, s, v);
    }

    /// @dev Of appraisers number i and j.
    function signatures(uint256 i, uint256 j, bytes32 digest_) internal view returns (bytes[] memory list) {
        list = new bytes[](2);
        (list[0], list[1]) = (signature(appraisers[i], digest_), signature(appraisers[j], digest_));
    }

    function quorum(bytes32 digest_) internal view returns (bytes[] memory) {
        return signatures(0, 1, digest_);
    }

    function quorum(KeyAttestation memory a) internal view returns (bytes[] memory) {
        return quorum(digest(structHashOf(a)));
    }

    function registerEnclave() internal returns (address) {
        KeyAttestation memory a = attestation();
        keys.registerKey(a, quorum(a));
        return a.key;
    }

    function _swap(uint256 i, uint256 j) private {
        (appraisers[i], appraisers[j]) = (appraisers[j], appraisers[i]);
    }
}
