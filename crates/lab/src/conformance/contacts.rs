//! What the players of contact rules share: the shipped packs, and requests that have nothing unusual.

use dunlin_domain::compliance::{
    Circumstances, ContactRequest, ContactRules, DayCounts, Denial, Permit, Strength, permit,
};
use dunlin_domain::contact::{Channel, ContactPointKind, ContactPointState, Party};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, AttemptId, ContactPointId, CustomerId, MessageId};
use dunlin_domain::money::Rate;
use dunlin_engine::policy::{self, PolicyDocument, PolicyKind};

use super::compare::Difference;
use super::fields::{Fields, Problem};
use super::{Failure, whole};

/// The pack, as shipped; the lender's own limits in it are no law and are switched off.
pub(super) fn pack(file: &str, text: &str) -> Result<ContactRules, Problem> {
    let document = policy::parse(PolicyKind::ContactRules, file, text, Rate::ONE).map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Problem::new(format!("the shipped rule pack {file} cannot be read: {}", errors.join("; ")))
    })?;
    let PolicyDocument::ContactRules(document) = document else {
        return Err(Problem::new(format!("{file} is no rule pack")));
    };
    let mut rules = document.rules;
    rules.message_caps.is_enabled = false;
    Ok(rules)
}

/// The law of mainland China.
pub(super) fn china() -> Result<ContactRules, Problem> {
    pack("cn.toml", include_str!("../../../../policies/contact-rules/cn.toml"))
}

/// The law of the United States.
pub(super) fn united_states() -> Result<ContactRules, Problem> {
    pack("us.toml", include_str!("../../../../policies/contact-rules/us.toml"))
}

/// What a case says besides what is played: who says so, how sure that is, and words for the reader.
const ABOUT: [&str; 13] = [
    "id",
    "title",
    "rule",
    "cite",
    "source",
    "basis",
    "date_provenance",
    "confidence",
    "summary",
    "reason",
    "note",
    "text_reread",
    "secondary_confirmation",
];

/// Plays a case of contact rules. It may have no field that nobody knows: that would be compared with nothing.
pub(super) fn play(
    case: &Fields<'_>,
    compare: fn(&Fields<'_>) -> Result<Vec<Difference>, Problem>,
) -> Result<Vec<Difference>, Failure> {
    let found = compare(case).map_err(whole)?;
    for name in ABOUT {
        case.raw(name);
    }
    match case.unread() {
        Some(name) => Err(whole(Problem::new(format!("unknown field {name:?}")))),
        None => Ok(found),
    }
}

/// A contact with the borrower at `at` with nothing unusual about it.
pub(super) fn request(rules: &ContactRules, channel: Channel, at: Timestamp) -> ContactRequest {
    let kind = match channel {
        Channel::Sms | Channel::Voice => ContactPointKind::Phone,
        Channel::Email => ContactPointKind::Email,
        Channel::Push => ContactPointKind::Push,
        Channel::Letter => ContactPointKind::Postal,
    };
    ContactRequest {
        message: MessageId::of_external("case"),
        attempt: AttemptId::of_external("case"),
        agreement: AgreementId::of_external("case"),
        customer: CustomerId::of_external("case"),
        channel,
        party: Party::Borrower,
        contact_point: ContactPointId::of_external("case"),
        contact_point_kind: kind,
        contact_point_state: ContactPointState::Active,
        opted_out: Vec::new(),
        holds: Vec::new(),
        last_contacted_on: None,
        counts: DayCounts::new(at.date_in(&rules.zone)),
        agreed_windows: Vec::new(),
        zone: rules.zone.clone(),
        valid_until: at.plus_seconds(7 * 86_400),
        circumstances: Circumstances::default(),
    }
}

/// The verdict in the words of the files of cases.
pub(super) fn verdict(answer: &Result<Permit, Denial>, yes: &'static str) -> &'static str {
    match answer {
        Ok(_) => yes,
        Err(denial) => match denial.strength() {
            Strength::MustNot => "forbidden",
            Strength::ShouldNot => "discouraged",
        },
    }
}

/// Asks the guard.
pub(super) fn ask(rules: &ContactRules, request: &ContactRequest, at: Timestamp) -> Result<Permit, Denial> {
    permit(&[rules], request, at)
}

/// Reads `sms`, `voice` and the like; a visit goes by no channel.
pub(super) fn channel(name: &str) -> Result<Channel, Problem> {
    match name {
        "voice" | "call" | "phone" | "ai_voice" | "robot_voice" => Ok(Channel::Voice),
        "sms" | "text" => Ok(Channel::Sms),
        "email" => Ok(Channel::Email),
        "push" | "app_push" | "app" => Ok(Channel::Push),
        "letter" | "mail" => Ok(Channel::Letter),
        _ => Err(Problem::new(format!("unknown channel {name:?}"))),
    }
}

/// Reads a moment in RFC 3339.
pub(super) fn moment(text: &str) -> Result<Timestamp, Problem> {
    let moment: Result<jiff::Timestamp, _> = text.parse();
    let moment = moment
        .map_err(|_| Problem::new(format!("{text:?} is not a moment such as 2026-11-23T10:00:00+08:00")))?;
    Ok(Timestamp::from_micros(moment.as_microsecond()))
}

/// The first day from `from` on that is such a day of the week, by its first three letters.
pub(super) fn first_weekday(from: Date, name: &str) -> Result<Date, Problem> {
    let wanted = weekday(name)?;
    let days = (0..7).map(|days| from.plus_days(days));
    let found = days.into_iter().find(|day| day.civil().weekday() == wanted);
    found.ok_or_else(|| Problem::new(format!("{name:?} is no day of the week")))
}

pub(super) fn weekday(name: &str) -> Result<jiff::civil::Weekday, Problem> {
    use jiff::civil::Weekday as W;
    let letters: String = name.chars().take(3).flat_map(char::to_lowercase).collect();
    let days = [W::Monday, W::Tuesday, W::Wednesday, W::Thursday, W::Friday, W::Saturday, W::Sunday];
    let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let index = names.iter().position(|known| *known == letters);
    index.map(|index| days[index]).ok_or_else(|| Problem::new(format!("{name:?} is no day of the week")))
}
