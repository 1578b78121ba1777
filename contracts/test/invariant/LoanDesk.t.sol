// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {CreditScore} from "../../src/CreditScore.sol";
import {LoanDesk} from "../../src/LoanDesk.sol";
import {Evidence} from "../../src/lib/StatementLib.sol";
import {CreditFixture} from "../support/CreditFixture.sol";
import {InvariantTest} from "../support/InvariantTest.sol";
import {Token} from "../support/Mocks.sol";

/// @dev Three persons with two accounts each, two lenders. Covers CreditScore too.
contract LoanDeskHandler is CreditFixture {
    Token public token;
    LoanDesk public desk;
    uint256 public wrongful;
    uint256 public cash;
    mapping(bytes32 => uint256) public loans;
    uint256 public secondLoans;
    uint256 public worstPrice = type(uint256).max;
    uint256 private _lastPrice;
    uint256 public priceDrops;

    mapping(address => uint256) private _approvedUntil;
    bytes32[] public nullifiers;

    constructor() {
        setUpCredit();
        token = new Token("T", 6);
        desk = new LoanDesk(token, credit, LoanDesk.Terms(1_000e6, 2_500, 30 days, 10 days));
        deposit(0, 10_000e6);
    }

    function count() external view returns (uint256) {
        return nullifiers.length;
    }

    function approve_(uint256 who, bool goodScore, uint256 key) external {
        (address borrower, bytes32 subjectId) = _person(who);
        CreditScore.CreditData memory data = dataOf(borrower, subjectId);
        bytes memory output = values(600, goodScore ? int64(1) : int64(0));
        Evidence memory evidence = proveCredit(data, output);
        bool honest = key % 2 == 0;
        bytes memory signature = sign(data, honest ? PROVIDER_KEY : 1);
        vm.prank(borrower);
        try credit.approve(data, provider, signature, output, evidence) {
            if (!goodScore || !honest) ++wrongful;
            _approvedUntil[borrower] = data.expiry;
        } catch {}
    }

    function borrow(uint256 who, uint256 amount) external priceKept {
        (address borrower,) = _person(who);
        amount = bound(amount, 0, 1_100e6);
        vm.prank(borrower);
        try desk.borrow(amount) returns (bytes32 nullifier) {
            if (now_() > _approvedUntil[borrower] || amount > 1_000e6) ++wrongful;
            if (++loans[nullifier] > 1) ++secondLoans;
            nullifiers.push(nullifier);
            cash -= amount;
        } catch {}
    }

    function repay(uint256 which) external priceKept {
        if (nullifiers.length == 0) return;
        bytes32 nullifier = nullifiers[which % nullifiers.length];
        uint256 amount = desk.owed(nullifier);
        token.mint(address(this), amount);
        token.approve(address(desk), amount);
        try desk.repay(nullifier) {
            cash += amount;
        } catch {}
    }

    function writeOff(uint256 which) external {
        if (nullifiers.length == 0) return;
        try desk.writeOff(nullifiers[which % nullifiers.length]) {} catch {}
        _lastPrice = _price();
    }

    function deposit(uint256 who, uint256 amount) public priceKept {
        address lender = _lender(who);
        amount = bound(amount, 0, 20_000e6);
        token.mint(lender, amount);
        vm.startPrank(lender);
        token.approve(address(desk), amount);
        desk.deposit(amount, lender);
        vm.stopPrank();
        cash += amount;
    }

    function redeem(uint256 who, uint256 shares) external priceKept {
        address lender = _lender(who);
        shares = bound(shares, 0, desk.maxRedeem(lender));
        vm.prank(lender);
        cash -= desk.redeem(shares, lender, lender);
    }

    function wait(uint32 seconds_) external priceKept {
        vm.warp(now_() + bound(seconds_, 0, 10 days));
    }

    /// @dev Only a write-off may make a share worth less.
    modifier priceKept() {
        _;
        uint256 price = _price();
        if (price < _lastPrice) ++priceDrops;
        _lastPrice = price;
    }

    function _price() private view returns (uint256) {
        return (desk.totalAssets() + 1) * 1e30 / (desk.totalSupply() + 1e6);
    }

    function _person(uint256 who) private pure returns (address, bytes32) {
        return (vm.addr(1_000 + who % 6), keccak256(abi.encode("person", who % 3)));
    }

    function _lender(uint256 who) private pure returns (address) {
        return vm.addr(2_000 + who % 2);
    }
}

contract LoanDeskInvariantTest is InvariantTest {
    LoanDeskHandler private _handler;

    function setUp() public {
        _handler = new LoanDeskHandler();
        target = address(_handler);
    }

    function invariant_nobody_is_approved_or_lent_to_wrongly() public view {
        vm.assertEq(_handler.wrongful(), 0);
    }

    function invariant_one_loan_per_person() public view {
        vm.assertEq(_handler.secondLoans(), 0);
        vm.assertLe(_handler.count(), 3);
    }

    function invariant_books_agree_with_loans_and_cash() public view {
        LoanDesk desk = _handler.desk();
        uint256 open;
        for (uint256 i = 0; i < _handler.count(); ++i) {
            (,, LoanDesk.LoanState state, uint128 principal) = desk.loanOf(_handler.nullifiers(i));
            if (state == LoanDesk.LoanState.Open) open += principal;
        }
        vm.assertEq(desk.totalPrincipal(), open);
        vm.assertEq(_handler.token().balanceOf(address(desk)), _handler.cash());
        vm.assertGe(desk.totalAssets(), _handler.cash() + open);
    }

    function invariant_shares_lose_by_write_offs_only() public view {
        vm.assertEq(_handler.priceDrops(), 0);
    }
}
