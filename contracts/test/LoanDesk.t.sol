// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {LoanDesk} from "../src/LoanDesk.sol";
import {ICreditGate} from "../src/interfaces/ICreditGate.sol";
import {CreditFixture} from "./support/CreditFixture.sol";
import {GreedyReceiver, HookedToken} from "./support/Mocks.sol";

contract LoanDeskTest is CreditFixture {
    bytes32 private constant ALICE_ID = keccak256("alice, keyed");

    HookedToken private _token;
    LoanDesk private _desk;
    address private _lender = account("lender");
    address private _alice = account("alice");
    address private _bob = account("bob");

    function setUp() public {
        setUpCredit();
        _token = new HookedToken();
        _desk = new LoanDesk(
            _token, credit, LoanDesk.Terms({maxLoan: 1_000e18, rateBps: 1_000, term: 90 days, grace: 30 days})
        );
        _token.mint(_lender, 10_000e18);
        vm.startPrank(_lender);
        _token.approve(address(_desk), type(uint256).max);
        _desk.deposit(10_000e18, _lender);
        vm.stopPrank();
    }

    function test_approved_borrower_draws_a_loan() public {
        approve(_alice, ALICE_ID);
        vm.prank(_alice);
        bytes32 nullifier = _desk.borrow(1_000e18);
        vm.assertEq(nullifier, credit.nullifierOf(ALICE_ID));
        vm.assertEq(_token.balanceOf(_alice), 1_000e18);
        vm.assertEq(_desk.owed(nullifier), 1_000e18);
        vm.assertEq(_desk.totalAssets(), 10_000e18);
    }

    function test_others_draw_none() public {
        approve(_alice, ALICE_ID);
        vm.expectRevert(abi.encodeWithSelector(LoanDesk.NoApproval.selector, _bob));
        vm.prank(_bob);
        _desk.borrow(1);
    }

    function test_expired_approval_draws_none() public {
        approve(_alice, ALICE_ID);
        vm.warp(now_() + 30 days + 1);
        vm.expectRevert(abi.encodeWithSelector(LoanDesk.NoApproval.selector, _alice));
        vm.prank(_alice);
        _desk.borrow(1);
    }

    function testFuzz_amount_is_bounded(uint256 amount) public {
        approve(_alice, ALICE_ID);
        vm.assume(amount == 0 || amount > 1_000e18);
        vm.expectRevert(abi.encodeWithSelector(LoanDesk.AmountOutOfRange.selector, amount, 1_000e18));
        vm.prank(_alice);
        _desk.borrow(amount);
    }

    function test_pool_lends_only_what_it_has() public {
        vm.prank(_lender);
        _desk.withdraw(9_990e18, _lender, _lender);
        approve(_alice, ALICE_ID);
        vm.expectRevert(abi.encodeWithSelector(LoanDesk.AmountOutOfRange.selector, 11e18, 10e18));
        vm.prank(_alice);
        _desk.borrow(11e18);
    }

    function test_one_loan_per_nullifier_and_account() public {
        approve(_alice, ALICE_ID);
        vm.startPrank(_alice);
        bytes32 nullifier = _desk.borrow(1e18);
        vm.expectRevert(abi.encodeWithSelector(LoanDesk.NullifierUsed.selector, nullifier));
        _desk.borrow(1e18);
    }

    function test_second_account_of_the_same_person_draws_none() public {
        approve(_alice, ALICE_ID);
        vm.prank(_alice);
        bytes32 nullifier = _desk.borrow(1e18);
        approve(_bob, ALICE_ID);
        vm.expectRevert(abi.encodeWithSelector(LoanDesk.NullifierUsed.selector, nullifier));
        vm.prank(_bob);
        _desk.borrow(1e18);
    }

    function test_nullifier_stays_used_after_repayment_and_write_off() public {
        bytes32 nullifier = _borrow(1e18);
        _repay(nullifier);
        approve(_alice, ALICE_ID);
        vm.expectRevert(abi.encodeWithSelector(LoanDesk.NullifierUsed.selector, nullifier));
        vm.prank(_alice);
        _desk.borrow(1e18);
    }

    function testFuzz_interest_is_simple(uint128 amount, uint32 elapsed) public {
        amount = uint128(bound(amount, 1, 1_000e18));
        bytes32 nullifier = _borrow(amount);
        vm.warp(now_() + elapsed);
        uint256 exact = uint256(amount) * 1_000 * elapsed;
        uint256 interest = exact / (10_000 * 365 days);
        if (exact % (10_000 * 365 days) != 0) ++interest;
        vm.assertEq(_desk.owed(nullifier), amount + interest);
        // What the pool counts on is what the borrower owes, less the rounding.
        vm.assertGe(10_000e18 + interest, _desk.totalAssets());
        vm.assertLe(10_000e18 + interest, _desk.totalAssets() + 1);
        _repay(nullifier);
        vm.assertEq(_token.balanceOf(address(_desk)), 10_000e18 + interest);
        vm.assertEq(_desk.totalAssets(), 10_000e18 + interest);
        vm.assertEq(_desk.owed(nullifier), 0);
    }

    function test_repayment_happens_once() public {
        bytes32 nullifier = _borrow(1e18);
        _repay(nullifier);
        vm.expectRevert(abi.encodeWithSelector(LoanDesk.NotOutstanding.selector, nullifier));
        _desk.repay(nullifier);
        vm.expectRevert(abi.encodeWithSelector(LoanDesk.NotOutstanding.selector, bytes32(0)));
        _desk.repay(bytes32(0));
    }

    function test_write_off_waits_for_grace_and_falls_on_shares() public {
        bytes32 nullifier = _borrow(1_000e18);
        uint256 writeOffAt = now_() + 120 days;
        vm.warp(writeOffAt);
        vm.expectRevert(abi.encodeWithSelector(LoanDesk.NotOverdue.selector, nullifier, writeOffAt));
        _desk.writeOff(nullifier);
        vm.warp(writeOffAt + 1);
        _desk.writeOff(nullifier);
        vm.assertEq(_desk.totalAssets(), 9_000e18);
        vm.assertEq(_desk.totalPrincipal(), 0);
        vm.expectRevert(abi.encodeWithSelector(LoanDesk.NotOutstanding.selector, nullifier));
        _desk.writeOff(nullifier);
        // Late money is welcome.
        _repay(nullifier);
        vm.assertGe(_desk.totalAssets(), 10_000e18);
    }

    function test_lenders_leave_with_cash_only() public {
        _borrow(1_000e18);
        uint256 most = _desk.maxWithdraw(_lender);
        vm.assertLe(most, 9_000e18);
        vm.assertGe(most, 9_000e18 - 1);
        vm.expectPartialRevert(ERC4626.ERC4626ExceededMaxWithdraw.selector);
        vm.prank(_lender);
        _desk.withdraw(9_000e18 + 1, _lender, _lender);
        uint256 shares = _desk.maxRedeem(_lender);
        vm.prank(_lender);
        _desk.redeem(shares, _lender, _lender);
    }

    function testFuzz_newcomers_do_not_share_past_interest(uint32 elapsed) public {
        bytes32 nullifier = _borrow(1_000e18);
        vm.warp(now_() + bound(elapsed, 1 days, 90 days));
        _token.mint(_bob, 5_000e18);
        vm.startPrank(_bob);
        _token.approve(address(_desk), type(uint256).max);
        uint256 shares = _desk.deposit(5_000e18, _bob);
        vm.stopPrank();
        _repay(nullifier);
        vm.prank(_bob);
        vm.assertLe(_desk.redeem(shares, _bob, _bob), 5_000e18 + 1);
    }

    function test_donation_does_not_steal_the_first_deposit() public {
        LoanDesk fresh = new LoanDesk(_token, credit, LoanDesk.Terms(1, 1, 1, 1));
        _token.mint(_alice, 100_000e18);
        vm.startPrank(_alice);
        _token.approve(address(fresh), type(uint256).max);
        uint256 mine = fresh.deposit(1, _alice);
        _token.transfer(address(fresh), 10_000e18);
        vm.stopPrank();
        _token.mint(_bob, 1_000e18);
        vm.startPrank(_bob);
        _token.approve(address(fresh), type(uint256).max);
        uint256 shares = fresh.deposit(1_000e18, _bob);
        vm.assertGe(fresh.redeem(shares, _bob, _bob), 980e18);
        vm.stopPrank();
        vm.prank(_alice);
        vm.assertLe(fresh.redeem(mine, _alice, _alice), 10_000e18);
    }

    function test_token_hook_cannot_come_back() public {
        GreedyReceiver greedy = new GreedyReceiver();
        approve(address(greedy), ALICE_ID);
        bytes memory borrow = abi.encodeCall(LoanDesk.borrow, (1e18));
        greedy.setCall(address(_desk), borrow);
        greedy.call(address(_desk), borrow);
        vm.assertTrue(greedy.tried());
        vm.assertFalse(greedy.ok());
        vm.assertEq(_token.balanceOf(address(greedy)), 1e18);

        // As a lender: withdraw again while being paid.
        _token.mint(address(greedy), 99e18);
        greedy.call(address(_token), abi.encodeCall(IERC20.approve, (address(_desk), type(uint256).max)));
        greedy.call(address(_desk), abi.encodeCall(ERC4626.deposit, (100e18, address(greedy))));
        bytes memory withdraw = abi.encodeCall(ERC4626.withdraw, (40e18, address(greedy), address(greedy)));
        greedy.setCall(address(_desk), withdraw);
        greedy.call(address(_desk), withdraw);
        vm.assertTrue(greedy.tried());
        vm.assertFalse(greedy.ok());
        vm.assertEq(_token.balanceOf(address(greedy)), 40e18);
    }

    function test_constructor_refuses_no_gate() public {
        vm.expectRevert(LoanDesk.ZeroAddress.selector);
        new LoanDesk(_token, ICreditGate(address(0)), LoanDesk.Terms(1, 1, 1, 1));
    }

    function _borrow(uint256 amount) private returns (bytes32) {
        approve(_alice, ALICE_ID);
        vm.prank(_alice);
        return _desk.borrow(amount);
    }

    function _repay(bytes32 nullifier) private {
        uint256 amount = _desk.owed(nullifier);
        _token.mint(_bob, amount);
        vm.startPrank(_bob);
        _token.approve(address(_desk), amount);
        _desk.repay(nullifier);
        vm.stopPrank();
    }
}
