// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {InferenceVerifier} from "../../src/InferenceVerifier.sol";
import {ModelRegistry} from "../../src/ModelRegistry.sol";
import {IERC7992Registry} from "../../src/interfaces/IERC7992.sol";
import {Evidence} from "../../src/lib/StatementLib.sol";
import {Test} from "./Test.sol";
import {VerifierDouble} from "./VerifierDouble.sol";

/// @dev Registry and verifier over the double, one registered model, and a prover of any statement.
/// The statement hash is written out here once more, so that a change of the library's is noticed.
abstract contract Fixture is Test {
    VerifierDouble internal double_;
    ModelRegistry internal registry;
    InferenceVerifier internal inferenceVerifier;
    uint256 internal modelId;

    address internal modelOwner = account("model owner");
    bytes internal commitments = abi.encode("commitment to the inputs", "64 bytes each");

    uint256 private _proofs;

    function setUpFixture() internal {
        vm.warp(1_800_000_000);
        vm.roll(1_000);
        double_ = new VerifierDouble();
        registry = new ModelRegistry(double_, true);
        inferenceVerifier = new InferenceVerifier(registry);
        modelId = register("program", "model program");
    }

    function commitmentOf(bytes memory program, bytes memory modelProgram)
        internal
        pure
        returns (IERC7992Registry.ModelCommitment memory)
    {
        bytes32 id = keccak256(abi.encode("zkseal chain model v1", keccak256(program), keccak256(modelProgram)));
        return IERC7992Registry.ModelCommitment(
            keccak256(modelProgram), keccak256(program), id, bytes4(keccak256("zkseal-mercury-bn254-v1")), "ipfs://card"
        );
    }

    /// @dev Stores both programs and has `modelOwner` prove the model.
    function proveModel(bytes memory program, bytes memory modelProgram)
        internal
        returns (IERC7992Registry.ModelCommitment memory)
    {
        registry.storeProgram(program);
        address modelPointer = registry.storeProgram(modelProgram);
        double_.accept(modelPointer, "", "", "", "model proof");
        vm.prank(modelOwner);
        registry.proveModel(keccak256(program), keccak256(modelProgram), "model proof");
        return commitmentOf(program, modelProgram);
    }

    function register(bytes memory program, bytes memory modelProgram) internal returns (uint256) {
        IERC7992Registry.ModelCommitment memory commitment = proveModel(program, modelProgram);
        vm.prank(modelOwner);
        return registry.registerModel(commitment);
    }

    function statementHash(
        address consumer,
        bytes32 subject,
        uint256 model,
        bytes memory output,
        uint256 nonce,
        uint256 deadline
    ) internal view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("zkseal chain statement v1"),
                block.chainid,
                address(inferenceVerifier),
                model,
                keccak256(commitments),
                keccak256(output),
                keccak256(abi.encode(consumer, subject)),
                nonce,
                deadline
            )
        );
    }

    /// @dev Evidence that the double accepts for just this statement.
    function prove(
        address consumer,
        bytes32 subject,
        uint256 model,
        bytes memory output,
        uint256 nonce,
        uint256 deadline
    ) internal returns (Evidence memory) {
        bytes memory proof = abi.encode("proof", ++_proofs);
        double_.accept(
            registry.statusOf(model).program,
            abi.encodePacked(statementHash(consumer, subject, model, output, nonce, deadline)),
            output,
            commitments,
            proof
        );
        return Evidence(subject, nonce, deadline, commitments, proof);
    }

    function values(int64 a) internal pure returns (bytes memory) {
        int64[] memory list = new int64[](1);
        list[0] = a;
        return abi.encode(list);
    }

    function values(int64 a, int64 b) internal pure returns (bytes memory) {
        int64[] memory list = new int64[](2);
        (list[0], list[1]) = (a, b);
        return abi.encode(list);
    }

    function values(int64 a, int64 b, int64 c) internal pure returns (bytes memory) {
        int64[] memory list = new int64[](3);
        (list[0], list[1], list[2]) = (a, b, c);
        return abi.encode(list);
    }
}
