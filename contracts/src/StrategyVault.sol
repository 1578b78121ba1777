// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";
import {IInferenceVerifier} from "./interfaces/IInferenceVerifier.sol";
import {ISwapVenue} from "./interfaces/ISwapVenue.sol";
import {PriceWindow} from "./lib/PriceWindow.sol";
import {Evidence, StatementLib} from "./lib/StatementLib.sol";

/// @title Vault that trades only as its committed strategy model says
/// @notice Anyone may bring an order; it executes if a proof shows that the strategy made it from the price feed's
/// last rounds, once per round, and within the limits below, which hold whatever the strategy says.
/// Public values: [p_1 .. p_w, order]; the order counts `lot`s of the base token, positive to buy, negative to sell.
contract StrategyVault is Ownable2Step, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @param base Token bought and sold.
    /// @param quote Token it is paid in.
    /// @param feed Price of one whole base token in whole quote tokens.
    /// @param venue Where swaps are made.
    /// @param inferenceVerifier Where proofs are verified.
    /// @param modelId The strategy.
    /// @param window Rounds of the feed that the strategy sees.
    /// @param lot Units of the base token that an order of 1 stands for.
    struct Market {
        IERC20Metadata base;
        IERC20Metadata quote;
        IAggregatorV3 feed;
        ISwapVenue venue;
        IInferenceVerifier inferenceVerifier;
        uint256 modelId;
        uint256 window;
        uint256 lot;
    }

    /// @param maxOrder Most units of the base token in an order.
    /// @param maxDailyLoss Most units of the quote token by which the vault's worth, at the feed's price, may be below
    /// that at the day's first order, after a trade.
    /// @param maxSlippageBps Most slippage against the feed's price, in 1/10,000.
    /// @param cooldown Least seconds between orders.
    /// @param maxPriceAge Most seconds since the feed's latest round.
    struct Limits {
        uint128 maxOrder;
        uint128 maxDailyLoss;
        uint16 maxSlippageBps;
        uint32 cooldown;
        uint32 maxPriceAge;
    }

    event LimitsSet(Limits limits);
    event Deposited(address indexed token, uint256 amount);
    event Withdrawn(address indexed token, address indexed to, uint256 amount);
    event OrderExecuted(
        uint80 indexed roundId, bytes32 indexed stmt, int64 order, uint256 price, uint256 amountIn, uint256 amountOut
    );

    error BadMarket();
    error BadLimits();
    error NotVaultToken(address token);
    error RoundUsed(uint80 roundId);
    error CoolingDown(uint256 until);
    error NothingToDo();
    error OrderTooLarge(uint256 amount, uint256 maximum);
    error SlippageTooHigh(uint256 amountOut, uint256 minAmountOut);
    error SpentTooMuch(uint256 amount, uint256 maximum);
    error DailyLossExceeded(uint256 worth, uint256 worthAtDayStart);

    uint256 private constant BPS = 10_000;

    Market private _market;

    /// @dev Quote units for one base unit at price 1 are `_priceUp / _priceDown`.
    uint256 private immutable _priceUp;
    uint256 private immutable _priceDown;

    /// @notice The limits in force.
    Limits public limits;

    /// @notice Round of the last order.
    uint80 public lastRound;

    /// @notice Unix time of the last order.
    uint64 public lastOrderAt;

    /// @notice Day (Unix time / 86,400) that `worthAtDayStart` belongs to; zero: taken anew with the next order.
    uint64 public day;

    /// @notice Worth of the vault before the day's first order, in units of the quote token.
    uint256 public worthAtDayStart;

    constructor(Market memory market_, Limits memory limits_, address owner_) Ownable(owner_) {
        if (market_.window == 0 || market_.lot == 0 || market_.base == market_.quote) revert BadMarket();
        _market = market_;
        _priceUp = 10 ** market_.quote.decimals();
        _priceDown = 10 ** (uint256(market_.base.decimals()) + market_.feed.decimals());
        _setLimits(limits_);
    }

    /// @notice Changes the limits.
    /// @dev Only the owner. Reverts with `BadLimits` for a slippage of 100 % or more.
    function setLimits(Limits calldata limits_) external onlyOwner {
        _setLimits(limits_);
    }

    /// @notice Takes tokens from the owner. The day's loss is counted anew from the next order.
    /// @dev Only the owner. Reverts with `NotVaultToken`, or as the token does.
    function deposit(IERC20 token, uint256 amount) external onlyOwner nonReentrant {
        _requireVaultToken(token);
        day = 0;
        emit Deposited(address(token), amount);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Sends tokens to `to`. The day's loss is counted anew from the next order.
    /// @dev Only the owner. Reverts as the token does.
    function withdraw(IERC20 token, address to, uint256 amount) external onlyOwner nonReentrant {
        day = 0;
        emit Withdrawn(address(token), to, amount);
        token.safeTransfer(to, amount);
    }

    /// @notice Executes the strategy's order for the feed's latest round. Anyone may call.
    /// @param deadline The proof's deadline.
    /// @param output Public values: prices and order.
    /// @dev The proof's subject is `subjectOf(roundId)`, its nonce the round id. Reverts with `RoundUsed`,
    /// `CoolingDown`, `NothingToDo`, `OrderTooLarge`, `SlippageTooHigh`, `SpentTooMuch`, `DailyLossExceeded`, the
    /// errors of `PriceWindow`, or as `InferenceVerifier.consume` does.
    function execute(uint256 deadline, bytes calldata output, bytes calldata commitments, bytes calldata proof)
        external
        nonReentrant
    {
        (uint80 roundId, uint256 price, int64 order) =
            PriceWindow.read(_market.feed, _market.window, limits.maxPriceAge, output);
        if (roundId <= lastRound) revert RoundUsed(roundId);
        if (block.timestamp < uint256(lastOrderAt) + limits.cooldown) {
            revert CoolingDown(uint256(lastOrderAt) + limits.cooldown);
        }
        if (order == 0) revert NothingToDo();
        lastRound = roundId;
        lastOrderAt = uint64(block.timestamp);
        // slither-disable-next-line reentrancy-benign
        bytes32 stmt = _consume(roundId, deadline, output, commitments, proof);
        _startDay(price);
        (uint256 amountIn, uint256 amountOut) = _trade(order, price);
        emit OrderExecuted(roundId, stmt, order, price, amountIn, amountOut);
        uint256 worth = worthAt(price);
        if (worth + limits.maxDailyLoss < worthAtDayStart) revert DailyLossExceeded(worth, worthAtDayStart);
    }

    /// @notice Tokens, feed, venue, verifier and strategy.
    function market() external view returns (Market memory) {
        return _market;
    }

    /// @notice The subject of a proof for the order of a round.
    function subjectOf(uint80 roundId) public view returns (bytes32) {
        return keccak256(abi.encode("zkseal order v1", address(_market.feed), roundId));
    }

    /// @notice Worth of the vault at `price` (the feed's units) in units of the quote token.
    function worthAt(uint256 price) public view returns (uint256) {
        return _market.quote.balanceOf(address(this)) + _quoteFor(_market.base.balanceOf(address(this)), price);
    }

    function _consume(
        uint80 roundId,
        uint256 deadline,
        bytes calldata output,
        bytes calldata commitments,
        bytes calldata proof
    ) private returns (bytes32) {
        Evidence memory evidence = StatementLib.evidence(subjectOf(roundId), roundId, deadline, commitments, proof);
        return _market.inferenceVerifier.consume(_market.modelId, output, evidence);
    }

    /// @dev Buys or sells at the venue; what counts is what the balances say afterwards.
    function _trade(int64 order, uint256 price) private returns (uint256 spent, uint256 received) {
        uint256 amount = (order > 0 ? uint256(int256(order)) : uint256(-int256(order))) * _market.lot;
        if (amount > limits.maxOrder) revert OrderTooLarge(amount, limits.maxOrder);
        uint256 worth = _quoteFor(amount, price);
        (IERC20 tokenIn, IERC20 tokenOut, uint256 amountIn, uint256 fairOut) =
            order > 0 ? (_market.quote, _market.base, worth, amount) : (_market.base, _market.quote, amount, worth);
        // Computed from order and price; nobody moves these by sending tokens.
        // slither-disable-next-line incorrect-equality
        if (amountIn == 0 || fairOut == 0) revert NothingToDo();
        uint256 minOut = Math.mulDiv(fairOut, BPS - limits.maxSlippageBps, BPS, Math.Rounding.Ceil);
        uint256 inBefore = tokenIn.balanceOf(address(this));
        uint256 outBefore = tokenOut.balanceOf(address(this));
        tokenIn.forceApprove(address(_market.venue), amountIn);
        // What the venue returns is not trusted; what it may call of this vault is locked meanwhile. Whoever sends
        // tokens in between makes the vault richer.
        // slither-disable-next-line unused-return,reentrancy-balance
        _market.venue.swap(address(tokenIn), address(tokenOut), amountIn, minOut);
        tokenIn.forceApprove(address(_market.venue), 0);
        spent = inBefore - tokenIn.balanceOf(address(this));
        received = tokenOut.balanceOf(address(this)) - outBefore;
        if (spent > amountIn) revert SpentTooMuch(spent, amountIn);
        if (received < minOut) revert SlippageTooHigh(received, minOut);
    }

    function _startDay(uint256 price) private {
        uint64 today = uint64(block.timestamp / 1 days);
        // slither-disable-next-line incorrect-equality
        if (day == today) return;
        day = today;
        worthAtDayStart = worthAt(price);
    }

    function _quoteFor(uint256 baseAmount, uint256 price) private view returns (uint256) {
        return Math.mulDiv(baseAmount, price * _priceUp, _priceDown);
    }

    function _setLimits(Limits memory limits_) private {
        if (limits_.maxSlippageBps >= BPS) revert BadLimits();
        limits = limits_;
        emit LimitsSet(limits_);
    }

    function _requireVaultToken(IERC20 token) private view {
        if (token != _market.base && token != _market.quote) revert NotVaultToken(address(token));
    }
}
