//! Replies in the forms in which providers bring them over HTTP.

use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::date::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::callback::civil_moment;
use crate::reply::Reply;

fn reply(from: &str, text: &str, at: Timestamp, mark: String) -> Option<Reply> {
    let (from, text) = (Personal::new(from), Personal::new(text));
    (!from.reveal().is_empty()).then_some(Reply { channel: Channel::Sms, from, text, at, mark })
}

/// A form with `From`, `Body` and `MessageSid`.
pub(super) fn twilio(fields: &[(String, String)], now: Timestamp) -> Option<Vec<Reply>> {
    let of = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    Some(vec![reply(of("From")?, of("Body")?, now, of("MessageSid")?.to_owned())?])
}

/// An entry of Aliyun's `SmsUp`.
pub(super) fn aliyun(entry: &Value, zone: &TimeZone, now: Timestamp) -> Option<Reply> {
    let text = |name: &str| entry[name].as_str();
    let at = text("send_time").and_then(|time| civil_moment(time, zone)).unwrap_or(now);
    reply(text("phone_number")?, text("content")?, at, entry["sequence_id"].to_string())
}

/// Tencent Cloud's call-back of a reply: `time` is in seconds.
pub(super) fn tencent(entry: &Value, now: Timestamp) -> Option<Reply> {
    let text = |name: &str| entry[name].as_str();
    let seconds = entry["time"].as_i64();
    let at = seconds.map_or(now, |seconds| Timestamp::from_micros(seconds.saturating_mul(1_000_000)));
    let from = match text("nationcode").filter(|code| !code.is_empty()) {
        Some(code) => format!("+{code}{}", text("mobile")?),
        None => text("mobile")?.to_owned(),
    };
    reply(&from, text("text")?, at, entry["time"].to_string())
}

/// `{"from", "text", "at", "id"}`; the last two may be missing.
pub(super) fn generic(entry: &Value, now: Timestamp) -> Option<Reply> {
    let text = |name: &str| entry[name].as_str();
    let at = match text("at") {
        None => now,
        Some(at) => Timestamp::from_micros(at.parse::<jiff::Timestamp>().ok()?.as_microsecond()),
    };
    let mark = text("id").map_or_else(|| at.to_string(), str::to_owned);
    reply(text("from")?, text("text")?, at, mark)
}
