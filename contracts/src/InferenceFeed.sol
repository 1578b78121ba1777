// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";
import {Mode} from "./lib/Mode.sol";

/// @title One number that a model keeps producing, in Chainlink's shape
/// @notice Created and written by the oracle; rounds count from 1 without gaps. `mode` says what stands behind each
/// round. Of mode TEE_THEN_ZK, a round is read while it waits for its proof (`stateOf`), and no more if none came.
contract InferenceFeed is IAggregatorV3 {
    enum RoundState {
        None,
        Final,
        Provisional,
        Unproved
    }

    struct Round {
        int64 answer;
        uint64 startedAt;
        uint64 updatedAt;
        RoundState state;
    }

    event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);
    event RoundSettled(uint256 indexed roundId, bool proved);

    error NotOracle(address caller);
    error NoRound(uint80 roundId);
    error StaleRound(uint80 roundId, uint256 updatedAt);
    error UnprovedRound(uint80 roundId);
    error NotProvisional(uint80 roundId);

    /// @notice The only writer.
    address public immutable oracle;

    /// @notice The only model whose outputs are answers.
    uint256 public immutable modelId;

    /// @notice Seconds after which the latest answer is refused.
    uint256 public immutable maxAge;

    /// @notice What evidence every answer had to bring.
    Mode public immutable mode;

    /// @inheritdoc IAggregatorV3
    uint8 public immutable decimals;

    /// @inheritdoc IAggregatorV3
    string public description;

    /// @notice Number of the latest round; 0 before the first.
    uint80 public latestRound;

    mapping(uint80 roundId => Round) private _rounds;

    constructor(uint256 modelId_, uint256 maxAge_, uint8 decimals_, string memory description_, Mode mode_) {
        oracle = msg.sender;
        modelId = modelId_;
        maxAge = maxAge_;
        decimals = decimals_;
        description = description_;
        mode = mode_;
    }

    /// @notice Adds a round.
    /// @param answer In units of 10^-decimals.
    /// @param startedAt Unix time of the request.
    /// @dev Only the oracle. Reverts with `NotOracle`.
    function push(int64 answer, uint64 startedAt) external returns (uint80 roundId) {
        if (msg.sender != oracle) revert NotOracle(msg.sender);
        roundId = ++latestRound;
        RoundState state = mode == Mode.TEE_THEN_ZK ? RoundState.Provisional : RoundState.Final;
        _rounds[roundId] = Round(answer, startedAt, uint64(block.timestamp), state);
        emit AnswerUpdated(answer, roundId, block.timestamp);
    }

    /// @notice Makes a provisional round final, or takes it back.
    /// @dev Only the oracle. Reverts with `NotOracle` or `NotProvisional`.
    function settle(uint80 roundId, bool proved) external {
        if (msg.sender != oracle) revert NotOracle(msg.sender);
        if (_rounds[roundId].state != RoundState.Provisional) revert NotProvisional(roundId);
        _rounds[roundId].state = proved ? RoundState.Final : RoundState.Unproved;
        emit RoundSettled(roundId, proved);
    }

    /// @notice Whether a round is final, waits for its proof, or was taken back; None for one that is not there.
    function stateOf(uint80 roundId) external view returns (RoundState) {
        return _rounds[roundId].state;
    }

    /// @inheritdoc IAggregatorV3
    /// @dev Reverts with `NoRound` before the first answer, `StaleRound` when it is older than `maxAge`, and
    /// `UnprovedRound` when it was taken back, until there is a later one.
    function latestRoundData()
        external
        view
        returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        (id, answer, startedAt, updatedAt, answeredInRound) = getRoundData(latestRound);
        if (block.timestamp > updatedAt + maxAge) revert StaleRound(id, updatedAt);
    }

    /// @inheritdoc IAggregatorV3
    /// @dev Reverts with `NoRound` or `UnprovedRound`.
    function getRoundData(uint80 roundId)
        public
        view
        returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        Round memory round = _rounds[roundId];
        // Zero means that nothing was ever written.
        // slither-disable-next-line incorrect-equality
        if (round.updatedAt == 0) revert NoRound(roundId);
        // A state, not an amount: nobody can come near it without meeting it.
        // slither-disable-next-line incorrect-equality
        if (round.state == RoundState.Unproved) revert UnprovedRound(roundId);
        return (roundId, round.answer, round.startedAt, round.updatedAt, roundId);
    }

    /// @inheritdoc IAggregatorV3
    function version() external pure returns (uint256) {
        return 1;
    }
}
