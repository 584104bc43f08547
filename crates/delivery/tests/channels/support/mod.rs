//! Cleared messages to hand over, made the only way there is: by asking the rules.

pub mod peer;
pub mod trunk;

use dunlin_delivery::{About, Handover};
use dunlin_domain::compliance::{Circumstances, ContactRequest, ContactRules, Content, DayCounts, clear};
use dunlin_domain::contact::{Channel, ContactPointKind, ContactPointState, Language, Party, Personal};
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{AgreementId, AttemptId, ContactPointId, CustomerId, MessageId};
use dunlin_domain::message::ClearedMessage;
use jiff::tz::TimeZone;

/// 2026-11-24T09:30:00+08:00.
pub const NOW: Timestamp = Timestamp::from_micros(1_795_483_800_000_000);

/// What the messages of these tests say.
pub const SUBJECT: &str = "您的账单已逾期 3 天";
pub const BODY: &str = "【示例消金】尊敬的客户，您本期账单还有 ¥1,234.56 未还，已逾期 3 天。\n\
     .请于 11 月 25 日前还款；如有困难，请致电 400-000-0000 与我们协商。\n";

/// A message called `name` by `channel` to `recipient`, which may be sent for an hour from [`NOW`] on.
pub fn message(name: &str, channel: Channel, recipient: &str) -> ClearedMessage {
    message_saying(name, channel, recipient, SUBJECT, BODY)
}

/// The same with another subject and text.
pub fn message_saying(
    name: &str,
    channel: Channel,
    recipient: &str,
    subject: &str,
    body: &str,
) -> ClearedMessage {
    message_with("", (name, channel, recipient), (subject, body))
}

/// The same as the first, of a template.
pub fn message_of(template: &str, name: &str, channel: Channel, recipient: &str) -> ClearedMessage {
    message_with(template, (name, channel, recipient), (SUBJECT, BODY))
}

fn message_with(
    template: &str,
    (name, channel, recipient): (&str, Channel, &str),
    (subject, body): (&str, &str),
) -> ClearedMessage {
    let zone = TimeZone::fixed(jiff::tz::offset(8));
    let request = ContactRequest {
        message: MessageId::of_external(name),
        attempt: AttemptId::of_external(name),
        agreement: AgreementId::of_external("A-1"),
        customer: CustomerId::of_external("C-1"),
        channel,
        party: Party::Borrower,
        contact_point: ContactPointId::of_external("P-1"),
        contact_point_kind: kind_for(channel),
        contact_point_state: ContactPointState::Active,
        opted_out: Vec::new(),
        holds: Vec::new(),
        last_contacted_on: None,
        counts: DayCounts::new(NOW.date_in(&zone)),
        agreed_windows: Vec::new(),
        zone: zone.clone(),
        valid_until: NOW.plus_seconds(3600),
        circumstances: Circumstances::default(),
    };
    let content = Content {
        recipient: Personal::new(recipient),
        subject: Personal::new(subject),
        body: Personal::new(body),
        language: Language::Zh,
        template: template.to_owned(),
    };
    clear(&[&ContactRules::unlimited("none", zone)], &request, content, NOW).expect("no rule is switched on")
}

fn kind_for(channel: Channel) -> ContactPointKind {
    let serves = |kind: &&ContactPointKind| kind.serves(channel);
    *ContactPointKind::ALL.iter().find(serves).expect("each channel has a kind of contact point")
}

/// An answer in one line.
pub fn told(answer: &Handover) -> String {
    match answer {
        Handover::Accepted { references } => format!("accepted as {}", references.join(" ")),
        Handover::Throttled { code, detail, retry_after_seconds } => {
            format!("throttled for {retry_after_seconds} s, {code}: {detail}")
        }
        Handover::Deferred { code, detail } => format!("deferred, {code}: {detail}"),
        Handover::Rejected { code, detail, address_is_bad: true } => {
            format!("rejected, bad address, {code}: {detail}")
        }
        Handover::Rejected { code, detail, address_is_bad: false } => format!("rejected, {code}: {detail}"),
        Handover::Unavailable { code, detail } => format!("unavailable, {code}: {detail}"),
        Handover::Unknown { code, detail } => format!("unknown, {code}: {detail}"),
        Handover::Expired => "expired".to_owned(),
    }
}

/// What a receipt speaks of, in words.
pub fn named(about: &About) -> String {
    match about {
        About::Message(id) => id.to_string(),
        About::Reference(reference) => format!("reference {reference}"),
    }
}
