//! The settings of payments in `dunlin.toml`: gateways, the waiver limit, the bank's CSV files.

use std::collections::BTreeMap;

use dunlin_domain::contact::Personal;
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use dunlin_engine::bank_file::CSV_COLUMNS;
use dunlin_engine::losses::LossPolicy;
use dunlin_engine::payment::settings::{CsvColumns, Gateway, PaymentSettings};
use dunlin_engine::payment::waiver::WaiverPolicy;
use serde::Deserialize;
use toml::Spanned;

use super::Place;
use crate::failure::Failure;

/// How far the moment of a call-back may lie from ours, unless set.
const WINDOW_SECONDS_DEFAULT: i64 = 300;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GatewayText {
    name: Spanned<String>,
    secret: Option<String>,
    secret_from: Option<Spanned<String>>,
    window_seconds: Option<Spanned<i64>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct WaiverText {
    alone_max: Option<Spanned<String>>,
    expiry_days: Option<Spanned<i32>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct BankFileText {
    encoding: Option<Spanned<String>>,
    delimiter: Option<Spanned<String>>,
    currency: Option<Spanned<String>>,
    account: Option<String>,
    #[serde(default)]
    columns: BTreeMap<Spanned<String>, String>,
}

/// Reads the settings of payments.
pub(super) fn payments_of(
    place: &Place<'_>,
    gateways: &[Spanned<GatewayText>],
    (waiver, losses): (&WaiverText, &WaiverText),
    bank_file: &BankFileText,
) -> Result<PaymentSettings, Failure> {
    let mut known: Vec<Gateway> = Vec::new();
    for gateway in gateways {
        let read = gateway_of(place, gateway)?;
        if known.iter().any(|other| other.name == read.name) {
            return place.complain(
                &gateway.span(),
                wording!(
                    "支付渠道“{}”重复出现；请去掉一个",
                    "gateway {:?} is there twice; remove one",
                    read.name
                ),
            );
        }
        known.push(read);
    }
    Ok(PaymentSettings {
        waiver: waiver_of(place, waiver)?,
        losses: losses_of(place, losses)?,
        gateways: known,
        bank_csv: bank_csv_of(place, bank_file)?,
    })
}

fn gateway_of(place: &Place<'_>, gateway: &Spanned<GatewayText>) -> Result<Gateway, Failure> {
    let text = gateway.as_ref();
    let name = text.name.as_ref();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if name.is_empty() || name.len() > 40 || !name.chars().all(is_plain) {
        let complaint = wording!(
            "支付渠道名称“{name}”会用在网址中；只能由字母、数字、- 和 _ 组成",
            "gateway name {name:?} stands in an address; use letters, digits, - and _"
        );
        return place.complain(&text.name.span(), complaint);
    }
    let secret = match (&text.secret, &text.secret_from) {
        (Some(secret), None) => secret.clone(),
        (None, Some(variable)) => match std::env::var(variable.as_ref()) {
            Ok(secret) if !secret.is_empty() => secret,
            Ok(_) | Err(_) => {
                let variable_name = variable.as_ref();
                let complaint = wording!(
                    "环境变量 {variable_name} 没有设置；须存放密钥",
                    "environment variable {variable_name} is not set; it must hold the secret"
                );
                return place.complain(&variable.span(), complaint);
            }
        },
        (Some(_), Some(both)) => {
            return place.complain(
                &both.span(),
                wording!(
                    "secret 与 secret_from 同时出现；请去掉一个",
                    "secret and secret_from are both there; remove one"
                ),
            );
        }
        (None, None) => {
            return place.complain(
                &text.name.span(),
                wording!(
                    "支付渠道没有密钥；请写明 secret 或 secret_from",
                    "a gateway without a secret; give secret or secret_from"
                ),
            );
        }
    };
    if secret.len() < 16 {
        let complaint = wording!(
            "密钥不足 16 个字符，容易被猜中；请换用更长的密钥",
            "the secret has fewer than 16 characters and could be guessed; make a longer one"
        );
        return place.complain(&text.name.span(), complaint);
    }
    let window_seconds = match &text.window_seconds {
        None => WINDOW_SECONDS_DEFAULT,
        Some(window) if (1..=86_400).contains(window.as_ref()) => *window.as_ref(),
        Some(window) => {
            let complaint = wording!(
                "window_seconds 为 {}，须在 1 至 86400 之间",
                "window_seconds {} is not between 1 and 86400",
                window.as_ref()
            );
            return place.complain(&window.span(), complaint);
        }
    };
    Ok(Gateway { name: name.clone(), secret: Personal::new(secret), window_seconds })
}

fn waiver_of(place: &Place<'_>, text: &WaiverText) -> Result<WaiverPolicy, Failure> {
    let WaiverPolicy { alone_max, expiry_days } = WaiverPolicy::default();
    let (alone_max, expiry_days) = limit_of(place, text, alone_max, expiry_days)?;
    Ok(WaiverPolicy { alone_max, expiry_days })
}

fn losses_of(place: &Place<'_>, text: &WaiverText) -> Result<LossPolicy, Failure> {
    let LossPolicy { alone_max, expiry_days } = LossPolicy::default();
    let (alone_max, expiry_days) = limit_of(place, text, alone_max, expiry_days)?;
    Ok(LossPolicy { alone_max, expiry_days })
}

/// The most that one person may do, and the days that what is above it may wait.
fn limit_of(
    place: &Place<'_>,
    text: &WaiverText,
    alone_max: String,
    expiry_days: i32,
) -> Result<(String, i32), Failure> {
    let alone_max = match &text.alone_max {
        None => alone_max,
        // A whole number fits every currency; digits after the point are those of the yuan.
        Some(limit) => match Money::parse(limit.as_ref(), Currency::CNY) {
            Ok(money) if money.minor() >= 0 => limit.as_ref().clone(),
            Ok(_) | Err(_) => {
                let complaint = wording!(
                    "alone_max“{}”不是金额；请写成“100.00”的形式",
                    "alone_max {:?} is no amount; write it as \"100.00\"",
                    limit.as_ref()
                );
                return place.complain(&limit.span(), complaint);
            }
        },
    };
    let expiry_days = match &text.expiry_days {
        None => expiry_days,
        Some(days) if (1..=365).contains(days.as_ref()) => *days.as_ref(),
        Some(days) => {
            return place.complain(
                &days.span(),
                wording!(
                    "expiry_days 为 {}，须在 1 至 365 之间",
                    "expiry_days {} is not between 1 and 365",
                    days.as_ref()
                ),
            );
        }
    };
    Ok((alone_max, expiry_days))
}

fn bank_csv_of(place: &Place<'_>, text: &BankFileText) -> Result<CsvColumns, Failure> {
    let mut csv = CsvColumns::default();
    if let Some(encoding) = &text.encoding {
        if !matches!(encoding.as_ref().as_str(), "utf8" | "gbk") {
            let complaint = wording!(
                "encoding“{}”无法识别；取值为 utf8 或 gbk",
                "encoding {:?} is unknown; use utf8 or gbk",
                encoding.as_ref()
            );
            return place.complain(&encoding.span(), complaint);
        }
        csv.encoding.clone_from(encoding.as_ref());
    }
    if let Some(delimiter) = &text.delimiter {
        csv.delimiter = match delimiter.as_ref().as_bytes() {
            [one] if one.is_ascii() => *one,
            _ => {
                let complaint = wording!(
                    "delimiter“{}”须为一个 ASCII 字符",
                    "delimiter {:?} is not one ASCII character",
                    delimiter.as_ref()
                );
                return place.complain(&delimiter.span(), complaint);
            }
        };
    }
    if let Some(currency) = &text.currency {
        if let Err(error) = Currency::parse(currency.as_ref()) {
            return place.complain(&currency.span(), error.wording());
        }
        csv.currency.clone_from(currency.as_ref());
    }
    csv.account = text.account.clone().unwrap_or_default();
    for (ours, theirs) in &text.columns {
        if !CSV_COLUMNS.contains(&ours.as_ref().as_str()) {
            let name = ours.as_ref();
            let complaint = Wording {
                zh: format!("列“{name}”无法识别；可用的列为 {}", CSV_COLUMNS.join("、")),
                en: format!("column {name:?} is unknown; ours are {}", CSV_COLUMNS.join(", ")),
            };
            return place.complain(&ours.span(), complaint);
        }
        csv.names.insert(ours.as_ref().clone(), theirs.clone());
    }
    Ok(csv)
}
