// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {KeyAttestation} from "../../src/lib/KeyAttestationLib.sol";
import {InvariantTest} from "../support/InvariantTest.sol";
import {KeyFixture} from "../support/KeyFixture.sol";

contract AttestedKeyRegistryHandler is KeyFixture {
    uint256 public constant KEYS = 4;

    /// @dev What the handler saw of each key, kept apart from the contract.
    mapping(uint256 => bool) public registered;
    mapping(uint256 => bool) public revoked;
    mapping(uint256 => uint256) public validUntil;
    mapping(uint256 => uint8) public assurance;
    uint8 public least = 3;
    uint256 public wrongly;

    constructor() {
        setUpKeys();
    }

    function keyOf(uint256 which) public pure returns (address) {
        return vm.addr(1 + which % KEYS);
    }

    function register(uint256 which, uint8 i, uint8 j, uint8 assurance_, uint32 lifetime) external {
        KeyAttestation memory a = attestation();
        a.key = keyOf(which);
        a.assurance = assurance_ % 6;
        a.validUntil = uint64(now_() + lifetime % 40 days);
        (i, j) = (i % 3, j % 3);
        bytes32 digest_ = digest(structHashOf(a));
        try keys.registerKey(a, signatures(i, j, digest_)) {
            bool right = i < j && a.assurance >= 3 && a.assurance <= 4 && a.validUntil > now_()
                && a.validUntil <= now_() + 30 days && !registered[which % KEYS] && !revoked[which % KEYS];
            if (!right) ++wrongly;
            registered[which % KEYS] = true;
            (validUntil[which % KEYS], assurance[which % KEYS]) = (a.validUntil, a.assurance);
        } catch {}
    }

    function revoke(uint256 which, bool byQuorum, uint8 dice) external {
        if (dice % 4 != 0) return; // else all keys are soon revoked
        address key = keyOf(which);
        uint64 deadline = uint64(now_());
        if (byQuorum) {
            keys.revokeKeyByQuorum(key, deadline, quorum(keyRevocation(key, deadline)));
        } else {
            vm.prank(guardian);
            keys.revokeKey(key);
        }
        revoked[which % KEYS] = true;
    }

    function allow(uint8 least_) external {
        least = least_ % 3 + 2;
        vm.startPrank(modelOwner);
        if (least == 2) keys.disallowMeasurement(modelId, measurement);
        else keys.allowMeasurement(modelId, measurement, least);
        vm.stopPrank();
    }

    function wait(uint32 seconds_) external {
        vm.warp(now_() + seconds_ % 10 days);
    }

    /// @dev Whether answers of a key should count now.
    function usable(uint256 which) external view returns (bool) {
        return
            registered[which] && !revoked[which] && now_() <= validUntil[which] && least >= 3
                && assurance[which] >= least;
    }

    /// @dev Whether they do.
    function used(uint256 which) external view returns (bool) {
        bytes memory answer = signature(1 + which, answerDigest("stmt"));
        try keys.verifyAttestation(modelId, "stmt", answer) {
            return true;
        } catch {
            return false;
        }
    }
}

contract AttestedKeyRegistryInvariantTest is InvariantTest {
    AttestedKeyRegistryHandler private _handler;

    function setUp() public {
        _handler = new AttestedKeyRegistryHandler();
        target = address(_handler);
    }

    function invariant_only_quorums_register_and_only_production() public view {
        vm.assertEq(_handler.wrongly(), 0);
    }

    function invariant_answers_count_while_their_key_does() public view {
        for (uint256 which = 0; which < _handler.KEYS(); ++which) {
            vm.assertEq(_handler.used(which), _handler.usable(which));
        }
    }
}
