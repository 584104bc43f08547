//! What people see: tables, bars and grouped numbers, and the way to standard output.

use dunlin_domain::wording;
use std::io::{self, IsTerminal, Write};

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use crate::failure::Failure;

/// One line, under the header: what is printed can be copied and cut.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
/// Width of the longest bar, in columns.
const BAR_WIDTH: u64 = 24;
/// The same on a terminal that has no room for more.
const BAR_WIDTH_NARROW: u64 = 8;
/// Columns below which bars are narrow.
const WIDE_TERMINAL: u16 = 100;
/// Columns below which tables are not wrapped: cells of two letters help nobody.
const TERMINAL_WIDTH_MIN: u16 = 72;
/// The eighths of a column, from one to eight.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// Writes a line to standard output at once.
///
/// A reader that went away (`dunlin … | head`) is no error: nobody is left to hear of it.
///
/// # Errors
/// What the system says, such as a full disk behind a redirection.
pub fn say(line: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    let written = writeln!(output, "{line}").and_then(|()| output.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes a line to standard error.
///
/// # Errors
/// What the system says.
pub fn complain(line: &str) -> io::Result<()> {
    writeln!(io::stderr().lock(), "{line}")
}

/// The failure of [`say`].
#[must_use]
pub fn cannot_say(error: &io::Error) -> Failure {
    Failure::environment(
        "output",
        wording!(
            "无法写出结果：{error}；请检查标准输出的去向",
            "cannot write the result: {error}; check where standard output goes"
        ),
    )
}

/// Whether colours may be used: only on a terminal, and not where `NO_COLOR` asks for none.
#[must_use]
pub fn has_colours() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// An empty table. Columns in `numbers` are set to the right.
#[must_use]
pub fn table(header: &[&str], numbers: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    if table.width().is_some_and(|width| width >= TERMINAL_WIDTH_MIN) {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(header.to_vec());
    for index in numbers {
        if let Some(column) = table.column_mut(*index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// The table as lines, without spaces at their ends.
#[must_use]
pub fn lines_of(table: &Table) -> String {
    table.trim_fmt()
}

/// A bar for `value` that fits the terminal, the longest one being for `largest`.
#[must_use]
pub fn bar(value: u64, largest: u64) -> String {
    let is_narrow = Table::new().width().is_some_and(|width| width < WIDE_TERMINAL);
    bar_of(value, largest, if is_narrow { BAR_WIDTH_NARROW } else { BAR_WIDTH })
}

/// A bar of at most `width` columns. Something that is not nothing can be seen.
fn bar_of(value: u64, largest: u64, width: u64) -> String {
    if value == 0 || largest == 0 {
        return String::new();
    }
    let eighths = u128::from(value.min(largest)) * u128::from(width) * 8 / u128::from(largest);
    let eighths = usize::try_from(eighths).unwrap_or(0).max(1);
    let mut bar = EIGHTHS[7].to_string().repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        bar.push(EIGHTHS[eighths % 8 - 1]);
    }
    bar
}

/// Columns of a line over time at most.
const SPARKLINE_WIDTH: usize = 45;

/// The days of `counts` as a line that rises and falls, its highest point being their largest count. Days that
/// have no column of their own share one, which shows their largest.
#[must_use]
pub fn sparkline(counts: &[u64]) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let largest = counts.iter().max().copied().unwrap_or(0).max(1);
    let days_per_column = counts.len().div_ceil(SPARKLINE_WIDTH).max(1);
    let columns = counts.chunks(days_per_column).map(|days| days.iter().max().copied().unwrap_or(0));
    let level = |count: u64| usize::try_from((count * 8).div_ceil(largest)).unwrap_or(8);
    columns.map(|count| if count == 0 { ' ' } else { LEVELS[level(count).clamp(1, 8) - 1] }).collect()
}

/// A whole number with its thousands apart: `1,234,567`.
#[must_use]
pub fn grouped(number: impl Into<i128>) -> String {
    let number: i128 = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// An amount of minor units with its decimal point: `1,234.50`.
#[must_use]
pub fn decimal(minor: i128, minor_digits: u32) -> String {
    let unit = 10_i128.pow(minor_digits);
    let sign = if minor < 0 { "-" } else { "" };
    let (whole, rest) = (minor.abs() / unit, minor.abs() % unit);
    match minor_digits {
        0 => format!("{sign}{}", grouped(whole)),
        digits => format!("{sign}{}.{rest:0width$}", grouped(whole), width = digits as usize),
    }
}

/// `part` of `whole` in percent with one digit: `12.3 %`; a dash when there is no whole.
#[must_use]
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let tenths = (u128::from(part) * 1000 + u128::from(whole) / 2) / u128::from(whole);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// `count` of `noun`, with an `s` unless it is one: `1 day`, `1,200 days`.
#[must_use]
pub fn counted(count: impl Into<i128>, noun: &str) -> String {
    let count: i128 = count.into();
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share_and_never_invisible() {
        assert_eq!(bar_of(8, 8, 24), "█".repeat(24));
        assert_eq!(bar_of(4, 8, 24), "█".repeat(12));
        assert_eq!(bar_of(1, 1_000_000, 24), "▏");
        assert_eq!(bar_of(33, 64, 24), format!("{}▍", "█".repeat(12)));
        assert_eq!(bar_of(0, 8, 24), "");
        assert_eq!(bar_of(0, 0, 24), "");
    }

    #[test]
    fn a_line_over_time_shows_nothing_as_nothing_and_the_most_as_full() {
        assert_eq!(sparkline(&[0, 1, 4, 8]), " ▁▄█");
        assert_eq!(sparkline(&[0, 0]), "  ");
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&[1; 90]), "█".repeat(45));
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let shown = [0, 7, 999, 1_000, 1_234_567, -1_000].map(|number: i64| grouped(number));
        assert_eq!(shown, ["0", "7", "999", "1,000", "1,234,567", "-1,000"]);
    }

    #[test]
    fn an_amount_has_the_digits_of_its_currency() {
        assert_eq!(decimal(123_456_789, 2), "1,234,567.89");
        assert_eq!(decimal(-5, 2), "-0.05");
        assert_eq!(decimal(1_500, 0), "1,500");
    }

    #[test]
    fn a_share_of_nothing_is_a_dash() {
        assert_eq!([percent(1, 3), percent(2, 3)], ["33.3 %", "66.7 %"]);
        assert_eq!(percent(3, 3), "100.0 %");
        assert_eq!(percent(0, 0), "–");
        assert_eq!([counted(1, "day"), counted(1_200, "day")], ["1 day", "1,200 days"]);
    }
}
