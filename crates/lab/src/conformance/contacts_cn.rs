//! Chinese contact rules: may this contact be made, by the shipped pack `cn.toml`?
//!
//! The verdict is that of all rules of the pack; a refusal must also name the rule that the case is about.

use dunlin_domain::compliance::{
    ContactRequest, ContactRules, DayCall, DayCounts, DayWindow, DebtorState, Hold, HoldKind, Purpose, Visit,
};
use dunlin_domain::contact::{Channel, Party};
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::ContactPointId;
use dunlin_domain::message::CallOutcome;

use super::compare::{Difference, Findings, Got};
use super::contacts::{ask, channel, china, moment, request, verdict};
use super::fields::{Fields, Problem};
use super::{Failure, contacts};

pub(super) fn play(case: &Fields<'_>) -> Result<Vec<Difference>, Failure> {
    contacts::play(case, compare)
}

fn compare(case: &Fields<'_>) -> Result<Vec<Difference>, Problem> {
    let input = case.object("input")?;
    let mut rules = china()?;
    // Rules that we are not sure of are off in the pack, and a case that is about one says so by its id.
    let rule = case.optional_text("rule")?;
    if rule == Some(rules.interval_days.id.as_str()) {
        rules.interval_days.is_enabled = true;
    }
    let at = moment(input.text("at")?)?;
    let asked = asked(&rules, &input, at)?;
    let words = input.optional_text("text")?.unwrap_or_default();
    if let Some(name) = input.unread() {
        return Err(Problem::new(format!("input: unknown field {name:?}")));
    }
    let answer = ask(&rules, &asked, at);
    let found = rules.forbidden_in(words);
    let got = if found.is_empty() { verdict(&answer, "allowed") } else { "forbidden" };
    let mut findings = Findings::default();
    findings.case_field(case, "expected", &Got::text(got))?;
    if let (Err(denial), Some(rule)) = (&answer, rule) {
        // A rule may stand in the pack in parts: CN-4, CN-4b.
        let is_named = denial.grounds.iter().any(|ground| ground.rule.trim_end_matches('b') == rule);
        if !is_named {
            let grounds: Vec<&str> = denial.grounds.iter().map(|ground| ground.rule.as_str()).collect();
            findings.add_whole(format!("rule: expected {rule}, got {}", grounds.join(", ")));
        }
    }
    let next = answer.err().and_then(|denial| denial.next_lawful);
    for name in ["next_lawful", "next_lawful_at"] {
        if let Some(expected) = case.optional_text(name)? {
            let expected = moment(expected)?;
            if next != Some(expected) {
                let got = next.map_or("nothing".to_owned(), |next| next.to_string());
                findings.add_whole(format!("{name}: expected {expected}, got {got}"));
            }
        }
    }
    Ok(findings.into_differences())
}

fn asked(rules: &ContactRules, input: &Fields<'_>, at: Timestamp) -> Result<ContactRequest, Problem> {
    let medium = input.text("channel")?;
    let is_visit = medium == "visit";
    let channel = if is_visit { Channel::Voice } else { channel(medium)? };
    let mut asked = request(rules, channel, at);
    asked.party = party(input.optional_text("to")?.unwrap_or("debtor"))?;
    if input.optional_flag("agreement_allows")?.unwrap_or(false) {
        asked.agreed_windows.push(DayWindow { start_minute: 0, end_minute: 24 * 60 });
    }
    if let Some(number) = input.optional_text("number")? {
        asked.contact_point = ContactPointId::of_external(number);
    }
    asked.counts = counts(rules, input, at, asked.contact_point)?;
    let opted_out = ["contact_opted_out", "opted_out"].map(|name| input.optional_flag(name));
    for flag in opted_out {
        if flag?.unwrap_or(false) {
            asked.opted_out.push(channel);
        }
    }
    circumstances(input, is_visit, &mut asked)?;
    // The kind of product decides which law the plan rests on, and all of it is in the pack.
    input.optional_text("product")?;
    match input.optional_text("plan")? {
        None | Some("none" | "breached" | "not_performed" | "ended") => {}
        Some("performed" | "performing" | "in_force" | "active" | "kept") => {
            asked.holds.push(Hold { kind: HoldKind::HardshipPlan, through: None });
        }
        Some(other) => return Err(Problem::new(format!("input: plan: unknown state {other:?}"))),
    }
    Ok(asked)
}

fn circumstances(input: &Fields<'_>, is_visit: bool, asked: &mut ContactRequest) -> Result<(), Problem> {
    let facts = &mut asked.circumstances;
    if let Some(purpose) = input.optional_text("purpose")? {
        let known = match purpose {
            "relay" => Some(Purpose::Locate),
            other => Purpose::parse(other),
        };
        facts.purpose = known.ok_or_else(|| Problem::new(format!("input: unknown purpose {purpose:?}")))?;
    }
    if let Some(state) = input.optional_text("debtor_state")? {
        let known = DebtorState::parse(state);
        facts.debtor = known.ok_or_else(|| Problem::new(format!("input: unknown debtor_state {state:?}")))?;
    }
    facts.discloses_debt = input.optional_flag("discloses_debt")?.unwrap_or(false);
    facts.is_household_debt_documented = input.optional_flag("documented_household_debt")?.unwrap_or(false);
    let visitors = input.optional_count("visitors")?;
    let has_consent_to_enter = input.optional_flag("consent_to_enter")?.unwrap_or(false);
    let enters_private_premises = input.optional_flag("enters_private_premises")?.unwrap_or(false);
    if is_visit {
        let visitors = visitors.ok_or_else(|| Problem::new("input: the field \"visitors\" is missing"))?;
        let visitors = u32::try_from(visitors).map_err(|_| Problem::new("input: visitors: below none"))?;
        facts.visit = Some(Visit { visitors, enters_private_premises, has_consent_to_enter });
    }
    Ok(())
}

fn party(name: &str) -> Result<Party, Problem> {
    match name {
        "debtor" | "borrower" => Ok(Party::Borrower),
        "contact" | "contact_person" | "unrelated_third_party" => Ok(Party::ContactPerson),
        other => {
            Party::parse(other).ok_or_else(|| Problem::new(format!("input: to: unknown party {other:?}")))
        }
    }
}

fn counts(
    rules: &ContactRules,
    input: &Fields<'_>,
    at: Timestamp,
    number: ContactPointId,
) -> Result<DayCounts, Problem> {
    let mut calls = Vec::new();
    if let Some(list) = input.optional_list("today")? {
        let events = list.iter().map(|event| event.as_object().map(Fields::new));
        for event in events {
            let event =
                event.ok_or_else(|| Problem::new("input: today: a call is an object with a \"kind\""))?;
            let contact_point = event.optional_text("number")?.map(ContactPointId::of_external);
            // Calls of the lender and of all agencies are counted together.
            event.optional_text("by")?;
            let (is_inbound, outcome) = match event.text("kind")? {
                "effective_voice" | "effective_ai_voice" | "ai_effective_voice" | "effective" => {
                    (false, CallOutcome::Effective)
                }
                "unanswered" => (false, CallOutcome::Unanswered),
                "inbound_effective" | "inbound" => (true, CallOutcome::Effective),
                "not_the_person" => (false, CallOutcome::NotThePerson),
                other => return Err(Problem::new(format!("input: today: unknown kind {other:?}"))),
            };
            if let Some(name) = event.unread() {
                return Err(Problem::new(format!("input: today: unknown field {name:?}")));
            }
            calls.push(DayCall { is_inbound, outcome, contact_point });
        }
    }
    Ok(DayCounts::of_calls(at.date_in(&rules.zone), &calls, number))
}
