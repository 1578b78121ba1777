// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IERC7992Verifier} from "../interfaces/IERC7992.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";

/// @title Whether a model may be used, asked in one place
library ModelUse {
    error VersionRefused(uint256 modelId, uint32 version, uint32 minimumVersion);

    /// @notice The verifying program of a model that is neither deprecated nor below its minimum version.
    /// @dev Reverts with `VerificationRefused_ModelDeprecated`, `VersionRefused`, or the registry's `ModelNotFound`.
    function programInUse(IModelRegistry registry, uint256 modelId) internal view returns (address program) {
        IModelRegistry.ModelStatus memory status = registry.statusOf(modelId);
        if (status.deprecated) revert IERC7992Verifier.VerificationRefused_ModelDeprecated(modelId);
        if (status.version < status.minimumVersion) {
            revert VersionRefused(modelId, status.version, status.minimumVersion);
        }
        return status.program;
    }
}
