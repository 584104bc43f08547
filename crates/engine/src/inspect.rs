//! Where agreements stand on a day, and what the console shows of them.

use dunlin_domain::wording;
use std::collections::{BTreeMap, HashMap};

use dunlin_domain::arrears::Arrears;
use dunlin_domain::contact::Channel;
use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::fact::{Fact, FactKind};
use dunlin_domain::id::{MessageId, PART_COUNT, Part};
use dunlin_domain::position::{Position, fold};
use dunlin_domain::terms::{Component, Terms};
use dunlin_store::agreement::{self, AgreementRow};
use dunlin_store::contact_proof;
use dunlin_store::fallback::FallbackRow;
use dunlin_store::message::{self, MessageRow};
use dunlin_store::{StoreError, Tx, agreement_incident, circumstance, customer, policy, record, run};

use crate::chain;
use crate::policies::Policies;
use crate::view::{
    AgreementIncidentLine, AgreementView, BucketLine, CalendarDay, ContactPointLine, IncidentLine,
    MessageCounts, PauseLine, StatementLine, TimelineItem, TodayView,
};
use crate::{Engine, EngineError};

/// Days that the calendar strip of an agreement shows at most.
const CALENDAR_DAYS: i32 = 120;

/// An agreement's terms and position on a day.
pub struct Current {
    /// The terms, with the agreement's own dates.
    pub terms: Terms,
    /// The position.
    pub position: Position,
    /// Its arrears.
    pub arrears: Arrears,
}

impl Current {
    /// Whether a message about it still says something true: an overdue amount or one that comes due.
    #[must_use]
    pub fn has_something_to_pay(&self) -> bool {
        self.arrears.overdue_due_on.is_some()
            || self.arrears.coming.is_some_and(|coming| coming.minimum.is_positive())
    }
}

/// The positions of agreements on `on`, from facts where those are newer than the cache.
pub(crate) fn current_positions(
    tx: &mut Tx<'_>,
    policies: &Policies,
    rows: &[AgreementRow],
    on: Date,
) -> Result<Vec<Current>, EngineError> {
    let must_fold = |row: &AgreementRow| {
        row.must_refold || row.standing.as_ref().is_none_or(|standing| standing.position.as_of > on)
    };
    let keys: Vec<_> =
        rows.iter().filter(|row| must_fold(row)).map(|row| (row.part, row.id, row.currency)).collect();
    let mut facts = agreement::facts_of(tx, &keys)?;
    rows.iter()
        .map(|row| {
            let terms = policies.terms(&row.product, row.product_version, row.statement_day, on)?;
            let position = match &row.standing {
                Some(standing) if !must_fold(row) => {
                    let mut position = standing.position.clone();
                    position.advance(&terms, &[], on, &mut |_| {})?;
                    position
                }
                Some(_) | None => {
                    let stored = facts.remove(&row.id).unwrap_or_default();
                    let facts: Vec<Fact> = stored.into_iter().map(|stored| stored.fact).collect();
                    fold(&terms, row.opened_on, &facts, on, &mut |_| {})?
                }
            };
            let arrears = position.arrears(&terms)?;
            Ok(Current { terms, position, arrears })
        })
        .collect()
}

/// All parts, in order.
pub(crate) fn parts() -> impl Iterator<Item = Part> {
    (0..PART_COUNT).map(Part::new)
}

/// Visits parts on all cores; what each core gathered.
///
/// # Errors
/// The first error of a visit; what the core that met it had gathered is lost.
pub(crate) fn on_all_cores<A: Default + Send>(
    parts: &[Part],
    visit: &(dyn Fn(&mut A, Part) -> Result<(), EngineError> + Sync),
) -> Result<Vec<A>, EngineError> {
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let every_nth = |first: usize| {
        let mut gathered = A::default();
        parts.iter().skip(first).step_by(count).try_for_each(|part| visit(&mut gathered, *part))?;
        Ok(gathered)
    };
    std::thread::scope(|scope| {
        let every_nth = &every_nth;
        let workers: Vec<_> = (0..count).map(|first| scope.spawn(move || every_nth(first))).collect();
        let ended = workers.into_iter().map(|worker| worker.join());
        ended.map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

impl Engine {
    /// The facts of an agreement.
    pub(crate) fn facts(&self, tx: &mut Tx<'_>, row: &AgreementRow) -> Result<Vec<Fact>, EngineError> {
        let mut stored = agreement::facts_of(tx, &[(row.part, row.id, row.currency)])?;
        Ok(stored.remove(&row.id).unwrap_or_default().into_iter().map(|stored| stored.fact).collect())
    }

    /// The page *Today*; the last closed day when none is named.
    ///
    /// # Errors
    /// [`EngineError::NoDayYet`] before the first day; what the database says.
    pub fn today(&self, date: Option<Date>) -> Result<TodayView, EngineError> {
        let last = self.last_closed_day()?.ok_or(EngineError::NoDayYet)?;
        let (first, _) = self.day_range()?.ok_or(EngineError::NoDayYet)?;
        let date = date.unwrap_or(last.0);
        if date < first.0 || date > last.0 {
            return Err(EngineError::Refused {
                code: "day_not_run",
                complaint: wording!(
                    "会计日 {date} 尚未跑批；已跑批的是 {first} 至 {last}",
                    "day {date} has not been run; days {first} to {last} have"
                ),
            });
        }
        let coverage = self.coverage(date, date)?;
        let (counts, pauses, incidents, of_agreements, watched) =
            self.db.read_as(|tx| -> Result<_, EngineError> {
                let counts = message::count_by_state(tx, date, date)?;
                let of_agreements = self.agreement_incidents(tx, date)?;
                let mut watched = self.watch_incidents(tx, Some(date))?;
                if date == last.0 {
                    let now_open = self.watch_incidents(tx, None)?;
                    watched.extend(
                        now_open.into_iter().filter(|line| line.opened_at.date_in(&self.zone) > date),
                    );
                }
                Ok((counts, policy::pauses(tx)?, policy::incidents(tx)?, of_agreements, watched))
            })?;
        let mut messages = MessageCounts::default();
        let mut by_channel: BTreeMap<Channel, MessageCounts> = BTreeMap::new();
        for message::StateCount { channel, state, count, .. } in counts {
            messages.add(state, count);
            if let Some(channel) = channel {
                by_channel.entry(channel).or_default().add(state, count);
            }
        }
        let running = pauses.into_iter().filter(|pause| pause.is_on(BusinessDate(date)));
        let was_open = |incident: &policy::Incident| {
            let is_open_now = date == last.0 && incident.closed_at.is_none();
            is_open_now || self.was_open(incident.opened_at, incident.closed_at, date)
        };
        Ok(TodayView {
            date,
            first_day: first.0,
            last_day: last.0,
            coverage,
            messages,
            by_channel: by_channel.into_iter().collect(),
            buckets: self.buckets()?,
            pauses: running
                .map(|pause| PauseLine {
                    id: pause.id.to_string(),
                    from: pause.from.0,
                    through: pause.through.0,
                    reason: (pause.reason_zh, pause.reason_en),
                    author: pause.author,
                })
                .collect(),
            incidents: incidents.into_iter().filter(was_open).map(IncidentLine::of).collect(),
            agreement_incidents: of_agreements,
            watch_incidents: watched,
            watched_at: self.last_watched_at()?,
        })
    }

    /// Whether something that was open from one moment to another was so on a day.
    pub(crate) fn was_open(&self, opened_at: Timestamp, closed_at: Option<Timestamp>, date: Date) -> bool {
        let closed_on = closed_at.map(|at| at.date_in(&self.zone));
        opened_at.date_in(&self.zone) <= date && closed_on.is_none_or(|closed_on| closed_on >= date)
    }

    /// Incidents of agreements that were open on a day; those that were found later about an earlier day too.
    fn agreement_incidents(
        &self,
        tx: &mut Tx<'_>,
        date: Date,
    ) -> Result<Vec<AgreementIncidentLine>, EngineError> {
        let mut lines = Vec::new();
        for incident in agreement_incident::all(tx)? {
            let is_about = incident.about_on == date;
            if !is_about && !self.was_open(incident.opened_at, incident.closed_at, date) {
                continue;
            }
            let name = incident.agreement.to_string();
            let agreement = match self.find_agreement(tx, &name) {
                Ok(row) => row.external_id,
                // The incident may be just that: then our own id has to do.
                Err(EngineError::Store(StoreError::Data { .. })) => name,
                Err(error) => return Err(error),
            };
            lines.push(AgreementIncidentLine {
                id: incident.id.to_string(),
                agreement,
                code: incident.code,
                about_on: incident.about_on,
                detail: incident.detail,
                opened_at: incident.opened_at,
                closed_at: incident.closed_at,
                seen: u64::try_from(incident.seen_count).unwrap_or(0),
            });
        }
        Ok(lines)
    }

    /// Overdue agreements by bucket and currency, as they stand now.
    ///
    /// # Errors
    /// What the database says.
    pub fn buckets(&self) -> Result<Vec<BucketLine>, EngineError> {
        let policies = self.policies()?;
        let rows = self.db.read(agreement::overdue_by_bucket)?;
        let mut lines: BTreeMap<(String, String), BucketLine> = BTreeMap::new();
        for row in rows {
            let bucket = policies
                .product(&row.product, row.product_version)
                .and_then(|product| product.terms.buckets.get(row.bucket_index))
                .map_or_else(|| format!("#{}", row.bucket_index), |bucket| bucket.name.clone());
            let key = (bucket.clone(), row.currency.code().to_owned());
            let empty = BucketLine { bucket, currency: row.currency, agreements: 0, overdue_minor: 0 };
            let line = lines.entry(key).or_insert(empty);
            line.agreements += row.count;
            line.overdue_minor += row.overdue_minor;
        }
        Ok(lines.into_values().collect())
    }

    /// The page *Agreement*; today is the last closed day when none is named.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; what the database says.
    pub fn agreement_view(&self, name: &str, on: Option<Date>) -> Result<AgreementView, EngineError> {
        let policies = self.policies()?;
        let closed = self.last_closed_day()?;
        self.db.read_as(|tx| {
            let row = self.find_agreement(tx, name)?;
            let on = on.or(closed.map(|closed| closed.0)).unwrap_or(row.opened_on);
            let current = current_positions(tx, &policies, std::slice::from_ref(&row), on)?.remove(0);
            let mut stored = agreement::facts_of(tx, &[(row.part, row.id, row.currency)])?;
            let stored = stored.remove(&row.id).unwrap_or_default();
            let mut holds = crate::servicing::holds::holds(&stored);
            holds.retain(|hold| hold.from <= on);
            let facts: Vec<Fact> = stored.into_iter().map(|stored| stored.fact).collect();
            let messages = message::of_agreement(tx, row.part, row.id)?;
            let verdicts = record::verdicts_of(tx, row.part, row.id, row.currency)?;
            let customers = customer::opened(tx, &self.master, &[row.customer])?;
            let points = customer::opened_points(tx, &self.master, &[row.customer])?;
            let origins = contact_proof::origins(tx, row.customer)?;
            let proofs = crate::contact_history::proofs_of(tx, row.customer)?;
            let known = circumstance::of_customers(tx, &[row.customer])?.remove(&row.customer);
            let mut circumstances = known.unwrap_or_default();
            circumstances.retain(|known| {
                known.entry.from <= on && known.entry.agreement.is_none_or(|id| id == row.id)
            });
            let first_day = run::day_range(tx)?.map_or(on, |(first, _)| first.0);
            let next = chain::of_messages(tx, &messages)?;
            let held_up = chain::held_up_of(tx, &messages, &self.zone)?;
            let sent = (messages.as_slice(), &next, &held_up);
            let calendar = self.calendar(&row, &current.terms, &facts, &verdicts, sent, first_day, on)?;
            // The line is used between the days: the last closed day shows it as it stands on the open one.
            let line_on = match run::open_date(tx)? {
                Some(open_on) if Some(on) == closed.map(|closed| closed.0) => open_on,
                Some(_) | None => on,
            };
            let on_line = current_positions(tx, &policies, std::slice::from_ref(&row), line_on)?.remove(0);
            let ground = self.line_ground(tx, &policies, row.clone(), on_line, line_on)?;
            let line = self.view_line(tx, &ground)?;
            let ageing = self.ageing_view(tx, &policies, &row, &current, &facts)?;
            let (terms, position, arrears) = (&current.terms, &current.position, &current.arrears);
            Ok(AgreementView {
                external_id: row.external_id.clone(),
                id: row.id.to_string(),
                customer_masked: customers
                    .get(&row.customer)
                    .map_or_else(String::new, |customer| customer.name.masked()),
                product: format!("{}@{}", row.product, row.product_version),
                opened_on: row.opened_on,
                on,
                bucket: terms.buckets[arrears.bucket_index].name.clone(),
                days_past_due: arrears.days_past_due,
                ageing,
                overdue: arrears.overdue,
                late_fee: arrears.late_fee,
                owed: position.owed(terms)?,
                credit_limit: row.credit_limit,
                available_credit: line.available.amount,
                credit: position.credit,
                line,
                statements: statement_lines(&current)?,
                holds,
                circumstances,
                timeline: timeline(&facts, &messages, &verdicts, on),
                calendar,
                contact_points: points
                    .iter()
                    .map(|point| ContactPointLine {
                        kind: point.kind.code(),
                        masked: point.value.masked(),
                        state: point.state.code(),
                        place: origins.get(&point.id).map_or_else(String::new, |origin| origin.place.clone()),
                        verified: proofs.get(&point.id).map(|proof| (proof.verified_on, proof.how)),
                    })
                    .collect(),
            })
        })
    }

    fn calendar(
        &self,
        row: &AgreementRow,
        terms: &Terms,
        facts: &[Fact],
        verdicts: &[record::VerdictRow],
        (messages, next, held_up): (&[MessageRow], &HashMap<MessageId, FallbackRow>, &chain::HeldUp),
        first_day: Date,
        on: Date,
    ) -> Result<Vec<CalendarDay>, EngineError> {
        let from = first_day.max(on.plus_days(1 - CALENDAR_DAYS));
        let spans = crate::coverage::overdue_days(row, terms, facts, from, on)?;
        let by_id: HashMap<MessageId, &MessageRow> =
            messages.iter().map(|message| (message.id, message)).collect();
        let days = (from.days()..=on.days()).map(Date::from_days);
        let cell = |date: Date| {
            let is_overdue = spans.iter().any(|span| span.from <= date && date <= span.through);
            let verdict = crate::coverage::verdict_on(verdicts, date);
            let root = verdict.and_then(|verdict| verdict.span.message);
            let told = root.and_then(|root| chain::told(root, (next, held_up), |id| by_id.get(&id).copied()));
            let fate = told.as_ref().map(chain::Told::fate);
            let reason = verdict.map(|verdict| verdict.span.reason_on(date, fate));
            let left_on = told.as_ref().and_then(|told| told.left_on);
            let message = told.as_ref().map(|told| told.message);
            let shown = reason.filter(|reason| is_overdue || reason.is_contact());
            let message =
                message.filter(|_| verdict.is_some_and(|verdict| verdict.span.contact_on(left_on) == date));
            CalendarDay { date, reason: shown, is_overdue, message: message.map(|message| message.state) }
        };
        Ok(days.map(cell).collect())
    }
}

fn statement_lines(current: &Current) -> Result<Vec<StatementLine>, EngineError> {
    let terms = &current.terms;
    let line = |statement: &dunlin_domain::statement::Statement| -> Result<StatementLine, EngineError> {
        Ok(StatementLine {
            cut_off_on: statement.cut_off_on,
            due_on: statement.due_on,
            billed: statement.billed.total()?,
            paid: statement.paid.total()?,
            rest: statement.rest()?,
            minimum: statement.minimum,
            is_overdue: statement.overdue(terms)?.is_positive(),
            late_fee: statement.late_fee_rest(terms, current.position.as_of)?,
        })
    };
    current.position.statements.iter().map(line).collect()
}

/// What happened up to `on`, newest first.
fn timeline(
    facts: &[Fact],
    messages: &[MessageRow],
    verdicts: &[record::VerdictRow],
    on: Date,
) -> Vec<TimelineItem> {
    let mut items: Vec<TimelineItem> =
        facts.iter().filter(|fact| fact.value_on <= on).map(fact_item).collect();
    for message in messages.iter().filter(|message| message.business_date <= on) {
        let (state_zh, state_en) = crate::why::state_words(message.state);
        let (channel_zh, channel_en) = crate::why::channel_words(message.channel);
        items.push(TimelineItem {
            on: message.business_date,
            kind: "message",
            text: (
                format!("{channel_zh}通知（{}）：{state_zh}", message.template),
                format!("{channel_en} notice ({}): {state_en}", message.template),
            ),
            amount: None,
        });
    }
    for verdict in
        verdicts.iter().filter(|verdict| verdict.span.from <= on && !verdict.span.reason.is_contact())
    {
        use dunlin_domain::contact::Language;
        let reason = verdict.span.reason;
        items.push(TimelineItem {
            on: verdict.span.from,
            kind: "verdict",
            text: (reason.label(Language::Zh).to_owned(), reason.label(Language::En).to_owned()),
            amount: None,
        });
    }
    items.sort_by(|left, right| right.on.cmp(&left.on).then(left.kind.cmp(right.kind)));
    items
}

/// How the timeline shows a fact: corrections and returns look like reversals.
fn timeline_kind(kind: FactKind) -> &'static str {
    match kind {
        FactKind::Withdrawal | FactKind::Return => "reversal",
        FactKind::Purchase
        | FactKind::Obligation
        | FactKind::Charge
        | FactKind::AgeingPause
        | FactKind::AgeingResume
        | FactKind::FeeFreeze
        | FactKind::StatementPlan
        | FactKind::Reschedule
        | FactKind::Refund
        | FactKind::Payment
        | FactKind::Payoff
        | FactKind::CreditRefund
        | FactKind::Reversal
        | FactKind::Waiver
        | FactKind::ChargeOff
        | FactKind::WriteOff
        | FactKind::Sale => kind.code(),
    }
}

fn fact_item(fact: &Fact) -> TimelineItem {
    use dunlin_domain::contact::Language;
    let reference = &fact.reference;
    let (kind, zh, en) = match fact.kind {
        FactKind::Purchase if fact.instalment_count > 0 => (
            "purchase",
            format!("消费 {reference}，分{}期", fact.instalment_count),
            format!("purchase {reference} in {} instalments", fact.instalment_count),
        ),
        FactKind::Purchase => ("purchase", format!("消费 {reference}"), format!("purchase {reference}")),
        FactKind::Waiver if matches!(fact.detail.only, None | Some(Component::LateFee)) => {
            ("waiver", format!("减免违约金 {reference}"), format!("late fee waived {reference}"))
        }
        kind => {
            let label = |language| format!("{} {reference}", kind.label(language));
            (timeline_kind(kind), label(Language::Zh), label(Language::En))
        }
    };
    let amount = (!fact.amount.is_zero()).then_some(fact.amount);
    TimelineItem { on: fact.value_on, kind, text: (zh, en), amount }
}
