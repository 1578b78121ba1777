// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @title Where a vault swaps; a thin adapter per exchange
interface ISwapVenue {
    /// @notice Takes `amountIn` of `tokenIn` from the caller, who approved it, and sends it `tokenOut`.
    /// @param minAmountOut Least amount of `tokenOut`, in its units; reverts otherwise.
    function swap(address tokenIn, address tokenOut, uint256 amountIn, uint256 minAmountOut)
        external
        returns (uint256 amountOut);
}
