//! Generated portfolios are reproducible, readable, and behave as the published aggregates say, judged by the
//! engine's own fold.

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::{Fact, FactKind};
use dunlin_domain::id::{FactId, hash_parts};
use dunlin_domain::money::Rate;
use dunlin_domain::position::{Position, standing_facts};
use dunlin_domain::terms::{Component, Terms};
use dunlin_engine::portfolio::{
    AgreementRow, AgreementState, CustomerRow, DecimalAmount, Encoding, Format, PaymentMovement, PaymentRow,
    PortfolioRow, PurchaseRow, open_table, survey,
};
use expect_test::expect;

use super::{Config, GeneratedCustomer, generate, write_folder};

fn date(text: &str) -> Date {
    Date::parse(text).expect("a day of the calendar")
}

fn config(customer_count: u64, days: u32) -> Config {
    Config::new(2026, customer_count, date("2026-01-01"), days)
}

#[test]
fn a_generated_customer_reads_like_this() {
    let config = config(3, 90);
    let customers: Vec<_> = generate(&config).collect();
    expect![[r#"
        C00000002,客户0****002,zh,Asia/Shanghai,standard,
        C00000002-P1,C00000002,phone,100****002,borrower,active,1
        C00000002-E1,C00000002,email,c00***@example.com,borrower,active,1
        A00000002-1,C00000002,card,CNY,2025-11-11,57100.00,10,no,active,,none
        P00000002-1-1,A00000002-1,2025-11-14,2411.99,0,,
        P00000002-1-2,A00000002-1,2025-11-25,2412.28,0,,
        P00000002-1-3,A00000002-1,2025-12-02,2411.50,0,,
        P00000002-1-5,A00000002-1,2025-12-12,7916.34,0,,
        P00000002-1-7,A00000002-1,2026-01-22,595.02,0,,
        P00000002-1-8,A00000002-1,2026-01-25,594.90,0,,
        P00000002-1-10,A00000002-1,2026-02-17,1513.56,0,,
        P00000002-1-12,A00000002-1,2026-03-23,73.54,0,,
        P00000002-1-13,A00000002-1,2026-03-31,73.79,0,,
        Y00000002-1-4,A00000002-1,2025-12-15,7235.77,,
        Y00000002-1-6,A00000002-1,2026-01-24,396.00,,
        Y00000002-1-9,A00000002-1,2026-02-13,8710.26,,
        Y00000002-1-11,A00000002-1,2026-03-23,1513.56,,"#]]
    .assert_eq(&shown(&customers[1]));
}

fn shown(customer: &GeneratedCustomer) -> String {
    fn add<R: PortfolioRow>(lines: &mut Vec<String>, rows: &[R]) {
        lines.extend(rows.iter().map(PortfolioRow::masked_text));
    }
    let mut lines = vec![customer.customer.masked_text()];
    add(&mut lines, &customer.contact_points);
    add(&mut lines, &customer.agreements);
    add(&mut lines, &customer.purchases);
    add(&mut lines, &customer.payments);
    add(&mut lines, &customer.refunds);
    lines.join("\n")
}

#[test]
fn a_customer_depends_on_seed_and_number_only() {
    let few: Vec<_> = generate(&config(10, 90)).collect();
    let many: Vec<_> = generate(&config(1000, 90)).take(10).collect();
    assert_eq!(few, many);
    let other = Config { seed: 2027, ..config(10, 90) };
    assert!(generate(&other).zip(&few).all(|(other, first)| other.purchases != first.purchases));
}

#[test]
fn a_longer_window_goes_on_from_a_shorter_one() {
    let short: Vec<_> = generate(&config(200, 60)).collect();
    let long: Vec<_> = generate(&config(200, 120)).collect();
    let last = config(200, 60).end();
    for (short, long) in short.iter().zip(&long) {
        let kept: Vec<_> = long.payments.iter().filter(|payment| payment.paid_on <= last).collect();
        assert_eq!(short.payments.iter().collect::<Vec<_>>(), kept);
    }
}

#[test]
fn nothing_is_dated_after_the_window_or_before_the_agreement() {
    let config = config(2000, 45);
    for customer in generate(&config) {
        let opened: Vec<_> =
            customer.agreements.iter().map(|row| (&row.agreement_id, row.opened_on)).collect();
        let begins = |agreement: &String| opened.iter().find(|(id, _)| *id == agreement).map(|(_, on)| *on);
        let purchases = customer.purchases.iter().map(|row| (&row.agreement_id, row.purchased_on));
        let payments = customer.payments.iter().map(|row| (&row.agreement_id, row.paid_on));
        let refunds = customer.refunds.iter().map(|row| (&row.agreement_id, row.refunded_on));
        for (agreement, on) in purchases.chain(payments).chain(refunds) {
            assert!(on <= config.end(), "{agreement} has a fact on {on}");
            assert!(begins(agreement).is_some_and(|opened_on| opened_on <= on), "{agreement} {on}");
        }
        for agreement in &customer.agreements {
            let of_agreement = |id: &String| *id == agreement.agreement_id;
            let days = customer.payments.iter().filter(|row| of_agreement(&row.agreement_id));
            assert!(days.map(|row| row.paid_on).is_sorted(), "payments of {}", agreement.agreement_id);
            let days = customer.purchases.iter().filter(|row| of_agreement(&row.agreement_id));
            assert!(days.map(|row| row.purchased_on).is_sorted(), "purchases of {}", agreement.agreement_id);
        }
    }
}

#[test]
fn numbers_and_addresses_reach_nobody() {
    for customer in generate(&config(2000, 1)) {
        for point in &customer.contact_points {
            let value = point.value.reveal();
            let is_number = value.len() == 11 && value.starts_with("10") && value.as_bytes()[2] <= b'2';
            assert!(is_number || value.ends_with("@example.com"), "{value}");
        }
    }
}

#[test]
fn a_written_folder_is_read_back_without_a_reject() {
    for format in Format::ALL {
        let config = config(300, 90);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("portfolio");
        let mut told = Vec::new();
        write_folder(&config, &path, format, &mut |done, total| told.push((done, total))).expect("written");
        assert_eq!(told, [(300, 300)]);
        assert_eq!(survey(&path).expect("a portfolio").tables.len(), 7);
        let customers: Vec<_> = generate(&config).collect();
        assert_eq!(rows::<CustomerRow>(&path).len(), 300);
        let agreements: Vec<AgreementRow> = customers.iter().flat_map(|one| one.agreements.clone()).collect();
        assert_eq!(rows::<AgreementRow>(&path), agreements);
        let purchases: Vec<PurchaseRow> = customers.iter().flat_map(|one| one.purchases.clone()).collect();
        assert_eq!(rows::<PurchaseRow>(&path), purchases);
        let payments: Vec<PaymentRow> = customers.iter().flat_map(|one| one.payments.clone()).collect();
        assert_eq!(rows::<PaymentRow>(&path), payments);
    }
}

fn rows<R: PortfolioRow>(folder: &std::path::Path) -> Vec<R> {
    let reader = open_table::<R>(folder, Encoding::Utf8).expect("a readable table").expect("a table");
    reader.map(|row| row.expect("a good row").1).collect()
}

/// The facts of one agreement, as the engine would keep them.
fn facts(customer: &GeneratedCustomer, agreement: &AgreementRow) -> Vec<Fact> {
    let id = |reference: &str| FactId(hash_parts("test fact", &[reference.as_bytes()]));
    let money =
        |amount: DecimalAmount| amount.to_money(agreement.currency).expect("an amount of the currency");
    let fact = |reference: &str, kind, value_on, amount, target: Option<&str>| Fact {
        id: id(reference),
        kind,
        value_on,
        learned_at: Timestamp::from_micros(0),
        amount,
        instalment_count: 0,
        component: Component::Principal,
        detail: dunlin_domain::fact::FactDetail::default(),
        due_on: None,
        target: target.map(id),
        reference: reference.to_owned(),
    };
    let is_ours = |id: &String| *id == agreement.agreement_id;
    let zero = DecimalAmount::ZERO;
    let mut facts = Vec::new();
    for row in customer.purchases.iter().filter(|row| is_ours(&row.agreement_id)) {
        let mut purchase =
            fact(&row.purchase_id, FactKind::Purchase, row.purchased_on, money(row.amount), None);
        purchase.instalment_count = row.instalment_count;
        facts.push(purchase);
    }
    for row in customer.refunds.iter().filter(|row| is_ours(&row.agreement_id)) {
        let target = Some(row.purchase_id.as_str());
        facts.push(fact(&row.refund_id, FactKind::Refund, row.refunded_on, money(row.amount), target));
    }
    for row in customer.payments.iter().filter(|row| is_ours(&row.agreement_id)) {
        facts.push(match &row.movement {
            PaymentMovement::Received { amount } => {
                fact(&row.payment_id, FactKind::Payment, row.paid_on, money(*amount), None)
            }
            PaymentMovement::Undone { reverses, .. } => {
                fact(&row.payment_id, FactKind::Reversal, row.paid_on, money(zero), Some(reverses))
            }
        });
    }
    facts
}

/// What the engine's fold says of a population, asked every thirty days.
#[derive(Debug, Default)]
struct Census {
    /// Agreements asked about, and overdue ones, by question.
    asked: Vec<u64>,
    overdue: Vec<u64>,
    /// From which bucket (0 to 3 and more) to which, thirty days later.
    rolls: [[u64; 4]; 4],
    /// Of those in a bucket, how many paid nothing in the thirty days.
    unpaid: [u64; 4],
}

impl Census {
    /// Those in `bucket` of whom it is known what followed.
    fn followed(&self, bucket: usize) -> u64 {
        self.rolls[bucket].iter().sum()
    }

    fn overdue_per_mille(&self) -> i64 {
        per_mille(self.overdue.iter().sum(), self.asked.iter().sum())
    }
}

fn take_census(config: &Config) -> Census {
    let days: Vec<_> = (0..6).map(|month| config.start.plus_days(3 + 30 * month)).collect();
    let mut census = Census { asked: vec![0; 6], overdue: vec![0; 6], ..Census::default() };
    for customer in generate(config) {
        for agreement in &customer.agreements {
            ask(config, &customer, agreement, &days, &mut census);
        }
    }
    census
}

fn ask(
    config: &Config,
    customer: &GeneratedCustomer,
    agreement: &AgreementRow,
    days: &[Date],
    census: &mut Census,
) {
    assert_eq!(agreement.state, AgreementState::Active);
    let product = config.products.iter().find(|product| product.row.product == agreement.product);
    let mut terms: Terms = product.expect("a known product").terms.clone();
    terms.statement_day = agreement.statement_day.expect("a day of its own");
    let facts = facts(customer, agreement);
    let standing = standing_facts(&facts, dunlin_domain::date::Date::NEVER);
    let mut position = Position::opened(&terms, agreement.opened_on);
    let mut previous = None;
    for (index, day) in days.iter().enumerate() {
        position.advance(&terms, &standing, *day, &mut |_| {}).expect("amounts that fit");
        let bucket = position.arrears(&terms).expect("amounts that fit").bucket_index.min(3);
        census.asked[index] += 1;
        census.overdue[index] += u64::from(bucket > 0);
        let paid = position.totals.paid.minor();
        if let Some((bucket_before, paid_before)) = previous.replace((bucket, paid)) {
            census.rolls[bucket_before][bucket] += 1;
            census.unpaid[bucket_before] += u64::from(paid == paid_before);
        }
    }
}

/// Share of `part` in `whole`, in tenths of a per cent.
fn per_mille(part: u64, whole: u64) -> i64 {
    i64::try_from(part * 1000 / whole.max(1)).expect("a share")
}

#[track_caller]
fn assert_near(what: &str, found: i64, expected: i64, tolerance: i64) {
    assert!((found - expected).abs() <= tolerance, "{what} is {found} per mille, expected {expected}");
}

#[test]
fn twenty_thousand_customers_behave_as_the_published_aggregates_say() {
    let config = config(20_000, 180);
    let census = take_census(&config);
    let behaviour = &config.behaviour;
    assert_near("overdue on a typical day", census.overdue_per_mille(), 50, 5);
    let by_month =
        census.overdue.iter().zip(&census.asked).map(|(overdue, asked)| per_mille(*overdue, *asked));
    by_month.for_each(|overdue| assert_near("overdue in each month", overdue, 50, 8));
    for (bucket, rates, tolerance) in
        [(1, behaviour.one_missed, 25), (2, behaviour.two_missed, 45), (3, behaviour.more_missed, 35)]
    {
        let cured = per_mille(census.rolls[bucket][0], census.followed(bucket));
        assert_near(&format!("cured from M{bucket}"), cured, rates.cure.millionths() / 1000, tolerance);
        let unpaid = per_mille(census.unpaid[bucket], census.followed(bucket));
        assert_near(&format!("unpaid in M{bucket}"), unpaid, rates.worsen().millionths() / 1000, tolerance);
    }
}

#[test]
fn the_overdue_share_follows_the_configuration() {
    for wanted in [20, 50, 100] {
        let overdue_share = Rate::from_millionths(wanted * 1000);
        let census = take_census(&Config { overdue_share, ..config(8_000, 180) });
        assert_near("overdue on a typical day", census.overdue_per_mille(), wanted, 3 + wanted / 10);
    }
}

#[test]
fn the_chance_of_missing_a_due_date_is_near_the_published_one() {
    let steady = config(1, 1).behaviour.steady_state(Rate::from_millionths(50_000));
    expect!["SteadyState { roll_in: Rate(48898), missed: [Rate(49421), Rate(6779), Rate(12939)] }"]
        .assert_eq(&format!("{steady:?}"));
}
