//! Messages that came to nothing, so that their agreements are decided on anew.

use dunlin_domain::date::Date;
use dunlin_domain::id::{AgreementId, Part};
use dunlin_store::message::{self, MessageRow};
use dunlin_store::{StoreError, Tx, agreement};

use crate::Engine;
use crate::call_tasks::CALL_BACK;
use crate::losses::NOTICE;

/// A message that came to nothing.
pub(super) struct Undone {
    part: Part,
    agreement: AgreementId,
    decided_on: Date,
}

impl Undone {
    pub(super) fn of(row: &MessageRow) -> Self {
        Self { part: row.part, agreement: row.agreement, decided_on: row.business_date }
    }
}

impl Engine {
    /// Has the next day decide on these agreements anew; not where a later day has decided on another message already, which
    /// would then be followed by one more.
    pub(super) fn decide_anew(&self, tx: &mut Tx<'_>, undone: &[Undone]) -> Result<(), StoreError> {
        if undone.is_empty() {
            return Ok(());
        }
        let mut keys: Vec<(Part, AgreementId)> =
            undone.iter().map(|undone| (undone.part, undone.agreement)).collect();
        keys.sort_unstable();
        keys.dedup();
        let last = message::last_decided(tx, &keys, &[NOTICE, CALL_BACK])?;
        let is_last =
            |undone: &&Undone| last.get(&undone.agreement).is_none_or(|last| *last <= undone.decided_on);
        let anew: Vec<(Part, AgreementId)> =
            undone.iter().filter(is_last).map(|undone| (undone.part, undone.agreement)).collect();
        let wake_on = self.wake_date(tx)?;
        agreement::wake(tx, &anew, wake_on, false, true)
    }
}
