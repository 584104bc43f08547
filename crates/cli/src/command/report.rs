//! `report`: the portfolio by tier.

use dunlin_domain::contact::Language;
use dunlin_engine::tiers::{TierLine, TierReport};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::Report;
use crate::failure::Failure;
use crate::screen::{decimal, grouped, lines_of, table};
use crate::session::Session;

/// `report`.
///
/// # Errors
/// Before the first day; what the database says.
pub fn run(session: &Session, command: &Report) -> Result<Answer, Failure> {
    match command {
        Report::Tiers => Ok(tiers(session, &session.open()?.tier_report()?)),
    }
}

fn tiers(session: &Session, report: &TierReport) -> Answer {
    let header = match session.language {
        Language::Zh => ["分类", "币种", "合约数", "欠款", "其中逾期", "客户数", "客户欠款"],
        Language::En => ["tier", "currency", "agreements", "owed", "overdue", "customers", "owed by them"],
    };
    let mut rows = table(&header, &[2, 3, 4, 5, 6]);
    for line in &report.lines {
        let amount = |minor| decimal(minor, line.currency.minor_digits());
        rows.add_row([
            line.tier.label(session.language).to_owned(),
            line.currency.code().to_owned(),
            grouped(line.agreements),
            amount(line.owed_minor),
            amount(line.overdue_minor),
            grouped(line.customers),
            amount(line.owed_by_customers_minor),
        ]);
    }
    let head = match session.language {
        Language::Zh => format!("{} 日终的五级分类；客户按其最差的合约归类", report.on),
        Language::En => {
            format!("tiers at the end of {}; a customer is in that of the worst agreement", report.on)
        }
    };
    let lines: Vec<Value> = report.lines.iter().map(line_json).collect();
    let json = json!({ "on": report.on.to_string(), "tiers": lines });
    Answer::new(format!("{head}\n{}", lines_of(&rows)), json)
}

fn line_json(line: &TierLine) -> Value {
    let amount = |minor| decimal(minor, line.currency.minor_digits()).replace(',', "");
    json!({
        "tier": line.tier.code(),
        "currency": line.currency.code(),
        "agreements": line.agreements,
        "owed": amount(line.owed_minor),
        "overdue": amount(line.overdue_minor),
        "customers": line.customers,
        "owed_by_customers": amount(line.owed_by_customers_minor),
    })
}
