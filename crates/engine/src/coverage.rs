//! Coverage: every overdue agreement-day, recomputed from facts alone, against the verdicts that were given.
//!
//! Nothing that the day's run stored about positions is read here: facts and terms say which days were
//! overdue, and each of them must have exactly one verdict.

use dunlin_domain::wording;
use std::collections::{BTreeMap, HashMap};

use dunlin_domain::arrears::{OverdueSpan, overdue_spans};
use dunlin_domain::contact::Channel;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::Fact;
use dunlin_domain::id::{AgreementId, MessageId, Part};
use dunlin_domain::message::MessageState;
use dunlin_domain::position::{fold, known_at};
use dunlin_domain::reason::Reason;
use dunlin_domain::terms::Terms;
use dunlin_domain::trace::Event;
use dunlin_store::agreement::{self, AgreementRow, StoredFact};
use dunlin_store::fallback::{self, FallbackRow};
use dunlin_store::message::StateOfMessage;
use dunlin_store::record::{self, VerdictRow};
use dunlin_store::{StoreError, Tx, message, run};

use crate::chain::{self, HeldUp};
use crate::policies::Policies;
use crate::view::{AgreementLine, Coverage, ReasonCount, SilenceDay, SilenceView};
use crate::{Engine, EngineError};

/// Unexplained days that are named; the rest is counted.
const EXAMPLE_COUNT_MAX: usize = 20;

/// The overdue days of an agreement between `from` and `through`, from facts alone.
pub(crate) fn overdue_days(
    row: &AgreementRow,
    terms: &Terms,
    facts: &[Fact],
    from: Date,
    through: Date,
) -> Result<Vec<OverdueSpan>, EngineError> {
    let mut events: Vec<Event> = Vec::new();
    fold(terms, row.opened_on, facts, through, &mut |event| {
        if matches!(event, Event::OverdueChanged { .. }) {
            events.push(event);
        }
    })?;
    Ok(overdue_spans(&events, from, through))
}

/// The verdict that holds on a day, from an agreement's verdicts in order of days.
pub(crate) fn verdict_on(verdicts: &[VerdictRow], date: Date) -> Option<&VerdictRow> {
    let after = verdicts.partition_point(|verdict| verdict.span.from <= date);
    verdicts[..after].last().filter(|verdict| verdict.span.through >= date)
}

/// One overdue agreement-day with its verdict.
pub(crate) struct OverdueDay<'a> {
    pub(crate) row: &'a AgreementRow,
    pub(crate) terms: &'a Terms,
    pub(crate) date: Date,
    pub(crate) verdict: Option<&'a VerdictRow>,
    message: Option<MessageState>,
    pub(crate) channel: Option<Channel>,
    pub(crate) reason: Option<Reason>,
}

impl OverdueDay<'_> {
    /// The bucket in which the day's verdict was given.
    pub(crate) fn bucket(&self) -> &str {
        let last = self.terms.buckets.len() - 1;
        let index = self.verdict.map_or(0, |verdict| verdict.span.bucket_index);
        &self.terms.buckets[index.min(last)].name
    }
}

impl Engine {
    /// The coverage of the days `from..=through`.
    ///
    /// # Errors
    /// What the database says; a range that begins before the first day that was run; `day_not_run` for one that ends
    /// after the last, or a single day that was not run.
    pub fn coverage(&self, from: Date, through: Date) -> Result<Coverage, EngineError> {
        let by_day = self.tally_days(from, through)?;
        let mut all = Tally::default();
        for tally in by_day.into_values() {
            all.merge(tally);
        }
        Ok(all.coverage())
    }

    /// Reasons over time.
    ///
    /// # Errors
    /// As [`Engine::coverage`].
    pub fn silence(&self, from: Date, through: Date) -> Result<SilenceView, EngineError> {
        let mut by_day = self.tally_days(from, through)?;
        let days = (from.days()..=through.days()).map(Date::from_days);
        let days = days.map(|date| {
            let coverage = by_day.remove(&date).unwrap_or_default().coverage();
            SilenceDay { date, by_reason: coverage.by_reason, unexplained: coverage.unexplained }
        });
        Ok(SilenceView { from, through, days: days.collect() })
    }

    fn tally_days(&self, from: Date, through: Date) -> Result<BTreeMap<Date, Tally>, EngineError> {
        let count = |days: &mut BTreeMap<Date, Tally>, day: &OverdueDay<'_>| {
            days.entry(day.date).or_default().count(day);
        };
        self.survey(from, through, &count, &merge_days)
    }

    /// The agreements with one reason on one day, in the order of their ids.
    ///
    /// # Errors
    /// As [`Engine::coverage`].
    pub fn silence_agreements(
        &self,
        date: Date,
        reason: Reason,
        offset: u64,
        limit: u64,
    ) -> Result<Vec<AgreementLine>, EngineError> {
        let mut lines: Vec<AgreementLine> = self.survey(
            date,
            date,
            &|lines: &mut Vec<AgreementLine>, day| {
                if day.reason != Some(reason) {
                    return;
                }
                let Some(verdict) = day.verdict else { return };
                let span = &verdict.span;
                let since = date.days_since(span.from);
                lines.push(AgreementLine {
                    external_id: day.row.external_id.clone(),
                    product: day.row.product.clone(),
                    bucket: day.terms.buckets[span.bucket_index.min(day.terms.buckets.len() - 1)]
                        .name
                        .clone(),
                    days_past_due: span.days_past_due + since,
                    overdue: dunlin_domain::money::Money::new(span.overdue.minor(), day.row.currency),
                    reason,
                });
            },
            &|all, part| all.extend(part),
        )?;
        lines.sort_by(|left, right| left.external_id.cmp(&right.external_id));
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        let take = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(lines.into_iter().skip(skip).take(take).collect())
    }

    /// Walks every overdue agreement-day of a range, part by part on all cores.
    pub(crate) fn survey<A: Default + Send>(
        &self,
        from: Date,
        through: Date,
        visit: &(dyn Fn(&mut A, &OverdueDay<'_>) + Sync),
        merge: &dyn Fn(&mut A, A),
    ) -> Result<A, EngineError> {
        let (first, last) = self.day_range()?.ok_or(EngineError::NoDayYet)?;
        let is_one_day_before = from == through && from < first.0;
        if through > last.0 || is_one_day_before {
            let complaint = wording!(
                "会计日 {through} 尚未跑批；已跑批的是 {first} 至 {last}",
                "day {through} has not been run; days {first} to {last} have"
            );
            return Err(EngineError::Refused { code: "day_not_run", complaint });
        }
        if from > through || from < first.0 {
            return Err(EngineError::Refused {
                code: "range",
                complaint: wording!(
                    "日期范围 {from} 至 {through} 有误：须先早后晚，且最早从 {first} 开始",
                    "range {from} to {through} must be in order and begin on {first} at the earliest"
                ),
            });
        }
        let policies = self.policies()?;
        let decided_at = self.db.read(|tx| run::decision_moments(tx, from, through))?;
        let survey = Survey { engine: self, policies: &policies, decided_at: &decided_at, from, through };
        let parts: Vec<Part> = crate::inspect::parts().collect();
        let gathered =
            crate::inspect::on_all_cores(&parts, &|own: &mut A, part| survey.part(part, own, visit))?;
        let mut all = A::default();
        gathered.into_iter().for_each(|own| merge(&mut all, own));
        Ok(all)
    }
}

struct Survey<'s> {
    engine: &'s Engine,
    policies: &'s Policies,
    decided_at: &'s HashMap<Date, Timestamp>,
    from: Date,
    through: Date,
}

impl Survey<'_> {
    fn part<A>(
        &self,
        part: Part,
        gathered: &mut A,
        visit: &(dyn Fn(&mut A, &OverdueDay<'_>) + Sync),
    ) -> Result<(), EngineError> {
        self.engine.db.read_as(|tx| {
            // One that cannot be read, or whose product is not there, is an incident of its own and keeps no other from
            // being counted.
            let mut rows = agreement::readable_of_part(tx, part)?;
            rows.retain(|row| self.policies.product(&row.product, row.product_version).is_some());
            let mut facts = facts_of(tx, part, &rows)?;
            let mut verdicts: HashMap<AgreementId, Vec<VerdictRow>> = HashMap::new();
            let any = dunlin_domain::money::Currency::CNY;
            record::each_verdict(tx, part, any, |verdict| {
                verdicts.entry(verdict.span.agreement).or_default().push(verdict);
                Ok(())
            })?;
            let messages = message::states_of_part(tx, part)?;
            let next = fallback::of_part(tx, part)?;
            let held_up = chain::held_up_in(tx, part, &self.engine.zone)?;
            let none = Vec::new();
            for row in &rows {
                let facts = facts.remove(&row.id).unwrap_or_default();
                let verdicts = verdicts.get(&row.id).unwrap_or(&none);
                self.agreement(row, &facts, verdicts, (&messages, &next, &held_up), gathered, visit)?;
            }
            Ok(())
        })
    }

    fn agreement<A>(
        &self,
        row: &AgreementRow,
        facts: &[Fact],
        verdicts: &[VerdictRow],
        (messages, next, held_up): (
            &HashMap<MessageId, StateOfMessage>,
            &HashMap<MessageId, FallbackRow>,
            &HeldUp,
        ),
        gathered: &mut A,
        visit: &(dyn Fn(&mut A, &OverdueDay<'_>) + Sync),
    ) -> Result<(), EngineError> {
        let terms =
            self.policies.terms(&row.product, row.product_version, row.statement_day, self.through)?;
        for span in overdue_days(row, &terms, facts, self.from, self.through)? {
            for date in (span.from.days()..=span.through.days()).map(Date::from_days) {
                let verdict = verdict_on(verdicts, date);
                let root = verdict.and_then(|verdict| verdict.span.message);
                let told = root.and_then(|root| chain::told(root, (next, held_up), |id| messages.get(&id)));
                let fate = told.as_ref().map(chain::Told::fate);
                let reason = verdict.map(|verdict| verdict.span.reason_on(date, fate));
                let left_on = told.as_ref().and_then(|told| told.left_on);
                let message = told.as_ref().map(|told| told.message);
                let reason = match reason {
                    Some(Reason::NothingOverdue) => self.learned_late(row, &terms, facts, date)?,
                    other => other,
                };
                // The message stands at the first day of its verdict, or at the one on which it left; the others have none.
                let is_its_day = verdict.is_some_and(|verdict| verdict.span.contact_on(left_on) == date);
                let channel = message.filter(|_| is_its_day).and_then(|message| message.channel);
                let message = message.map(|message| message.state);
                visit(gathered, &OverdueDay { row, terms: &terms, date, verdict, message, channel, reason });
            }
        }
        Ok(())
    }

    /// A verdict that says "nothing overdue" holds for an overdue day only if the books of that day said so.
    fn learned_late(
        &self,
        row: &AgreementRow,
        terms: &Terms,
        facts: &[Fact],
        date: Date,
    ) -> Result<Option<Reason>, EngineError> {
        let Some(moment) = self.decided_at.get(&date) else { return Ok(None) };
        let known = known_at(facts, *moment);
        let was_overdue = !overdue_days(row, terms, &known, date, date)?.is_empty();
        Ok((!was_overdue).then_some(Reason::LearnedLate))
    }
}

/// The facts of these agreements of a part.
fn facts_of(
    tx: &mut Tx<'_>,
    part: Part,
    rows: &[AgreementRow],
) -> Result<HashMap<AgreementId, Vec<Fact>>, StoreError> {
    match agreement::facts_of_part(tx, part, rows) {
        // Those of an agreement that is left out belong to none of these.
        Err(StoreError::Data { .. }) => {
            let keys: Vec<_> = rows.iter().map(|row| (part, row.id, row.currency)).collect();
            let plain = |facts: Vec<StoredFact>| facts.into_iter().map(|stored| stored.fact).collect();
            let stored = agreement::facts_of(tx, &keys)?;
            Ok(stored.into_iter().map(|(id, facts)| (id, plain(facts))).collect())
        }
        facts => facts,
    }
}

/// Counts of one day.
#[derive(Default)]
pub(crate) struct Tally {
    overdue_days: u64,
    contacted: u64,
    silent: u64,
    unexplained: u64,
    delivered: u64,
    pending: u64,
    failed: u64,
    by_reason: HashMap<Reason, u64>,
    examples: Vec<(String, Date)>,
}

fn merge_days(all: &mut BTreeMap<Date, Tally>, part: BTreeMap<Date, Tally>) {
    for (date, tally) in part {
        all.entry(date).or_default().merge(tally);
    }
}

impl Tally {
    pub(crate) fn count(&mut self, day: &OverdueDay<'_>) {
        self.overdue_days += 1;
        let Some(reason) = day.reason else {
            self.unexplained += 1;
            if self.examples.len() < EXAMPLE_COUNT_MAX {
                self.examples.push((day.row.external_id.clone(), day.date));
            }
            return;
        };
        *self.by_reason.entry(reason).or_default() += 1;
        if reason.is_contact() {
            self.contacted += 1;
            match day.message {
                Some(MessageState::Delivered) => self.delivered += 1,
                Some(_) | None => self.pending += 1,
            }
        } else {
            self.silent += 1;
            let is_first_day = day.verdict.is_some_and(|verdict| verdict.span.from == day.date);
            let came_to_nothing = matches!(day.message, Some(MessageState::Failed | MessageState::Expired));
            self.failed += u64::from(is_first_day && came_to_nothing);
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.overdue_days += other.overdue_days;
        self.contacted += other.contacted;
        self.silent += other.silent;
        self.unexplained += other.unexplained;
        self.delivered += other.delivered;
        self.pending += other.pending;
        self.failed += other.failed;
        for (reason, count) in other.by_reason {
            *self.by_reason.entry(reason).or_default() += count;
        }
        self.examples.extend(other.examples);
        self.examples.truncate(EXAMPLE_COUNT_MAX);
    }

    pub(crate) fn coverage(self) -> Coverage {
        let mut by_reason: Vec<ReasonCount> =
            self.by_reason.into_iter().map(|(reason, count)| ReasonCount { reason, count }).collect();
        by_reason.sort_by(|left, right| right.count.cmp(&left.count).then(left.reason.cmp(&right.reason)));
        Coverage {
            overdue_days: self.overdue_days,
            contacted: self.contacted,
            silent: self.silent,
            unexplained: self.unexplained,
            delivered: self.delivered,
            pending: self.pending,
            failed: self.failed,
            by_reason,
            unexplained_examples: self.examples,
        }
    }
}
