// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {InferenceVerifier} from "../src/InferenceVerifier.sol";
import {IERC7992Registry, IERC7992Storage, IERC7992Verifier} from "../src/interfaces/IERC7992.sol";
import {IModelRegistry} from "../src/interfaces/IModelRegistry.sol";
import {ModelUse} from "../src/lib/ModelUse.sol";
import {Evidence} from "../src/lib/StatementLib.sol";
import {Fixture} from "./support/Fixture.sol";
import {VerifierDouble} from "./support/VerifierDouble.sol";

contract InferenceVerifierTest is Fixture {
    bytes32 private constant SUBJECT = keccak256("subject");

    bytes private _output = values(42);
    uint256 private _deadline;
    Evidence private _evidence;

    function setUp() public {
        setUpFixture();
        _deadline = now_() + 1 hours;
        _evidence = prove(address(this), SUBJECT, modelId, _output, 7, _deadline);
    }

    function test_consume_returns_and_marks_the_statement() public {
        vm.expectEmit(address(inferenceVerifier));
        emit IERC7992Verifier.InferenceVerified(modelId, keccak256(commitments), _output, address(this));
        bytes32 stmt = inferenceVerifier.consume(modelId, _output, _evidence);
        vm.assertEq(stmt, statementHash(address(this), SUBJECT, modelId, _output, 7, _deadline));
        vm.assertEq(inferenceVerifier.usedAt(stmt), vm.getBlockNumber());
    }

    function test_statement_hash_is_pinned() public {
        vm.chainId(31337);
        InferenceVerifier deployed = InferenceVerifier(address(inferenceVerifier));
        bytes32 stmt =
            deployed.statementOf(address(1), bytes32(uint256(2)), 3, bytes32(uint256(4)), bytes32(uint256(5)), 6, 7);
        bytes memory encoded = abi.encode(
            keccak256("zkseal chain statement v1"), 31337, address(deployed), 3, 4, 5, keccak256(abi.encode(1, 2)), 6, 7
        );
        vm.assertEq(stmt, keccak256(encoded));
    }

    function test_replay_is_refused() public {
        bytes32 stmt = inferenceVerifier.consume(modelId, _output, _evidence);
        vm.expectRevert(abi.encodeWithSelector(InferenceVerifier.StatementUsed.selector, stmt));
        inferenceVerifier.consume(modelId, _output, _evidence);
        vm.expectRevert(abi.encodeWithSelector(InferenceVerifier.StatementUsed.selector, stmt));
        inferenceVerifier.check(address(this), modelId, _output, _evidence);
        vm.expectRevert(abi.encodeWithSelector(InferenceVerifier.StatementUsed.selector, stmt));
        inferenceVerifier.verifyInference(modelId, keccak256(commitments), _output, abi.encode(_evidence));
    }

    function testFuzz_replay_on_another_chain_is_refused(uint64 chain) public {
        vm.assume(chain != block.chainid && chain != 0);
        vm.chainId(chain);
        _expectRejected(modelId, _output, _evidence);
    }

    function test_replay_through_another_contract_is_refused() public {
        InferenceVerifier other = new InferenceVerifier(registry);
        vm.expectRevert(VerifierDouble.ProofRejected.selector);
        other.consume(modelId, _output, _evidence);
    }

    function testFuzz_replay_by_another_sender_is_refused(address sender) public {
        vm.assume(sender != address(this));
        vm.prank(sender);
        _expectRejected(modelId, _output, _evidence);
    }

    function testFuzz_another_nonce_is_refused(uint256 nonce) public {
        vm.assume(nonce != 7);
        Evidence memory evidence = _evidence;
        evidence.nonce = nonce;
        _expectRejected(modelId, _output, evidence);
    }

    function testFuzz_another_subject_is_refused(bytes32 subject) public {
        vm.assume(subject != SUBJECT);
        Evidence memory evidence = _evidence;
        evidence.subject = subject;
        _expectRejected(modelId, _output, evidence);
    }

    function testFuzz_another_deadline_is_refused(uint256 deadline) public {
        deadline = bound(deadline, now_(), type(uint256).max);
        vm.assume(deadline != _deadline);
        Evidence memory evidence = _evidence;
        evidence.deadline = deadline;
        _expectRejected(modelId, _output, evidence);
    }

    function testFuzz_another_output_is_refused(bytes memory output) public {
        vm.assume(keccak256(output) != keccak256(_output));
        _expectRejected(modelId, output, _evidence);
    }

    function testFuzz_other_commitments_are_refused(bytes memory other) public {
        vm.assume(keccak256(other) != keccak256(commitments));
        Evidence memory evidence = _evidence;
        evidence.commitments = other;
        _expectRejected(modelId, _output, evidence);
    }

    function testFuzz_another_proof_is_refused(bytes memory proof) public {
        Evidence memory evidence = _evidence;
        vm.assume(keccak256(proof) != keccak256(evidence.proof));
        evidence.proof = proof;
        _expectRejected(modelId, _output, evidence);
    }

    function test_another_model_is_refused() public {
        uint256 other = register("program 2", "model program 2");
        _expectRejected(other, _output, _evidence);
        vm.expectPartialRevert(IERC7992Registry.ModelNotFound.selector);
        inferenceVerifier.consume(1, _output, _evidence);
    }

    function testFuzz_deadline_is_the_last_second(uint32 late) public {
        vm.warp(_deadline + 1 + late);
        vm.expectRevert(abi.encodeWithSelector(InferenceVerifier.DeadlinePassed.selector, _deadline));
        inferenceVerifier.consume(modelId, _output, _evidence);
        vm.warp(_deadline);
        inferenceVerifier.consume(modelId, _output, _evidence);
    }

    function test_deprecated_model_is_refused() public {
        vm.prank(modelOwner);
        registry.deprecateModel(modelId);
        vm.expectRevert(abi.encodeWithSelector(IERC7992Verifier.VerificationRefused_ModelDeprecated.selector, modelId));
        inferenceVerifier.consume(modelId, _output, _evidence);
    }

    function test_version_below_the_minimum_is_refused() public {
        IERC7992Registry.ModelCommitment memory next = proveModel("program 2", "model program 2");
        vm.startPrank(modelOwner);
        registry.updateModel(modelId, next);
        registry.raiseMinimumVersion(modelId, 2);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(ModelUse.VersionRefused.selector, modelId, 1, 2));
        inferenceVerifier.consume(modelId, _output, _evidence);
        uint256 nextId = uint256(next.vkHash);
        inferenceVerifier.consume(nextId, _output, prove(address(this), SUBJECT, nextId, _output, 7, _deadline));
    }

    function test_check_changes_nothing() public {
        bytes32 stmt = inferenceVerifier.check(address(this), modelId, _output, _evidence);
        vm.assertEq(inferenceVerifier.usedAt(stmt), 0);
        vm.expectRevert(VerifierDouble.ProofRejected.selector);
        inferenceVerifier.check(address(1), modelId, _output, _evidence);
        vm.assertEq(inferenceVerifier.consume(modelId, _output, _evidence), stmt);
    }

    function test_verifyInference_takes_encoded_evidence() public {
        vm.expectEmit(address(inferenceVerifier));
        emit IERC7992Verifier.InferenceVerified(modelId, keccak256(commitments), _output, address(this));
        inferenceVerifier.verifyInference(modelId, keccak256(commitments), _output, abi.encode(_evidence));
    }

    function testFuzz_verifyInference_takes_one_input_commitment(bytes32 other) public {
        vm.assume(other != keccak256(commitments));
        vm.expectRevert(IERC7992Verifier.InputCommitmentMismatch.selector);
        inferenceVerifier.verifyInference(modelId, other, _output, abi.encode(_evidence));
    }

    function testFuzz_verifyInference_refuses_other_bytes(bytes memory junk) public {
        vm.expectRevert();
        inferenceVerifier.verifyInference(modelId, keccak256(commitments), _output, junk);
        bytes memory encoded = abi.encode(_evidence);
        encoded[31] = 0x40;
        vm.expectRevert(InferenceVerifier.NotCanonical.selector);
        inferenceVerifier.verifyInference(modelId, keccak256(commitments), _output, encoded);
    }

    function testFuzz_verifyInference_survives_flipped_bits(uint256 position, uint8 flip) public {
        vm.assume(flip != 0);
        bytes memory encoded = abi.encode(_evidence);
        position = bound(position, 0, encoded.length - 1);
        encoded[position] = bytes1(uint8(encoded[position]) ^ flip);
        // Only padding may differ without a refusal: then what was decoded is the same, and so is the statement.
        (bool ok,) = address(inferenceVerifier)
            .call(
                abi.encodeCall(inferenceVerifier.verifyInference, (modelId, keccak256(commitments), _output, encoded))
            );
        if (ok) {
            bytes32 stmt = statementHash(address(this), SUBJECT, modelId, _output, 7, _deadline);
            vm.assertEq(inferenceVerifier.usedAt(stmt), vm.getBlockNumber());
        }
    }

    function test_stored_inference_reads_back() public {
        bytes32 id =
            inferenceVerifier.verifyAndStoreInference(modelId, keccak256(commitments), _output, abi.encode(_evidence));
        vm.assertEq(id, keccak256(abi.encodePacked(modelId, keccak256(commitments), _output)));
        (uint256 model, bytes32 inputCommitment, bytes memory output) = inferenceVerifier.getInference(id);
        vm.assertEq(model, modelId);
        vm.assertEq(inputCommitment, keccak256(commitments));
        vm.assertEq(output, _output);
    }

    function testFuzz_unknown_inference_is_not_found(bytes32 id) public {
        vm.expectRevert(abi.encodeWithSelector(InferenceVerifier.InferenceNotFound.selector, id));
        inferenceVerifier.getInference(id);
    }

    function testFuzz_verifyMany_is_all_or_nothing(uint8 count, uint8 bad) public {
        count = uint8(bound(count, 1, 6));
        InferenceVerifier.Inference[] memory list = new InferenceVerifier.Inference[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = InferenceVerifier.Inference(
                modelId, _output, prove(address(this), SUBJECT, modelId, _output, 100 + i, _deadline)
            );
        }
        bad = uint8(bound(bad, 0, count - 1));
        bytes memory proof = list[bad].evidence.proof;
        list[bad].evidence.proof = "forged";
        vm.expectRevert(VerifierDouble.ProofRejected.selector);
        inferenceVerifier.verifyMany(list);
        list[bad].evidence.proof = proof;
        bytes32[] memory stmts = inferenceVerifier.verifyMany(list);
        for (uint256 i = 0; i < count; ++i) {
            vm.assertEq(stmts[i], statementHash(address(this), SUBJECT, modelId, _output, 100 + i, _deadline));
        }
    }

    function test_verifyMany_refuses_a_statement_twice() public {
        InferenceVerifier.Inference[] memory list = new InferenceVerifier.Inference[](2);
        list[0] = list[1] = InferenceVerifier.Inference(modelId, _output, _evidence);
        vm.expectPartialRevert(InferenceVerifier.StatementUsed.selector);
        inferenceVerifier.verifyMany(list);
    }

    function test_proof_system_and_registry() public {
        vm.assertEq(
            bytes32(inferenceVerifier.proofSystemOf(modelId)), bytes32(bytes4(keccak256("zkseal-mercury-bn254-v1")))
        );
        vm.assertEq(inferenceVerifier.registry(), address(registry));
        vm.assertEq(address(inferenceVerifier.verifier()), address(double_));
        vm.assertTrue(inferenceVerifier.supportsInterface(type(IERC7992Verifier).interfaceId));
        vm.assertTrue(inferenceVerifier.supportsInterface(type(IERC7992Storage).interfaceId));
        vm.expectPartialRevert(IERC7992Registry.ModelNotFound.selector);
        inferenceVerifier.proofSystemOf(1);
        vm.expectRevert(InferenceVerifier.ZeroAddress.selector);
        new InferenceVerifier(IModelRegistry(address(0)));
    }

    function _expectRejected(uint256 model, bytes memory output, Evidence memory evidence) private {
        vm.expectRevert(VerifierDouble.ProofRejected.selector);
        inferenceVerifier.consume(model, output, evidence);
    }
}
