//! The peer's tables: schedule, totals, transactions, charges.

use dunlin_domain::amounts::Amounts;
use dunlin_domain::date::Date;
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::terms::Component;

use super::super::compare::{Got, Row};
use super::super::fields::Problem;
use super::view::{InstalmentView, View};

/// What the schedule starts from: the day and amount of the draw, and whether it happened.
pub(super) struct Start {
    pub(super) on: Date,
    pub(super) principal: Money,
    pub(super) is_disbursed: bool,
}

fn fees(amounts: &Amounts) -> Result<Money, Problem> {
    Ok(amounts.get(Component::Charge).try_add(amounts.get(Component::InstalmentFee))?)
}

/// The rows of the schedule, the draw first.
pub(super) fn schedule(start: &Start, view: &View) -> Result<Vec<Row>, Problem> {
    let zero = Money::zero(start.principal.currency());
    // Before the draw the peer shows what is outstanding of its row, afterwards what was paid of it.
    let upfront = view.upfront.total()?;
    let (paid, outstanding) = if start.is_disbursed {
        (Got::Amount(upfront), Got::Absent)
    } else {
        (Got::Absent, Got::Amount(zero))
    };
    let mut rows: Vec<Row> = vec![vec![
        ("Nr", Got::Absent),
        ("Days", Got::Absent),
        ("Date", Got::Day(start.on)),
        ("Paid date", Got::Absent),
        ("Balance of loan", Got::Amount(start.principal)),
        ("Principal due", Got::Absent),
        ("Interest", Got::Absent),
        ("Fees", Got::Amount(fees(&view.upfront)?)),
        ("Penalties", Got::Absent),
        ("Due", Got::Amount(upfront)),
        ("Paid", paid),
        ("In advance", Got::Absent),
        ("Late", Got::Absent),
        ("Outstanding", outstanding),
    ]];
    let mut balance = start.principal;
    for (index, row) in view.instalments.iter().enumerate() {
        balance = balance.try_add(view.taken_back_with(row.number)?)?;
        balance = balance.try_sub(row.billed.get(Component::Principal))?;
        rows.push(instalment(index + 1, balance, row)?);
    }
    Ok(rows)
}

fn instalment(number: usize, balance: Money, row: &InstalmentView) -> Result<Row, Problem> {
    let amount = |amount: Money| Got::Amount(amount);
    Ok(vec![
        ("Nr", Got::count(number)),
        ("Days", Got::Number(i64::from(row.due_on.days_since(row.from)))),
        ("Date", Got::Day(row.due_on)),
        ("Paid date", Got::optional_day(row.paid_on()?)),
        ("Balance of loan", amount(balance)),
        ("Principal due", amount(row.billed.get(Component::Principal))),
        ("Interest", amount(row.billed.get(Component::Interest))),
        ("Fees", amount(fees(&row.billed)?)),
        ("Penalties", amount(row.billed.get(Component::LateFee))),
        ("Due", amount(row.due()?)),
        ("Paid", amount(row.paid_of(None, |_| true)?)),
        ("In advance", amount(row.paid_of(None, |on| on < row.due_on)?)),
        ("Late", amount(row.paid_of(None, |on| on > row.due_on)?)),
        ("Outstanding", amount(row.outstanding()?)),
    ])
}

/// The sums over all instalments.
pub(super) fn totals(currency: Currency, view: &View) -> Result<Row, Problem> {
    let none = Money::zero(currency);
    let with =
        |first: Money, part: &dyn Fn(&InstalmentView) -> Result<Money, Problem>| -> Result<Got, Problem> {
            let total = view
                .instalments
                .iter()
                .try_fold(first, |sum, row| -> Result<Money, Problem> { Ok(sum.try_add(part(row)?)?) });
            total.map(Got::Amount)
        };
    let sum = |part: &dyn Fn(&InstalmentView) -> Result<Money, Problem>| with(none, part);
    let upfront = view.upfront.total()?;
    Ok(vec![
        ("Principal due", sum(&|row| Ok(row.billed.get(Component::Principal)))?),
        ("Interest", sum(&|row| Ok(row.billed.get(Component::Interest)))?),
        ("Fees", with(fees(&view.upfront)?, &|row| fees(&row.billed))?),
        ("Penalties", sum(&|row| Ok(row.billed.get(Component::LateFee)))?),
        ("Due", with(upfront, &InstalmentView::due)?),
        ("Paid", with(upfront, &|row| row.paid_of(None, |_| true))?),
        ("In advance", sum(&|row| row.paid_of(None, |on| on < row.due_on))?),
        ("Late", sum(&|row| row.paid_of(None, |on| on > row.due_on))?),
        ("Outstanding", sum(&InstalmentView::outstanding)?),
    ])
}

/// One transaction with what it cleared.
pub(super) fn transaction(
    on: Date,
    kind: &str,
    amount: Money,
    cleared: &Amounts,
    balance: Money,
    is_reverted: bool,
) -> Result<Row, Problem> {
    Ok(vec![
        ("Transaction date", Got::Day(on)),
        ("Transaction Type", Got::text(kind)),
        ("Amount", Got::Amount(amount)),
        ("Principal", Got::Amount(cleared.get(Component::Principal))),
        ("Interest", Got::Amount(cleared.get(Component::Interest))),
        ("Fees", Got::Amount(fees(cleared)?)),
        ("Penalties", Got::Amount(cleared.get(Component::LateFee))),
        ("Loan Balance", Got::Amount(balance)),
        ("Reverted", Got::Flag(is_reverted)),
    ])
}
