//! The day of one agreement: from its position, the strategy, pauses and rules to a verdict, a message and
//! the next day on which anything can change.
//!
//! Two steps, because contact points are loaded only where they are needed: [`intend`] says whether contact
//! is due; if so, [`choose`] finds the person and channel. [`conclude`] turns both into what is written.

mod before_due;
mod choice;
mod shadow;

use crate::arrears::{Arrears, OverdueSpan};
use crate::compliance::ContactRules;
use crate::contact::Channel;
use crate::date::{BusinessDate, Date, Timestamp};
use crate::fact::Fact;
use crate::gentle_mode::{self, GentleMode, ModeEffect, ModeSubject};
use crate::id::{AgreementId, ContactPointId, CustomerId, FactId, MessageId, PauseId};
use crate::ledger::{Booked, Change, Posting, is_suspended, postings, suspends_on};
use crate::money::{Money, MoneyError};
use crate::pause::Pause;
use crate::position::Position;
use crate::reason::Reason;
use crate::strategy::{Outcome, Row, StrategyInput, StrategyTable};
use crate::terms::Terms;
use crate::verdict::{Evidence, PlannedMessage, VerdictSpan};

use self::before_due::{contact_day, intend_before_due};
pub use self::choice::{Contactable, Person, choose, contactable};
pub use self::shadow::expected_reason;

/// What is kept of an agreement between two days, besides its facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The position when it was last looked at.
    pub position: Position,
    /// Late fees posted to the agreement so far.
    pub late_fee_posted: Money,
    /// Whether accrual is suspended (非应计): what is owed is held back from income.
    pub is_suspended: bool,
    /// Whether it is in the sums of what is owed by age; not where it was written before there were such sums.
    pub is_counted: bool,
    /// How often it was changed; part of the keys of what a change makes.
    pub change_index: u32,
    /// The due date of the episode that contact is about; `None` outside of one.
    pub episode_due_on: Option<Date>,
    /// The day on which the strategy wants to make contact next.
    pub next_contact_on: Option<Date>,
    /// The notice that a pause holds.
    pub held: Option<MessageId>,
    /// The verdict in force: its span and reason.
    pub verdict: Option<(Date, Date, Reason)>,
    /// The first day that has a verdict; from there on every overdue day has one.
    pub covered_from: Option<Date>,
}

impl Standing {
    /// What of it is in the books.
    #[must_use]
    pub fn booked(&self) -> Booked<'_> {
        Booked {
            totals: &self.position.totals,
            late_fee_posted: self.late_fee_posted,
            is_suspended: self.is_suspended,
        }
    }
}

/// What is the same for all agreements of a day.
pub struct DayPolicy<'a> {
    /// The day.
    pub business_date: BusinessDate,
    /// The moment of the decision.
    pub moment: Timestamp,
    /// Whether the day is over already in the lender's calendar: nothing can be sent for it any more.
    pub is_late: bool,
    /// The first business date that this database ever ran; days before it need no verdict.
    pub first_day: BusinessDate,
    /// The first of the days directly before this one that were run when they were over: what was to be said on them
    /// before a due date is still owed. Nothing where the day before was run in time.
    pub late_from: Option<Date>,
    /// The strategy in force.
    pub strategy: &'a StrategyTable,
    /// All pauses.
    pub pauses: &'a [Pause],
    /// All gentler modes.
    pub modes: &'a [GentleMode],
    /// The packs of contact rules in force, for whomever they apply to.
    pub packs: Vec<&'a ContactRules>,
    /// Channels with an open incident.
    pub channels_down: &'a [Channel],
    /// Channels that no provider serves.
    pub channels_unserved: &'a [Channel],
    /// Hours after which a message is out of date.
    pub validity_hours: i64,
}

/// The agreement on that day.
pub struct DayAgreement<'a> {
    /// Its id.
    pub id: AgreementId,
    /// The borrower.
    pub customer: CustomerId,
    /// The terms, with the agreement's own dates.
    pub terms: &'a Terms,
    /// The borrower's segment.
    pub segment: &'a str,
    /// Whether the overdue record is with the credit bureau.
    pub is_reported: bool,
    /// What was kept from before; `None` on the first day.
    pub before: Option<&'a Standing>,
    /// The position on the day.
    pub position: &'a Position,
    /// Its arrears.
    pub arrears: &'a Arrears,
    /// Overdue days before this one that have no verdict, because facts that came late made them overdue.
    pub uncovered: &'a [OverdueSpan],
    /// Overdue days before this one that have no verdict, because the agreement could not be worked on them.
    pub unworked: &'a [OverdueSpan],
    /// The last fact that came in since the agreement was looked at, if any.
    pub latest_fact: Option<FactId>,
    /// The last message came to nothing, or contact data changed: contact is due at once.
    pub must_redo: bool,
    /// The first value date after the day among known facts.
    pub next_fact_on: Option<Date>,
    /// The facts that came in, or began to count, since it was looked at.
    pub new_facts: &'a [Fact],
    /// The days past due from which accrual is suspended for its product, if it ever is.
    pub suspends_from_days: Option<i32>,
    /// When what a pause held is made good, where that is spread over hours.
    pub turn: Option<Turn>,
    /// Contacts carried out since the oldest unpaid amount fell due; looked up where the strategy asks for it.
    pub contacts: u32,
    /// Channels whose limit for the day is used up, as far as this agreement is concerned.
    pub channels_full: &'a [Channel],
}

/// The turn of a held notice in a catch-up that is spread over hours, and over days where one is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The pause that held it.
    pub pause: PauseId,
    /// The reason that the pause gives.
    pub reason: Reason,
    /// The day of its turn. Until then it stays held: contact is decided on by what is known on the day on which it is made.
    pub on: Date,
    /// The moment before which it does not go.
    pub at: Timestamp,
}

impl DayAgreement<'_> {
    /// Whether it was left over the day before because a channel's limit was used up; it goes first then.
    #[must_use]
    pub fn is_left_over(&self) -> bool {
        let reason = self.before.and_then(|before| before.verdict).map(|(_, _, reason)| reason);
        matches!(reason, Some(Reason::AgentCapacity | Reason::ChannelCapacity))
    }

    /// The gentler mode that is in force for it.
    fn mode<'m>(&self, policy: &DayPolicy<'m>) -> Option<&'m GentleMode> {
        let subject = ModeSubject {
            product: &self.terms.product,
            bucket: &self.terms.buckets[self.arrears.bucket_index].name,
            segment: self.segment,
        };
        gentle_mode::applying(policy.modes, &subject, policy.business_date)
    }

    /// Whether it is silent by a gentler mode that was ended before its time: contact is decided on anew.
    fn outlasts_mode(&self, policy: &DayPolicy<'_>) -> bool {
        let verdict = self.before.and_then(|before| before.verdict);
        verdict.is_some_and(|(from, _, reason)| {
            let was_on = |mode: &GentleMode| mode.reason == reason && mode.from.0 <= from;
            let is_over = |ended: BusinessDate| from < ended.0 && ended <= policy.business_date;
            policy.modes.iter().any(|mode| was_on(mode) && mode.ended_on.is_some_and(is_over))
        })
    }

    /// The moment from which on a message of the day may go out.
    fn sends_from(&self, policy: &DayPolicy<'_>) -> Timestamp {
        self.turn.map_or(policy.moment, |turn| turn.at.max(policy.moment))
    }

    /// What comes of a contact that could be made, but whose turn comes on a later day.
    fn waits_for_turn(&self, policy: &DayPolicy<'_>) -> Option<Choice> {
        let turn = self.turn.filter(|turn| turn.on > policy.business_date.0)?;
        Some(Choice::Held { pause: turn.pause, reason: turn.reason, free_on: turn.on })
    }
}

/// What the strategy wants on the day.
pub enum Intention<'a> {
    /// Nothing is overdue, and nothing is to be said before the given day.
    Nothing {
        /// The next day on which the strategy has something to say, if any.
        next_on: Option<Date>,
    },
    /// Overdue, and the verdict in force still speaks for the day.
    Keep,
    /// Overdue, and silent until the given day.
    Silent {
        /// Why.
        reason: Reason,
        /// The row that says so, if one does.
        row: Option<&'a Row>,
        /// The proof.
        evidence: Evidence,
        /// The day on which it is looked at again.
        next_on: Date,
    },
    /// Contact is due by this row.
    Contact(&'a Row),
}

/// What came of looking for a person and a channel.
#[derive(Debug)]
pub enum Choice {
    /// Contact can be made.
    Contact {
        /// By this channel.
        channel: Channel,
        /// At this contact point.
        contact_point: ContactPointId,
        /// From this moment on.
        not_before: Timestamp,
        /// Channels that would have come before, or this one itself, which no provider serves.
        unserved: Vec<Channel>,
    },
    /// A pause holds the notice until the given day.
    Held {
        /// The pause.
        pause: crate::id::PauseId,
        /// The reason it gives.
        reason: Reason,
        /// The first day without a pause.
        free_on: Date,
    },
    /// Nobody can be contacted.
    Silent {
        /// Why.
        reason: Reason,
        /// The proof.
        evidence: Evidence,
        /// The day on which it may be tried again, if known.
        retry_on: Option<Date>,
    },
}

/// What is written of an agreement's day.
#[derive(Debug)]
pub struct DayDecision {
    /// What is kept.
    pub standing: Standing,
    /// New verdicts, in order of days.
    pub verdicts: Vec<VerdictSpan>,
    /// The message, held or to be sent.
    pub message: Option<PlannedMessage>,
    /// A held notice that nothing replaces, and why: what it was about is settled, or the pause is over and something else
    /// stands in the way.
    pub withdrawn: Option<(MessageId, Reason)>,
    /// Ledger postings.
    pub postings: Vec<Posting>,
    /// The first later day on which anything about the agreement can change.
    pub next_event_on: Date,
}

/// The due date that contact is about on the day: of the oldest overdue statement, or of what comes due.
fn episode_of(agreement: &DayAgreement<'_>) -> Option<Date> {
    let coming = agreement.arrears.coming.filter(|coming| coming.minimum.is_positive());
    agreement.arrears.overdue_due_on.or(coming.map(|coming| coming.due_on))
}

/// The day of the next contact, if the episode in which it was planned still runs.
fn planned_contact(agreement: &DayAgreement<'_>) -> Option<Date> {
    let before = agreement.before?;
    let was_overdue = before.verdict.is_some_and(|(_, _, reason)| speaks_of_overdue(reason));
    let is_overdue = agreement.arrears.overdue_due_on.is_some();
    // While it stays overdue, paying the oldest statement does not start the contact chain anew.
    let goes_on = before.episode_due_on == episode_of(agreement) || (was_overdue && is_overdue);
    before.next_contact_on.filter(|_| goes_on)
}

fn strategy_input<'a>(agreement: &'a DayAgreement<'a>, days: i32, balance: Money) -> StrategyInput<'a> {
    StrategyInput {
        buckets: &agreement.terms.buckets,
        days_past_due: days,
        balance,
        segment: agreement.segment,
        is_reported_to_bureau: agreement.is_reported,
        contacts: agreement.contacts,
        customer: agreement.customer,
    }
}

/// The strategy's input by which contact is made: about what is overdue, or else about what comes due, as of the day that
/// the reminder is for.
fn input_of_contact<'a>(policy: &DayPolicy<'_>, agreement: &'a DayAgreement<'a>) -> StrategyInput<'a> {
    let arrears = agreement.arrears;
    match (arrears.overdue_due_on, arrears.coming) {
        (None, Some(coming)) => {
            let days = contact_day(policy, agreement).days_since(coming.due_on);
            strategy_input(agreement, days, coming.rest)
        }
        (Some(_), _) | (None, None) => strategy_input(agreement, arrears.days_past_due, arrears.overdue),
    }
}

/// What proves a decision after which contact is planned for `next_on`: the draw of a trial, if it hung on one.
fn planned_evidence(policy: &DayPolicy<'_>, agreement: &DayAgreement<'_>, next_on: Date) -> Evidence {
    // What a trial learns from must be known of every decision that hung on its draw.
    match policy.strategy.draw(&input_of_contact(policy, agreement)) {
        Some(draw) => Evidence::Draw(draw, next_on),
        None => Evidence::NextContactOn(next_on),
    }
}

/// What the strategy wants of the agreement on the day.
#[must_use]
pub fn intend<'a>(policy: &DayPolicy<'a>, agreement: &DayAgreement<'_>) -> Intention<'a> {
    match agreement.arrears.overdue_due_on {
        None => intend_before_due(policy, agreement),
        Some(_) => intend_overdue(policy, agreement),
    }
}

fn intend_overdue<'a>(policy: &DayPolicy<'a>, agreement: &DayAgreement<'_>) -> Intention<'a> {
    let today = policy.business_date.0;
    let planned = planned_contact(agreement);
    let verdict = agreement.before.and_then(|before| before.verdict);
    let is_held = agreement.before.is_some_and(|before| before.held.is_some());
    let is_free = is_held && !policy.pauses.iter().any(|pause| pause.is_on(policy.business_date));
    let must_ask = agreement.must_redo || agreement.outlasts_mode(policy);
    let waits = planned.filter(|planned| *planned > today && !must_ask && !is_free && !is_held);
    if let Some(next_on) = waits {
        let covers_today =
            verdict.is_some_and(|(_, through, reason)| through >= today && speaks_of_overdue(reason));
        if covers_today {
            return Intention::Keep;
        }
        let evidence = Evidence::NextContactOn(next_on);
        return Intention::Silent { reason: Reason::Interval, row: None, evidence, next_on };
    }
    if policy.is_late {
        let evidence = Evidence::RanAt(policy.moment);
        return Intention::Silent {
            reason: Reason::RunMissed,
            row: None,
            evidence,
            next_on: today.plus_days(1),
        };
    }
    let input = strategy_input(agreement, agreement.arrears.days_past_due, agreement.arrears.overdue);
    match policy.strategy.decide(&input) {
        Some(row) => match &row.outcome {
            Outcome::Contact { next_contact_days, .. } => {
                let mode = agreement.mode(policy).filter(|mode| mode.effect == ModeEffect::Silent);
                let Some(mode) = mode else { return Intention::Contact(row) };
                let review_on = today.plus_days(i32::from(*next_contact_days));
                let ends_on = mode.through.map_or(review_on, |through| through.0.plus_days(1));
                Intention::Silent {
                    reason: mode.reason,
                    row: Some(row),
                    evidence: Evidence::Mode(mode.id),
                    next_on: review_on.min(ends_on),
                }
            }
            Outcome::Silence { reason, review_days } => {
                let review_on = today.plus_days(i32::from(*review_days));
                let changes_on = policy
                    .strategy
                    .next_change(&input)
                    .map(|next| today.plus_days(next - input.days_past_due));
                let next_on = changes_on.map_or(review_on, |changes_on| changes_on.min(review_on));
                let draw = policy.strategy.draw(&input);
                let evidence = draw.map_or(Evidence::Position, |draw| Evidence::Draw(draw, next_on));
                Intention::Silent { reason: *reason, row: Some(row), evidence, next_on }
            }
        },
        None => {
            let next_on = today.plus_days(1);
            Intention::Silent { reason: Reason::NoRow, row: None, evidence: Evidence::Position, next_on }
        }
    }
}

/// Whether a verdict with this reason is about something that is overdue, or is about to be.
#[must_use]
pub fn speaks_of_overdue(reason: Reason) -> bool {
    !matches!(reason, Reason::NothingOverdue | Reason::Closed | Reason::Sold | Reason::WrittenOff)
}

/// Why there is nothing to say when nothing is overdue.
fn ended_by(position: &Position) -> Reason {
    match position.claim {
        claim if claim.sold_on.is_some() => Reason::Sold,
        claim if claim.written_off_on.is_some() => Reason::WrittenOff,
        _ => Reason::NothingOverdue,
    }
}

/// What is written: verdicts, message, postings, and the next day to look at the agreement.
///
/// `choice` is given when, and only when, the intention was contact.
///
/// # Errors
/// When amounts do not fit 64 bits.
pub fn conclude(
    policy: &DayPolicy<'_>,
    agreement: &DayAgreement<'_>,
    intention: Intention<'_>,
    choice: Option<Choice>,
) -> Result<DayDecision, MoneyError> {
    let today = policy.business_date.0;
    let terms = agreement.terms;
    let change_index = agreement.before.map_or(0, |before| before.change_index + 1);
    let mut verdicts = Verdicts { policy, agreement, spans: Vec::new() };
    for span in agreement.uncovered {
        let evidence = agreement.latest_fact.map_or(Evidence::Position, Evidence::Fact);
        verdicts.add(span.from, span.through, Reason::LearnedLate, None, None, evidence);
    }
    for span in agreement.unworked {
        let evidence = Evidence::RanAt(policy.moment);
        verdicts.add(span.from, span.through, Reason::RunMissed, None, None, evidence);
    }
    let held_before = agreement.before.and_then(|before| before.held);
    let next_contact_on = planned_contact(agreement);
    let mut after = After { next_contact_on, held: held_before, next_on: None, let_go_by: None };
    let mut message = None;
    match (intention, choice) {
        (Intention::Nothing { next_on }, _) => {
            after.next_on = next_on;
            // A held reminder waits as long as what it is about is still to be paid.
            after.held = held_before.filter(|_| after.next_contact_on.is_some());
            // Past its due date, and within the grace days: unpaid all the same.
            if held_before != after.held && agreement.position.behind_due_on(terms)?.is_some() {
                after.let_go_by = Some(Reason::TooLate);
            }
            if agreement.arrears.overdue_due_on.is_none() {
                verdicts.close_if_overdue_before();
            }
        }
        (Intention::Keep, _) => {}
        (Intention::Silent { reason, row, evidence, next_on }, _) => {
            verdicts.add(today, next_on.plus_days(-1), reason, row, None, evidence);
            after.next_contact_on = Some(next_on);
            after.let_go(policy, reason);
        }
        (Intention::Contact(row), Some(choice)) => {
            message = settle(&mut verdicts, &mut after, row, choice, change_index);
        }
        (Intention::Contact(_), None) => unreachable!("contact that is due comes with a choice"),
    }
    let spans = verdicts.spans;
    let late_fee_before =
        agreement.before.map_or(Money::zero(terms.currency), |before| before.late_fee_posted);
    let late_fee_posted = late_fee_to_post(agreement, late_fee_before)?;
    let was_suspended = agreement.before.is_some_and(|before| before.is_suspended);
    let from_days = agreement.suspends_from_days;
    let is_suspended = is_suspended(was_suspended, agreement.arrears, from_days);
    let change = Change {
        agreement: agreement.id,
        business_date: policy.business_date,
        change_index,
        facts: agreement.new_facts,
    };
    let totals = &agreement.position.totals;
    let postings = postings(
        change,
        agreement.before.map(Standing::booked),
        Booked { totals, late_fee_posted, is_suspended },
    )?;
    let kept_verdict = agreement.before.and_then(|before| before.verdict);
    let given = spans.last().map(|span| (span.from, span.through, span.reason));
    // A verdict on days past does not replace the one in force, unless it is the first.
    let verdict = given.filter(|(_, through, _)| *through >= today).or(kept_verdict).or(given);
    let known_from = agreement.before.and_then(|before| before.covered_from);
    let covered_from = spans.first().map(|span| span.from).into_iter().chain(known_from).min();
    let own_change_on = agreement.position.next_change_on(terms)?;
    let suspends_on = suspends_on(is_suspended, agreement.arrears, today, from_days);
    let events = [after.next_on, after.next_contact_on, agreement.next_fact_on, suspends_on];
    let later = events.into_iter().flatten().filter(|date| *date > today);
    let next_event_on = later.fold(own_change_on, Date::min);
    let standing = Standing {
        position: agreement.position.clone(),
        late_fee_posted,
        is_suspended,
        is_counted: true,
        change_index,
        episode_due_on: episode_of(agreement),
        next_contact_on: after.next_contact_on,
        held: after.held,
        verdict,
        covered_from,
    };
    let replaced = message.as_ref().and_then(|message| message.replaces);
    let withdrawn = held_before
        .filter(|held| standing.held != Some(*held) && replaced != Some(*held))
        .map(|held| (held, after.let_go_by.unwrap_or(Reason::PaidMeanwhile)));
    Ok(DayDecision { standing, verdicts: spans, message, withdrawn, postings, next_event_on })
}

struct After {
    next_contact_on: Option<Date>,
    held: Option<MessageId>,
    next_on: Option<Date>,
    /// Why a held notice is not waited for any more, other than that nothing is due.
    let_go_by: Option<Reason>,
}

impl After {
    /// When no pause is on any more, a held notice does not wait for what else stands in the way of contact, which is
    /// decided on anew when that has gone. It does wait for its turn where there is no room for it today.
    fn let_go(&mut self, policy: &DayPolicy<'_>, reason: Reason) {
        let is_paused = policy.pauses.iter().any(|pause| pause.is_on(policy.business_date));
        if !is_paused && self.held.is_some() && !matches!(reason.family(), "capacity" | "rule") {
            self.held = None;
            self.let_go_by = Some(reason);
        }
    }
}

/// Turns the choice for a contact that is due into a verdict and a message.
fn settle(
    verdicts: &mut Verdicts<'_, '_>,
    after: &mut After,
    row: &Row,
    choice: Choice,
    change_index: u32,
) -> Option<PlannedMessage> {
    let (policy, agreement) = (verdicts.policy, verdicts.agreement);
    let today = policy.business_date.0;
    let Outcome::Contact { template, next_contact_days, .. } = &row.outcome else { return None };
    let id = MessageId::of_change(agreement.customer, agreement.id, today, change_index);
    let mut message = PlannedMessage {
        id,
        agreement: agreement.id,
        customer: agreement.customer,
        contact_point: None,
        channel: None,
        template: template.clone(),
        held_by: None,
        replaces: after.held,
        not_before: agreement.sends_from(policy),
        expires_at: agreement.sends_from(policy).plus_seconds(policy.validity_hours * 3600),
    };
    match choice {
        Choice::Contact { channel, contact_point, not_before, unserved } => {
            // What is made good puts off nothing: the wait runs from the day on which it was due.
            let spaced = contact_day(policy, agreement).plus_days(i32::from(*next_contact_days));
            let next_on = spaced.max(today.plus_days(1));
            let evidence = match planned_evidence(policy, agreement, next_on) {
                Evidence::NextContactOn(next_on) if !unserved.is_empty() => {
                    Evidence::Unserved(unserved, next_on)
                }
                planned => planned,
            };
            verdicts.add(today, next_on.plus_days(-1), Reason::Contacted, Some(row), Some(id), evidence);
            after.next_contact_on = Some(next_on);
            after.held = None;
            message.channel = Some(channel);
            message.contact_point = Some(contact_point);
            message.not_before = not_before;
            Some(message)
        }
        Choice::Held { pause, reason, free_on } => {
            // One notice stands for all that the pause holds back; a fresh one replaces it at the end.
            let held = after.held.unwrap_or(id);
            let evidence = Evidence::Pause(pause);
            verdicts.add(today, free_on.plus_days(-1), reason, Some(row), Some(held), evidence);
            after.next_contact_on = Some(free_on);
            let is_first = after.held.is_none();
            after.held = Some(held);
            message.held_by = Some(pause);
            message.replaces = None;
            is_first.then_some(message)
        }
        Choice::Silent { reason, evidence, retry_on } => {
            let next_on = retry_on.map_or(today.plus_days(1), |retry_on| retry_on.max(today.plus_days(1)));
            verdicts.add(today, next_on.plus_days(-1), reason, Some(row), None, evidence);
            after.next_contact_on = Some(next_on);
            after.let_go(policy, reason);
            None
        }
    }
}

/// Late fees are posted whenever something moved: a statement, an allocation, a cure or a roll.
fn late_fee_to_post(agreement: &DayAgreement<'_>, posted: Money) -> Result<Money, MoneyError> {
    let moved = match agreement.before {
        None => true,
        Some(before) => {
            before.position.totals != agreement.position.totals
                || before.position.statements.len() != agreement.position.statements.len()
        }
    };
    if moved { agreement.position.late_fee_charged(agreement.terms) } else { Ok(posted) }
}

struct Verdicts<'p, 'a> {
    policy: &'p DayPolicy<'a>,
    agreement: &'p DayAgreement<'p>,
    spans: Vec<VerdictSpan>,
}

impl Verdicts<'_, '_> {
    fn add(
        &mut self,
        from: Date,
        through: Date,
        reason: Reason,
        row: Option<&Row>,
        message: Option<MessageId>,
        evidence: Evidence,
    ) {
        let strategy = self.policy.strategy;
        self.spans.push(VerdictSpan {
            agreement: self.agreement.id,
            from,
            through: through.max(from),
            reason,
            days_past_due: self.agreement.arrears.days_past_due,
            bucket_index: self.agreement.arrears.bucket_index,
            overdue: self.agreement.arrears.overdue,
            strategy: row.map(|_| format!("{}@{}", strategy.name, strategy.version)),
            row: row.map(|row| row.id.clone()),
            message,
            evidence,
        });
    }

    fn close_if_overdue_before(&mut self) {
        let verdict = self.agreement.before.and_then(|before| before.verdict);
        let speaks = verdict.is_some_and(|(_, _, reason)| speaks_of_overdue(reason));
        if speaks || !self.spans.is_empty() {
            let evidence = self.agreement.latest_fact.map_or(Evidence::Position, Evidence::Fact);
            let today = self.policy.business_date.0;
            let reason = ended_by(self.agreement.position);
            self.add(today, Date::NEVER, reason, None, None, evidence);
        }
    }
}
