// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {InferenceFeed} from "./InferenceFeed.sol";
import {IAttestationVerifier} from "./interfaces/IAttestationVerifier.sol";
import {Mode} from "./lib/Mode.sol";
import {PublicValues} from "./lib/PublicValues.sol";

/// @title Requests for model outputs, and the money in them
/// @notice What is asked, by whom, for which fee, and on what evidence. An unanswered request is refunded after its
/// deadline. All money is credited first and withdrawn later. How requests are answered is `InferenceOracle`.
abstract contract RequestBook is Ownable2Step, ReentrancyGuardTransient {
    /// @dev Pending -> Answered | Cancelled; of mode TEE_THEN_ZK: Pending -> Provisional -> Answered | Unproved.
    enum Status {
        None,
        Pending,
        Answered,
        Cancelled,
        Provisional,
        Unproved
    }

    /// @param modelId Model to run.
    /// @param publicInput Leading public values of the answer, abi.encode(int64[]); empty if there are none.
    /// @param inputCommitment keccak256 of the commitments the answer must have; zero if the inputs are all public.
    /// @param callback Contract to call with the answer, or zero.
    /// @param callbackGas Gas for the callback.
    /// @param deadline Last second (Unix time) for an answer.
    /// @param feed Feed of the caller to write, or zero; of the same mode.
    /// @param outputIndex Which public value the feed takes.
    /// @param mode What evidence the answer has to bring.
    /// @param bond Wei that the answerer puts up; of mode TEE_THEN_ZK, and zero for others.
    /// @param proofWindow Seconds from the answer to the last one for its proof; the same.
    /// @param callbackData Handed to the callback.
    struct RequestParams {
        uint256 modelId;
        bytes publicInput;
        bytes32 inputCommitment;
        address callback;
        uint32 callbackGas;
        uint64 deadline;
        address feed;
        uint32 outputIndex;
        Mode mode;
        uint96 bond;
        uint32 proofWindow;
        bytes callbackData;
    }

    struct Request {
        address requester;
        uint64 deadline;
        uint32 callbackGas;
        address callback;
        uint64 requestedAt;
        Status status;
        Mode mode;
        address feed;
        uint32 outputIndex;
        uint32 inputCount;
        uint32 proofWindow;
        uint96 fee;
        uint96 bond;
        uint256 modelId;
        bytes32 inputCommitment;
        bytes32 inputHash;
        bytes callbackData;
    }

    event FeedCreated(address indexed feed, address indexed owner, uint256 indexed modelId, Mode mode);
    event Requested(
        uint256 indexed requestId, address indexed requester, uint256 indexed modelId, RequestParams params
    );
    event Cancelled(uint256 indexed requestId);
    event Withdrawn(address indexed account, uint256 amount);
    event AttestationVerifierSet(address indexed attestationVerifier);

    error ZeroAddress();
    error InputNotBound();
    error DeadlineOutOfRange(uint256 deadline);
    error CallbackGasTooHigh(uint256 callbackGas, uint256 maximum);
    error FeeTooHigh(uint256 fee);
    error NotFeedOwner(address feed, address caller);
    error FeedModelMismatch(address feed, uint256 modelId);
    error FeedModeMismatch(address feed, Mode mode);
    error BondMissing();
    error ProofWindowOutOfRange(uint256 proofWindow);
    error BondNotTaken(Mode mode);
    error AttestedAnswersOff();
    error NotPending(uint256 requestId);
    error NotRequester(uint256 requestId, address caller);
    error DeadlineNotPassed(uint256 deadline);
    error NothingToWithdraw();
    error TransferFailed();

    /// @notice Most gas that a callback may ask for.
    uint256 public constant MAX_CALLBACK_GAS = 2_000_000;

    /// @notice Most seconds between request and deadline.
    uint256 public constant MAX_LIFETIME = 30 days;

    /// @notice Least and most seconds for the proof of an attested answer. Within the least, an answerer who is held up,
    /// or blocks that somebody fills, should not cost a bond.
    uint256 public constant MIN_PROOF_WINDOW = 10 minutes;
    uint256 public constant MAX_PROOF_WINDOW = 7 days;

    /// @notice Where attested answers are verified; zero: they are neither asked for nor taken.
    IAttestationVerifier public attestationVerifier;

    /// @notice Number of requests so far; the id of the latest one.
    uint256 public requestCount;

    /// @notice Wei that an account may withdraw.
    mapping(address account => uint256 amount) public balanceOf;

    /// @notice Who may request rounds of a feed.
    mapping(address feed => address owner) public feedOwner;

    mapping(uint256 requestId => Request) internal _requests;

    constructor(address owner_) Ownable(owner_) {}

    /// @notice Sets where attested answers are verified; zero refuses them. Answers with a proof alone need none.
    /// @dev Only the owner. Concerns requests whose mode is not ZK, also those that are pending.
    function setAttestationVerifier(IAttestationVerifier attestationVerifier_) external onlyOwner {
        attestationVerifier = attestationVerifier_;
        emit AttestationVerifierSet(address(attestationVerifier_));
    }

    /// @notice Creates a feed that only the caller's requests to `modelId` write.
    /// @param maxAge Seconds after which the feed refuses its latest answer.
    /// @param decimals Of the feed's answers.
    /// @param mode What stands behind each of its rounds, so that readers know.
    function createFeed(uint256 modelId, uint256 maxAge, uint8 decimals, string calldata description, Mode mode)
        external
        returns (InferenceFeed feed)
    {
        feed = new InferenceFeed(modelId, maxAge, decimals, description, mode);
        feedOwner[address(feed)] = msg.sender;
        emit FeedCreated(address(feed), msg.sender, modelId, mode);
    }

    /// @notice Asks for an inference; the value sent (wei) is the fee.
    /// @dev Reverts with `InputNotBound` if neither public input nor commitment is given, `DeadlineOutOfRange`,
    /// `CallbackGasTooHigh`, `FeeTooHigh`, `NotFeedOwner`, `FeedModelMismatch`, `FeedModeMismatch`,
    /// `AttestedAnswersOff`, `BondMissing`, `ProofWindowOutOfRange`, `BondNotTaken`, or `NotCanonical`.
    /// @return requestId Counts from 1.
    function request(RequestParams calldata params) external payable returns (uint256 requestId) {
        uint256 inputCount = params.publicInput.length == 0 ? 0 : PublicValues.count(params.publicInput);
        if (inputCount == 0 && params.inputCommitment == 0) revert InputNotBound();
        if (params.deadline < block.timestamp || params.deadline > block.timestamp + MAX_LIFETIME) {
            revert DeadlineOutOfRange(params.deadline);
        }
        if (params.callbackGas > MAX_CALLBACK_GAS) revert CallbackGasTooHigh(params.callbackGas, MAX_CALLBACK_GAS);
        if (msg.value > type(uint96).max) revert FeeTooHigh(msg.value);
        _requireMode(params);
        if (params.feed != address(0)) _requireFeed(params);
        requestId = ++requestCount;
        _requests[requestId] = Request({
            requester: msg.sender,
            deadline: params.deadline,
            callbackGas: params.callbackGas,
            callback: params.callback,
            requestedAt: uint64(block.timestamp),
            status: Status.Pending,
            mode: params.mode,
            feed: params.feed,
            outputIndex: params.outputIndex,
            inputCount: uint32(inputCount),
            proofWindow: params.proofWindow,
            fee: uint96(msg.value),
            bond: params.bond,
            modelId: params.modelId,
            inputCommitment: params.inputCommitment,
            inputHash: inputCount == 0 ? bytes32(0) : keccak256(params.publicInput[64:]),
            callbackData: params.callbackData
        });
        emit Requested(requestId, msg.sender, params.modelId, params);
    }

    /// @notice Takes back an unanswered request after its deadline: the fee is credited to the requester.
    /// @dev Only the requester. Reverts with `NotPending`, `NotRequester` or `DeadlineNotPassed`.
    function cancel(uint256 requestId) external nonReentrant {
        Request storage request_ = _requests[requestId];
        if (request_.status != Status.Pending) revert NotPending(requestId);
        if (request_.requester != msg.sender) revert NotRequester(requestId, msg.sender);
        if (block.timestamp <= request_.deadline) revert DeadlineNotPassed(request_.deadline);
        request_.status = Status.Cancelled;
        balanceOf[msg.sender] += request_.fee;
        emit Cancelled(requestId);
    }

    /// @notice Pays out the caller's balance to `to`.
    /// @dev Reverts with `ZeroAddress`, `NothingToWithdraw` or `TransferFailed`.
    function withdraw(address payable to) external nonReentrant {
        if (to == address(0)) revert ZeroAddress();
        uint256 amount = balanceOf[msg.sender];
        if (amount == 0) revert NothingToWithdraw();
        balanceOf[msg.sender] = 0;
        emit Withdrawn(msg.sender, amount);
        (bool ok,) = to.call{value: amount}("");
        if (!ok) revert TransferFailed();
    }

    /// @notice A request; status None for an unknown one.
    function getRequest(uint256 requestId) external view returns (Request memory) {
        return _requests[requestId];
    }

    /// @dev A mode that can be served now, with a bond and a window if it is that of a bond.
    function _requireMode(RequestParams calldata params) private view {
        Mode mode = params.mode;
        if (mode != Mode.ZK && address(attestationVerifier) == address(0)) revert AttestedAnswersOff();
        if (mode != Mode.TEE_THEN_ZK) {
            if (params.bond != 0 || params.proofWindow != 0) revert BondNotTaken(mode);
            return;
        }
        if (params.bond == 0) revert BondMissing();
        if (params.proofWindow < MIN_PROOF_WINDOW || params.proofWindow > MAX_PROOF_WINDOW) {
            revert ProofWindowOutOfRange(params.proofWindow);
        }
    }

    /// @dev A feed of the caller's, of this model and mode.
    function _requireFeed(RequestParams calldata params) private view {
        address feed = params.feed;
        if (feedOwner[feed] != msg.sender) revert NotFeedOwner(feed, msg.sender);
        if (InferenceFeed(feed).modelId() != params.modelId) revert FeedModelMismatch(feed, params.modelId);
        if (InferenceFeed(feed).mode() != params.mode) revert FeedModeMismatch(feed, params.mode);
    }
}
