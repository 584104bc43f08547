//! What a pause would hold, seen before it is set: the days up to its end are played in memory as they stand, without
//! any payment that may still come, so the numbers are the most that it can hold. A contact that is on its way, or that the
//! days before the pause would make, counts as carried out.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dunlin_domain::compliance::ContactRules;
use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::day::{Choice, DayAgreement, DayPolicy, Intention, Person, choose, conclude, intend};
use dunlin_domain::gentle_mode::GentleMode;
use dunlin_domain::id::{AgreementId, CustomerId, Part};
use dunlin_domain::message::MessageState;
use dunlin_domain::pause::{Pause, PauseState};
use dunlin_store::agreement::{self, AgreementRow};
use dunlin_store::{Tx, call, customer, gentle_mode, policy, run};

use super::NewPause;
use crate::inspect::{Current, current_positions, parts};
use crate::policies::Policies;
use crate::what_if::{self, Around};
use crate::{Engine, EngineError, guard};

/// Agreements of one look at a part.
const PAGE_COUNT_MAX: usize = 5_000;

/// Who would be affected by a pause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PausePreview {
    /// Customers whose notices would be held.
    pub customers: u64,
    /// Agreements with a held notice; one notice stands for all that are due of an agreement.
    pub notices: u64,
    /// The same by product and bucket on the day of the first held notice.
    pub by_bucket: BTreeMap<(String, String), u64>,
    /// Pauses in force or asked for that reach some of the same contacts on some of the same days.
    pub overlaps: Vec<Pause>,
    /// The first business date on which contact goes on.
    pub resumes_on: Option<BusinessDate>,
}

impl Engine {
    /// Who would be affected by a pause and how many notices it would hold, if nobody paid before its end.
    ///
    /// # Errors
    /// As for adding the pause.
    pub fn preview_pause(&self, new: &NewPause) -> Result<PausePreview, EngineError> {
        self.check_pause(new)?;
        let policies = self.policies()?;
        let asked = Pause { state: PauseState::Approved, ..self.pause_of(new) };
        self.db.read_as(|tx| {
            let known = policy::pauses(tx)?;
            let first = run::open_date(tx)?.unwrap_or(new.from.0);
            let mut preview = PausePreview {
                overlaps: known.iter().filter(|other| other.overlaps(&asked)).cloned().collect(),
                resumes_on: Some(asked.resumes_on()),
                ..PausePreview::default()
            };
            let pauses: Vec<Pause> = known.into_iter().chain([asked.clone()]).collect();
            let modes = gentle_mode::all(tx)?;
            let play = Play {
                engine: self,
                policies: &policies,
                pauses: &pauses,
                asked: &asked,
                modes: &modes,
                first,
            };
            let mut customers = BTreeSet::new();
            for part in parts() {
                play.part(tx, part, &mut preview, &mut customers)?;
            }
            preview.customers = customers.len() as u64;
            Ok(preview)
        })
    }
}

/// What is the same for all agreements of a preview.
struct Play<'p> {
    engine: &'p Engine,
    policies: &'p Policies,
    pauses: &'p [Pause],
    asked: &'p Pause,
    modes: &'p [GentleMode],
    first: Date,
}

impl Play<'_> {
    fn part(
        &self,
        tx: &mut Tx<'_>,
        part: Part,
        preview: &mut PausePreview,
        customers: &mut BTreeSet<CustomerId>,
    ) -> Result<(), EngineError> {
        let through = self.asked.through.0;
        let mut rows = Vec::new();
        agreement::each_of_part(tx, part, |row| {
            if row.next_event_on <= through {
                rows.push(row);
            }
            Ok(())
        })?;
        for page in rows.chunks(PAGE_COUNT_MAX) {
            self.page(tx, page, preview, customers)?;
        }
        Ok(())
    }

    fn page(
        &self,
        tx: &mut Tx<'_>,
        rows: &[AgreementRow],
        preview: &mut PausePreview,
        customers: &mut BTreeSet<CustomerId>,
    ) -> Result<(), EngineError> {
        let mut ids: Vec<CustomerId> = rows.iter().map(|row| row.customer).collect();
        ids.sort_unstable();
        ids.dedup();
        let views = customer::views(tx, &ids)?;
        let points = customer::point_views(tx, &ids)?;
        let mut known = guard::known(tx, &views, &[])?;
        let documents = self.policies.contact_packs(self.first)?;
        let packs: Vec<&ContactRules> = documents.iter().map(|document| &document.rules).collect();
        guard::add_proofs(tx, &mut known, &packs)?;
        let current = current_positions(tx, self.policies, rows, self.first.plus_days(-1))?;
        let mut contacts = self.contacts(tx, rows)?;
        for (row, current) in rows.iter().zip(current) {
            let (Some(view), Some(known)) = (views.get(&row.customer), known.get(&row.customer)) else {
                continue;
            };
            let points = points.get(&row.customer).map_or(&[][..], Vec::as_slice);
            let zone = crate::zone_of(&view.zone)?;
            let person = Person { points, known, zone: &zone, zone_name: &view.zone };
            let contacted_on = contacts.remove(&row.id).unwrap_or_default();
            if let Some(bucket) = self.first_held(row, current, &person, contacted_on)? {
                preview.notices += 1;
                customers.insert(row.customer);
                *preview.by_bucket.entry((row.product.clone(), bucket)).or_default() += 1;
            }
        }
        Ok(())
    }

    /// The days of contacts that were carried out or are on their way, where a strategy asks for them.
    fn contacts(
        &self,
        tx: &mut Tx<'_>,
        rows: &[AgreementRow],
    ) -> Result<HashMap<AgreementId, BTreeSet<Date>>, EngineError> {
        use MessageState as S;
        if !self.policies.strategies().any(|document| document.table.asks_contacts()) {
            return Ok(HashMap::new());
        }
        let keys: Vec<(Part, AgreementId)> = rows.iter().map(|row| (row.part, row.id)).collect();
        Ok(call::contact_days(tx, &keys, &[S::Queued, S::Sending, S::Accepted, S::Delivered])?)
    }

    /// The bucket on the first day on which the pause would hold a notice of the agreement, if it would hold one.
    fn first_held(
        &self,
        row: &AgreementRow,
        current: Current,
        person: &Person<'_>,
        mut contacted_on: BTreeSet<Date>,
    ) -> Result<Option<String>, EngineError> {
        let Current { terms, mut position, .. } = current;
        let mut standing = row.standing.clone();
        let mut date = self.first.max(row.next_event_on);
        while date <= self.asked.through.0 {
            position.advance(&terms, &[], date, &mut |_| {})?;
            let arrears = position.arrears(&terms)?;
            let documents = self.policies.contact_packs(date)?;
            let packs: Vec<&ContactRules> = documents.iter().map(|document| &document.rules).collect();
            let strategy = self.policies.strategy(row.currency, date)?;
            let moment = Timestamp::at(date, 9, 0, self.engine.zone());
            let unserved = self.engine.channels_unserved();
            let around = Around {
                pauses: self.pauses,
                modes: self.modes,
                packs,
                channels_down: &[],
                channels_unserved: &unserved,
            };
            let asked = what_if::policy(BusinessDate(date), moment, &strategy.table, around);
            let day = DayPolicy { first_day: BusinessDate(self.first), ..asked };
            let since = arrears.overdue_due_on.unwrap_or(Date::NEVER);
            let contacts = contacted_on.iter().filter(|on| **on > since).count();
            let agreement = DayAgreement {
                before: standing.as_ref(),
                must_redo: row.must_redo && date == self.first.max(row.next_event_on),
                contacts: u32::try_from(contacts).unwrap_or(u32::MAX),
                ..what_if::agreement(row, &terms, &position, &arrears)
            };
            let intention = intend(&day, &agreement);
            let choice = match &intention {
                Intention::Contact(strategy_row) => Some(choose(&day, &agreement, strategy_row, person)),
                Intention::Nothing { .. } | Intention::Keep | Intention::Silent { .. } => None,
            };
            if let Some(Choice::Held { pause, .. }) = &choice
                && *pause == self.asked.id
            {
                return Ok(Some(terms.buckets[arrears.bucket_index].name.clone()));
            }
            if matches!(choice, Some(Choice::Contact { .. })) {
                contacted_on.insert(date);
            }
            let decision = conclude(&day, &agreement, intention, choice)?;
            standing = Some(decision.standing);
            date = decision.next_event_on.max(date.plus_days(1));
        }
        Ok(None)
    }
}
