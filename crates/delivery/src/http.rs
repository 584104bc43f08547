//! Providers that are asked over HTTP: a generic one that a lender describes, Aliyun SMS, Tencent Cloud SMS, Twilio,
//! and Firebase Cloud Messaging.
//!
//! Promises that a request which may have reached the provider and was not answered makes its message unknown, and that
//! neither a secret nor a number nor a text stands in what is stored or shown: of what a provider answers only codes
//! are kept. Receipts come as call-backs, see [`Callbacks`].

mod adapter;
mod callback;
mod fcm;
mod inbound;
mod places;
mod query;
pub(crate) mod sign;

use std::io::ErrorKind;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use dunlin_domain::date::Timestamp;
use dunlin_domain::message::ClearedMessage;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use ureq::tls::{Certificate, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Timeout};

use crate::config::{HttpCommon, HttpProvider};
use crate::error::{DeliveryError, between, no_certificate};
use crate::handover::{Handover, NOT_TRIED};
use crate::inquiry::{Inquired, Inquiries, Inquiry, until_silence};
use crate::passing::Handing;
use adapter::{Reply, Request};
use fcm::Fcm;

pub use callback::{Brought, Callback, CallbackError, Callbacks};
pub use places::{PLACES, QUERY_PLACES, unknown_place, unknown_place_in};

const CONNECTIONS_MAX: usize = 64;
const TIMEOUT_SECONDS_MAX: u64 = 600;
/// After so many messages in a row that were answered with 503 the rest of a batch is not tried.
const REFUSED_MAX: usize = 3;
/// How long what was not tried waits, where no other provider takes it: shorter than what was refused.
const REST_SECONDS: u32 = 60;
/// More than any provider's answer about one message.
const ANSWER_BYTES_MAX: u64 = 256 * 1024;

/// A provider that is asked over HTTP.
pub struct Http {
    agent: Agent,
    provider: HttpProvider,
    fcm: Option<Fcm>,
    connection_count: usize,
}

impl Http {
    /// Checks the settings; the provider itself is first contacted by the first message.
    pub(crate) fn open(
        name: &str,
        common: &HttpCommon,
        provider: &HttpProvider,
    ) -> Result<Self, DeliveryError> {
        let wrong = |setting: &'static str, complaint: Wording| DeliveryError::Setting {
            provider: name.to_owned(),
            setting,
            complaint,
        };
        between(common.connection_count as u64, 1, CONNECTIONS_MAX as u64)
            .map_err(|complaint| wrong("connection_count", complaint))?;
        between(common.timeout_seconds, 1, TIMEOUT_SECONDS_MAX)
            .map_err(|complaint| wrong("timeout_seconds", complaint))?;
        check_protected(provider.url(), &wrong)?;
        if let HttpProvider::Generic(config) = provider
            && let Some(query) = &config.query
        {
            check_protected(&query.url, &wrong)?;
        }
        let agent = agent(common, &wrong)?;
        let fcm = match provider {
            HttpProvider::Fcm(config) => {
                let fcm = Fcm::open(config).map_err(|complaint| wrong("account_file", complaint))?;
                check_protected(fcm.token_url(), &wrong)?;
                Some(fcm)
            }
            HttpProvider::Generic(_)
            | HttpProvider::Aliyun(_)
            | HttpProvider::Tencent(_)
            | HttpProvider::Twilio(_) => None,
        };
        Ok(Self { agent, provider: provider.clone(), fcm, connection_count: common.connection_count })
    }

    /// Hands over `messages`, several at the same time.
    pub(crate) fn hand_over(&self, messages: &[&ClearedMessage], now: Timestamp) -> Vec<Handover> {
        let answers: Vec<OnceLock<Handover>> = messages.iter().map(|_| OnceLock::new()).collect();
        let (next, handing) = (AtomicUsize::new(0), Handing::begin(now));
        // Once the provider is of no use, or asks for patience, the rest of the batch is not tried. What it says of one
        // message with 503 may be about that one alone, so the next ones tell.
        let stop: OnceLock<Handover> = OnceLock::new();
        let refused_in_a_row = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..self.connection_count.min(messages.len()) {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let (Some(message), Some(answer)) = (messages.get(index), answers.get(index)) else {
                            break;
                        };
                        let not_begun = stop.get().cloned().or_else(|| handing.refusal(message));
                        if let Some(not_begun) = not_begun {
                            answer.get_or_init(|| not_begun);
                            continue;
                        }
                        let Answer { given, status } = self.hand_one(message, handing.now());
                        match (&given, status) {
                            (Handover::Throttled { .. }, _) => {
                                stop.get_or_init(|| given.clone());
                            }
                            (Handover::Unavailable { .. }, Some(503)) => {
                                if refused_in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= REFUSED_MAX {
                                    stop.get_or_init(not_tried);
                                }
                            }
                            (Handover::Unavailable { .. }, _) => {
                                stop.get_or_init(not_tried);
                            }
                            (_, Some(_)) => refused_in_a_row.store(0, Ordering::Relaxed),
                            (_, None) => {}
                        }
                        answer.get_or_init(|| given);
                    }
                });
            }
        });
        answers.into_iter().filter_map(OnceLock::into_inner).collect()
    }

    /// How the provider can be asked what became of a message.
    pub(crate) fn inquiries(&self) -> Inquiries {
        match &self.provider {
            HttpProvider::Aliyun(_) | HttpProvider::Tencent(_) | HttpProvider::Twilio(_) => {
                Inquiries::ByMessage
            }
            HttpProvider::Generic(config) => match &config.query {
                None => Inquiries::None,
                Some(query) if query.needs_reference() => Inquiries::ByReference,
                Some(_) => Inquiries::ByMessage,
            },
            HttpProvider::Fcm(_) => Inquiries::None,
        }
    }

    /// Asks what became of messages, one after the other; once nobody answers, the rest is not asked about.
    pub(crate) fn inquire(&self, inquiries: &[Inquiry], now: Timestamp) -> Vec<Inquired> {
        let ask = |request: Request| match ask(&self.agent, request) {
            Ok((status, _, body)) => Ok(query::Answered { status, body }),
            Err(
                Handover::Unavailable { code, .. }
                | Handover::Unknown { code, .. }
                | Handover::Rejected { code, .. }
                | Handover::Deferred { code, .. }
                | Handover::Throttled { code, .. },
            ) => Err(Inquired::NoAnswer { code }),
            Err(Handover::Accepted { .. } | Handover::Expired) => Err(Inquired::no_answer("protocol")),
        };
        let one = |inquiry: &Inquiry| match &self.provider {
            HttpProvider::Aliyun(config) => query::aliyun(config, inquiry, now, &ask),
            HttpProvider::Tencent(config) => query::tencent(config, inquiry, now, &ask),
            HttpProvider::Twilio(config) => query::twilio(config, inquiry, &ask),
            HttpProvider::Generic(config) => match &config.query {
                Some(query) => query::generic(config, query, inquiry, now, &ask),
                None => Inquired::cannot_tell("not_asked"),
            },
            HttpProvider::Fcm(_) => Inquired::cannot_tell("not_asked"),
        };
        until_silence(inquiries, one)
    }

    fn fcm(&self) -> &Fcm {
        self.fcm.as_ref().expect("it was opened with its account")
    }

    /// The request to FCM, for which a token is asked for first where there is none.
    fn fcm_request(&self, message: &ClearedMessage, now: Timestamp) -> Result<Request, Handover> {
        let fcm = self.fcm();
        let token = match fcm.token(now) {
            Some(token) => token,
            None => match ask(&self.agent, fcm.token_request(now)) {
                Ok((status, retry_after_seconds, body)) => {
                    fcm.take_token(Reply { status, retry_after_seconds, body: &body }, now)?
                }
                // No message has left yet, whatever became of the request for a token.
                Err(_) => {
                    return Err(Handover::Unavailable {
                        code: "no_token".to_owned(),
                        detail: "the server that hands out tokens did not answer".to_owned(),
                    });
                }
            },
        };
        Ok(fcm.request(message, &token, now))
    }

    fn hand_one(&self, message: &ClearedMessage, now: Timestamp) -> Answer {
        let request = match &self.provider {
            HttpProvider::Generic(config) => Ok(adapter::generic_request(config, message, now)),
            HttpProvider::Aliyun(config) => adapter::aliyun_request(config, message, now),
            HttpProvider::Tencent(config) => adapter::tencent_request(config, message, now),
            HttpProvider::Twilio(config) => adapter::twilio_request(config, message, now),
            HttpProvider::Fcm(_) => self.fcm_request(message, now),
        };
        let request = match request {
            Ok(request) => request,
            Err(refusal) => return Answer { given: refusal, status: None },
        };
        let read = |reply: Reply<'_>| match &self.provider {
            HttpProvider::Generic(config) => adapter::generic_answer(config, message, reply),
            HttpProvider::Aliyun(_) => adapter::aliyun_answer(reply),
            HttpProvider::Tencent(_) => adapter::tencent_answer(reply),
            HttpProvider::Twilio(_) => adapter::twilio_answer(reply),
            HttpProvider::Fcm(_) => self.fcm().answer(reply),
        };
        ask(&self.agent, request).map_or_else(
            |lost| Answer { given: lost, status: None },
            |(status, retry, body)| Answer {
                given: read(Reply { status, retry_after_seconds: retry, body: &body }),
                status: Some(status),
            },
        )
    }
}

/// What a provider answered about one message.
struct Answer {
    given: Handover,
    /// The HTTP status; `None` where there was no answer.
    status: Option<u16>,
}

/// For what a provider was not asked to take, since it took none of those before.
fn not_tried() -> Handover {
    Handover::Throttled {
        code: NOT_TRIED.to_owned(),
        detail: "the provider took none of the messages before it".to_owned(),
        retry_after_seconds: REST_SECONDS,
    }
}

fn check_protected(
    url: &str,
    wrong: &impl Fn(&'static str, Wording) -> DeliveryError,
) -> Result<(), DeliveryError> {
    let host = url.strip_prefix("http://").and_then(|rest| rest.split(['/', ':', '?', '#']).next());
    if url.starts_with("https://") || matches!(host, Some("127.0.0.1" | "localhost")) {
        return Ok(());
    }
    let complaint = wording!(
        "须以 https:// 开头：否则密钥和号码会以明文传输",
        "must begin with https://: secrets and numbers would cross the network in clear"
    );
    Err(wrong("url", complaint))
}

fn agent(
    common: &HttpCommon,
    wrong: &impl Fn(&'static str, Wording) -> DeliveryError,
) -> Result<Agent, DeliveryError> {
    let mut tls = TlsConfig::builder();
    if let Some(path) = &common.extra_root {
        let pem = std::fs::read(path).map_err(DeliveryError::file("read", path))?;
        let read = |error| wrong("extra_root", no_certificate(path, &error));
        let mut roots = Vec::new();
        for item in parse_pem(&pem) {
            if let ureq::tls::PemItem::Certificate(certificate) = item.map_err(read)? {
                roots.push(certificate);
            }
        }
        if roots.is_empty() {
            let complaint =
                wording!("{} 中没有 PEM 格式的证书", "{} holds no PEM certificate", path.display());
            return Err(wrong("extra_root", complaint));
        }
        tls = tls.root_certs(RootCerts::from(roots.into_iter().collect::<Vec<Certificate<'static>>>()));
    }
    let wait = Some(Duration::from_secs(common.timeout_seconds));
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent("dunlin")
        .proxy(None)
        .timeout_resolve(wait)
        .timeout_connect(wait)
        .timeout_send_request(wait)
        .timeout_send_body(wait)
        .timeout_recv_response(wait)
        .timeout_recv_body(wait)
        .max_idle_connections_per_host(common.connection_count)
        .tls_config(tls.build())
        .build();
    Ok(Agent::new_with_config(config))
}

/// Asks, and reads the whole answer.
fn ask(agent: &Agent, request: Request) -> Result<(u16, Option<u32>, Vec<u8>), Handover> {
    let mut builder = ureq::http::Request::builder().method(request.method.as_str()).uri(&request.url);
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    // Settings are checked when they are read; what a message adds is encoded.
    let unwritable = |_| Handover::Rejected {
        code: "request".to_owned(),
        detail: "the request cannot be written; check the address and the headers of the provider".to_owned(),
        address_is_bad: false,
    };
    let response = if request.method == "GET" {
        agent.run(builder.body(()).map_err(unwritable)?)
    } else {
        agent.run(builder.body(request.body).map_err(unwritable)?)
    };
    let mut response = response.map_err(|error| lost(&error))?;
    let retry_after =
        response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
    Ok((status, retry_after, body.map_err(|error| lost(&error))?))
}

/// What a request without an answer means.
fn lost(error: &ureq::Error) -> Handover {
    let unavailable = |code: &str, what: &str| Handover::Unavailable {
        code: code.to_owned(),
        detail: format!("the provider cannot be reached: {what}"),
    };
    let unknown = |code: &str, what: &str| Handover::Unknown {
        code: code.to_owned(),
        detail: format!("no answer after the request had been sent: {what}"),
    };
    match error {
        ureq::Error::HostNotFound => unavailable("connection", "its name is not known"),
        ureq::Error::ConnectionFailed => unavailable("connection", "no connection"),
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            unavailable("timeout", "it took too long to connect")
        }
        ureq::Error::Timeout(_) => unknown("timeout", "it took too long"),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::TlsRequired => {
            unavailable("tls", "no protected connection")
        }
        ureq::Error::Io(error) if is_tls(error) => {
            unavailable("tls", "its certificate is not trusted, or it speaks no TLS")
        }
        ureq::Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::AddrNotAvailable => unavailable("connection", &error.kind().to_string()),
            kind => unknown("connection", &kind.to_string()),
        },
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => unavailable("address", "its address is none"),
        _ => unknown("protocol", "what came is no answer"),
    }
}

/// Whether TLS itself was refused. It is set up before anything is said.
fn is_tls(error: &std::io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).is_some_and(|error| {
        matches!(error, rustls::Error::InvalidCertificate(_) | rustls::Error::InvalidMessage(_))
    })
}
