//! The shadow plan: which agreements are overdue on the last closed day by facts and policy alone, and why each was or was
//! not contacted, against the verdicts and messages that the day left.
//!
//! Reads nothing that the day's run stored about positions, and not the plan that it made. What was learned after the
//! day was decided does not count against it. A day that is closed is compared once in full, and again in full now and
//! then; in between only what was touched since, and nothing at all where nothing was.

mod reasons;

use std::collections::{HashMap, HashSet};

use dunlin_domain::date::{BusinessDate, Date};
use dunlin_domain::id::{AgreementId, MessageId, Part};
use dunlin_domain::incident::IncidentCode;
use dunlin_domain::money::Currency;
use dunlin_domain::position::known_at;
use dunlin_domain::reason::Reason;
use dunlin_store::agreement::AgreementRow;
use dunlin_store::record::{self, VerdictRow};
use dunlin_store::run::BusinessDay;
use dunlin_store::{Tx, agreement, audit, message, run, watch};

use self::reasons::{Judge, Sealed};
use super::{Finding, Sweep};
use crate::coverage::{overdue_days, verdict_on};
use crate::{Engine, EngineError, SENDING_RANGE};

/// What the plan lacks.
#[derive(Default)]
struct Lacking {
    compared: u64,
    silent: Lack,
    wrong: Lack,
    without_message: Lack,
}

#[derive(Default)]
struct Lack {
    count: u64,
    first: Option<String>,
    denied_count: u64,
    /// Of the first: what its verdict says, and what it should say.
    told: Option<(Reason, Reason)>,
}

impl Lack {
    fn add(&mut self, agreement: &str, is_denied: bool, told: Option<(Reason, Reason)>) {
        let denied_count = u64::from(is_denied);
        self.merge(Self { count: 1, first: Some(agreement.to_owned()), denied_count, told });
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.denied_count += other.denied_count;
        // By the lender's id, so that it does not depend on the order of the parts.
        if let Some(first) = other.first
            && self.first.as_ref().is_none_or(|own| first < *own)
        {
            self.first = Some(first);
            self.told = other.told;
        }
    }
}

impl Lacking {
    fn merge(&mut self, other: Self) {
        self.compared += other.compared;
        self.silent.merge(other.silent);
        self.wrong.merge(other.wrong);
        self.without_message.merge(other.without_message);
    }

    fn findings(&self, day: BusinessDate) -> Vec<Finding> {
        let kinds = [
            (IncidentCode::UnexplainedSilence, &self.silent),
            (IncidentCode::WrongReason, &self.wrong),
            (IncidentCode::MessageMissing, &self.without_message),
        ];
        let finding = |(code, lack): (IncidentCode, &Lack)| {
            let first_affected = lack.first.clone()?;
            let mut evidence = vec![("day", day.to_string()), ("agreements", lack.count.to_string())];
            match lack.told {
                Some((sealed, shadow)) => evidence
                    .extend([("sealed", sealed.code().to_owned()), ("shadow", shadow.code().to_owned())]),
                None => evidence.push(("denied", lack.denied_count.to_string())),
            }
            evidence.push(("compared", self.compared.to_string()));
            Some(Finding {
                code,
                stream: "plan".to_owned(),
                first_affected,
                affected_count: lack.count,
                evidence,
            })
        };
        kinds.into_iter().filter_map(finding).collect()
    }
}

/// What of a day is compared.
#[derive(Clone, Copy)]
enum Scope {
    /// Every agreement.
    All,
    /// Those that something has happened to since they were looked at, and those whose turn is next anyway.
    Touched,
}

impl Sweep<'_> {
    /// Compares the last closed day with the shadow plan, as far as it is its turn. Returns how many agreements were
    /// compared; nothing where none had to be.
    pub(super) fn shadow_plan(&mut self) -> Result<Option<u64>, EngineError> {
        let Some(day) = self.engine.last_closed_day()? else { return Ok(None) };
        let name = day.to_string();
        let ends = self.engine.books_end()?;
        let of_kind = |kind: &str| self.signs.iter().find(|sign| sign.kind == kind);
        let last = of_kind("shadow").filter(|sign| sign.name == name);
        let is_turn =
            last.is_none_or(|sign| self.now >= sign.at.plus_seconds(self.options.shadow_every_seconds));
        let is_quiet = of_kind("shadow_seen").is_some_and(|sign| sign.name == ends);
        let is_open = self.incidents.iter().any(|incident| {
            incident.closed_at.is_none() && incident.stream == "plan" && is_of_plan(incident.code)
        });
        // What may have been mended is looked at as a whole, so that its incident can end.
        let scope = if is_turn || (is_open && !is_quiet) {
            Scope::All
        } else if is_quiet {
            return Ok(None);
        } else {
            Scope::Touched
        };
        let lacking = self.engine.compare_with_shadow(day, scope)?;
        if matches!(scope, Scope::All) {
            self.mended_outbox()?;
            self.looked_for.extend(IncidentCode::ALL.iter().copied().filter(|code| is_of_plan(*code)));
        }
        self.findings.extend(lacking.findings(day));
        let stale: Vec<(&str, &str)> = self
            .signs
            .iter()
            .filter(|sign| match sign.kind.as_str() {
                "shadow" => sign.name != name,
                "shadow_seen" => sign.name != ends,
                _ => false,
            })
            .map(|sign| (sign.kind.as_str(), sign.name.as_str()))
            .collect();
        self.engine.db.write(|tx| {
            stale.iter().try_for_each(|(kind, name)| watch::forget_sign(tx, kind, name))?;
            if matches!(scope, Scope::All) {
                watch::sign(tx, "shadow", &name, self.now, self.options.shadow_every_seconds)?;
            }
            watch::sign(tx, "shadow_seen", &ends, self.now, 0)
        })?;
        Ok(Some(lacking.compared))
    }
}

fn is_of_plan(code: IncidentCode) -> bool {
    matches!(
        code,
        IncidentCode::UnexplainedSilence | IncidentCode::WrongReason | IncidentCode::MessageMissing
    )
}

/// What of a part is compared.
#[derive(Default)]
struct PartRows {
    rows: Vec<AgreementRow>,
    facts: HashMap<AgreementId, Vec<dunlin_domain::fact::Fact>>,
    verdicts: HashMap<AgreementId, Vec<VerdictRow>>,
    messages: HashSet<MessageId>,
}

impl PartRows {
    fn load(tx: &mut Tx<'_>, part: Part, scope: Scope, open_on: Date) -> Result<Self, EngineError> {
        match scope {
            Scope::All => Self::all(tx, part),
            Scope::Touched => Self::touched(tx, part, open_on),
        }
    }

    fn all(tx: &mut Tx<'_>, part: Part) -> Result<Self, EngineError> {
        let mut rows = Vec::new();
        agreement::each_of_part(tx, part, |row| {
            rows.push(row);
            Ok(())
        })?;
        if rows.is_empty() {
            return Ok(Self::default());
        }
        let facts = agreement::facts_of_part(tx, part, &rows)?;
        let mut verdicts: HashMap<AgreementId, Vec<VerdictRow>> = HashMap::new();
        record::each_verdict(tx, part, Currency::CNY, |verdict| {
            verdicts.entry(verdict.span.agreement).or_default().push(verdict);
            Ok(())
        })?;
        let messages = message::states_of_part(tx, part)?.into_keys().collect();
        Ok(Self { rows, facts, verdicts, messages })
    }

    /// Whatever is noted of an agreement has it looked at on the day that is open, at the latest.
    fn touched(tx: &mut Tx<'_>, part: Part, open_on: Date) -> Result<Self, EngineError> {
        let rows = agreement::due_unlocked(tx, part, open_on)?;
        let keys: Vec<_> = rows.iter().map(|row| (row.part, row.id, row.currency)).collect();
        let facts = agreement::facts_of(tx, &keys)?
            .into_iter()
            .map(|(id, stored)| (id, stored.into_iter().map(|stored| stored.fact).collect()))
            .collect();
        let mut verdicts = HashMap::new();
        for row in &rows {
            verdicts.insert(row.id, record::verdicts_of(tx, part, row.id, row.currency)?);
        }
        let named: Vec<MessageId> =
            verdicts.values().flatten().filter_map(|verdict: &VerdictRow| verdict.span.message).collect();
        let messages = message::by_ids(tx, &named)?.into_iter().map(|row| row.id).collect();
        Ok(Self { rows, facts, verdicts, messages })
    }
}

impl Engine {
    /// How far the audit log of everything but sending has come. What is decided and what is learned stands there.
    fn books_end(&self) -> Result<String, EngineError> {
        let ends = self.db.read(audit::ends)?;
        let mut hasher = blake3::Hasher::new();
        for (range, seq) in ends.into_iter().filter(|(range, _)| *range != i64::from(SENDING_RANGE)) {
            hasher.update(&range.to_le_bytes());
            hasher.update(&seq.to_le_bytes());
        }
        Ok(hasher.finalize().to_hex().to_string())
    }

    fn compare_with_shadow(&self, day: BusinessDate, scope: Scope) -> Result<Lacking, EngineError> {
        let Some(day) = self.db.read(|tx| run::find_day(tx, day))? else { return Ok(Lacking::default()) };
        let judge = Judge::load(self, day)?;
        let open_on = day.date.0.plus_days(1);
        let parts: Vec<Part> = match scope {
            Scope::All => crate::inspect::parts().collect(),
            Scope::Touched => self.db.read(|tx| {
                let mut all = crate::inspect::parts();
                let (first, last) = (all.next(), all.last());
                match first.zip(last) {
                    Some((first, last)) => agreement::parts_with_due(tx, first, last, open_on),
                    None => Ok(Vec::new()),
                }
            })?,
        };
        let gathered = crate::inspect::on_all_cores(&parts, &|lacking: &mut Lacking, part| {
            self.db.read_as(|tx| {
                let rows = PartRows::load(tx, part, scope, open_on)?;
                compare_part(tx, &judge, day, rows, lacking)
            })
        })?;
        let mut all = Lacking::default();
        gathered.into_iter().for_each(|lacking| all.merge(lacking));
        Ok(all)
    }
}

fn compare_part(
    tx: &mut Tx<'_>,
    judge: &Judge<'_>,
    day: BusinessDay,
    part: PartRows,
    lacking: &mut Lacking,
) -> Result<(), EngineError> {
    let PartRows { rows, mut facts, verdicts, messages } = part;
    let date = day.date.0;
    let none = Vec::new();
    let mut sealed = Vec::new();
    for row in &rows {
        let known = known_at(&facts.remove(&row.id).unwrap_or_default(), day.decided_at);
        let terms = judge.terms(row, date)?;
        lacking.compared += 1;
        let is_overdue = !overdue_days(row, &terms, &known, date, date)?.is_empty();
        let given = verdicts.get(&row.id).unwrap_or(&none);
        let Some(verdict) = verdict_on(given, date) else {
            if is_overdue {
                lacking.silent.add(&row.external_id, false, None);
            }
            continue;
        };
        if is_overdue && verdict.span.reason == Reason::NothingOverdue {
            lacking.silent.add(&row.external_id, true, None);
            continue;
        }
        if is_overdue && verdict.span.message.is_some_and(|message| !messages.contains(&message)) {
            lacking.without_message.add(&row.external_id, false, None);
        }
        sealed.extend(Sealed::of(row, terms, known, given, verdict, is_overdue, date)?);
    }
    for (agreement, told) in judge.wrong(tx, &sealed)? {
        lacking.wrong.add(&agreement, false, Some(told));
    }
    Ok(())
}
