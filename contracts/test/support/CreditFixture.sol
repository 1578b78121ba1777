// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {CreditScore} from "../../src/CreditScore.sol";
import {Evidence} from "../../src/lib/StatementLib.sol";
import {Fixture} from "./Fixture.sol";

/// @dev A credit score with one provider and the policy "threshold 600 reached".
abstract contract CreditFixture is Fixture {
    uint256 internal constant PROVIDER_KEY = 0xda7a;

    CreditScore internal credit;
    address internal creditOwner = account("credit owner");
    address internal provider = vm.addr(0xda7a);
    bytes internal approvedOutput = values(600, 1);

    uint256 private _nonce;

    function setUpCredit() internal {
        setUpFixture();
        credit = new CreditScore(inferenceVerifier, creditOwner);
        vm.startPrank(creditOwner);
        credit.setProvider(provider, true);
        credit.setPolicy(modelId, approvedOutput);
        vm.stopPrank();
    }

    function dataOf(address borrower, bytes32 subjectId) internal view returns (CreditScore.CreditData memory) {
        return CreditScore.CreditData(borrower, keccak256(commitments), subjectId, uint64(now_() + 30 days));
    }

    /// @dev The digest is written out here once more.
    function sign(CreditScore.CreditData memory data, uint256 key) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digestOf(data));
        return abi.encodePacked(r, s, v);
    }

    function digestOf(CreditScore.CreditData memory data) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("zkseal CreditScore"),
                keccak256("1"),
                block.chainid,
                address(credit)
            )
        );
        bytes32 hash = keccak256(
            abi.encode(
                keccak256("CreditData(address borrower,bytes32 inputCommitment,bytes32 subjectId,uint64 expiry)"),
                data.borrower,
                data.inputCommitment,
                data.subjectId,
                data.expiry
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, hash));
    }

    function proveCredit(CreditScore.CreditData memory data, bytes memory output) internal returns (Evidence memory) {
        return prove(address(credit), digestOf(data), modelId, output, ++_nonce, now_() + 1 hours);
    }

    function approve(address borrower, bytes32 subjectId) internal {
        CreditScore.CreditData memory data = dataOf(borrower, subjectId);
        Evidence memory evidence = proveCredit(data, approvedOutput);
        bytes memory signature = sign(data, PROVIDER_KEY);
        vm.prank(borrower);
        credit.approve(data, provider, signature, approvedOutput, evidence);
    }
}
