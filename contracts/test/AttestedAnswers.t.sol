// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {AttestedKeyRegistry} from "../src/AttestedKeyRegistry.sol";
import {InferenceOracle} from "../src/InferenceOracle.sol";
import {RequestBook} from "../src/RequestBook.sol";
import {IERC7992Verifier} from "../src/interfaces/IERC7992.sol";
import {Mode} from "../src/lib/Mode.sol";
import {Evidence} from "../src/lib/StatementLib.sol";
import {KeyFixture} from "./support/KeyFixture.sol";

/// @dev The oracle with the registry of keys: an enclave's signature over the answer's statement, and nothing between.
contract AttestedAnswersTest is KeyFixture {
    InferenceOracle private _oracle;
    address private _node = account("node");
    bytes private _output = values(5, 99);

    function setUp() public {
        setUpKeys();
        _oracle = new InferenceOracle(inferenceVerifier, owner);
        vm.prank(owner);
        _oracle.setAttestationVerifier(keys);
        registerEnclave();
    }

    function test_enclave_answers() public {
        uint256 id = _ask(Mode.TEE);
        bytes32 commitment = keccak256(commitments);
        bytes32 stmt = _oracle.statementOf(id, _node, _output, commitment);
        bytes memory stranger = signature(uint256(keccak256("stranger")), answerDigest(stmt));
        vm.expectPartialRevert(AttestedKeyRegistry.KeyNotRegistered.selector);
        _oracle.answerAttested(id, _node, _output, commitment, stranger);
        bytes memory answer = signature(enclave, answerDigest(stmt));
        vm.expectPartialRevert(AttestedKeyRegistry.KeyNotRegistered.selector);
        _oracle.answerAttested(id, owner, _output, commitment, answer);
        _oracle.answerAttested(id, _node, _output, commitment, answer);
    }

    function test_answer_serves_one_request() public {
        uint256 id = _ask(Mode.TEE);
        uint256 other = _ask(Mode.TEE);
        bytes memory answer = _sign(id);
        vm.expectPartialRevert(AttestedKeyRegistry.KeyNotRegistered.selector);
        _oracle.answerAttested(other, _node, _output, keccak256(commitments), answer);
        _oracle.answerAttested(id, _node, _output, keccak256(commitments), answer);
    }

    function test_revocation_holds_between_signing_and_answering() public {
        uint256 id = _ask(Mode.TEE);
        bytes memory answer = _sign(id);
        vm.prank(guardian);
        keys.revokeKey(vm.addr(enclave));
        vm.expectPartialRevert(AttestedKeyRegistry.KeyIsRevoked.selector);
        _oracle.answerAttested(id, _node, _output, keccak256(commitments), answer);
    }

    function test_deprecated_model_is_not_attested() public {
        uint256 id = _ask(Mode.TEE);
        bytes memory answer = _sign(id);
        vm.prank(modelOwner);
        registry.deprecateModel(modelId);
        vm.expectPartialRevert(IERC7992Verifier.VerificationRefused_ModelDeprecated.selector);
        _oracle.answerAttested(id, _node, _output, keccak256(commitments), answer);
    }

    function test_both_proof_and_enclave() public {
        uint256 id = _ask(Mode.TEE_AND_ZK);
        uint256 deadline = _oracle.getRequest(id).deadline;
        Evidence memory evidence = prove(address(_oracle), _oracle.subjectOf(id, _node), modelId, _output, id, deadline);
        bytes memory answer = _sign(id);
        vm.expectPartialRevert(AttestedKeyRegistry.KeyNotRegistered.selector);
        _oracle.answerBoth(id, _node, _output, commitments, evidence.proof, signature(appraisers[0], "stmt"));
        _oracle.answerBoth(id, _node, _output, commitments, evidence.proof, answer);
        vm.assertEq(uint256(_oracle.getRequest(id).status), uint256(RequestBook.Status.Answered));
    }

    function _sign(uint256 id) private view returns (bytes memory) {
        return signature(enclave, answerDigest(_oracle.statementOf(id, _node, _output, keccak256(commitments))));
    }

    function _ask(Mode mode) private returns (uint256) {
        RequestBook.RequestParams memory params;
        params.modelId = modelId;
        params.publicInput = values(5);
        params.deadline = uint64(now_() + 1 days);
        params.mode = mode;
        return _oracle.request(params);
    }
}
