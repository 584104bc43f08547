//! Messages that rest although they were decided on: a pause or a gentler mode began before they were sent.
//!
//! A text of the evening waits for the morning, a letter for its batch, a call for an agent; the day that begins meanwhile
//! may be one of silence. Promises that nothing leaves in spite of that.

use dunlin_domain::contact::Channel;
use dunlin_domain::date::{BusinessDate, Date};
use dunlin_domain::gentle_mode::{self, GentleMode, ModeSubject};
use dunlin_domain::pause::{self, Pause, PauseSubject};
use dunlin_domain::reason::Reason;
use dunlin_domain::verdict::both_languages;
use dunlin_store::agreement::AgreementRow;
use dunlin_store::message::MessageRow;
use dunlin_store::{StoreError, Tx, policy};

use crate::inspect::Current;

/// Pauses and gentler modes, where there are messages that were decided on before the day on which they are due: those may
/// have begun meanwhile, since both begin with a day.
#[derive(Default)]
pub(super) struct Rests {
    pauses: Vec<Pause>,
    modes: Vec<GentleMode>,
}

impl Rests {
    pub(super) fn load(tx: &mut Tx<'_>, messages: &[MessageRow], today: Date) -> Result<Self, StoreError> {
        if !messages.iter().any(|row| may_rest(row, today)) {
            return Ok(Self::default());
        }
        Ok(Self { pauses: policy::pauses(tx)?, modes: dunlin_store::gentle_mode::all(tx)? })
    }

    /// What is said of a message that rests on the day; `None` when it may go.
    pub(super) fn words(
        &self,
        row: &MessageRow,
        channel: Channel,
        (agreement, current): (&AgreementRow, &Current),
        on: Date,
    ) -> Option<String> {
        if !may_rest(row, on) {
            return None;
        }
        let on = BusinessDate(on);
        let (product, bucket) =
            (agreement.product.as_str(), current.terms.buckets[current.arrears.bucket_index].name.as_str());
        if let Some(pause) = pause::applying(&self.pauses, &PauseSubject { channel, product, bucket }, on) {
            let why = both_languages(&pause.reason_zh, &pause.reason_en);
            return Some(format!("{}: {why}", Reason::of_pause(pause.kind)));
        }
        // A mode speaks of what is overdue, and lets reminders before the due date go.
        current.arrears.overdue_due_on?;
        let subject = ModeSubject { product, bucket, segment: &agreement.segment };
        let mode = gentle_mode::applying(&self.modes, &subject, on)?;
        mode.leaves_out(channel).then(|| format!("{}: {}", mode.reason, mode.note))
    }
}

/// Whether a day may have begun between the decision on the message and now. Letters and calls wait for their batch or an
/// agent, and a run for a day that was missed decides in the name of that day.
fn may_rest(row: &MessageRow, today: Date) -> bool {
    row.business_date < today || matches!(row.channel, Some(Channel::Letter | Channel::Voice))
}
