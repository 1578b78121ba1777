// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {ModelRegistry} from "../../src/ModelRegistry.sol";
import {IERC7992Registry} from "../../src/interfaces/IERC7992.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {Fixture} from "../support/Fixture.sol";
import {InvariantTest} from "../support/InvariantTest.sol";

contract ModelRegistryHandler is Fixture {
    uint256[] public ids;
    mapping(uint256 => bool) public wasDeprecated;
    mapping(uint256 => uint32) public highestMinimum;
    uint256 public intruders;
    uint256 private _programs;

    address[3] private _actors = [modelOwner, account("a"), account("b")];

    constructor() {
        setUpFixture();
        ids.push(modelId);
    }

    function count() external view returns (uint256) {
        return ids.length;
    }

    function registry_() external view returns (ModelRegistry) {
        return registry;
    }

    function registerNew() external {
        bytes memory program = abi.encode("program", ++_programs);
        ids.push(register(program, "m"));
    }

    function update(uint256 which, uint256 who) external {
        IERC7992Registry.ModelCommitment memory commitment = proveModel(abi.encode("program", ++_programs), "m");
        if (_attempt(which, who, abi.encodeCall(registry.updateModel, (_id(which), commitment)))) {
            ids.push(uint256(commitment.vkHash));
        }
    }

    function deprecate(uint256 which, uint256 who) external {
        uint256 id = _id(which);
        if (_attempt(which, who, abi.encodeCall(registry.deprecateModel, (id)))) wasDeprecated[id] = true;
    }

    function raise(uint256 which, uint256 who, uint32 version) external {
        version = uint32(bound(version, 0, 4));
        uint256 id = _id(which);
        if (_attempt(which, who, abi.encodeCall(registry.raiseMinimumVersion, (id, version)))) {
            (uint256 family,) = registry.familyOf(id);
            highestMinimum[family] = version;
        }
    }

    function offer(uint256 which, uint256 who, uint256 to) external {
        _attempt(which, who, abi.encodeCall(registry.transferOwnership, (_id(which), _actors[to % 3])));
    }

    function accept(uint256 which, uint256 who) external {
        uint256 id = _id(which);
        (, ModelRegistry.Family memory family) = registry.familyOf(id);
        address actor = _actors[who % 3];
        vm.prank(actor);
        (bool ok,) = address(registry).call(abi.encodeCall(registry.acceptOwnership, (id)));
        if (ok && family.pendingOwner != actor) ++intruders;
    }

    function _id(uint256 which) private view returns (uint256) {
        return ids[which % ids.length];
    }

    function _attempt(uint256 which, uint256 who, bytes memory data) private returns (bool ok) {
        (,, address owner) = registry.getModel(_id(which));
        address actor = _actors[who % 3];
        vm.prank(actor);
        (ok,) = address(registry).call(data);
        if (ok && actor != owner) ++intruders;
    }
}

contract ModelRegistryInvariantTest is InvariantTest {
    ModelRegistryHandler private _handler;

    function setUp() public {
        _handler = new ModelRegistryHandler();
        target = address(_handler);
    }

    function invariant_nobody_but_the_owner_succeeds() public view {
        vm.assertEq(_handler.intruders(), 0);
    }

    function invariant_versions_and_deprecations_only_go_up() public view {
        ModelRegistry registry = _handler.registry_();
        for (uint256 i = 0; i < _handler.count(); ++i) {
            uint256 id = _handler.ids(i);
            IModelRegistry.ModelStatus memory status = registry.statusOf(id);
            (uint256 familyId, ModelRegistry.Family memory family) = registry.familyOf(id);
            vm.assertEq(status.deprecated, _handler.wasDeprecated(id));
            vm.assertGe(status.minimumVersion, _handler.highestMinimum(familyId));
            vm.assertLe(status.minimumVersion, family.latestVersion);
            vm.assertLe(status.version, family.latestVersion);
            vm.assertTrue(family.owner != address(0));
            vm.assertTrue(status.program.code.length > 1);
        }
    }
}
