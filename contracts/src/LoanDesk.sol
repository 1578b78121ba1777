// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ICreditGate} from "./interfaces/ICreditGate.sol";

/// @title Pool (ERC-4626) that lends without collateral to whom the credit gate approves
/// @notice One loan per nullifier, ever: opening more accounts gives nobody a second one. Simple interest. Shares are
/// worth cash, outstanding principal and accrued interest; a loan written off after its grace period is a loss
/// to the shares (and a gain should it be repaid after all).
/// @dev For tokens that transfer exactly what they are told to (no fee on transfer, no rebasing).
contract LoanDesk is ERC4626, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    enum LoanState {
        None,
        Open,
        WrittenOff,
        Repaid
    }

    struct Loan {
        address borrower;
        uint64 start;
        LoanState state;
        uint128 principal;
    }

    /// @param maxLoan Most principal of a loan, in units of the asset.
    /// @param rateBps Simple interest per 365 days, in 1/10,000.
    /// @param term Seconds until a loan is due.
    /// @param grace Seconds after that until anyone may write it off.
    struct Terms {
        uint128 maxLoan;
        uint32 rateBps;
        uint32 term;
        uint32 grace;
    }

    event LoanDrawn(bytes32 indexed nullifier, address indexed borrower, uint256 principal, uint256 dueAt);
    event LoanRepaid(bytes32 indexed nullifier, address indexed payer, uint256 principal, uint256 interest);
    event LoanWrittenOff(bytes32 indexed nullifier, uint256 principal);

    error ZeroAddress();
    error AmountOutOfRange(uint256 amount, uint256 maximum);
    error NoApproval(address borrower);
    error NullifierUsed(bytes32 nullifier);
    error NotOutstanding(bytes32 nullifier);
    error NotOverdue(bytes32 nullifier, uint256 writeOffAt);

    uint256 private constant RATE_DENOMINATOR = 10_000 * 365 days;

    /// @notice Who may borrow.
    ICreditGate public immutable gate;

    /// @notice Most principal of a loan, in units of the asset.
    uint256 public immutable maxLoan;

    /// @notice Simple interest per 365 days, in 1/10,000.
    uint256 public immutable rateBps;

    /// @notice Seconds until a loan is due.
    uint256 public immutable term;

    /// @notice Seconds from there until it may be written off.
    uint256 public immutable grace;

    /// @notice Principal of all open loans.
    uint256 public totalPrincipal;

    /// @dev Sum of principal times start over open loans: with `totalPrincipal` it gives the interest accrued.
    uint256 private _principalTimesStart;

    /// @notice The loan drawn with a nullifier.
    mapping(bytes32 nullifier => Loan) public loanOf;

    constructor(IERC20 asset_, ICreditGate gate_, Terms memory terms)
        ERC20("zkseal LoanDesk share", "zkLOAN")
        ERC4626(asset_)
    {
        if (address(gate_) == address(0)) revert ZeroAddress();
        gate = gate_;
        maxLoan = terms.maxLoan;
        rateBps = terms.rateBps;
        term = terms.term;
        grace = terms.grace;
    }

    /// @notice Lends `amount` (units of the asset) to the caller.
    /// @dev Reverts with `AmountOutOfRange`, `NoApproval`, or `NullifierUsed`.
    /// @return nullifier Names the loan.
    function borrow(uint256 amount) external nonReentrant returns (bytes32 nullifier) {
        uint256 available = Math.min(maxLoan, _cash());
        if (amount == 0 || amount > available) revert AmountOutOfRange(amount, available);
        uint64 expiry;
        (nullifier, expiry) = gate.approvalOf(msg.sender);
        if (nullifier == 0 || block.timestamp > expiry) revert NoApproval(msg.sender);
        if (loanOf[nullifier].state != LoanState.None) revert NullifierUsed(nullifier);
        loanOf[nullifier] = Loan(msg.sender, uint64(block.timestamp), LoanState.Open, uint128(amount));
        totalPrincipal += amount;
        _principalTimesStart += amount * block.timestamp;
        emit LoanDrawn(nullifier, msg.sender, amount, block.timestamp + term);
        IERC20(asset()).safeTransfer(msg.sender, amount);
    }

    /// @notice Repays a loan, written off or not, with interest up to now. Anyone may pay.
    /// @dev Takes `owed(nullifier)` from the caller. Reverts with `NotOutstanding`, or as the asset does.
    function repay(bytes32 nullifier) external nonReentrant {
        Loan storage loan = loanOf[nullifier];
        uint256 amount = owed(nullifier);
        // An outstanding loan owes its principal at least, which is above zero.
        // slither-disable-next-line incorrect-equality
        if (amount == 0) revert NotOutstanding(nullifier);
        if (loan.state == LoanState.Open) _takeOffBooks(loan);
        loan.state = LoanState.Repaid;
        emit LoanRepaid(nullifier, msg.sender, loan.principal, amount - loan.principal);
        IERC20(asset()).safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Takes a loan that is past due and grace off the books. Anyone may call.
    /// @dev Reverts with `NotOutstanding` or `NotOverdue`.
    function writeOff(bytes32 nullifier) external nonReentrant {
        Loan storage loan = loanOf[nullifier];
        if (loan.state != LoanState.Open) revert NotOutstanding(nullifier);
        uint256 writeOffAt = loan.start + term + grace;
        if (block.timestamp <= writeOffAt) revert NotOverdue(nullifier, writeOffAt);
        _takeOffBooks(loan);
        loan.state = LoanState.WrittenOff;
        emit LoanWrittenOff(nullifier, loan.principal);
    }

    /// @notice Principal and interest up to now (rounded up) in units of the asset; zero if nothing is outstanding.
    function owed(bytes32 nullifier) public view returns (uint256) {
        Loan memory loan = loanOf[nullifier];
        if (loan.state != LoanState.Open && loan.state != LoanState.WrittenOff) return 0;
        uint256 elapsed = block.timestamp - loan.start;
        return loan.principal + Math.ceilDiv(loan.principal * rateBps * elapsed, RATE_DENOMINATOR);
    }

    /// @notice Cash, open principal and interest accrued on it, in units of the asset.
    function totalAssets() public view override returns (uint256) {
        uint256 accrued = (totalPrincipal * block.timestamp - _principalTimesStart) * rateBps / RATE_DENOMINATOR;
        return _cash() + totalPrincipal + accrued;
    }

    /// @notice Shares of `owner` that cash can pay for now.
    function maxRedeem(address owner) public view override returns (uint256) {
        return Math.min(balanceOf(owner), _convertToShares(_cash(), Math.Rounding.Floor));
    }

    function _takeOffBooks(Loan storage loan) private {
        totalPrincipal -= loan.principal;
        _principalTimesStart -= uint256(loan.principal) * loan.start;
    }

    function _cash() private view returns (uint256) {
        return IERC20(asset()).balanceOf(address(this));
    }

    function _deposit(address caller, address receiver, uint256 assets, uint256 shares) internal override nonReentrant {
        super._deposit(caller, receiver, assets, shares);
    }

    function _withdraw(address caller, address receiver, address owner, uint256 assets, uint256 shares)
        internal
        override
        nonReentrant
    {
        super._withdraw(caller, receiver, owner, assets, shares);
    }

    /// @dev Makes inflating the first share by a donation dear.
    function _decimalsOffset() internal pure override returns (uint8) {
        return 6;
    }
}
