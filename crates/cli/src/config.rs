//! `dunlin.toml`: how a process runs. What is not in it has a default, so the file may be missing.
//!
//! Promises that a key nobody knows, a value that cannot be and a setting that does not belong to its kind are
//! refused by name and line. Product terms, strategies, rules and templates are not configuration: they are
//! policy documents, kept in the database.

mod payments;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use dunlin_domain::contact::{Channel, Personal};
use dunlin_engine::delivery::{
    Credentials, ProviderConfig, ProviderKind, SmtpConfig, SmtpSecurity, SpoolConfig,
};
use dunlin_engine::payment::settings::PaymentSettings;
use dunlin_engine::{Clock, Lender, Letters};
use serde::Deserialize;
use toml::Spanned;

use crate::failure::{Failure, exit_of_io};

/// The file's name in the data folder.
pub const FILE_NAME: &str = "dunlin.toml";

/// Connections to a mail server, unless set.
const CONNECTION_COUNT_DEFAULT: usize = 4;
/// Seconds to wait for a reply of a mail server, unless set.
const TIMEOUT_SECONDS_DEFAULT: u64 = 60;

/// The settings of a data folder.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The database, if it is not the folder's own.
    pub database: Option<String>,
    /// What a day's moment is, if it is said.
    pub clock: Option<Clock>,
    /// How many of the 1,024 parts a worker holds at a time, if it is said.
    pub span_width: Option<u16>,
    /// The lender.
    pub lender: Lender,
    /// The ways out of the house.
    pub providers: Vec<ProviderConfig>,
    /// Gateways, the waiver limit, the bank's files.
    pub payments: PaymentSettings,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct File {
    database: Option<String>,
    clock: Option<Spanned<String>>,
    parts_held: Option<Spanned<u16>>,
    #[serde(default)]
    lender: LenderText,
    #[serde(default)]
    statement: StatementText,
    #[serde(default)]
    provider: Vec<Spanned<ProviderText>>,
    #[serde(default)]
    gateway: Vec<Spanned<payments::GatewayText>>,
    #[serde(default)]
    waiver: payments::WaiverText,
    #[serde(default)]
    bank_file: payments::BankFileText,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct LenderText {
    name_zh: Option<String>,
    name_en: Option<String>,
    hotline: Option<String>,
    zone: Option<Spanned<String>>,
    address_zh: Option<String>,
    address_en: Option<String>,
    website: Option<String>,
    email: Option<String>,
    payment_zh: Option<String>,
    payment_en: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct StatementText {
    font: Option<PathBuf>,
}

/// Every setting of every kind: a kind's own struct would lose the lines of its complaints.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderText {
    kind: Spanned<String>,
    name: Option<String>,
    channels: Option<Spanned<Vec<String>>>,
    folder: Option<Spanned<PathBuf>>,
    durable: Option<Spanned<bool>>,
    host: Option<Spanned<String>>,
    port: Option<Spanned<u16>>,
    security: Option<Spanned<String>>,
    extra_root: Option<Spanned<PathBuf>>,
    user: Option<Spanned<String>>,
    password: Option<Spanned<String>>,
    password_from: Option<Spanned<String>>,
    sender: Option<Spanned<String>>,
    reply_to: Option<Spanned<String>>,
    unsubscribe: Option<Spanned<String>>,
    connection_count: Option<Spanned<usize>>,
    timeout_seconds: Option<Spanned<u64>>,
}

/// Reads the settings of `folder`; all defaults when it has no file.
///
/// # Errors
/// When the file cannot be read, or something in it cannot be, by line and name.
pub fn read(folder: &Path) -> Result<Settings, Failure> {
    let path = folder.join(FILE_NAME);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        // What stands in the way of the folder itself is told when it is made.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => String::new(),
        Err(error) => {
            let message = format!(
                "cannot read {}: {error}; check its permissions and that it is UTF-8",
                path.display()
            );
            return Err(Failure { code: "config", message, exit: exit_of_io(&error) });
        }
    };
    parse(folder, &path.display().to_string(), &text)
}

/// Where a complaint is about.
struct Place<'t> {
    file: &'t str,
    text: &'t str,
}

impl Place<'_> {
    fn complain<T>(
        &self,
        at: &std::ops::Range<usize>,
        complaint: impl std::fmt::Display,
    ) -> Result<T, Failure> {
        let before = &self.text.as_bytes()[..at.start.min(self.text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Err(Failure::refused("config", format!("{} line {line}: {complaint}", self.file)))
    }
}

fn parse(folder: &Path, file: &str, text: &str) -> Result<Settings, Failure> {
    let place = Place { file, text };
    let content: File = match toml::from_str(text) {
        Ok(content) => content,
        Err(error) => {
            let message = error.message().trim().replace('\n', "; ");
            let remedy = match message.split_once(' ') {
                Some(("missing", _)) => "; add it",
                Some(("invalid", rest)) if rest.starts_with("boolean") => "; put text in quotes",
                Some(_) | None => "",
            };
            return place.complain(&error.span().unwrap_or(0..0), message + remedy);
        }
    };
    let clock = match &content.clock {
        None => None,
        Some(clock) => match parse_clock(clock.as_ref()) {
            Some(known) => Some(known),
            None => {
                return place.complain(
                    &clock.span(),
                    format!("clock {:?} is unknown; use real or business", clock.as_ref()),
                );
            }
        },
    };
    let providers = if content.provider.is_empty() {
        vec![default_spool(folder)]
    } else {
        let providers = content.provider.iter();
        providers.map(|provider| provider_of(folder, &place, provider)).collect::<Result<_, _>>()?
    };
    let payments = payments::payments_of(&place, &content.gateway, &content.waiver, &content.bank_file)?;
    Ok(Settings {
        database: content.database,
        clock,
        span_width: span_width_of(&place, content.parts_held.as_ref())?,
        lender: lender_of(&place, folder, content.lender, content.statement)?,
        providers,
        payments,
    })
}

/// Reads `real` or `business`.
#[must_use]
pub fn parse_clock(text: &str) -> Option<Clock> {
    match text {
        "real" => Some(Clock::Real),
        "business" => Some(Clock::Business),
        _ => None,
    }
}

fn span_width_of(place: &Place<'_>, held: Option<&Spanned<u16>>) -> Result<Option<u16>, Failure> {
    match held {
        None => Ok(None),
        Some(held) if (1..=1024).contains(held.as_ref()) => Ok(Some(*held.as_ref())),
        Some(held) => {
            place.complain(&held.span(), format!("parts_held {} is not between 1 and 1024", held.as_ref()))
        }
    }
}

fn lender_of(
    place: &Place<'_>,
    folder: &Path,
    text: LenderText,
    statement: StatementText,
) -> Result<Lender, Failure> {
    if let Some(zone) = &text.zone
        && jiff::tz::TimeZone::get(zone.as_ref()).is_err()
    {
        let complaint =
            format!("zone {:?} is unknown; use an IANA name such as Asia/Shanghai", zone.as_ref());
        return place.complain(&zone.span(), complaint);
    }
    Ok(Lender {
        name_zh: text.name_zh.unwrap_or_else(|| "示例消金".to_owned()),
        name_en: text.name_en.unwrap_or_else(|| "Sample Finance".to_owned()),
        hotline: text.hotline.unwrap_or_else(|| "400-000-0000".to_owned()),
        zone: text.zone.map_or_else(|| "Asia/Shanghai".to_owned(), Spanned::into_inner),
        letters: Letters {
            address_zh: text.address_zh,
            address_en: text.address_en,
            website: text.website,
            email: text.email,
            payment_zh: text.payment_zh,
            payment_en: text.payment_en,
            // A path in the file is seen from the file.
            font: statement.font.map(|font| folder.join(font)),
        },
    })
}

fn default_spool(folder: &Path) -> ProviderConfig {
    let spool = SpoolConfig { folder: folder.join("spool"), durable: true };
    ProviderConfig {
        name: "spool".to_owned(),
        channels: Channel::ALL.to_vec(),
        kind: ProviderKind::Spool(spool),
    }
}

fn provider_of(
    folder: &Path,
    place: &Place<'_>,
    provider: &Spanned<ProviderText>,
) -> Result<ProviderConfig, Failure> {
    let text = provider.as_ref();
    let (kind, channels_default) = match text.kind.as_ref().as_str() {
        "spool" => (spool_of(folder, place, text)?, Channel::ALL.to_vec()),
        "smtp" => (smtp_of(folder, place, provider)?, vec![Channel::Email]),
        other => {
            return place
                .complain(&text.kind.span(), format!("kind {other:?} is unknown; use spool or smtp"));
        }
    };
    let channels = match &text.channels {
        None => channels_default,
        Some(codes) => channels_of(place, codes)?,
    };
    let name = text.name.clone().unwrap_or_else(|| text.kind.as_ref().clone());
    Ok(ProviderConfig { name, channels, kind })
}

fn channels_of(place: &Place<'_>, codes: &Spanned<Vec<String>>) -> Result<Vec<Channel>, Failure> {
    let mut channels = Vec::new();
    for code in codes.as_ref() {
        let Some(channel) = Channel::parse(code) else {
            let known: Vec<&str> = Channel::ALL.iter().map(|channel| channel.code()).collect();
            return place
                .complain(&codes.span(), format!("channel {code:?} is unknown; use {}", known.join(", ")));
        };
        channels.push(channel);
    }
    if channels.is_empty() {
        return place.complain(
            &codes.span(),
            "channels is empty; name one, or leave it out for all that the kind serves",
        );
    }
    Ok(channels)
}

/// Complains about the first setting that is there and does not belong to the kind.
macro_rules! refuse_foreign {
    ($place:expr, $text:expr, $kind:literal, $owner:literal, $($setting:ident),+) => {
        $(if let Some(setting) = &$text.$setting {
            let complaint = concat!(stringify!($setting), " is no setting of kind ", $kind, ", only of ", $owner);
            return $place.complain(&setting.span(), complaint);
        })+
    };
}

fn spool_of(folder: &Path, place: &Place<'_>, text: &ProviderText) -> Result<ProviderKind, Failure> {
    refuse_foreign!(
        place,
        text,
        "spool",
        "smtp",
        host,
        port,
        security,
        extra_root,
        user,
        password,
        password_from,
        sender,
        reply_to,
        unsubscribe,
        connection_count,
        timeout_seconds
    );
    let own = text.folder.as_ref().map_or_else(|| PathBuf::from("spool"), |folder| folder.as_ref().clone());
    let durable = text.durable.as_ref().is_none_or(|durable| *durable.as_ref());
    Ok(ProviderKind::Spool(SpoolConfig { folder: folder.join(own), durable }))
}

fn smtp_of(
    folder: &Path,
    place: &Place<'_>,
    provider: &Spanned<ProviderText>,
) -> Result<ProviderKind, Failure> {
    let text = provider.as_ref();
    refuse_foreign!(place, text, "smtp", "spool", folder, durable);
    let required = |setting: &Option<Spanned<String>>, name: &str, example: &str| match setting {
        Some(setting) => Ok(setting.as_ref().clone()),
        None => {
            place.complain(&provider.span(), format!("a provider of kind smtp needs {name} = {example:?}"))
        }
    };
    let security = match &text.security {
        None => SmtpSecurity::StartTls,
        Some(security) => match security.as_ref().as_str() {
            "plain" => SmtpSecurity::Plain,
            "starttls" => SmtpSecurity::StartTls,
            "tls" => SmtpSecurity::Tls,
            other => {
                let complaint = format!("security {other:?} is unknown; use plain, starttls or tls");
                return place.complain(&security.span(), complaint);
            }
        },
    };
    let port = match security {
        SmtpSecurity::Plain => 25,
        SmtpSecurity::StartTls => 587,
        SmtpSecurity::Tls => 465,
    };
    Ok(ProviderKind::Smtp(SmtpConfig {
        host: required(&text.host, "host", "mail.lender.example")?,
        port: text.port.as_ref().map_or(port, |port| *port.as_ref()),
        security,
        extra_root: text.extra_root.as_ref().map(|file| folder.join(file.as_ref())),
        credentials: credentials_of(place, text)?,
        sender: required(&text.sender, "sender", "Lender <noreply@lender.example>")?,
        reply_to: text.reply_to.as_ref().map(|address| address.as_ref().clone()),
        unsubscribe: text.unsubscribe.as_ref().map(|address| address.as_ref().clone()),
        connection_count: text
            .connection_count
            .as_ref()
            .map_or(CONNECTION_COUNT_DEFAULT, |count| *count.as_ref()),
        timeout_seconds: text
            .timeout_seconds
            .as_ref()
            .map_or(TIMEOUT_SECONDS_DEFAULT, |seconds| *seconds.as_ref()),
    }))
}

/// The password stands in the file, or in an environment variable that the file names.
fn credentials_of(place: &Place<'_>, text: &ProviderText) -> Result<Option<Credentials>, Failure> {
    let Some(user) = &text.user else {
        return match text.password.as_ref().or(text.password_from.as_ref()) {
            Some(password) => {
                place.complain(&password.span(), "a password without a user; give user as well")
            }
            None => Ok(None),
        };
    };
    let password = match (&text.password, &text.password_from) {
        (Some(password), None) => password.as_ref().clone(),
        (None, Some(variable)) => match std::env::var(variable.as_ref()) {
            Ok(password) if !password.is_empty() => password,
            Ok(_) | Err(_) => {
                let complaint = format!(
                    "environment variable {} is not set; it must hold the password",
                    variable.as_ref()
                );
                return place.complain(&variable.span(), complaint);
            }
        },
        (Some(_), Some(both)) => {
            return place.complain(&both.span(), "password and password_from are both there; remove one");
        }
        (None, None) => {
            return place.complain(&user.span(), "a user without a password; give password or password_from");
        }
    };
    Ok(Some(Credentials { user: user.as_ref().clone(), password: Personal::new(password) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let told = match parse(Path::new("/data"), "dunlin.toml", text) {
            Ok(settings) => format!("{settings:#?}"),
            Err(failure) => failure.message,
        };
        expected.assert_eq(&told);
    }

    #[test]
    fn without_a_file_messages_go_to_a_spool_in_the_data_folder() {
        check(
            "",
            expect![[r#"
                Settings {
                    database: None,
                    clock: None,
                    span_width: None,
                    lender: Lender {
                        name_zh: "示例消金",
                        name_en: "Sample Finance",
                        hotline: "400-000-0000",
                        zone: "Asia/Shanghai",
                        letters: Letters {
                            address_zh: None,
                            address_en: None,
                            website: None,
                            email: None,
                            payment_zh: None,
                            payment_en: None,
                            font: None,
                        },
                    },
                    providers: [
                        ProviderConfig {
                            name: "spool",
                            channels: [
                                Sms,
                                Voice,
                                Email,
                                Push,
                                Letter,
                            ],
                            kind: Spool(
                                SpoolConfig {
                                    folder: "/data/spool",
                                    durable: true,
                                },
                            ),
                        },
                    ],
                    payments: PaymentSettings {
                        waiver: WaiverPolicy {
                            alone_max: "100.00",
                            expiry_days: 7,
                        },
                        gateways: [],
                        bank_csv: CsvColumns {
                            names: {},
                            encoding: "utf8",
                            delimiter: 44,
                            currency: "CNY",
                            account: "",
                        },
                    },
                }"#]],
        );
    }

    #[test]
    fn the_documented_example_is_a_configuration() {
        let document = include_str!("../../../docs/configuration.md");
        let example = document.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
        // The environment of a test holds no password.
        let example = example.expect("an example").replace("password_from", "password");
        let settings = parse(Path::new("/data"), "dunlin.toml", &example).expect("it can be read");
        let channels: Vec<_> = settings.providers.iter().map(|provider| provider.channels.len()).collect();
        assert_eq!((settings.span_width, channels), (Some(64), vec![1, 4]));
    }

    #[test]
    fn a_mail_server_has_the_usual_port_of_its_security() {
        check(
            "[[provider]]\nkind = \"smtp\"\nhost = \"mail.lender.example\"\nsender = \"a@lender.example\"\n\
             security = \"tls\"\nuser = \"u\"\npassword = \"hidden\"\n",
            expect![[r#"
                Settings {
                    database: None,
                    clock: None,
                    span_width: None,
                    lender: Lender {
                        name_zh: "示例消金",
                        name_en: "Sample Finance",
                        hotline: "400-000-0000",
                        zone: "Asia/Shanghai",
                        letters: Letters {
                            address_zh: None,
                            address_en: None,
                            website: None,
                            email: None,
                            payment_zh: None,
                            payment_en: None,
                            font: None,
                        },
                    },
                    providers: [
                        ProviderConfig {
                            name: "smtp",
                            channels: [
                                Email,
                            ],
                            kind: Smtp(
                                SmtpConfig {
                                    host: "mail.lender.example",
                                    port: 465,
                                    security: Tls,
                                    extra_root: None,
                                    credentials: Some(
                                        credentials of u,
                                    ),
                                    sender: "a@lender.example",
                                    reply_to: None,
                                    unsubscribe: None,
                                    connection_count: 4,
                                    timeout_seconds: 60,
                                },
                            ),
                        },
                    ],
                    payments: PaymentSettings {
                        waiver: WaiverPolicy {
                            alone_max: "100.00",
                            expiry_days: 7,
                        },
                        gateways: [],
                        bank_csv: CsvColumns {
                            names: {},
                            encoding: "utf8",
                            delimiter: 44,
                            currency: "CNY",
                            account: "",
                        },
                    },
                }"#]],
        );
    }

    #[test]
    fn a_mistake_is_refused_by_line_and_name() {
        check(
            "[lender]\nhotlin = \"1\"\n",
            expect![
                "dunlin.toml line 2: unknown field `hotlin`, expected one of `name_zh`, `name_en`, `hotline`, `zone`, `address_zh`, `address_en`, `website`, `email`, `payment_zh`, `payment_en`"
            ],
        );
        check(
            "[lender]\nzone = \"Asia/Shangai\"\n",
            expect![[
                r#"dunlin.toml line 2: zone "Asia/Shangai" is unknown; use an IANA name such as Asia/Shanghai"#
            ]],
        );
        check(
            "databse = \"x\"\n",
            expect![
                "dunlin.toml line 1: unknown field `databse`, expected one of `database`, `clock`, `parts_held`, `lender`, `statement`, `provider`, `gateway`, `waiver`, `bank_file`"
            ],
        );
        check(
            "clock = \"fast\"\n",
            expect![[r#"dunlin.toml line 1: clock "fast" is unknown; use real or business"#]],
        );
        check("parts_held = 0\n", expect!["dunlin.toml line 1: parts_held 0 is not between 1 and 1024"]);
        check(
            "clock = fast\n",
            expect!["dunlin.toml line 1: invalid boolean, expected `false`; put text in quotes"],
        );
        check("[[provider]]\nname = \"x\"\n", expect!["dunlin.toml line 1: missing field `kind`; add it"]);
        check(
            "[[provider]]\nkind = \"sms\"\n",
            expect![[r#"dunlin.toml line 2: kind "sms" is unknown; use spool or smtp"#]],
        );
        check(
            "[[provider]]\nkind = \"spool\"\nchannels = [\"sms\", \"fax\"]\n",
            expect![[r#"dunlin.toml line 3: channel "fax" is unknown; use sms, voice, email, push, letter"#]],
        );
        check(
            "[[provider]]\nkind = \"spool\"\n\nhost = \"h\"\n",
            expect!["dunlin.toml line 4: host is no setting of kind spool, only of smtp"],
        );
        check(
            "\n[[provider]]\nkind = \"smtp\"\nsender = \"a@b.example\"\n",
            expect![[r#"dunlin.toml line 2: a provider of kind smtp needs host = "mail.lender.example""#]],
        );
        check(
            "[[provider]]\nkind = \"smtp\"\nfolder = \"f\"\n",
            expect!["dunlin.toml line 3: folder is no setting of kind smtp, only of spool"],
        );
        check(
            "[[provider]]\nkind = \"smtp\"\nhost = \"h\"\nsender = \"a@b.example\"\nuser = \"u\"\n",
            expect!["dunlin.toml line 5: a user without a password; give password or password_from"],
        );
        check(
            "[[provider]]\nkind = \"smtp\"\nport = 70000\n",
            expect!["dunlin.toml line 3: invalid value: integer `70000`, expected u16"],
        );
    }
}
