//! A storm of repeats: receipts that come a hundred times and commands that are given again. It is no fault: nothing may
//! change by it and nothing be sent twice, which is shown by numbers.

use std::collections::BTreeMap;
use std::path::Path;

use dunlin_domain::date::BusinessDate;
use dunlin_domain::id::{MessageId, PART_COUNT, Part};
use dunlin_domain::message::MessageState;
use dunlin_engine::{EngineError, ReceiptRow, ReceiptState, write_receipts};
use dunlin_store::message;

use super::{Stage, io};
use crate::chaos::at;
use crate::chaos::world::first_day;

/// How often each receipt comes, and each command is given.
const REPEATS: usize = 100;
const COMMANDS: usize = 20;

/// What a storm left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storm {
    /// Receipts that came, repeats included.
    pub receipts: u64,
    /// Commands that were given again: days that are closed, rounds of sending.
    pub commands: u64,
    /// Messages before it.
    pub messages: u64,
    /// Messages that it changed or added.
    pub changed: u64,
    /// Attempts that it made.
    pub sent_again: u64,
}

impl Storm {
    /// Whether there was one, and it changed nothing.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.receipts > 0 && self.messages > 0 && self.changed == 0 && self.sent_again == 0
    }
}

type Seen = BTreeMap<MessageId, (MessageState, u32)>;

/// Messages with their states and attempts.
fn seen(stage: &Stage) -> Result<Seen, EngineError> {
    let mut seen = Seen::new();
    stage.engine.db().read(|tx| {
        (0..PART_COUNT).map(Part::new).try_for_each(|part| {
            message::each_of_part(tx, part, |row| {
                seen.insert(row.id, (row.state, row.attempt_count));
                Ok(())
            })
        })
    })?;
    Ok(seen)
}

fn attempts(seen: &Seen) -> u64 {
    seen.values().map(|(_, attempts)| u64::from(*attempts)).sum()
}

/// Three days are run, sent, and told to have arrived; then everything comes again and again.
///
/// # Errors
/// What the engine says; files that cannot be written.
pub fn storm(folder: &Path) -> Result<Storm, EngineError> {
    let stage = Stage::new(folder, 3)?;
    let (last, now) = (first_day().plus_days(2), at(first_day().plus_days(2), 9, 30));
    let told: Vec<ReceiptRow> = seen(&stage)?
        .into_iter()
        .filter(|(_, (state, _))| *state == MessageState::Accepted)
        .map(|(message, _)| ReceiptRow { message, state: ReceiptState::Delivered, at: now })
        .collect();
    let spool = folder.join("spool");
    let bring = |name: String, rows: &[ReceiptRow]| -> Result<(), EngineError> {
        write_receipts(&spool, &name, rows).map_err(|error| io(&std::io::Error::other(error.to_string())))?;
        stage.engine.collect_receipts(now).map(|_| ())
    };
    bring("first".to_owned(), &told)?;
    let before = seen(&stage)?;
    for (index, rows) in std::iter::repeat_n(&told, REPEATS).enumerate() {
        bring(format!("again-{index}"), rows)?;
    }
    for _ in 0..COMMANDS {
        for day in 0..=2 {
            let date = first_day().plus_days(day);
            stage.engine.run_day(BusinessDate(date), &|| at(last, 9, 40), &|_| {})?;
        }
        stage.engine.dispatch(at(last, 9, 45))?;
    }
    let after = seen(&stage)?;
    let is_other = |(id, state): &(&MessageId, &(MessageState, u32))| before.get(id) != Some(state);
    Ok(Storm {
        receipts: (told.len() * REPEATS) as u64,
        commands: (COMMANDS * 4) as u64,
        messages: before.len() as u64,
        changed: after.iter().filter(is_other).count() as u64,
        sent_again: attempts(&after) - attempts(&before),
    })
}
