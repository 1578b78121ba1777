// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {InferenceVerifier} from "../src/InferenceVerifier.sol";
import {ZksealValidator} from "../src/ZksealValidator.sol";
import {IERC7992Verifier} from "../src/interfaces/IERC7992.sol";
import {Evidence} from "../src/lib/StatementLib.sol";
import {Fixture} from "./support/Fixture.sol";
import {ValidationRegistry} from "./support/Mocks.sol";
import {VerifierDouble} from "./support/VerifierDouble.sol";

contract ZksealValidatorTest is Fixture {
    ValidationRegistry private _validations;
    ZksealValidator private _validator;
    bytes private _output = values(42);
    ZksealValidator.Claim private _claim;

    function setUp() public {
        setUpFixture();
        _validations = new ValidationRegistry();
        _validator = new ZksealValidator(_validations, inferenceVerifier);
        _claim = ZksealValidator.Claim(7, modelId, keccak256(commitments), keccak256(_output), "salt");
    }

    function test_proved_claim_scores_100() public {
        bytes32 requestHash = _request(_claim, 7);
        bytes32 stmt = _validator.respond(_claim, _output, _prove(requestHash, "ipfs://why"), "ipfs://why");
        (address validator, uint256 agentId, uint8 response, bytes32 responseHash, string memory tag,) =
            _validations.getValidationStatus(requestHash);
        vm.assertEq(validator, address(_validator));
        vm.assertEq(agentId, 7);
        vm.assertEq(uint256(response), 100);
        vm.assertEq(responseHash, stmt);
        vm.assertEq(tag, "zkml");
        vm.assertEq(_validations.responseURI(requestHash), "ipfs://why");
    }

    function test_request_is_answered_once() public {
        bytes32 requestHash = _request(_claim, 7);
        _validator.respond(_claim, _output, _prove(requestHash, ""), "");
        Evidence memory evidence = _prove(requestHash, "");
        vm.expectRevert(abi.encodeWithSelector(ZksealValidator.AlreadyAnswered.selector, requestHash));
        _validator.respond(_claim, _output, evidence, "");
    }

    function testFuzz_response_uri_is_bound(string memory uri) public {
        vm.assume(keccak256(bytes(uri)) != keccak256("ipfs://why"));
        Evidence memory evidence = _prove(_request(_claim, 7), "ipfs://why");
        evidence.subject = _validator.subjectOf(_validator.hashOf(_claim), uri); // ignored, as it is recomputed
        vm.expectRevert(VerifierDouble.ProofRejected.selector);
        _validator.respond(_claim, _output, evidence, uri);
    }

    function testFuzz_claim_must_be_the_proved_one(bytes memory output) public {
        vm.assume(keccak256(output) != keccak256(_output));
        bytes32 requestHash = _request(_claim, 7);
        bytes32 subject = _validator.subjectOf(requestHash, "");
        Evidence memory evidence = prove(address(_validator), subject, modelId, output, 1, now_() + 60);
        vm.expectRevert(ZksealValidator.ClaimMismatch.selector);
        _validator.respond(_claim, output, evidence, "");
        evidence = _prove(requestHash, "");
        evidence.commitments = output;
        vm.expectRevert(ZksealValidator.ClaimMismatch.selector);
        _validator.respond(_claim, _output, evidence, "");
    }

    function test_unrequested_claim_is_refused() public {
        bytes32 requestHash = _validator.hashOf(_claim);
        Evidence memory evidence = _prove(requestHash, "");
        vm.expectRevert(bytes("unknown"));
        _validator.respond(_claim, _output, evidence, "");
        // Requested of someone else.
        _validations.validationRequest(address(1), 7, "", requestHash);
        vm.expectRevert(abi.encodeWithSelector(ZksealValidator.NotRequested.selector, requestHash));
        _validator.respond(_claim, _output, evidence, "");
    }

    function test_claim_of_another_agent_is_refused() public {
        bytes32 requestHash = _request(_claim, 8);
        Evidence memory evidence = _prove(requestHash, "");
        vm.expectRevert(abi.encodeWithSelector(ZksealValidator.NotRequested.selector, requestHash));
        _validator.respond(_claim, _output, evidence, "");
    }

    function test_late_and_deprecated_are_refused() public {
        Evidence memory evidence = _prove(_request(_claim, 7), "");
        vm.warp(evidence.deadline + 1);
        vm.expectPartialRevert(InferenceVerifier.DeadlinePassed.selector);
        _validator.respond(_claim, _output, evidence, "");
        vm.warp(evidence.deadline);
        vm.prank(modelOwner);
        registry.deprecateModel(modelId);
        vm.expectPartialRevert(IERC7992Verifier.VerificationRefused_ModelDeprecated.selector);
        _validator.respond(_claim, _output, evidence, "");
    }

    function _request(ZksealValidator.Claim memory claim, uint256 agentId) private returns (bytes32 requestHash) {
        requestHash = _validator.hashOf(claim);
        _validations.validationRequest(address(_validator), agentId, "ipfs://what", requestHash);
    }

    function _prove(bytes32 requestHash, string memory uri) private returns (Evidence memory) {
        bytes32 subject = _validator.subjectOf(requestHash, uri);
        return prove(address(_validator), subject, modelId, _output, 1, now_() + 60);
    }
}
