//! Regulation F: calls in seven days, conversations, consent, hours, places and media, by the shipped pack `us.toml`.

use dunlin_domain::compliance::{
    CallEvent, CallEventKind, CallFrequency, CallRole, ContactRequest, ContactRules, DayWindow,
    InconvenientTime, NumberProof, PlacedOutcome, Presumption, ProposedCall, Representation,
};
use dunlin_domain::contact::Channel;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, CustomerId};
use jiff::tz::TimeZone;

use super::compare::{Difference, Findings, Got};
use super::contacts::{ask, channel, first_weekday, request, united_states, verdict, weekday};
use super::fields::{Fields, Problem};
use super::{Failure, contacts};

/// 2026-03-02, a Monday without a change of the clock near it: the day of a case that names an hour only.
const MONDAY: Date = Date::from_days(20_514);

pub(super) fn play_calls(case: &Fields<'_>) -> Result<Vec<Difference>, Failure> {
    contacts::play(case, compare_calls)
}

pub(super) fn play_times(case: &Fields<'_>) -> Result<Vec<Difference>, Failure> {
    contacts::play(case, compare_times)
}

fn compare_calls(case: &Fields<'_>) -> Result<Vec<Difference>, Problem> {
    let rules = united_states()?;
    let rule =
        rules.call_frequency.enabled().ok_or_else(|| Problem::new("the pack has no rule for calls"))?;
    let debts = Debts::read(case)?;
    let mut history = Vec::new();
    for event in case.rows("events")? {
        history.extend(event_of(&event, &debts)?);
    }
    let queries = case.rows("queries")?;
    if queries.is_empty() {
        return Err(Problem::new("queries is empty: the case asks nothing; add a call that is proposed"));
    }
    let mut findings = Findings::default();
    for (index, query) in queries.iter().enumerate() {
        let place = format!("query {}", index + 1);
        compare_query(rule, &history, query, &debts, &place, &mut findings)
            .map_err(|problem| Problem::new(format!("{place}: {problem}")))?;
    }
    Ok(findings.into_differences())
}

fn compare_query(
    rule: &CallFrequency,
    history: &[CallEvent],
    query: &Fields<'_>,
    debts: &Debts,
    place: &str,
    findings: &mut Findings,
) -> Result<(), Problem> {
    let (person, role) = person_of(query.text("person")?)?;
    let call = ProposedCall { on: query.date("propose_call_on")?, person, role, debts: debts.named(query)? };
    let outcome = query.optional_text("outcome")?.map(outcome_of).transpose()?;
    let is_connected = outcome.is_none_or(PlacedOutcome::is_connected);
    let presumption = if is_connected { rule.presume(history, &call) } else { Presumption::Excluded };
    let (got, next) = match presumption {
        Presumption::Excluded => ("excluded_from_frequencies", None),
        Presumption::Compliance => ("presumed_compliance", None),
        Presumption::Violation { earliest_on, .. } => ("presumed_violation", Some(earliest_on)),
    };
    query.optional_text("reason")?;
    findings.named_field(query, "expected", place, &Got::text(got))?;
    for name in ["next_compliant_on", "next_lawful_on"] {
        if query.raw(name).is_some() {
            findings.named_field(query, name, place, &Got::optional_day(next))?;
        }
    }
    match query.unread() {
        Some(name) => Err(Problem::new(format!("unknown field {name:?}"))),
        None => Ok(()),
    }
}

/// The debts of a case; student loans under one account number are one (1006.14(b)(4)).
struct Debts(Vec<(String, AgreementId)>);

impl Debts {
    fn read(case: &Fields<'_>) -> Result<Self, Problem> {
        let mut debts = Vec::new();
        for debt in case.rows("debts")? {
            let name = debt.text("id")?;
            let kind = debt.optional_text("kind")?.unwrap_or_default();
            let mut account = None;
            for field in ["account_number", "account"] {
                account = account.or(debt.optional_decimal(field)?);
            }
            let key = match account {
                Some(account) if kind.starts_with("student_loan") => {
                    format!("student loan account {account}")
                }
                Some(_) | None => format!("debt {name}"),
            };
            if let Some(name) = debt.unread() {
                return Err(Problem::new(format!("debts: unknown field {name:?}")));
            }
            debts.push((name.to_owned(), AgreementId::of_external(&key)));
        }
        Ok(Self(debts))
    }

    fn named(&self, fields: &Fields<'_>) -> Result<Vec<AgreementId>, Problem> {
        let mut ids = Vec::new();
        for name in fields.list("debts")? {
            let known = self.0.iter().find(|(known, _)| name.as_str() == Some(known));
            let (_, id) =
                known.ok_or_else(|| Problem::new(format!("debts: {name} is no debt of the case")))?;
            if !ids.contains(id) {
                ids.push(*id);
            }
        }
        if ids.is_empty() {
            return Err(Problem::new("debts is empty: name what the call is about, such as [\"D1\"]"));
        }
        Ok(ids)
    }
}

fn person_of(name: &str) -> Result<(CustomerId, CallRole), Problem> {
    let role = match name {
        "spouse" => CallRole::Consumer,
        "parent" | "coworker" | "neighbour" | "neighbor" | "employer" | "roommate" => CallRole::ThirdParty,
        other => CallRole::parse(other).ok_or_else(|| Problem::new(format!("unknown person {other:?}")))?,
    };
    Ok((CustomerId::of_external(name), role))
}

fn outcome_of(name: &str) -> Result<PlacedOutcome, Problem> {
    PlacedOutcome::parse(name).ok_or_else(|| Problem::new(format!("unknown outcome {name:?} of a call")))
}

/// The event as the rule sees it; `None` for what is no call.
fn event_of(event: &Fields<'_>, debts: &Debts) -> Result<Option<CallEvent>, Problem> {
    let on = event.date("date")?;
    let (person, role) = person_of(event.text("person")?)?;
    let debts = debts.named(event)?;
    // Several numbers of one person share one count.
    event.optional_text("number")?;
    let outcome = event.optional_text("outcome")?;
    let period = event.optional_count("period_days")?;
    let kind = match event.text("type")? {
        "outbound_call" | "ringless_voicemail" => {
            let outcome = outcome.ok_or_else(|| Problem::new("the field \"outcome\" is missing"))?;
            Some(CallEventKind::Placed(outcome_of(outcome)?))
        }
        "inbound_call" => Some(CallEventKind::Received { is_conversation: outcome == Some("conversation") }),
        "prior_consent_given_directly_to_collector" => {
            let days = period.map(|days| {
                u16::try_from(days).map_err(|_| Problem::new("period_days: not a number of days"))
            });
            Some(CallEventKind::ConsentGiven { days: days.transpose()? })
        }
        "consent_revoked" => Some(CallEventKind::ConsentRevoked),
        "sms" | "text_message" | "email" | "letter" => None,
        other => return Err(Problem::new(format!("unknown type {other:?} of an event"))),
    };
    if let Some(name) = event.unread() {
        return Err(Problem::new(format!("events: unknown field {name:?}")));
    }
    Ok(kind.map(|kind| CallEvent { on, kind, person, role, debts }))
}

fn compare_times(case: &Fields<'_>) -> Result<Vec<Difference>, Problem> {
    let rules = united_states()?;
    let input = case.object("input")?;
    let window = input.names().find(|name| name.starts_with("window_in_"));
    let got = if let Some(field) = window {
        overlap(&rules, &input, field)?
    } else if input.raw("consumer_texted_days_ago").is_some()
        || input.raw("reassigned_check_days_ago").is_some()
    {
        safe_harbour(&rules, &input)?
    } else {
        let (asked, at) = asked(&rules, &input)?;
        verdict(&ask(&rules, &asked, at), "permitted").to_owned()
    };
    if let Some(name) = input.unread() {
        return Err(Problem::new(format!("input: unknown field {name:?}")));
    }
    let mut findings = Findings::default();
    findings.case_field(case, "expected", &Got::Text(got))?;
    Ok(findings.into_differences())
}

/// The places where a person may be, each told by a zone first: `America/New_York (mobile area code)`.
fn locations(input: &Fields<'_>) -> Result<Vec<(String, TimeZone)>, Problem> {
    let mut zones = Vec::new();
    for location in input.optional_list("locations")?.unwrap_or_default() {
        let name = location.as_str().and_then(|text| text.split_whitespace().next()).unwrap_or_default();
        let zone =
            TimeZone::get(name).map_err(|_| Problem::new(format!("locations: {name:?} is no zone")))?;
        zones.push((name.to_owned(), zone));
    }
    Ok(zones)
}

/// Whether the hours in which contact is lawful in all places are the window that the case names.
fn overlap(rules: &ContactRules, input: &Fields<'_>, field: &str) -> Result<String, Problem> {
    let zones = locations(input)?;
    let window = input.text(field)?;
    let city = field.trim_start_matches("window_in_").trim_end_matches("_time");
    let is_city = |name: &str| name.to_lowercase().ends_with(&format!("/{city}"));
    let named = zones.iter().find(|(name, _)| is_city(name));
    let (_, clock) = named.ok_or_else(|| Problem::new(format!("{field}: no location is in {city}")))?;
    let expected = window_of(window)?;
    let mut asked = request(rules, Channel::Voice, Timestamp::at(MONDAY, 12, 0, clock));
    asked.zone = clock.clone();
    asked.circumstances.other_zones =
        zones.iter().filter(|(name, _)| !is_city(name)).map(|(_, zone)| zone.clone()).collect();
    let lawful = |minute: u16| {
        let hour = i8::try_from(minute / 60).unwrap_or(0);
        let at = Timestamp::at(MONDAY, hour, i8::try_from(minute % 60).unwrap_or(0), clock);
        asked.valid_until = at.plus_seconds(86_400);
        ask(rules, &asked, at).is_ok()
    };
    let minutes: Vec<u16> = (0..24 * 60)
        .filter({
            let mut lawful = lawful;
            move |minute| lawful(*minute)
        })
        .collect();
    let (first, last) = (minutes.first().copied(), minutes.last().copied());
    let is_one_span =
        first.zip(last).is_some_and(|(first, last)| usize::from(last - first) + 1 == minutes.len());
    if is_one_span && first == Some(expected.start_minute) && last == Some(expected.end_minute) {
        return Ok("permitted only inside the intersection".to_owned());
    }
    let shown = |minute: Option<u16>| {
        minute.map_or("never".to_owned(), |minute| format!("{:02}:{:02}", minute / 60, minute % 60))
    };
    Ok(format!("permitted from {} to {}", shown(first), shown(last)))
}

fn safe_harbour(rules: &ContactRules, input: &Fields<'_>) -> Result<String, Problem> {
    let days = rules.number_proof_days.enabled().copied().unwrap_or(0);
    channel(input.optional_text("channel")?.unwrap_or("sms"))?;
    let ago = |name: &str| -> Result<Option<u32>, Problem> {
        let ago = input.optional_count(name)?.map(u32::try_from).transpose();
        ago.map_err(|_| Problem::new(format!("{name}: in the future")))
    };
    let proof = NumberProof {
        texted_days_ago: ago("consumer_texted_days_ago")?,
        checked_days_ago: ago("reassigned_check_days_ago")?,
    };
    Ok(if proof.is_within(days) { "safe harbour" } else { "no safe harbour" }.to_owned())
}

fn asked(rules: &ContactRules, input: &Fields<'_>) -> Result<(ContactRequest, Timestamp), Problem> {
    // An hour is told by the clock of the first place, or of the zone that is named.
    let places: Vec<TimeZone> = locations(input)?.into_iter().map(|(_, zone)| zone).collect();
    let zone = match (input.optional_text("zone")?, places.first()) {
        (Some(name), _) => {
            TimeZone::get(name).map_err(|_| Problem::new(format!("zone: {name:?} is no zone")))?
        }
        (None, Some(first)) => first.clone(),
        (None, None) => rules.zone.clone(),
    };
    let day = match input.optional_text("weekday")? {
        Some(name) => first_weekday(MONDAY, name)?,
        None => MONDAY,
    };
    let minute = input.optional_text("local_time")?.map_or(Ok(12 * 60), minute_of)?;
    if minute == 24 * 60 {
        return Err(Problem::new("local_time: a day ends before 24:00; write 00:00 of the next one"));
    }
    let (hour, minute) = (i8::try_from(minute / 60).unwrap_or(0), i8::try_from(minute % 60).unwrap_or(0));
    let at = Timestamp::at(day, hour, minute, &zone);
    let mut asked = request(rules, channel(input.optional_text("channel")?.unwrap_or("voice"))?, at);
    asked.zone = zone;
    if let Some(medium) = input.optional_text("consumer_refused_medium")? {
        asked.opted_out.push(channel(medium)?);
    }
    let facts = &mut asked.circumstances;
    facts.other_zones = places;
    // Where a case is not about it, the number is the person's.
    facts.number_proof.texted_days_ago = Some(0);
    for preference in input.optional_list("known_preferences")?.unwrap_or_default() {
        match preference_of(preference.as_str().unwrap_or_default())? {
            Preference::Time(time) => facts.inconvenient_times.push(time),
            Preference::Place(place) => {
                let here = input.optional_text("place")?;
                facts.is_inconvenient_place |= here.is_some_and(|here| here == place);
            }
        }
    }
    input.optional_text("place")?;
    facts.is_inconvenient_place |= input.optional_flag("employer_prohibits")?.unwrap_or(false);
    if input.optional_flag("represented_by_attorney_known")?.unwrap_or(false) {
        let attorney_consents = input.optional_flag("attorney_consents")?.unwrap_or(false);
        let attorney_is_silent = input.optional_flag("attorney_unresponsive")?.unwrap_or(false);
        facts.representation = Some(Representation { attorney_consents, attorney_is_silent });
    }
    match input.optional_text("to")? {
        None | Some("consumer") => {}
        Some("attorney" | "consumers_attorney") => facts.call_role = CallRole::ConsumersAttorney,
        Some(other) => return Err(Problem::new(format!("to: unknown person {other:?}"))),
    }
    Ok((asked, at))
}

enum Preference {
    Time(InconvenientTime),
    Place(String),
}

/// `no contact weekdays 12:00-13:00`, `no contact Sun`, `no contact at work`.
fn preference_of(text: &str) -> Result<Preference, Problem> {
    let unknown = || Problem::new(format!("known_preferences: {text:?} is of no known kind"));
    let rest =
        text.strip_prefix("no contact").or_else(|| text.strip_prefix("no calls")).ok_or_else(unknown)?;
    if let Some(place) = rest.trim().strip_prefix("at ").filter(|place| !place.contains(':')) {
        return Ok(Preference::Place(place.trim().to_owned()));
    }
    let mut time =
        InconvenientTime { weekdays: Vec::new(), window: DayWindow { start_minute: 0, end_minute: 24 * 60 } };
    for word in rest.split_whitespace() {
        match word {
            "on" | "from" | "between" | "and" => {}
            "weekdays" => {
                time.weekdays.extend(["mon", "tue", "wed", "thu", "fri"].map(weekday).into_iter().flatten())
            }
            "weekends" => time.weekdays.extend(["sat", "sun"].map(weekday).into_iter().flatten()),
            hours if hours.contains(':') => time.window = window_of(hours)?,
            day => time.weekdays.push(weekday(day).map_err(|_| unknown())?),
        }
    }
    Ok(Preference::Time(time))
}

/// `11:00-21:00`.
fn window_of(text: &str) -> Result<DayWindow, Problem> {
    let (start, end) = text
        .split_once('-')
        .ok_or_else(|| Problem::new(format!("{text:?} is not a span such as 11:00-21:00")))?;
    Ok(DayWindow { start_minute: minute_of(start)?, end_minute: minute_of(end)? })
}

fn minute_of(text: &str) -> Result<u16, Problem> {
    let unknown = || Problem::new(format!("{text:?} is not a time of day such as 07:59"));
    let (hour, minute) = text.trim().split_once(':').ok_or_else(unknown)?;
    let hour: u16 = hour.parse().map_err(|_| unknown())?;
    let minute: u16 = minute.parse().map_err(|_| unknown())?;
    if hour > 24 || minute > 59 || (hour == 24 && minute > 0) {
        Err(unknown())
    } else {
        Ok(hour * 60 + minute)
    }
}
