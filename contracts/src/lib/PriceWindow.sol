// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {PublicValues} from "./PublicValues.sol";

/// @title Public inputs that are the latest prices of a feed
/// @notice Public values [p_1 .. p_w, decision]: the answers of the feed's last w rounds, oldest first, then what the
/// model made of them.
library PriceWindow {
    error WrongCount(uint256 expected, uint256 given);
    error PriceMismatch(uint256 index);
    error StalePrice(uint256 updatedAt);
    error BadPrice(int256 price);

    /// @notice Compares public values with the feed.
    /// @param window Number of rounds w, at least 1.
    /// @param maxAge Seconds after which the latest round is refused.
    /// @param values Public values, abi.encode(int64[]).
    /// @return roundId The latest round.
    /// @return price Its answer, above zero.
    /// @return decision The last public value.
    function read(IAggregatorV3 feed, uint256 window, uint256 maxAge, bytes calldata values)
        internal
        view
        returns (uint80 roundId, uint256 price, int64 decision)
    {
        uint256 count = PublicValues.count(values);
        if (count != window + 1) revert WrongCount(window + 1, count);
        int256 answer;
        uint256 updatedAt;
        (roundId, answer,, updatedAt,) = feed.latestRoundData();
        if (block.timestamp > updatedAt + maxAge) revert StalePrice(updatedAt);
        _requireEqual(answer, values, window - 1);
        _requirePast(feed, roundId, window, values);
        price = uint256(answer);
        decision = PublicValues.at(values, window);
    }

    /// @dev The rounds before the latest one.
    function _requirePast(IAggregatorV3 feed, uint80 roundId, uint256 window, bytes calldata values) private view {
        for (uint256 age = 1; age < window; ++age) {
            (, int256 past,,,) = feed.getRoundData(roundId - uint80(age));
            _requireEqual(past, values, window - 1 - age);
        }
    }

    function _requireEqual(int256 answer, bytes calldata values, uint256 index) private pure {
        if (answer <= 0) revert BadPrice(answer);
        if (PublicValues.at(values, index) != answer) revert PriceMismatch(index);
    }
}
