// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";
import {IInferenceVerifier} from "./interfaces/IInferenceVerifier.sol";
import {IBeforeSwapHook, PoolKey, SwapParams} from "./interfaces/IUniswapV4.sol";
import {PriceWindow} from "./lib/PriceWindow.sol";
import {Evidence, StatementLib} from "./lib/StatementLib.sol";

/// @title Swap fee set by a proved model
/// @notice The proof is verified beforehand, in a transaction of its own (`advise`); the swap reads the result, one
/// storage slot. Public values: [p_1 .. p_w, fee], the fee in 1/1,000,000. Without advice in force nobody swaps.
/// A swapper may pass the statement hash as hookData to swap under just that advice.
contract TradingHook is IBeforeSwapHook {
    struct Advice {
        uint24 fee;
        uint64 deadline;
        uint80 roundId;
    }

    event Advised(bytes32 indexed poolId, bytes32 indexed stmt, uint24 fee, uint64 deadline);

    error ZeroAddress();
    error NotPoolManager(address caller);
    error NotThisHook(address hooks);
    error RoundUsed(uint80 roundId);
    error FeeOutOfRange(int64 fee);
    error DeadlineTooFar(uint256 deadline, uint256 maximum);
    error NoAdvice(bytes32 poolId);
    error OtherAdvice(bytes32 expected, bytes32 given);

    /// @dev Tells the pool manager that the fee is an override.
    // slither-disable-next-line too-many-digits
    uint24 private constant OVERRIDE_FEE_FLAG = 0x400000;

    /// @notice The only caller of `beforeSwap`.
    address public immutable poolManager;

    /// @notice Where proofs are verified.
    IInferenceVerifier public immutable inferenceVerifier;

    /// @notice The fee model.
    uint256 public immutable modelId;

    /// @notice Feed whose last rounds are the model's public inputs.
    IAggregatorV3 public immutable feed;

    /// @notice Number of those rounds.
    uint256 public immutable window;

    /// @notice Most seconds since the feed's latest round, and until an advice's deadline.
    uint256 public immutable maxAge;

    /// @notice Highest fee, in 1/1,000,000.
    uint24 public immutable maxFee;

    /// @notice The advice in force for a pool.
    mapping(bytes32 poolId => Advice) public adviceOf;

    /// @notice Statement of the advice in force.
    mapping(bytes32 poolId => bytes32 stmt) public statementOf;

    constructor(
        address poolManager_,
        IInferenceVerifier inferenceVerifier_,
        uint256 modelId_,
        IAggregatorV3 feed_,
        uint256 window_,
        uint256 maxAge_,
        uint24 maxFee_
    ) {
        if (maxFee_ > 1_000_000 || window_ == 0) revert FeeOutOfRange(int64(uint64(maxFee_)));
        if (poolManager_ == address(0)) revert ZeroAddress();
        poolManager = poolManager_;
        inferenceVerifier = inferenceVerifier_;
        modelId = modelId_;
        feed = feed_;
        window = window_;
        maxAge = maxAge_;
        maxFee = maxFee_;
    }

    /// @notice Puts the model's fee for the feed's latest round in force, until `deadline`. Anyone may call.
    /// @dev The proof's subject is `poolIdOf(key)`, its nonce the round id. Reverts with `NotThisHook`, `RoundUsed`,
    /// `FeeOutOfRange`, `DeadlineTooFar`, the errors of `PriceWindow`, or as `InferenceVerifier.consume` does.
    function advise(
        PoolKey calldata key,
        uint256 deadline,
        bytes calldata output,
        bytes calldata commitments,
        bytes calldata proof
    ) external returns (bytes32 stmt) {
        if (key.hooks != address(this)) revert NotThisHook(key.hooks);
        bytes32 poolId = poolIdOf(key);
        uint80 roundId = _setAdvice(poolId, deadline, output);
        Evidence memory evidence = StatementLib.evidence(poolId, roundId, deadline, commitments, proof);
        // The verifier is fixed at construction and calls nothing that could come back here.
        // slither-disable-next-line reentrancy-benign,reentrancy-events
        stmt = inferenceVerifier.consume(modelId, output, evidence);
        statementOf[poolId] = stmt;
        emit Advised(poolId, stmt, adviceOf[poolId].fee, uint64(deadline));
    }

    /// @inheritdoc IBeforeSwapHook
    /// @dev Reverts with `NotPoolManager`, `NoAdvice` if none is in force, or `OtherAdvice` if hookData names another.
    function beforeSwap(address, PoolKey calldata key, SwapParams calldata, bytes calldata hookData)
        external
        view
        returns (bytes4 selector, int256 delta, uint24 feeOverride)
    {
        if (msg.sender != poolManager) revert NotPoolManager(msg.sender);
        bytes32 poolId = poolIdOf(key);
        Advice memory advice = adviceOf[poolId];
        if (block.timestamp > advice.deadline) revert NoAdvice(poolId);
        if (hookData.length != 0 && bytes32(hookData) != statementOf[poolId]) {
            revert OtherAdvice(statementOf[poolId], bytes32(hookData));
        }
        return (IBeforeSwapHook.beforeSwap.selector, 0, advice.fee | OVERRIDE_FEE_FLAG);
    }

    /// @notice Uniswap v4's id of a pool.
    function poolIdOf(PoolKey calldata key) public pure returns (bytes32) {
        return keccak256(abi.encode(key));
    }

    /// @dev Checks prices, round, fee and deadline, and writes the advice that the proof must yet bear out.
    function _setAdvice(bytes32 poolId, uint256 deadline, bytes calldata output) private returns (uint80 roundId) {
        int64 fee;
        (roundId,, fee) = PriceWindow.read(feed, window, maxAge, output);
        if (roundId <= adviceOf[poolId].roundId) revert RoundUsed(roundId);
        if (fee < 0 || fee > int64(uint64(maxFee))) revert FeeOutOfRange(fee);
        if (deadline > block.timestamp + maxAge) revert DeadlineTooFar(deadline, block.timestamp + maxAge);
        adviceOf[poolId] = Advice(uint24(uint64(fee)), uint64(deadline), roundId);
    }
}
