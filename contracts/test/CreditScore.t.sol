// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {CreditScore} from "../src/CreditScore.sol";
import {InferenceVerifier} from "../src/InferenceVerifier.sol";
import {Evidence} from "../src/lib/StatementLib.sol";
import {CreditFixture} from "./support/CreditFixture.sol";
import {Wallet} from "./support/Mocks.sol";
import {VerifierDouble} from "./support/VerifierDouble.sol";

contract CreditScoreTest is CreditFixture {
    bytes32 private constant ALICE_ID = keccak256("alice, keyed");

    address private _alice = account("alice");
    address private _bob = account("bob");

    CreditScore.CreditData private _data;
    bytes private _signature;
    Evidence private _evidence;

    function setUp() public {
        setUpCredit();
        _data = dataOf(_alice, ALICE_ID);
        _signature = sign(_data, PROVIDER_KEY);
        _evidence = proveCredit(_data, approvedOutput);
    }

    function test_proof_of_a_good_score_approves() public {
        bytes32 nullifier =
            keccak256(abi.encode("zkseal credit nullifier v1", block.chainid, address(credit), ALICE_ID));
        vm.expectEmit(address(credit));
        emit CreditScore.Approved(_alice, nullifier, _data.expiry);
        _approve();
        (bytes32 got, uint64 expiry) = credit.approvalOf(_alice);
        vm.assertEq(got, nullifier);
        vm.assertEq(uint256(expiry), uint256(_data.expiry));
        (got,) = credit.approvalOf(_bob);
        vm.assertEq(got, bytes32(0));
    }

    function test_digest_is_eip712() public view {
        vm.assertEq(credit.hashOf(_data), digestOf(_data));
    }

    function test_bad_score_is_refused_though_proved() public {
        Evidence memory evidence = proveCredit(_data, values(600, 0));
        vm.expectRevert(CreditScore.NotApproved.selector);
        vm.prank(_alice);
        credit.approve(_data, provider, _signature, values(600, 0), evidence);
    }

    function test_lower_threshold_is_refused() public {
        Evidence memory evidence = proveCredit(_data, values(300, 1));
        vm.expectRevert(CreditScore.NotApproved.selector);
        vm.prank(_alice);
        credit.approve(_data, provider, _signature, values(300, 1), evidence);
    }

    function testFuzz_only_the_borrower_approves(address caller) public {
        vm.assume(caller != _alice);
        vm.expectRevert(abi.encodeWithSelector(CreditScore.NotBorrower.selector, _alice, caller));
        vm.prank(caller);
        credit.approve(_data, provider, _signature, approvedOutput, _evidence);
    }

    function testFuzz_signature_covers_every_field(uint8 field, uint256 change) public {
        vm.assume(uint64(change) != 0);
        field = field % 3;
        CreditScore.CreditData memory data = _data;
        if (field == 0) data.borrower = _bob;
        if (field == 1) data.subjectId = bytes32(uint256(data.subjectId) ^ change);
        if (field == 2) {
            data.expiry = uint64(bound(change, now_(), type(uint64).max));
            vm.assume(data.expiry != _data.expiry);
        }
        Evidence memory evidence = proveCredit(data, approvedOutput);
        vm.expectRevert(CreditScore.BadSignature.selector);
        vm.prank(data.borrower);
        credit.approve(data, provider, _signature, approvedOutput, evidence);
    }

    function testFuzz_data_must_be_the_proved_data(bytes32 other) public {
        vm.assume(other != keccak256(commitments));
        CreditScore.CreditData memory data = _data;
        data.inputCommitment = other;
        bytes memory signature = sign(data, PROVIDER_KEY);
        vm.expectRevert(CreditScore.InputCommitmentMismatch.selector);
        vm.prank(_alice);
        credit.approve(data, provider, signature, approvedOutput, _evidence);
    }

    function test_proof_for_other_data_is_refused() public {
        CreditScore.CreditData memory other = dataOf(_bob, keccak256("bob, keyed"));
        bytes memory signature = sign(other, PROVIDER_KEY);
        vm.expectRevert(VerifierDouble.ProofRejected.selector);
        vm.prank(_bob);
        credit.approve(other, provider, signature, approvedOutput, _evidence);
    }

    function testFuzz_strangers_do_not_sign(uint256 key) public {
        key = bound(key, 1, type(uint128).max);
        vm.assume(key != PROVIDER_KEY);
        bytes memory signature = sign(_data, key);
        vm.expectRevert(CreditScore.BadSignature.selector);
        vm.prank(_alice);
        credit.approve(_data, provider, signature, approvedOutput, _evidence);
        address stranger = vm.addr(key);
        vm.expectRevert(abi.encodeWithSelector(CreditScore.UnknownProvider.selector, stranger));
        vm.prank(_alice);
        credit.approve(_data, stranger, signature, approvedOutput, _evidence);
    }

    function test_provider_may_be_a_contract() public {
        Wallet wallet = new Wallet(provider);
        vm.prank(creditOwner);
        credit.setProvider(address(wallet), true);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(PROVIDER_KEY, digestOf(_data));
        vm.expectRevert(CreditScore.BadSignature.selector);
        vm.prank(_alice);
        credit.approve(_data, address(wallet), abi.encode(v, r, bytes32(uint256(s) ^ 1)), approvedOutput, _evidence);
        vm.prank(_alice);
        credit.approve(_data, address(wallet), abi.encode(v, r, s), approvedOutput, _evidence);
    }

    function test_replay_is_refused() public {
        _approve();
        vm.expectPartialRevert(InferenceVerifier.StatementUsed.selector);
        vm.prank(_alice);
        credit.approve(_data, provider, _signature, approvedOutput, _evidence);
    }

    function testFuzz_expired_data_is_refused(uint32 late) public {
        vm.warp(uint256(_data.expiry) + 1 + late);
        vm.expectRevert(abi.encodeWithSelector(CreditScore.DataExpired.selector, _data.expiry));
        _approve();
    }

    function test_approval_lapses_with_expiry_provider_and_policy() public {
        _approve();
        vm.warp(_data.expiry);
        _assertApproved(true);
        vm.warp(uint256(_data.expiry) + 1);
        _assertApproved(false);
        vm.warp(_data.expiry);
        vm.prank(creditOwner);
        credit.setProvider(provider, false);
        _assertApproved(false);
        vm.startPrank(creditOwner);
        credit.setProvider(provider, true);
        _assertApproved(true);
        credit.setPolicy(modelId, values(700, 1));
        _assertApproved(false);
    }

    function testFuzz_only_the_owner_sets_providers_and_policy(address caller) public {
        vm.assume(caller != creditOwner);
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(refusal);
        credit.setProvider(caller, true);
        vm.expectRevert(refusal);
        credit.setPolicy(1, "");
    }

    function testFuzz_nullifiers_differ_by_subject_only(bytes32 a, bytes32 b) public view {
        vm.assertEq(credit.nullifierOf(a) == credit.nullifierOf(b), a == b);
    }

    function _approve() private {
        vm.prank(_alice);
        credit.approve(_data, provider, _signature, approvedOutput, _evidence);
    }

    function _assertApproved(bool approved) private view {
        (bytes32 nullifier,) = credit.approvalOf(_alice);
        vm.assertEq(nullifier != 0, approved);
    }
}
