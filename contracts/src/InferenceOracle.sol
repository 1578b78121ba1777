// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {InferenceFeed} from "./InferenceFeed.sol";
import {RequestBook} from "./RequestBook.sol";
import {IERC7992Verifier} from "./interfaces/IERC7992.sol";
import {IInferenceVerifier} from "./interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {IOracleCallback} from "./interfaces/IOracleCallback.sol";
import {Mode} from "./lib/Mode.sol";
import {PublicValues} from "./lib/PublicValues.sol";
import {Evidence, Statement, StatementLib} from "./lib/StatementLib.sol";

/// @title Oracle of model outputs
/// @notice Anyone asks with a fee and says what evidence it takes (`Mode`); anyone answers with just that, which names
/// the payee, and earns the fee; the asker's callback gets the gas it asked for and nothing it does can undo the answer.
///
/// Of mode TEE_THEN_ZK, the answer comes at once, signed by an enclave, with a bond that the asker chose. Feed and
/// callback get it then, while the request is `Provisional`: whoever acts on it takes the risk, and can read the status.
/// With the proof of the same statement within the window, fee and bond are the payee's and the answer is final; without,
/// both are the asker's and the feed takes its round back. So a wrong answer of a broken enclave costs its bond, because
/// it cannot be proved, and a right one earns nothing before it is proved. What the asker loses by a wrong answer may be
/// more than the bond: it is the asker who weighs that. What the answerer risks is to be too slow: it reads window and
/// bond before it answers. A model that is deprecated meanwhile can still be proved, or its owner could ask, deprecate
/// and take bonds.
contract InferenceOracle is RequestBook {
    /// @param payee Who earns fee and bond with the proof.
    /// @param proveBy Last second (Unix time) for it.
    /// @param round Of the feed that was written, or zero.
    /// @param stmt Statement hash that was attested and has to be proved.
    struct Provisional {
        address payee;
        uint64 proveBy;
        uint80 round;
        bytes32 stmt;
    }

    /// @param mode What the answer brought; of TEE_THEN_ZK it is provisional.
    event Answered(
        uint256 indexed requestId, address indexed payee, bytes output, bytes32 stmt, Mode mode, bool callbackOk
    );
    event Confirmed(uint256 indexed requestId, bytes32 stmt);
    event Slashed(uint256 indexed requestId, address indexed requester, uint256 bond);

    error DeadlinePassed(uint256 deadline);
    error InputMismatch(uint256 requestId);
    error OutputTooShort(uint256 count);
    error ModeMismatch(uint256 requestId, Mode mode);
    error GasTooLow(uint256 available, uint256 required);
    error WrongBond(uint256 expected, uint256 given);
    error NotProvisional(uint256 requestId);
    error OtherStatement(bytes32 attested, bytes32 given);
    error ProofWindowPassed(uint256 proveBy);
    error ProofWindowOpen(uint256 proveBy);

    /// @dev Gas kept for what follows the callback.
    uint256 private constant GAS_AFTER_CALLBACK = 30_000;

    /// @notice Where proofs are verified.
    IInferenceVerifier public immutable inferenceVerifier;

    /// @dev Its registry: where the proof of an attested answer finds the program, deprecated or not.
    IModelRegistry private immutable _registry;

    /// @notice Latest request that wrote a feed; earlier ones no longer do.
    mapping(address feed => uint256 requestId) public lastFeedRequest;

    mapping(uint256 requestId => Provisional) private _provisional;

    /// @param inferenceVerifier_ An `InferenceVerifier`.
    constructor(IInferenceVerifier inferenceVerifier_, address owner_) RequestBook(owner_) {
        inferenceVerifier = inferenceVerifier_;
        _registry = IModelRegistry(IERC7992Verifier(address(inferenceVerifier_)).registry());
    }

    /// @notice Answers a request of mode ZK with a proof and earns its fee for `payee`.
    /// @param payee Bound by the proof, so that a copied transaction earns its copier nothing.
    /// @param output Public values of the proof; those of the request first.
    /// @dev The proof's subject is `subjectOf(requestId, payee)`, its nonce the request id, its deadline the request's.
    /// Reverts with `NotPending`, `ModeMismatch`, `DeadlinePassed`, `InputMismatch`, `OutputTooShort`, `GasTooLow` (send
    /// more gas), or as `InferenceVerifier.consume` does.
    function answer(
        uint256 requestId,
        address payee,
        bytes calldata output,
        bytes calldata commitments,
        bytes calldata proof
    ) external nonReentrant {
        Request storage request_ = _open(requestId, Mode.ZK, output, keccak256(commitments));
        bytes32 stmt = _prove(requestId, request_, payee, output, commitments, proof);
        _settle(requestId, request_, payee, output, stmt);
    }

    /// @notice Answers a request of mode TEE with an attestation of its statement.
    /// @param inputCommitment As the request has it, or keccak256 of no bytes for public inputs.
    /// @dev Reverts as `answer` does but for the proof, with `AttestedAnswersOff`, or as the attestation verifier does.
    function answerAttested(
        uint256 requestId,
        address payee,
        bytes calldata output,
        bytes32 inputCommitment,
        bytes calldata attestation
    ) external nonReentrant {
        Request storage request_ = _open(requestId, Mode.TEE, output, inputCommitment);
        bytes32 stmt = _statement(requestId, request_, payee, output, inputCommitment);
        _attest(request_.modelId, stmt, attestation);
        _settle(requestId, request_, payee, output, stmt);
    }

    /// @notice Answers a request of mode TEE_AND_ZK with a proof and an attestation of the statement that it proves.
    /// @dev Reverts as `answer` and `answerAttested` do: neither makes up for the other.
    function answerBoth(
        uint256 requestId,
        address payee,
        bytes calldata output,
        bytes calldata commitments,
        bytes calldata proof,
        bytes calldata attestation
    ) external nonReentrant {
        Request storage request_ = _open(requestId, Mode.TEE_AND_ZK, output, keccak256(commitments));
        bytes32 stmt = _prove(requestId, request_, payee, output, commitments, proof);
        _attest(request_.modelId, stmt, attestation);
        _settle(requestId, request_, payee, output, stmt);
    }

    /// @notice Answers a request of mode TEE_THEN_ZK with an attestation; the value sent is the bond.
    /// @param payee Gets fee and bond when the answer is proved, whoever sent the bond.
    /// @dev Reverts as `answerAttested` does, or with `WrongBond`.
    function answerProvisionally(
        uint256 requestId,
        address payee,
        bytes calldata output,
        bytes32 inputCommitment,
        bytes calldata attestation
    ) external payable nonReentrant {
        Request storage request_ = _open(requestId, Mode.TEE_THEN_ZK, output, inputCommitment);
        if (msg.value != request_.bond) revert WrongBond(request_.bond, msg.value);
        bytes32 stmt = _statement(requestId, request_, payee, output, inputCommitment);
        _attest(request_.modelId, stmt, attestation);
        request_.status = Status.Provisional;
        Provisional storage provisional = _provisional[requestId];
        provisional.payee = payee;
        provisional.proveBy = uint64(block.timestamp) + request_.proofWindow;
        provisional.stmt = stmt;
        provisional.round = _pushRound(requestId, request_, output);
        _deliver(requestId, request_, payee, output, stmt);
    }

    /// @notice Proves a provisional answer: fee and bond are the payee's, the answer is final. Anyone may bring it.
    /// @param output The answer's.
    /// @dev The proof's deadline is the request's plus its window. The statement is the request's own, so nothing
    /// is marked at the InferenceVerifier. Reverts with `NotProvisional`, `ProofWindowPassed`, `OtherStatement`, or as
    /// the proof verifier does.
    function confirm(uint256 requestId, bytes calldata output, bytes calldata commitments, bytes calldata proof)
        external
        nonReentrant
    {
        Request storage request_ = _requests[requestId];
        Provisional memory provisional = _provisionalOf(requestId, request_);
        if (block.timestamp > provisional.proveBy) revert ProofWindowPassed(provisional.proveBy);
        bytes32 stmt = _statement(requestId, request_, provisional.payee, output, keccak256(commitments));
        if (stmt != provisional.stmt) revert OtherStatement(provisional.stmt, stmt);
        request_.status = Status.Answered;
        balanceOf[provisional.payee] += uint256(request_.fee) + request_.bond;
        if (provisional.round != 0) InferenceFeed(request_.feed).settle(provisional.round, true);
        emit Confirmed(requestId, stmt);
        address program = _registry.statusOf(request_.modelId).program;
        _registry.verifier().verify(program, abi.encodePacked(stmt), output, commitments, proof);
    }

    /// @notice Ends a provisional answer that was not proved in time: fee and bond are the requester's. Anyone may.
    /// @dev Reverts with `NotProvisional` or `ProofWindowOpen`.
    function slash(uint256 requestId) external nonReentrant {
        Request storage request_ = _requests[requestId];
        Provisional memory provisional = _provisionalOf(requestId, request_);
        if (block.timestamp <= provisional.proveBy) revert ProofWindowOpen(provisional.proveBy);
        request_.status = Status.Unproved;
        balanceOf[request_.requester] += uint256(request_.fee) + request_.bond;
        emit Slashed(requestId, request_.requester, request_.bond);
        if (provisional.round != 0) InferenceFeed(request_.feed).settle(provisional.round, false);
    }

    /// @notice What is due for a provisional answer; all zero if the request has none.
    function getProvisional(uint256 requestId) external view returns (Provisional memory) {
        return _provisional[requestId];
    }

    /// @notice What a proof must have as subject to answer the request in favour of `payee`.
    function subjectOf(uint256 requestId, address payee) public pure returns (bytes32) {
        return keccak256(abi.encode("zkseal oracle answer v1", requestId, payee));
    }

    /// @notice The statement hash that an answer to the request has to prove, attest, or both.
    /// @param inputCommitment keccak256 of the answer's commitments.
    function statementOf(uint256 requestId, address payee, bytes calldata output, bytes32 inputCommitment)
        external
        view
        returns (bytes32)
    {
        return _statement(requestId, _requests[requestId], payee, output, inputCommitment);
    }

    /// @dev A pending request in time, of this mode, whose inputs the answer has.
    function _open(uint256 requestId, Mode mode, bytes calldata output, bytes32 inputCommitment)
        private
        view
        returns (Request storage request_)
    {
        request_ = _requests[requestId];
        if (request_.status != Status.Pending) revert NotPending(requestId);
        if (request_.mode != mode) revert ModeMismatch(requestId, request_.mode);
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

    function _provisionalOf(uint256 requestId, Request storage request_) private view returns (Provisional memory) {
        if (request_.status != Status.Provisional) revert NotProvisional(requestId);
        return _provisional[requestId];
    }

    function _statement(
        uint256 requestId,
        Request storage request_,
        address payee,
        bytes calldata output,
        bytes32 inputCommitment
    ) private view returns (bytes32) {
        return StatementLib.hash(
            Statement({
                modelId: request_.modelId,
                inputCommitment: inputCommitment,
                outputHash: keccak256(output),
                context: StatementLib.contextOf(address(this), subjectOf(requestId, payee)),
                nonce: requestId,
                deadline: uint256(request_.deadline) + request_.proofWindow
            }),
            address(inferenceVerifier)
        );
    }

    /// @dev Of modes ZK and TEE_AND_ZK, whose requests have no window for the proof.
    function _prove(
        uint256 requestId,
        Request storage request_,
        address payee,
        bytes calldata output,
        bytes calldata commitments,
        bytes calldata proof
    ) private returns (bytes32 stmt) {
        Evidence memory evidence = StatementLib.evidence(
            subjectOf(requestId, payee), requestId, request_.deadline, commitments, proof
        );
        return inferenceVerifier.consume(request_.modelId, output, evidence);
    }

    function _attest(uint256 modelId, bytes32 stmt, bytes calldata attestation) private view {
        if (address(attestationVerifier) == address(0)) revert AttestedAnswersOff();
        attestationVerifier.verifyAttestation(modelId, stmt, attestation);
    }

    /// @dev Everything is written before the callback.
    function _settle(uint256 requestId, Request storage request_, address payee, bytes calldata output, bytes32 stmt)
        private
    {
        request_.status = Status.Answered;
        balanceOf[payee] += request_.fee;
        _pushRound(requestId, request_, output);
        _deliver(requestId, request_, payee, output, stmt);
    }

    /// @dev The number of the round that the answer makes in the request's feed; zero if it makes none.
    function _pushRound(uint256 requestId, Request storage request_, bytes calldata output)
        private
        returns (uint80 round)
    {
        address feed = request_.feed;
        if (feed == address(0) || requestId <= lastFeedRequest[feed]) return 0;
        lastFeedRequest[feed] = requestId;
        return InferenceFeed(feed).push(PublicValues.at(output, request_.outputIndex), request_.requestedAt);
    }

    function _deliver(uint256 requestId, Request storage request_, address payee, bytes calldata output, bytes32 stmt)
        private
    {
        bool callbackOk = request_.callback == address(0) || _callBack(requestId, request_, output);
        emit Answered(requestId, payee, output, stmt, request_.mode, callbackOk);
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
