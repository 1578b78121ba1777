// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {InferenceFeed} from "./InferenceFeed.sol";
import {IAttestationVerifier} from "./interfaces/IAttestationVerifier.sol";
import {IInferenceVerifier} from "./interfaces/IInferenceVerifier.sol";
import {IOracleCallback} from "./interfaces/IOracleCallback.sol";
import {PublicValues} from "./lib/PublicValues.sol";
import {Evidence, Statement, StatementLib} from "./lib/StatementLib.sol";

/// @title Oracle of model outputs
/// @notice Anyone asks with a fee; anyone answers with a proof, which names the payee, and earns the fee; the asker's
/// callback gets the gas it asked for and nothing it does can undo the answer. An unanswered request is refunded
/// after its deadline. All money is credited first and withdrawn later.
contract InferenceOracle is Ownable2Step, ReentrancyGuardTransient {
    enum Status {
        None,
        Pending,
        Answered,
        Cancelled
    }

    /// @param modelId Model to run.
    /// @param publicInput Leading public values of the answer, abi.encode(int64[]); empty if there are none.
    /// @param inputCommitment keccak256 of the commitments the answer must have; zero if the inputs are all public.
    /// @param callback Contract to call with the answer, or zero.
    /// @param callbackGas Gas for the callback.
    /// @param deadline Last second (Unix time) for an answer.
    /// @param feed Feed of the caller to write, or zero.
    /// @param outputIndex Which public value the feed takes.
    /// @param allowAttested Whether an attested answer will do.
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
        bool allowAttested;
        bytes callbackData;
    }

    struct Request {
        address requester;
        uint64 deadline;
        uint32 callbackGas;
        Status status;
        bool allowAttested;
        address callback;
        uint64 requestedAt;
        uint32 outputIndex;
        address feed;
        uint96 fee;
        uint256 modelId;
        bytes32 inputCommitment;
        bytes32 inputHash;
        uint32 inputCount;
        bytes callbackData;
    }

    event FeedCreated(address indexed feed, address indexed owner, uint256 indexed modelId);
    event Requested(
        uint256 indexed requestId, address indexed requester, uint256 indexed modelId, RequestParams params
    );
    event Answered(
        uint256 indexed requestId, address indexed payee, bytes output, bytes32 stmt, bool attested, bool callbackOk
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
    error NotPending(uint256 requestId);
    error NotRequester(uint256 requestId, address caller);
    error DeadlinePassed(uint256 deadline);
    error DeadlineNotPassed(uint256 deadline);
    error InputMismatch(uint256 requestId);
    error OutputTooShort(uint256 count);
    error AttestedAnswersOff();
    error GasTooLow(uint256 available, uint256 required);
    error NothingToWithdraw();
    error TransferFailed();

    /// @notice Most gas that a callback may ask for.
    uint256 public constant MAX_CALLBACK_GAS = 2_000_000;

    /// @notice Most seconds between request and deadline.
    uint256 public constant MAX_LIFETIME = 30 days;

    /// @dev Gas kept for what follows the callback.
    uint256 private constant GAS_AFTER_CALLBACK = 30_000;

    /// @notice Where proofs are verified.
    IInferenceVerifier public immutable inferenceVerifier;

    /// @notice Where attested answers are verified; zero: they are refused.
    IAttestationVerifier public attestationVerifier;

    /// @notice Number of requests so far; the id of the latest one.
    uint256 public requestCount;

    /// @notice Wei that an account may withdraw.
    mapping(address account => uint256 amount) public balanceOf;

    /// @notice Who may request rounds of a feed.
    mapping(address feed => address owner) public feedOwner;

    /// @notice Latest request that wrote a feed; earlier ones no longer do.
    mapping(address feed => uint256 requestId) public lastFeedRequest;

    mapping(uint256 requestId => Request) private _requests;

    constructor(IInferenceVerifier inferenceVerifier_, address owner_) Ownable(owner_) {
        inferenceVerifier = inferenceVerifier_;
    }

    /// @notice Sets where attested answers are verified; zero refuses them. Proved answers need none.
    /// @dev Only the owner. Only requests that allow attested answers are concerned.
    function setAttestationVerifier(IAttestationVerifier attestationVerifier_) external onlyOwner {
        attestationVerifier = attestationVerifier_;
        emit AttestationVerifierSet(address(attestationVerifier_));
    }

    /// @notice Creates a feed that only the caller's requests to `modelId` write.
    /// @param maxAge Seconds after which the feed refuses its latest answer.
    /// @param decimals Of the feed's answers.
    function createFeed(uint256 modelId, uint256 maxAge, uint8 decimals, string calldata description)
        external
        returns (InferenceFeed feed)
    {
        feed = new InferenceFeed(modelId, maxAge, decimals, description);
        feedOwner[address(feed)] = msg.sender;
        emit FeedCreated(address(feed), msg.sender, modelId);
    }

    /// @notice Asks for an inference; the value sent (wei) is the fee.
    /// @dev Reverts with `InputNotBound` if neither public input nor commitment is given, `DeadlineOutOfRange`,
    /// `CallbackGasTooHigh`, `FeeTooHigh`, `NotFeedOwner`, `FeedModelMismatch`, or `NotCanonical`.
    /// @return requestId Counts from 1.
    function request(RequestParams calldata params) external payable returns (uint256 requestId) {
        uint256 inputCount = params.publicInput.length == 0 ? 0 : PublicValues.count(params.publicInput);
        if (inputCount == 0 && params.inputCommitment == 0) revert InputNotBound();
        if (params.deadline < block.timestamp || params.deadline > block.timestamp + MAX_LIFETIME) {
            revert DeadlineOutOfRange(params.deadline);
        }
        if (params.callbackGas > MAX_CALLBACK_GAS) revert CallbackGasTooHigh(params.callbackGas, MAX_CALLBACK_GAS);
        if (msg.value > type(uint96).max) revert FeeTooHigh(msg.value);
        if (params.feed != address(0)) {
            if (feedOwner[params.feed] != msg.sender) revert NotFeedOwner(params.feed, msg.sender);
            if (InferenceFeed(params.feed).modelId() != params.modelId) {
                revert FeedModelMismatch(params.feed, params.modelId);
            }
        }
        requestId = ++requestCount;
        _requests[requestId] = Request({
            requester: msg.sender,
            deadline: params.deadline,
            callbackGas: params.callbackGas,
            status: Status.Pending,
            allowAttested: params.allowAttested,
            callback: params.callback,
            requestedAt: uint64(block.timestamp),
            outputIndex: params.outputIndex,
            feed: params.feed,
            fee: uint96(msg.value),
            modelId: params.modelId,
            inputCommitment: params.inputCommitment,
            inputHash: inputCount == 0 ? bytes32(0) : keccak256(params.publicInput[64:]),
            inputCount: uint32(inputCount),
            callbackData: params.callbackData
        });
        emit Requested(requestId, msg.sender, params.modelId, params);
    }

    /// @notice Answers a request with a proof and earns its fee for `payee`.
    /// @param payee Bound by the proof, so that a copied transaction earns its copier nothing.
    /// @param output Public values of the proof; those of the request first.
    /// @dev The proof's subject is `subjectOf(requestId, payee)`, its nonce the request id, its deadline the request's.
    /// Reverts with `NotPending`, `DeadlinePassed`, `InputMismatch`, `OutputTooShort`, `GasTooLow` (send more gas), or
    /// as `InferenceVerifier.consume` does.
    function answer(
        uint256 requestId,
        address payee,
        bytes calldata output,
        bytes calldata commitments,
        bytes calldata proof
    ) external nonReentrant {
        Request storage request_ = _open(requestId, output, keccak256(commitments));
        Evidence memory evidence =
            StatementLib.evidence(subjectOf(requestId, payee), requestId, request_.deadline, commitments, proof);
        bytes32 stmt = inferenceVerifier.consume(request_.modelId, output, evidence);
        _settle(requestId, request_, payee, output, stmt, false);
    }

    /// @notice Answers a request that allows it with an attestation.
    /// @param inputCommitment As the request has it, or keccak256 of no bytes for public inputs.
    /// @dev Reverts with `AttestedAnswersOff`, as `answer` does, or as the attestation verifier does.
    function answerAttested(
        uint256 requestId,
        address payee,
        bytes calldata output,
        bytes32 inputCommitment,
        bytes calldata attestation
    ) external nonReentrant {
        Request storage request_ = _open(requestId, output, inputCommitment);
        if (address(attestationVerifier) == address(0) || !request_.allowAttested) revert AttestedAnswersOff();
        bytes32 stmt = StatementLib.hash(
            Statement({
                modelId: request_.modelId,
                inputCommitment: inputCommitment,
                outputHash: keccak256(output),
                context: StatementLib.contextOf(address(this), subjectOf(requestId, payee)),
                nonce: requestId,
                deadline: request_.deadline
            }),
            address(inferenceVerifier)
        );
        attestationVerifier.verifyAttestation(request_.modelId, stmt, attestation);
        _settle(requestId, request_, payee, output, stmt, true);
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

    /// @notice What a proof must have as subject to answer the request in favour of `payee`.
    function subjectOf(uint256 requestId, address payee) public pure returns (bytes32) {
        return keccak256(abi.encode("zkseal oracle answer v1", requestId, payee));
    }

    /// @dev A pending request in time, whose inputs the answer has.
    function _open(uint256 requestId, bytes calldata output, bytes32 inputCommitment)
        private
        view
        returns (Request storage request_)
    {
        request_ = _requests[requestId];
        if (request_.status != Status.Pending) revert NotPending(requestId);
        if (block.timestamp > request_.deadline) revert DeadlinePassed(request_.deadline);
        if (request_.inputCommitment != 0 && request_.inputCommitment != inputCommitment) {
            revert InputMismatch(requestId);
        }
        uint256 count = PublicValues.count(output);
        uint256 inputCount = request_.inputCount;
        if (count < inputCount) revert OutputTooShort(count);
        if (inputCount != 0 && keccak256(output[64:64 + 32 * inputCount]) != request_.inputHash) {
            revert InputMismatch(requestId);
        }
        if (request_.feed != address(0) && request_.outputIndex >= count) revert OutputTooShort(count);
    }

    /// @dev Everything is written before the callback.
    function _settle(
        uint256 requestId,
        Request storage request_,
        address payee,
        bytes calldata output,
        bytes32 stmt,
        bool attested
    ) private {
        request_.status = Status.Answered;
        balanceOf[payee] += request_.fee;
        address feed = request_.feed;
        if (feed != address(0) && requestId > lastFeedRequest[feed]) {
            lastFeedRequest[feed] = requestId;
            InferenceFeed(feed).push(PublicValues.at(output, request_.outputIndex), request_.requestedAt);
        }
        bool callbackOk = request_.callback == address(0) || _callBack(requestId, request_, output);
        emit Answered(requestId, payee, output, stmt, attested, callbackOk);
    }

    /// @dev Exactly `callbackGas` and no return data: neither can the callback spend or return more, nor the answerer
    /// starve it.
    function _callBack(uint256 requestId, Request storage request_, bytes calldata output) private returns (bool ok) {
        address target = request_.callback;
        uint256 callbackGas = request_.callbackGas;
        bytes memory data = abi.encodeCall(IOracleCallback.aiOracleCallback, (requestId, output, request_.callbackData));
        // A call hands on at most 63/64 of the gas left.
        uint256 required = callbackGas + callbackGas / 63 + GAS_AFTER_CALLBACK;
        if (gasleft() < required) revert GasTooLow(gasleft(), required);
        assembly ("memory-safe") {
            ok := call(callbackGas, target, 0, add(data, 32), mload(data), 0, 0)
        }
    }
}
