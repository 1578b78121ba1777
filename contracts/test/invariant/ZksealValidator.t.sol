// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {ZksealValidator} from "../../src/ZksealValidator.sol";
import {Evidence} from "../../src/lib/StatementLib.sol";
import {Fixture} from "../support/Fixture.sol";
import {InvariantTest} from "../support/InvariantTest.sol";
import {ValidationRegistry} from "../support/Mocks.sol";

contract ZksealValidatorHandler is Fixture {
    ValidationRegistry public validations = new ValidationRegistry();
    ZksealValidator public validator;
    ZksealValidator.Claim[] private _claims;
    uint256 public proved;
    uint256 public wrongful;

    constructor() {
        setUpFixture();
        validator = new ZksealValidator(validations, inferenceVerifier);
    }

    function request(uint256 agentId, int64 value, bool ofOthers) external {
        ZksealValidator.Claim memory claim = ZksealValidator.Claim(
            agentId, modelId, keccak256(commitments), keccak256(values(value)), bytes32(_claims.length)
        );
        address named = ofOthers ? address(1) : address(validator);
        validations.validationRequest(named, agentId, "", validator.hashOf(claim));
        _claims.push(claim);
    }

    function respond(uint256 which, int64 value, bool forge) external {
        if (_claims.length == 0) return;
        ZksealValidator.Claim memory claim = _claims[which % _claims.length];
        bytes32 requestHash = validator.hashOf(claim);
        Evidence memory evidence =
            prove(address(validator), validator.subjectOf(requestHash, ""), modelId, values(value), proved, now_());
        if (forge) evidence.proof = "forged";
        try validator.respond(claim, values(value), evidence, "") {
            ++proved;
            (address named,,,,,) = validations.getValidationStatus(requestHash);
            if (forge || named != address(validator) || keccak256(values(value)) != claim.outputHash) ++wrongful;
        } catch {}
    }
}

contract ZksealValidatorInvariantTest is InvariantTest {
    ZksealValidatorHandler private _handler;

    function setUp() public {
        _handler = new ZksealValidatorHandler();
        target = address(_handler);
    }

    function invariant_responses_are_proved() public view {
        vm.assertEq(_handler.wrongful(), 0);
        vm.assertEq(_handler.validations().responses(), _handler.proved());
    }
}
