//! The derivation of late fees in words: stretches of days, fees charged once, limits, one rounding.

use dunlin_domain::amounts::Accrued;
use dunlin_domain::contact::Language;
use dunlin_domain::money::Currency;

use super::content::heading;
use super::words::{self, say};
use super::{LateFeeLine, StatementDocument};
use crate::document::{Block, Column, Row, Table, amount};

pub(super) fn late_fees(document: &StatementDocument, language: Language) -> Vec<Block> {
    if document.late_fees.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![heading(language, "违约金的计算", "How late fees were found")];
    for fee in &document.late_fees {
        blocks.push(Block::Table(late_fee_table(fee, document.currency, language)));
        blocks.push(Block::Note(late_fee_note(fee, document.currency, language)));
    }
    blocks
}

fn late_fee_table(fee: &LateFeeLine, currency: Currency, language: Language) -> Table {
    let rows = fee.segments.iter().map(|segment| {
        let days = say(
            language,
            format!("{} 至 {}", segment.from.plus_days(1), segment.through),
            format!("{} to {}", segment.from.plus_days(1), segment.through),
        );
        Row::new([
            days,
            segment.days.to_string(),
            amount(segment.base),
            fee.rate_per_day.to_string(),
            exact(segment.amount, currency),
        ])
    });
    let once = fee.once.iter().map(|once| {
        let (on, days) = (once.on, once.after_days);
        let what = say(
            language,
            format!("{on}（逾期满{days}天，一次性收取）"),
            format!("{on} (charged once, {days} days past due)"),
        );
        let none = String::new;
        Row::new([what, none(), none(), none(), amount(once.amount)])
    });
    let columns = vec![
        Column::text(
            say(language, format!("{} 到期", fee.due_on), format!("What was due {}", fee.due_on)),
            6,
        ),
        Column::number(say(language, "天数", "Days"), 2),
        Column::number(say(language, "计算基数", "On"), 3),
        Column::number(say(language, "日费率", "Rate a day"), 3),
        Column::number(say(language, "违约金", "Late fee"), 3),
    ];
    Table { columns, rows: rows.chain(once).collect() }
}

fn late_fee_note(fee: &LateFeeLine, currency: Currency, language: Language) -> String {
    let (sum, charged, before, now) =
        (exact(fee.exact, currency), amount(fee.charged), amount(fee.charged_before), amount(fee.in_period));
    let rounding = words::rounding(fee.rounding, language);
    let limit = fee.limit.map(|limit| words::fee_limit(limit, language)).or_else(|| {
        let days = fee.grace_days?;
        Some(say(
            language,
            format!("已在到期日后{days}天宽限期内还清，不收违约金"),
            format!("paid within the {days} days of grace, so not charged"),
        ))
    });
    let each_zh = if fee.fee_count > 1 { format!("{}笔分别", fee.fee_count) } else { String::new() };
    let each_en = if fee.fee_count > 1 { format!("{} fees each", fee.fee_count) } else { String::new() };
    let limit_zh = limit.as_ref().map_or_else(String::new, |limit| format!("，{limit}"));
    let limit_en = limit.map_or_else(String::new, |limit| format!(", {limit}"));
    let rounded_en =
        if each_en.is_empty() { format!("{rounding} once") } else { format!("{each_en} {rounding}") };
    say(
        language,
        format!("合计 {sum}{limit_zh}，{each_zh}{rounding}后为 {charged}；此前已计 {before}，本期计 {now}。"),
        format!(
            "In all {sum}{limit_en}, {rounded_en}: {charged}. Charged before: {before}; charged now: {now}."
        ),
    )
}

/// An exact amount with all its digits, without zeros at the end.
pub(crate) fn exact(accrued: Accrued, currency: Currency) -> String {
    let digits = currency.minor_digits() as usize + 6;
    let scale = 10_i128.pow(u32::try_from(digits).unwrap_or(8));
    let whole = accrued.0 / scale;
    let fraction = format!("{:0digits$}", (accrued.0 % scale).abs());
    let kept = fraction.trim_end_matches('0');
    let least = currency.minor_digits() as usize;
    let fraction = if kept.len() < least { &fraction[..least] } else { kept };
    if fraction.is_empty() { whole.to_string() } else { format!("{whole}.{fraction}") }
}
