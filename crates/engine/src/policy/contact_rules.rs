//! Contact-rules documents: from TOML to [`ContactRules`]. The format is told in `docs/contact-rules.md`.

use std::collections::BTreeMap;

use dunlin_domain::compliance::{
    AppliesTo, CallFrequency, Clocks, Confidence, ContactRules, DayWindow, DebtorState, ForbiddenWording,
    ForbiddenWords, HoldKind, Place, Rule, Strength,
};
use dunlin_domain::contact::{Channel, Language, Party};
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use jiff::tz::TimeZone;
use serde::Deserialize;
use toml::Spanned;

use super::PolicyKind;
use super::error::{Complaints, PolicyError};
use super::header::{Header, read_header};
use super::toml_text::{document_text, read};

/// A version of the rules for contacting people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactRulesDocument {
    /// The head.
    pub header: Header,
    /// The rules.
    pub rules: ContactRules,
}

document_text! {
    struct RulesText {
        zone: Spanned<String>,
        applies_to: Option<AppliesToText>,
        #[serde(default)]
        clocks: BTreeMap<String, Vec<Spanned<String>>>,
        quiet_hours: Option<QuietHoursText>,
        effective_calls: Option<CapText>,
        unanswered_calls: Option<CapText>,
        interval: Option<IntervalText>,
        message_caps: Option<MessageCapsText>,
        third_parties: Option<ThirdPartiesText>,
        opt_out: Option<OptOutText>,
        #[serde(default)]
        holds: Vec<HoldText>,
        wording: Option<WordingText>,
        locating: Option<LocatingText>,
        visits: Option<VisitsText>,
        attorney: Option<AttorneyText>,
        inconvenient_times: Option<InconvenientTimesText>,
        call_frequency: Option<CallFrequencyText>,
        number_proof: Option<NumberProofText>,
    }
}

/// To whom the pack applies.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppliesToText {
    #[serde(default)]
    products: Vec<String>,
    #[serde(default)]
    places: Vec<Spanned<String>>,
    #[serde(default)]
    zones: Vec<Spanned<String>>,
    #[serde(default)]
    otherwise: bool,
}

/// Declares the form of a rule: what every rule has, and its own parameters.
macro_rules! rule_text {
    (struct $name:ident { $($field:ident: $type:ty,)* }) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $name {
            id: Spanned<String>,
            source: Spanned<String>,
            confidence: Spanned<String>,
            strength: Option<Spanned<String>>,
            enabled: Option<bool>,
            $($field: $type,)*
        }

        impl $name {
            fn rule<P>(&self, field: &str, parameters: Option<P>, complaints: &mut Complaints<'_>) -> Option<Rule<P>> {
                let head = [&self.id, &self.source, &self.confidence];
                rule_of(head, self.strength.as_ref(), self.enabled, field, parameters, complaints)
            }
        }
    };
}

rule_text! { struct QuietHoursText { start: Spanned<String>, end: Spanned<String>, } }
rule_text! { struct CapText { max_per_day: Spanned<i64>, } }
rule_text! { struct IntervalText { days: Spanned<i64>, } }
rule_text! {
    struct MessageCapsText {
        sms: Option<Spanned<i64>>,
        voice: Option<Spanned<i64>>,
        email: Option<Spanned<i64>>,
        push: Option<Spanned<i64>>,
        letter: Option<Spanned<i64>>,
    }
}
rule_text! { struct ThirdPartiesText { may_be_told: Vec<Spanned<String>>, } }
rule_text! { struct OptOutText {} }
rule_text! { struct HoldText { hold: Spanned<String>, } }
rule_text! { struct WordingText { zh: Vec<Spanned<String>>, en: Vec<Spanned<String>>, } }

rule_text! { struct LocatingText { when_debtor_is: Vec<Spanned<String>>, } }
rule_text! { struct VisitsText { visitors_min: Spanned<i64>, } }
rule_text! { struct AttorneyText {} }
rule_text! { struct InconvenientTimesText {} }
rule_text! {
    struct CallFrequencyText {
        calls_max: Spanned<i64>,
        window_days: Spanned<i64>,
        days_after_conversation: Spanned<i64>,
        consent_days_max: Spanned<i64>,
        counts_texts: Option<bool>,
    }
}
rule_text! { struct NumberProofText { within_days: Spanned<i64>, } }

/// Reads a rule pack.
pub(super) fn parse(file: &str, text: &str) -> Result<ContactRulesDocument, Vec<PolicyError>> {
    let pack: RulesText = read(file, text)?;
    let mut complaints = Complaints::new(file, text);
    let fields = pack.header_fields(&complaints);
    let header = read_header(PolicyKind::ContactRules, file, &fields, &mut complaints);
    let rules = rules_of(&pack, header.as_ref(), &mut complaints);
    let document = header.zip(rules).map(|(header, rules)| ContactRulesDocument { header, rules });
    complaints.finish(document)
}

fn rules_of(
    pack: &RulesText,
    header: Option<&Header>,
    complaints: &mut Complaints<'_>,
) -> Option<ContactRules> {
    let zone = zone_of(&pack.zone, complaints);
    let applies_to = applies_to_of(pack.applies_to.as_ref(), complaints);
    let clocks = clocks_of(&pack.clocks, complaints);
    let quiet_hours = pack.quiet_hours.as_ref().map(|text| {
        let window = window_of(text, complaints);
        text.rule("quiet_hours", window, complaints)
    });
    let effective_calls = pack.effective_calls.as_ref().map(|text| {
        let calls = cap_of(&text.max_per_day, "effective_calls.max_per_day", complaints);
        text.rule("effective_calls", calls, complaints)
    });
    let unanswered_calls = pack.unanswered_calls.as_ref().map(|text| {
        let calls = cap_of(&text.max_per_day, "unanswered_calls.max_per_day", complaints);
        text.rule("unanswered_calls", calls, complaints)
    });
    let interval_days = pack.interval.as_ref().map(|text| {
        let days = interval_of(&text.days, complaints);
        text.rule("interval", days, complaints)
    });
    let message_caps = pack.message_caps.as_ref().map(|text| {
        let caps = message_caps_of(text, complaints);
        text.rule("message_caps", caps, complaints)
    });
    let may_be_told = pack.third_parties.as_ref().map(|text| {
        let parties = parties_of(text, complaints);
        text.rule("third_parties", parties, complaints)
    });
    let opt_out = pack.opt_out.as_ref().map(|text| text.rule("opt_out", Some(()), complaints));
    let holds: Vec<Option<Rule<HoldKind>>> =
        pack.holds.iter().map(|hold| hold_of(hold, complaints)).collect();
    let wording = pack.wording.as_ref().map(|text| {
        let words = wording_of(text, complaints);
        text.rule("wording", words, complaints)
    });
    let added = added_rules(pack, complaints);
    let (header, zone) = (header?, zone?);
    let off = ContactRules::unlimited(&header.name, zone.clone());
    let AddedRules { locating, visits, attorney, inconvenient_times, call_frequency, number_proof_days } =
        added?;
    Some(ContactRules {
        name: header.name.clone(),
        version: header.version,
        zone,
        applies_to: applies_to?,
        clocks: clocks?,
        quiet_hours: read_or_absent(quiet_hours)?.unwrap_or(off.quiet_hours),
        effective_calls: read_or_absent(effective_calls)?.unwrap_or(off.effective_calls),
        unanswered_calls: read_or_absent(unanswered_calls)?.unwrap_or(off.unanswered_calls),
        interval_days: read_or_absent(interval_days)?.unwrap_or(off.interval_days),
        message_caps: read_or_absent(message_caps)?.unwrap_or(off.message_caps),
        may_be_told: read_or_absent(may_be_told)?.unwrap_or(off.may_be_told),
        opt_out: read_or_absent(opt_out)?.unwrap_or(off.opt_out),
        holds: holds.into_iter().collect::<Option<_>>()?,
        wording: read_or_absent(wording)?.unwrap_or(off.wording),
        locating: locating.unwrap_or(off.locating),
        visits: visits.unwrap_or(off.visits),
        attorney: attorney.unwrap_or(off.attorney),
        inconvenient_times: inconvenient_times.unwrap_or(off.inconvenient_times),
        call_frequency: call_frequency.unwrap_or(off.call_frequency),
        number_proof_days: number_proof_days.unwrap_or(off.number_proof_days),
    })
}

/// To whom the pack applies; to everybody where it does not say.
fn applies_to_of(text: Option<&AppliesToText>, complaints: &mut Complaints<'_>) -> Option<AppliesTo> {
    let Some(text) = text else { return Some(AppliesTo::default()) };
    let place_of = |place: &Spanned<String>, complaints: &mut Complaints<'_>| {
        let name = place.as_ref();
        let read = Place::parse(name).filter(Place::is_real).ok_or_else(|| {
            wording!(
                "“{name}”不是 ISO 3166 的国家或地区代码，如“US”“US-MA”，英国为“GB”",
                "{name:?} is not a country or region of ISO 3166, such as \"US\" or \"US-MA\"; the United Kingdom is \"GB\""
            )
        });
        complaints.keep(place, "applies_to.places", read)
    };
    let places: Vec<Option<Place>> = text.places.iter().map(|place| place_of(place, complaints)).collect();
    let mut is_right = true;
    for zone in &text.zones {
        let name = zone.as_ref();
        if !name.ends_with("/*") && TimeZone::get(name).is_err() {
            let complaint = wording!(
                "时区“{name}”无法识别；请写 IANA 名称，如“Asia/Shanghai”，或“America/*”",
                "{name:?} is not a zone; write its IANA name, such as \"Asia/Shanghai\", or \"America/*\""
            );
            complaints.add_at(zone, "applies_to.zones", complaint);
            is_right = false;
        }
    }
    let zones = text.zones.iter().map(|zone| zone.as_ref().clone()).collect();
    let places = places.into_iter().collect::<Option<_>>()?;
    let (products, otherwise) = (text.products.clone(), text.otherwise);
    is_right.then_some(AppliesTo { products, places, zones, otherwise })
}

/// By which clocks hours are kept beside the person's own: `always`, `otherwise`, and those of places.
fn clocks_of(
    text: &BTreeMap<String, Vec<Spanned<String>>>,
    complaints: &mut Complaints<'_>,
) -> Option<Clocks> {
    let mut clocks = Clocks::default();
    let mut is_right = true;
    for (name, zones) in text {
        let field = format!("clocks.{name}");
        let read: Option<Vec<TimeZone>> =
            zones.iter().map(|zone| zone_at(zone, &field, complaints)).collect();
        let place = Place::parse(name).filter(Place::is_real);
        match (name.as_str(), read, place) {
            (_, None, _) => is_right = false,
            ("always", Some(zones), _) => clocks.always = zones,
            ("otherwise", Some(zones), _) => clocks.otherwise = zones,
            (_, Some(zones), Some(place)) => clocks.of_places.push((place, zones)),
            (_, Some(_), None) => {
                let complaint = wording!(
                    "既不是 always 或 otherwise，也不是 ISO 3166 的地区代码（如“US-CA”）",
                    "is neither always nor otherwise, nor a place of ISO 3166, such as \"US-CA\""
                );
                match zones.first() {
                    Some(zone) => complaints.add_at(zone, &field, complaint),
                    None => complaints.add(None, &field, complaint),
                }
                is_right = false;
            }
        }
    }
    is_right.then_some(clocks)
}

/// Rules that a pack may leave out; one that is left out is off.
struct AddedRules {
    locating: Option<Rule<Vec<DebtorState>>>,
    visits: Option<Rule<u32>>,
    attorney: Option<Rule<()>>,
    inconvenient_times: Option<Rule<()>>,
    call_frequency: Option<Rule<CallFrequency>>,
    number_proof_days: Option<Rule<u32>>,
}

/// The outer `None` where one of them cannot be read.
fn added_rules(pack: &RulesText, complaints: &mut Complaints<'_>) -> Option<AddedRules> {
    let locating = pack.locating.as_ref().map(|text| {
        let states = states_of(text, complaints);
        text.rule("locating", states, complaints)
    });
    let visits = pack.visits.as_ref().map(|text| {
        let least = cap_of(&text.visitors_min, "visits.visitors_min", complaints);
        text.rule("visits", least, complaints)
    });
    let attorney = pack.attorney.as_ref().map(|text| text.rule("attorney", Some(()), complaints));
    let inconvenient_times =
        pack.inconvenient_times.as_ref().map(|text| text.rule("inconvenient_times", Some(()), complaints));
    let call_frequency = pack.call_frequency.as_ref().map(|text| {
        let numbers = call_frequency_of(text, complaints);
        text.rule("call_frequency", numbers, complaints)
    });
    let number_proof_days = pack.number_proof.as_ref().map(|text| {
        let days = cap_of(&text.within_days, "number_proof.within_days", complaints);
        text.rule("number_proof", days, complaints)
    });
    Some(AddedRules {
        locating: read_or_absent(locating)?,
        visits: read_or_absent(visits)?,
        attorney: read_or_absent(attorney)?,
        inconvenient_times: read_or_absent(inconvenient_times)?,
        call_frequency: read_or_absent(call_frequency)?,
        number_proof_days: read_or_absent(number_proof_days)?,
    })
}

/// A rule that is there must have been read.
fn read_or_absent<P>(rule: Option<Option<Rule<P>>>) -> Option<Option<Rule<P>>> {
    match rule {
        Some(read) => read.map(Some),
        None => Some(None),
    }
}

fn states_of(text: &LocatingText, complaints: &mut Complaints<'_>) -> Option<Vec<DebtorState>> {
    let field = "locating.when_debtor_is";
    let states = text.when_debtor_is.iter().map(|place| {
        let code = place.as_ref();
        // Whoever is bankrupt can be reached.
        let is_out_of_reach = |state: &DebtorState| {
            !matches!(state, DebtorState::Reachable | DebtorState::Bankrupt | DebtorState::Restricted)
        };
        let allowed = DebtorState::ALL.iter().filter(|state| is_out_of_reach(state));
        let state = DebtorState::parse(code).filter(is_out_of_reach);
        let state = state.ok_or_else(|| Wording::not_one_of(code, allowed.map(|state| state.code())));
        complaints.keep(place, field, state)
    });
    states.collect::<Vec<_>>().into_iter().collect()
}

fn call_frequency_of(text: &CallFrequencyText, complaints: &mut Complaints<'_>) -> Option<CallFrequency> {
    let calls_max = cap_of(&text.calls_max, "call_frequency.calls_max", complaints);
    let mut days = |place: &Spanned<i64>, name: &str, from: u16| {
        let number = *place.as_ref();
        let days = u16::try_from(number).ok().filter(|days| (from..=365).contains(days));
        let days = days.ok_or_else(|| {
            wording!("{number} 超出范围，须为 {from} 至 365 天", "{number} must be {from} to 365 days")
        });
        complaints.keep(place, &format!("call_frequency.{name}"), days)
    };
    let window_days = days(&text.window_days, "window_days", 1);
    let gap_days = days(&text.days_after_conversation, "days_after_conversation", 0);
    let consent_days_max = days(&text.consent_days_max, "consent_days_max", 0);
    Some(CallFrequency {
        calls_max: calls_max?,
        window_days: window_days?,
        gap_days: gap_days?,
        consent_days_max: consent_days_max?,
        counts_texts: text.counts_texts.unwrap_or(false),
    })
}

/// What every rule has. A rule that we are not sure of (C or D) is off unless the document switches it on.
fn rule_of<P>(
    [id, source, confidence]: [&Spanned<String>; 3],
    strength: Option<&Spanned<String>>,
    enabled: Option<bool>,
    field: &str,
    parameters: Option<P>,
    complaints: &mut Complaints<'_>,
) -> Option<Rule<P>> {
    for (key, place) in [("id", id), ("source", source)] {
        if place.as_ref().trim().is_empty() {
            complaints.add_at(place, &format!("{field}.{key}"), wording!("为空", "is empty"));
        }
    }
    let codes = Confidence::ALL.iter().map(|value| value.code());
    let read =
        Confidence::parse(confidence.as_ref()).ok_or_else(|| Wording::not_one_of(confidence.as_ref(), codes));
    let confidence = complaints.keep(confidence, &format!("{field}.confidence"), read)?;
    let is_sure = matches!(confidence, Confidence::A | Confidence::B);
    let strength = match strength {
        Some(place) => {
            let codes = Strength::ALL.iter().map(|value| value.code());
            let read =
                Strength::parse(place.as_ref()).ok_or_else(|| Wording::not_one_of(place.as_ref(), codes));
            complaints.keep(place, &format!("{field}.strength"), read)?
        }
        None => Strength::MustNot,
    };
    Some(Rule {
        id: id.as_ref().clone(),
        source: source.as_ref().clone(),
        confidence,
        strength,
        is_enabled: enabled.unwrap_or(is_sure),
        parameters: parameters?,
    })
}

fn zone_of(place: &Spanned<String>, complaints: &mut Complaints<'_>) -> Option<TimeZone> {
    zone_at(place, "zone", complaints)
}

fn zone_at(place: &Spanned<String>, field: &str, complaints: &mut Complaints<'_>) -> Option<TimeZone> {
    let name = place.as_ref();
    let zone = TimeZone::get(name).map_err(|_| {
        wording!(
            "时区“{name}”无法识别；请写 IANA 名称，如“Asia/Shanghai”",
            "{name:?} is not a zone; write its IANA name, such as \"Asia/Shanghai\""
        )
    });
    complaints.keep(place, field, zone)
}

fn window_of(rule: &QuietHoursText, complaints: &mut Complaints<'_>) -> Option<DayWindow> {
    let start = complaints.keep(&rule.start, "quiet_hours.start", minute_of(rule.start.as_ref()));
    let end = complaints.keep(&rule.end, "quiet_hours.end", minute_of(rule.end.as_ref()));
    let (start_minute, end_minute) = start.zip(end)?;
    if start_minute == end_minute {
        let complaint = wording!(
            "静默时段的起止时刻相同；如要停用该规则，请写 enabled = false",
            "ends when it starts; switch the rule off with enabled = false instead"
        );
        complaints.add_at(&rule.end, "quiet_hours.end", complaint);
        return None;
    }
    Some(DayWindow { start_minute, end_minute })
}

/// Reads `HH:MM`.
fn minute_of(text: &str) -> Result<u16, Wording> {
    let complaint = || {
        wording!(
            "“{text}”不是“00:00”至“23:59”之间的时刻",
            "{text:?} is not a time of day from \"00:00\" to \"23:59\""
        )
    };
    let is_form = text.len() == 5
        && text.bytes().enumerate().all(
            |(index, byte)| {
                if index == 2 { byte == b':' } else { byte.is_ascii_digit() }
            },
        );
    let (hour, minute) = text.split_once(':').filter(|_| is_form).ok_or_else(complaint)?;
    let (hour, minute) = match (hour.parse::<u16>(), minute.parse::<u16>()) {
        (Ok(hour), Ok(minute)) if hour < 24 && minute < 60 => (hour, minute),
        _ => return Err(complaint()),
    };
    Ok(hour * 60 + minute)
}

fn cap_of(place: &Spanned<i64>, field: &str, complaints: &mut Complaints<'_>) -> Option<u32> {
    let number = *place.as_ref();
    let cap = u32::try_from(number)
        .map_err(|_| wording!("{number} 须为不小于 0 的整数", "{number} must be a whole number from 0"));
    complaints.keep(place, field, cap)
}

fn interval_of(place: &Spanned<i64>, complaints: &mut Complaints<'_>) -> Option<u16> {
    let number = *place.as_ref();
    let days = u16::try_from(number).ok().filter(|days| (1..=90).contains(days));
    complaints.keep(
        place,
        "interval.days",
        days.ok_or_else(|| wording!("{number} 超出范围，须为 1 至 90 天", "{number} must be 1 to 90 days")),
    )
}

fn message_caps_of(rule: &MessageCapsText, complaints: &mut Complaints<'_>) -> Option<Vec<(Channel, u32)>> {
    let caps = [
        (Channel::Sms, &rule.sms),
        (Channel::Voice, &rule.voice),
        (Channel::Email, &rule.email),
        (Channel::Push, &rule.push),
        (Channel::Letter, &rule.letter),
    ];
    let given = caps.into_iter().filter_map(|(channel, cap)| cap.as_ref().map(|cap| (channel, cap)));
    let read: Vec<Option<(Channel, u32)>> = given
        .map(|(channel, place)| {
            let cap = cap_of(place, &format!("message_caps.{channel}"), complaints);
            cap.map(|cap| (channel, cap))
        })
        .collect();
    read.into_iter().collect()
}

fn parties_of(rule: &ThirdPartiesText, complaints: &mut Complaints<'_>) -> Option<Vec<Party>> {
    let field = "third_parties.may_be_told";
    let mut parties = Vec::new();
    for place in &rule.may_be_told {
        let code = place.as_ref();
        match Party::parse(code) {
            Some(Party::ContactPerson) => {
                complaints.add_at(
                    place,
                    field,
                    wording!(
                        "contact_person（联系人）在任何情况下都不得获知债务；请去掉",
                        "contact_person is never told of a debt; leave it out"
                    ),
                );
            }
            Some(party) => parties.push(party),
            None => complaints.add_at(
                place,
                field,
                Wording::not_one_of(code, ["borrower", "co_borrower", "guarantor", "related_third_party"]),
            ),
        }
    }
    if parties.is_empty() {
        complaints.add_at(
            &rule.id,
            field,
            wording!("至少写一类可告知的人，如“borrower”", "must name somebody, such as \"borrower\""),
        );
        return None;
    }
    Some(parties)
}

fn hold_of(hold: &HoldText, complaints: &mut Complaints<'_>) -> Option<Rule<HoldKind>> {
    let codes = HoldKind::ALL.iter().map(|kind| kind.code());
    let kind =
        HoldKind::parse(hold.hold.as_ref()).ok_or_else(|| Wording::not_one_of(hold.hold.as_ref(), codes));
    let kind = complaints.keep(&hold.hold, "holds.hold", kind);
    hold.rule("holds", kind, complaints)
}

fn wording_of(rule: &WordingText, complaints: &mut Complaints<'_>) -> Option<ForbiddenWords> {
    let zh = rule.zh.iter().map(|place| (Language::Zh, place));
    let en = rule.en.iter().map(|place| (Language::En, place));
    let mut words = Vec::new();
    for (language, place) in zh.chain(en) {
        let text = place.as_ref();
        if !text.chars().any(char::is_alphanumeric) {
            complaints.add_at(
                place,
                &format!("wording.{language}"),
                wording!("没有文字，会禁止一切内容", "has no words and would forbid every text"),
            );
        }
        words.push(ForbiddenWording::new(language, text));
    }
    Some(ForbiddenWords::new(words))
}
