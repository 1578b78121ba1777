// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {AppraiserQuorum} from "../src/AppraiserQuorum.sol";
import {AttestedKeyRegistry} from "../src/AttestedKeyRegistry.sol";
import {IERC7992Registry, IERC7992Verifier} from "../src/interfaces/IERC7992.sol";
import {IKeyAttestationProof} from "../src/interfaces/IKeyAttestationProof.sol";
import {IModelRegistry} from "../src/interfaces/IModelRegistry.sol";
import {KeyAttestation} from "../src/lib/KeyAttestationLib.sol";
import {ModelUse} from "../src/lib/ModelUse.sol";
import {KeyFixture} from "./support/KeyFixture.sol";
import {KeyAttestationProofDouble} from "./support/Mocks.sol";

contract AttestedKeyRegistryTest is KeyFixture {
    function setUp() public {
        setUpKeys();
    }

    // Registration

    function test_quorum_registers_a_key() public {
        KeyAttestation memory a = attestation();
        vm.expectEmit(address(keys));
        emit AttestedKeyRegistry.KeyRegistered(a.key, modelId, a, false);
        keys.registerKey(a, quorum(a));
        AttestedKeyRegistry.Key memory key = keys.getKey(a.key);
        vm.assertEq(key.modelId, modelId);
        vm.assertEq(key.measurement, measurement);
        vm.assertEq(uint256(key.validUntil), a.validUntil);
        vm.assertEq(uint256(key.assurance), 4);
        vm.assertFalse(key.revoked);
        keys.requireUsable(a.key, modelId);
    }

    function test_digests_are_eip712() public view {
        KeyAttestation memory a = attestation();
        vm.assertEq(keys.hashOf(a), digest(structHashOf(a)));
        vm.assertEq(keys.answerHashOf("stmt"), answerDigest("stmt"));
        vm.assertEq(keys.keyRevocationHashOf(a.key, 7), keyRevocation(a.key, 7));
        vm.assertEq(keys.measurementRevocationHashOf(measurement, 7), measurementRevocation(measurement, 7));
    }

    function test_any_two_and_all_three_appraisers_are_a_quorum() public {
        uint256 before = vm.snapshotState();
        KeyAttestation memory a = attestation();
        bytes32 digest_ = digest(structHashOf(a));
        for (uint256 i = 0; i < 2; ++i) {
            for (uint256 j = i + 1; j < 3; ++j) {
                keys.registerKey(a, signatures(i, j, digest_));
                vm.revertToState(before);
            }
        }
        bytes[] memory all = new bytes[](3);
        for (uint256 i = 0; i < 3; ++i) {
            all[i] = signature(appraisers[i], digest_);
        }
        keys.registerKey(a, all);
    }

    function test_registration_needs_distinct_signers_in_order() public {
        KeyAttestation memory a = attestation();
        bytes32 digest_ = digest(structHashOf(a));
        address first = vm.addr(appraisers[0]);
        vm.expectRevert(abi.encodeWithSelector(AppraiserQuorum.NotAscending.selector, first, first));
        keys.registerKey(a, signatures(0, 0, digest_));
        vm.expectRevert(abi.encodeWithSelector(AppraiserQuorum.NotAscending.selector, vm.addr(appraisers[1]), first));
        keys.registerKey(a, signatures(1, 0, digest_));
        // A third signature does not make up for a pair that is none.
        bytes[] memory three = new bytes[](3);
        (three[0], three[1]) = (signature(appraisers[0], digest_), signature(appraisers[1], digest_));
        three[2] = three[1];
        vm.expectPartialRevert(AppraiserQuorum.NotAscending.selector);
        keys.registerKey(a, three);
    }

    function test_registration_below_the_threshold_is_refused() public {
        KeyAttestation memory a = attestation();
        bytes[] memory list = new bytes[](1);
        list[0] = signature(appraisers[0], digest(structHashOf(a)));
        vm.expectRevert(abi.encodeWithSelector(AppraiserQuorum.BelowThreshold.selector, 1, 2));
        keys.registerKey(a, list);
        vm.expectRevert(abi.encodeWithSelector(AppraiserQuorum.BelowThreshold.selector, 0, 2));
        keys.registerKey(a, new bytes[](0));
    }

    function testFuzz_strangers_make_no_quorum(uint256 stranger) public {
        stranger = bound(stranger, 1, CURVE_ORDER - 1);
        address signer = vm.addr(stranger);
        vm.assume(!keys.isAppraiser(signer));
        KeyAttestation memory a = attestation();
        bytes32 digest_ = digest(structHashOf(a));
        bool below = signer < vm.addr(appraisers[0]);
        bytes[] memory list = new bytes[](2);
        list[below ? 0 : 1] = signature(stranger, digest_);
        list[below ? 1 : 0] = signature(appraisers[0], digest_);
        vm.expectRevert(abi.encodeWithSelector(AppraiserQuorum.NotAppraiser.selector, signer));
        keys.registerKey(a, list);
    }

    function test_removed_appraiser_counts_no_more() public {
        KeyAttestation memory a = attestation();
        bytes[] memory list = quorum(a);
        address[] memory two = new address[](2);
        (two[0], two[1]) = (vm.addr(appraisers[1]), vm.addr(appraisers[2]));
        vm.prank(owner);
        keys.setAppraisers(two, 2);
        vm.expectRevert(abi.encodeWithSelector(AppraiserQuorum.NotAppraiser.selector, vm.addr(appraisers[0])));
        keys.registerKey(a, list);
        keys.registerKey(a, signatures(1, 2, digest(structHashOf(a))));
    }

    /// @dev Each field is bound: the signatures are of another attestation.
    function testFuzz_signatures_are_of_one_attestation(uint8 field, uint64 change) public {
        vm.assume(change != 0);
        KeyAttestation memory a = attestation();
        bytes[] memory list = quorum(a);
        field = uint8(bound(field, 0, 7));
        if (field == 0) a.key = address(uint160(a.key) ^ change);
        else if (field == 1) a.modelId ^= change;
        else if (field == 2) a.modelDigest ^= bytes32(uint256(change));
        else if (field == 3) a.measurement ^= bytes32(uint256(change));
        else if (field == 4) a.earDigest ^= bytes32(uint256(change));
        else if (field == 5) a.assurance = 3;
        else if (field == 6) a.validUntil ^= change;
        else a.deadline = uint64(now_() + (change % 1 hours));
        (bool ok,) = address(keys).call(abi.encodeCall(keys.registerKey, (a, list)));
        vm.assertFalse(ok);
    }

    function testFuzz_malleated_signature_is_refused(bool second) public {
        KeyAttestation memory a = attestation();
        bytes[] memory list = quorum(a);
        list[second ? 1 : 0] = _malleated(list[second ? 1 : 0]);
        vm.expectPartialRevert(ECDSA.ECDSAInvalidSignatureS.selector);
        keys.registerKey(a, list);
    }

    function testFuzz_signature_has_one_form(uint8 v, uint8 length) public {
        vm.assume(v != 27 && v != 28 && length != 65);
        KeyAttestation memory a = attestation();
        bytes[] memory list = quorum(a);
        bytes memory whole = list[0];
        list[0] = abi.encodePacked(_r(whole), _s(whole), v);
        vm.expectRevert(ECDSA.ECDSAInvalidSignature.selector);
        keys.registerKey(a, list);
        bytes memory other = new bytes(length);
        for (uint256 i = 0; i < length && i < 65; ++i) {
            other[i] = whole[i];
        }
        list[0] = other;
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureLength.selector, length));
        keys.registerKey(a, list);
    }

    function test_signatures_for_another_registry_or_chain_are_refused() public {
        KeyAttestation memory a = attestation();
        AttestedKeyRegistry other = new AttestedKeyRegistry(registry, owner, guardian, addresses(), 2);
        bytes32 structHash = structHashOf(a);
        bytes32 elsewhere = keccak256(abi.encodePacked(hex"1901", domainOf(other, block.chainid), structHash));
        bytes[] memory list = quorum(elsewhere);
        (bool ok,) = address(keys).call(abi.encodeCall(keys.registerKey, (a, list)));
        vm.assertFalse(ok);
        list = quorum(keccak256(abi.encodePacked(hex"1901", domainOf(keys, block.chainid + 1), structHash)));
        (ok,) = address(keys).call(abi.encodeCall(keys.registerKey, (a, list)));
        vm.assertFalse(ok);
        // After a fork of the chain, what was signed before does not count on the new one.
        list = quorum(a);
        vm.chainId(block.chainid + 1);
        (ok,) = address(keys).call(abi.encodeCall(keys.registerKey, (a, list)));
        vm.assertFalse(ok);
    }

    function test_late_registration_is_refused() public {
        KeyAttestation memory a = attestation();
        bytes[] memory list = quorum(a);
        vm.warp(a.deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(AppraiserQuorum.SignaturesExpired.selector, a.deadline));
        keys.registerKey(a, list);
        vm.warp(a.deadline);
        keys.registerKey(a, list);
    }

    function testFuzz_development_evidence_is_never_registered(uint8 assurance) public {
        vm.assume(assurance < 3 || assurance > 4);
        KeyAttestation memory a = attestation();
        a.assurance = assurance;
        bytes[] memory list = quorum(a);
        vm.expectRevert(abi.encodeWithSelector(AttestedKeyRegistry.AssuranceRefused.selector, assurance, 3));
        keys.registerKey(a, list);
        // Whatever the owner's list says.
        a.measurement = keccak256("unlisted");
        list = quorum(a);
        vm.expectRevert(abi.encodeWithSelector(AttestedKeyRegistry.AssuranceRefused.selector, assurance, 3));
        keys.registerKey(a, list);
        vm.expectRevert(abi.encodeWithSelector(AttestedKeyRegistry.AssuranceRefused.selector, assurance, 3));
        vm.prank(modelOwner);
        keys.allowMeasurement(modelId, measurement, assurance);
    }

    function testFuzz_validity_is_bounded(uint64 validUntil) public {
        vm.assume(validUntil <= now_() || validUntil > now_() + 30 days);
        KeyAttestation memory a = attestation();
        a.validUntil = validUntil;
        bytes[] memory list = quorum(a);
        vm.expectRevert(abi.encodeWithSelector(AttestedKeyRegistry.ValidityOutOfRange.selector, validUntil));
        keys.registerKey(a, list);
    }

    function test_key_is_registered_once() public {
        address key = registerEnclave();
        KeyAttestation memory a = attestation();
        a.validUntil += 1;
        bytes[] memory list = quorum(a);
        vm.expectRevert(abi.encodeWithSelector(AttestedKeyRegistry.KeyExists.selector, key));
        keys.registerKey(a, list);
        vm.warp(a.validUntil + 1);
        a = attestation();
        list = quorum(a);
        vm.expectRevert(abi.encodeWithSelector(AttestedKeyRegistry.KeyExists.selector, key));
        keys.registerKey(a, list);
        a.key = address(0);
        list = quorum(a);
        vm.expectRevert(AttestedKeyRegistry.ZeroAddress.selector);
        keys.registerKey(a, list);
    }

    function test_model_is_there_in_use_and_the_same() public {
        KeyAttestation memory a = attestation();
        a.modelDigest = keccak256("other commitments");
        bytes[] memory list = quorum(a);
        vm.expectRevert(
            abi.encodeWithSelector(
                AttestedKeyRegistry.ModelDigestMismatch.selector, modelId, modelDigest, a.modelDigest
            )
        );
        keys.registerKey(a, list);
        a = attestation();
        list = quorum(a);
        vm.prank(modelOwner);
        registry.deprecateModel(modelId);
        vm.expectPartialRevert(IERC7992Verifier.VerificationRefused_ModelDeprecated.selector);
        keys.registerKey(a, list);
    }

    // Measurements

    function test_measurement_is_the_model_owners_choice() public {
        uint256 other = register("program 2", "model program 2");
        KeyAttestation memory a = attestation();
        a.modelId = other;
        bytes[] memory list = quorum(a);
        vm.expectRevert(abi.encodeWithSelector(AttestedKeyRegistry.MeasurementNotAllowed.selector, other, measurement));
        keys.registerKey(a, list);
        vm.expectRevert(abi.encodeWithSelector(IERC7992Registry.NotModelOwner.selector, other, owner));
        vm.prank(owner);
        keys.allowMeasurement(other, measurement, 3);
        vm.expectRevert(abi.encodeWithSelector(IERC7992Registry.NotModelOwner.selector, modelId, owner));
        vm.prank(owner);
        keys.disallowMeasurement(modelId, measurement);
        vm.expectRevert(abi.encodeWithSelector(IERC7992Registry.ModelNotFound.selector, 7));
        keys.allowMeasurement(7, measurement, 3);
    }

    function test_disallowed_measurement_stops_its_keys_until_it_is_allowed_again() public {
        address key = registerEnclave();
        vm.prank(modelOwner);
        keys.disallowMeasurement(modelId, measurement);
        vm.expectPartialRevert(AttestedKeyRegistry.MeasurementNotAllowed.selector);
        keys.requireUsable(key, modelId);
        vm.prank(modelOwner);
        keys.allowMeasurement(modelId, measurement, 4);
        keys.requireUsable(key, modelId);
    }

    function test_measurement_may_need_hardware() public {
        KeyAttestation memory a = attestation();
        a.assurance = 3;
        keys.registerKey(a, quorum(a));
        vm.prank(modelOwner);
        keys.allowMeasurement(modelId, measurement, 4);
        vm.expectRevert(abi.encodeWithSelector(AttestedKeyRegistry.AssuranceRefused.selector, 3, 4));
        keys.requireUsable(a.key, modelId);
        a.key = account("another enclave");
        bytes[] memory list = quorum(a);
        vm.expectRevert(abi.encodeWithSelector(AttestedKeyRegistry.AssuranceRefused.selector, 3, 4));
        keys.registerKey(a, list);
    }

    function test_revoked_measurement_stops_all_its_keys_for_good() public {
        address key = registerEnclave();
        KeyAttestation memory a = attestation();
        a.key = account("another enclave");
        bytes[] memory list = quorum(a);
        vm.expectRevert(abi.encodeWithSelector(AttestedKeyRegistry.NotGuardian.selector, modelOwner));
        vm.prank(modelOwner);
        keys.revokeMeasurement(measurement);
        vm.prank(guardian);
        keys.revokeMeasurement(measurement);
        bytes memory refusal = abi.encodeWithSelector(AttestedKeyRegistry.MeasurementIsRevoked.selector, measurement);
        vm.expectRevert(refusal);
        keys.requireUsable(key, modelId);
        vm.expectRevert(refusal);
        keys.registerKey(a, list);
        vm.expectRevert(refusal);
        vm.prank(modelOwner);
        keys.allowMeasurement(modelId, measurement, 3);
    }

    function test_quorum_revokes_a_measurement() public {
        address key = registerEnclave();
        uint64 deadline = uint64(now_() + 1);
        // Signatures for a key revoke no measurement.
        bytes[] memory list = quorum(keyRevocation(key, deadline));
        (bool ok,) = address(keys).call(abi.encodeCall(keys.revokeMeasurementByQuorum, (measurement, deadline, list)));
        vm.assertFalse(ok);
        keys.revokeMeasurementByQuorum(measurement, deadline, quorum(measurementRevocation(measurement, deadline)));
        vm.assertTrue(keys.isMeasurementRevoked(measurement));
    }

    // Revocation of keys

    function test_revoked_key_never_comes_back() public {
        KeyAttestation memory a = attestation();
        bytes[] memory list = quorum(a);
        keys.registerKey(a, list);
        vm.expectEmit(address(keys));
        emit AttestedKeyRegistry.KeyRevoked(a.key, guardian);
        vm.prank(guardian);
        keys.revokeKey(a.key);
        bytes memory refusal = abi.encodeWithSelector(AttestedKeyRegistry.KeyIsRevoked.selector, a.key);
        vm.expectRevert(refusal);
        keys.requireUsable(a.key, modelId);
        vm.expectRevert(refusal);
        keys.registerKey(a, list);
        a.validUntil += 1;
        list = quorum(a);
        vm.expectRevert(refusal);
        keys.registerKey(a, list);
    }

    function test_key_is_revoked_before_it_is_registered() public {
        KeyAttestation memory a = attestation();
        bytes[] memory list = quorum(a);
        vm.prank(owner);
        keys.revokeKey(a.key);
        vm.expectRevert(abi.encodeWithSelector(AttestedKeyRegistry.KeyIsRevoked.selector, a.key));
        keys.registerKey(a, list);
    }

    function test_quorum_revokes_a_key_in_time() public {
        address key = registerEnclave();
        uint64 deadline = uint64(now_() + 1 hours);
        bytes[] memory list = quorum(keyRevocation(key, deadline));
        (bool ok,) =
            address(keys).call(abi.encodeCall(keys.revokeKeyByQuorum, (account("another enclave"), deadline, list)));
        vm.assertFalse(ok);
        uint256 before = vm.snapshotState();
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(AppraiserQuorum.SignaturesExpired.selector, deadline));
        keys.revokeKeyByQuorum(key, deadline, list);
        vm.revertToState(before);
        keys.revokeKeyByQuorum(key, deadline, list);
        vm.expectRevert(abi.encodeWithSelector(AttestedKeyRegistry.KeyIsRevoked.selector, key));
        keys.requireUsable(key, modelId);
    }

    function testFuzz_only_owner_and_guardian_revoke(address caller) public {
        vm.assume(caller != owner && caller != guardian);
        vm.expectRevert(abi.encodeWithSelector(AttestedKeyRegistry.NotGuardian.selector, caller));
        vm.prank(caller);
        keys.revokeKey(vm.addr(enclave));
    }

    function test_guardian_is_the_owners_choice() public {
        vm.prank(owner);
        keys.setGuardian(address(0));
        vm.expectRevert(abi.encodeWithSelector(AttestedKeyRegistry.NotGuardian.selector, guardian));
        vm.prank(guardian);
        keys.revokeKey(vm.addr(enclave));
        vm.expectPartialRevert(Ownable.OwnableUnauthorizedAccount.selector);
        vm.prank(guardian);
        keys.setGuardian(guardian);
    }

    // Answers

    function testFuzz_answer_is_one_signature_of_the_key(bytes32 stmt) public {
        registerEnclave();
        keys.verifyAttestation(modelId, stmt, signature(enclave, answerDigest(stmt)));
    }

    function testFuzz_answer_of_another_key_is_refused(uint256 stranger, bytes32 stmt) public {
        registerEnclave();
        stranger = bound(stranger, 1, CURVE_ORDER - 1);
        vm.assume(stranger != enclave);
        bytes memory answer = signature(stranger, answerDigest(stmt));
        vm.expectRevert(abi.encodeWithSelector(AttestedKeyRegistry.KeyNotRegistered.selector, vm.addr(stranger)));
        keys.verifyAttestation(modelId, stmt, answer);
    }

    function testFuzz_answer_is_of_one_statement_chain_and_registry(bytes32 stmt, bytes32 other) public {
        vm.assume(stmt != other);
        registerEnclave();
        bytes memory answer = signature(enclave, answerDigest(stmt));
        vm.expectPartialRevert(AttestedKeyRegistry.KeyNotRegistered.selector);
        keys.verifyAttestation(modelId, other, answer);
        // The bare statement hash, signed without a domain.
        bytes memory bare = signature(enclave, stmt);
        vm.expectPartialRevert(AttestedKeyRegistry.KeyNotRegistered.selector);
        keys.verifyAttestation(modelId, stmt, bare);
        vm.chainId(block.chainid + 1);
        vm.expectPartialRevert(AttestedKeyRegistry.KeyNotRegistered.selector);
        keys.verifyAttestation(modelId, stmt, answer);
    }

    function testFuzz_answers_signature_has_one_form(bytes32 stmt, uint8 v) public {
        vm.assume(v != 27 && v != 28);
        registerEnclave();
        bytes memory answer = signature(enclave, answerDigest(stmt));
        vm.expectPartialRevert(ECDSA.ECDSAInvalidSignatureS.selector);
        keys.verifyAttestation(modelId, stmt, _malleated(answer));
        vm.expectRevert(ECDSA.ECDSAInvalidSignature.selector);
        keys.verifyAttestation(modelId, stmt, abi.encodePacked(_r(answer), _s(answer), v));
        vm.expectPartialRevert(ECDSA.ECDSAInvalidSignatureLength.selector);
        keys.verifyAttestation(modelId, stmt, abi.encodePacked(answer, uint8(0)));
        vm.expectRevert(ECDSA.ECDSAInvalidSignature.selector);
        keys.verifyAttestation(modelId, stmt, new bytes(65));
    }

    function testFuzz_expired_key_answers_no_more(uint32 late) public {
        address key = registerEnclave();
        uint256 validUntil = keys.getKey(key).validUntil;
        vm.warp(validUntil);
        keys.requireUsable(key, modelId);
        vm.warp(validUntil + 1 + late);
        vm.expectRevert(abi.encodeWithSelector(AttestedKeyRegistry.KeyExpired.selector, key, validUntil));
        keys.requireUsable(key, modelId);
    }

    function test_key_answers_for_its_model_only() public {
        address key = registerEnclave();
        uint256 other = register("program 2", "model program 2");
        vm.prank(modelOwner);
        keys.allowMeasurement(other, measurement, 3);
        vm.expectRevert(abi.encodeWithSelector(AttestedKeyRegistry.KeyOfOtherModel.selector, key, modelId));
        keys.requireUsable(key, other);
    }

    function test_key_of_a_deprecated_or_outdated_model_answers_no_more() public {
        address key = registerEnclave();
        IERC7992Registry.ModelCommitment memory next = proveModel("program 2", "model program 2");
        vm.prank(modelOwner);
        registry.updateModel(modelId, next);
        keys.requireUsable(key, modelId);
        uint256 before = vm.snapshotState();
        vm.prank(modelOwner);
        registry.raiseMinimumVersion(modelId, 2);
        vm.expectRevert(abi.encodeWithSelector(ModelUse.VersionRefused.selector, modelId, 1, 2));
        keys.requireUsable(key, modelId);
        vm.revertToState(before);
        vm.prank(modelOwner);
        registry.deprecateModel(modelId);
        vm.expectPartialRevert(IERC7992Verifier.VerificationRefused_ModelDeprecated.selector);
        keys.requireUsable(key, modelId);
    }

    // Proofs in place of signatures

    function test_proofs_are_off_until_the_owner_names_a_back_end() public {
        KeyAttestation memory a = attestation();
        vm.expectRevert(AttestedKeyRegistry.ProofsOff.selector);
        keys.registerKeyByProof(a, "proof");
        KeyAttestationProofDouble proofs = new KeyAttestationProofDouble();
        vm.expectPartialRevert(Ownable.OwnableUnauthorizedAccount.selector);
        keys.setKeyAttestationProof(proofs);
        vm.prank(owner);
        keys.setKeyAttestationProof(proofs);
        vm.expectRevert(bytes("key proof"));
        keys.registerKeyByProof(a, "proof");
        proofs.accept(a, digest(structHashOf(a)), "proof");
        vm.expectEmit(address(keys));
        emit AttestedKeyRegistry.KeyRegistered(a.key, modelId, a, true);
        keys.registerKeyByProof(a, "proof");
        keys.requireUsable(a.key, modelId);
    }

    function test_proofs_pass_the_same_checks() public {
        KeyAttestationProofDouble proofs = new KeyAttestationProofDouble();
        vm.prank(owner);
        keys.setKeyAttestationProof(proofs);
        KeyAttestation memory a = attestation();
        a.assurance = 2;
        proofs.accept(a, digest(structHashOf(a)), "proof");
        vm.expectPartialRevert(AttestedKeyRegistry.AssuranceRefused.selector);
        keys.registerKeyByProof(a, "proof");
        a = attestation();
        a.deadline = uint64(now_() - 1);
        proofs.accept(a, digest(structHashOf(a)), "proof");
        vm.expectRevert(abi.encodeWithSelector(AttestedKeyRegistry.RegistrationExpired.selector, a.deadline));
        keys.registerKeyByProof(a, "proof");
        vm.prank(owner);
        keys.setKeyAttestationProof(IKeyAttestationProof(address(0)));
        vm.expectRevert(AttestedKeyRegistry.ProofsOff.selector);
        keys.registerKeyByProof(attestation(), "proof");
    }

    // Appraisers

    function test_appraisers_are_distinct_and_enough() public {
        address[] memory list = addresses();
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(AppraiserQuorum.ThresholdOutOfRange.selector, 0, 3));
        keys.setAppraisers(list, 0);
        vm.expectRevert(abi.encodeWithSelector(AppraiserQuorum.ThresholdOutOfRange.selector, 4, 3));
        keys.setAppraisers(list, 4);
        list[1] = list[0];
        vm.expectRevert(abi.encodeWithSelector(AppraiserQuorum.NotAscending.selector, list[0], list[0]));
        keys.setAppraisers(list, 2);
        list[0] = address(0);
        vm.expectRevert(abi.encodeWithSelector(AppraiserQuorum.NotAscending.selector, address(0), address(0)));
        keys.setAppraisers(list, 2);
        vm.stopPrank();
        vm.expectPartialRevert(Ownable.OwnableUnauthorizedAccount.selector);
        keys.setAppraisers(addresses(), 1);
        vm.assertEq(keys.term(), 1);
        vm.assertEq(keys.threshold(), 2);
    }

    function test_registry_of_models_must_be_there() public {
        vm.expectRevert(AttestedKeyRegistry.ZeroAddress.selector);
        new AttestedKeyRegistry(IModelRegistry(address(0)), owner, guardian, addresses(), 2);
    }

    function _r(bytes memory signature_) private pure returns (bytes32 r) {
        assembly ("memory-safe") {
            r := mload(add(signature_, 32))
        }
    }

    function _s(bytes memory signature_) private pure returns (bytes32 s) {
        assembly ("memory-safe") {
            s := mload(add(signature_, 64))
        }
    }

    /// @dev The other signature of the same message and key, which ecrecover would take.
    function _malleated(bytes memory signature_) private pure returns (bytes memory) {
        uint8 v = uint8(signature_[64]) == 27 ? 28 : 27;
        return abi.encodePacked(_r(signature_), CURVE_ORDER - uint256(_s(signature_)), v);
    }
}
