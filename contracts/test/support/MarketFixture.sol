// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {StrategyVault} from "../../src/StrategyVault.sol";
import {Evidence} from "../../src/lib/StatementLib.sol";
import {Fixture} from "./Fixture.sol";
import {Feed, Token, Venue} from "./Mocks.sol";

/// @dev A vault with 10 base (18 decimals) and 20,000 quote (6 decimals), price 2,000.00000000, window 2.
abstract contract MarketFixture is Fixture {
    uint256 internal constant PRICE = 2_000e8;

    Token internal base;
    Token internal quote;
    Feed internal feed;
    Venue internal venue;
    StrategyVault internal vault;
    address internal vaultOwner = account("vault owner");

    function setUpMarket() internal {
        setUpFixture();
        base = new Token("BASE", 18);
        quote = new Token("QUOTE", 6);
        feed = new Feed();
        venue = new Venue();
        vault = new StrategyVault(
            StrategyVault.Market(base, quote, feed, venue, inferenceVerifier, modelId, 2, 1e15), limits(), vaultOwner
        );
        base.mint(address(venue), 1e30);
        quote.mint(address(venue), 1e30);
        setVenuePrice(PRICE);
        base.mint(address(vault), 10e18);
        quote.mint(address(vault), 20_000e6);
        feed.push(int256(PRICE));
        pushPrice(PRICE);
    }

    function limits() internal pure returns (StrategyVault.Limits memory) {
        return StrategyVault.Limits({
            maxOrder: 5e18, maxDailyLoss: 100e6, maxSlippageBps: 100, cooldown: 60, maxPriceAge: 300
        });
    }

    function pushPrice(uint256 price) internal {
        vm.warp(now_() + 61);
        feed.push(int256(price));
    }

    /// @dev Price in the feed's units; the venue's rates are per 1e18 units of the token taken.
    function setVenuePrice(uint256 price) internal {
        venue.setRate(address(base), price / 100);
        venue.setRate(address(quote), 1e18 * 1e20 / price);
    }

    function orderOutput(int64 order) internal view returns (bytes memory) {
        uint80 latest = feed.latest();
        (, int256 before,,,) = feed.getRoundData(latest - 1);
        (, int256 last,,,) = feed.getRoundData(latest);
        return values(int64(before), int64(last), order);
    }

    function proveOrder(bytes memory output, uint256 deadline) internal returns (Evidence memory) {
        uint80 latest = feed.latest();
        return prove(address(vault), vault.subjectOf(latest), modelId, output, latest, deadline);
    }

    function execute(int64 order) internal {
        bytes memory output = orderOutput(order);
        uint256 deadline = now_() + 60;
        Evidence memory evidence = proveOrder(output, deadline);
        vault.execute(deadline, output, commitments, evidence.proof);
    }

    /// @dev With the refusal expected of the vault itself, not of the calls that prepare it.
    function expectRefused(int64 order, bytes4 error) internal {
        bytes memory output = orderOutput(order);
        uint256 deadline = now_() + 60;
        Evidence memory evidence = proveOrder(output, deadline);
        vm.expectPartialRevert(error);
        vault.execute(deadline, output, commitments, evidence.proof);
    }
}
