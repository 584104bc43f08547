//! What each HTTP provider is asked about a message that it was handed, and what its answers mean.
//!
//! That a list does not have a message means that it was never taken only where the provider lists all that it took of a
//! time: Tencent Cloud lists what carriers reported, which says nothing about the rest.

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::hash_parts;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::adapter::{self, Reply, Request, header, international, plain};
use super::callback::civil_moment;
use super::sign;
use crate::config::{
    AliyunConfig, HttpConfig, HttpQuery, HttpSigning, QueryState, TencentConfig, TwilioConfig,
};
use crate::inquiry::{ATTEMPT_SECONDS_MAX, CLOCKS_APART_SECONDS, Inquired, Inquiry, fingerprint};

/// A conversation about one message: asks and reads as often as it takes.
pub(super) type Ask<'a> = dyn Fn(Request) -> Result<Answered, Inquired> + 'a;

/// An answer that came whole.
pub(super) struct Answered {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answered {
    fn json(&self) -> Value {
        self.reply().json()
    }

    fn reply(&self) -> Reply<'_> {
        Reply { status: self.status, retry_after_seconds: None, body: &self.body }
    }

    /// For an answer that is none to the question.
    fn refused(&self, code: &str) -> Inquired {
        let code = if code.is_empty() { format!("http_{}", self.status) } else { plain(code) };
        Inquired::NoAnswer { code }
    }
}

/// Entries of a page, and pages at most, of a list of what one number got on a day.
const ALIYUN_PAGE: usize = 50;
const ALIYUN_PAGES_MAX: usize = 20;

/// `QuerySendDetails` of Dysmsapi, version 2017-05-25: all that a number was sent on a day of China's calendar, each with
/// our id as `OutId`.
pub(super) fn aliyun(config: &AliyunConfig, inquiry: &Inquiry, now: Timestamp, ask: &Ask<'_>) -> Inquired {
    let Ok(number) = international(&inquiry.recipient, "86") else {
        return Inquired::cannot_tell("address");
    };
    let number = number.strip_prefix("+86").unwrap_or(&number[1..]).to_owned();
    let zone = TimeZone::fixed(jiff::tz::offset(8));
    let mut found = Vec::new();
    let from = inquiry.handed_over_at;
    let mut days: Vec<Date> =
        [from, from.plus_seconds(ATTEMPT_SECONDS_MAX)].map(|at| at.date_in(&zone)).to_vec();
    days.dedup();
    for day in days {
        let mut page = 1;
        loop {
            let request = aliyun_page(config, inquiry, (&number, day, page), now);
            let answered = match ask(request) {
                Ok(answered) => answered,
                Err(silence) => return silence,
            };
            let json = answered.json();
            let code = json["Code"].as_str().unwrap_or_default();
            if code != "OK" || !answered.reply().is_success() {
                return answered.refused(code);
            }
            // Without a list nothing is known: only an empty one says that nothing was taken.
            let Some(entries) = json["SmsSendDetailDTOs"]["SmsSendDetailDTO"].as_array() else {
                return best(found).unwrap_or_else(|| Inquired::cannot_tell("no_list"));
            };
            let id = inquiry.message.to_string();
            let own = entries.iter().filter(|entry| entry["OutId"].as_str() == Some(&*id));
            found.extend(own.map(|entry| aliyun_entry(entry, &zone)));
            if entries.len() < ALIYUN_PAGE {
                break;
            }
            page += 1;
            if page > ALIYUN_PAGES_MAX {
                return best(found).unwrap_or_else(|| Inquired::cannot_tell("list_too_long"));
            }
        }
    }
    best(found).unwrap_or_else(|| Inquired::NeverTaken { code: "not_listed".to_owned() })
}

fn aliyun_page(
    config: &AliyunConfig,
    inquiry: &Inquiry,
    (number, day, page): (&str, Date, usize),
    now: Timestamp,
) -> Request {
    let (day, page_text) = (day.to_string().replace('-', ""), page.to_string());
    let size = ALIYUN_PAGE.to_string();
    let parts: [&[u8]; 3] = [&inquiry.message.0, &now.micros().to_le_bytes(), &page.to_le_bytes()];
    let nonce = sign::hex(&hash_parts("inquiry nonce", &parts));
    // Sorted by name, as the signature needs it.
    let query = [
        ("CurrentPage", page_text.as_str()),
        ("PageSize", &size),
        ("PhoneNumber", number),
        ("SendDate", &day),
    ];
    adapter::aliyun_call(config, "QuerySendDetails", &query, &nonce, now)
}

/// `SendStatus`: 1 waits for the carrier's report, 2 failed, 3 arrived.
fn aliyun_entry(entry: &Value, zone: &TimeZone) -> Inquired {
    let status = match &entry["SendStatus"] {
        Value::String(text) => text.parse().unwrap_or(0),
        other => other.as_i64().unwrap_or(0),
    };
    let code = plain(entry["ErrCode"].as_str().unwrap_or_default());
    let at = entry["ReceiveDate"].as_str().and_then(|text| civil_moment(text, zone));
    match status {
        3 => Inquired::Delivered { code, at },
        2 => Inquired::Failed { code, at },
        1 => Inquired::Underway { code: "waits_for_report".to_owned() },
        _ => Inquired::cannot_tell("send_status"),
    }
}

/// Of several entries about one message the one that says most: what arrived once has arrived.
fn best(found: Vec<Inquired>) -> Option<Inquired> {
    found.into_iter().min_by_key(|answer| match answer {
        Inquired::Delivered { .. } => 0,
        Inquired::Underway { .. } => 1,
        Inquired::Failed { .. } => 2,
        Inquired::CannotTell { .. } | Inquired::NeverTaken { .. } | Inquired::NoAnswer { .. } => 3,
    })
}

/// `PullSmsSendStatusByPhoneNumber` of the product sms, version 2021-01-11: what carriers reported of a number, with our id
/// as `SessionContext` and theirs as `SerialNo`.
pub(super) fn tencent(config: &TencentConfig, inquiry: &Inquiry, now: Timestamp, ask: &Ask<'_>) -> Inquired {
    const LIMIT: usize = 100;
    let Ok(number) = international(&inquiry.recipient, "86") else {
        return Inquired::cannot_tell("address");
    };
    let begin = sign::unix_seconds(inquiry.handed_over_at) - CLOCKS_APART_SECONDS;
    let body = json!({
        "BeginTime": begin,
        "EndTime": sign::unix_seconds(now),
        "Offset": 0,
        "Limit": LIMIT,
        "PhoneNumber": number,
        "SmsSdkAppId": config.app_id,
    });
    let request = adapter::tencent_call(config, "PullSmsSendStatusByPhoneNumber", &body, now);
    let answered = match ask(request) {
        Ok(answered) => answered,
        Err(silence) => return silence,
    };
    let json = answered.json();
    let response = &json["Response"];
    let error = response["Error"]["Code"].as_str();
    let Some(entries) = response["PullSmsSendStatusSet"].as_array().filter(|_| error.is_none()) else {
        return answered.refused(error.unwrap_or_default());
    };
    let id = inquiry.message.to_string();
    let is_own = |entry: &&Value| {
        entry["SessionContext"].as_str() == Some(&*id)
            || entry["SerialNo"]
                .as_str()
                .is_some_and(|serial| inquiry.references.iter().any(|it| it == serial))
    };
    let told = entries.iter().filter(is_own).map(|entry| {
        let code = plain(entry["Description"].as_str().unwrap_or_default());
        let seconds = entry["UserReceiveTime"].as_i64().filter(|seconds| *seconds > 0);
        let at = seconds.map(|seconds| Timestamp::from_micros(seconds.saturating_mul(1_000_000)));
        match entry["ReportStatus"].as_str() {
            Some("SUCCESS") => Inquired::Delivered { code, at },
            Some("FAIL") => Inquired::Failed { code, at },
            _ => Inquired::Underway { code },
        }
    });
    best(told.collect()).unwrap_or_else(|| Inquired::cannot_tell("not_reported"))
}

/// The `Message` of the API of 2010-04-01 by its SID; where that was lost, the latest ones to the number. The list is not
/// asked by `DateSent`, which messages that still wait for their turn do not have.
pub(super) fn twilio(config: &TwilioConfig, inquiry: &Inquiry, ask: &Ask<'_>) -> Inquired {
    if let Some(sid) = inquiry.references.first().filter(|sid| !sid.is_empty()) {
        let answered = match ask(twilio_get(config, &format!("Messages/{}.json", sign::percent_encoded(sid))))
        {
            Ok(answered) => answered,
            Err(silence) => return silence,
        };
        return match answered.status {
            // Kept no longer, or deleted: it was taken all the same.
            404 => Inquired::cannot_tell("http_404"),
            200..=299 => twilio_entry(&answered.json()),
            _ => answered.refused(&twilio_code(&answered.json())),
        };
    }
    let Ok(number) = international(&inquiry.recipient, &config.country_code) else {
        return Inquired::cannot_tell("address");
    };
    const PAGE: usize = 100;
    let page = PAGE.to_string();
    let query = sign::form(&[("To", &number), ("PageSize", &page)]);
    let answered = match ask(twilio_get(config, &format!("Messages.json?{query}"))) {
        Ok(answered) => answered,
        Err(silence) => return silence,
    };
    let json = answered.json();
    let Some(entries) = json["messages"].as_array().filter(|_| answered.reply().is_success()) else {
        return answered.refused(&twilio_code(&json));
    };
    twilio_listed(inquiry, entries, entries.len() < PAGE)
}

fn twilio_get(config: &TwilioConfig, rest: &str) -> Request {
    let url = format!("{}/2010-04-01/Accounts/{}/{rest}", config.endpoint.0, config.account);
    let headers = vec![adapter::twilio_authorization(config)];
    Request { method: "GET".to_owned(), url, headers, body: Vec::new() }
}

fn twilio_code(json: &Value) -> String {
    json["code"].as_u64().map(|number| number.to_string()).unwrap_or_default()
}

/// Our message among the latest ones to its number. `is_whole`: there are no older ones.
fn twilio_listed(inquiry: &Inquiry, entries: &[Value], is_whole: bool) -> Inquired {
    let from = inquiry.handed_over_at.plus_seconds(-CLOCKS_APART_SECONDS);
    let until = inquiry.handed_over_at.plus_seconds(ATTEMPT_SECONDS_MAX + CLOCKS_APART_SECONDS);
    let created = |entry: &Value| entry["date_created"].as_str().and_then(rfc2822);
    if entries.iter().any(|entry| created(entry).is_none()) {
        return Inquired::cannot_tell("no_date");
    }
    let reaches_back = is_whole || entries.iter().filter_map(created).any(|at| at < from);
    let is_outgoing = |entry: &&Value| entry["direction"].as_str() != Some("inbound");
    let of_the_time: Vec<&Value> = entries
        .iter()
        .filter(is_outgoing)
        .filter(|entry| created(entry).is_some_and(|at| from <= at && at <= until))
        .collect();
    let print = |entry: &Value| fingerprint(&inquiry.message, entry["body"].as_str().unwrap_or_default());
    let own = of_the_time.iter().find(|entry| inquiry.fingerprint.is_some_and(|own| own == print(entry)));
    match own {
        Some(entry) => twilio_entry(entry),
        None if !of_the_time.is_empty() => Inquired::cannot_tell("others_at_that_time"),
        None if reaches_back => Inquired::NeverTaken { code: "not_listed".to_owned() },
        None => Inquired::cannot_tell("list_too_short"),
    }
}

fn twilio_entry(entry: &Value) -> Inquired {
    let at = entry["date_updated"].as_str().and_then(rfc2822);
    let status = entry["status"].as_str().unwrap_or_default();
    match status {
        "delivered" | "read" => Inquired::Delivered { code: status.to_owned(), at },
        "failed" | "undelivered" | "canceled" => {
            let number = entry["error_code"].as_u64().map(|number| number.to_string());
            Inquired::Failed { code: number.unwrap_or_else(|| status.to_owned()), at }
        }
        "queued" | "accepted" | "scheduled" | "sending" | "sent" | "partially_delivered" => {
            Inquired::Underway { code: status.to_owned() }
        }
        other => Inquired::CannotTell { code: plain(other) },
    }
}

/// `Tue, 24 Nov 2026 01:30:00 +0000`.
fn rfc2822(text: &str) -> Option<Timestamp> {
    let moment = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Timestamp::from_micros(moment.as_microsecond()))
}

/// The provider that the lender describes, by the address that it gave for questions.
pub(super) fn generic(
    config: &HttpConfig,
    query: &HttpQuery,
    inquiry: &Inquiry,
    now: Timestamp,
    ask: &Ask<'_>,
) -> Inquired {
    let reference = inquiry.references.first().map(String::as_str).unwrap_or_default();
    if query.needs_reference() && reference.is_empty() {
        return Inquired::cannot_tell("no_reference");
    }
    let id = inquiry.message.to_string();
    let secret = config.secret.as_ref().map_or("", |secret| secret.reveal());
    let url = query
        .url
        .replace("{id}", &sign::percent_encoded(&id))
        .replace("{reference}", &sign::percent_encoded(reference));
    let filled = |value: &str| value.replace("{id}", &id).replace("{secret}", secret);
    let mut headers: Vec<(String, String)> =
        config.headers.iter().map(|(name, value)| header(name, filled(value))).collect();
    if let HttpSigning::StandardWebhooks { key } = &config.signing {
        headers.extend(adapter::webhook_headers(key, &id, b"", now));
    }
    let answered = match ask(Request { method: "GET".to_owned(), url, headers, body: Vec::new() }) {
        Ok(answered) => answered,
        Err(silence) => return silence,
    };
    if query.never_taken_statuses.contains(&answered.status) {
        return Inquired::NeverTaken { code: format!("http_{}", answered.status) };
    }
    if !answered.reply().is_success() {
        return answered.refused("");
    }
    let json = answered.json();
    let Some(word) = adapter::word_at(&json, &query.state_at) else {
        return Inquired::cannot_tell("no_state");
    };
    let code = plain(&word);
    match query.states.iter().find(|(known, _)| *known == word).map(|(_, state)| *state) {
        Some(QueryState::Delivered) => Inquired::Delivered { code, at: None },
        Some(QueryState::Failed) => Inquired::Failed { code, at: None },
        Some(QueryState::Underway) => Inquired::Underway { code },
        Some(QueryState::NeverTaken) => Inquired::NeverTaken { code },
        None => Inquired::CannotTell { code },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunlin_domain::contact::Personal;
    use dunlin_domain::id::MessageId;

    const AT: Timestamp = Timestamp::from_micros(1_795_483_800_000_000);

    fn inquiry(references: &[&str]) -> Inquiry {
        let message = MessageId([7; 16]);
        Inquiry {
            message,
            recipient: Personal::new("13800001234"),
            references: references.iter().map(|it| (*it).to_owned()).collect(),
            handed_over_at: AT,
            fingerprint: Some(fingerprint(&message, "our text")),
        }
    }

    /// An entry of Twilio's list, made so many seconds after the attempt began.
    fn entry(seconds: i64, body: &str, status: &str) -> Value {
        let moment = jiff::Timestamp::from_microsecond(AT.plus_seconds(seconds).micros()).expect("a moment");
        let date = moment.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
        json!({ "date_created": date, "date_updated": date, "body": body, "status": status,
            "direction": "outbound-api", "error_code": null })
    }

    fn listed(entries: &[Value], is_whole: bool) -> String {
        let answer = twilio_listed(&inquiry(&[]), entries, is_whole);
        format!("{} {}", answer.word(), answer.code())
    }

    #[test]
    fn a_message_is_found_in_twilios_list_by_its_text() {
        assert_eq!(listed(&[entry(3, "our text", "delivered")], true), "delivered delivered");
        assert_eq!(listed(&[entry(3, "our text", "queued")], true), "underway queued");
        assert_eq!(listed(&[entry(3, "our text", "undelivered")], true), "failed undelivered");
    }

    #[test]
    fn only_a_list_that_reaches_back_and_has_nothing_of_that_time_says_never_taken() {
        assert_eq!(listed(&[], true), "never_taken not_listed");
        assert_eq!(listed(&[entry(-3_600, "last hour's", "delivered")], false), "never_taken not_listed");
        assert_eq!(listed(&[entry(7_200, "a later one", "delivered")], false), "cannot_tell list_too_short");
        assert_eq!(listed(&[entry(60, "another text", "sent")], true), "cannot_tell others_at_that_time");
        assert_eq!(listed(&[json!({ "body": "our text" })], true), "cannot_tell no_date");
        let mut inbound = entry(60, "a reply", "received");
        inbound["direction"] = json!("inbound");
        assert_eq!(listed(&[inbound], true), "never_taken not_listed");
    }

    fn ask_aliyun(list: Value) -> String {
        let config = AliyunConfig {
            endpoint: crate::config::Endpoint("https://dysmsapi.aliyuncs.com".to_owned()),
            key_id: "id".to_owned(),
            key_secret: Personal::new("secret"),
            sign_name: "示例".to_owned(),
            template_code: "SMS_1".to_owned(),
            parameter: "text".to_owned(),
        };
        let body = json!({ "Code": "OK", "SmsSendDetailDTOs": list }).to_string().into_bytes();
        let answer =
            aliyun(&config, &inquiry(&[]), AT, &|_| Ok(Answered { status: 200, body: body.clone() }));
        format!("{} {}", answer.word(), answer.code())
    }

    #[test]
    fn an_answer_of_aliyun_without_a_list_is_no_empty_list() {
        let own =
            json!({ "OutId": inquiry(&[]).message.to_string(), "SendStatus": 3, "ErrCode": "DELIVERED" });
        assert_eq!(ask_aliyun(json!({ "SmsSendDetailDTO": [own] })), "delivered DELIVERED");
        assert_eq!(ask_aliyun(json!({ "SmsSendDetailDTO": [] })), "never_taken not_listed");
        assert_eq!(ask_aliyun(json!({})), "cannot_tell no_list");
        assert_eq!(ask_aliyun(json!(null)), "cannot_tell no_list");
    }

    fn ask_tencent(references: &[&str], set: Value) -> String {
        let config = TencentConfig {
            endpoint: crate::config::Endpoint("https://sms.tencentcloudapi.com".to_owned()),
            region: "ap-guangzhou".to_owned(),
            secret_id: "id".to_owned(),
            secret_key: Personal::new("secret"),
            app_id: "1400006666".to_owned(),
            sign_name: "示例".to_owned(),
            template_id: "1".to_owned(),
        };
        let body = json!({ "Response": { "PullSmsSendStatusSet": set } }).to_string().into_bytes();
        let answer =
            tencent(&config, &inquiry(references), AT, &|_| Ok(Answered { status: 200, body: body.clone() }));
        format!("{} {}", answer.word(), answer.code())
    }

    /// The example of Tencent Cloud's page of `PullSmsSendStatusByPhoneNumber` (cloud.tencent.com/document/api/382/55976).
    #[test]
    fn tencents_published_answer_is_read_by_its_serial_number() {
        let set = json!([{
            "Description": "DELIVRD", "CountryCode": "86", "SubscriberNumber": "18501234444",
            "ReportStatus": "SUCCESS", "PhoneNumber": "+8618501234444",
            "SerialNo": "5000:1045710669157053657849499619", "UserReceiveTime": 1_620_734_188, "SessionContext": "",
        }]);
        let own = "5000:1045710669157053657849499619";
        assert_eq!(ask_tencent(&[own], set.clone()), "delivered DELIVRD");
        assert_eq!(ask_tencent(&["5000:1"], set), "cannot_tell not_reported");
        assert_eq!(
            ask_tencent(&[], json!([])),
            "cannot_tell not_reported",
            "what is not reported may be on its way"
        );
    }
}
