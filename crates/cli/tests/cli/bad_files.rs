//! Files that cannot be taken: the import is refused with place and remedy, and nothing of it is kept.

use expect_test::{Expect, expect};

use crate::support::{Place, Ran};

/// What the import says of a spoiled portfolio; and that it took nothing: once mended, every row is new.
fn check(spoil: impl Fn(&Place), mend: impl Fn(&Place), arguments: &[&str], expected: Expect) {
    let place = Place::with_portfolio();
    spoil(&place);
    place.run(&[&["import", "may"], arguments].concat()).check(expected);
    mend(&place);
    let report = place.json(&["import", "may"]);
    for table in report["tables"].as_array().expect("tables") {
        assert_eq!(table["added"], table["rows"], "{report}");
    }
}

fn restore(place: &Place) {
    for (name, text) in crate::support::TABLES {
        place.write(&format!("may/{name}"), text);
    }
}

#[test]
fn a_missing_column() {
    let spoil =
        |place: &Place| place.write("may/payments.csv", "payment_id,agreement_id,amount\nPAY-1,A-2,90.00\n");
    check(
        spoil,
        restore,
        &[],
        expect![[r#"
        exit 2
        error[portfolio]: payments.csv lacks the column paid_on; it has payment_id, agreement_id, amount; add it to the header row and to each line
    "#]],
    );
}

#[test]
fn a_misspelt_column() {
    check(
        |place| place.edit("may/payments.csv", "reverses", "reversed"),
        restore,
        &[],
        expect![[r#"
        exit 2
        error[portfolio]: payments.csv has a column "reversed" that the format does not know; did you mean reverses?
    "#]],
    );
}

#[test]
fn an_encoding_that_was_not_named() {
    check(
        |place| place.write("may/customers.csv", gbk(&place.read("may/customers.csv"))),
        restore,
        &[],
        expect![[r#"
            exit 2
            error[portfolio]: customers.csv line 2: the text is not UTF-8, but it is valid GBK; run again with --encoding gbk
        "#]],
    );
}

#[test]
fn gbk_is_read_when_it_is_named() {
    let place = Place::with_portfolio();
    for (name, text) in crate::support::TABLES {
        place.write(&format!("may/{name}"), gbk(text));
    }
    place.run(&["import", "may", "--encoding", "gbk"]).check_exit(0);
    place.run(&["export", "copy"]).check_exit(0);
    assert!(place.read("copy/customers.csv").contains("王示例"), "{}", place.read("copy/customers.csv"));
}

fn gbk(text: &str) -> Vec<u8> {
    let (bytes, _, is_lossy) = encoding_rs::GBK.encode(text);
    assert!(!is_lossy, "the sample has letters that GBK lacks");
    bytes.into_owned()
}

#[test]
fn utf_8_that_was_called_gbk() {
    check(
        |_| {},
        |_| {},
        &["--encoding", "gbk"],
        expect![[r#"
        exit 2
        error[portfolio]: customers.csv line 2: the text is UTF-8, not GBK; run again without --encoding gbk
    "#]],
    );
}

#[test]
fn a_stray_quote() {
    check(
        |place| place.edit("may/customers.csv", "Example Li", "Example \"Li"),
        restore,
        &[],
        expect![[r#"
        exit 2
        error[portfolio]: customers.csv line 3: a quote stands inside a value that does not begin with one; put the whole value in quotes and double the quotes inside it
    "#]],
    );
}

#[test]
fn a_folder_without_a_table_or_without_being_there() {
    let place = Place::empty();
    place.write("june/readme.txt", "nothing here");
    place.run(&["import", "june"]).check(expect![[r#"
        exit 2
        error[portfolio]: june holds no table of the portfolio format; put at least one of customers.csv, agreements.csv, payments.csv … or the same as .parquet there
    "#]]);
    place.run(&["import", "july"]).check(expect![[r#"
        exit 2
        error[portfolio]: cannot read july: No such file or directory (os error 2); check the path
    "#]]);
}

/// A product of the lender's own, with one line of the shipped one replaced.
fn check_product(old: &str, new: &str, expected: Expect) {
    let spoil = |place: &Place| {
        let shipped = include_str!("../../../../policies/products/baitiao.toml");
        assert!(shipped.contains(old), "the shipped product has no {old:?}");
        let own = shipped.replace("name = \"baitiao\"", "name = \"own\"").replace(old, new);
        place.write("may/products/own.toml", own);
        place.write(
            "may/products.csv",
            "product,version,effective_from,document\nown,1,2026-01-01,products/own.toml\n",
        );
    };
    check(spoil, restore, &[], expected);
}

#[test]
fn a_product_with_a_period_of_nothing() {
    check_product(
        "[[instalments]]\ncount = 3\n",
        "[[instalments]]\ncount = 0\n",
        expect![[r#"
        exit 2
        error[policy]: products/own.toml:20: instalments.count: must be 2 to 60 periods
    "#]],
    );
}

#[test]
fn a_product_that_costs_more_than_the_ceiling() {
    check_product(
        "count = 24\nfee_per_period = \"0.5%\"",
        "count = 24\nfee_per_period = \"1.2%\"",
        expect![[r#"
            exit 2
            error[policy]: products/own.toml:33: instalments.fee_per_period: a plan of 24 instalments at 1.2% a period costs 28.812% a year, 4.812% above the ceiling of 24%
        "#]],
    );
}

#[test]
fn a_policy_document_by_file_line_and_cell() {
    let place = Place::empty();
    let shipped = include_str!("../../../../policies/strategy/standard.csv");
    place.write(
        "own.csv",
        shipped.replace("overdue_firm", "overdue_frim").replace("name: standard", "name: own"),
    );
    let check = |ran: &Ran, expected: Expect| {
        let first: String =
            ran.stdout().lines().chain(ran.stderr().lines()).take(2).collect::<Vec<_>>().join("\n");
        expected.assert_eq(&format!("{}\n{first}\n", ran.0.status));
    };
    check(
        &place.run(&["policy", "check", "own.csv"]),
        expect![[r#"
        exit status: 1
        own.csv:24: row gentle_late: template: there is no template "overdue_frim"; import it first or name another
        own.csv:30: row m1_end: template: there is no template "overdue_frim"; import it first or name another
    "#]],
    );
    check(
        &place.run(&["policy", "import", "own.csv"]),
        expect![[r#"
        exit status: 2
        error[policy]: own.csv:24: row gentle_late: template: there is no template "overdue_frim"; import it first or name another
        error[policy]: own.csv:30: row m1_end: template: there is no template "overdue_frim"; import it first or name another
    "#]],
    );
    place.run(&["policy", "import", "none.csv"]).check(expect![[r#"
        exit 2
        error[policy]: cannot read none.csv: No such file or directory (os error 2); check the path
    "#]]);
    place.write("empty.toml", "name = \"x\"\n");
    place.run(&["policy", "check", "empty.toml"]).check(expect![[r#"
        exit 2
        error[policy_kind]: empty.toml: the document does not say what it is; its head needs kind, one of product, strategy, contact_rules, template, calendar, ledger
    "#]]);
}
