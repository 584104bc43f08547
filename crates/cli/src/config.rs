//! `dunlin.toml`: how a process runs. What is not in it has a default, so the file may be missing.
//!
//! Promises that a key nobody knows, a value that cannot be and a setting that does not belong to its kind are
//! refused by name and line. Product terms, strategies, rules and templates are not configuration: they are
//! policy documents, kept in the database.

mod canary;
mod payments;
mod provider;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use dunlin_engine::delivery::{ProviderConfig, Routing};
use dunlin_engine::payment::settings::PaymentSettings;
use dunlin_engine::watch::canary::Canary;
use dunlin_engine::{Clock, Lender, Letters};
use serde::Deserialize;
use toml::Spanned;

use dunlin_domain::money::Rate;
use dunlin_engine::contact_bulk::ContactLimits;
use dunlin_engine::privacy::RETENTION_YEARS_DEFAULT;

use crate::failure::{Failure, exit_of_io};

/// The file's name in the data folder.
pub const FILE_NAME: &str = "dunlin.toml";

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
    /// How messages are shared out to them, by their names.
    pub routing: BTreeMap<String, Routing>,
    /// Gateways, the waiver limit, the bank's files.
    pub payments: PaymentSettings,
    /// What one person may remove of contact data alone.
    pub contact_limits: ContactLimits,
    /// Test messages to ourselves.
    pub canaries: Vec<Canary>,
    /// Whole years for which data are kept after the end of the business.
    pub retention_years: u16,
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
    provider: Vec<Spanned<provider::ProviderText>>,
    #[serde(default)]
    canary: Vec<Spanned<canary::CanaryText>>,
    #[serde(default)]
    gateway: Vec<Spanned<payments::GatewayText>>,
    #[serde(default)]
    waiver: payments::WaiverText,
    #[serde(default)]
    losses: payments::WaiverText,
    #[serde(default)]
    bank_file: payments::BankFileText,
    #[serde(default)]
    contact_data: ContactDataText,
    #[serde(default)]
    privacy: PrivacyText,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct PrivacyText {
    retention_years: Option<Spanned<u16>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct ContactDataText {
    alone_max: Option<u64>,
    alone_share_max: Option<Spanned<String>>,
    same_value_max: Option<u64>,
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
            let message = wording!(
                "无法读取 {}：{error}；请检查权限，并确认是 UTF-8",
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
    fn complain<T>(&self, at: &std::ops::Range<usize>, complaint: Wording) -> Result<T, Failure> {
        let before = &self.text.as_bytes()[..at.start.min(self.text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let file = self.file;
        Err(Failure::refused(
            "config",
            Wording {
                zh: format!("{file} 第 {line} 行：{}", complaint.zh),
                en: format!("{file} line {line}: {}", complaint.en),
            },
        ))
    }
}

/// Codes of which one is meant.
fn either(codes: &[&str]) -> Wording {
    let en = match codes.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some(_) | None => codes.concat(),
    };
    Wording { zh: codes.join("、"), en }
}

fn parse(folder: &Path, file: &str, text: &str) -> Result<Settings, Failure> {
    let place = Place { file, text };
    let content: File = match toml::from_str(text) {
        Ok(content) => content,
        Err(error) => {
            let said = Wording::quoted(error.message().trim().replace('\n', "; "));
            let remedy = match said.en.split_once(' ') {
                Some(("missing", _)) => wording!("；请补上", "; add it"),
                Some(("invalid", rest)) if rest.starts_with("boolean") => {
                    wording!("；文字请加上引号", "; put text in quotes")
                }
                Some(_) | None => Wording::default(),
            };
            let complaint = Wording { zh: said.zh + &remedy.zh, en: said.en + &remedy.en };
            return place.complain(&error.span().unwrap_or(0..0), complaint);
        }
    };
    let clock = match &content.clock {
        None => None,
        Some(clock) => match parse_clock(clock.as_ref()) {
            Some(known) => Some(known),
            None => {
                return place.complain(
                    &clock.span(),
                    wording!(
                        "clock“{}”无法识别；取值为 real 或 business",
                        "clock {:?} is unknown; use real or business",
                        clock.as_ref()
                    ),
                );
            }
        },
    };
    let lender = lender_of(&place, folder, content.lender, content.statement)?;
    let around = provider::Surroundings { folder, zone: &lender.zone };
    let mut providers: Vec<ProviderConfig> = Vec::new();
    let mut routing = BTreeMap::new();
    for text in &content.provider {
        let (provider, of_provider) = provider::provider_of(&around, &place, text)?;
        if routing.insert(provider.name.clone(), of_provider).is_some() {
            return place.complain(
                &text.span(),
                wording!(
                    "服务商“{}”重复出现；请给其中一个改名",
                    "provider {:?} is there twice; give one another name",
                    provider.name
                ),
            );
        }
        providers.push(provider);
    }
    if providers.is_empty() {
        providers.push(provider::default_spool(folder));
    }
    let canaries = canary::canaries_of(folder, &place, &content.canary, &providers)?;
    let limits = (&content.waiver, &content.losses);
    let payments = payments::payments_of(&place, &content.gateway, limits, &content.bank_file)?;
    Ok(Settings {
        database: content.database,
        clock,
        span_width: span_width_of(&place, content.parts_held.as_ref())?,
        lender,
        providers,
        routing,
        payments,
        contact_limits: contact_limits_of(&place, &content.contact_data)?,
        canaries,
        retention_years: retention_of(&place, &content.privacy)?,
    })
}

fn retention_of(place: &Place<'_>, text: &PrivacyText) -> Result<u16, Failure> {
    match &text.retention_years {
        None => Ok(RETENTION_YEARS_DEFAULT),
        Some(years) if *years.as_ref() <= 100 => Ok(*years.as_ref()),
        Some(years) => place.complain(
            &years.span(),
            wording!(
                "retention_years 为 {}，须在 0 至 100 之间",
                "retention_years {} is not between 0 and 100",
                years.as_ref()
            ),
        ),
    }
}

fn contact_limits_of(place: &Place<'_>, text: &ContactDataText) -> Result<ContactLimits, Failure> {
    let mut limits = ContactLimits::default();
    limits.alone_max = text.alone_max.unwrap_or(limits.alone_max);
    limits.same_value_max = text.same_value_max.unwrap_or(limits.same_value_max);
    if let Some(share) = &text.alone_share_max {
        let read =
            Rate::parse_percent(share.as_ref()).ok().and_then(|rate| u64::try_from(rate.millionths()).ok());
        match read.filter(|millionths| *millionths <= 1_000_000) {
            Some(millionths) => limits.alone_share_millionths = millionths,
            None => {
                let complaint = wording!(
                    "alone_share_max“{}”不是占比；请写成“1%”的形式",
                    "alone_share_max {:?} is no share; write it as \"1%\"",
                    share.as_ref()
                );
                return place.complain(&share.span(), complaint);
            }
        }
    }
    Ok(limits)
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
        Some(held) => place.complain(
            &held.span(),
            wording!(
                "parts_held 为 {}，须在 1 至 1024 之间",
                "parts_held {} is not between 1 and 1024",
                held.as_ref()
            ),
        ),
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
        let complaint = wording!(
            "时区“{}”无法识别；请用 IANA 名称，如 Asia/Shanghai",
            "zone {:?} is unknown; use an IANA name such as Asia/Shanghai",
            zone.as_ref()
        );
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

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let told = match parse(Path::new("/data"), "dunlin.toml", text) {
            Ok(settings) => format!("{settings:#?}"),
            Err(failure) => {
                check_chinese(&failure.message);
                failure.message.en
            }
        };
        expected.assert_eq(&told);
    }

    /// Behind the place a complaint is Chinese; only what the parser of TOML said is a quotation.
    fn check_chinese(told: &Wording) {
        let (_, complaint) = told.zh.split_once(" 行：").expect("a line");
        let is_chinese = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
        assert!(complaint.chars().any(is_chinese), "{}", told.zh);
        let of_parser =
            ["unknown field", "missing field", "invalid type", "invalid boolean", "invalid value"];
        let is_of_parser = of_parser.iter().any(|words| told.en.contains(words));
        assert!(is_of_parser || !complaint.contains("原文"), "{}", told.zh);
    }

    #[test]
    fn complaints_are_told_in_chinese_with_place_and_remedy() {
        let zh = |text: &str| match parse(Path::new("/data"), "dunlin.toml", text) {
            Ok(_) => panic!("{text} is accepted"),
            Err(failure) => failure.message.zh,
        };
        let provider = |lines: &str| format!("[[provider]]\nname = \"one\"\n{lines}\n");
        let told = [
            zh("clock = \"wall\"\n"),
            zh("parts_held = 0\n"),
            zh("[lender]\nzone = \"Beijing\"\n"),
            zh("[waiver]\nalone_max = \"much\"\n"),
            zh("[[gateway]]\nname = \"epay\"\n"),
            zh("[[gateway]]\nname = \"epay\"\nsecret = \"short\"\n"),
            zh(&provider("kind = \"fax\"")),
            zh(&provider("kind = \"spool\"\nfolders = \"out\"")),
            zh(&provider("kind = \"spool\"\ncost = \"cheap\"")),
            zh(&provider("kind = \"spool\"\ndurable = \"yes\"")),
            zh(&provider("kind = \"spool\"\nchannels = [\"fax\"]")),
            zh(&provider("kind = \"smtp\"\nhost = \"a.example\"\nuser = \"me\"")),
            zh(&provider("kind = \"smtp\"\nhost = \"a.example\"\nsecurity = \"none\"")),
            zh(&provider("kind = \"smpp\"")),
            zh("[lendre]\n"),
        ];
        expect![[r#"
            dunlin.toml 第 1 行：clock“wall”无法识别；取值为 real 或 business
            dunlin.toml 第 1 行：parts_held 为 0，须在 1 至 1024 之间
            dunlin.toml 第 2 行：时区“Beijing”无法识别；请用 IANA 名称，如 Asia/Shanghai
            dunlin.toml 第 2 行：alone_max“much”不是金额；请写成“100.00”的形式
            dunlin.toml 第 2 行：支付渠道没有密钥；请写明 secret 或 secret_from
            dunlin.toml 第 2 行：密钥不足 16 个字符，容易被猜中；请换用更长的密钥
            dunlin.toml 第 3 行：kind“fax”无法识别；取值为 spool、letter、smtp、smpp、http、aliyun、tencent、twilio、fcm、agents、sip 之一
            dunlin.toml 第 4 行：kind 为 spool 的服务商没有设置 folders；可用的设置为 channels、cost、drain、durable、folder、kind、name、priority、rate_per_second、weight
            dunlin.toml 第 4 行：“cheap”不是费用；请写成 0.045 CNY 的形式
            dunlin.toml 第 4 行：durable 须为 true 或 false
            dunlin.toml 第 4 行：渠道“fax”无法识别；取值为 sms、voice、email、push、letter 之一
            dunlin.toml 第 5 行：有用户而无密码；请写明 password、password_from 或 password_file
            dunlin.toml 第 5 行：security“none”无法识别；取值为 plain、starttls、tls 之一
            dunlin.toml 第 1 行：kind 为 smpp 的服务商须写明 host = "smsc.carrier.example"
            dunlin.toml 第 1 行：原文“unknown field `lendre`, expected one of `database`, `clock`, `parts_held`, `lender`, `statement`, `provider`, `canary`, `gateway`, `waiver`, `losses`, `bank_file`, `contact_data`, `privacy`”"#]].assert_eq(&told.join("\n"));
    }

    #[test]
    fn a_place_that_is_none_is_refused_where_it_stands() {
        let with = |line: &str| {
            let body = if line.contains("body =") { "" } else { "body = { text = \"{body}\" }\n" };
            format!(
                "[[provider]]\nkind = \"http\"\nname = \"textline\"\nchannels = [\"sms\"]\n{body}{line}\n"
            )
        };
        let url = "url = \"https://a.example/\"\n";
        check(
            &with(&format!("{url}body = {{ text = \"{{boddy}}\" }}")),
            expect![[
                r#"dunlin.toml line 6: provider "textline": body has no place {boddy}; use {recipient}, {subject}, {body}, {id}, {attempt}, {language}, {expires_at}, {secret}"#
            ]],
        );
        check(
            &with(&format!("{url}headers = {{ X-To = \"{{to}}\" }}")),
            expect![[
                r#"dunlin.toml line 7: provider "textline": headers has no place {to}; use {recipient}, {subject}, {body}, {id}, {attempt}, {language}, {expires_at}, {secret}"#
            ]],
        );
        check(
            &with("url = \"https://a.example/{recipient}\""),
            expect![[
                r#"dunlin.toml line 6: provider "textline": url has no place {recipient}; it is the same for every message; write the place in body or headers"#
            ]],
        );
        check(
            &with(&format!(
                "{url}query_url = \"https://a.example/{{id}}/{{ref}}\"\nquery_state_at = \"/s\"\nquery_states = {{ A = \"failed\" }}"
            )),
            expect![[
                r#"dunlin.toml line 7: provider "textline": query_url has no place {ref}; use {id}, {reference}"#
            ]],
        );
        let json = "body = { text = '{\"to\": [\"{recipient}\"], \"text\": \"{body}\"}', empty = \"{}\" }";
        let settings = parse(Path::new("/data"), "dunlin.toml", &with(&format!("{url}{json}")));
        assert!(settings.is_ok(), "braces that are no place stay possible");
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
                    routing: {},
                    payments: PaymentSettings {
                        waiver: WaiverPolicy {
                            alone_max: "100.00",
                            expiry_days: 7,
                        },
                        losses: LossPolicy {
                            alone_max: "0.00",
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
                    contact_limits: ContactLimits {
                        alone_max: 100,
                        alone_share_millionths: 10000,
                        same_value_max: 20,
                    },
                    canaries: [],
                    retention_years: 10,
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
                                    link_key: None,
                                    dkim: None,
                                    bounce_address: None,
                                    bounces: None,
                                    connection_count: 4,
                                    timeout_seconds: 60,
                                },
                            ),
                        },
                    ],
                    routing: {
                        "smtp": Routing {
                            priority: 1,
                            weight: 1,
                            rate_per_second: None,
                            is_draining: false,
                            cost: None,
                            asking: Asking {
                                after_minutes: 10,
                                times_max: 6,
                                hours_max: 24,
                            },
                        },
                    },
                    payments: PaymentSettings {
                        waiver: WaiverPolicy {
                            alone_max: "100.00",
                            expiry_days: 7,
                        },
                        losses: LossPolicy {
                            alone_max: "0.00",
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
                    contact_limits: ContactLimits {
                        alone_max: 100,
                        alone_share_millionths: 10000,
                        same_value_max: 20,
                    },
                    canaries: [],
                    retention_years: 10,
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
                "dunlin.toml line 1: unknown field `databse`, expected one of `database`, `clock`, `parts_held`, `lender`, `statement`, `provider`, `canary`, `gateway`, `waiver`, `losses`, `bank_file`, `contact_data`, `privacy`"
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
            expect![[
                r#"dunlin.toml line 2: kind "sms" is unknown; use spool, letter, smtp, smpp, http, aliyun, tencent, twilio, fcm, agents or sip"#
            ]],
        );
        check(
            "[[provider]]\nkind = \"letter\"\ncut_off = \"25:00\"\n",
            expect![[r#"dunlin.toml line 3: cut_off must be a time such as "16:00""#]],
        );
        check(
            "[[provider]]\nkind = \"letter\"\nletters_max = 0\n",
            expect!["dunlin.toml line 3: letters_max must be from 1 to 10000"],
        );
        check(
            "[[provider]]\nkind = \"spool\"\nchannels = [\"sms\", \"fax\"]\n",
            expect![[r#"dunlin.toml line 3: channel "fax" is unknown; use sms, voice, email, push, letter"#]],
        );
        check(
            "[[provider]]\nkind = \"spool\"\n\nhost = \"h\"\n",
            expect![
                "dunlin.toml line 4: host is no setting of kind spool; it has channels, cost, drain, durable, folder, kind, name, priority, rate_per_second, weight"
            ],
        );
        check(
            "\n[[provider]]\nkind = \"smtp\"\nsender = \"a@b.example\"\n",
            expect![[r#"dunlin.toml line 2: a provider of kind smtp needs host = "mail.lender.example""#]],
        );
        check(
            "[[provider]]\nkind = \"smtp\"\nfolder = \"f\"\n",
            expect![[r#"dunlin.toml line 1: a provider of kind smtp needs host = "mail.lender.example""#]],
        );
        check(
            "[[provider]]\nkind = \"smtp\"\nhost = \"h\"\nsender = \"a@b.example\"\nuser = \"u\"\n",
            expect![
                "dunlin.toml line 5: a user without a password; give password, password_from or password_file"
            ],
        );
        check(
            "[[provider]]\nkind = \"smtp\"\nhost = \"h\"\nport = 70000\n",
            expect!["dunlin.toml line 4: port must be a whole number from 0 to 65535"],
        );
    }
}
