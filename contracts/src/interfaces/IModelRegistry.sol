// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IERC7992Registry} from "./IERC7992.sol";
import {IZksealVerifier} from "./IZksealVerifier.sol";

/// @title What zkseal's registry offers beyond ERC-7992
interface IModelRegistry is IERC7992Registry {
    /// @param program Code that holds the verifying program.
    /// @param version 1 for the first of a family, then counting up.
    /// @param minimumVersion Least version the family's owner accepts.
    /// @param deprecated Whether the owner refuses this very version.
    struct ModelStatus {
        address program;
        uint32 version;
        uint32 minimumVersion;
        bool deprecated;
    }

    /// @notice All that a verifier needs to accept or refuse a model.
    /// @dev Reverts with `ModelNotFound` for an unknown model.
    function statusOf(uint256 modelId) external view returns (ModelStatus memory status);

    /// @notice The contract that verified every model proof here, and that verifies inferences under its models.
    function verifier() external view returns (IZksealVerifier);

    /// @notice The proof system of every model in this registry.
    function proofSystemId() external view returns (bytes4);
}
