//! Providers that are asked over HTTP.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use dunlin_engine::delivery::{
    AliyunConfig, CallbackAuth, CallbackShape, CallbacksConfig, Endpoint, FcmConfig, HttpCommon, HttpConfig,
    HttpProvider, HttpQuery, HttpSigning, PLACES, ProviderKind, QUERY_PLACES, QueryState, TencentConfig,
    TwilioConfig, standard_webhooks_key, unknown_place, unknown_place_in,
};
use jiff::tz::TimeZone;

use super::Surroundings;
use super::entries::Entries;
use crate::failure::Failure;

/// Requests at the same time, unless set.
const CONNECTION_COUNT_DEFAULT: usize = 4;
/// Seconds to wait for an answer, unless set.
const TIMEOUT_SECONDS_DEFAULT: u64 = 30;

fn common_of(entries: &Entries<'_>, callbacks: Option<CallbacksConfig>) -> Result<HttpCommon, Failure> {
    Ok(HttpCommon {
        connection_count: entries.number("connection_count")?.unwrap_or(CONNECTION_COUNT_DEFAULT),
        timeout_seconds: entries.number("timeout_seconds")?.unwrap_or(TIMEOUT_SECONDS_DEFAULT),
        extra_root: entries.path("extra_root")?,
        callbacks,
    })
}

/// The key in a secret of Standard Webhooks.
fn webhook_key(entries: &Entries<'_>, name: &str) -> Result<Vec<u8>, Failure> {
    let secret = entries.required_secret(name)?;
    match standard_webhooks_key(secret.reveal()) {
        Some(key) => Ok(key),
        None => {
            let complaint = wording!(
                "{name} 须为 whsec_ 加至少 16 字节的 base64",
                "{name} must be whsec_ and at least 16 bytes in base64"
            );
            entries.complain(&format!("{name}_from"), complaint)
        }
    }
}

/// How a provider with a shape of its own brings receipts: with a token, if one is set.
fn by_token(
    entries: &Entries<'_>,
    shape: CallbackShape,
    zone: &str,
) -> Result<Option<CallbacksConfig>, Failure> {
    let zone = match entries.text("receipt_zone")? {
        Some(zone) => zone,
        None => zone.to_owned(),
    };
    let Ok(zone) = TimeZone::get(&zone) else {
        return entries.complain(
            "receipt_zone",
            wording!(
                "receipt_zone 无法识别；请用 IANA 名称，如 Asia/Shanghai",
                "receipt_zone is unknown; use an IANA name such as Asia/Shanghai"
            ),
        );
    };
    let secret = entries.secret("callback_secret", false)?;
    Ok(secret.map(|secret| CallbacksConfig { shape, auth: CallbackAuth::Token { secret }, zone }))
}

#[derive(Clone, Copy)]
enum Scheme {
    None,
    Token,
    Standard,
}

pub(super) fn generic_of(
    around: &Surroundings<'_>,
    entries: &mut Entries<'_>,
) -> Result<ProviderKind, Failure> {
    let schemes = [("none", Scheme::None), ("token", Scheme::Token), ("standard_webhooks", Scheme::Standard)];
    let callbacks = match entries.choice("callback", &schemes)?.unwrap_or(Scheme::None) {
        Scheme::None => None,
        Scheme::Token => {
            entries.required_secret("callback_secret")?;
            by_token(entries, CallbackShape::Generic, around.zone)?
        }
        Scheme::Standard => {
            let auth = CallbackAuth::StandardWebhooks { key: webhook_key(entries, "callback_secret")? };
            Some(CallbacksConfig { shape: CallbackShape::Generic, auth, zone: TimeZone::UTC })
        }
    };
    let signings = [("none", Scheme::None), ("standard_webhooks", Scheme::Standard)];
    let signing = match entries.choice("signing", &signings)? {
        Some(Scheme::Standard) => {
            HttpSigning::StandardWebhooks { key: webhook_key(entries, "signing_secret")? }
        }
        Some(Scheme::None | Scheme::Token) | None => HttpSigning::None,
    };
    let Some(body) = entries.json("body")? else {
        return entries.complain(
            "body",
            wording!(
                "kind 为 http 的服务商须写明 body = {{ to = \"{{recipient}}\", text = \"{{body}}\" }}",
                "a provider of kind http needs body = {{ to = \"{{recipient}}\", text = \"{{body}}\" }}"
            ),
        );
    };
    let common = common_of(entries, callbacks)?;
    let config = HttpConfig {
        url: entries.required("url", "https://sms.example/send")?,
        method: entries.choice("method", &[("POST", "POST"), ("PUT", "PUT")])?.unwrap_or("POST").to_owned(),
        headers: entries.text_table("headers")?,
        body,
        is_form: entries.flag("form")?.unwrap_or(false),
        secret: entries.secret("secret", false)?,
        signing,
        id_at: entries.text("id_at")?,
        status_at: entries.text("status_at")?,
        accepted: entries.texts("accepted")?,
        deferred: entries.texts("deferred")?,
        throttled: entries.texts("throttled")?,
        unavailable: entries.texts("unavailable")?,
        bad_address: entries.texts("bad_address")?,
        query: query_of(entries)?,
    };
    check_places(entries, &config)?;
    if config.status_at.is_some() == config.accepted.is_empty() {
        let complaint = wording!(
            "status_at 与 accepted 须同时写明：结果码在何处、哪些表示成功",
            "status_at and accepted belong together: where the code is, and which ones mean yes"
        );
        return entries.complain("status_at", complaint);
    }
    Ok(ProviderKind::Http(common, HttpProvider::Generic(Box::new(config))))
}

/// Complains about a place that is none: it would reach customers as it stands.
fn check_places(entries: &Entries<'_>, config: &HttpConfig) -> Result<(), Failure> {
    let in_headers = || config.headers.iter().find_map(|(_, value)| unknown_place(value, &PLACES));
    let in_query = || config.query.as_ref().and_then(|query| unknown_place(&query.url, &QUERY_PLACES));
    let found = [
        ("url", unknown_place(&config.url, &[]), &[][..]),
        ("headers", in_headers(), &PLACES[..]),
        ("body", unknown_place_in(&config.body, &PLACES), &PLACES[..]),
        ("query_url", in_query(), &QUERY_PLACES[..]),
    ];
    let found = found.into_iter().find_map(|(setting, place, known)| Some((setting, place?, known)));
    let Some((setting, place, known)) = found else { return Ok(()) };
    let name = entries.text("name")?.unwrap_or_else(|| "http".to_owned());
    let known: Vec<String> = known.iter().map(|known| format!("{{{known}}}")).collect();
    let remedy = if known.is_empty() {
        wording!(
            "它对每条消息都相同；请把占位符写在 body 或 headers 中",
            "it is the same for every message; write the place in body or headers"
        )
    } else {
        Wording {
            zh: format!("取值为 {} 之一", known.join("、")), en: format!("use {}", known.join(", "))
        }
    };
    let complaint = Wording {
        zh: format!("服务商“{name}”：{setting} 不支持占位符 {{{place}}}；{}", remedy.zh),
        en: format!("provider {name:?}: {setting} has no place {{{place}}}; {}", remedy.en),
    };
    entries.complain(setting, complaint)
}

/// How a provider is asked what became of a message, where `query_url` is set.
fn query_of(entries: &Entries<'_>) -> Result<Option<HttpQuery>, Failure> {
    const STATES: [(&str, QueryState); 4] = [
        ("delivered", QueryState::Delivered),
        ("failed", QueryState::Failed),
        ("underway", QueryState::Underway),
        ("never_taken", QueryState::NeverTaken),
    ];
    let (url, state_at) = (entries.text("query_url")?, entries.text("query_state_at")?);
    let (table, unknown) = (entries.text_table("query_states")?, entries.texts("query_unknown")?);
    let (Some(url), Some(state_at)) = (url.clone(), state_at) else {
        if url.is_some() {
            let complaint = wording!(
                "query_url 须同时写明 query_state_at，即状态在应答中的位置（JSON 指针）",
                "query_url needs query_state_at, where the answer has the state: a JSON pointer"
            );
            return entries.complain("query_url", complaint);
        }
        return Ok(None);
    };
    if !url.contains("{id}") && !url.contains("{reference}") {
        return entries.complain(
            "query_url",
            wording!(
                "query_url 须含 {{id}}（我方编号）或 {{reference}}（服务商编号）",
                "query_url must have {{id}}, our id, or {{reference}}, the provider's"
            ),
        );
    }
    let mut states = Vec::new();
    for (word, meaning) in table {
        let Some((_, state)) = STATES.iter().find(|(name, _)| *name == meaning) else {
            let complaint = wording!(
                "query_states：“{meaning}”不是状态；取值为 delivered、failed、underway、never_taken 之一",
                "query_states: {meaning:?} is no state; use delivered, failed, underway or never_taken"
            );
            return entries.complain("query_states", complaint);
        };
        states.push((word, *state));
    }
    if states.is_empty() {
        let complaint = wording!(
            "query_url 须同时写明 query_states，如 {{ DELIVRD = \"delivered\", UNDELIV = \"failed\" }}",
            "query_url needs query_states, such as {{ DELIVRD = \"delivered\", UNDELIV = \"failed\" }}"
        );
        return entries.complain("query_states", complaint);
    }
    let mut never_taken_statuses = Vec::new();
    for status in unknown {
        match status.parse() {
            Ok(status @ 400..=499) => never_taken_statuses.push(status),
            Ok(_) | Err(_) => {
                let complaint = wording!(
                    "query_unknown 须为 400 至 499 的 HTTP 状态码列表，如 [\"404\"]",
                    "query_unknown must be a list of HTTP statuses from 400 to 499, such as [\"404\"]"
                );
                return entries.complain("query_unknown", complaint);
            }
        }
    }
    Ok(Some(HttpQuery { url, state_at, states, never_taken_statuses }))
}

pub(super) fn aliyun_of(entries: &mut Entries<'_>) -> Result<ProviderKind, Failure> {
    let endpoint = entries.text("endpoint")?.unwrap_or_else(|| "https://dysmsapi.aliyuncs.com".to_owned());
    let callbacks = by_token(entries, CallbackShape::Aliyun, "Asia/Shanghai")?;
    let common = common_of(entries, callbacks)?;
    let config = AliyunConfig {
        endpoint: Endpoint(endpoint),
        key_id: entries.required("user", "LTAI…")?,
        key_secret: entries.required_secret("secret")?,
        sign_name: entries.required("sign_name", "示例消金")?,
        template_code: entries.required("template", "SMS_154950909")?,
        parameter: entries.text("parameter")?.unwrap_or_else(|| "content".to_owned()),
    };
    Ok(ProviderKind::Http(common, HttpProvider::Aliyun(Box::new(config))))
}

pub(super) fn tencent_of(entries: &mut Entries<'_>) -> Result<ProviderKind, Failure> {
    let endpoint = entries.text("endpoint")?.unwrap_or_else(|| "https://sms.tencentcloudapi.com".to_owned());
    let callbacks = by_token(entries, CallbackShape::Tencent, "Asia/Shanghai")?;
    let common = common_of(entries, callbacks)?;
    let config = TencentConfig {
        endpoint: Endpoint(endpoint),
        region: entries.text("region")?.unwrap_or_else(|| "ap-guangzhou".to_owned()),
        secret_id: entries.required("user", "AKID…")?,
        secret_key: entries.required_secret("secret")?,
        app_id: entries.required("app_id", "1400006666")?,
        sign_name: entries.required("sign_name", "示例消金")?,
        template_id: entries.required("template", "449739")?,
    };
    Ok(ProviderKind::Http(common, HttpProvider::Tencent(Box::new(config))))
}

pub(super) fn twilio_of(
    around: &Surroundings<'_>,
    entries: &mut Entries<'_>,
) -> Result<ProviderKind, Failure> {
    let endpoint = entries.text("endpoint")?.unwrap_or_else(|| "https://api.twilio.com".to_owned());
    let token = entries.required_secret("secret")?;
    let callback_url = entries.text("callback_url")?;
    if callback_url.as_ref().is_some_and(|url| url.contains('?')) {
        return entries.complain(
            "callback_url",
            wording!(
                "callback_url 不得带查询参数；消息编号会写在那里",
                "callback_url must have no query; the message's id is put there"
            ),
        );
    }
    let zone = TimeZone::get(around.zone).unwrap_or(TimeZone::UTC);
    let callbacks = callback_url.clone().map(|url| CallbacksConfig {
        shape: CallbackShape::Twilio,
        auth: CallbackAuth::Twilio { token: token.clone(), url },
        zone,
    });
    let common = common_of(entries, callbacks)?;
    let config = TwilioConfig {
        endpoint: Endpoint(endpoint),
        account: entries.required("user", "AC…")?,
        token,
        sender: entries.required("sender", "+15005550006")?,
        country_code: entries.text("country_code")?.unwrap_or_else(|| "86".to_owned()),
        callback_url,
    };
    Ok(ProviderKind::Http(common, HttpProvider::Twilio(Box::new(config))))
}

pub(super) fn fcm_of(entries: &mut Entries<'_>) -> Result<ProviderKind, Failure> {
    let endpoint = entries.text("endpoint")?.unwrap_or_else(|| "https://fcm.googleapis.com".to_owned());
    let common = common_of(entries, None)?;
    let Some(account_file) = entries.path("account_file")? else {
        entries.required("account_file", "fcm-account.json")?;
        return entries
            .complain("account_file", wording!("account_file 须为路径", "account_file must be a path"));
    };
    entries.require_private("account_file", &account_file)?;
    let config = FcmConfig { endpoint: Endpoint(endpoint), account_file };
    Ok(ProviderKind::Http(common, HttpProvider::Fcm(Box::new(config))))
}
