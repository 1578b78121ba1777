// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title Appraisers of whom `threshold` have to agree
/// @notice The owner names all of them at once; the signatures of those who are left out count no more.
abstract contract AppraiserQuorum is Ownable2Step, EIP712 {
    event AppraisersSet(uint256 indexed term, address[] appraisers, uint256 threshold);

    error ThresholdOutOfRange(uint256 threshold, uint256 appraisers);
    error NotAscending(address previous, address next);
    error NotAppraiser(address signer);
    error BelowThreshold(uint256 signatures, uint256 threshold);
    error SignaturesExpired(uint256 deadline);

    /// @notice Least number of appraisers who sign.
    uint256 public threshold;

    /// @notice Counts the sets of appraisers that the owner named.
    uint256 public term;

    mapping(uint256 term => mapping(address account => bool)) private _appraisers;

    constructor(address[] memory appraisers, uint256 threshold_) {
        _setAppraisers(appraisers, threshold_);
    }

    /// @notice Names the appraisers from now on, in ascending order, and how many of them have to sign.
    /// @dev Only the owner. Reverts with `ThresholdOutOfRange` or `NotAscending`.
    function setAppraisers(address[] calldata appraisers, uint256 threshold_) external onlyOwner {
        _setAppraisers(appraisers, threshold_);
    }

    /// @notice Whether the signature of an account counts now.
    function isAppraiser(address account) public view returns (bool) {
        return _appraisers[term][account];
    }

    /// @dev Signatures of 65 bytes (r, s, v) over the EIP-712 digest, in ascending order of their signers, so that
    /// none counts twice; ECDSA takes one form of each signature only.
    function _requireQuorum(bytes32 structHash, uint256 deadline, bytes[] calldata signatures) internal view {
        if (block.timestamp > deadline) revert SignaturesExpired(deadline);
        if (signatures.length < threshold) revert BelowThreshold(signatures.length, threshold);
        bytes32 digest = _hashTypedDataV4(structHash);
        address previous = address(0);
        for (uint256 i = 0; i < signatures.length; ++i) {
            address signer = ECDSA.recoverCalldata(digest, signatures[i]);
            if (signer <= previous) revert NotAscending(previous, signer);
            if (!isAppraiser(signer)) revert NotAppraiser(signer);
            previous = signer;
        }
    }

    function _setAppraisers(address[] memory appraisers, uint256 threshold_) private {
        if (threshold_ == 0 || threshold_ > appraisers.length) {
            revert ThresholdOutOfRange(threshold_, appraisers.length);
        }
        uint256 term_ = ++term;
        threshold = threshold_;
        address previous = address(0);
        for (uint256 i = 0; i < appraisers.length; ++i) {
            if (appraisers[i] <= previous) revert NotAscending(previous, appraisers[i]);
            previous = appraisers[i];
            _appraisers[term_][previous] = true;
        }
        emit AppraisersSet(term_, appraisers, threshold_);
    }
}
