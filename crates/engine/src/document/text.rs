//! A document as plain text, for terminals and scripts that read lines.

use super::{Block, Content, Figure, Table, is_ideograph, wrapped};

/// Columns of a line at most, where a cell can be broken.
const WIDTH: usize = 88;
/// Columns of a cell of text at least.
const CELL_MIN: usize = 12;

/// The document in lines, without a line break at the end.
#[must_use]
pub fn text(content: &Content) -> String {
    let mut lines = vec![content.sender.clone(), content.title.clone(), content.subject.clone()];
    if !content.addressee.is_empty() {
        lines.push(content.addressee.clone());
    }
    let mut is_after_table = false;
    for block in &content.blocks {
        if is_after_table && matches!(block, Block::Table(_)) {
            lines.push(String::new());
        }
        is_after_table = matches!(block, Block::Table(_));
        match block {
            Block::Heading(heading) => lines.extend([String::new(), heading.clone(), rule(columns(heading))]),
            Block::Text(text) | Block::Note(text) => lines.extend(paragraph(text)),
            Block::Alert(text) => {
                lines.push(String::new());
                lines.extend(paragraph(&format!("! {text}")));
            }
            Block::Figures(figures) => {
                lines.push(String::new());
                lines.extend(pairs(figures.iter().map(|Figure { name, value, .. }| (name, value))));
            }
            Block::Facts(facts) => {
                lines.extend(pairs(facts.iter().map(|(name, value)| (name, value))));
            }
            Block::Table(table) => lines.extend(table_lines(table)),
        }
    }
    lines.push(String::new());
    lines.push(content.foot.clone());
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

/// Columns that a terminal needs for `text`: two for each Chinese letter.
fn columns(text: &str) -> usize {
    text.chars().map(|letter| if is_ideograph(letter) { 2 } else { 1 }).sum()
}

fn rule(width: usize) -> String {
    "─".repeat(width)
}

fn paragraph(text: &str) -> Vec<String> {
    lines_of(text, WIDTH)
}

#[expect(clippy::cast_precision_loss, reason = "a terminal has few columns")]
fn lines_of(text: &str, width: usize) -> Vec<String> {
    wrapped(text, width as f32, &|letter| if is_ideograph(letter) { 2.0 } else { 1.0 })
}

fn padded(text: &str, width: usize, is_right: bool) -> String {
    let blanks = " ".repeat(width.saturating_sub(columns(text)));
    if is_right { blanks + text } else { text.to_owned() + &blanks }
}

fn pairs<'p>(pairs: impl Iterator<Item = (&'p String, &'p String)> + Clone) -> Vec<String> {
    let width = pairs.clone().map(|(name, _)| columns(name)).max().unwrap_or(0);
    let lines = pairs.flat_map(|(name, value)| {
        let values = lines_of(value, WIDTH.saturating_sub(width + 2).max(CELL_MIN));
        let names = std::iter::once(name.as_str()).chain(std::iter::repeat(""));
        let pair = |(name, value): (&str, String)| format!("{}  {value}", padded(name, width, false));
        names.zip(values).map(pair).collect::<Vec<_>>()
    });
    lines.collect()
}

fn table_lines(table: &Table) -> Vec<String> {
    let widths = widths(table);
    let line = |cells: &[String]| -> Vec<String> {
        let broken: Vec<Vec<String>> =
            cells.iter().zip(&widths).map(|(cell, width)| lines_of(cell, *width)).collect();
        let height = broken.iter().map(Vec::len).max().unwrap_or(0);
        (0..height)
            .map(|index| {
                let parts = broken.iter().zip(&widths).zip(&table.columns).map(|((lines, width), column)| {
                    padded(lines.get(index).map_or("", String::as_str), *width, column.is_number)
                });
                parts.collect::<Vec<_>>().join("  ")
            })
            .collect()
    };
    let full = rule(widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1));
    let titles: Vec<String> = table.columns.iter().map(|column| column.title.clone()).collect();
    let mut lines = line(&titles);
    lines.push(full.clone());
    for row in &table.rows {
        if row.is_total {
            lines.push(full.clone());
        }
        lines.extend(line(&row.cells));
    }
    lines
}

/// As wide as the widest cell; the widest column of text gives way when a line would become too long.
fn widths(table: &Table) -> Vec<usize> {
    let widest = |index: usize| {
        let cells = table.rows.iter().filter_map(|row| row.cells.get(index)).map(|cell| columns(cell));
        cells.chain([columns(&table.columns[index].title)]).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = (0..table.columns.len()).map(widest).collect();
    loop {
        let total = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        let texts = table.columns.iter().enumerate().filter(|(_, column)| !column.is_number);
        let Some(index) = texts.map(|(index, _)| index).max_by_key(|index| widths[*index]) else { break };
        if total <= WIDTH || widths[index] <= CELL_MIN {
            break;
        }
        widths[index] = widths[index].saturating_sub(total - WIDTH).max(CELL_MIN);
    }
    widths
}
