//! Offers as objects for scripts and pages. Amounts are whole minor units, rates texts such as `10.8964%`.

use dunlin_domain::cost::{AnnualCost, CostItem, CostItemKind, CostSheet};
use dunlin_domain::money::{Money, Rate};
use dunlin_domain::schedule::{EarlyPayoff, Instalment, Quote, Schedule};
use serde_json::{Value, json};

/// The cost sheet; `payee` is who receives every item.
#[must_use]
pub fn sheet_json(sheet: &CostSheet, payee: &str) -> Value {
    let late_fee = sheet.late_fee.map(|fee| {
        json!({
            "kind": "late_fee",
            "rate_per_day": fee.terms.rate_per_day.to_string(),
            "base": fee.terms.base.code(),
            "grace_days": fee.terms.grace_days,
            "annual": percent(fee.annual),
            "payee": payee,
        })
    });
    json!({
        "product": sheet.product,
        "version": sheet.version,
        "on": sheet.on.to_string(),
        "currency": sheet.terms.principal.currency().code(),
        "principal_minor": sheet.terms.principal.minor(),
        "instalments": sheet.terms.count,
        "items": sheet.items.iter().map(|item| item_json(item, payee)).collect::<Vec<_>>(),
        "total_cost_minor": sheet.total_cost.minor(),
        "total_minor": sheet.schedule.total().minor(),
        "annual": annual_json(&sheet.annual),
        "annual_by": sheet.annual_by.code(),
        "actuarial": { "annual": percent(sheet.actuarial.annual), "unit_period": sheet.actuarial.unit_period.to_string() },
        "contingent": late_fee.into_iter().collect::<Vec<_>>(),
        "early_payoff": sheet.early_payoff.code(),
        "nothing_else_is_charged": true,
    })
}

fn item_json(item: &CostItem, payee: &str) -> Value {
    let method = match item.kind {
        CostItemKind::InstalmentFee => "per_period_on_original_principal",
        CostItemKind::Interest => "per_year",
    };
    json!({
        "kind": item.kind.code(),
        "method": method,
        "rate": item.rate.to_string(),
        "annual": annual_json(&item.annual),
        "total_minor": item.total.minor(),
        "payee": payee,
    })
}

fn annual_json(annual: &AnnualCost) -> Value {
    json!({ "nominal": percent(annual.nominal), "effective": percent(annual.effective) })
}

/// A rate to the two decimals of a disclosure.
#[must_use]
pub(super) fn percent(rate: Rate) -> String {
    let hundredths = dunlin_domain::money::Rounding::HalfUp.divide(i128::from(rate.millionths()), 100);
    let sign = if hundredths < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}%", hundredths.abs() / 100, hundredths.abs() % 100)
}

/// The instalments and their sums.
#[must_use]
pub fn schedule_json(schedule: &Schedule) -> Value {
    json!({
        "currency": schedule.principal().currency().code(),
        "rows": schedule.rows.iter().map(row_json).collect::<Vec<_>>(),
        "principal_minor": schedule.principal().minor(),
        "interest_minor": schedule.interest().minor(),
        "fee_minor": schedule.fee().minor(),
        "total_minor": schedule.total().minor(),
    })
}

fn row_json(row: &Instalment) -> Value {
    json!({
        "number": row.number,
        "from": row.from.to_string(),
        "due_on": row.due_on.to_string(),
        "days": row.days,
        "principal_minor": row.principal.minor(),
        "interest_minor": row.interest.minor(),
        "fee_minor": row.fee.minor(),
        "total_minor": row.total().minor(),
        "balance_after_minor": row.balance_after.minor(),
    })
}

/// A quote.
#[must_use]
pub fn payoff_json(quote: &Quote, rule: EarlyPayoff) -> Value {
    let payoff = quote.payoff;
    let total: i64 = [payoff.principal, payoff.interest, payoff.fee].iter().map(Money::minor).sum();
    json!({
        "on": payoff.on.to_string(),
        "holds_through": quote.holds_through.to_string(),
        "rule": rule.code(),
        "currency": payoff.principal.currency().code(),
        "principal_minor": payoff.principal.minor(),
        "interest_minor": payoff.interest.minor(),
        "fee_minor": payoff.fee.minor(),
        "total_minor": total,
        "spared_minor": payoff.spared.minor(),
    })
}
