// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {StrategyVault} from "../../src/StrategyVault.sol";
import {TradingHook} from "../../src/TradingHook.sol";
import {PoolKey, SwapParams} from "../../src/interfaces/IUniswapV4.sol";
import {Evidence} from "../../src/lib/StatementLib.sol";
import {InvariantTest} from "../support/InvariantTest.sol";
import {MarketFixture} from "../support/MarketFixture.sol";

/// @dev A market whose price and venue move, orders and fees proved and forged. Covers vault and hook.
contract TradingHandler is MarketFixture {
    TradingHook public hook;
    uint256 public forged;
    uint256 public executed;
    uint256 public slipped;
    uint256 public oversized;
    uint256 public overcharged;
    mapping(uint80 => uint256) private _orders;
    uint256 public secondOrders;

    constructor() {
        setUpMarket();
        hook = new TradingHook(address(this), inferenceVerifier, modelId, feed, 2, 300, 10_000);
    }

    function vault_() external view returns (StrategyVault) {
        return vault;
    }

    function latest() external view returns (uint80) {
        return feed.latest();
    }

    function venueAllowance() external view returns (uint256) {
        return base.allowance(address(vault), address(venue)) + quote.allowance(address(vault), address(venue));
    }

    function movePrice(uint256 price, uint16 slip, bool honest) external {
        price = bound(price, PRICE * 9 / 10, PRICE * 11 / 10);
        pushPrice(price);
        setVenuePrice(price * (10_000 - bound(slip, 0, 200)) / 10_000);
        venue.setHonoursMinimum(honest);
    }

    function order(int64 size, bool forge) external {
        size = int64(int256(bound(uint256(uint64(size)), 0, 12_000)) - 6_000);
        bytes memory output = orderOutput(size);
        uint256 deadline = now_() + 60;
        Evidence memory evidence = proveOrder(forge ? orderOutput(size ^ 1) : output, deadline);
        (, int256 price,,,) = feed.latestRoundData();
        uint256 before = vault.worthAt(uint256(price));
        uint80 round = feed.latest();
        try vault.execute(deadline, output, commitments, evidence.proof) {
            ++executed;
            if (forge) ++forged;
            if (size > 5_000 || size < -5_000) ++oversized;
            if (++_orders[round] > 1) ++secondOrders;
            // At most 1 % of an order of at most 5 base is lost, and the rounding.
            uint256 most = uint256(price) * 5 / 100 / 100 + 2;
            if (vault.worthAt(uint256(price)) + most < before) ++slipped;
        } catch {}
    }

    function advise(int64 fee, bool forge) external {
        fee = int64(int256(bound(uint256(uint64(fee)), 0, 12_000)));
        bytes memory output = orderOutput(fee);
        uint256 deadline = now_() + 60;
        uint80 round = feed.latest();
        Evidence memory evidence = prove(
            address(hook), hook.poolIdOf(_key()), modelId, forge ? orderOutput(fee ^ 1) : output, round, deadline
        );
        try hook.advise(_key(), deadline, output, commitments, evidence.proof) {
            if (forge) ++forged;
        } catch {}
        try hook.beforeSwap(address(this), _key(), SwapParams(true, 1, 0), "") returns (bytes4, int256, uint24 paid) {
            if (paid & 0x3fffff > 10_000) ++overcharged;
        } catch {}
    }

    function wait(uint16 seconds_) external {
        vm.warp(now_() + bound(seconds_, 0, 400));
    }

    function _key() private view returns (PoolKey memory) {
        return PoolKey(address(base), address(quote), 0x800000, 60, address(hook));
    }
}

contract TradingInvariantTest is InvariantTest {
    TradingHandler private _handler;

    function setUp() public {
        _handler = new TradingHandler();
        target = address(_handler);
    }

    function invariant_nothing_forged_passes() public view {
        vm.assertEq(_handler.forged(), 0);
    }

    function invariant_limits_hold() public view {
        vm.assertEq(_handler.oversized(), 0);
        vm.assertEq(_handler.slipped(), 0);
        vm.assertEq(_handler.overcharged(), 0);
    }

    function invariant_one_order_per_round_and_nothing_left_approved() public view {
        vm.assertEq(_handler.secondOrders(), 0);
        vm.assertLe(_handler.vault_().lastRound(), _handler.latest());
        vm.assertEq(_handler.venueAllowance(), 0);
    }
}
