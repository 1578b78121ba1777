// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {InferenceVerifier} from "../src/InferenceVerifier.sol";
import {TradingHook} from "../src/TradingHook.sol";
import {IERC7992Verifier} from "../src/interfaces/IERC7992.sol";
import {PoolKey, SwapParams} from "../src/interfaces/IUniswapV4.sol";
import {PriceWindow} from "../src/lib/PriceWindow.sol";
import {Evidence} from "../src/lib/StatementLib.sol";
import {MarketFixture} from "./support/MarketFixture.sol";
import {VerifierDouble} from "./support/VerifierDouble.sol";

contract TradingHookTest is MarketFixture {
    TradingHook private _hook;
    address private _manager = account("pool manager");

    function setUp() public {
        setUpMarket();
        _hook = new TradingHook(_manager, inferenceVerifier, modelId, feed, 2, 300, 10_000);
    }

    function test_swap_pays_the_proved_fee() public {
        bytes32 stmt = _advise(3_000);
        (bytes4 selector, int256 delta, uint24 fee) = _swap("");
        // The selector of Uniswap v4's IHooks.beforeSwap.
        vm.assertEq(bytes32(selector), bytes32(bytes4(0x575e24b4)));
        vm.assertEq(delta, 0);
        vm.assertEq(uint256(fee), 0x400000 | 3_000);
        (,, fee) = _swap(abi.encode(stmt));
        vm.assertEq(uint256(fee), 0x400000 | 3_000);
        vm.assertEq(inferenceVerifier.usedAt(stmt), vm.getBlockNumber());
    }

    function testFuzz_swapper_may_pin_the_advice(bytes32 other) public {
        vm.assume(other != _advise(3_000));
        vm.expectPartialRevert(TradingHook.OtherAdvice.selector);
        _swap(abi.encode(other));
    }

    function testFuzz_only_the_pool_manager_calls(address caller) public {
        vm.assume(caller != _manager);
        _advise(3_000);
        PoolKey memory key = _key();
        vm.expectRevert(abi.encodeWithSelector(TradingHook.NotPoolManager.selector, caller));
        vm.prank(caller);
        _hook.beforeSwap(caller, key, SwapParams(true, 1, 0), "");
    }

    function test_without_advice_nobody_swaps() public {
        vm.expectPartialRevert(TradingHook.NoAdvice.selector);
        _swap("");
        _advise(3_000);
        vm.warp(now_() + 60);
        _swap("");
        vm.warp(now_() + 1);
        vm.expectPartialRevert(TradingHook.NoAdvice.selector);
        _swap("");
    }

    function testFuzz_fee_is_bounded(int64 fee) public {
        vm.assume(fee < 0 || fee > 10_000);
        _expectRefused(fee, now_() + 60, TradingHook.FeeOutOfRange.selector);
    }

    function test_advice_is_short_and_its_round_used_once() public {
        _expectRefused(1, now_() + 301, TradingHook.DeadlineTooFar.selector);
        _advise(3_000);
        _expectRefused(1, now_() + 60, TradingHook.RoundUsed.selector);
        pushPrice(PRICE + 1);
        _advise(4_000);
        vm.warp(now_() + 301);
        _expectRefused(1, now_() + 60, PriceWindow.StalePrice.selector);
    }

    function testFuzz_forged_fee_is_refused(int64 fee) public {
        fee = int64(int256(bound(uint256(uint64(fee)), 0, 10_000)));
        vm.assume(fee != 3_000);
        uint256 deadline = now_() + 60;
        Evidence memory evidence = _prove(orderOutput(3_000), deadline);
        bytes memory output = orderOutput(fee);
        PoolKey memory key = _key();
        vm.expectRevert(VerifierDouble.ProofRejected.selector);
        _hook.advise(key, deadline, output, commitments, evidence.proof);
    }

    function test_proof_for_one_pool_serves_no_other() public {
        uint256 deadline = now_() + 60;
        bytes memory output = orderOutput(3_000);
        Evidence memory evidence = _prove(output, deadline);
        PoolKey memory key = _key();
        key.tickSpacing = 10;
        vm.expectRevert(VerifierDouble.ProofRejected.selector);
        _hook.advise(key, deadline, output, commitments, evidence.proof);
        key.hooks = address(1);
        vm.expectRevert(abi.encodeWithSelector(TradingHook.NotThisHook.selector, address(1)));
        _hook.advise(key, deadline, output, commitments, evidence.proof);
    }

    function test_late_and_deprecated_are_refused() public {
        _expectRefused(1, now_() - 1, InferenceVerifier.DeadlinePassed.selector);
        vm.prank(modelOwner);
        registry.deprecateModel(modelId);
        _expectRefused(1, now_() + 60, IERC7992Verifier.VerificationRefused_ModelDeprecated.selector);
    }

    function test_constructor_bounds_fee_and_window() public {
        vm.expectPartialRevert(TradingHook.FeeOutOfRange.selector);
        new TradingHook(_manager, inferenceVerifier, modelId, feed, 2, 300, 1_000_001);
        vm.expectPartialRevert(TradingHook.FeeOutOfRange.selector);
        new TradingHook(_manager, inferenceVerifier, modelId, feed, 0, 300, 1);
        vm.expectRevert(TradingHook.ZeroAddress.selector);
        new TradingHook(address(0), inferenceVerifier, modelId, feed, 2, 300, 1);
    }

    function _key() private view returns (PoolKey memory) {
        return PoolKey(address(base), address(quote), 0x800000, 60, address(_hook));
    }

    function _prove(bytes memory output, uint256 deadline) private returns (Evidence memory) {
        return prove(address(_hook), _hook.poolIdOf(_key()), modelId, output, feed.latest(), deadline);
    }

    function _advise(int64 fee) private returns (bytes32) {
        bytes memory output = orderOutput(fee);
        uint256 deadline = now_() + 60;
        Evidence memory evidence = _prove(output, deadline);
        return _hook.advise(_key(), deadline, output, commitments, evidence.proof);
    }

    function _expectRefused(int64 fee, uint256 deadline, bytes4 error) private {
        bytes memory output = orderOutput(fee);
        Evidence memory evidence = _prove(output, deadline);
        PoolKey memory key = _key();
        vm.expectPartialRevert(error);
        _hook.advise(key, deadline, output, commitments, evidence.proof);
    }

    function _swap(bytes memory hookData) private returns (bytes4, int256, uint24) {
        PoolKey memory key = _key();
        vm.prank(_manager);
        return _hook.beforeSwap(address(this), key, SwapParams(true, 1, 0), hookData);
    }
}
