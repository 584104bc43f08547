//! Receipts that providers bring: call-backs over HTTP.
//!
//! Promises that nothing is read before the sender is known, that a call-back which is sent twice has the same keys, and
//! that nothing of it is kept but ids, states, codes and moments.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::fmt;

use dunlin_domain::date::Timestamp;
use dunlin_domain::id::MessageId;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::{inbound, sign};
use crate::config::{CallbackAuth, CallbackShape, CallbacksConfig};
use crate::receipt::{About, Receipt, ReceiptState, receipt_key};
use crate::reply::Reply;

/// A call-back as it came over the wire.
#[derive(Clone, Copy)]
pub struct Callback<'c> {
    /// The query of its address, without the question mark.
    pub query: &'c str,
    /// Its headers, by name in lower case.
    pub headers: &'c [(String, String)],
    /// Its body.
    pub body: &'c [u8],
}

/// Why a call-back is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallbackError {
    /// Its sender did not show that it is the provider.
    Forged,
    /// It cannot be read.
    Unreadable,
    /// None of its receipts makes sense: what is wrong with each.
    Refused {
        /// In words, which name the entry, counted from 1, and what stands there where that is no personal data.
        complaints: Vec<String>,
    },
}

impl CallbackError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::Forged => wording!(
                "回调未受理：签名或令牌不是该服务商的",
                "the call-back is not taken: its signature or token is not the provider's"
            ),
            Self::Unreadable => {
                wording!(
                    "回调无法读取：不是该服务商回执或回复的格式",
                    "the call-back cannot be read: it has not the form of the provider's receipts or replies"
                )
            }
            Self::Refused { complaints } => {
                let complaints = complaints.join("; ");
                wording!(
                    "回调中没有可受理的回执：{complaints}",
                    "no receipt of the call-back can be taken: {complaints}"
                )
            }
        }
    }
}

impl fmt::Display for CallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for CallbackError {}

/// The call-backs of one provider.
#[derive(Clone)]
pub struct Callbacks {
    provider: String,
    config: CallbacksConfig,
}

/// What a call-back is to bring.
#[derive(Clone, Copy)]
enum Brings {
    Receipts,
    Replies,
}

/// The receipts of a call-back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// Those that make sense.
    pub receipts: Vec<Receipt>,
    /// What is wrong with each of the others, in the words of [`CallbackError::Refused`].
    pub refused: Vec<String>,
}

/// What one receipt of a call-back says.
struct Said {
    about: About,
    state: ReceiptState,
    at: Option<Timestamp>,
}

impl Callbacks {
    /// The call-backs of `provider`.
    #[must_use]
    pub fn new(provider: &str, config: CallbacksConfig) -> Self {
        Self { provider: provider.to_owned(), config }
    }

    /// The receipts in a call-back that comes at `now`. One that makes no sense does not keep the others of its list out.
    ///
    /// # Errors
    /// One that is not the provider's, that cannot be read, or of whose receipts none makes sense.
    pub fn read(&self, callback: &Callback<'_>, now: Timestamp) -> Result<Brought, CallbackError> {
        if !self.is_genuine(callback, Brings::Receipts, now) {
            return Err(CallbackError::Forged);
        }
        let formless = |said: Option<Said>| said.ok_or_else(|| FORMLESS.to_owned());
        let entries: Vec<Result<Said, String>> = match &self.config.shape {
            CallbackShape::Twilio => vec![Ok(twilio(callback).ok_or(CallbackError::Unreadable)?)],
            CallbackShape::Aliyun => each(callback, |entry| formless(aliyun(entry, &self.config.zone)))?,
            CallbackShape::Tencent => each(callback, |entry| formless(tencent(entry, &self.config.zone)))?,
            CallbackShape::Generic => each(callback, generic)?,
        };
        let mut brought = Brought::default();
        for (index, entry) in entries.into_iter().enumerate() {
            match entry {
                Ok(said) => brought.receipts.push(self.receipt(said, now)),
                Err(complaint) => brought.refused.push(format!("entry {}: {complaint}", index + 1)),
            }
        }
        if brought.receipts.is_empty() && !brought.refused.is_empty() {
            return Err(CallbackError::Refused { complaints: brought.refused });
        }
        Ok(brought)
    }

    fn receipt(&self, said: Said, now: Timestamp) -> Receipt {
        let Said { about, state, at } = said;
        let key = match &about {
            About::Message(message) => receipt_key(&self.provider, &message.0, &state, at),
            About::Reference(reference) => receipt_key(&self.provider, reference.as_bytes(), &state, at),
        };
        Receipt { about, state, at: at.unwrap_or(now), key, address_is_bad: false }
    }

    /// The replies in a call-back that comes at `now`.
    ///
    /// # Errors
    /// One that is not the provider's, or that cannot be read.
    pub fn read_replies(&self, callback: &Callback<'_>, now: Timestamp) -> Result<Vec<Reply>, CallbackError> {
        if !self.is_genuine(callback, Brings::Replies, now) {
            return Err(CallbackError::Forged);
        }
        let zone = &self.config.zone;
        let replies = match &self.config.shape {
            CallbackShape::Twilio => inbound::twilio(&fields_of(callback.body), now),
            CallbackShape::Aliyun => list(callback, |entry| inbound::aliyun(entry, zone, now)),
            CallbackShape::Tencent => list(callback, |entry| inbound::tencent(entry, now)),
            CallbackShape::Generic => list(callback, |entry| inbound::generic(entry, now)),
        };
        replies.ok_or(CallbackError::Unreadable)
    }

    fn is_genuine(&self, callback: &Callback<'_>, brings: Brings, now: Timestamp) -> bool {
        let header = |name: &str| {
            callback.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
        };
        match &self.config.auth {
            CallbackAuth::Twilio { token, url } => {
                // The setting names the address of receipts; that of replies differs in this word alone.
                let url = match brings {
                    Brings::Receipts => url.clone(),
                    Brings::Replies => url.replace("/callbacks/receipts/", "/callbacks/replies/"),
                };
                let full = match callback.query {
                    "" => url,
                    query => format!("{url}?{query}"),
                };
                let fields = fields_of(callback.body);
                header("x-twilio-signature")
                    .is_some_and(|signature| sign::is_twilios(token.reveal(), &full, &fields, signature))
            }
            CallbackAuth::Token { secret } => {
                let in_query = fields_of(callback.query.as_bytes());
                let in_query =
                    in_query.iter().find(|(name, _)| name == "token").map(|(_, token)| token.as_str());
                let in_header = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
                in_header.or(in_query).is_some_and(|given| sign::is_same_secret(secret.reveal(), given))
            }
            CallbackAuth::StandardWebhooks { key } => {
                let parts = (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
                let (Some(id), Some(seconds), Some(signatures)) = parts else { return false };
                sign::is_webhook_signed(key, (id, seconds, signatures), callback.body, now)
            }
        }
    }
}

/// The fields of a form or a query.
fn fields_of(text: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(text);
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%').and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Each entry of a JSON list, or the one that stands alone.
fn list<T>(callback: &Callback<'_>, read: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    match serde_json::from_slice(callback.body).ok()? {
        Value::Array(entries) => entries.iter().map(read).collect(),
        entry => Some(vec![read(&entry)?]),
    }
}

/// What is said of an entry that misses what each entry of its provider has.
const FORMLESS: &str = "it has not the form of the provider's receipts";

/// Each entry of a JSON list, or the one that stands alone, read by itself.
fn each(
    callback: &Callback<'_>,
    read: impl Fn(&Value) -> Result<Said, String>,
) -> Result<Vec<Result<Said, String>>, CallbackError> {
    match serde_json::from_slice(callback.body).map_err(|_| CallbackError::Unreadable)? {
        Value::Array(entries) => Ok(entries.iter().map(read).collect()),
        entry @ Value::Object(_) => Ok(vec![read(&entry)]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(CallbackError::Unreadable),
    }
}

/// Our own id where the provider gives it back, else the provider's.
fn about(ours: Option<&str>, theirs: Option<&str>) -> Option<About> {
    if let Some(message) = ours.and_then(MessageId::parse) {
        return Some(About::Message(message));
    }
    theirs.filter(|id| !id.is_empty()).map(|id| About::Reference(id.to_owned()))
}

/// A form with `MessageSid`, `MessageStatus` and, where it failed, `ErrorCode`; our id stands in the address.
fn twilio(callback: &Callback<'_>) -> Option<Said> {
    let fields = fields_of(callback.body);
    let query = fields_of(callback.query.as_bytes());
    let of = |fields: &[(String, String)], name: &str| {
        fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let about = about(of(&query, "message").as_deref(), of(&fields, "MessageSid").as_deref())?;
    let code = of(&fields, "ErrorCode").unwrap_or_default();
    let state = match of(&fields, "MessageStatus")?.as_str() {
        "delivered" => ReceiptState::Delivered,
        "read" => ReceiptState::Read,
        "failed" | "undelivered" | "canceled" => ReceiptState::failed(&code),
        other => ReceiptState::underway(other),
    };
    Some(Said { about, state, at: None })
}

/// An entry of Aliyun's `SmsReport`: `out_id` is ours.
fn aliyun(entry: &Value, zone: &TimeZone) -> Option<Said> {
    let text = |name: &str| entry[name].as_str();
    let state = match entry["success"].as_bool()? {
        true => ReceiptState::Delivered,
        false => ReceiptState::failed(text("err_code").unwrap_or_default()),
    };
    let at = text("report_time").and_then(|time| civil_moment(time, zone));
    Some(Said { about: about(text("out_id"), text("biz_id"))?, state, at })
}

/// An entry of Tencent Cloud's report: `ext` is ours.
fn tencent(entry: &Value, zone: &TimeZone) -> Option<Said> {
    let text = |name: &str| entry[name].as_str();
    let state = match text("report_status")? {
        "SUCCESS" => ReceiptState::Delivered,
        "FAIL" => ReceiptState::failed(text("errmsg").unwrap_or_default()),
        other => ReceiptState::underway(other),
    };
    let at = text("user_receive_time").and_then(|time| civil_moment(time, zone));
    Some(Said { about: about(text("ext"), text("sid"))?, state, at })
}

/// `{"id" or "reference", "state": "delivered" | "failed" | "read", "at", "code"}`; a state in which a message is still on
/// its way says nothing new.
fn generic(entry: &Value) -> Result<Said, String> {
    let text = |name: &str| entry[name].as_str();
    let state = match text("state").ok_or("there is no state; write delivered, failed or read")? {
        "delivered" => ReceiptState::Delivered,
        "read" => ReceiptState::Read,
        "failed" => ReceiptState::failed(text("code").unwrap_or_default()),
        word @ ("accepted" | "queued" | "sending" | "sent" | "underway") => ReceiptState::underway(word),
        other => {
            let other = ReceiptState::underway(other);
            return Err(format!("state {} is not delivered, failed or read", other.code()));
        }
    };
    let at = match text("at") {
        None => None,
        Some(at) => {
            let moment = at.parse::<jiff::Timestamp>();
            let moment = moment.map_err(|_| "at is not a moment like 2026-11-24T09:30:00Z")?;
            Some(Timestamp::from_micros(moment.as_microsecond()))
        }
    };
    let about = about(text("id"), text("reference"));
    let about = about.ok_or("id is not msg_ and 32 hexadecimal digits, and there is no reference")?;
    Ok(Said { about, state, at })
}

/// `2026-11-24 09:31:07` by the provider's clock.
pub(super) fn civil_moment(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let civil: DateTime = text.parse().ok()?;
    let moment = zone.to_ambiguous_zoned_datetime(civil).compatible().ok()?;
    Some(Timestamp::from_micros(moment.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunlin_domain::contact::Personal;
    use expect_test::{Expect, expect};

    const NOW: Timestamp = Timestamp::from_micros(1_795_483_800_000_000);

    fn callbacks(shape: CallbackShape) -> Callbacks {
        let auth = match shape {
            CallbackShape::Twilio => CallbackAuth::Twilio {
                token: Personal::new("12345"),
                url: "https://lender.example/api/callbacks/receipts/twilio".to_owned(),
            },
            CallbackShape::Aliyun | CallbackShape::Tencent => {
                CallbackAuth::Token { secret: Personal::new("open sesame") }
            }
            CallbackShape::Generic => CallbackAuth::StandardWebhooks {
                key: sign::webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret"),
            },
        };
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        Callbacks::new("p", CallbacksConfig { shape, auth, zone })
    }

    fn check_forged(shape: CallbackShape, query: &str, headers: &[(&str, &str)], body: &str) {
        let told = expect!["the call-back is not taken: its signature or token is not the provider's"];
        check(shape, query, headers, body, told);
    }

    fn check(shape: CallbackShape, query: &str, headers: &[(&str, &str)], body: &str, expected: Expect) {
        let headers: Vec<(String, String)> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let callback = Callback { query, headers: &headers, body: body.as_bytes() };
        let told = match callbacks(shape).read(&callback, NOW) {
            Ok(Brought { receipts, refused }) => {
                let told = receipts.iter().map(|it| format!("{:?} {:?} at {}", it.about, it.state, it.at));
                told.chain(refused).collect::<Vec<_>>().join("\n")
            }
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&told);
    }

    #[test]
    fn what_makes_no_sense_is_named_and_keeps_nothing_else_out() {
        let body = r#"[{"reference": "a", "state": "delivered"}, {"id": "msg_1", "state": "delivered"},
            {"reference": "b", "state": "gone <away>"}, {"reference": "c", "state": "sent"},
            {"reference": "d"}, {"reference": "e", "state": "read", "at": "yesterday"}]"#;
        let callback = Callback { query: "", headers: &[], body: body.as_bytes() };
        let auth = CallbackAuth::Token { secret: Personal::new("open sesame") };
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        let callbacks = Callbacks::new("p", CallbacksConfig { shape: CallbackShape::Generic, auth, zone });
        let by_token = |body: &'static str| {
            let callback = Callback { query: "token=open%20sesame", body: body.as_bytes(), ..callback };
            callbacks.read(&callback, NOW)
        };
        let brought = by_token(body).expect("two are taken");
        assert_eq!(brought.receipts.len(), 2);
        expect![[r#"
            entry 2: id is not msg_ and 32 hexadecimal digits, and there is no reference
            entry 3: state gone__away_ is not delivered, failed or read
            entry 5: there is no state; write delivered, failed or read
            entry 6: at is not a moment like 2026-11-24T09:30:00Z"#]]
        .assert_eq(&brought.refused.join("\n"));
        let told = by_token(r#"{"reference": "b", "state": "gone"}"#).map_err(|error| error.to_string());
        assert_eq!(
            told,
            Err("no receipt of the call-back can be taken: entry 1: state gone is not delivered, failed or read"
                .to_owned())
        );
        assert_eq!(by_token("7"), Err(CallbackError::Unreadable));
        assert_eq!(by_token("[]"), Ok(Brought::default()));
    }

    #[test]
    fn aliyun_reports_by_our_own_id() {
        let body = r#"[{"phone_number": "13800001234", "send_time": "2026-11-24 09:30:55",
            "report_time": "2026-11-24 09:31:07", "success": true, "err_code": "DELIVERED", "err_msg": "用户接收成功",
            "sms_size": "1", "biz_id": "123", "out_id": "msg_03308671cc50d5e7db540b7f9cbeead2"},
            {"report_time": "2026-11-24 09:31:08", "success": false, "err_code": "MOBILE_NOT_ON_SERVICE", "biz_id": "124"}]"#;
        check(
            CallbackShape::Aliyun,
            "token=open%20sesame",
            &[],
            body,
            expect![[r#"
            Message(msg_03308671cc50d5e7db540b7f9cbeead2) Delivered at 2026-11-24T01:31:07Z
            Reference("124") Failed { code: "MOBILE_NOT_ON_SERVICE" } at 2026-11-24T01:31:08Z"#]],
        );
        check_forged(CallbackShape::Aliyun, "token=open", &[], body);
        check_forged(CallbackShape::Aliyun, "", &[], body);
    }

    #[test]
    fn tencent_reports_by_our_own_id() {
        let body = r#"[{"user_receive_time": "2026-11-24 09:31:07", "nationcode": "86", "mobile": "13800001234",
            "report_status": "SUCCESS", "errmsg": "DELIVRD", "description": "用户短信送达成功",
            "sid": "8:xhUSHNd", "ext": "msg_03308671cc50d5e7db540b7f9cbeead2"},
            {"report_status": "FAIL", "errmsg": "UNDELIV", "sid": "9:x"},
            {"report_status": "FAIL", "errmsg": "MK:0004 13800001234", "sid": "9:y"}]"#;
        let bearer = [("authorization", "Bearer open sesame")];
        check(
            CallbackShape::Tencent,
            "",
            &bearer,
            body,
            expect![[r#"
            Message(msg_03308671cc50d5e7db540b7f9cbeead2) Delivered at 2026-11-24T01:31:07Z
            Reference("9:x") Failed { code: "UNDELIV" } at 2026-11-24T01:30:00Z
            Reference("9:y") Failed { code: "MK:0004_" } at 2026-11-24T01:30:00Z"#]],
        );
        check(
            CallbackShape::Tencent,
            "",
            &bearer,
            "{}",
            expect![[
                r#"no receipt of the call-back can be taken: entry 1: it has not the form of the provider's receipts"#
            ]],
        );
    }

    #[test]
    fn a_reply_comes_in_the_form_of_its_provider() {
        let check = |shape: CallbackShape, query: &str, body: &str, expected: Expect| {
            let callback = Callback { query, headers: &[], body: body.as_bytes() };
            let told = match callbacks(shape).read_replies(&callback, NOW) {
                Ok(replies) => {
                    let told = replies.iter().map(|reply| {
                        format!("{} {} at {}", reply.from.reveal(), reply.text.reveal(), reply.at)
                    });
                    told.collect::<Vec<_>>().join("\n")
                }
                Err(error) => error.to_string(),
            };
            expected.assert_eq(&told);
        };
        let query = "token=open%20sesame";
        check(
            CallbackShape::Aliyun,
            query,
            r#"[{"phone_number": "13800001234", "send_time": "2026-11-24 09:31:07", "content": "退订", "sign_name": "示例",
                "dest_code": "1234", "sequence_id": 1234567890}]"#,
            expect!["13800001234 退订 at 2026-11-24T01:31:07Z"],
        );
        check(
            CallbackShape::Tencent,
            query,
            r#"{"extend": "", "mobile": "13800001234", "nationcode": "86", "sign": "", "text": "TD", "time": 1795483867}"#,
            expect!["+8613800001234 TD at 2026-11-24T01:31:07Z"],
        );
        check(
            CallbackShape::Tencent,
            "",
            "{}",
            expect!["the call-back is not taken: its signature or token is not the provider's"],
        );
        check(
            CallbackShape::Tencent,
            query,
            "{}",
            expect![
                "the call-back cannot be read: it has not the form of the provider's receipts or replies"
            ],
        );
    }

    #[test]
    fn twilio_signs_address_and_fields() {
        let query = "message=msg_03308671cc50d5e7db540b7f9cbeead2";
        let body = "MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003&To=%2B8613800001234";
        let text = format!(
            "https://lender.example/api/callbacks/receipts/twilio?{query}ErrorCode30003MessageSidSM1\
             MessageStatusundeliveredTo+8613800001234"
        );
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"12345");
        let signature = sign::base64(ring::hmac::sign(&key, text.as_bytes()).as_ref());
        let headers = [("x-twilio-signature", signature.as_str())];
        check(
            CallbackShape::Twilio,
            query,
            &headers,
            body,
            expect![[
                r#"Message(msg_03308671cc50d5e7db540b7f9cbeead2) Failed { code: "30003" } at 2026-11-24T01:30:00Z"#
            ]],
        );
        check_forged(CallbackShape::Twilio, query, &headers, &body.replace("undelivered", "delivered"));
        check_forged(CallbackShape::Twilio, &query.replace("033", "034"), &headers, body);
    }

    #[test]
    fn a_signed_webhook_is_taken_once_its_time_is_right() {
        let body = r#"{"id": "msg_03308671cc50d5e7db540b7f9cbeead2", "state": "failed", "at": "2026-11-24T09:31:07+08:00", "code": "gone"}"#;
        let key = sign::webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        let seconds = sign::unix_seconds(NOW);
        let signature = sign::webhook_signature(&key, "evt_1", seconds, body.as_bytes());
        let seconds = seconds.to_string();
        let headers = [
            ("webhook-id", "evt_1"),
            ("webhook-timestamp", seconds.as_str()),
            ("webhook-signature", signature.as_str()),
        ];
        check(
            CallbackShape::Generic,
            "",
            &headers,
            body,
            expect![[
                r#"Message(msg_03308671cc50d5e7db540b7f9cbeead2) Failed { code: "gone" } at 2026-11-24T01:31:07Z"#
            ]],
        );
        check_forged(CallbackShape::Generic, "", &headers[..2], body);
        check_forged(CallbackShape::Generic, "", &headers, &body.replace("failed", "delivered"));
    }
}
