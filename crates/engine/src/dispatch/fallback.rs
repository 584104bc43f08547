//! Falling back: when a message did not get through, the next channel of its strategy's row takes its place.
//!
//! A message of a row with such rules keeps a moment at which it is looked at again: at once when it failed, or when the
//! wait for its receipt is over. The row of the message is locked while that is decided, the decision is kept under the
//! message's id, and the new message's id is made from it: two workers, or a repeat after a crash, make one message. What
//! arrived meanwhile is not sent again, neither here nor at the last check before the other channel sends.

use std::collections::{HashMap, HashSet};

use dunlin_domain::contact::{Channel, Language};
use dunlin_domain::date::{BusinessDate, Timestamp};
use dunlin_domain::day::{Choice, Person, choose};
use dunlin_domain::fallback::{FallbackCause, FallbackRule, next_channels, outcome_of_chain, wait_minutes};
use dunlin_domain::gentle_mode::GentleMode;
use dunlin_domain::id::{AgreementId, CustomerId, MessageId, Part};
use dunlin_domain::message::MessageState;
use dunlin_domain::pause::Pause;
use dunlin_domain::reason::Reason;
use dunlin_domain::strategy::{Outcome, Row};
use dunlin_domain::verdict::{Evidence, PlannedMessage, both_languages};
use dunlin_store::agreement::{self, AgreementRow};
use dunlin_store::customer;
use dunlin_store::fallback::{self, FallbackRow};
use dunlin_store::message::{self, MessageRow, NewMessage, StateChange};
use dunlin_store::{Tx, gentle_mode, policy};

use super::change;
use super::clearing::{known_of, over_because};
use super::undone::Undone;
use crate::day_run::channels_down;
use crate::inspect::{Current, current_positions};
use crate::policies::Policies;
use crate::policy::{ContactRulesDocument, StrategyDocument};
use crate::what_if::{self, Around};
use crate::{Engine, EngineError, MESSAGE_VALIDITY_HOURS};

/// The rules of the messages of a batch, where their strategy has any.
pub(super) struct Rules<'p> {
    of: HashMap<MessageId, (Channel, &'p StrategyDocument, &'p Row)>,
}

impl<'p> Rules<'p> {
    pub(super) fn of<'m>(policies: &'p Policies, messages: impl IntoIterator<Item = &'m MessageRow>) -> Self {
        let has_rules = |row: &Row| match &row.outcome {
            Outcome::Contact { fallback, .. } => !fallback.is_empty(),
            Outcome::Silence { .. } => false,
        };
        let with_rules = policies.strategies().filter(|document| document.table.rows.iter().any(has_rules));
        let documents: HashMap<String, &StrategyDocument> = with_rules
            .map(|document| (format!("{}@{}", document.table.name, document.table.version), document))
            .collect();
        let mut of = HashMap::new();
        if documents.is_empty() {
            return Self { of };
        }
        for message in messages {
            let (Some(channel), Some(document)) = (message.channel, documents.get(&message.strategy)) else {
                continue;
            };
            let row = document.table.rows.iter().find(|row| row.id == message.row);
            if let Some(row) = row.filter(|row| has_rules(row)) {
                of.insert(message.id, (channel, *document, row));
            }
        }
        Self { of }
    }

    /// Whether the message falls back by rule: what it comes to is then looked at once more.
    pub(super) fn has(&self, message: MessageId) -> bool {
        self.of.contains_key(&message)
    }

    /// Notes for messages that change when they are looked at for their fallback.
    pub(super) fn set_moments(&self, changes: &mut [StateChange], now: Timestamp) {
        for change in changes {
            let Some((channel, _, row)) = self.of.get(&change.id) else { continue };
            change.next_attempt_at = match change.state {
                MessageState::Failed | MessageState::Expired => Some(now),
                MessageState::Accepted | MessageState::Unknown => {
                    let minutes = wait_minutes(rules_of(row), *channel, change.state);
                    minutes.map(|minutes| change.since.plus_seconds(i64::from(minutes) * 60))
                }
                _ => continue,
            };
        }
    }
}

fn rules_of(row: &Row) -> &[FallbackRule] {
    match &row.outcome {
        Outcome::Contact { fallback, .. } => fallback,
        Outcome::Silence { .. } => &[],
    }
}

/// Whether a message that is due is not to be sent, but to be looked at for its fallback.
pub(super) fn is_over(row: &MessageRow) -> bool {
    row.state.is_over()
}

/// Of the messages those that take the place of others of which one has arrived by now.
pub(super) fn arrived_otherwise(
    tx: &mut Tx<'_>,
    policies: &Policies,
    messages: &[MessageRow],
) -> Result<HashSet<MessageId>, EngineError> {
    let rules = Rules::of(policies, messages);
    let ids: Vec<MessageId> = messages.iter().map(|row| row.id).filter(|id| rules.has(*id)).collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let chains = Chains::load(tx, &ids)?;
    let has_arrived = |id: &MessageId| chains.states(*id).contains(&MessageState::Delivered);
    Ok(ids.into_iter().filter(has_arrived).collect())
}

/// The chains that some messages belong to.
struct Chains {
    roots: HashMap<MessageId, MessageId>,
    next: HashMap<MessageId, FallbackRow>,
    members: HashMap<MessageId, MessageRow>,
}

impl Chains {
    fn load(tx: &mut Tx<'_>, ids: &[MessageId]) -> Result<Self, EngineError> {
        let leading = fallback::leading_to(tx, ids)?;
        let root_of = |id: &MessageId| leading.get(id).map_or(*id, |row| row.root);
        let roots: HashMap<MessageId, MessageId> = ids.iter().map(|id| (*id, root_of(id))).collect();
        let mut firsts: Vec<MessageId> = roots.values().copied().collect();
        firsts.sort_unstable();
        firsts.dedup();
        let rows = fallback::of_roots(tx, &firsts)?;
        let mut all = firsts;
        all.extend(rows.iter().filter_map(|row| row.message));
        let members = message::by_ids(tx, &all)?.into_iter().map(|row| (row.id, row)).collect();
        Ok(Self { roots, next: rows.into_iter().map(|row| (row.after, row)).collect(), members })
    }

    /// The messages of the chain that `id` belongs to, first to last.
    fn of(&self, id: MessageId) -> Vec<&MessageRow> {
        let mut chain = Vec::new();
        let mut next = self.roots.get(&id).copied();
        while let Some(member) = next.and_then(|id| self.members.get(&id)) {
            chain.push(member);
            next = self.next.get(&member.id).and_then(|row| row.message);
        }
        chain
    }

    fn states(&self, id: MessageId) -> Vec<MessageState> {
        self.of(id).into_iter().map(|row| row.state).collect()
    }

    /// Whether the customer may have heard by one of the chain's messages, or may hear yet.
    fn has_hope(&self, id: MessageId) -> bool {
        use MessageState as S;
        let states = self.states(id);
        let best = outcome_of_chain(&states).map(|index| states[index]);
        !matches!(best, None | Some(S::Failed | S::Expired | S::Replaced | S::Cancelled))
    }
}

/// What follows on one message.
enum Next {
    /// Another one by this channel.
    Message(NewMessage),
    /// None, for a reason with its proof; and whether the next day makes contact again.
    Nothing { reason: Reason, detail: String, is_tried_again: bool },
}

/// All that deciding needs to know, loaded at once.
struct Ground {
    agreements: HashMap<AgreementId, (AgreementRow, Current)>,
    pauses: Vec<Pause>,
    modes: Vec<GentleMode>,
    channels_down: Vec<Channel>,
    channels_unserved: Vec<Channel>,
    packs: Vec<std::sync::Arc<ContactRulesDocument>>,
    views: HashMap<CustomerId, customer::CustomerView>,
    points: HashMap<CustomerId, Vec<dunlin_domain::verdict::ContactPointView>>,
    known: HashMap<CustomerId, dunlin_domain::circumstance::Known>,
}

impl Engine {
    /// Looks at messages that are over, for what follows on them. They must have been read by `due` in this transaction.
    pub(super) fn fall_back(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        due: &[MessageRow],
        now: Timestamp,
    ) -> Result<(), EngineError> {
        if due.is_empty() {
            return Ok(());
        }
        let rules = Rules::of(policies, due);
        let ids: Vec<MessageId> = due.iter().map(|row| row.id).collect();
        let chains = Chains::load(tx, &ids)?;
        let ground = self.ground_of_fallback(tx, policies, due, now)?;
        let (mut changes, mut rows, mut redo) = (Vec::new(), Vec::new(), Vec::new());
        for row in due {
            changes.push(change(row, row.state, row.state_detail.clone(), None, now));
            let wakes = |redo: &mut Vec<Undone>| redo.push(Undone::of(row));
            let is_decided = chains.next.contains_key(&row.id);
            let cause = FallbackCause::of_state(row.state).filter(|_| !is_decided);
            let states = chains.states(row.id);
            if states.contains(&MessageState::Delivered) {
                continue;
            }
            let used: Vec<Channel> = chains.of(row.id).iter().filter_map(|member| member.channel).collect();
            let candidates = match (cause, rules.of.get(&row.id)) {
                (Some(cause), Some((channel, document, strategy_row))) => {
                    let channels = next_channels(rules_of(strategy_row), cause, *channel, &used);
                    (!channels.is_empty()).then_some((cause, channels, *document, *strategy_row))
                }
                _ => None,
            };
            let Some((cause, channels, document, strategy_row)) = candidates else {
                if !chains.has_hope(row.id) {
                    wakes(&mut redo);
                }
                continue;
            };
            let next = ground.next(self, row, document, &narrowed(strategy_row, channels, &used), now)?;
            let root = chains.roots[&row.id];
            let (message, reason, detail) = match next {
                Next::Message(new) => {
                    let id = new.planned.id;
                    message::insert(tx, &[new], BusinessDate(row.business_date), now)?;
                    (Some(id), String::new(), String::new())
                }
                Next::Nothing { reason, detail, is_tried_again } => {
                    if is_tried_again && !chains.has_hope(row.id) {
                        wakes(&mut redo);
                    }
                    (None, reason.code().to_owned(), detail)
                }
            };
            rows.push(FallbackRow { after: row.id, root, cause, decided_at: now, message, reason, detail });
        }
        fallback::insert(tx, &rows)?;
        message::change_states(tx, &changes)?;
        self.decide_anew(tx, &redo)?;
        self.audit_messages(tx, "message.fallback", &changes, "fallback", now)?;
        Ok(())
    }

    fn ground_of_fallback(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        due: &[MessageRow],
        now: Timestamp,
    ) -> Result<Ground, EngineError> {
        let today = now.date_in(&self.zone);
        let mut keys: Vec<(Part, AgreementId)> = due.iter().map(|row| (row.part, row.agreement)).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut ids: Vec<CustomerId> = due.iter().map(|row| row.customer).collect();
        ids.sort_unstable();
        ids.dedup();
        let rows = agreement::by_keys(tx, &keys)?;
        let current = current_positions(tx, policies, &rows, today)?;
        let packs = policies.contact_packs(today)?;
        let views = customer::views(tx, &ids)?;
        let known = known_of(tx, &packs, due, &views)?;
        Ok(Ground {
            agreements: rows
                .into_iter()
                .zip(current)
                .map(|(row, current)| (row.id, (row, current)))
                .collect(),
            pauses: policy::pauses(tx)?,
            modes: gentle_mode::all(tx)?,
            channels_down: channels_down(&policy::incidents(tx)?, now),
            channels_unserved: self.channels_unserved(),
            packs,
            views,
            points: customer::point_views(tx, &ids)?,
            known,
        })
    }
}

/// The row as it is asked for the next channel: those that may follow, and no rule that names one that was used.
fn narrowed(row: &Row, next: Vec<Channel>, used: &[Channel]) -> Row {
    let mut row = row.clone();
    if let Outcome::Contact { channels, fallback, .. } = &mut row.outcome {
        *channels = next;
        for rule in fallback.iter_mut() {
            rule.channels.retain(|channel| !used.contains(channel));
        }
        fallback.retain(|rule| !rule.channels.is_empty());
    }
    row
}

impl Ground {
    fn next(
        &self,
        engine: &Engine,
        message: &MessageRow,
        document: &StrategyDocument,
        row: &Row,
        now: Timestamp,
    ) -> Result<Next, EngineError> {
        let (Some((agreement, current)), Some(view), Some(known)) = (
            self.agreements.get(&message.agreement),
            self.views.get(&message.customer),
            self.known.get(&message.customer),
        ) else {
            return Err(EngineError::NotFound { what: "agreement", name: message.agreement.to_string() });
        };
        if !current.has_something_to_pay() {
            let (reason, zh, en) = over_because(current)?;
            return Ok(Next::Nothing { reason, detail: both_languages(zh, en), is_tried_again: false });
        }
        let date = BusinessDate(now.date_in(&engine.zone));
        let around = Around {
            pauses: &self.pauses,
            modes: &self.modes,
            packs: self.packs.iter().map(|document| &document.rules).collect(),
            channels_down: &self.channels_down,
            channels_unserved: &self.channels_unserved,
        };
        let policy = what_if::policy(date, now, &document.table, around);
        let asked = what_if::agreement(agreement, &current.terms, &current.position, &current.arrears);
        let zone = crate::zone_of(&view.zone)?;
        let points = self.points.get(&message.customer).map_or(&[][..], Vec::as_slice);
        let person = Person { points, known, zone: &zone, zone_name: &view.zone };
        Ok(match choose(&policy, &asked, row, &person) {
            Choice::Contact { channel, contact_point, not_before, unserved: _ } => {
                let planned = PlannedMessage {
                    id: MessageId::of_fallback(message.customer, message.id),
                    agreement: message.agreement,
                    customer: message.customer,
                    contact_point: Some(contact_point),
                    channel: Some(channel),
                    template: message.template.clone(),
                    held_by: None,
                    replaces: None,
                    not_before,
                    expires_at: now.plus_seconds(MESSAGE_VALIDITY_HOURS * 3600),
                };
                let (strategy, row) = (message.strategy.clone(), message.row.clone());
                Next::Message(NewMessage { planned, language: message.language, strategy, row })
            }
            Choice::Held { reason, .. } => {
                Next::Nothing { reason, detail: sentence_of(reason), is_tried_again: true }
            }
            Choice::Silent { reason, evidence, .. } => {
                let detail = match evidence {
                    Evidence::Rule(words) => words,
                    _ => sentence_of(reason),
                };
                Next::Nothing { reason, detail, is_tried_again: true }
            }
        })
    }
}

/// The reason in words of both languages.
fn sentence_of(reason: Reason) -> String {
    both_languages(reason.sentence(Language::Zh), reason.sentence(Language::En))
}
