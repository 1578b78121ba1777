// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {AttestedKeyRegistry} from "../../src/AttestedKeyRegistry.sol";
import {CreditScore} from "../../src/CreditScore.sol";
import {InferenceFeed} from "../../src/InferenceFeed.sol";
import {InferenceOracle} from "../../src/InferenceOracle.sol";
import {InferenceVerifier} from "../../src/InferenceVerifier.sol";
import {LoanDesk} from "../../src/LoanDesk.sol";
import {ModelRegistry} from "../../src/ModelRegistry.sol";
import {RequestBook} from "../../src/RequestBook.sol";
import {StrategyVault} from "../../src/StrategyVault.sol";
import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";
import {ICreditGate} from "../../src/interfaces/ICreditGate.sol";
import {IERC7992Registry} from "../../src/interfaces/IERC7992.sol";
import {IZksealVerifier} from "../../src/interfaces/IZksealVerifier.sol";
import {Mode} from "../../src/lib/Mode.sol";
import {Evidence} from "../../src/lib/StatementLib.sol";
import {Feed, Token, Venue} from "../support/Mocks.sol";
import {Test} from "../support/Test.sol";

/// @dev Accepts every proof: what is checked here is everything around the proof.
contract AcceptAll is IZksealVerifier {
    function verify(address, bytes calldata, bytes calldata, bytes calldata, bytes calldata) external view {}

    function verifyMany(Item[] calldata items) external view {}

    function modelDigest(address) external pure returns (bytes32) {
        return bytes32(0);
    }

    function setupOf(address) external pure returns (bytes memory) {
        return "";
    }
}

/// @dev Gives whatever approval it is told.
contract Gate is ICreditGate {
    bytes32 private _nullifier;
    uint64 private _expiry;

    function set(bytes32 nullifier, uint64 expiry) external {
        (_nullifier, _expiry) = (nullifier, expiry);
    }

    function approvalOf(address) external view returns (bytes32, uint64) {
        return (_nullifier, _expiry);
    }
}

/// @dev Properties for halmos (`halmos --contract Checks`): access control, nullifiers, deadlines, for all callers,
/// times and amounts. Each is also a fuzz test elsewhere.
contract Checks is Test {
    address private constant OWNER = address(0xa11ce);

    ModelRegistry private _registry;
    InferenceVerifier private _verifier;
    InferenceOracle private _oracle;
    CreditScore private _credit;
    StrategyVault private _vault;
    InferenceFeed private _feed;
    LoanDesk private _desk;
    Gate private _gate;
    Token private _token;
    AttestedKeyRegistry private _keys;
    uint256 private _model;

    function setUp() public {
        vm.warp(1_800_000_000);
        _registry = new ModelRegistry(new AcceptAll(), true);
        _verifier = new InferenceVerifier(_registry);
        bytes32 a = keccak256("p");
        bytes32 b = keccak256("m");
        _registry.storeProgram("p");
        _registry.storeProgram("m");
        vm.startPrank(OWNER);
        _model = _registry.proveModel(a, b, "");
        _registry.registerModel(IERC7992Registry.ModelCommitment(b, a, bytes32(_model), _registry.proofSystemId(), ""));
        vm.stopPrank();
        _oracle = new InferenceOracle(_verifier, OWNER);
        address[] memory appraisers = new address[](1);
        appraisers[0] = address(0xa99);
        _keys = new AttestedKeyRegistry(_registry, OWNER, address(0x90a2d), appraisers, 1);
        _credit = new CreditScore(_verifier, OWNER);
        _token = new Token("T", 18);
        Token quote = new Token("Q", 6);
        StrategyVault.Limits memory limits = StrategyVault.Limits(1e18, 1e6, 100, 60, 300);
        _vault = new StrategyVault(
            StrategyVault.Market(_token, quote, new Feed(), new Venue(), _verifier, _model, 1, 1), limits, OWNER
        );
        _feed = new InferenceFeed(_model, 3_600, 8, "", Mode.ZK);
        _gate = new Gate();
        _desk = new LoanDesk(_token, _gate, LoanDesk.Terms(1_000e18, 1_000, 90 days, 30 days));
        _token.mint(address(_desk), 10_000e18);
        _token.mint(address(_vault), 1e18);
    }

    // Access control

    function check_only_the_owner_deprecates(address caller) public {
        vm.prank(caller);
        (bool ok,) = address(_registry).call(abi.encodeCall(_registry.deprecateModel, (_model)));
        assert(!ok || caller == OWNER);
    }

    function check_only_the_owner_raises_the_minimum(address caller, uint32 version) public {
        vm.prank(caller);
        (bool ok,) = address(_registry).call(abi.encodeCall(_registry.raiseMinimumVersion, (_model, version)));
        assert(!ok || caller == OWNER);
    }

    function check_ownership_needs_an_offer(address caller, address offered) public {
        vm.prank(OWNER);
        _registry.transferOwnership(_model, offered);
        vm.prank(caller);
        (bool ok,) = address(_registry).call(abi.encodeCall(_registry.acceptOwnership, (_model)));
        assert(!ok || caller == offered);
    }

    function check_only_the_owner_of_the_oracle_turns_attestation_on(address caller, address to) public {
        vm.prank(caller);
        (bool ok,) = address(_oracle).call(abi.encodeCall(_oracle.setAttestationVerifier, (IAttestationVerifier(to))));
        assert(!ok || caller == OWNER);
    }

    function check_only_owner_and_guardian_revoke_keys(address caller, address key) public {
        vm.prank(caller);
        (bool ok,) = address(_keys).call(abi.encodeCall(_keys.revokeKey, (key)));
        assert(!ok || caller == OWNER || caller == address(0x90a2d));
    }

    function check_only_the_models_owner_allows_production_measurements(address caller, bytes32 image, uint8 least)
        public
    {
        vm.prank(caller);
        (bool ok,) = address(_keys).call(abi.encodeCall(_keys.allowMeasurement, (_model, image, least)));
        assert(!ok || (caller == OWNER && (least == 3 || least == 4)));
    }

    function check_a_key_that_nobody_registered_answers_nothing(address key, uint256 model) public view {
        try _keys.requireUsable(key, model) {
            assert(false);
        } catch {}
    }

    function check_only_the_owner_registers_providers(address caller, address provider) public {
        vm.prank(caller);
        (bool ok,) = address(_credit).call(abi.encodeCall(_credit.setProvider, (provider, true)));
        assert(!ok || caller == OWNER);
    }

    function check_only_the_owner_empties_the_vault(address caller, address to, uint256 amount) public {
        vm.prank(caller);
        (bool ok,) = address(_vault).call(abi.encodeCall(_vault.withdraw, (_token, to, amount)));
        assert(!ok || caller == OWNER);
    }

    function check_only_the_oracle_writes_a_feed(address caller, int64 answer) public {
        vm.prank(caller);
        (bool ok,) = address(_feed).call(abi.encodeCall(_feed.push, (answer, 1)));
        assert(!ok || caller == address(this));
    }

    // Nullifiers

    function check_a_nullifier_draws_one_loan(address a, address b, bytes32 nullifier, uint256 x, uint256 y) public {
        vm.assume(a != address(0) && b != address(0) && a != address(_desk) && b != address(_desk));
        _gate.set(nullifier, type(uint64).max);
        vm.prank(a);
        (bool first,) = address(_desk).call(abi.encodeCall(_desk.borrow, (x)));
        vm.prank(b);
        (bool second,) = address(_desk).call(abi.encodeCall(_desk.borrow, (y)));
        assert(!(first && second));
    }

    function check_no_loan_without_a_nullifier_or_in_time(bytes32 nullifier, uint64 expiry, uint64 time) public {
        vm.warp(time);
        _gate.set(nullifier, expiry);
        (bool ok,) = address(_desk).call(abi.encodeCall(_desk.borrow, (1)));
        assert(!ok || (nullifier != 0 && time <= expiry));
    }

    // Deadlines

    function check_a_statement_is_used_in_time_and_once(uint256 nonce, uint256 deadline, uint64 time) public {
        vm.warp(time);
        bytes memory use = abi.encodeCall(_verifier.consume, (_model, "", Evidence("", nonce, deadline, "", "")));
        (bool ok,) = address(_verifier).call(use);
        assert(!ok || time <= deadline);
        (bool again,) = address(_verifier).call(use);
        assert(!again);
    }

    function check_refund_is_the_requesters_and_late(address caller, uint64 deadline, uint64 time) public {
        RequestBook.RequestParams memory params;
        params.modelId = _model;
        params.inputCommitment = keccak256("input");
        params.deadline = deadline;
        vm.assume(deadline >= 1_800_000_000 && deadline <= 1_800_000_000 + 30 days);
        uint256 id = _oracle.request(params);
        vm.warp(time);
        vm.prank(caller);
        (bool ok,) = address(_oracle).call(abi.encodeCall(_oracle.cancel, (id)));
        assert(!ok || (caller == address(this) && time > deadline));
    }
}
