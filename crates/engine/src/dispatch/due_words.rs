//! The table of what is owed in the words of a letter: a line for each due date with what it is made of, then the sums.

use dunlin_domain::contact::Language;
use dunlin_domain::due_table::{DueLine, DueTable};
use dunlin_domain::money::Money;

use crate::policy::{currency_word, date_words, grouped};

/// The lines, each set in by two blanks, so that a letter sets them as names and values.
pub(super) fn due_table_words(table: &DueTable, language: Language) -> String {
    let mut lines: Vec<String> =
        table.lines.iter().map(|line| format!("  {}", line_words(line, language))).collect();
    let sums = &table.sums;
    let names = [
        (sums.principal, "本金合计", "Principal in all"),
        (sums.interest, "利息合计", "Interest in all"),
        (sums.fees, "费用合计", "Fees in all"),
        (sums.minimum, "最低还款额欠缴合计", "Missing of minimum payments in all"),
        (sums.late_fee, "违约金合计", "Late fees in all"),
    ];
    for (amount, zh, en) in names {
        // Of one due date the line itself says it.
        if !amount.is_zero() && table.lines.len() > 1 {
            lines.push(named(zh, en, &written(amount, language), language));
        }
    }
    lines.push(named("应还合计", "Total", &written(sums.total, language), language));
    lines.join("\n")
}

fn named(zh: &str, en: &str, value: &str, language: Language) -> String {
    match language {
        Language::Zh => format!("  {zh}：{value}"),
        Language::En => format!("  {en}: {value}"),
    }
}

fn written(amount: Money, language: Language) -> String {
    let currency = currency_word(amount.currency(), language);
    match language {
        Language::Zh => format!("{}{currency}", grouped(amount)),
        Language::En => format!("{currency} {}", grouped(amount)),
    }
}

/// `2026年3月10日（第3期）：1,035.40元（本金1,000.00元、利息30.00元、违约金5.40元）`
fn line_words(line: &DueLine, language: Language) -> String {
    let parts = [
        (line.principal, "本金", "principal"),
        (line.interest, "利息", "interest"),
        (line.fees, "费用", "fees"),
        (line.minimum, "最低还款额欠缴", "missing of the minimum payment"),
        (line.late_fee, "违约金", "late fee"),
    ];
    let open: Vec<&(Money, &str, &str)> = parts.iter().filter(|(amount, ..)| !amount.is_zero()).collect();
    let (date, total) = (date_words(line.due_on, language), written(line.total, language));
    match language {
        Language::Zh => {
            let made: Vec<String> =
                open.iter().map(|(amount, zh, _)| format!("{zh}{}", written(*amount, language))).collect();
            let number = if line.number > 0 { format!("（第{}期）", line.number) } else { String::new() };
            format!("{date}到期{number}：{total}（{}）", made.join("、"))
        }
        Language::En => {
            let made: Vec<String> =
                open.iter().map(|(amount, _, en)| format!("{en} {}", written(*amount, language))).collect();
            let number =
                if line.number > 0 { format!(", instalment {}", line.number) } else { String::new() };
            format!("Due {date}{number}: {total} ({})", made.join(", "))
        }
    }
}
