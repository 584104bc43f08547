//! The geometry of the charts: a ring, and stacked columns over days. The templates turn it into SVG.
//!
//! Everything is integer arithmetic in thousandths of a percent. Lengths in percent let a chart take the width of
//! any screen without its text being stretched. What is not nothing is never too small to be seen.

use std::fmt;

/// A length in thousandths of a percent of the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u64);

impl Percent {
    /// The whole.
    pub const WHOLE: Self = Self(100_000);

    /// `part` of `whole`; nothing of nothing is nothing.
    #[must_use]
    pub fn of(part: u64, whole: u64) -> Self {
        let share = u128::from(part) * 100_000 / u128::from(whole.max(1));
        Self(u64::try_from(share).unwrap_or(u64::MAX))
    }

    /// Thousandths of a percent.
    #[must_use]
    pub const fn thousandths(value: u64) -> Self {
        Self(value)
    }

    fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    fn up_to(self, other: Self) -> Self {
        Self(other.0.saturating_sub(self.0))
    }
}

/// As SVG reads it: `12.5%`.
impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, thousandths) = (self.0 / 1000, self.0 % 1000);
        if thousandths == 0 {
            return write!(f, "{whole}%");
        }
        let digits = format!("{thousandths:03}");
        write!(f, "{whole}.{}%", digits.trim_end_matches('0'))
    }
}

/// The length of a ring, in the units of its arcs.
pub const RING_LENGTH: u64 = 10_000;

/// Shorter arcs would not be seen.
const ARC_MIN: u64 = 150;

/// A part of a ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arc {
    /// The class of its colour.
    pub class: &'static str,
    /// Where it begins, clockwise from the top.
    pub start: u64,
    /// How long it is.
    pub length: u64,
}

/// The arcs of a ring for parts that make up the whole, without the empty ones.
#[must_use]
pub fn ring(parts: &[(&'static str, u64)]) -> Vec<Arc> {
    let whole: u64 = parts.iter().map(|(_, count)| count).sum();
    let share = |count: u64| {
        let exact = u128::from(count) * u128::from(RING_LENGTH) / u128::from(whole.max(1));
        u64::try_from(exact).unwrap_or(RING_LENGTH).max(ARC_MIN)
    };
    let mut arcs: Vec<Arc> = parts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(class, count)| Arc { class, start: 0, length: share(*count) })
        .collect();
    // What rounding and small arcs took or left is settled with the longest, where it is not noticed.
    let others: u64 = arcs.iter().map(|arc| arc.length).sum();
    if let Some(longest) = arcs.iter_mut().max_by_key(|arc| arc.length) {
        longest.length = (longest.length + RING_LENGTH).saturating_sub(others);
    }
    let mut start = 0;
    for arc in &mut arcs {
        arc.start = start;
        start += arc.length;
    }
    arcs
}

/// One part of a column, before it has a place.
#[derive(Clone, Debug)]
pub struct Part {
    /// How many.
    pub count: u64,
    /// The class of its colour.
    pub class: &'static str,
    /// The pattern over the colour.
    pub hatch: Option<&'static str>,
    /// Whether it must catch the eye, however small.
    pub is_alarm: bool,
    /// Where a click leads.
    pub href: String,
    /// What it says when pointed at.
    pub title: String,
}

/// A part of a column in its place.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Its left edge.
    pub x: Percent,
    /// Its upper edge.
    pub y: Percent,
    /// Its width.
    pub width: Percent,
    /// Its height.
    pub height: Percent,
    /// What it stands for.
    pub part: Part,
}

/// A line across the chart with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Its height on the chart.
    pub y: Percent,
    /// The number it stands for.
    pub value: u64,
}

/// A label under a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The middle of the column.
    pub x: Percent,
    /// `start`, `middle` or `end`: where the text lies to that point.
    pub anchor: &'static str,
    /// Index of the column.
    pub column: usize,
    /// Whether a narrow screen leaves it out.
    pub is_minor: bool,
}

/// Stacked columns, one a day.
#[derive(Clone, Debug)]
pub struct Stack {
    /// All parts of all columns.
    pub segments: Vec<Segment>,
    /// Lines from the ground up.
    pub ticks: Vec<Tick>,
    /// Labels under the columns.
    pub labels: Vec<Label>,
}

/// The part of the height above the columns, so that the highest does not touch the edge.
const HEADROOM: u64 = 3_000;

/// The part of the height that is left for the labels.
const FOOT: u64 = 10_000;

/// The height of the ground line.
pub const GROUND: Percent = Percent(100_000 - FOOT);

/// Lower segments would not be seen.
const SEGMENT_MIN: u64 = 500;

/// Lower segments would be overlooked.
const ALARM_MIN: u64 = 2_500;

/// Stacks the parts of each column from the ground up.
#[must_use]
pub fn stack(columns: Vec<Vec<Part>>) -> Stack {
    let highest = columns.iter().map(|parts| parts.iter().map(|part| part.count).sum()).max().unwrap_or(0);
    let step = tick_step(highest);
    let top = highest.div_ceil(step).max(1) * step;
    let field = 100_000 - FOOT - HEADROOM;
    let height_of = |count: u64| {
        let exact = u128::from(count) * u128::from(field) / u128::from(top);
        Percent(u64::try_from(exact).unwrap_or(field))
    };
    let count = columns.len() as u64;
    let edge = |column: u64| Percent::of(column, count);
    let mut segments = Vec::new();
    for (column, parts) in columns.into_iter().enumerate() {
        let (left, right) = (edge(column as u64), edge(column as u64 + 1));
        let gap = Percent(left.up_to(right).0 / 8);
        let mut y = GROUND;
        for part in parts.into_iter().filter(|part| part.count > 0) {
            let least = if part.is_alarm { ALARM_MIN } else { SEGMENT_MIN };
            let height = Percent(height_of(part.count).0.max(least));
            y = height.up_to(y);
            segments.push(Segment {
                x: left.plus(gap),
                y,
                width: Percent(left.up_to(right).0 - 2 * gap.0),
                height,
                part,
            });
        }
    }
    let ticks = (0..=top / step)
        .map(|index| Tick { y: height_of(index * step).up_to(GROUND), value: index * step })
        .collect();
    Stack { segments, ticks, labels: labels(count) }
}

/// The distance of the lines: 1, 2 or 5 times a power of ten, so that there are three to six of them.
fn tick_step(highest: u64) -> u64 {
    let mut power: u64 = 1;
    loop {
        for factor in [1, 2, 5] {
            let step = power.saturating_mul(factor);
            if highest <= step.saturating_mul(5) {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// Labels from the last column backwards, so that the newest always has one; at most seven.
fn labels(columns: u64) -> Vec<Label> {
    let distance = [1, 2, 7, 14, 28].into_iter().find(|distance| columns.div_ceil(*distance) <= 7);
    let distance = distance.unwrap_or_else(|| columns.div_ceil(7));
    let mut labels: Vec<Label> = (0..columns)
        .rev()
        .step_by(usize::try_from(distance).unwrap_or(usize::MAX))
        .enumerate()
        .map(|(index, column)| Label {
            x: Percent::of(2 * column + 1, 2 * columns),
            anchor: "middle",
            column: usize::try_from(column).unwrap_or_default(),
            is_minor: index % 2 == 1,
        })
        .collect();
    // Beside the edge a text in the middle of a narrow column would be cut off.
    if columns > 7 {
        for label in &mut labels {
            if label.column as u64 + 1 == columns {
                label.anchor = "end";
                label.x = Percent::WHOLE;
            }
        }
        labels.retain(|label| label.column as u64 * 30 > columns);
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check_ring(parts: &[(&'static str, u64)], expected: Expect) {
        let arcs: Vec<String> =
            ring(parts).iter().map(|arc| format!("{} {}+{}", arc.class, arc.start, arc.length)).collect();
        expected.assert_eq(&arcs.join(", "));
    }

    #[test]
    fn a_ring_is_always_whole_and_shows_even_one_of_a_million() {
        check_ring(&[("a", 1), ("b", 3)], expect!["a 0+2500, b 2500+7500"]);
        check_ring(&[("a", 1), ("b", 1), ("c", 1)], expect!["a 0+3333, b 3333+3333, c 6666+3334"]);
        check_ring(&[("a", 400_000), ("b", 599_999), ("c", 1)], expect!["a 0+4000, b 4000+5850, c 9850+150"]);
        check_ring(&[("a", 0), ("b", 5)], expect!["b 0+10000"]);
        check_ring(&[("a", 0), ("b", 0)], expect![""]);
    }

    fn part(count: u64) -> Part {
        Part { count, class: "a", hatch: None, is_alarm: false, href: String::new(), title: String::new() }
    }

    fn check_stack(columns: &[&[u64]], expected: Expect) {
        let columns =
            columns.iter().map(|counts| counts.iter().map(|count| part(*count)).collect()).collect();
        let stack = stack(columns);
        let mut lines: Vec<String> = stack
            .segments
            .iter()
            .map(|s| format!("{} at x {} y {} size {} by {}", s.part.count, s.x, s.y, s.width, s.height))
            .collect();
        lines.extend(stack.ticks.iter().map(|tick| format!("line {} at {}", tick.value, tick.y)));
        expected.assert_eq(&lines.join("\n"));
    }

    #[test]
    fn columns_are_stacked_from_the_ground_without_gaps() {
        check_stack(
            &[&[3, 1], &[0, 2]],
            expect![[r#"
                3 at x 6.25% y 24.75% size 37.5% by 65.25%
                1 at x 6.25% y 3% size 37.5% by 21.75%
                2 at x 56.25% y 46.5% size 37.5% by 43.5%
                line 0 at 90%
                line 1 at 68.25%
                line 2 at 46.5%
                line 3 at 24.75%
                line 4 at 3%"#]],
        );
    }

    #[test]
    fn one_among_a_hundred_thousand_can_still_be_seen() {
        check_stack(
            &[&[99_999, 1]],
            expect![[r#"
                99999 at x 12.5% y 3.001% size 75% by 86.999%
                1 at x 12.5% y 2.501% size 75% by 0.5%
                line 0 at 90%
                line 20000 at 72.6%
                line 40000 at 55.2%
                line 60000 at 37.8%
                line 80000 at 20.4%
                line 100000 at 3%"#]],
        );
    }

    #[test]
    fn a_chart_of_nothing_has_a_ground_line() {
        check_stack(
            &[&[], &[]],
            expect![[r#"
            line 0 at 90%
            line 1 at 3%"#]],
        );
    }

    fn check_labels(columns: u64, expected: Expect) {
        let shown: Vec<String> = labels(columns).iter().map(|label| label.column.to_string()).collect();
        expected.assert_eq(&shown.join(" "));
    }

    #[test]
    fn the_newest_day_always_has_a_label_and_there_is_room_for_all() {
        check_labels(1, expect!["0"]);
        check_labels(7, expect!["6 5 4 3 2 1 0"]);
        check_labels(14, expect!["13 11 9 7 5 3 1"]);
        check_labels(28, expect!["27 20 13 6"]);
        check_labels(90, expect!["89 75 61 47 33 19 5"]);
        check_labels(365, expect!["364 311 258 205 152 99 46"]);
    }
}
