//! Pauses of ageing (逾期暂停) and freezes of late fees: what stops, from when to when, and why.

use dunlin_domain::date::Date;
use dunlin_domain::fact::{Fact, FactDetail, FactKind, FreezeReason};
use dunlin_domain::money::Money;
use dunlin_domain::position::standing_facts;
use dunlin_domain::wording;
use dunlin_store::agreement::{self, AgreementRow, StoredFact};

use super::{Change, Mode, refused};
use crate::payment::record::Told;
use crate::payment::{Caller, Context};
use crate::{Engine, EngineError};

/// Days that do not count as overdue.
#[derive(Clone, Debug)]
pub struct NewAgeingPause {
    /// The lender's id of the agreement, or ours.
    pub agreement: String,
    /// Its first day.
    pub from: Date,
    /// Its last day; `None` until it is ended.
    pub through: Option<Date>,
    /// Why, in words.
    pub reason: String,
    /// The caller's reference; made from agreement and first day when left out.
    pub reference: Option<String>,
}

/// The early end of a pause of ageing.
#[derive(Clone, Debug)]
pub struct AgeingResume {
    /// The lender's id of the agreement, or ours.
    pub agreement: String,
    /// The last day that the pause leaves out; today if none is given.
    pub on: Option<Date>,
    /// The reference of the pause; every one that runs when left out.
    pub pause: Option<String>,
    /// Why, in words.
    pub reason: String,
    /// The caller's reference; made from agreement and day when left out.
    pub reference: Option<String>,
}

/// Days on which no late fee accrues.
#[derive(Clone, Debug)]
pub struct NewFeeFreeze {
    /// The lender's id of the agreement, or ours.
    pub agreement: String,
    /// Its first day.
    pub from: Date,
    /// Its last day.
    pub through: Date,
    /// Why.
    pub reason: FreezeReason,
    /// Why, in words.
    pub note: String,
    /// The caller's reference; made from agreement and first day when left out.
    pub reference: Option<String>,
}

/// The early end of a freeze of late fees.
#[derive(Clone, Debug)]
pub struct FeeResume {
    /// The lender's id of the agreement, or ours.
    pub agreement: String,
    /// The reference of the freeze; the only one that runs when left out.
    pub freeze: Option<String>,
    /// The last day that stays frozen; today if none is given.
    pub on: Option<Date>,
    /// Why, in words.
    pub note: String,
    /// The caller's reference; made from agreement and day when left out.
    pub reference: Option<String>,
}

/// A pause of ageing or a freeze of late fees as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// [`FactKind::AgeingPause`] or [`FactKind::FeeFreeze`].
    pub kind: FactKind,
    /// The reference.
    pub reference: String,
    /// The first day.
    pub from: Date,
    /// The last day, early ends counted in; `None` while it is open.
    pub through: Option<Date>,
    /// The day on which it was ended early.
    pub ended_on: Option<Date>,
    /// Why no late fee accrues.
    pub freeze: Option<FreezeReason>,
    /// Why, in words.
    pub note: String,
}

impl Hold {
    /// Whether it holds on a day.
    #[must_use]
    pub fn is_on(&self, date: Date) -> bool {
        self.from <= date && self.through.is_none_or(|through| date <= through)
    }
}

impl Engine {
    /// Pauses the count of days past due.
    ///
    /// # Errors
    /// `reason` without words, `ends_before_start`, `in_future`, and those of every fact.
    pub fn pause_ageing(
        &self,
        new: &NewAgeingPause,
        mode: Mode,
        caller: Caller<'_>,
    ) -> Result<Change, EngineError> {
        need_reason(&new.reason)?;
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.in_mode(mode, |tx| {
            let row = self.find_agreement(tx, &new.agreement)?;
            let made = made_reference(FactKind::AgeingPause, &row, new.from);
            let reference = new.reference.as_deref().unwrap_or(&made);
            let zero = Money::zero(row.currency);
            let mut told = Told::new(FactKind::AgeingPause, zero, new.from, reference, &new.reason);
            told.detail = FactDetail { through: new.through, ..FactDetail::default() };
            self.change_in(tx, &row, &told, mode, new.through, context)
        })
    }

    /// Ends a pause of ageing before its last day.
    ///
    /// # Errors
    /// `unknown_target` when none runs, `reason` without words, and those of every fact.
    pub fn resume_ageing(
        &self,
        resume: &AgeingResume,
        mode: Mode,
        caller: Caller<'_>,
    ) -> Result<Change, EngineError> {
        need_reason(&resume.reason)?;
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.in_mode(mode, |tx| {
            let row = self.find_agreement(tx, &resume.agreement)?;
            let on = self.value_date(tx, &row, resume.on, context)?;
            let made = made_reference(FactKind::AgeingResume, &row, on);
            let reference = resume.reference.as_deref().unwrap_or(&made);
            let zero = Money::zero(row.currency);
            let mut told = Told::new(FactKind::AgeingResume, zero, on, reference, &resume.reason);
            told.target.clone_from(&resume.pause);
            let until = last_pause_end(&self.facts(tx, &row)?);
            self.change_in(tx, &row, &told, mode, until, context)
        })
    }

    /// Stops late fees for some days.
    ///
    /// # Errors
    /// `reason` without words, `ends_before_start`, `in_future`, and those of every fact.
    pub fn freeze_fees(
        &self,
        new: &NewFeeFreeze,
        mode: Mode,
        caller: Caller<'_>,
    ) -> Result<Change, EngineError> {
        need_reason(&new.note)?;
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.in_mode(mode, |tx| {
            let row = self.find_agreement(tx, &new.agreement)?;
            let made = made_reference(FactKind::FeeFreeze, &row, new.from);
            let reference = new.reference.as_deref().unwrap_or(&made);
            let zero = Money::zero(row.currency);
            let mut told = Told::new(FactKind::FeeFreeze, zero, new.from, reference, &new.note);
            let (through, freeze) = (Some(new.through), Some(new.reason));
            told.detail = FactDetail { through, freeze, ..FactDetail::default() };
            self.change_in(tx, &row, &told, mode, through, context)
        })
    }

    /// Ends a freeze of late fees before its last day: a shorter one takes its place.
    ///
    /// # Errors
    /// `unknown_target` when none runs on the day, `freeze` when several do and none is named, `reason` without words, and
    /// those of every fact.
    pub fn resume_fees(
        &self,
        resume: &FeeResume,
        mode: Mode,
        caller: Caller<'_>,
    ) -> Result<Change, EngineError> {
        need_reason(&resume.note)?;
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.in_mode(mode, |tx| {
            let row = self.find_agreement(tx, &resume.agreement)?;
            let on = self.value_date(tx, &row, resume.on, context)?;
            let made = format!("fee_resume:{}:{on}", row.external_id);
            let reference = resume.reference.as_deref().unwrap_or(&made);
            let zero = Money::zero(row.currency);
            let facts = self.facts(tx, &row)?;
            // The same request again finds the freeze that it left, and is known by its reference.
            let ended = facts.iter().find(|fact| {
                fact.kind == FactKind::FeeFreeze && fact.target.is_some() && fact.reference == reference
            });
            let freeze = match ended {
                Some(known) => facts.iter().find(|fact| Some(fact.id) == known.target),
                None => Some(running_freeze(&facts, resume, on)?),
            };
            let freeze = freeze.ok_or_else(|| EngineError::NotFound {
                what: "freeze of late fees",
                name: resume.freeze.clone().unwrap_or_default(),
            })?;
            let mut told = Told::new(FactKind::FeeFreeze, zero, freeze.value_on, reference, &resume.note);
            told.target = Some(freeze.reference.clone());
            told.detail =
                FactDetail { through: Some(on), freeze: freeze.detail.freeze, ..FactDetail::default() };
            self.change_in(tx, &row, &told, mode, freeze.detail.through, context)
        })
    }

    /// The pauses of ageing and freezes of late fees of an agreement, oldest first.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; what the database says.
    pub fn holds_of(&self, agreement: &str) -> Result<Vec<Hold>, EngineError> {
        self.db.read_as(|tx| {
            let row = self.find_agreement(tx, agreement)?;
            let mut stored = agreement::facts_of(tx, &[(row.part, row.id, row.currency)])?;
            Ok(holds(&stored.remove(&row.id).unwrap_or_default()))
        })
    }
}

/// The pauses and freezes among facts, oldest first.
pub(crate) fn holds(stored: &[StoredFact]) -> Vec<Hold> {
    let facts: Vec<Fact> = stored.iter().map(|stored| stored.fact.clone()).collect();
    let standing = standing_facts(&facts, Date::NEVER);
    let note = |fact: &Fact| {
        let found = stored.iter().find(|stored| stored.fact.id == fact.id);
        found.map_or_else(String::new, |stored| stored.note.clone())
    };
    let is_hold = |fact: &&&Fact| matches!(fact.kind, FactKind::AgeingPause | FactKind::FeeFreeze);
    let hold = |fact: &&Fact| {
        let is_end = |end: &&&Fact| {
            fact.kind == FactKind::AgeingPause
                && end.kind == FactKind::AgeingResume
                && end.target.is_none_or(|target| target == fact.id)
                && end.value_on >= fact.value_on
                && fact.detail.through.is_none_or(|through| end.value_on < through)
        };
        let ended_on = match fact.kind {
            FactKind::FeeFreeze => fact.target.and(fact.detail.through),
            _ => standing.iter().filter(is_end).map(|end| end.value_on).min(),
        };
        Hold {
            kind: fact.kind,
            reference: fact.reference.clone(),
            from: fact.value_on,
            through: ended_on.or(fact.detail.through),
            ended_on,
            freeze: fact.detail.freeze,
            note: note(fact),
        }
    };
    standing.iter().filter(is_hold).map(hold).collect()
}

/// The freeze that is meant: the one named, else the only one that runs on the day.
fn running_freeze<'f>(facts: &'f [Fact], resume: &FeeResume, on: Date) -> Result<&'f Fact, EngineError> {
    let is_meant = |fact: &Fact| resume.freeze.as_ref().is_none_or(|name| *name == fact.reference);
    let runs = |fact: &Fact| {
        fact.value_on <= on && fact.detail.through.is_none_or(|through| on < through) && is_meant(fact)
    };
    let standing = standing_facts(facts, Date::NEVER);
    let freezes = standing.into_iter().filter(|fact| fact.kind == FactKind::FeeFreeze);
    let running: Vec<&Fact> = freezes.filter(|fact| runs(fact)).collect();
    match running.as_slice() {
        [one] => Ok(one),
        [] => refused(
            "unknown_target",
            match &resume.freeze {
                Some(name) => wording!(
                    "{on} 没有编号为 {name} 的违约金停收正在生效；可用 `fees list` 查看",
                    "no freeze of late fees runs on {on} under the reference {name}; `fees list` shows them"
                ),
                None => wording!(
                    "{on} 没有违约金停收正在生效；可用 `fees list` 查看",
                    "no freeze of late fees runs on {on}; `fees list` shows them"
                ),
            },
        ),
        several => {
            let names: Vec<&str> = several.iter().map(|fact| fact.reference.as_str()).collect();
            refused(
                "freeze",
                wording!(
                    "{on} 有多个违约金停收正在生效：请写明其中一个：{}",
                    "several freezes run on {on}: name one of {}",
                    names.join(", ")
                ),
            )
        }
    }
}

/// The last day of any pause, as it was agreed.
fn last_pause_end(facts: &[Fact]) -> Option<Date> {
    facts
        .iter()
        .filter(|fact| fact.kind == FactKind::AgeingPause)
        .filter_map(|fact| fact.detail.through)
        .max()
}

/// A reference for who gives none: the same request again is known by it.
fn made_reference(kind: FactKind, row: &AgreementRow, on: Date) -> String {
    format!("{kind}:{}:{on}", row.external_id)
}

fn need_reason(reason: &str) -> Result<(), EngineError> {
    if reason.trim().is_empty() {
        return refused(
            "reason",
            wording!("须写明理由；请简要填写", "it needs a reason; give it in a few words"),
        );
    }
    Ok(())
}
