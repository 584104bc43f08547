//! Stretches of days, and how many of them lie in another stretch.

use crate::date::Date;

/// Days from the first to the last, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DaySpan {
    /// First day.
    pub from: Date,
    /// Last day.
    pub through: Date,
}

impl DaySpan {
    /// Whether `date` is one of its days.
    #[must_use]
    pub fn holds(self, date: Date) -> bool {
        self.from <= date && date <= self.through
    }
}

/// Adds a span so that the list stays sorted and no two of its spans touch.
pub fn add_span(spans: &mut Vec<DaySpan>, mut span: DaySpan) {
    if span.through < span.from {
        return;
    }
    // An open end is Date::NEVER; the day after it is of no interest.
    let touches = |left: &DaySpan, right: &DaySpan| {
        left.from.days() <= right.through.days().saturating_add(1)
            && right.from.days() <= left.through.days().saturating_add(1)
    };
    spans.retain(|other| {
        let is_apart = !touches(other, &span);
        if !is_apart {
            span = DaySpan { from: span.from.min(other.from), through: span.through.max(other.through) };
        }
        is_apart
    });
    let place = spans.partition_point(|other| other.from < span.from);
    spans.insert(place, span);
}

/// How many of the days after `after`, through `through`, lie in `spans`, which do not overlap.
#[must_use]
pub fn days_within(spans: &[DaySpan], after: Date, through: Date) -> i32 {
    let overlap = |span: &DaySpan| {
        let first = span.from.max(after.plus_days(1));
        let last = span.through.min(through);
        (last.days_since(first) + 1).max(0)
    };
    spans.iter().map(overlap).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i32) -> Date {
        Date::from_days(number)
    }

    fn spans(list: &[(i32, i32)]) -> Vec<DaySpan> {
        let mut spans = Vec::new();
        list.iter().for_each(|(from, through)| {
            add_span(&mut spans, DaySpan { from: day(*from), through: day(*through) });
        });
        spans
    }

    #[test]
    fn spans_that_touch_become_one() {
        assert_eq!(spans(&[(5, 7), (1, 2), (8, 9)]), spans(&[(1, 2), (5, 9)]));
        assert_eq!(spans(&[(1, 3), (2, 9), (5, 4)]), spans(&[(1, 9)]));
    }

    #[test]
    fn only_days_after_the_first_and_through_the_last_count() {
        let spans = spans(&[(1, 3), (6, 9)]);
        assert_eq!(days_within(&spans, day(0), day(20)), 7);
        assert_eq!(days_within(&spans, day(1), day(7)), 4);
        assert_eq!(days_within(&spans, day(3), day(5)), 0);
        assert_eq!(days_within(&spans, day(9), day(1)), 0);
    }
}
