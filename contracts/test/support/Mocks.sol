// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {IAggregatorV3} from "../../src/interfaces/IAggregatorV3.sol";
import {IERC8004ValidationRegistry} from "../../src/interfaces/IERC8004.sol";
import {IKeyAttestationProof} from "../../src/interfaces/IKeyAttestationProof.sol";
import {IOracleCallback} from "../../src/interfaces/IOracleCallback.sol";
import {ISwapVenue} from "../../src/interfaces/ISwapVenue.sol";
import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";
import {KeyAttestation} from "../../src/lib/KeyAttestationLib.sol";

contract Token is ERC20 {
    uint8 private immutable _decimals;

    constructor(string memory name_, uint8 decimals_) ERC20(name_, name_) {
        _decimals = decimals_;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }
}

/// @dev Tells the receiver of every transfer, as ERC-777 does: the way in for re-entrancy.
contract HookedToken is Token {
    constructor() Token("HOOK", 18) {}

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (to.code.length != 0 && from != address(0)) {
            (bool ok,) = to.call(abi.encodeWithSignature("tokensReceived()"));
            ok; // receivers need not implement it
        }
    }
}

contract VotesToken is ERC20, ERC20Permit, ERC20Votes {
    constructor() ERC20("Votes", "VOTE") ERC20Permit("Votes") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override(ERC20, ERC20Votes) {
        super._update(from, to, amount);
    }

    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }
}

contract Feed is IAggregatorV3 {
    uint8 public constant decimals = 8;
    uint256 public constant version = 1;
    string public constant description = "BASE / QUOTE";

    uint80 public latest;
    mapping(uint80 => int256) private _answers;
    mapping(uint80 => uint256) private _times;

    function push(int256 answer) external {
        ++latest;
        (_answers[latest], _times[latest]) = (answer, block.timestamp);
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return getRoundData(latest);
    }

    function getRoundData(uint80 id) public view returns (uint80, int256, uint256, uint256, uint80) {
        require(_times[id] != 0, "No data present");
        return (id, _answers[id], _times[id], _times[id], id);
    }
}

/// @dev Swaps at a price of its own, in units of tokenOut per 1e18 of tokenIn; may misbehave.
contract Venue is ISwapVenue {
    mapping(address tokenIn => uint256) public rate;
    bool public honoursMinimum = true;
    address public calls;
    bytes public callData;
    bool public callOk;

    function setRate(address tokenIn, uint256 rate_) external {
        rate[tokenIn] = rate_;
    }

    function setHonoursMinimum(bool honours) external {
        honoursMinimum = honours;
    }

    function setCall(address target, bytes calldata data) external {
        (calls, callData) = (target, data);
    }

    function swap(address tokenIn, address tokenOut, uint256 amountIn, uint256 minOut) external returns (uint256 out) {
        IERC20(tokenIn).transferFrom(msg.sender, address(this), amountIn);
        if (calls != address(0)) (callOk,) = calls.call(callData);
        out = amountIn * rate[tokenIn] / 1e18;
        if (honoursMinimum) require(out >= minOut, "minimum");
        IERC20(tokenOut).transfer(msg.sender, out);
        if (!honoursMinimum) out = minOut; // and lies
    }
}

/// @dev Receives answers, as told: well, by reverting, by burning gas, with endless return data, or by coming back.
contract Callback is IOracleCallback {
    enum Mode {
        Keep,
        Revert,
        Burn,
        Bomb,
        Reenter
    }

    Mode public mode;
    uint256 public requestId;
    bytes public output;
    bytes public data;
    bytes public reentry;
    bool public reentryOk;
    uint256 public gasSeen;

    function setMode(Mode mode_, bytes calldata reentry_) external {
        (mode, reentry) = (mode_, reentry_);
    }

    function aiOracleCallback(uint256 requestId_, bytes calldata output_, bytes calldata data_) external {
        gasSeen = gasleft();
        if (mode == Mode.Revert) revert("no");
        if (mode == Mode.Burn) while (true) {}
        if (mode == Mode.Bomb) {
            assembly {
                return(0, 500000)
            }
        }
        if (mode == Mode.Reenter) (reentryOk,) = msg.sender.call(reentry);
        (requestId, output, data) = (requestId_, output_, data_);
    }

    receive() external payable {
        if (mode == Mode.Revert) revert("no");
        if (mode == Mode.Reenter) (reentryOk,) = msg.sender.call(reentry);
    }

    function call(address target, bytes calldata data_) external payable returns (bytes memory result) {
        bool ok;
        (ok, result) = target.call{value: msg.value}(data_);
        if (!ok) {
            assembly {
                revert(add(result, 32), mload(result))
            }
        }
    }
}

/// @dev Borrows again, repays or withdraws as soon as money arrives.
contract GreedyReceiver {
    address public target;
    bytes public data;
    bool public tried;
    bool public ok;
    bytes public error;

    function setCall(address target_, bytes calldata data_) external {
        (target, data, tried) = (target_, data_, false);
    }

    function tokensReceived() external {
        if (tried || target == address(0)) return;
        tried = true;
        (ok, error) = target.call(data);
    }

    function call(address to, bytes calldata data_) external returns (bytes memory result) {
        bool done;
        (done, result) = to.call(data_);
        if (!done) {
            assembly {
                revert(add(result, 32), mload(result))
            }
        }
    }
}

/// @dev ERC-1271 wallet of one owner.
contract Wallet {
    address private immutable _owner;

    constructor(address owner) {
        _owner = owner;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        (uint8 v, bytes32 r, bytes32 s) = abi.decode(signature, (uint8, bytes32, bytes32));
        return ecrecover(digest, v, r, s) == _owner ? this.isValidSignature.selector : bytes4(0);
    }
}

contract AttestationDouble is IAttestationVerifier {
    mapping(bytes32 => bool) public accepted;

    function accept(uint256 modelId, bytes32 stmt, bytes memory attestation) external {
        accepted[keccak256(abi.encode(modelId, stmt, attestation))] = true;
    }

    function verifyAttestation(uint256 modelId, bytes32 stmt, bytes calldata attestation) external view {
        require(accepted[keccak256(abi.encode(modelId, stmt, attestation))], "attestation");
    }
}

contract KeyAttestationProofDouble is IKeyAttestationProof {
    mapping(bytes32 => bool) public accepted;

    function accept(KeyAttestation memory attestation, bytes32 digest, bytes memory proof) external {
        accepted[keccak256(abi.encode(attestation, digest, proof))] = true;
    }

    function verifyKeyAttestation(KeyAttestation calldata attestation, bytes32 digest, bytes calldata proof)
        external
        view
    {
        require(accepted[keccak256(abi.encode(attestation, digest, proof))], "key proof");
    }
}

/// @dev The part of ERC-8004's validation registry that the validator meets.
contract ValidationRegistry is IERC8004ValidationRegistry {
    struct Status {
        address validator;
        uint256 agentId;
        uint8 response;
        bytes32 responseHash;
        string tag;
        uint256 lastUpdate;
    }

    mapping(bytes32 => Status) private _status;
    mapping(bytes32 => string) public responseURI;
    uint256 public responses;

    function validationRequest(address validator, uint256 agentId, string calldata, bytes32 requestHash) external {
        require(_status[requestHash].validator == address(0), "exists");
        _status[requestHash] = Status(validator, agentId, 0, 0, "", block.timestamp);
    }

    function validationResponse(
        bytes32 requestHash,
        uint8 response,
        string calldata uri,
        bytes32 responseHash,
        string calldata tag
    ) external {
        Status storage status = _status[requestHash];
        require(msg.sender == status.validator, "not validator");
        (status.response, status.responseHash, status.tag, status.lastUpdate) =
        (response, responseHash, tag, block.timestamp);
        responseURI[requestHash] = uri;
        ++responses;
    }

    function getValidationStatus(bytes32 requestHash)
        external
        view
        returns (address, uint256, uint8, bytes32, string memory, uint256)
    {
        Status memory status = _status[requestHash];
        require(status.validator != address(0), "unknown");
        return (status.validator, status.agentId, status.response, status.responseHash, status.tag, status.lastUpdate);
    }
}
