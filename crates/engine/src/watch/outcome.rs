//! The outcome of contact: payments of those who were contacted and, by the receipts, got it, beside those of the trial's
//! holdout, by weeks. Looked at once a week.

use std::collections::{BTreeMap, HashMap, HashSet};

use dunlin_domain::date::Date;
use dunlin_domain::fact::{Fact, FactKind};
use dunlin_domain::id::{AgreementId, FactId, MessageId, Part};
use dunlin_domain::incident::IncidentCode;
use dunlin_domain::message::MessageState;
use dunlin_domain::money::Currency;
use dunlin_domain::reason::Reason;
use dunlin_domain::verdict::Evidence;
use dunlin_store::message::StateOfMessage;
use dunlin_store::record::{self, VerdictRow};
use dunlin_store::{Tx, agreement, message};

use super::{Finding, Sweep};
use crate::detect::outcome::{JUDGED_WEEKS, THRESHOLD, Usual, Week, first_loss, has_recovered};
use crate::{Engine, EngineError};

/// Weeks of history that are looked at.
const WEEKS: i32 = 52;
/// Days after a decision in which a payment counts as its outcome.
const OUTCOME_DAYS: i32 = 7;

/// The weeks of a trial, by their number since 1970, with the first agreement of each that was contacted and did not pay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrialWeeks {
    /// What became of the agreements of each week.
    pub weeks: BTreeMap<i32, Week>,
    /// By week the first agreement, by the lender's id, that got its message and did not pay.
    pub first_unpaid: BTreeMap<i32, String>,
}

impl TrialWeeks {
    fn add(&mut self, week: i32, agreement: &str, is_treated: bool, has_paid: bool) {
        let counts = self.weeks.entry(week).or_default();
        if is_treated {
            counts.treated += 1;
            counts.treated_paid += u32::from(has_paid);
        } else {
            counts.holdout += 1;
            counts.holdout_paid += u32::from(has_paid);
        }
        if is_treated && !has_paid {
            let first = self.first_unpaid.entry(week).or_insert_with(|| agreement.to_owned());
            if agreement < first.as_str() {
                agreement.clone_into(first);
            }
        }
    }
}

impl Sweep<'_> {
    /// Whether contact still brings what it usually brings, trial by trial.
    pub(super) fn outcomes(&mut self) -> Result<(), EngineError> {
        let Some(last) = self.engine.last_closed_day()? else { return Ok(()) };
        // A week is judged when its last decision had its days, and the day after them for payments to come in.
        let through = last.0.plus_days(-OUTCOME_DAYS - 1).days().div_euclid(7) - 1;
        if self.heard_of("outcome", &through.to_string()).is_some() {
            return Ok(());
        }
        self.looked_for.insert(IncidentCode::OutcomeLost);
        let policies = self.engine.policies()?;
        if policies.strategies().any(|document| !document.table.settings.trials.is_empty()) {
            for (trial, weeks) in self.engine.outcome_weeks(through - WEEKS, through)? {
                let found = self.lost(&trial, &weeks);
                self.findings.extend(found);
            }
        }
        self.sign_alone("outcome", &through.to_string())
    }

    fn lost(&self, trial: &str, weeks: &TrialWeeks) -> Option<Finding> {
        let stream = format!("outcome/{trial}");
        let (numbers, all): (Vec<i32>, Vec<Week>) =
            weeks.weeks.iter().map(|(week, counts)| (*week, *counts)).unzip();
        let open = self.incidents.iter().find(|incident| {
            incident.code == IncidentCode::OutcomeLost
                && incident.stream == stream
                && incident.closed_at.is_none()
        });
        // What an open incident began with is not taught.
        let began = open.and_then(|open| Date::parse(super::pairs(&open.evidence).get("week")?).ok());
        let from = began.map(|began| began.days().div_euclid(7));
        let judged_from = numbers.len().saturating_sub(JUDGED_WEEKS);
        let judged_from =
            from.map_or(judged_from, |from| judged_from.min(numbers.partition_point(|week| *week < from)));
        let (taught, judged) = all.split_at(judged_from);
        let usual = Usual::learn(taught)?;
        if open.is_some() && has_recovered(&usual, judged) {
            return None;
        }
        let lost = first_loss(&usual, judged, THRESHOLD)?;
        let number = numbers[judged_from + lost.began_at];
        let since = judged[lost.began_at..].iter();
        let (mut treated, mut treated_paid, mut holdout, mut holdout_paid) = (0, 0, 0, 0);
        for week in since {
            treated += week.treated;
            treated_paid += week.treated_paid;
            holdout += week.holdout;
            holdout_paid += week.holdout_paid;
        }
        Some(Finding {
            code: IncidentCode::OutcomeLost,
            stream,
            first_affected: weeks.first_unpaid.get(&number).cloned().unwrap_or_default(),
            affected_count: u64::from(treated - treated_paid),
            evidence: vec![
                ("week", Date::from_days(number * 7).to_string()),
                ("treated_paid", format!("{treated_paid}/{treated}")),
                ("holdout_paid", format!("{holdout_paid}/{holdout}")),
                ("lift", format!("{:.1}%", usual.lift * 100.0)),
                ("log_evidence", format!("{:.1}", lost.log_evidence)),
            ],
        })
    }
}

impl Engine {
    /// What became of the agreements that each trial's weeks decided on, from one week through another, counted since 1970.
    ///
    /// An agreement counts once a week, for the first decision that hung on the trial's draw.
    ///
    /// # Errors
    /// What the database says.
    pub fn outcome_weeks(
        &self,
        from_week: i32,
        through_week: i32,
    ) -> Result<BTreeMap<String, TrialWeeks>, EngineError> {
        let mut trials = BTreeMap::new();
        for part in crate::inspect::parts() {
            self.db.read_as(|tx| part_outcomes(tx, part, (from_week, through_week), &mut trials))?;
        }
        Ok(trials)
    }
}

fn part_outcomes(
    tx: &mut Tx<'_>,
    part: Part,
    (from_week, through_week): (i32, i32),
    trials: &mut BTreeMap<String, TrialWeeks>,
) -> Result<(), EngineError> {
    let mut decided: HashMap<AgreementId, Vec<VerdictRow>> = HashMap::new();
    record::each_verdict(tx, part, Currency::CNY, |verdict| {
        let week = verdict.span.from.days().div_euclid(7);
        let is_drawn = matches!(verdict.span.evidence, Evidence::Draw(..));
        if is_drawn && (from_week..=through_week).contains(&week) {
            decided.entry(verdict.span.agreement).or_default().push(verdict);
        }
        Ok(())
    })?;
    if decided.is_empty() {
        return Ok(());
    }
    let keys: Vec<(Part, AgreementId)> = decided.keys().map(|id| (part, *id)).collect();
    let rows = agreement::by_keys(tx, &keys)?;
    let facts = agreement::facts_of(
        tx,
        &rows.iter().map(|row| (row.part, row.id, row.currency)).collect::<Vec<_>>(),
    )?;
    let messages = message::states_of_part(tx, part)?;
    for row in rows {
        let facts: Vec<&Fact> = facts.get(&row.id).into_iter().flatten().map(|stored| &stored.fact).collect();
        let undone: HashSet<FactId> = facts.iter().filter_map(|fact| fact.target).collect();
        let paid_on: Vec<Date> = facts
            .iter()
            .filter(|fact| fact.kind == FactKind::Payment && !undone.contains(&fact.id))
            .map(|fact| fact.value_on)
            .collect();
        let mut counted: HashSet<(String, i32)> = HashSet::new();
        for verdict in decided.remove(&row.id).unwrap_or_default() {
            let Some((trial, is_treated)) = arm_of(&verdict, &messages) else { continue };
            let (from, week) = (verdict.span.from, verdict.span.from.days().div_euclid(7));
            if counted.insert((trial.clone(), week)) {
                let until = from.plus_days(OUTCOME_DAYS);
                let has_paid = paid_on.iter().any(|on| *on > from && *on <= until);
                trials.entry(trial).or_default().add(week, &row.external_id, is_treated, has_paid);
            }
        }
    }
    Ok(())
}

/// The trial that a decision hung on, and whether it was a contact that arrived; nothing for one that says nothing of either.
fn arm_of(verdict: &VerdictRow, messages: &HashMap<MessageId, StateOfMessage>) -> Option<(String, bool)> {
    let Evidence::Draw(draw, _) = &verdict.span.evidence else { return None };
    let state = verdict.span.message.and_then(|message| messages.get(&message)).map(|message| message.state);
    match verdict.span.reason {
        Reason::TrialHoldout => Some((draw.trial.clone(), false)),
        Reason::Contacted if state == Some(MessageState::Delivered) => Some((draw.trial.clone(), true)),
        _ => None,
    }
}
