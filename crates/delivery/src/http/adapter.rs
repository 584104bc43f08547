//! What each HTTP provider wants to be asked, and what its answers mean.

use dunlin_domain::contact::Personal;
use dunlin_domain::date::Timestamp;
use dunlin_domain::message::ClearedMessage;
use serde_json::{Value, json};

use super::sign::{self, Acs3, Tc3};
use crate::config::{AliyunConfig, HttpConfig, HttpSigning, TencentConfig, TwilioConfig};
use crate::handover::Handover;

/// A request, ready to go.
pub(super) struct Request {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// An answer that came whole.
#[derive(Clone, Copy)]
pub(super) struct Reply<'r> {
    pub status: u16,
    pub retry_after_seconds: Option<u32>,
    pub body: &'r [u8],
}

impl Reply<'_> {
    pub fn json(&self) -> Value {
        serde_json::from_slice(self.body).unwrap_or(Value::Null)
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// What was decided about a failure, by its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Too much in a while.
    Throttled,
    /// Worth another try with this recipient.
    Deferred,
    /// Never, for this message.
    Rejected,
    /// Never, for this recipient.
    BadAddress,
    /// For no message, at present: our account or settings, or the provider itself.
    Unavailable,
    /// Nobody can say whether it was taken.
    Unknown,
}

impl Failure {
    /// With the provider's `code`. Its words are left out: they may quote the number.
    pub fn with(self, code: &str, reply: Reply<'_>) -> Handover {
        const PATIENCE_SECONDS: u32 = 5;
        const PATIENCE_SECONDS_MAX: u32 = 3_600;
        let code = if code.is_empty() { format!("http_{}", reply.status) } else { plain(code) };
        let detail = format!("the provider answered {code} with HTTP status {}", reply.status);
        match self {
            Self::Throttled => {
                let wanted = reply.retry_after_seconds.unwrap_or(PATIENCE_SECONDS);
                let retry_after_seconds = wanted.clamp(1, PATIENCE_SECONDS_MAX);
                Handover::Throttled { code, detail, retry_after_seconds }
            }
            Self::Deferred => Handover::Deferred { code, detail },
            Self::Rejected => Handover::Rejected { code, detail, address_is_bad: false },
            Self::BadAddress => Handover::Rejected { code, detail, address_is_bad: true },
            Self::Unavailable => Handover::Unavailable { code, detail },
            Self::Unknown => Handover::Unknown { code, detail },
        }
    }

    /// What a status means where the provider says no more: RFC 9110, 15. A server's error leaves open whether the
    /// request had an effect; only 503 says that it had none.
    pub fn of_status(status: u16) -> Self {
        match status {
            429 => Self::Throttled,
            401 | 402 | 403 | 404 | 405 | 407 | 503 => Self::Unavailable,
            // A success that says nothing, and servers that broke off.
            200..=299 | 408 | 500.. => Self::Unknown,
            300..=399 => Self::Unavailable,
            _ => Self::Rejected,
        }
    }
}

/// A code is for counting. Whatever else stands there is cut down to one.
pub(super) fn plain(code: &str) -> String {
    let plain =
        |letter: char| if letter.is_ascii_alphanumeric() || "._:-".contains(letter) { letter } else { '_' };
    code.chars().take(60).map(plain).collect()
}

fn accepted(id: &str) -> Handover {
    Handover::Accepted { references: vec![plain(id)] }
}

fn bad_number() -> Handover {
    Handover::Rejected {
        code: "address".to_owned(),
        detail: "the recipient is not a phone number".to_owned(),
        address_is_bad: true,
    }
}

/// The number in its international form: as it stands with a plus, else with our country's code in front.
pub(super) fn international(number: &Personal, country_code: &str) -> Result<String, Handover> {
    let number = number.reveal().trim();
    let digits = |text: &str| text.chars().filter(|letter| !" -()".contains(*letter)).collect::<String>();
    let (prefix, digits) = match number.strip_prefix('+') {
        Some(rest) => ("", digits(rest)),
        None => (country_code, digits(number)),
    };
    let is_number = (3..=15).contains(&(prefix.len() + digits.len()))
        && !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("+{prefix}{digits}")).ok_or_else(bad_number)
}

pub(super) fn header(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

// --- The generic adapter ---------------------------------------------------------------------------------------

/// The text with its places filled in: `{recipient}`, `{subject}`, `{body}`, `{id}`, `{attempt}`, `{language}`,
/// `{expires_at}`, `{secret}`. What is filled in is not looked at again, so that a text cannot fill in more.
fn filled(text: &str, message: &ClearedMessage, secret: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let name = from.find('}').map(|end| &from[1..end]);
        let value = name.and_then(|name| {
            Some(match name {
                "recipient" => message.recipient().reveal().to_owned(),
                "subject" => message.subject().to_owned(),
                "body" => message.body().reveal().to_owned(),
                "id" => message.id().to_string(),
                "attempt" => message.attempt().to_string(),
                "language" => message.language().code().to_owned(),
                "expires_at" => message.expires_at().to_string(),
                "secret" => secret.to_owned(),
                _ => return None,
            })
        });
        match (value, name) {
            (Some(value), Some(name)) => {
                out.push_str(&value);
                rest = &from[name.len() + 2..];
            }
            _ => {
                out.push('{');
                rest = &from[1..];
            }
        }
    }
    out + rest
}

fn filled_json(value: &Value, message: &ClearedMessage, secret: &str) -> Value {
    match value {
        Value::String(text) => Value::String(filled(text, message, secret)),
        Value::Array(values) => values.iter().map(|value| filled_json(value, message, secret)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), filled_json(value, message, secret))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

pub(super) fn generic_request(config: &HttpConfig, message: &ClearedMessage, now: Timestamp) -> Request {
    let secret = config.secret.as_ref().map_or("", |secret| secret.reveal());
    let filled_in = filled_json(&config.body, message, secret);
    let (content_type, body) = match (&filled_in, config.is_form) {
        (Value::Object(fields), true) => {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let fields: Vec<(&str, String)> =
                fields.iter().map(|(name, value)| (name.as_str(), text(value))).collect();
            let pairs: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            ("application/x-www-form-urlencoded", sign::form(&pairs).into_bytes())
        }
        _ => ("application/json; charset=utf-8", filled_in.to_string().into_bytes()),
    };
    let mut headers = vec![header("content-type", content_type)];
    for (name, value) in &config.headers {
        headers.push(header(name, filled(value, message, secret)));
    }
    if let HttpSigning::StandardWebhooks { key } = &config.signing {
        headers.extend(webhook_headers(key, &message.id().to_string(), &body, now));
    }
    Request { method: config.method.clone(), url: config.url.clone(), headers, body }
}

/// The headers of Standard Webhooks about the message `id`.
pub(super) fn webhook_headers(key: &[u8], id: &str, body: &[u8], now: Timestamp) -> [(String, String); 3] {
    let seconds = sign::unix_seconds(now);
    [
        header("webhook-signature", sign::webhook_signature(key, id, seconds, body)),
        header("webhook-timestamp", seconds.to_string()),
        header("webhook-id", id),
    ]
}

/// The word at a JSON pointer.
pub(super) fn word_at(json: &Value, pointer: &str) -> Option<String> {
    json.pointer(pointer).and_then(|value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    })
}

pub(super) fn generic_answer(config: &HttpConfig, message: &ClearedMessage, reply: Reply<'_>) -> Handover {
    let json = reply.json();
    let word = |pointer: &str| word_at(&json, pointer);
    let code = config.status_at.as_deref().and_then(word).unwrap_or_default();
    let is_in = |codes: &[String]| codes.contains(&code);
    let failure = match () {
        () if is_in(&config.bad_address) => Failure::BadAddress,
        () if is_in(&config.deferred) => Failure::Deferred,
        () if is_in(&config.throttled) => Failure::Throttled,
        () if is_in(&config.unavailable) => Failure::Unavailable,
        () if !reply.is_success() => Failure::of_status(reply.status),
        () if config.status_at.is_none() || is_in(&config.accepted) => {
            let id = config.id_at.as_deref().and_then(word);
            return accepted(&id.unwrap_or_else(|| message.id().to_string()));
        }
        () if code.is_empty() => Failure::Unknown,
        () => Failure::Rejected,
    };
    failure.with(&code, reply)
}

// --- Aliyun ------------------------------------------------------------------------------------------------------

/// `SendSms` of Dysmsapi, version 2017-05-25. The text is that of the template registered with Aliyun, with our text as
/// its parameter.
pub(super) fn aliyun_request(
    config: &AliyunConfig,
    message: &ClearedMessage,
    now: Timestamp,
) -> Result<Request, Handover> {
    let number = international(message.recipient(), "86")?;
    // Numbers of the mainland go without their country's code.
    let number = number.strip_prefix("+86").unwrap_or(&number[1..]);
    let parameter = json!({ config.parameter.as_str(): message.body().reveal() }).to_string();
    let out_id = message.id().to_string();
    // Sorted by name, as the signature needs it.
    let query = [
        ("OutId", out_id.as_str()),
        ("PhoneNumbers", number),
        ("SignName", &config.sign_name),
        ("TemplateCode", &config.template_code),
        ("TemplateParam", &parameter),
    ];
    Ok(aliyun_call(config, "SendSms", &query, &sign::hex(&message.attempt().0), now))
}

/// A signed call of Dysmsapi. `query` is sorted by name; the nonce is never used for another call.
pub(super) fn aliyun_call(
    config: &AliyunConfig,
    action: &str,
    query: &[(&str, &str)],
    nonce: &str,
    now: Timestamp,
) -> Request {
    let query = sign::form(query);
    let (hash, date) = (sign::sha256_hex(b""), sign::utc_seconds(now));
    let signed: [(&str, &str); 6] = [
        ("host", config.endpoint.host()),
        ("x-acs-action", action),
        ("x-acs-content-sha256", &hash),
        ("x-acs-date", &date),
        ("x-acs-signature-nonce", nonce),
        ("x-acs-version", "2017-05-25"),
    ];
    let authorization = sign::acs3(&Acs3 {
        key_id: &config.key_id,
        key_secret: config.key_secret.reveal(),
        query: &query,
        headers: &signed,
        body: b"",
    });
    let mut headers: Vec<(String, String)> =
        signed[1..].iter().map(|(name, value)| header(name, *value)).collect();
    headers.push(header("authorization", authorization));
    let url = format!("{}/?{query}", config.endpoint.0);
    Request { method: "POST".to_owned(), url, headers, body: Vec::new() }
}

pub(super) fn aliyun_answer(reply: Reply<'_>) -> Handover {
    let json = reply.json();
    let code = json["Code"].as_str().unwrap_or_default();
    let failure = match code {
        "OK" if reply.is_success() => return accepted(json["BizId"].as_str().unwrap_or_default()),
        "isv.MOBILE_NUMBER_ILLEGAL" | "isv.INVALID_PARAMETERS_MOBILE" => Failure::BadAddress,
        // So many to one number in a minute, an hour, a day.
        "isv.BUSINESS_LIMIT_CONTROL" => Failure::Deferred,
        "isv.BLACK_KEY_CONTROL_LIMIT"
        | "isv.PARAM_LENGTH_LIMIT"
        | "isv.PARAM_NOT_SUPPORT_URL"
        | "isv.MOBILE_COUNT_OVER_LIMIT" => Failure::Rejected,
        "isp.RAM_PERMISSION_DENY" => Failure::Unavailable,
        // Its own faults leave open whether the text went on before it.
        _ if code.starts_with("isp.") => Failure::Unknown,
        _ if code.starts_with("Throttling") => Failure::Throttled,
        "" => Failure::of_status(reply.status),
        // Signature name, template, balance, permission, key: the same for every message.
        _ => Failure::Unavailable,
    };
    failure.with(code, reply)
}

// --- Tencent Cloud -----------------------------------------------------------------------------------------------

/// `SendSms` of the product sms, version 2021-01-11.
pub(super) fn tencent_request(
    config: &TencentConfig,
    message: &ClearedMessage,
    now: Timestamp,
) -> Result<Request, Handover> {
    let body = json!({
        "PhoneNumberSet": [international(message.recipient(), "86")?],
        "SmsSdkAppId": config.app_id,
        "SignName": config.sign_name,
        "TemplateId": config.template_id,
        "TemplateParamSet": [message.body().reveal()],
        "SessionContext": message.id().to_string(),
    });
    Ok(tencent_call(config, "SendSms", &body, now))
}

/// A signed call of the product sms.
pub(super) fn tencent_call(config: &TencentConfig, action: &str, body: &Value, now: Timestamp) -> Request {
    let body = body.to_string().into_bytes();
    let authorization = sign::tc3(
        &Tc3 {
            secret_id: &config.secret_id,
            secret_key: config.secret_key.reveal(),
            host: config.endpoint.host(),
            service: "sms",
            body: &body,
        },
        now,
    );
    let headers = vec![
        header("content-type", sign::TC3_CONTENT_TYPE),
        header("authorization", authorization),
        header("x-tc-action", action),
        header("x-tc-version", "2021-01-11"),
        header("x-tc-region", &*config.region),
        header("x-tc-timestamp", sign::unix_seconds(now).to_string()),
    ];
    Request { method: "POST".to_owned(), url: format!("{}/", config.endpoint.0), headers, body }
}

pub(super) fn tencent_answer(reply: Reply<'_>) -> Handover {
    let json = reply.json();
    let response = &json["Response"];
    let status = &response["SendStatusSet"][0];
    let code = [&response["Error"]["Code"], &status["Code"]].into_iter().find_map(Value::as_str);
    let code = code.unwrap_or_default();
    let failure = match code {
        "Ok" if reply.is_success() => return accepted(status["SerialNo"].as_str().unwrap_or_default()),
        "InvalidParameterValue.IncorrectPhoneNumber" => Failure::BadAddress,
        "FailedOperation.PhoneNumberInBlacklist"
        | "FailedOperation.ContainSensitiveWord"
        | "InvalidParameterValue.ContentLengthLimit"
        | "InvalidParameterValue.TemplateParameterLengthLimit"
        | "InvalidParameterValue.TemplateParameterFormatError"
        | "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"
        | "LimitExceeded.PhoneNumberCountLimit" => Failure::Rejected,
        // How often a number may be written to.
        "LimitExceeded.DeliveryFrequencyLimit" => Failure::Deferred,
        _ if code.starts_with("LimitExceeded.PhoneNumber") => Failure::Deferred,
        // Of the whole account, of an address.
        _ if code.starts_with("RequestLimitExceeded") => Failure::Throttled,
        // It did not come to sending.
        "InternalError.RequestTimeException"
        | "InternalError.RestApiInterfaceNotExist"
        | "InternalError.SigFieldMissing"
        | "InternalError.SigVerificationFail" => Failure::Unavailable,
        // 请求下发短信超时、收发包超时: the text may have gone on before it.
        _ if code.starts_with("InternalError") => Failure::Unknown,
        "" => Failure::of_status(reply.status),
        _ => Failure::Unavailable,
    };
    failure.with(code, reply)
}

// --- Twilio ------------------------------------------------------------------------------------------------------

/// Twilio keeps a message in its queue so long at most.
const TWILIO_VALIDITY_SECONDS_MAX: i64 = 14_400;

/// Creates a `Message` of the API of 2010-04-01.
pub(super) fn twilio_request(
    config: &TwilioConfig,
    message: &ClearedMessage,
    now: Timestamp,
) -> Result<Request, Handover> {
    let number = international(message.recipient(), &config.country_code)?;
    let left = (message.expires_at().micros() - now.micros()) / 1_000_000;
    let validity = left.clamp(1, TWILIO_VALIDITY_SECONDS_MAX).to_string();
    let sender = if config.sender.starts_with("MG") { "MessagingServiceSid" } else { "From" };
    let callback = config.callback_url.as_ref().map(|url| format!("{url}?message={}", message.id()));
    let mut fields = vec![
        ("To", number.as_str()),
        (sender, config.sender.as_str()),
        ("Body", message.body().reveal()),
        ("ValidityPeriod", validity.as_str()),
    ];
    fields.extend(callback.as_deref().map(|url| ("StatusCallback", url)));
    let headers =
        vec![header("content-type", "application/x-www-form-urlencoded"), twilio_authorization(config)];
    let url = format!("{}/2010-04-01/Accounts/{}/Messages.json", config.endpoint.0, config.account);
    Ok(Request { method: "POST".to_owned(), url, headers, body: sign::form(&fields).into_bytes() })
}

/// Who we are (RFC 7617).
pub(super) fn twilio_authorization(config: &TwilioConfig) -> (String, String) {
    let credentials = format!("{}:{}", config.account, config.token.reveal());
    header("authorization", format!("Basic {}", sign::base64(credentials.as_bytes())))
}

pub(super) fn twilio_answer(reply: Reply<'_>) -> Handover {
    let json = reply.json();
    if let (true, Some(sid)) = (reply.is_success(), json["sid"].as_str()) {
        return accepted(sid);
    }
    let number = json["code"].as_u64();
    let failure = match number {
        // Not a number; not one that takes texts.
        Some(21_211 | 21_214 | 21_217 | 21_614) => Failure::BadAddress,
        // The sender is not ours, or may not write there.
        Some(21_212 | 21_603 | 21_606 | 21_612 | 21_408 | 20_003) => Failure::Unavailable,
        Some(20_429 | 14_107) => Failure::Throttled,
        Some(_) | None => Failure::of_status(reply.status),
    };
    failure.with(&number.map(|number| number.to_string()).unwrap_or_default(), reply)
}
