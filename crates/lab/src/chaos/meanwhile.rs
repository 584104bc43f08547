//! What staff and customers do while faults happen: customers opt out and in again and complain, contact is paused, a
//! gentler mode is switched on, numbers are taken out in bulk and given back. Each is written down plainly for the
//! auditor when it was done.
//!
//! What asks for a second person gets one. What is done again after an answer was lost looks first whether it was done.

use std::collections::{BTreeMap, BTreeSet};

use dunlin_domain::circumstance::CircumstanceKind;
use dunlin_domain::date::{BusinessDate, Date};
use dunlin_domain::gentle_mode::ModeEffect;
use dunlin_domain::id::{CircumstanceId, PauseId};
use dunlin_domain::pause::{Pause, PauseKind, PauseScope, PauseState};
use dunlin_domain::reason::Reason;
use dunlin_engine::circumstances::NewCircumstance;
use dunlin_engine::contact_data::batch_text;
use dunlin_engine::delivery::Callback;
use dunlin_engine::modes::NewMode;
use dunlin_engine::pauses::NewPause;
use dunlin_engine::payment::Caller;
use dunlin_engine::{Engine, EngineError};
use serde_json::json;

use super::{PROVIDERS, Rehearsal, TOKEN, at, signed};

/// Who agrees to what `chaos` asks for.
const SECOND: &str = "second person";
/// The most numbers that are taken out at once.
const REMOVED_MAX: u64 = 400;

/// Why somebody is not to be contacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ground {
    /// The customer answered that no more texts are wanted.
    OptOut,
    /// A complaint is open.
    Complaint,
    /// Contact rests for everybody.
    Pause,
    /// A gentler mode is on for everybody who is overdue.
    Mode,
    /// The number was taken out.
    Removal,
}

/// A time in which something is not to be sent.
#[derive(Clone, Debug)]
pub struct Silence {
    /// Why.
    pub ground: Ground,
    /// Whose place in the world; everybody's when missing.
    pub borrower: Option<usize>,
    /// The first business date that knows of it.
    pub from: Date,
    /// The last business date of it.
    pub through: Option<Date>,
    /// How many requests the provider had had when it began.
    pub after: u64,
    /// How many it had had when it ended.
    pub until: Option<u64>,
}

impl Silence {
    /// Whether it speaks of a borrower.
    #[must_use]
    pub fn is_of(&self, borrower: usize) -> bool {
        self.borrower.is_none_or(|own| own == borrower)
    }

    /// Whether a request with this number was made while it lasted.
    #[must_use]
    pub fn covers(&self, order: u64) -> bool {
        self.after < order && self.until.is_none_or(|until| order <= until)
    }

    /// Whether it lasted on a day, or on a part of it.
    #[must_use]
    pub fn touches(&self, date: Date) -> bool {
        self.from <= date && self.through.is_none_or(|through| date <= through)
    }
}

/// What was done, as an auditor may read it.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// All times of silence.
    pub silences: Vec<Silence>,
}

impl Record {
    fn open(&mut self, silence: Silence) {
        self.silences.push(silence);
    }

    /// Ends those of a ground that still last; `borrower` says whose.
    fn close(&mut self, ground: Ground, borrower: Option<usize>, through: Date, order: u64) {
        let own = self.silences.iter_mut().filter(|each| {
            each.ground == ground && each.until.is_none() && (borrower.is_none() || each.borrower == borrower)
        });
        for silence in own {
            (silence.through, silence.until) = (Some(through), Some(order));
        }
    }

    /// How often something was done, by ground.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        let mut counts = BTreeMap::new();
        for silence in &self.silences {
            let name = match silence.ground {
                Ground::OptOut => "opt-outs",
                Ground::Complaint => "complaints",
                Ground::Pause => "pauses",
                Ground::Mode => "gentler modes",
                Ground::Removal => "numbers taken out",
            };
            *counts.entry(name).or_default() += 1;
        }
        counts
    }
}

/// What is under way and to be ended some day.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    /// Open complaints by borrower.
    complaints: BTreeMap<usize, CircumstanceId>,
    /// Who opted out by a reply, and when; an entry is used up by opting in again.
    opted_out: BTreeMap<usize, Date>,
    /// Who did something that is not done twice.
    spent: BTreeSet<usize>,
    /// The pause: its id, its first and its last day.
    pause: Option<(PauseId, Date, Date)>,
    /// The mode: its first and its last day.
    mode: Option<(Date, Date)>,
    /// Numbers that were taken out, by batch.
    removed: Option<(String, Vec<usize>)>,
}

fn is_refused(error: &EngineError, known: &str) -> bool {
    matches!(error, EngineError::Refused { code, .. } if *code == known)
}

fn done_before<T>(result: Result<T, EngineError>, known: &str) -> Result<(), EngineError> {
    match result {
        Err(error) if !is_refused(&error, known) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

impl Rehearsal {
    /// What customers do between two rounds of sending on a day.
    pub(super) fn customers_act(&mut self, date: Date) -> Result<(), EngineError> {
        let people = self.world.len();
        for _ in 0..people.div_ceil(4_000) {
            let who = self.draws.below(u32::try_from(people).unwrap_or(u32::MAX)) as usize;
            match self.draws.below(4) {
                0 => self.opt_out(who, date)?,
                1 => self.opt_in(date)?,
                2 => self.complain(who, date)?,
                _ => self.settle_complaint(date)?,
            }
        }
        Ok(())
    }

    /// What staff do in the evening of a day, after the last round.
    pub(super) fn staff_act(&mut self, date: Date) -> Result<(), EngineError> {
        let now = self.now();
        self.set(now.max(at(date, 23, 40)));
        self.give_back(date)?;
        match self.draws.below(4) {
            0 => self.pause(date)?,
            1 => self.end_pause(date)?,
            2 => self.take_out(date)?,
            _ => self.be_gentle(date)?,
        }
        Ok(())
    }

    /// At the start of a day: pauses and modes that begin today do, and those that were over yesterday are.
    pub(super) fn turn_page(&mut self, date: Date) {
        let order = self.gateway.asked_count();
        let yesterday = date.plus_days(-1);
        if self.under_way.pause.is_some_and(|(_, _, through)| through < date) {
            self.under_way.pause = None;
            self.record.close(Ground::Pause, None, yesterday, order);
        }
        if self.under_way.mode.is_some_and(|(_, through)| through < date) {
            self.under_way.mode = None;
            self.record.close(Ground::Mode, None, yesterday, order);
        }
        let begins = |from: Date| from == date;
        if self.under_way.pause.is_some_and(|(_, from, _)| begins(from)) {
            self.open(Ground::Pause, None, date);
        }
        if self.under_way.mode.is_some_and(|(from, _)| begins(from)) {
            self.open(Ground::Mode, None, date);
        }
    }

    fn open(&mut self, ground: Ground, borrower: Option<usize>, from: Date) {
        let after = self.gateway.asked_count();
        self.record.open(Silence { ground, borrower, from, through: None, after, until: None });
    }

    fn opt_out(&mut self, who: usize, date: Date) -> Result<(), EngineError> {
        let borrower = &self.world.borrowers()[who];
        let Some(phone) = borrower.phone.clone().filter(|_| !borrower.opted_out) else { return Ok(()) };
        if !self.under_way.spent.insert(who) {
            return Ok(());
        }
        let body = json!({ "from": phone, "text": "TD", "id": format!("reply-{who}") }).to_string();
        self.persist("a reply", &mut |own, engine| {
            let callback = Callback { query: "", headers: &signed(TOKEN), body: body.as_bytes() };
            engine.take_reply_callback(PROVIDERS[0], &callback, own.now()).map(|_| ())
        })?;
        self.under_way.opted_out.insert(who, date);
        self.open(Ground::OptOut, Some(who), date);
        Ok(())
    }

    /// The one who opted out first, on an earlier day, wants texts again.
    fn opt_in(&mut self, date: Date) -> Result<(), EngineError> {
        let earlier = self.under_way.opted_out.iter().find(|(_, on)| **on < date);
        let Some(who) = earlier.map(|(who, _)| *who) else { return Ok(()) };
        self.under_way.opted_out.remove(&who);
        self.record.close(Ground::OptOut, Some(who), date, self.gateway.asked_count());
        let new = circumstance(who, CircumstanceKind::OptIn, "sms");
        self.persist("a consent", &mut |own, engine| {
            done_before(engine.change_consent(&new, asking(own.now())), "circumstance_ended")
        })
    }

    fn complain(&mut self, who: usize, date: Date) -> Result<(), EngineError> {
        if !self.under_way.spent.insert(who) {
            return Ok(());
        }
        let new = circumstance(who, CircumstanceKind::Complaint, "");
        let row =
            self.persist("a complaint", &mut |own, engine| engine.add_circumstance(&new, asking(own.now())))?;
        self.under_way.complaints.insert(who, row.entry.id);
        self.open(Ground::Complaint, Some(who), date);
        Ok(())
    }

    fn settle_complaint(&mut self, date: Date) -> Result<(), EngineError> {
        let Some((who, id)) = self.under_way.complaints.pop_first() else { return Ok(()) };
        self.record.close(Ground::Complaint, Some(who), date, self.gateway.asked_count());
        self.persist("an answer to a complaint", &mut |own, engine| {
            let ended = engine.end_circumstance(id, None, "answered", asking(own.now()));
            done_before(ended, "circumstance_ended")
        })
    }

    fn pause(&mut self, date: Date) -> Result<(), EngineError> {
        if self.under_way.pause.is_some() {
            return Ok(());
        }
        let (from, length) = (date.plus_days(1), self.draws.between(0, 2));
        // What it holds is to come out before all is judged.
        let through = from.plus_days(length).min(self.end().plus_days(-1));
        if through < from {
            return Ok(());
        }
        let new = NewPause {
            kind: PauseKind::Upgrade,
            scope: PauseScope::default(),
            from: BusinessDate(from),
            through: BusinessDate(through),
            reason_zh: format!("系统升级演练 {date}"),
            reason_en: format!("a rehearsed upgrade after {date}"),
            per_hour: None,
            customer: None,
        };
        let pause = self.persist("a pause", &mut |own, engine| {
            let pause = engine.add_pause_as(&new, asking(own.now()))?;
            done_before(engine.approve_pause(pause.id, "agreed", agreeing(own.now())), "not_pending")?;
            Ok(pause.id)
        })?;
        self.under_way.pause = Some((pause, from, through));
        Ok(())
    }

    /// Ends the pause that is on, today being its last day.
    fn end_pause(&mut self, date: Date) -> Result<(), EngineError> {
        let Some((id, _, _)) = self.under_way.pause.filter(|(_, from, _)| *from <= date) else {
            return Ok(());
        };
        self.under_way.pause = None;
        self.record.close(Ground::Pause, None, date, self.gateway.asked_count());
        self.persist("the end of a pause", &mut |own, engine| {
            let is_over = |engine: &Engine| -> Result<bool, EngineError> {
                // One whose own last day this is has ended by itself.
                let is_over = |pause: &Pause| pause.ended_on.is_some() || pause.through.0 <= date;
                Ok(engine.pauses()?.iter().any(|pause| pause.id == id && is_over(pause)))
            };
            if is_over(engine)? {
                return Ok(());
            }
            engine.end_pause_as(id, asking(own.now())).map(|_| ())
        })
    }

    fn be_gentle(&mut self, date: Date) -> Result<(), EngineError> {
        if self.under_way.mode.is_some() || self.draws.below(2) == 0 {
            return Ok(());
        }
        let (from, length) = (date.plus_days(1), self.draws.between(0, 1));
        let through = from.plus_days(length).min(self.end().plus_days(-1));
        if through < from {
            return Ok(());
        }
        let new = NewMode {
            reason: Reason::Reputation,
            effect: ModeEffect::Silent,
            products: Vec::new(),
            buckets: Vec::new(),
            segments: Vec::new(),
            from: BusinessDate(from),
            through: Some(BusinessDate(through)),
            note: "rehearsed".to_owned(),
        };
        self.persist("a gentler mode", &mut |own, engine| {
            let mode = engine.add_mode(&new, asking(own.now()))?;
            let decided = engine.decide_mode(mode.id, PauseState::Approved, "agreed", agreeing(own.now()));
            done_before(decided, "not_pending")
        })?;
        self.under_way.mode = Some((from, through));
        Ok(())
    }

    /// A share of all numbers is taken out by mistake; where they are many a second person agrees to it.
    fn take_out(&mut self, date: Date) -> Result<(), EngineError> {
        if self.under_way.removed.is_some() {
            return Ok(());
        }
        let people = self.world.len();
        let count = (people / 30).clamp(2, REMOVED_MAX);
        let first = u64::from(self.draws.below(u32::try_from(people - count).unwrap_or(u32::MAX).max(1)));
        let who: Vec<usize> =
            (first..first + count).filter_map(|index| usize::try_from(index).ok()).collect();
        let who: Vec<usize> =
            who.into_iter().filter(|index| self.world.borrowers()[*index].phone.is_some()).collect();
        if who.is_empty() {
            return Ok(());
        }
        let names: Vec<(String, String)> =
            who.iter().map(|index| (format!("C-{index}"), format!("P-{index}"))).collect();
        let reason = format!("cleaning up on {date}");
        let batch = self.persist("a removal of numbers", &mut |own, engine| {
            if let Some(batch) = batch_of(engine, &reason)? {
                return Ok(batch);
            }
            let asked = engine.contact_requests()?.into_iter().find(|request| request.reason == reason);
            let batch = match asked {
                Some(request) => batch_text(request.id),
                None => {
                    let change = engine.remove_contact_points(&names, &reason, own.now())?;
                    if !change.is_pending {
                        return Ok(change.batch);
                    }
                    change.batch
                }
            };
            done_before(engine.approve_contact_change(&batch, "agreed", agreeing(own.now())), "not_pending")?;
            Ok(batch)
        })?;
        for index in &who {
            self.open(Ground::Removal, Some(*index), date);
        }
        self.under_way.removed = Some((batch, who));
        Ok(())
    }

    /// The mistake is noticed, the numbers come back.
    fn give_back(&mut self, date: Date) -> Result<(), EngineError> {
        if self.draws.below(2) == 0 {
            return Ok(());
        }
        let Some((batch, who)) = self.under_way.removed.take() else { return Ok(()) };
        let order = self.gateway.asked_count();
        for index in who {
            self.record.close(Ground::Removal, Some(index), date, order);
        }
        self.persist("an undo", &mut |own, engine| {
            let undone = engine.restore_contact_points(&batch, "it was a mistake", own.now());
            done_before(undone, "already_undone")
        })
    }
}

/// The batch that was carried out for a reason, if one was.
fn batch_of(engine: &Engine, reason: &str) -> Result<Option<String>, EngineError> {
    let own = engine.contact_batches()?.into_iter().find(|batch| batch.reason == reason);
    Ok(own.map(|batch| batch_text(batch.id)))
}

fn circumstance(who: usize, kind: CircumstanceKind, value: &str) -> NewCircumstance {
    NewCircumstance {
        customer: Some(format!("C-{who}")),
        agreement: None,
        contact_point: None,
        kind,
        value: value.to_owned(),
        from: None,
        through: None,
        reason: "as the customer says".to_owned(),
        evidence: format!("rehearsal {who}"),
    }
}

const fn asking(now: dunlin_domain::date::Timestamp) -> Caller<'static> {
    Caller { actor: "chaos", now }
}

const fn agreeing(now: dunlin_domain::date::Timestamp) -> Caller<'static> {
    Caller { actor: SECOND, now }
}
