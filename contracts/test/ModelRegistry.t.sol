// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {ModelRegistry} from "../src/ModelRegistry.sol";
import {IERC7992Registry} from "../src/interfaces/IERC7992.sol";
import {IModelRegistry} from "../src/interfaces/IModelRegistry.sol";
import {IZksealVerifier} from "../src/interfaces/IZksealVerifier.sol";
import {CodeStorage} from "../src/lib/CodeStorage.sol";
import {Fixture} from "./support/Fixture.sol";
import {VerifierDouble} from "./support/VerifierDouble.sol";

contract ModelRegistryTest is Fixture {
    address private _stranger = account("stranger");

    function setUp() public {
        setUpFixture();
    }

    function test_registered_model_reads_back() public view {
        (IERC7992Registry.ModelCommitment memory commitment, bool deprecated, address owner) =
            registry.getModel(modelId);
        vm.assertEq(abi.encode(commitment), abi.encode(commitmentOf("program", "model program")));
        vm.assertFalse(deprecated);
        vm.assertEq(owner, modelOwner);
        vm.assertEq(
            modelId,
            uint256(keccak256(abi.encode("zkseal chain model v1", keccak256("program"), keccak256("model program"))))
        );
        IModelRegistry.ModelStatus memory status = registry.statusOf(modelId);
        vm.assertEq(CodeStorage.read(status.program), bytes("program"));
        vm.assertEq(uint256(status.version), 1);
        vm.assertEq(uint256(status.minimumVersion), 1);
    }

    function test_constructor_refuses_no_verifier() public {
        vm.expectRevert(ModelRegistry.ZeroAddress.selector);
        new ModelRegistry(IZksealVerifier(address(0)), true);
    }

    function test_supports_erc165_and_erc7992() public view {
        vm.assertTrue(registry.supportsInterface(type(IERC165).interfaceId));
        vm.assertTrue(registry.supportsInterface(type(IERC7992Registry).interfaceId));
        vm.assertFalse(registry.supportsInterface(0xffffffff));
    }

    function testFuzz_storing_twice_gives_one_address(bytes memory program) public {
        vm.assume(program.length > 0 && program[0] != 0xef);
        address pointer = registry.storeProgram(program);
        vm.assertEq(registry.storeProgram(program), pointer);
        vm.assertEq(registry.programAt(keccak256(program)), pointer);
        vm.assertEq(CodeStorage.read(pointer), program);
    }

    function test_program_beyond_a_chunk_is_refused() public {
        vm.expectPartialRevert(CodeStorage.DataTooLong.selector);
        registry.storeProgram(new bytes(24_577));
    }

    function test_programs_of_different_models_or_setups_are_refused() public {
        address program = registry.storeProgram("one");
        address modelProgram = registry.storeProgram("other");
        double_.tell(program, keccak256("a"), "tau");
        double_.tell(modelProgram, keccak256("b"), "tau");
        vm.expectRevert(
            abi.encodeWithSelector(ModelRegistry.ModelsDiffer.selector, keccak256("a"), keccak256("b"))
        );
        registry.proveModel(keccak256("one"), keccak256("other"), "proof");
        double_.tell(modelProgram, keccak256("a"), "another tau");
        vm.expectRevert(ModelRegistry.SetupsDiffer.selector);
        registry.proveModel(keccak256("one"), keccak256("other"), "proof");
    }

    function test_setup_of_unknown_origin_is_refused() public {
        ModelRegistry strict = new ModelRegistry(registry.verifier(), false);
        address program = strict.storeProgram("one");
        double_.tell(program, bytes32(0), "tau");
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.SetupRefused.selector, keccak256("tau")));
        strict.proveModel(keccak256("one"), keccak256("one"), "proof");
    }

    function testFuzz_model_needs_exactly_its_proof(bytes memory proof) public {
        vm.assume(keccak256(proof) != keccak256("model proof"));
        registry.storeProgram("p");
        address pointer = registry.storeProgram("m");
        double_.accept(pointer, "", "", "", "model proof");
        vm.expectRevert(VerifierDouble.ProofRejected.selector);
        registry.proveModel(keccak256("p"), keccak256("m"), proof);
        // The proof is for the model program: with the programs swapped it is worth nothing.
        vm.expectRevert(VerifierDouble.ProofRejected.selector);
        registry.proveModel(keccak256("m"), keccak256("p"), "model proof");
    }

    function test_proof_needs_both_programs() public {
        bytes32 known = keccak256("program");
        bytes32 unknown = keccak256("unknown");
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.ProgramNotStored.selector, unknown));
        registry.proveModel(unknown, known, "");
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.ProgramNotStored.selector, unknown));
        registry.proveModel(known, unknown, "");
    }

    function test_model_is_proved_once() public {
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.ModelAlreadyProved.selector, modelId));
        registry.proveModel(keccak256("program"), keccak256("model program"), "model proof");
    }

    function test_unproved_model_is_refused() public {
        registry.storeProgram("p");
        registry.storeProgram("m");
        vm.expectPartialRevert(ModelRegistry.ModelNotProved.selector);
        registry.registerModel(commitmentOf("p", "m"));
    }

    function testFuzz_only_the_prover_registers(address caller) public {
        vm.assume(caller != modelOwner);
        IERC7992Registry.ModelCommitment memory commitment = proveModel("p", "m");
        vm.expectRevert(
            abi.encodeWithSelector(ModelRegistry.ModelNotProved.selector, uint256(commitment.vkHash), caller)
        );
        vm.prank(caller);
        registry.registerModel(commitment);
    }

    function test_model_is_registered_once() public {
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.ModelExists.selector, modelId));
        vm.prank(modelOwner);
        registry.registerModel(commitmentOf("program", "model program"));
    }

    function testFuzz_every_hash_of_the_commitment_counts(bytes32 other) public {
        IERC7992Registry.ModelCommitment memory commitment = proveModel("p", "m");
        vm.assume(other != commitment.vkHash && other != commitment.circuitHash && other != commitment.modelHash);
        vm.startPrank(modelOwner);
        bytes32 kept = commitment.vkHash;
        commitment.vkHash = other;
        vm.expectPartialRevert(ModelRegistry.VkHashMismatch.selector);
        registry.registerModel(commitment);
        (commitment.vkHash, kept) = (kept, commitment.circuitHash);
        commitment.circuitHash = other;
        vm.expectPartialRevert(ModelRegistry.VkHashMismatch.selector);
        registry.registerModel(commitment);
        commitment.circuitHash = kept;
        commitment.modelHash = other;
        vm.expectPartialRevert(ModelRegistry.VkHashMismatch.selector);
        registry.registerModel(commitment);
    }

    function testFuzz_other_proof_systems_are_refused(bytes4 system) public {
        IERC7992Registry.ModelCommitment memory commitment = proveModel("p", "m");
        vm.assume(system != commitment.proofSystemId);
        commitment.proofSystemId = system;
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.UnsupportedProofSystem.selector, system));
        vm.prank(modelOwner);
        registry.registerModel(commitment);
    }

    function test_update_adds_a_version_to_the_family() public {
        IERC7992Registry.ModelCommitment memory next = proveModel("program 2", "model program 2");
        uint256 nextId = uint256(next.vkHash);
        vm.expectEmit(address(registry));
        emit IERC7992Registry.ModelUpdated(modelId, commitmentOf("program", "model program"), next);
        vm.expectEmit(address(registry));
        emit IERC7992Registry.ModelRegistered(nextId, modelOwner, next);
        vm.prank(modelOwner);
        registry.updateModel(modelId, next);
        (uint256 familyId, ModelRegistry.Family memory family) = registry.familyOf(nextId);
        vm.assertEq(familyId, modelId);
        vm.assertEq(family.latestModelId, nextId);
        vm.assertEq(uint256(registry.statusOf(nextId).version), 2);
        vm.assertEq(uint256(registry.statusOf(modelId).version), 1);

        IERC7992Registry.ModelCommitment memory third = proveModel("program 3", "model program 3");
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.NotLatestVersion.selector, modelId, nextId));
        vm.prank(modelOwner);
        registry.updateModel(modelId, third);
    }

    function test_update_without_a_model_proof_is_refused() public {
        registry.storeProgram("p");
        registry.storeProgram("m");
        vm.expectPartialRevert(ModelRegistry.ModelNotProved.selector);
        vm.prank(modelOwner);
        registry.updateModel(modelId, commitmentOf("p", "m"));
    }

    function test_update_of_the_uri_keeps_the_version() public {
        IERC7992Registry.ModelCommitment memory commitment = commitmentOf("program", "model program");
        commitment.uri = "ipfs://other";
        vm.prank(modelOwner);
        registry.updateModel(modelId, commitment);
        (IERC7992Registry.ModelCommitment memory kept,,) = registry.getModel(modelId);
        vm.assertEq(kept.uri, "ipfs://other");
        vm.assertEq(uint256(registry.statusOf(modelId).version), 1);
        commitment.circuitHash = keccak256("else");
        vm.expectPartialRevert(ModelRegistry.VkHashMismatch.selector);
        vm.prank(modelOwner);
        registry.updateModel(modelId, commitment);
    }

    function testFuzz_only_the_owner_changes_anything(address caller) public {
        // The zero address sends no transactions.
        vm.assume(caller != modelOwner && caller != address(0));
        bytes memory refusal = abi.encodeWithSelector(IERC7992Registry.NotModelOwner.selector, modelId, caller);
        IERC7992Registry.ModelCommitment memory commitment = commitmentOf("program", "model program");
        vm.startPrank(caller);
        vm.expectRevert(refusal);
        registry.updateModel(modelId, commitment);
        vm.expectRevert(refusal);
        registry.deprecateModel(modelId);
        vm.expectRevert(refusal);
        registry.raiseMinimumVersion(modelId, 1);
        vm.expectRevert(refusal);
        registry.transferOwnership(modelId, caller);
        vm.expectPartialRevert(ModelRegistry.NotPendingOwner.selector);
        registry.acceptOwnership(modelId);
    }

    function test_deprecation_is_for_good() public {
        vm.startPrank(modelOwner);
        registry.deprecateModel(modelId);
        vm.assertTrue(registry.statusOf(modelId).deprecated);
        vm.expectRevert(abi.encodeWithSelector(IERC7992Registry.ModelIsDeprecated.selector, modelId));
        registry.deprecateModel(modelId);
    }

    function test_minimum_version_is_raised_and_never_lowered() public {
        IERC7992Registry.ModelCommitment memory next = proveModel("program 2", "model program 2");
        vm.startPrank(modelOwner);
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.VersionUnknown.selector, 1, 2));
        registry.raiseMinimumVersion(modelId, 2);
        registry.updateModel(modelId, next);
        registry.raiseMinimumVersion(modelId, 2);
        vm.assertEq(uint256(registry.statusOf(modelId).minimumVersion), 2);
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.VersionNotRaised.selector, 2, 1));
        registry.raiseMinimumVersion(modelId, 1);
    }

    function test_ownership_takes_two_steps() public {
        vm.prank(modelOwner);
        registry.transferOwnership(modelId, _stranger);
        (,, address owner) = registry.getModel(modelId);
        vm.assertEq(owner, modelOwner);
        vm.prank(_stranger);
        registry.acceptOwnership(modelId);
        (,, owner) = registry.getModel(modelId);
        vm.assertEq(owner, _stranger);
        vm.expectPartialRevert(IERC7992Registry.NotModelOwner.selector);
        vm.prank(modelOwner);
        registry.deprecateModel(modelId);
        vm.expectPartialRevert(ModelRegistry.NotPendingOwner.selector);
        vm.prank(_stranger);
        registry.acceptOwnership(modelId);
    }

    function test_offer_of_ownership_can_be_withdrawn() public {
        vm.startPrank(modelOwner);
        registry.transferOwnership(modelId, _stranger);
        registry.transferOwnership(modelId, address(0));
        vm.stopPrank();
        vm.expectPartialRevert(ModelRegistry.NotPendingOwner.selector);
        vm.prank(_stranger);
        registry.acceptOwnership(modelId);
    }

    function testFuzz_unknown_models_are_not_found(uint256 unknown) public {
        vm.assume(unknown != modelId);
        bytes memory refusal = abi.encodeWithSelector(IERC7992Registry.ModelNotFound.selector, unknown);
        vm.expectRevert(refusal);
        registry.getModel(unknown);
        vm.expectRevert(refusal);
        registry.statusOf(unknown);
        vm.expectRevert(refusal);
        registry.familyOf(unknown);
        vm.expectRevert(refusal);
        registry.deprecateModel(unknown);
    }
}
