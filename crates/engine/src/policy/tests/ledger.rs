//! What is said about charts of accounts.

use expect_test::expect;

use super::{check, read_changed, words};
use crate::policy::PolicyDocument;

const FILE: &str = "ledger/sample-cn.toml";

#[test]
fn a_broken_chart_is_told_by_line_and_account() {
    check(
        FILE,
        &[
            ("code = \"113202\"", "code = \"113201\""),
            ("code = \"4104\"", "code = \"41 04\""),
            ("class = \"asset\"\n", ""),
            ("class = \"asset\"", "class = \"assets\""),
            ("side = \"debit\"\n", ""),
            ("name_zh = \"应收利息—利息\"", "name_zh = \" \""),
        ],
        expect![[r#"
            sample-cn.toml:27: accounts.code: "113201" is given twice; leave one of them out or give it another code
            sample-cn.toml:259: roles: role accrued.late_fee stands on account "113202", which the chart does not have; add it under [[accounts]]
            sample-cn.toml:132: accounts.code: "41 04" must be letters, digits, ".", "-" and "_", such as "130301"
            sample-cn.toml:268: roles: role equity.portfolio_takeover stands on account "4104", which the chart does not have; add it under [[accounts]]
            sample-cn.toml:13: accounts.class: account "1012" has no class; give one of asset, liability, equity, income, expense, off_balance
            sample-cn.toml:16: accounts.class: "assets" is unknown; use one of asset, liability, equity, income, expense, off_balance
            sample-cn.toml:13: accounts.side: account "1012" has no side; give one of debit, credit
            sample-cn.toml:21: accounts.name_zh: account "113201" needs a name here"#]],
    );
}

#[test]
fn a_role_that_stands_on_no_fitting_account_is_told_with_its_name() {
    check(
        FILE,
        &[
            ("\"accrued.late_fee\" = ", "\"accrued.late_fees\" = "),
            ("\"accrued.late_fee\" = \"113202\"", "\"accrued.late_fee\" = \"113209\""),
            ("\"accrued.late_fee\" = \"113202\"", "\"accrued.late_fee\" = \"602102\""),
            ("product = \"card-twd\"", "product = \"card\""),
        ],
        expect![[r#"
            sample-cn.toml:259: roles: role "accrued.late_fees" is unknown; use one of receivable.principal, receivable.instalment_fee, receivable.interest, receivable.charge, receivable.late_fee, receivable.charged_off, accrued.interest, accrued.late_fee, suspended.instalment_fee, suspended.interest, suspended.late_fee, allowance.provision, cash.clearing, suspense.bank, payable.merchant, payable.customer_credit, equity.portfolio_takeover, income.instalment_fee, income.interest, income.charge, income.late_fee, income.recovery, income.sale_result, expense.principal_waived, expense.instalment_fee_waived, expense.interest_waived, expense.charge_waived, expense.late_fee_waived, expense.provision, memorandum.written_off, memorandum.interest, memorandum.late_fee, memorandum.contra
            sample-cn.toml:259: roles: role accrued.late_fee stands on account "113209", which the chart does not have; add it under [[accounts]]
            sample-cn.toml:259: roles: role accrued.late_fee stands on account "602102" of class income; it needs one of class asset or liability or equity
            sample-cn.toml:309: products.product: "card" is given twice; put its roles together"#]],
    );
}

#[test]
fn a_role_without_an_account_is_told_when_the_chart_is_imported() {
    let read = read_changed(FILE, "\"accrued.late_fee\" = \"113202\"\n", "").expect("it can be read");
    let PolicyDocument::Ledger(document) = read else { panic!("a chart") };
    expect![[r#"sample-cn.toml: roles: role accrued.late_fee has no account; add a line "accrued.late_fee" = "CODE" under [roles]"#]].assert_eq(&words(&document.complaints()));
}
