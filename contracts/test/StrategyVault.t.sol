// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {InferenceVerifier} from "../src/InferenceVerifier.sol";
import {StrategyVault} from "../src/StrategyVault.sol";
import {IERC7992Verifier} from "../src/interfaces/IERC7992.sol";
import {PriceWindow} from "../src/lib/PriceWindow.sol";
import {Evidence} from "../src/lib/StatementLib.sol";
import {MarketFixture} from "./support/MarketFixture.sol";
import {Token} from "./support/Mocks.sol";
import {VerifierDouble} from "./support/VerifierDouble.sol";

contract StrategyVaultTest is MarketFixture {
    function setUp() public {
        setUpMarket();
    }

    function test_proved_buy_executes() public {
        execute(1_000); // lots of 0.001
        vm.assertEq(base.balanceOf(address(vault)), 11e18);
        vm.assertEq(quote.balanceOf(address(vault)), 18_000e6);
        vm.assertEq(quote.allowance(address(vault), address(venue)), 0);
        vm.assertEq(uint256(vault.lastRound()), 2);
    }

    function test_proved_sale_executes() public {
        execute(-2_500);
        vm.assertEq(base.balanceOf(address(vault)), 7.5e18);
        vm.assertEq(quote.balanceOf(address(vault)), 25_000e6);
    }

    function testFuzz_forged_order_is_refused(int64 order, int64 proved) public {
        order = int64(int256(bound(uint256(uint64(order)), 1, 5_000)));
        proved = int64(int256(bound(uint256(uint64(proved)), 1, 5_000)));
        vm.assume(order != proved);
        uint256 deadline = now_() + 60;
        Evidence memory evidence = proveOrder(orderOutput(proved), deadline);
        bytes memory output = orderOutput(order);
        vm.expectRevert(VerifierDouble.ProofRejected.selector);
        vault.execute(deadline, output, commitments, evidence.proof);
    }

    function testFuzz_prices_must_be_the_feeds(int64 a, int64 b) public {
        vm.assume(a != int64(int256(PRICE)) || b != int64(int256(PRICE)));
        bytes memory output = values(a, b, 1_000);
        uint256 deadline = now_() + 60;
        Evidence memory evidence = proveOrder(output, deadline);
        vm.expectPartialRevert(PriceWindow.PriceMismatch.selector);
        vault.execute(deadline, output, commitments, evidence.proof);
    }

    function test_number_of_public_values_is_exact() public {
        bytes memory output = values(int64(int256(PRICE)), 1_000);
        uint256 deadline = now_() + 60;
        Evidence memory evidence = proveOrder(output, deadline);
        vm.expectRevert(abi.encodeWithSelector(PriceWindow.WrongCount.selector, 3, 2));
        vault.execute(deadline, output, commitments, evidence.proof);
    }

    function test_order_of_an_earlier_round_is_refused() public {
        uint256 deadline = now_() + 1 hours;
        bytes memory output = orderOutput(1_000);
        Evidence memory evidence = proveOrder(output, deadline);
        pushPrice(PRICE); // same prices, another round
        vm.expectRevert(VerifierDouble.ProofRejected.selector);
        vault.execute(deadline, output, commitments, evidence.proof);
    }

    function test_stale_price_is_refused() public {
        vm.warp(now_() + 301);
        expectRefused(1_000, PriceWindow.StalePrice.selector);
    }

    function test_price_must_be_above_zero() public {
        feed.push(0);
        expectRefused(1_000, PriceWindow.BadPrice.selector);
        feed.push(-1);
        expectRefused(1_000, PriceWindow.BadPrice.selector);
    }

    function test_round_is_used_once() public {
        execute(1_000);
        vm.warp(now_() + 61);
        expectRefused(1_000, StrategyVault.RoundUsed.selector);
    }

    function test_orders_keep_the_cooldown() public {
        execute(1_000);
        uint256 until = now_() + 60;
        vm.warp(until - 1);
        feed.push(int256(PRICE));
        expectRefused(1_000, StrategyVault.CoolingDown.selector);
        vm.warp(until);
        execute(1_000);
    }

    function testFuzz_large_orders_are_refused(int64 order) public {
        vm.assume(order > 5_000 || order < -5_000);
        expectRefused(order, StrategyVault.OrderTooLarge.selector);
    }

    function test_no_order_does_nothing() public {
        expectRefused(0, StrategyVault.NothingToDo.selector);
    }

    function test_slippage_is_limited_whatever_the_venue_says() public {
        setVenuePrice(PRICE * 102 / 100);
        vm.warp(now_() + 1);
        bytes memory output = orderOutput(1_000);
        Evidence memory evidence = proveOrder(output, now_() + 60);
        uint256 deadline = now_() + 60;
        vm.expectRevert(bytes("minimum"));
        vault.execute(deadline, output, commitments, evidence.proof);
        venue.setHonoursMinimum(false);
        vm.expectPartialRevert(StrategyVault.SlippageTooHigh.selector);
        vault.execute(deadline, output, commitments, evidence.proof);
    }

    function test_daily_loss_stops_trading_until_the_next_day() public {
        vm.warp((now_() / 1 days + 1) * 1 days);
        pushPrice(PRICE);
        setVenuePrice(PRICE * 991 / 1000); // sales lose 0.9 %: 36 of 4,000
        execute(-2_000);
        pushPrice(PRICE);
        execute(-2_000);
        pushPrice(PRICE);
        expectRefused(-2_000, StrategyVault.DailyLossExceeded.selector);
        vm.warp(now_() + 1 days);
        pushPrice(PRICE);
        execute(-2_000);
    }

    function test_falling_price_counts_as_loss() public {
        execute(1_000);
        pushPrice(PRICE * 99 / 100); // 11 base lose 220
        setVenuePrice(PRICE * 99 / 100);
        expectRefused(-1_000, StrategyVault.DailyLossExceeded.selector);
    }

    function test_late_and_deprecated_are_refused() public {
        bytes memory output = orderOutput(1_000);
        uint256 deadline = now_() + 60;
        Evidence memory evidence = proveOrder(output, deadline);
        vm.warp(deadline + 1);
        vm.expectPartialRevert(InferenceVerifier.DeadlinePassed.selector);
        vault.execute(deadline, output, commitments, evidence.proof);
        vm.warp(deadline);
        vm.prank(modelOwner);
        registry.deprecateModel(modelId);
        vm.expectPartialRevert(IERC7992Verifier.VerificationRefused_ModelDeprecated.selector);
        vault.execute(deadline, output, commitments, evidence.proof);
    }

    function test_venue_cannot_come_back() public {
        bytes memory output = orderOutput(1_000);
        uint256 deadline = now_() + 60;
        Evidence memory evidence = proveOrder(output, deadline);
        bytes memory call = abi.encodeCall(StrategyVault.execute, (deadline, output, commitments, evidence.proof));
        venue.setCall(address(vault), call);
        vault.execute(deadline, output, commitments, evidence.proof);
        vm.assertFalse(venue.callOk());
        vm.assertEq(base.balanceOf(address(vault)), 11e18);
    }

    function test_owner_funds_and_empties_the_vault() public {
        base.mint(vaultOwner, 1e18);
        vm.startPrank(vaultOwner);
        base.approve(address(vault), 1e18);
        vault.deposit(base, 1e18);
        vm.assertEq(base.balanceOf(address(vault)), 11e18);
        vault.withdraw(base, vaultOwner, 11e18);
        vm.assertEq(base.balanceOf(vaultOwner), 11e18);
        Token other = new Token("OTHER", 18);
        vm.expectRevert(abi.encodeWithSelector(StrategyVault.NotVaultToken.selector, address(other)));
        vault.deposit(other, 1);
    }

    function test_withdrawal_is_no_loss() public {
        execute(1_000);
        vm.prank(vaultOwner);
        vault.withdraw(quote, vaultOwner, 10_000e6);
        pushPrice(PRICE);
        execute(-1_000);
    }

    function testFuzz_only_the_owner_funds_and_limits(address caller) public {
        vm.assume(caller != vaultOwner);
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(refusal);
        vault.deposit(base, 1);
        vm.expectRevert(refusal);
        vault.withdraw(base, caller, 1);
        vm.expectRevert(refusal);
        vault.setLimits(limits());
    }

    function test_limits_and_market_are_checked() public {
        StrategyVault.Limits memory bad = limits();
        bad.maxSlippageBps = 10_000;
        vm.expectRevert(StrategyVault.BadLimits.selector);
        vm.prank(vaultOwner);
        vault.setLimits(bad);
        StrategyVault.Market memory market = vault.market();
        market.window = 0;
        vm.expectRevert(StrategyVault.BadMarket.selector);
        new StrategyVault(market, limits(), vaultOwner);
    }
}
