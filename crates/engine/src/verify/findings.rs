//! The list of what is wrong: so many texts and no more, and the number of all.

/// Problems that a report lists at most; a broken database has millions.
pub(super) const PROBLEM_COUNT_MAX: usize = 1_000;

/// What was found wrong.
pub(super) struct Findings {
    texts: Vec<String>,
    room: usize,
    count: u64,
}

impl Default for Findings {
    fn default() -> Self {
        Self::with_room(PROBLEM_COUNT_MAX)
    }
}

impl Findings {
    /// A list with room for `room` texts; more are only counted.
    pub(super) fn with_room(room: usize) -> Self {
        Self { texts: Vec::new(), room, count: 0 }
    }

    /// Adds a problem; its text is made only if there is room for it.
    pub(super) fn add(&mut self, text: impl FnOnce() -> String) {
        self.count += 1;
        if self.texts.len() < self.room {
            self.texts.push(text());
        }
    }

    /// Adds a problem unless `holds`.
    pub(super) fn require(&mut self, holds: bool, text: impl FnOnce() -> String) {
        if !holds {
            self.add(text);
        }
    }

    /// Takes over what another list holds, as far as there is room.
    pub(super) fn merge(&mut self, other: Self) {
        self.count += other.count;
        let room = self.room.saturating_sub(self.texts.len());
        self.texts.extend(other.texts.into_iter().take(room));
    }

    /// How many problems there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// How many of them have a text.
    pub(super) fn listed(&self) -> usize {
        self.texts.len()
    }

    /// The texts, and how many problems there are.
    pub(super) fn finish(self) -> (Vec<String>, u64) {
        (self.texts, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_counted() {
        let mut first = Findings::with_room(2);
        let mut second = Findings::with_room(2);
        for index in 0..3 {
            first.add(|| format!("first {index}"));
            second.require(index == 1, || format!("second {index}"));
        }
        let mut all = Findings::with_room(3);
        all.merge(first);
        all.merge(second);
        let (texts, count) = all.finish();
        assert_eq!((texts.join(", ").as_str(), count), ("first 0, first 1, second 0", 5));
    }
}
