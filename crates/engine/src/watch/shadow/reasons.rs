//! Whether the reason of a verdict is the one that facts and policy give.
//!
//! A verdict of the day that is compared is held against what was known when the day was decided: position, strategy,
//! gentler modes, pauses, contact data, what the customer said, contact rules. One of an earlier day was held against all
//! of that on its own day, and is held against position and strategy only. Where something may have been learned since, so
//! that it cannot be said what was known, every state of it that may have been seen is allowed: a false alarm would be
//! worse than a wrong reason that another look finds.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use dunlin_domain::arrears::Arrears;
use dunlin_domain::circumstance::Known;
use dunlin_domain::compliance::ContactRules;
use dunlin_domain::contact::Channel;
use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::day::{DayAgreement, DayPolicy, Person, expected_reason, speaks_of_overdue};
use dunlin_domain::fact::Fact;
use dunlin_domain::gentle_mode::{GentleMode, MODE_REASONS};
use dunlin_domain::id::{AgreementId, CustomerId};
use dunlin_domain::pause::Pause;
use dunlin_domain::position::{Position, fold, known_at};
use dunlin_domain::reason::Reason;
use dunlin_domain::strategy::StrategyTable;
use dunlin_domain::terms::Terms;
use dunlin_domain::verdict::{ContactPointView, Evidence};
use dunlin_store::agreement::AgreementRow;
use dunlin_store::customer::CustomerView;
use dunlin_store::record::VerdictRow;
use dunlin_store::run::{self, BusinessDay};
use dunlin_store::{Tx, call, contact_change, customer, gentle_mode, policy};

use crate::day_run::channels_down;
use crate::policies::Policies;
use crate::policy::{ContactRulesDocument, StrategyDocument};
use crate::what_if::{self, Around};
use crate::{Clock, Engine, EngineError, guard};

/// The sealed reason of the first, and the one that facts and policy give.
type Told = (Reason, Reason);

/// A verdict in force, with what it is held against.
pub(super) struct Sealed<'r> {
    row: &'r AgreementRow,
    verdict: &'r VerdictRow,
    /// The agreement's verdicts of earlier days.
    earlier: &'r [VerdictRow],
    terms: Terms,
    position: Position,
    arrears: Arrears,
}

impl<'r> Sealed<'r> {
    /// The verdict, if its reason can be held against something. `known` is what was known when the day was decided.
    pub(super) fn of(
        row: &'r AgreementRow,
        terms: Terms,
        known: Vec<Fact>,
        given: &'r [VerdictRow],
        verdict: &'r VerdictRow,
        is_overdue: bool,
        date: Date,
    ) -> Result<Option<Self>, EngineError> {
        let decided_on = verdict.decided_on;
        if decided_on != date && !(is_overdue && speaks_of_overdue(verdict.span.reason)) {
            return Ok(None);
        }
        let facts = known_at(&known, verdict.decided_at);
        let position = fold(&terms, row.opened_on, &facts, decided_on, &mut |_| {})?;
        let arrears = position.arrears(&terms)?;
        let earlier = &given[..given.partition_point(|other| other.span.from < verdict.span.from)];
        Ok(Some(Self { row, verdict, earlier, terms, position, arrears }))
    }

    /// Whether the wait after an earlier decision runs over the day: then the interval is the reason.
    fn waits(&self) -> bool {
        let runs = |earlier: &VerdictRow| {
            speaks_of_overdue(earlier.span.reason) && earlier.span.through >= self.verdict.decided_on
        };
        self.earlier.iter().any(runs)
    }

    /// Whether a pause that held a notice ended with the decision: what is made good is spread over hours and days, and its
    /// turn is not known here.
    fn is_made_good(&self) -> bool {
        let is_pause = |earlier: &VerdictRow| matches!(earlier.span.evidence, Evidence::Pause(_));
        self.earlier.last().is_some_and(is_pause)
    }

    /// Whether the position is the one that the verdict was given for. Terms that an import corrected make it another one.
    fn is_same_position(&self) -> bool {
        let span = &self.verdict.span;
        span.days_past_due == self.arrears.days_past_due
            && span.overdue.minor() == self.arrears.overdue.minor()
            && span.bucket_index == self.arrears.bucket_index
    }

    fn agreement(&self) -> DayAgreement<'_> {
        let asked = what_if::agreement(self.row, &self.terms, &self.position, &self.arrears);
        DayAgreement { before: None, ..asked }
    }
}

/// What a customer may have been known to be when a day was decided.
struct Seen {
    known: Known,
    points: Vec<ContactPointView>,
    contacts: u32,
    full: Vec<Channel>,
}

/// All that reasons of a day are held against besides the agreements.
pub(super) struct Judge<'e> {
    engine: &'e Engine,
    policies: Arc<Policies>,
    day: BusinessDay,
    /// That day and those before it.
    days_begun: HashMap<BusinessDate, BusinessDay>,
    packs: Vec<Arc<ContactRulesDocument>>,
    pauses: Vec<Pause>,
    modes: Vec<GentleMode>,
    down: Vec<Channel>,
}

impl<'e> Judge<'e> {
    pub(super) fn load(engine: &'e Engine, day: BusinessDay) -> Result<Self, EngineError> {
        let policies = engine.policies()?;
        let packs = policies.contact_packs(day.date.0)?;
        let (days, mut pauses, mut modes, incidents, pause_approvals, mode_approvals) =
            engine.db.read(|tx| {
                Ok((
                    run::days_through(tx, day.date)?,
                    policy::pauses(tx)?,
                    gentle_mode::all(tx)?,
                    policy::incidents(tx)?,
                    policy::pause_approvals(tx)?,
                    gentle_mode::approvals(tx)?,
                ))
            })?;
        // By another clock than the day's it cannot be said what came before it.
        if engine.clock == Clock::Real {
            let was_known = |at: Option<&Timestamp>| at.is_some_and(|at| *at <= day.decided_at);
            pauses.retain(|pause| was_known(pause_approvals.get(&pause.id)));
            modes.retain(|mode| was_known(mode_approvals.get(&mode.id)));
        }
        let down = channels_down(&incidents, day.decided_at);
        let days_begun = days.into_iter().map(|day| (day.date, day)).collect();
        Ok(Self { engine, policies, day, days_begun, packs, pauses, modes, down })
    }

    pub(super) fn terms(&self, row: &AgreementRow, on: Date) -> Result<Terms, EngineError> {
        self.policies.terms(&row.product, row.product_version, row.statement_day, on)
    }

    /// The agreements whose verdict has a wrong reason, with what it says and what it should say.
    pub(super) fn wrong(
        &self,
        tx: &mut Tx<'_>,
        sealed: &[Sealed<'_>],
    ) -> Result<Vec<(String, Told)>, EngineError> {
        let mut wrong = Vec::new();
        let mut note = |sealed: &Sealed<'_>, shadow: Reason| {
            wrong.push((sealed.row.external_id.clone(), (sealed.verdict.span.reason, shadow)));
        };
        let contacts = self.contacts(tx, sealed)?;
        let mut asked = Vec::new();
        for one in sealed {
            let reason = one.verdict.span.reason;
            if reason == Reason::Interval && one.waits() {
                continue;
            }
            let is_of_day = one.verdict.decided_on == self.day.date.0;
            let contacts = contacts.get(&one.row.id).copied().unwrap_or(0);
            match self.by_strategy(one, contacts)? {
                Some(shadow) if shadow == reason => {}
                Some(shadow) if is_of_day => {
                    if !self.may_be_by_strategy(one, contacts)? {
                        note(one, shadow);
                    }
                }
                Some(shadow) => {
                    if one.is_same_position() && !self.may_be_by_strategy(one, contacts)? {
                        note(one, shadow);
                    }
                }
                None if is_of_day => asked.push((one, contacts)),
                None if !one.is_same_position() || self.may_come_of_contact(reason) => {}
                None => {
                    if !self.may_be_by_strategy(one, contacts)? {
                        note(one, Reason::Contacted);
                    }
                }
            }
        }
        let people = People::load(self, tx, &asked)?;
        for (one, contacts) in asked {
            let Some(shadow) = people.reason(self, one, contacts)? else { continue };
            if shadow != one.verdict.span.reason && !self.may_be(tx, &people, one, contacts)? {
                note(one, shadow);
            }
        }
        Ok(wrong)
    }

    /// Contacts that were carried out before the day, where the strategy asks for them.
    fn contacts(
        &self,
        tx: &mut Tx<'_>,
        sealed: &[Sealed<'_>],
    ) -> Result<HashMap<AgreementId, u32>, EngineError> {
        let mut since = HashMap::new();
        for one in sealed {
            let table = &self.policies.strategy(one.row.currency, one.verdict.decided_on)?.table;
            if let Some(due_on) = one.arrears.overdue_due_on.filter(|_| table.asks_contacts()) {
                since.insert(one.row.id, (one.row.part, due_on));
            }
        }
        match since.is_empty() {
            true => Ok(HashMap::new()),
            false => Ok(call::contact_counts_before(tx, &since, self.day.date.0)?),
        }
    }

    fn business_day(&self, one: &Sealed<'_>) -> BusinessDay {
        let (date, decided_at) = (BusinessDate(one.verdict.decided_on), one.verdict.decided_at);
        let known = self.days_begun.get(&date).copied();
        known.unwrap_or(BusinessDay { date, decided_at, is_late: false })
    }

    /// Asks with one state of everything. Nothing where contact is due and `seen` is not said.
    fn ask(
        &self,
        day: BusinessDay,
        one: &Sealed<'_>,
        table: &StrategyTable,
        (pauses, down): (&[Pause], &[Channel]),
        agreement: &DayAgreement<'_>,
        person: Option<&Person<'_>>,
    ) -> Option<Reason> {
        let packs: Vec<&ContactRules> = self.packs.iter().map(|document| &document.rules).collect();
        // Who served what then is not known; it decides the channel and not the reason.
        let around =
            Around { pauses, modes: &self.modes, packs, channels_down: down, channels_unserved: &[] };
        let asked = what_if::policy(day.date, one.verdict.decided_at, table, around);
        expected_reason(&DayPolicy { is_late: day.is_late, ..asked }, agreement, person)
    }

    /// What the strategy in force gives, as far as it decides without looking at the person.
    fn by_strategy(&self, one: &Sealed<'_>, contacts: u32) -> Result<Option<Reason>, EngineError> {
        let document = self.policies.strategy(one.row.currency, one.verdict.decided_on)?;
        let agreement = DayAgreement { contacts, ..one.agreement() };
        let day = self.business_day(one);
        Ok(self.ask(day, one, &document.table, (&self.pauses, &self.down), &agreement, None))
    }

    /// The strategies that may have decided: the one in force, and the one that the verdict names.
    fn tables<'t>(&'t self, one: &Sealed<'_>) -> Vec<&'t StrategyTable> {
        let (on, currency) = (one.verdict.decided_on, one.row.currency);
        let named = one.verdict.span.strategy.as_deref();
        let age = |document: &StrategyDocument| (document.header.effective_from, document.header.version);
        let began: Vec<&StrategyDocument> = self
            .policies
            .strategies()
            .filter(|document| document.table.currency == currency && document.header.effective_from <= on)
            .collect();
        let newest = began.iter().map(|document| age(document)).max();
        let may_decide = |document: &&StrategyDocument| {
            let name = format!("{}@{}", document.table.name, document.table.version);
            Some(age(document)) == newest || named == Some(name.as_str())
        };
        began.into_iter().filter(may_decide).map(|document| &document.table).collect()
    }

    /// Whether the verdict's reason is one that a strategy may have given, with what may have been known then.
    fn may_be_by_strategy(&self, one: &Sealed<'_>, contacts: u32) -> Result<bool, EngineError> {
        if one.row.must_refold {
            return Ok(true);
        }
        let reason = one.verdict.span.reason;
        let day = self.business_day(one);
        let is_of_day = day.date == self.day.date;
        for table in self.tables(one) {
            let own = [one.row.segment.clone()];
            // An import may have moved the customer since.
            let segments = if is_of_day { &own[..] } else { &table.segments[..] };
            let counts = match is_of_day {
                true => contacts.saturating_sub(1)..=contacts + 1,
                false => 0..=contacts + 1,
            };
            for (segment, contacts) in
                segments.iter().flat_map(|segment| counts.clone().map(move |contacts| (segment, contacts)))
            {
                for is_reported in [true, false] {
                    let agreement = DayAgreement { segment, contacts, is_reported, ..one.agreement() };
                    let given = self.ask(day, one, table, (&self.pauses, &self.down), &agreement, None);
                    if given.is_none_or(|given| given == reason)
                        && (given.is_some() || self.may_come_of_contact(reason))
                    {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// Whether the reason is one of those that stand in the way of a contact that is due, or the contact itself.
    fn may_come_of_contact(&self, reason: Reason) -> bool {
        let is_of_account = matches!(reason, Reason::Deceased | Reason::Incapacitated | Reason::Bankrupt);
        let is_of_mode = MODE_REASONS.contains(&reason) && !self.modes.is_empty();
        let family = reason.family();
        is_of_account
            || is_of_mode
            || matches!(family, "contact" | "pause" | "capacity" | "rule" | "voice" | "contact_data")
    }

    /// Whether the verdict's reason is given with what may have been known of the person.
    fn may_be(
        &self,
        tx: &mut Tx<'_>,
        people: &People,
        one: &Sealed<'_>,
        contacts: u32,
    ) -> Result<bool, EngineError> {
        let reason = one.verdict.span.reason;
        if !self.may_be_by_strategy(one, contacts)? {
            return Ok(false);
        }
        let is_made_good = one.is_made_good() && matches!(reason.family(), "contact" | "rule" | "pause");
        if one.row.must_refold || one.row.must_redo || is_made_good || !self.may_come_of_contact(reason) {
            return Ok(true);
        }
        let Some(view) = people.views.get(&one.row.customer) else { return Ok(true) };
        let is_later = self.engine.clock == Clock::Real && view.imported_at > self.day.decided_at;
        let known = &people.known[&one.row.customer];
        if is_later || known.person.is_some() {
            return Ok(true);
        }
        let applying = self.rules_of(view, known, one)?;
        if one.verdict.rules.as_ref().is_some_and(|rules| *rules != applying) {
            return Ok(true);
        }
        let all: &[Pause] = &self.pauses;
        let older: Vec<Pause> = all.iter().filter(|pause| pause.from < self.day.date).cloned().collect();
        let pauses: Vec<&[Pause]> = match self.engine.clock {
            Clock::Real => vec![all],
            Clock::Business => vec![all, &older, &[]],
        };
        let downs: [&[Channel]; 2] = [&self.down, &[]];
        for seen in self.may_have_seen(tx, people, one, contacts)? {
            for table in self.tables(one) {
                for around in pauses.iter().flat_map(|pauses| downs.map(|down| (*pauses, down))) {
                    if people.asked(self, one, table, around, &seen)? == Some(reason) {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// The names of the packs of rules that apply, as a verdict keeps them.
    fn rules_of(&self, view: &CustomerView, known: &Known, one: &Sealed<'_>) -> Result<String, EngineError> {
        let zone = crate::zone_of(&view.zone)?;
        let person = Person { points: &[], known, zone: &zone, zone_name: &view.zone };
        let packs: Vec<&ContactRules> = self.packs.iter().map(|document| &document.rules).collect();
        let day = one.verdict.decided_at.date_in(&zone);
        let applying = person.packs(&packs, &one.row.product, day);
        Ok(applying.iter().map(|rules| rules.full_name()).collect::<Vec<_>>().join(" "))
    }

    /// Every state of what is known of a customer that the day may have seen.
    fn may_have_seen(
        &self,
        tx: &mut Tx<'_>,
        people: &People,
        one: &Sealed<'_>,
        contacts: u32,
    ) -> Result<Vec<Seen>, EngineError> {
        let known = &people.known[&one.row.customer];
        let points = people.points.get(&one.row.customer).cloned().unwrap_or_default();
        let mut before = points.clone();
        for change in contact_change::point_changes(tx, one.row.customer)?.iter().rev() {
            if change.business_date > self.day.date.0 {
                let changed = before.iter_mut().filter(|point| point.id == change.point);
                changed.for_each(|point| point.state = change.before);
            }
        }
        let table = self.policies.strategy(one.row.currency, one.verdict.decided_on)?;
        let limited: Vec<Channel> =
            table.table.settings.capacity.iter().map(|(channel, _)| *channel).collect();
        let mut fulls: Vec<Vec<Channel>> = vec![Vec::new(), limited.clone()];
        fulls.extend(limited.into_iter().map(|channel| vec![channel]));
        let mut seen = Vec::new();
        for known in states_of(known, self.day, self.engine.clock) {
            for points in [&points, &before] {
                for full in &fulls {
                    for contacts in contacts.saturating_sub(1)..=contacts + 1 {
                        let (known, points, full) = (known.clone(), points.clone(), full.clone());
                        seen.push(Seen { known, points, contacts, full });
                    }
                }
            }
        }
        Ok(seen)
    }
}

/// What may have been known of a customer when the day was decided. By the day's own clock it is known what was recorded
/// by then; else any state that was passed through.
fn states_of(known: &Known, day: BusinessDay, clock: Clock) -> Vec<Known> {
    let cuts: BTreeSet<Timestamp> = match clock {
        Clock::Real => BTreeSet::from([day.decided_at]),
        Clock::Business => {
            let recorded = known.entries.iter().map(|entry| entry.recorded_at);
            recorded.chain([Timestamp::from_micros(0), Timestamp::from_micros(i64::MAX)]).collect()
        }
    };
    let mut states = Vec::new();
    for cut in cuts {
        for (is_ended, has_calls, has_contacts) in
            (0..8).map(|bits: u8| (bits & 1 == 0, bits & 2 == 0, bits & 4 == 0))
        {
            let mut state = known.clone();
            state.entries.retain(|entry| entry.recorded_at <= cut);
            if !is_ended {
                // What ended on the day may have been ended after it was decided.
                let ended = state.entries.iter_mut().filter(|entry| entry.ended_on.is_some());
                ended.for_each(|entry| entry.ended_on = None);
            }
            state.calls.retain(|call| call.on < day.date.0 || (has_calls && call.on == day.date.0));
            if !has_contacts {
                state.last_contacts.clear();
            }
            if state.imported_at.is_some_and(|at| at > cut) {
                state.imported_opt_outs.clear();
            }
            states.push(state);
        }
    }
    states
}

/// The people whom verdicts are about where contact was due.
#[derive(Default)]
struct People {
    views: HashMap<CustomerId, CustomerView>,
    points: HashMap<CustomerId, Vec<ContactPointView>>,
    known: HashMap<CustomerId, Known>,
}

impl People {
    fn load(judge: &Judge<'_>, tx: &mut Tx<'_>, asked: &[(&Sealed<'_>, u32)]) -> Result<Self, EngineError> {
        if asked.is_empty() {
            return Ok(Self::default());
        }
        let ids: BTreeSet<CustomerId> = asked.iter().map(|(one, _)| one.row.customer).collect();
        let ids: Vec<CustomerId> = ids.into_iter().collect();
        let views = customer::views(tx, &ids)?;
        let points = customer::point_views(tx, &ids)?;
        // What came of the day's own messages was not known when it was decided.
        let own: Vec<_> = asked.iter().filter_map(|(one, _)| one.verdict.span.message).collect();
        let packs: Vec<&ContactRules> = judge.packs.iter().map(|document| &document.rules).collect();
        let agreements = asked.iter().map(|(one, _)| (one.row.customer, one.row.id));
        let known = guard::known_in_full(tx, &packs, &views, agreements, &own)?;
        Ok(Self { views, points, known })
    }

    /// What facts and policy give, with everything as it is now.
    fn reason(
        &self,
        judge: &Judge<'_>,
        one: &Sealed<'_>,
        contacts: u32,
    ) -> Result<Option<Reason>, EngineError> {
        let table = judge.policies.strategy(one.row.currency, one.verdict.decided_on)?;
        let Some(known) = self.known.get(&one.row.customer) else { return Ok(None) };
        let points = self.points.get(&one.row.customer).cloned().unwrap_or_default();
        let seen = Seen { known: known.clone(), points, contacts, full: Vec::new() };
        self.asked(judge, one, &table.table, (&judge.pauses, &judge.down), &seen)
    }

    fn asked(
        &self,
        judge: &Judge<'_>,
        one: &Sealed<'_>,
        table: &StrategyTable,
        around: (&[Pause], &[Channel]),
        seen: &Seen,
    ) -> Result<Option<Reason>, EngineError> {
        let Some(view) = self.views.get(&one.row.customer) else { return Ok(None) };
        let zone = crate::zone_of(&view.zone)?;
        let person = Person { points: &seen.points, known: &seen.known, zone: &zone, zone_name: &view.zone };
        let agreement =
            DayAgreement { contacts: seen.contacts, channels_full: &seen.full, ..one.agreement() };
        Ok(judge.ask(judge.day, one, table, around, &agreement, Some(&person)))
    }
}
