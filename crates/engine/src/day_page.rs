//! One page of a day: agreements are loaded, decided and written in one transaction.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use dunlin_domain::amounts::Accrued;
use dunlin_domain::arrears::{Arrears, OverdueSpan, overdue_spans};
use dunlin_domain::circumstance::Known;
use dunlin_domain::compliance::ContactRules;
use dunlin_domain::contact::{Channel, Language};
use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::day::{
    Choice, DayAgreement, DayDecision, DayPolicy, Intention, Person, Standing, Turn, choose, conclude,
    intend, speaks_of_overdue,
};
use dunlin_domain::fact::Fact;
use dunlin_domain::gentle_mode::GentleMode;
use dunlin_domain::id::{AgreementId, CustomerId, FactId, MessageId};
use dunlin_domain::ledger::{AccrualKind, LedgerRole, Posting};
use dunlin_domain::money::{Currency, MoneyError};
use dunlin_domain::pause::Pause;
use dunlin_domain::position::{Position, fold};
use dunlin_domain::provision::Exposure;
use dunlin_domain::reason::Reason;
use dunlin_domain::strategy::Outcome;
use dunlin_domain::terms::{Component, Terms};
use dunlin_domain::trace::Event;
use dunlin_store::Tx;
use dunlin_store::agreement::{self, AgreementChange, AgreementRow, StoredFact};
use dunlin_store::call;
use dunlin_store::codec;
use dunlin_store::customer::{self, CustomerView};
use dunlin_store::exposure::ExposureKey;
use dunlin_store::message::{self, NewMessage};
use dunlin_store::record::{self, NewVerdict, PostingRow};
use dunlin_store::run::{self, BusinessDay, Span, SpanCounts};

use crate::capacity::Capacity;
use crate::coverage::overdue_days;
use crate::evidence::{decisive, latest};
use crate::policies::Policies;
use crate::policy::{ContactRulesDocument, LedgerDocument, StrategyDocument};
use crate::{EngineError, MESSAGE_VALIDITY_HOURS, guard};

/// Stands beside the components in the sums of what is owed: what losses took from the allowance.
pub(crate) const ALLOWANCE_USED: &str = "written_off";

/// What a day must know of those before it.
#[derive(Clone, Debug)]
pub(crate) struct DaysBefore {
    /// The first that was ever run.
    pub first: BusinessDate,
    /// The first of those directly before it that were run when they were over.
    pub late_from: Option<Date>,
    /// The agreements that could not be worked since a day.
    pub set_aside: HashMap<AgreementId, Date>,
}

/// What is the same for all pages of a day; one for each worker thread.
pub(crate) struct DayContext<'p> {
    pub day: BusinessDay,
    pub before: DaysBefore,
    pub policies: &'p Policies,
    pub strategies: HashMap<Currency, Arc<StrategyDocument>>,
    /// The packs of contact rules in force.
    pub packs: Vec<Arc<ContactRulesDocument>>,
    /// The chart of accounts in force, and the rules that come with it.
    pub ledger: Option<Arc<LedgerDocument>>,
    pub pauses: Vec<Pause>,
    pub modes: Vec<GentleMode>,
    pub channels: Troubled,
    /// Notices that pauses held, with the turn in which each is made good, where that is spread over hours.
    pub catch_up: Arc<HashMap<MessageId, Turn>>,
    terms: HashMap<(String, u32, i64), Arc<Terms>>,
    zones: HashMap<String, jiff::tz::TimeZone>,
}

/// Channels that are not to be counted on.
#[derive(Clone)]
pub(crate) struct Troubled {
    /// Those with an open incident.
    pub down: Vec<Channel>,
    /// Those that no provider serves.
    pub unserved: Vec<Channel>,
}

/// What a page did to the running total of one product's unposted late fees.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AccrualChange {
    pub total: i128,
    pub daily: i128,
    /// What moved from the accrued account to agreements, minor units.
    pub posted_minor: i128,
}

/// What a page did.
#[derive(Default)]
pub(crate) struct PageOutcome {
    pub counts: SpanCounts,
    pub accruals: HashMap<(String, Currency, AccrualKind), AccrualChange>,
    /// What it did to the sums of what is owed by age, minor units.
    pub exposures: Vec<(ExposureKey, i64)>,
    /// Hash over everything that was decided, for the audit log.
    pub digest: String,
    /// Rows read: agreements, facts, customers, contact points.
    pub rows_read: i64,
    /// Rows written: agreements, verdicts, messages, postings.
    pub rows_written: i64,
}

/// An agreement with all that its decision needs except contact data.
struct Prepared {
    terms: Arc<Terms>,
    position: Position,
    arrears: Arrears,
    uncovered: Vec<OverdueSpan>,
    unworked: Vec<OverdueSpan>,
    latest_fact: Option<FactId>,
    next_fact_on: Option<Date>,
    new_facts: Vec<Fact>,
    suspends_from_days: Option<i32>,
}

impl<'p> DayContext<'p> {
    pub(crate) fn new(
        day: BusinessDay,
        before: DaysBefore,
        policies: &'p Policies,
        pauses: Vec<Pause>,
        modes: Vec<GentleMode>,
        channels: Troubled,
        catch_up: Arc<HashMap<MessageId, Turn>>,
    ) -> Result<Self, EngineError> {
        let packs = policies.contact_packs(day.date.0)?;
        Ok(Self {
            day,
            before,
            policies,
            strategies: HashMap::new(),
            packs,
            ledger: policies.ledger(day.date.0),
            pauses,
            modes,
            channels,
            catch_up,
            terms: HashMap::new(),
            zones: HashMap::new(),
        })
    }

    fn terms_of(&mut self, row: &AgreementRow) -> Result<Arc<Terms>, EngineError> {
        let own_day = agreement::statement_day_number(row.statement_day);
        let key = (row.product.clone(), row.product_version, own_day);
        if let Some(terms) = self.terms.get(&key) {
            return Ok(Arc::clone(terms));
        }
        let on = self.day.date.0;
        let terms =
            Arc::new(self.policies.terms(&row.product, row.product_version, row.statement_day, on)?);
        self.terms.insert(key, Arc::clone(&terms));
        Ok(terms)
    }

    pub(crate) fn learn_strategies(&mut self, rows: &[AgreementRow]) -> Result<(), EngineError> {
        for row in rows {
            if !self.strategies.contains_key(&row.currency) {
                let strategy = self.policies.strategy(row.currency, self.day.date.0)?;
                self.strategies.insert(row.currency, strategy);
            }
        }
        Ok(())
    }

    fn learn_zones<'v>(&mut self, views: impl Iterator<Item = &'v CustomerView>) -> Result<(), EngineError> {
        for view in views {
            if !self.zones.contains_key(&view.zone) {
                self.zones.insert(view.zone.clone(), crate::zone_of(&view.zone)?);
            }
        }
        Ok(())
    }

    /// One policy a currency; they share all but the strategy.
    fn day_policies(&self) -> HashMap<Currency, DayPolicy<'_>> {
        let policy = |strategy: &'_ Arc<StrategyDocument>| -> DayPolicy<'_> {
            // The borrow is of `self.strategies`, which outlives the page.
            DayPolicy {
                business_date: self.day.date,
                moment: self.day.decided_at,
                is_late: self.day.is_late,
                first_day: self.before.first,
                late_from: self.before.late_from,
                strategy: &self.strategies[&strategy.table.currency].table,
                pauses: &self.pauses,
                modes: &self.modes,
                packs: self.packs.iter().map(|document| &document.rules).collect(),
                channels_down: &self.channels.down,
                channels_unserved: &self.channels.unserved,
                validity_hours: MESSAGE_VALIDITY_HOURS,
            }
        };
        self.strategies.iter().map(|(currency, strategy)| (*currency, policy(strategy))).collect()
    }
}

/// Works one page; everything happens in the caller's transaction.
pub(crate) fn work_page(
    tx: &mut Tx<'_>,
    context: &mut DayContext<'_>,
    span: Span,
    rows: &[AgreementRow],
) -> Result<PageOutcome, EngineError> {
    context.learn_strategies(rows)?;
    let (prepared, fact_count) = prepare(tx, context, rows)?;
    let contacts = contacts_of(tx, context, rows, &prepared)?;
    let given = |row: &AgreementRow| Given {
        catch_up: &context.catch_up,
        contacts: contacts.get(&row.id).copied().unwrap_or(0),
        channels_full: &[],
    };
    // Who is due is known before contact data are loaded: most agreements need none.
    let mut due: Vec<CustomerId> = {
        let policies = context.day_policies();
        let is_due = |(row, prepared): &(&AgreementRow, &Prepared)| {
            matches!(
                intend(&policies[&row.currency], &day_agreement(row, prepared, &given(row))),
                Intention::Contact(_)
            )
        };
        rows.iter().zip(&prepared).filter(is_due).map(|(row, _)| row.customer).collect()
    };
    due.sort_unstable();
    due.dedup();
    let views = customer::views(tx, &due)?;
    let points = customer::point_views(tx, &due)?;
    let point_count: usize = points.values().map(Vec::len).sum();
    let rows_read = rows.len() + fact_count + views.len() + point_count;
    context.learn_zones(views.values())?;
    let policies = context.day_policies();
    let known = known_of(tx, context, rows, &views)?;
    let mut write = PageWrite::default();
    let is_limited = |row: &AgreementRow| !policies[&row.currency].strategy.settings.capacity.is_empty();
    let mut capacity = match rows.iter().any(is_limited) {
        true => Some(Capacity::load(tx, span, context.day.date.0)?),
        false => None,
    };
    for (row, prepared) in in_order(rows, &prepared, capacity.is_some()) {
        let policy = &policies[&row.currency];
        let given = Given { contacts: contacts.get(&row.id).copied().unwrap_or(0), ..Given::of(context) };
        let mut agreement = day_agreement(row, prepared, &given);
        let is_left_over = agreement.is_left_over();
        let full = capacity.as_ref().map_or(Vec::new(), |known| known.full(policy.strategy, is_left_over));
        agreement.channels_full = &full;
        let intention = intend(policy, &agreement);
        let mut rules = None;
        let choice = match &intention {
            Intention::Contact(strategy_row) => {
                let view = views.get(&row.customer).ok_or_else(|| EngineError::NotFound {
                    what: "customer",
                    name: row.customer.to_string(),
                })?;
                let no_points = Vec::new();
                let points = points.get(&row.customer).unwrap_or(&no_points);
                let (zone, zone_name) = (&context.zones[&view.zone], view.zone.as_str());
                let person = Person { points, known: &known[&row.customer], zone, zone_name };
                let applying = person.packs(&policy.packs, &row.product, policy.moment.date_in(zone));
                rules = Some(applying.iter().map(|rules| rules.full_name()).collect::<Vec<_>>().join(" "));
                Some(choose(policy, &agreement, strategy_row, &person))
            }
            Intention::Nothing { .. } | Intention::Keep | Intention::Silent { .. } => None,
        };
        if let Some(capacity) = &mut capacity {
            let (taken, waits_for) = use_of(&intention, choice.as_ref(), &full);
            capacity.count(policy.strategy, is_left_over, taken, waits_for);
        }
        let strategy_row = match (&intention, &choice) {
            (Intention::Contact(strategy_row), Some(Choice::Contact { .. } | Choice::Held { .. })) => {
                strategy_row.id.clone()
            }
            _ => String::new(),
        };
        let decision = conclude(policy, &agreement, intention, choice)?;
        let language = views.get(&row.customer).map_or(Language::Zh, |view| view.language);
        let strategy = format!("{}@{}", policy.strategy.name, policy.strategy.version);
        write.add(row, prepared, decision, language, strategy, strategy_row, rules)?;
    }
    if let Some(capacity) = capacity {
        capacity.save(tx)?;
    }
    let mut outcome = write.apply(tx, context)?;
    wake_lines(tx, context, rows, &prepared)?;
    outcome.rows_read = i64::try_from(rows_read).unwrap_or(i64::MAX);
    Ok(outcome)
}

/// What is known of the customers of a page besides their debts.
fn known_of(
    tx: &mut Tx<'_>,
    context: &DayContext<'_>,
    rows: &[AgreementRow],
    views: &HashMap<CustomerId, CustomerView>,
) -> Result<HashMap<CustomerId, Known>, EngineError> {
    let mut known = guard::known(tx, views, &[])?;
    let packs: Vec<&ContactRules> = context.packs.iter().map(|document| &document.rules).collect();
    guard::add_proofs(tx, &mut known, &packs)?;
    let of_due = rows.iter().map(|row| (row.customer, row.id));
    guard::add_past_messages(tx, &mut known, (&packs, views), of_due, &[])?;
    Ok(known)
}

/// Has the day look at the lines of agreements whose overdue debt is another than it was.
fn wake_lines(
    tx: &mut Tx<'_>,
    context: &DayContext<'_>,
    rows: &[AgreementRow],
    prepared: &[Prepared],
) -> Result<(), EngineError> {
    let mut changed = Vec::new();
    for (row, prepared) in rows.iter().zip(prepared) {
        let before = match &row.standing {
            Some(before) => before.position.arrears(&prepared.terms)?.overdue_due_on,
            None => None,
        };
        if before != prepared.arrears.overdue_due_on {
            changed.push(row);
        }
    }
    crate::line::wake_changed(tx, context.policies, &changed, context.day.date.0)
}

/// What a day adds to an agreement that does not come from the agreement itself.
struct Given<'g> {
    catch_up: &'g HashMap<MessageId, Turn>,
    contacts: u32,
    channels_full: &'g [Channel],
}

impl<'g> Given<'g> {
    fn of(context: &'g DayContext<'_>) -> Self {
        Self { catch_up: &context.catch_up, contacts: 0, channels_full: &[] }
    }
}

/// How many contacts each agreement had since its oldest unpaid amount fell due, where its strategy asks for that.
fn contacts_of(
    tx: &mut Tx<'_>,
    context: &DayContext<'_>,
    rows: &[AgreementRow],
    prepared: &[Prepared],
) -> Result<HashMap<AgreementId, u32>, EngineError> {
    let mut since = HashMap::new();
    for (row, prepared) in rows.iter().zip(prepared) {
        let asks = context.strategies[&row.currency].table.asks_contacts();
        if let Some(due_on) = prepared.arrears.overdue_due_on.filter(|_| asks) {
            since.insert(row.id, (row.part, due_on));
        }
    }
    Ok(if since.is_empty() { HashMap::new() } else { call::contact_counts(tx, &since)? })
}

/// The agreements of a page in the order in which they are decided: where channels have limits, those left over first,
/// and then those that owe most.
fn in_order<'p>(
    rows: &'p [AgreementRow],
    prepared: &'p [Prepared],
    is_limited: bool,
) -> Vec<(&'p AgreementRow, &'p Prepared)> {
    let mut all: Vec<(&AgreementRow, &Prepared)> = rows.iter().zip(prepared).collect();
    if is_limited {
        let context_free = HashMap::new();
        let given = Given { catch_up: &context_free, contacts: 0, channels_full: &[] };
        all.sort_by_cached_key(|(row, prepared)| {
            let is_left_over = day_agreement(row, prepared, &given).is_left_over();
            (!is_left_over, std::cmp::Reverse(prepared.arrears.overdue.minor()), row.id)
        });
    }
    all
}

/// The channel that a decision takes a place of, or the full one that it waits for.
fn use_of(
    intention: &Intention<'_>,
    choice: Option<&Choice>,
    full: &[Channel],
) -> (Option<Channel>, Option<Channel>) {
    match (intention, choice) {
        (_, Some(Choice::Contact { channel, .. })) => (Some(*channel), None),
        (
            Intention::Contact(row),
            Some(Choice::Silent { reason: Reason::AgentCapacity | Reason::ChannelCapacity, .. }),
        ) => {
            let Outcome::Contact { channels, fallback, .. } = &row.outcome else { return (None, None) };
            let further = fallback.iter().flat_map(|rule| &rule.channels);
            (None, channels.iter().chain(further).find(|channel| full.contains(channel)).copied())
        }
        _ => (None, None),
    }
}

fn day_agreement<'a>(row: &'a AgreementRow, prepared: &'a Prepared, given: &Given<'a>) -> DayAgreement<'a> {
    let held = row.standing.as_ref().and_then(|standing| standing.held);
    DayAgreement {
        id: row.id,
        customer: row.customer,
        terms: &prepared.terms,
        segment: &row.segment,
        is_reported: row.is_reported,
        before: row.standing.as_ref(),
        position: &prepared.position,
        arrears: &prepared.arrears,
        uncovered: &prepared.uncovered,
        unworked: &prepared.unworked,
        latest_fact: prepared.latest_fact,
        must_redo: row.must_redo,
        next_fact_on: prepared.next_fact_on,
        new_facts: &prepared.new_facts,
        suspends_from_days: prepared.suspends_from_days,
        turn: held.and_then(|held| given.catch_up.get(&held)).copied(),
        contacts: given.contacts,
        channels_full: given.channels_full,
    }
}

/// Every agreement's position on the day, and how many facts were read for that.
fn prepare(
    tx: &mut Tx<'_>,
    context: &mut DayContext<'_>,
    rows: &[AgreementRow],
) -> Result<(Vec<Prepared>, usize), EngineError> {
    let was_set_aside = |row: &AgreementRow| context.before.set_aside.contains_key(&row.id);
    let must_refold = |row: &&AgreementRow| row.must_refold || was_set_aside(row);
    let needs_facts = |row: &&AgreementRow| must_refold(row) || row.standing.is_none();
    let keys: Vec<_> = rows.iter().filter(needs_facts).map(|row| (row.part, row.id, row.currency)).collect();
    let mut facts = agreement::facts_of(tx, &keys)?;
    let fact_count = facts.values().map(Vec::len).sum();
    let seen_on = rows.iter().filter(must_refold).filter_map(|row| row.standing.as_ref());
    let seen_on = seen_on.map(|standing| standing.position.as_of).min();
    let decided_at = match seen_on {
        Some(seen_on) => run::decision_moments(tx, seen_on, context.day.date.0)?,
        None => HashMap::new(),
    };
    let prepared = rows
        .iter()
        .map(|row| {
            let terms = context.terms_of(row)?;
            let today = context.day.date.0;
            let (position, known) = match &row.standing {
                Some(standing) if !row.must_refold && !context.before.set_aside.contains_key(&row.id) => {
                    let mut position = standing.position.clone();
                    position.advance(&terms, &[], today, &mut |_| {})?;
                    (position, Refolded::default())
                }
                Some(_) | None => {
                    refold(context, row, &terms, facts.remove(&row.id).unwrap_or_default(), &decided_at)?
                }
            };
            let arrears = position.arrears(&terms)?;
            let Refolded { uncovered, unworked, latest_fact, next_fact_on, new_facts } = known;
            let suspends_from_days =
                context.ledger.as_ref().and_then(|ledger| ledger.suspends_from_days(&row.product));
            Ok(Prepared {
                terms,
                position,
                arrears,
                uncovered,
                unworked,
                latest_fact,
                next_fact_on,
                new_facts,
                suspends_from_days,
            })
        })
        .collect::<Result<Vec<_>, EngineError>>()?;
    Ok((prepared, fact_count))
}

#[derive(Default)]
struct Refolded {
    uncovered: Vec<OverdueSpan>,
    unworked: Vec<OverdueSpan>,
    latest_fact: Option<FactId>,
    next_fact_on: Option<Date>,
    new_facts: Vec<Fact>,
}

/// Folds an agreement from its first day, and finds overdue days that nobody knew of when they passed.
fn refold(
    context: &DayContext<'_>,
    row: &AgreementRow,
    terms: &Terms,
    facts: Vec<StoredFact>,
    decided_at: &HashMap<Date, Timestamp>,
) -> Result<(Position, Refolded), EngineError> {
    let today = context.day.date.0;
    let facts: Vec<Fact> = facts.into_iter().map(|stored| stored.fact).collect();
    let mut changes: Vec<Event> = Vec::new();
    let position = fold(terms, row.opened_on, &facts, today, &mut |event| {
        if matches!(event, Event::OverdueChanged { .. }) {
            changes.push(event);
        }
    })?;
    let covered_from = row.standing.as_ref().and_then(|standing| standing.covered_from);
    let set_aside_on = context.before.set_aside.get(&row.id).copied();
    let last = covered_from.unwrap_or(today).min(set_aside_on.unwrap_or(today)).min(today).plus_days(-1);
    let mut uncovered = overdue_spans(&changes, context.before.first.0, last);
    uncovered.retain(|span| span.from <= span.through);
    let latest_fact = deciding_fact(row, terms, &facts, &position, &uncovered)?;
    let verdict = row.standing.as_ref().and_then(|standing| standing.verdict);
    let spoken = verdict.filter(|(_, _, reason)| speaks_of_overdue(*reason));
    let spoken_through = spoken.map(|(_, through, _)| through.plus_days(1));
    let mut unworked = match set_aside_on {
        Some(from) => overdue_spans(&changes, from.max(spoken_through.unwrap_or(from)), today.plus_days(-1)),
        None => Vec::new(),
    };
    unworked.retain(|span| span.from <= span.through);
    let later = facts.iter().map(|fact| fact.value_on).filter(|value_on| *value_on > today);
    let next_fact_on = later.min();
    let seen_on = row.standing.as_ref().map(|standing| standing.position.as_of);
    let seen_at = seen_on.and_then(|seen_on| decided_at.get(&seen_on)).copied();
    let is_new = |fact: &Fact| {
        let was_seen = seen_on.is_some_and(|seen_on| fact.value_on <= seen_on)
            && seen_at.is_some_and(|seen_at| fact.learned_at <= seen_at);
        fact.value_on <= today && !was_seen
    };
    let new_facts = facts.into_iter().filter(is_new).collect();
    Ok((position, Refolded { uncovered, unworked, latest_fact, next_fact_on, new_facts }))
}

/// The fact by which days before today turned out overdue, or by which nothing is overdue any more; else the last that
/// came in.
fn deciding_fact(
    row: &AgreementRow,
    terms: &Terms,
    facts: &[Fact],
    position: &Position,
    uncovered: &[OverdueSpan],
) -> Result<Option<FactId>, EngineError> {
    let today = position.as_of;
    let counts = |fact: &Fact| fact.value_on <= today;
    if let (Some(first), Some(last)) = (uncovered.first(), uncovered.last()) {
        return Ok(decisive(facts, counts, |facts| {
            Ok::<_, EngineError>(overdue_days(row, terms, facts, first.from, last.through)? == uncovered)
        }));
    }
    let is_overdue = |position: &Position| -> Result<bool, EngineError> {
        Ok(position.arrears(terms)?.overdue_due_on.is_some())
    };
    let was_overdue = row.standing.as_ref().map_or(Ok(false), |standing| is_overdue(&standing.position))?;
    if was_overdue && !is_overdue(position)? {
        return Ok(decisive(facts, counts, |facts| {
            Ok::<_, EngineError>(!is_overdue(&fold(terms, row.opened_on, facts, today, &mut |_| {})?)?)
        }));
    }
    Ok(latest(facts, counts))
}

/// All that a page writes, gathered.
#[derive(Default)]
struct PageWrite {
    changes: Vec<AgreementChange>,
    verdicts: Vec<NewVerdict>,
    messages: Vec<NewMessage>,
    withdrawn: Vec<(dunlin_domain::id::MessageId, Reason)>,
    postings: Vec<PostingRow>,
    accruals: HashMap<(String, Currency, AccrualKind), AccrualChange>,
    exposures: BTreeMap<ExposureKey, i64>,
    hasher: blake3::Hasher,
}

impl PageWrite {
    fn add(
        &mut self,
        row: &AgreementRow,
        prepared: &Prepared,
        decision: DayDecision,
        language: Language,
        strategy: String,
        strategy_row: String,
        rules: Option<String>,
    ) -> Result<(), EngineError> {
        self.count_accrual(row, prepared, &decision)?;
        if let Some(before) = row.standing.as_ref().filter(|before| before.is_counted) {
            let arrears = before.position.arrears(&prepared.terms)?;
            let exposure = before.booked().exposure(&arrears, before.position.as_of)?;
            self.add_exposure(row, &exposure, -1);
        }
        let standing = &decision.standing;
        let exposure = standing.booked().exposure(&prepared.arrears, standing.position.as_of)?;
        self.add_exposure(row, &exposure, 1);
        self.add_allowance_used(row, &decision.postings);
        let standing = codec::encode(&decision.standing);
        self.hasher.update(&row.id.0);
        self.hasher.update(&standing);
        for span in decision.verdicts {
            self.hasher.update(span.reason.code().as_bytes());
            self.hasher.update(&span.from.days().to_le_bytes());
            let rules = rules.clone().filter(|_| span.row.is_some());
            self.verdicts.push(NewVerdict { part: row.part, span, rules });
        }
        self.withdrawn.extend(decision.withdrawn);
        if let Some(planned) = decision.message {
            self.hasher.update(&planned.id.0);
            self.messages.push(NewMessage { planned, language, strategy, row: strategy_row });
        }
        let business_date = BusinessDate(prepared.position.as_of);
        for posting in decision.postings {
            self.hasher.update(&posting.key.0);
            let (product, agreement) = (row.product.clone(), Some(row.id));
            self.postings.push(PostingRow { part: row.part, agreement, product, business_date, posting });
        }
        self.changes.push(AgreementChange {
            part: row.part,
            id: row.id,
            standing,
            next_event_on: decision.next_event_on,
            overdue_due_on: prepared.arrears.overdue_due_on,
            bucket_index: prepared.arrears.bucket_index,
            overdue: prepared.arrears.overdue,
            owed: prepared.position.owed(&prepared.terms)?,
            must_refold: prepared.next_fact_on.is_some(),
        });
        Ok(())
    }

    /// The difference between what the running totals expect of this agreement today and what it is. Where its accrual
    /// was suspended or taken up again, it leaves one running total for another.
    fn count_accrual(
        &mut self,
        row: &AgreementRow,
        prepared: &Prepared,
        decision: &DayDecision,
    ) -> Result<(), EngineError> {
        let terms = &prepared.terms;
        let (standing, today) = (&decision.standing, prepared.position.as_of);
        let was_suspended = row.standing.as_ref().is_some_and(|before| before.is_suspended);
        if let Some(before) = &row.standing {
            let days = i128::from(today.days_since(before.position.as_of));
            for (kind, total, daily) in unposted(terms, before)? {
                self.add_accrual(row, kind, -(total + daily * days), -daily, 0);
            }
        }
        for (kind, total, daily) in unposted(terms, standing)? {
            self.add_accrual(row, kind, total, daily, 0);
        }
        // What a suspended agreement is charged does not come from the accrued accounts.
        if !was_suspended {
            let before =
                row.standing.as_ref().map_or([0; 2], |before| posted(before).map(|(_, minor)| minor));
            for ((kind, now), before) in posted(standing).into_iter().zip(before) {
                self.add_accrual(row, kind, 0, 0, now - before);
            }
        }
        Ok(())
    }

    /// Adds what an agreement owes to the sums by age (`sign` 1), or takes it out (-1).
    fn add_exposure(&mut self, row: &AgreementRow, exposure: &Exposure, sign: i64) {
        for component in Component::ALL {
            let minor = exposure.amounts.get(*component).minor() * sign;
            if minor != 0 {
                let key = exposure_key(row, exposure, *component);
                *self.exposures.entry(key).or_default() += minor;
            }
        }
    }

    /// Adds what losses took from the allowance, or gave back to it.
    fn add_allowance_used(&mut self, row: &AgreementRow, postings: &[Posting]) {
        for posting in postings {
            let minor = posting.amount.minor();
            for (role, minor) in [(posting.debit, minor), (posting.credit, -minor)] {
                if role == LedgerRole::Allowance {
                    *self.exposures.entry(allowance_used_key(&row.product, row.currency)).or_default() +=
                        minor;
                }
            }
        }
    }

    fn add_accrual(&mut self, row: &AgreementRow, kind: AccrualKind, total: i128, daily: i128, posted: i128) {
        if (total, daily, posted) == (0, 0, 0) {
            return;
        }
        let change = self.accruals.entry((row.product.clone(), row.currency, kind)).or_default();
        change.total += total;
        change.daily += daily;
        change.posted_minor += posted;
    }

    fn apply(self, tx: &mut Tx<'_>, context: &DayContext<'_>) -> Result<PageOutcome, EngineError> {
        let day = context.day;
        agreement::apply_changes(tx, &self.changes)?;
        record::insert_verdicts(tx, &self.verdicts, day.date, day.decided_at)?;
        message::insert(tx, &self.messages, day.date, day.decided_at)?;
        message::withdraw(tx, &self.withdrawn, day.decided_at)?;
        record::insert_postings(tx, &self.postings)?;
        let counts = SpanCounts {
            agreements: self.changes.len() as i64,
            verdicts: self.verdicts.len() as i64,
            messages: self.messages.len() as i64,
        };
        let digest = self.hasher.finalize().to_hex().to_string();
        let rows_written =
            self.changes.len() + self.verdicts.len() + self.messages.len() + self.postings.len();
        // Most agreements change nothing of them: what they leave they enter again.
        let mut accruals = self.accruals;
        accruals.retain(|_, change| (change.total, change.daily, change.posted_minor) != (0, 0, 0));
        let exposures = self.exposures.into_iter().filter(|(_, minor)| *minor != 0).collect();
        Ok(PageOutcome {
            counts,
            accruals,
            exposures,
            digest,
            rows_read: 0,
            rows_written: i64::try_from(rows_written).unwrap_or(i64::MAX),
        })
    }
}

/// The sum that a component of an agreement's exposure belongs to.
pub(crate) fn exposure_key(row: &AgreementRow, exposure: &Exposure, component: Component) -> ExposureKey {
    ExposureKey {
        product: row.product.clone(),
        currency: row.currency,
        current_on: exposure.current_on,
        component: component.code().to_owned(),
    }
}

/// The sum of what losses took from the allowance.
pub(crate) fn allowance_used_key(product: &str, currency: Currency) -> ExposureKey {
    let component = ALLOWANCE_USED.to_owned();
    ExposureKey { product: product.to_owned(), currency, current_on: None, component }
}

/// What of an agreement has accrued and is not posted to it, exactly, and what a day adds, by kind.
pub(crate) fn unposted(
    terms: &Terms,
    standing: &Standing,
) -> Result<[(AccrualKind, i128, i128); 2], MoneyError> {
    let position = &standing.position;
    let late_fee = position.late_fee_total(terms)?.0 - Accrued::of(standing.late_fee_posted).0;
    let (interest, interest_daily) = position.interest_unbilled(terms)?;
    let kinds =
        (AccrualKind::of_late_fee(standing.is_suspended), AccrualKind::of_interest(standing.is_suspended));
    Ok([(kinds.0, late_fee, position.late_fee_daily(terms)?.0), (kinds.1, interest.0, interest_daily.0)])
}

/// What moved from the accrued accounts to an agreement since it began, minor units, by the kind of accrual.
fn posted(standing: &Standing) -> [(AccrualKind, i128); 2] {
    let interest = standing.position.totals.billed_fees.get(Component::Interest);
    [
        (AccrualKind::LateFee, i128::from(standing.late_fee_posted.minor())),
        (AccrualKind::Interest, i128::from(interest.minor())),
    ]
}

/// The ids of a page's agreements, for its key.
pub(crate) fn first_id(rows: &[AgreementRow]) -> Option<AgreementId> {
    rows.first().map(|row| row.id)
}
