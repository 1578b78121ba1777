// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @dev The types of Uniswap v4 that a beforeSwap hook meets, with the same ABI and so the same selectors.
struct PoolKey {
    address currency0;
    address currency1;
    uint24 fee;
    int24 tickSpacing;
    address hooks;
}

struct SwapParams {
    bool zeroForOne;
    int256 amountSpecified;
    uint160 sqrtPriceLimitX96;
}

/// @title A hook's beforeSwap in Uniswap v4's shape
interface IBeforeSwapHook {
    /// @notice Called by the pool manager before a swap.
    /// @return selector That of this function.
    /// @return delta BeforeSwapDelta: change of the amounts.
    /// @return feeOverride Fee in 1/1,000,000 with the flag 0x400000, or zero.
    function beforeSwap(address sender, PoolKey calldata key, SwapParams calldata params, bytes calldata hookData)
        external
        returns (bytes4 selector, int256 delta, uint24 feeOverride);
}
