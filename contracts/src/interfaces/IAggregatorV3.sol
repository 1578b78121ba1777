// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @title Price feed in Chainlink's shape
interface IAggregatorV3 {
    /// @notice Number of decimals of answers.
    function decimals() external view returns (uint8);

    /// @notice What the feed is about.
    function description() external view returns (string memory);

    /// @notice Version of the feed contract.
    function version() external view returns (uint256);

    /// @notice A past round; reverts for one without data. Times in Unix seconds.
    function getRoundData(uint80 roundId)
        external
        view
        returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice The latest round. Times in Unix seconds.
    function latestRoundData()
        external
        view
        returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
