//! `[[provider]]`: the ways out of the house.

mod entries;
mod http;

use std::path::{Path, PathBuf};

use dunlin_domain::contact::Channel;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use dunlin_engine::delivery::{
    AgentsConfig, Asking, Credentials, DkimConfig, LetterConfig, ProviderConfig, ProviderKind, Routing,
    SipConfig, SipSpeech, SipTransport, SipVoicemail, SmppAlphabet, SmppBind, SmppConfig, SmppLongText,
    SmppReceiptId, SmppSecurity, SmtpConfig, SmtpSecurity, SpoolConfig, UnitCost,
};
use jiff::tz::TimeZone;
use toml::Spanned;

use self::entries::Entries;
pub(super) use self::entries::ProviderText;
use super::{Place, either};
use crate::failure::Failure;

/// All kinds, for the complaint.
const KINDS: [&str; 11] =
    ["spool", "letter", "smtp", "smpp", "http", "aliyun", "tencent", "twilio", "fcm", "agents", "sip"];

/// Those that can be asked what became of a message.
const ASKED_KINDS: [&str; 5] = ["smpp", "http", "aliyun", "tencent", "twilio"];

/// Connections to a mail server, unless set.
const CONNECTION_COUNT_DEFAULT: usize = 4;
/// Letters of a batch, unless set.
const LETTERS_MAX_DEFAULT: usize = 1_000;
/// Seconds to wait for a reply, unless set.
const TIMEOUT_SECONDS_DEFAULT: u64 = 60;

/// What the providers need to know of the rest of the file.
pub(super) struct Surroundings<'a> {
    /// The data folder, from which paths are seen.
    pub folder: &'a Path,
    /// The lender's zone.
    pub zone: &'a str,
}

/// One provider.
pub(super) fn provider_of(
    around: &Surroundings<'_>,
    place: &Place<'_>,
    text: &Spanned<ProviderText>,
) -> Result<(ProviderConfig, Routing), Failure> {
    let Some(kind) = text.as_ref().get("kind") else {
        return place.complain(&text.span(), wording!("缺少 `kind`；请补上", "missing field `kind`; add it"));
    };
    let Some(kind_name) = kind.as_ref().as_str() else {
        return place
            .complain(&kind.span(), wording!("kind 须为加引号的文字", "kind must be text in quotes"));
    };
    let mut entries = Entries::new(around.folder, place, text, kind_name);
    let (config, channels_default) = match kind_name {
        "spool" => (spool_of(&mut entries)?, Channel::ALL.to_vec()),
        "letter" => (letter_of(around, &mut entries)?, vec![Channel::Letter]),
        "smtp" => (smtp_of(&mut entries)?, vec![Channel::Email]),
        "smpp" => (smpp_of(around, &mut entries)?, vec![Channel::Sms]),
        "http" => (http::generic_of(around, &mut entries)?, vec![Channel::Sms]),
        "aliyun" => (http::aliyun_of(&mut entries)?, vec![Channel::Sms]),
        "tencent" => (http::tencent_of(&mut entries)?, vec![Channel::Sms]),
        "fcm" => (http::fcm_of(&mut entries)?, vec![Channel::Push]),
        "twilio" => (http::twilio_of(around, &mut entries)?, vec![Channel::Sms]),
        "sip" => (sip_of(&entries)?, vec![Channel::Voice]),
        "agents" => (agents_of(&entries)?, vec![Channel::Voice]),
        other => {
            let Wording { zh, en } = either(&KINDS);
            let complaint = Wording {
                zh: format!("kind“{other}”无法识别；取值为 {zh} 之一"),
                en: format!("kind {other:?} is unknown; use {en}"),
            };
            return place.complain(&kind.span(), complaint);
        }
    };
    let name = entries.text("name")?.unwrap_or_else(|| kind_name.to_owned());
    let channels = entries.channels(channels_default)?;
    let routing = routing_of(&entries, kind_name)?;
    entries.finish()?;
    Ok((ProviderConfig { name, channels, kind: config }, routing))
}

fn routing_of(entries: &Entries<'_>, kind_name: &str) -> Result<Routing, Failure> {
    let usual = Routing::default();
    let rate_per_second = entries.number("rate_per_second")?;
    if rate_per_second == Some(0) {
        return entries.complain(
            "rate_per_second",
            wording!(
                "rate_per_second 为 0 则什么也发不出；请用 drain = true",
                "rate_per_second 0 sends nothing; use drain = true"
            ),
        );
    }
    let cost = match entries.text("cost")?.map(|text| UnitCost::parse(&text)) {
        None => None,
        Some(Ok(cost)) => Some(cost),
        Some(Err(complaint)) => return entries.complain("cost", complaint),
    };
    let cost = further_cost(entries, kind_name, cost)?;
    Ok(Routing {
        priority: entries.number("priority")?.unwrap_or(usual.priority),
        weight: entries.number("weight")?.unwrap_or(usual.weight),
        rate_per_second,
        is_draining: entries.flag("drain")?.unwrap_or(usual.is_draining),
        cost,
        asking: if ASKED_KINDS.contains(&kind_name) { asking_of(entries)? } else { usual.asking },
    })
}

/// Adds what a further page of a letter, or a minute of an agent's call, costs.
fn further_cost(
    entries: &Entries<'_>,
    kind_name: &str,
    cost: Option<UnitCost>,
) -> Result<Option<UnitCost>, Failure> {
    let mut cost = cost;
    let names: &[&str] = match kind_name {
        "letter" => &["cost_further_page"],
        "agents" => &["cost_minute"],
        _ => &[],
    };
    for name in names.iter().copied() {
        let Some(text) = entries.text(name)? else { continue };
        let further = match UnitCost::parse(&text) {
            Ok(further) => further,
            Err(complaint) => return entries.complain(name, complaint),
        };
        let Some(known) = cost.as_mut() else {
            return entries.complain(
                name,
                wording!(
                    "须同时写明 cost；没有费用则写 cost = \"0 CNY\"",
                    "needs cost beside it; write cost = \"0 CNY\" where there is none"
                ),
            );
        };
        if known.currency != further.currency {
            return entries.complain(
                name,
                wording!(
                    "币种与 cost 不同；请用 {}",
                    "is in another currency than cost; use {}",
                    known.currency
                ),
            );
        }
        match name {
            "cost_minute" => known.minute_micros = further.micros,
            _ => known.further_page_micros = further.micros,
        }
    }
    Ok(cost)
}

/// When the provider is asked about messages whose outcome is open.
fn asking_of(entries: &Entries<'_>) -> Result<Asking, Failure> {
    let usual = Asking::default();
    let asking = Asking {
        after_minutes: entries.number("query_after_minutes")?.unwrap_or(usual.after_minutes),
        times_max: entries.number("query_times")?.unwrap_or(usual.times_max),
        hours_max: entries.number("query_hours")?.unwrap_or(usual.hours_max),
    };
    if !(1..=1_440).contains(&asking.after_minutes) {
        return entries.complain(
            "query_after_minutes",
            wording!("query_after_minutes 须在 1 至 1440 之间", "query_after_minutes must be from 1 to 1440"),
        );
    }
    if asking.times_max > 100 {
        return entries.complain(
            "query_times",
            wording!(
                "query_times 须在 0 至 100 之间；0 表示不查询",
                "query_times must be from 0 to 100; 0 asks about nothing"
            ),
        );
    }
    if !(1..=720).contains(&asking.hours_max) {
        return entries.complain(
            "query_hours",
            wording!("query_hours 须在 1 至 720 之间", "query_hours must be from 1 to 720"),
        );
    }
    Ok(asking)
}

/// What there is without a file.
pub(super) fn default_spool(folder: &Path) -> ProviderConfig {
    let spool = SpoolConfig { folder: folder.join("spool"), durable: true };
    ProviderConfig {
        name: "spool".to_owned(),
        channels: Channel::ALL.to_vec(),
        kind: ProviderKind::Spool(spool),
    }
}

fn spool_of(entries: &mut Entries<'_>) -> Result<ProviderKind, Failure> {
    let default = entries.in_folder(PathBuf::from("spool"));
    Ok(ProviderKind::Spool(SpoolConfig {
        folder: entries.path("folder")?.unwrap_or(default),
        durable: entries.flag("durable")?.unwrap_or(true),
    }))
}

fn agents_of(entries: &Entries<'_>) -> Result<ProviderKind, Failure> {
    let usual = AgentsConfig::default();
    Ok(ProviderKind::Agents(AgentsConfig {
        lease_minutes: entries.number("lease_minutes")?.unwrap_or(usual.lease_minutes),
        call_minutes: entries.number("call_minutes")?.unwrap_or(usual.call_minutes),
    }))
}

fn letter_of(around: &Surroundings<'_>, entries: &mut Entries<'_>) -> Result<ProviderKind, Failure> {
    let default = entries.in_folder(PathBuf::from("letters"));
    let Ok(zone) = TimeZone::get(around.zone) else {
        return entries.complain(
            "kind",
            wording!(
                "信函须在 [lender] 下写明 zone，如 Asia/Shanghai",
                "letters need a zone under [lender], such as Asia/Shanghai"
            ),
        );
    };
    let cut_off = match entries.text("cut_off")? {
        None => None,
        Some(text) => match jiff::civil::Time::strptime("%H:%M", &text) {
            Ok(time) => Some((time.hour(), time.minute())),
            Err(_) => {
                return entries.complain(
                    "cut_off",
                    wording!("cut_off 须为时刻，如“16:00”", "cut_off must be a time such as \"16:00\""),
                );
            }
        },
    };
    let letters_max = entries.number("letters_max")?.unwrap_or(LETTERS_MAX_DEFAULT);
    if !(1..=10_000).contains(&letters_max) {
        return entries.complain(
            "letters_max",
            wording!("letters_max 须在 1 至 10000 之间", "letters_max must be from 1 to 10000"),
        );
    }
    let posted = [("accepted", false), ("delivered", true)];
    let files = [("batch", false), ("each", true)];
    Ok(ProviderKind::Letter(LetterConfig {
        folder: entries.path("folder")?.unwrap_or(default),
        letters_max,
        cut_off,
        zone,
        file_each: entries.choice("files", &files)?.unwrap_or(false),
        mail_class: entries.text("mail_class")?.unwrap_or_else(|| "standard".to_owned()),
        posted_is_delivered: entries.choice("posted", &posted)?.unwrap_or(false),
        printer: None,
    }))
}

fn sip_of(entries: &Entries<'_>) -> Result<ProviderKind, Failure> {
    let transports = [("udp", SipTransport::Udp), ("tcp", SipTransport::Tcp), ("tls", SipTransport::Tls)];
    let transport = entries.choice("transport", &transports)?.unwrap_or(SipTransport::Udp);
    let extra_root = entries.path("extra_root")?;
    if extra_root.is_some() && transport != SipTransport::Tls {
        return entries.complain(
            "extra_root",
            wording!("只用于 transport = \"tls\"；请去掉", "is for transport = \"tls\" only; leave it out"),
        );
    }
    let voicemails = [
        ("hang_up", SipVoicemail::HangUp),
        ("message", SipVoicemail::Message),
        ("ignore", SipVoicemail::Ignore),
    ];
    let host = entries.required("host", "trunk.carrier.example")?;
    let password = entries.secret("password", true)?;
    let credentials = match (entries.text("user")?, password) {
        (Some(user), Some(password)) => Some(Credentials { user, password }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            return entries.complain(
                "user",
                wording!(
                    "user 与 password 须同时写明，或都不写",
                    "user and password belong together; give both or none"
                ),
            );
        }
    };
    let speech = |recording: &str, command: &str, voicemail: &str| -> Result<SipSpeech, Failure> {
        Ok(SipSpeech {
            recording: entries.path(recording)?,
            command: entries.texts(command)?,
            voicemail: entries.path(voicemail)?,
        })
    };
    Ok(ProviderKind::Sip(SipConfig {
        port: entries.number("port")?.unwrap_or(if transport == SipTransport::Tls { 5061 } else { 5060 }),
        transport,
        extra_root,
        recordings: entries.path("recordings")?,
        domain: entries.text("domain")?.unwrap_or_else(|| host.clone()),
        host,
        caller: entries.required("caller", "4000000000")?,
        credentials,
        lines: entries.number("lines")?.unwrap_or(10),
        ring_seconds: entries.number("ring_seconds")?.unwrap_or(30),
        heard_seconds: entries.number("heard_seconds")?.unwrap_or(8),
        key_seconds: entries.number("key_seconds")?.unwrap_or(6),
        timeout_seconds: entries.number("timeout_seconds")?.unwrap_or(5),
        machine_ms: entries.number("machine_ms")?.unwrap_or(2_400),
        voicemail: entries.choice("voicemail", &voicemails)?.unwrap_or(SipVoicemail::HangUp),
        zh: speech("recording_zh", "command_zh", "voicemail_zh")?,
        en: speech("recording_en", "command_en", "voicemail_en")?,
    }))
}

fn smtp_of(entries: &mut Entries<'_>) -> Result<ProviderKind, Failure> {
    let security = entries
        .choice(
            "security",
            &[
                ("plain", SmtpSecurity::Plain),
                ("starttls", SmtpSecurity::StartTls),
                ("tls", SmtpSecurity::Tls),
            ],
        )?
        .unwrap_or(SmtpSecurity::StartTls);
    let port = match security {
        SmtpSecurity::Plain => 25,
        SmtpSecurity::StartTls => 587,
        SmtpSecurity::Tls => 465,
    };
    let password = entries.secret("password", true)?;
    let credentials = match (entries.text("user")?, password) {
        (None, None) => None,
        (Some(user), Some(password)) => Some(Credentials { user, password }),
        (None, Some(_)) => {
            return entries.complain(
                "password",
                wording!("有密码而无用户；请同时写明 user", "a password without a user; give user as well"),
            );
        }
        (Some(_), None) => {
            let remedy = wording!(
                "有用户而无密码；请写明 password、password_from 或 password_file",
                "a user without a password; give password, password_from or password_file"
            );
            return entries.complain("user", remedy);
        }
    };
    Ok(ProviderKind::Smtp(SmtpConfig {
        host: entries.required("host", "mail.lender.example")?,
        port: entries.number("port")?.unwrap_or(port),
        security,
        extra_root: entries.path("extra_root")?,
        credentials,
        sender: entries.required("sender", "Lender <noreply@lender.example>")?,
        reply_to: entries.text("reply_to")?,
        unsubscribe: entries.text("unsubscribe")?,
        link_key: None,
        dkim: dkim_of(entries)?,
        bounce_address: entries.text("bounce_address")?,
        bounces: entries.path("bounces")?,
        connection_count: entries.number("connection_count")?.unwrap_or(CONNECTION_COUNT_DEFAULT),
        timeout_seconds: entries.number("timeout_seconds")?.unwrap_or(TIMEOUT_SECONDS_DEFAULT),
    }))
}

/// All three of the settings of DKIM, or none.
fn dkim_of(entries: &Entries<'_>) -> Result<Option<DkimConfig>, Failure> {
    let settings =
        (entries.text("dkim_domain")?, entries.text("dkim_selector")?, entries.path("dkim_key_file")?);
    match settings {
        (None, None, None) => Ok(None),
        (Some(domain), Some(selector), Some(key_file)) => Ok(Some(DkimConfig { domain, selector, key_file })),
        _ => entries.complain(
            "dkim_domain",
            wording!(
                "dkim_domain、dkim_selector、dkim_key_file 须同时写明",
                "dkim_domain, dkim_selector and dkim_key_file belong together"
            ),
        ),
    }
}

fn smpp_of(around: &Surroundings<'_>, entries: &mut Entries<'_>) -> Result<ProviderKind, Failure> {
    let alphabets = [("gsm", SmppAlphabet::Gsm), ("ucs2", SmppAlphabet::Ucs2)];
    let binds = [("transceiver", SmppBind::Transceiver), ("separate", SmppBind::Separate)];
    let long_texts = [("concatenated", SmppLongText::Concatenated), ("payload", SmppLongText::Payload)];
    let receipt_ids = [("same", SmppReceiptId::Same), ("decimal", SmppReceiptId::Decimal)];
    let zone = entries.text("receipt_zone")?;
    let Ok(zone) = TimeZone::get(zone.as_deref().unwrap_or(around.zone)) else {
        return entries.complain(
            "receipt_zone",
            wording!(
                "receipt_zone 无法识别；请用 IANA 名称，如 Asia/Shanghai",
                "receipt_zone is unknown; use an IANA name such as Asia/Shanghai"
            ),
        );
    };
    let securities = [("plain", SmppSecurity::Plain), ("tls", SmppSecurity::Tls)];
    let security = entries.choice("security", &securities)?.unwrap_or(SmppSecurity::Plain);
    let port = match security {
        SmppSecurity::Plain => 2775,
        SmppSecurity::Tls => 3550,
    };
    Ok(ProviderKind::Smpp(SmppConfig {
        host: entries.required("host", "smsc.carrier.example")?,
        port: entries.number("port")?.unwrap_or(port),
        security,
        extra_root: entries.path("extra_root")?,
        system_id: entries.required("user", "dunlin")?,
        password: entries.secret("password", true)?,
        system_type: entries.text("system_type")?.unwrap_or_default(),
        sender: entries.required("sender", "10690001")?,
        sender_ton: entries.number("sender_ton")?,
        sender_npi: entries.number("sender_npi")?,
        bind: entries.choice("bind", &binds)?.unwrap_or(SmppBind::Transceiver),
        bind_count: entries.number("bind_count")?.unwrap_or(1),
        window: entries.number("window")?.unwrap_or(10),
        enquire_seconds: entries.number("enquire_seconds")?.unwrap_or(30),
        timeout_seconds: entries.number("timeout_seconds")?.unwrap_or(TIMEOUT_SECONDS_DEFAULT),
        alphabet: entries.choice("alphabet", &alphabets)?.unwrap_or(SmppAlphabet::Gsm),
        long_text: entries.choice("long_text", &long_texts)?.unwrap_or(SmppLongText::Concatenated),
        receipt_id: entries.choice("receipt_id", &receipt_ids)?.unwrap_or(SmppReceiptId::Same),
        zone,
    }))
}
