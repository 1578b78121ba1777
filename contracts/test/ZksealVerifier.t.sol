// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IZksealVerifier} from "../src/interfaces/IZksealVerifier.sol";
import {CodeStorage} from "../src/lib/CodeStorage.sol";
import {
    InvalidProgram,
    LinearClaimRejected,
    NonCanonicalScalar,
    OpeningRejected,
    WrongLength
} from "../src/verifier/Frame.sol";
import {ZksealVerifier} from "../src/verifier/ZksealVerifier.sol";
import {Test} from "./support/Test.sol";

/// @dev Real proofs of real models (scripts/contract_fixtures.py): tests named `test_gas_` guard what they cost. Every word
/// of proofs is changed in tests/chain, with pyrevm.
contract ZksealVerifierTest is Test {
    ZksealVerifier private _verifier;
    IZksealVerifier.Item private _mlp;
    IZksealVerifier.Item private _mlpModel;
    IZksealVerifier.Item private _lenet;
    IZksealVerifier.Item private _lenetModel;

    function setUp() public {
        _verifier = new ZksealVerifier();
        (_mlp, _mlpModel) = load("mlp_credit");
        (_lenet, _lenetModel) = load("lenet");
    }

    function load(string memory name)
        private
        returns (IZksealVerifier.Item memory inference, IZksealVerifier.Item memory model)
    {
        string memory json = vm.readFile(string.concat("test/fixtures/", name, ".json"));
        inference = IZksealVerifier.Item(
            CodeStorage.write(vm.parseJsonBytes(json, ".program")),
            vm.parseJsonBytes(json, ".context"),
            vm.parseJsonBytes(json, ".public_values"),
            vm.parseJsonBytes(json, ".commitments"),
            vm.parseJsonBytes(json, ".proof")
        );
        model = IZksealVerifier.Item(
            CodeStorage.write(vm.parseJsonBytes(json, ".model_program")),
            "",
            "",
            "",
            vm.parseJsonBytes(json, ".model_proof")
        );
    }

    function verify(IZksealVerifier.Item memory item) private view {
        _verifier.verify(item.program, item.context, item.publicValues, item.commitments, item.proof);
    }

    function test_gas_mlp_credit() public view {
        verify(_mlp);
    }

    function test_gas_mlp_credit_model_proof() public view {
        verify(_mlpModel);
    }

    function test_gas_lenet() public view {
        verify(_lenet);
    }

    function test_gas_lenet_model_proof() public view {
        verify(_lenetModel);
    }

    function test_gas_two_mlp_credit_together() public view {
        IZksealVerifier.Item[] memory items = new IZksealVerifier.Item[](2);
        (items[0], items[1]) = (_mlp, _mlp);
        _verifier.verifyMany(items);
    }

    function test_programs_tell_model_and_setup() public view {
        bytes32 digest = _verifier.modelDigest(_mlp.program);
        vm.assertEq(digest, _verifier.modelDigest(_mlpModel.program));
        vm.assertNotEq(digest, _verifier.modelDigest(_lenet.program));
        // Aztec's ceremony, as the registry knows it.
        bytes32 aztec = keccak256(_verifier.setupOf(_mlp.program));
        vm.assertEq(aztec, keccak256(_verifier.setupOf(_lenetModel.program)));
        vm.assertEq(aztec, 0xe9a6818e299fcd54ca932974a91f47bb7d52c89025865a20e05fac696e025d63);
    }

    function test_a_proof_is_of_one_program() public {
        IZksealVerifier.Item memory item = _mlp;
        item.program = _lenet.program;
        vm.expectPartialRevert(WrongLength.selector);
        verify(item);
        item.program = address(this);
        vm.expectRevert(abi.encodeWithSelector(InvalidProgram.selector, address(this)));
        verify(item);
    }

    function testFuzz_the_context_is_bound(bytes calldata context) public {
        IZksealVerifier.Item memory item = _mlp;
        vm.assume(keccak256(context) != keccak256(item.context));
        item.context = context;
        vm.expectRevert(LinearClaimRejected.selector);
        verify(item);
    }

    function testFuzz_a_changed_word_is_refused(uint256 word, uint256 change) public {
        IZksealVerifier.Item memory item = _mlp;
        bytes memory proof = item.proof;
        uint256 at = bound(word, 0, proof.length / 32 - 1) * 32 + 32;
        vm.assume(change != 0);
        assembly ("memory-safe") {
            mstore(add(proof, at), xor(mload(add(proof, at)), change))
        }
        item.proof = proof;
        vm.expectRevert();
        verify(item);
    }

    function testFuzz_another_length_is_refused(bytes calldata proof) public {
        IZksealVerifier.Item memory item = _mlp;
        vm.assume(proof.length != item.proof.length);
        item.proof = proof;
        vm.expectRevert(
            abi.encodeWithSelector(WrongLength.selector, uint256(0), _mlp.proof.length, proof.length)
        );
        verify(item);
    }

    function testFuzz_what_is_no_program_is_refused(bytes memory code) public {
        vm.assume(code.length > 0 && code[0] != 0xef);
        IZksealVerifier.Item memory item = _mlp;
        item.program = CodeStorage.write(code);
        vm.expectRevert(abi.encodeWithSelector(InvalidProgram.selector, item.program));
        verify(item);
    }

    function test_one_bad_proof_spoils_a_batch() public {
        IZksealVerifier.Item[] memory items = new IZksealVerifier.Item[](2);
        (items[0], items[1]) = (_lenet, _mlp);
        bytes memory proof = items[1].proof;
        // The last of the six values of the opening.
        proof[proof.length - 1] = bytes1(uint8(proof[proof.length - 1]) ^ 1);
        vm.expectRevert(OpeningRejected.selector);
        _verifier.verifyMany(items);
        for (uint256 i = 1; i <= 32; ++i) {
            proof[proof.length - i] = 0xff;
        }
        vm.expectPartialRevert(NonCanonicalScalar.selector);
        _verifier.verifyMany(items);
    }
}
