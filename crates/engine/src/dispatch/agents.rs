//! Messages by voice that agents speak: offered, taken for a while, dialled, told of.
//!
//! A task is a message: its state, its attempts and its receipts are those of every other message, so caps, verdicts and
//! `verify` know nothing new. An agent who takes a task opens an attempt and the call's budgets in one transaction; a
//! lease that runs out before the number was dialled gives both back, and one that runs out afterwards leaves the outcome
//! unknown, since the customer may have been called. Whoever moves a task has locked its message.

use std::collections::HashSet;

use dunlin_delivery::{AgentsConfig, ProviderKind, ProviderTraits};
use dunlin_domain::call_task::{CallResult, CallTaskState};
use dunlin_domain::compliance::PlacedOutcome;
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{Key, MessageId};
use dunlin_domain::message::MessageState;
use dunlin_domain::money::Money;
use dunlin_domain::reason::Reason;
use dunlin_store::call_task::{self, CallTaskRow};
use dunlin_store::message::{self, MessageRow, NewAttempt, NewOutcome, NewReceipt, StateChange};
use dunlin_store::{Conflict, StoreError, Tx, message_cost};

use super::clearing::{SendContext, Step};
use super::cohorts::Cohorts;
use super::fallback::Rules;
use super::receipts::Source;
use super::{change, settle};
use crate::call_tasks::CALL_BACK;
use crate::payment::Caller;
use crate::policies::Policies;
use crate::{Engine, EngineError};

/// Tasks that are looked at for one that may be placed now; those before them are other agents', or not lawful now.
const LOOKED_AT_MAX: u32 = 64;

/// The words kept beside a message that waits for an agent: the reason for silence, if none comes.
pub(super) fn waits() -> String {
    format!("{}: waits for an agent", Reason::AgentCapacity)
}

/// A message as a task.
pub(super) fn offer(row: &MessageRow, value: Money, now: Timestamp) -> CallTaskRow {
    CallTaskRow {
        message: row.id,
        customer: row.customer,
        agreement: row.agreement,
        business_date: row.business_date,
        is_call_back: row.strategy == CALL_BACK,
        value,
        offered_at: now,
        state: CallTaskState::Open,
        agent: None,
        lease_until: None,
        call: None,
        result: None,
        changed_at: now,
    }
}

/// Takes back the tasks of messages that no agent is to speak now.
pub(super) fn withdraw(tx: &mut Tx<'_>, ids: &[MessageId], now: Timestamp) -> Result<(), StoreError> {
    for id in ids {
        let Some(task) = call_task::find(tx, *id)? else { continue };
        if task.state == CallTaskState::Open {
            call_task::put(tx, &CallTaskRow { state: CallTaskState::Withdrawn, changed_at: now, ..task })?;
        }
    }
    Ok(())
}

impl Engine {
    /// How long agents of a provider have a task.
    fn agents_config(&self, provider: Option<&str>) -> AgentsConfig {
        let of_name = self.config.providers.iter().filter(|config| Some(config.name.as_str()) == provider);
        let found = of_name.into_iter().find_map(|config| match &config.kind {
            ProviderKind::Agents(agents) => Some(*agents),
            ProviderKind::Spool(_)
            | ProviderKind::Smtp(_)
            | ProviderKind::Smpp(_)
            | ProviderKind::Http(_, _)
            | ProviderKind::Letter(_)
            | ProviderKind::Sip(_) => None,
        });
        found.unwrap_or_default()
    }

    /// Frees the messages among those that are due which an agent had too long; returns the others.
    pub(super) fn free_lapsed(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        providers: &[ProviderTraits],
        messages: Vec<MessageRow>,
        now: Timestamp,
    ) -> Result<Vec<MessageRow>, EngineError> {
        let agents: HashSet<&str> =
            providers.iter().filter(|provider| provider.is_agents()).map(ProviderTraits::name).collect();
        let is_agents = |row: &MessageRow| {
            row.state == MessageState::Sending
                && row.provider.as_deref().is_some_and(|name| agents.contains(name))
        };
        let (lapsed, others): (Vec<MessageRow>, Vec<MessageRow>) = messages.into_iter().partition(is_agents);
        for row in &lapsed {
            if let Some(task) = call_task::find(tx, row.id)? {
                self.lapse(tx, policies, row, task, now)?;
            }
        }
        Ok(others)
    }

    /// Ends a lease whose time is up: the task is free again, or, where the number was shown, its outcome is unknown.
    fn lapse(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        row: &MessageRow,
        task: CallTaskRow,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        if task.state != CallTaskState::Dialled {
            return self.give_back_task(tx, row, task, "lease_ended", now);
        }
        let detail = format!("{}: the agent did not tell what became of the call", Reason::OutcomeUnknown);
        let mut changes = [change(row, MessageState::Unknown, detail, None, now)];
        Rules::of(policies, [row]).set_moments(&mut changes, now);
        message::change_states(tx, &changes)?;
        call_task::put(tx, &CallTaskRow { state: CallTaskState::Lost, changed_at: now, ..task })?;
        let mut cohorts = Cohorts::default();
        cohorts.handed(row, row.provider.as_deref().unwrap_or("-"), MessageState::Unknown, now);
        cohorts.write(tx, now)?;
        Ok(self.audit_messages(tx, "message.lost", &changes, "no outcome", now)?)
    }

    /// Frees a task whose call was surely not placed, with its budgets.
    fn give_back_task(
        &self,
        tx: &mut Tx<'_>,
        row: &MessageRow,
        task: CallTaskRow,
        code: &str,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        if let Some(call) = task.call {
            settle::settle(tx, call, PlacedOutcome::NotPlaced, "")?;
        }
        let outcome = NewOutcome {
            message: row.id,
            index: row.attempt_count - 1,
            outcome: "deferred",
            code: code.to_owned(),
            detail: task.agent.clone().unwrap_or_default(),
        };
        message::insert_outcomes(tx, &[outcome], Conflict::Ignore, now)?;
        let change = change(row, MessageState::Queued, waits(), Some(row.expires_at), now);
        message::change_states(tx, std::slice::from_ref(&change))?;
        let free = CallTaskRow {
            state: CallTaskState::Open,
            agent: None,
            lease_until: None,
            call: None,
            changed_at: now,
            ..task
        };
        call_task::put(tx, &free)?;
        Ok(self.audit_messages(tx, "message.free", &[change], code, now)?)
    }

    /// Gives `agent` the task that they have, or the best one that may be placed at this moment; `None` when there is
    /// none.
    pub(crate) fn lease_task(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        agent: &str,
        caller: Caller<'_>,
    ) -> Result<Option<CallTaskRow>, EngineError> {
        let now = caller.now;
        for task in call_task::in_hand(tx)? {
            let is_own = task.agent.as_deref() == Some(agent);
            let has_lapsed = task.lease_until.is_none_or(|until| until <= now);
            if is_own && !has_lapsed {
                return Ok(Some(task));
            }
            if has_lapsed && let Some((row, task)) = locked_task(tx, task.message)? {
                let still = task.lease_until.is_none_or(|until| until <= now);
                if row.state == MessageState::Sending && still {
                    self.lapse(tx, policies, &row, task, now)?;
                }
            }
        }
        for task in call_task::best(tx, LOOKED_AT_MAX)? {
            let Some((row, task)) = locked_task(tx, task.message)? else { continue };
            if task.state != CallTaskState::Open {
                continue;
            }
            if let Some(leased) = self.lease_this(tx, policies, (row, task), agent, caller)? {
                return Ok(Some(leased));
            }
        }
        Ok(None)
    }

    /// Gives `agent` this task, if the rules allow the call now.
    fn lease_this(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        (row, task): (MessageRow, CallTaskRow),
        agent: &str,
        caller: Caller<'_>,
    ) -> Result<Option<CallTaskRow>, EngineError> {
        let now = caller.now;
        if row.state != MessageState::Queued {
            call_task::put(tx, &CallTaskRow { state: CallTaskState::Withdrawn, changed_at: now, ..task })?;
            return Ok(None);
        }
        let mut context =
            SendContext::load(tx, self, policies, std::slice::from_ref(&row), now.date_in(&self.zone))?;
        let step = context.step_for_agent(tx, self, policies, &row, now)?;
        let (cleared, call) = match step {
            Step::Send { cleared, .. } => {
                let call = context.last_call().map(|call| call.id).expect("a call by voice was noted");
                (cleared, call)
            }
            Step::Offer { .. } => return Ok(None),
            Step::Wait { until, detail } => {
                let change = change(&row, row.state, detail, Some(until), now);
                message::change_states(tx, &[change])?;
                withdraw(tx, &[row.id], now)?;
                return Ok(None);
            }
            // The next round of sending ends it, with all that follows from its end.
            Step::End { .. } => {
                let change = change(&row, row.state, row.state_detail.clone(), Some(now), now);
                message::change_states(tx, &[change])?;
                withdraw(tx, &[row.id], now)?;
                return Ok(None);
            }
        };
        context.write_calls(tx)?;
        let config = self.agents_config(row.provider.as_deref());
        let until = now.plus_seconds(i64::from(config.lease_minutes) * 60).min(cleared.expires_at());
        let provider = row.provider.clone().unwrap_or_else(|| "agents".to_owned());
        let index = row.attempt_count;
        let id = cleared.attempt();
        let attempt = NewAttempt { message: row.id, index, id, provider: provider.clone(), unit_count: 1 };
        message::insert_attempts(tx, &[attempt], now)?;
        let change = StateChange {
            id: row.id,
            from: row.state,
            state: MessageState::Sending,
            since: now,
            detail: row.state_detail.clone(),
            due_at: row.next_attempt_at,
            next_attempt_at: Some(until),
            attempt_count: index + 1,
            provider: Some(provider),
            claimed_by: Some(format!("agent {agent}")),
            claimed_until: None,
            area: row.area.clone(),
        };
        message::change_states(tx, std::slice::from_ref(&change))?;
        self.audit_messages(tx, "message.lease", &[change], agent, now)?;
        let leased = CallTaskRow {
            state: CallTaskState::Leased,
            agent: Some(agent.to_owned()),
            lease_until: Some(until),
            call: Some(call),
            changed_at: now,
            ..task
        };
        call_task::put(tx, &leased)?;
        Ok(Some(leased))
    }

    /// Notes that the agent was shown the number: from now on the call may have been placed.
    pub(crate) fn note_dialled(
        &self,
        tx: &mut Tx<'_>,
        (row, task): (MessageRow, CallTaskRow),
        now: Timestamp,
    ) -> Result<CallTaskRow, EngineError> {
        let config = self.agents_config(row.provider.as_deref());
        let until = now.plus_seconds(i64::from(config.call_minutes) * 60);
        let claimed_by = task.agent.as_ref().map(|agent| format!("agent {agent}"));
        let change =
            StateChange { claimed_by, ..change(&row, row.state, row.state_detail.clone(), Some(until), now) };
        message::change_states(tx, &[change])?;
        let dialled =
            CallTaskRow { state: CallTaskState::Dialled, lease_until: Some(until), changed_at: now, ..task };
        call_task::put(tx, &dialled)?;
        Ok(dialled)
    }

    /// Writes what became of the call of a task into attempt, message, call and caps.
    pub(crate) fn note_result(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        (row, task): (MessageRow, CallTaskRow),
        result: CallResult,
        evidence: &str,
        caller: Caller<'_>,
    ) -> Result<CallTaskRow, EngineError> {
        let now = caller.now;
        if result == CallResult::NotPlaced {
            self.give_back_task(tx, &row, task.clone(), "not_placed", now)?;
            return Ok(CallTaskRow { state: CallTaskState::Open, changed_at: now, ..task });
        }
        if let Some(call) = task.call {
            settle::settle(tx, call, result.placed(), evidence)?;
        }
        let dialled_at = (task.state == CallTaskState::Dialled).then_some(task.changed_at);
        let cost = self.cost_of_call(&row, dialled_at, now);
        message_cost::insert(tx, cost.as_slice())?;
        let agent = task.agent.clone().unwrap_or_default();
        let outcome = NewOutcome {
            message: row.id,
            index: row.attempt_count - 1,
            outcome: "accepted",
            code: result.code().to_owned(),
            detail: agent.clone(),
        };
        message::insert_outcomes(tx, &[outcome], Conflict::Ignore, now)?;
        let change = change(&row, MessageState::Accepted, String::new(), None, now);
        message::change_states(tx, std::slice::from_ref(&change))?;
        let mut cohorts = Cohorts::default();
        let provider = row.provider.as_deref().unwrap_or("-");
        if row.state == MessageState::Sending {
            cohorts.handed(&row, provider, MessageState::Accepted, now);
        } else if row.state == MessageState::Unknown {
            cohorts.answered(&row, provider, row.state_at);
        }
        cohorts.write(tx, now)?;
        self.audit_messages(tx, "message.answer", &[change], &agent, now)?;
        let state = if result.has_reached() { "delivered" } else { "failed" };
        let code = if result.has_reached() { result.code() } else { result.placed().code() };
        let cause: [&[u8]; 3] = [&row.id.0, &row.attempt_count.to_le_bytes(), result.code().as_bytes()];
        let receipt = NewReceipt {
            message: row.id,
            key: Key::of_cause("receipt", &cause).0,
            state: state.to_owned(),
            code: code.to_owned(),
            at: now,
        };
        self.take_words(tx, policies, &[receipt], &HashSet::new(), Source::Receipt, now)?;
        let done = CallTaskRow {
            state: CallTaskState::Done,
            result: Some(result.code().to_owned()),
            lease_until: None,
            changed_at: now,
            ..task
        };
        call_task::put(tx, &done)?;
        Ok(done)
    }
}

/// A task with its message, locked; `None` when another worker has it in hand at this moment.
pub(crate) fn locked_task(
    tx: &mut Tx<'_>,
    id: MessageId,
) -> Result<Option<(MessageRow, CallTaskRow)>, StoreError> {
    if !call_task::lock_free(tx, id)? {
        return Ok(None);
    }
    let row = message::locked(tx, &[id])?.pop();
    let task = call_task::find(tx, id)?;
    Ok(row.zip(task))
}
