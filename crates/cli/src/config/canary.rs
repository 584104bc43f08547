//! `[[canary]]`: test messages to the lender's own numbers and mailboxes.

use std::path::{Path, PathBuf};

use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use dunlin_engine::delivery::ProviderConfig;
use dunlin_engine::watch::canary::Canary;
use serde::Deserialize;
use toml::Spanned;

use super::Place;
use crate::failure::Failure;

/// The section as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CanaryText {
    channel: String,
    provider: String,
    to: String,
    #[serde(default = "an_hour")]
    every_minutes: u32,
    #[serde(default = "ten_minutes")]
    wait_minutes: u32,
    maildir: Option<PathBuf>,
}

fn an_hour() -> u32 {
    60
}

fn ten_minutes() -> u32 {
    10
}

/// Reads the sections; a path is seen from `folder`.
///
/// # Errors
/// A channel or provider that is not there, a time that cannot be, two for one channel of a provider.
pub fn canaries_of(
    folder: &Path,
    place: &Place<'_>,
    texts: &[Spanned<CanaryText>],
    providers: &[ProviderConfig],
) -> Result<Vec<Canary>, Failure> {
    let mut canaries: Vec<Canary> = Vec::new();
    for spanned in texts {
        let text = spanned.as_ref();
        let refuse = |complaint: Wording| place.complain(&spanned.span(), complaint);
        let Some(channel) = Channel::parse(&text.channel) else {
            return refuse(wording!(
                "渠道“{}”无法识别；取值为 sms、voice、email、push、letter 之一",
                "channel {:?} is unknown; use sms, voice, email, push or letter",
                text.channel
            ));
        };
        let serves = |provider: &ProviderConfig| {
            provider.name == text.provider && provider.channels.contains(&channel)
        };
        if !providers.iter().any(serves) {
            return refuse(wording!(
                "服务商“{}”不承接渠道 {channel}；请在 [[provider]] 中选用承接该渠道的服务商",
                "provider {:?} does not serve {channel}; name one of [[provider]] that does",
                text.provider
            ));
        }
        if text.to.trim().is_empty() {
            return refuse(wording!(
                "探测消息没有去处；请在 to 中写明自有的号码或地址",
                "a canary goes nowhere; give your own number or address as to"
            ));
        }
        if !(1..=1_440).contains(&text.every_minutes) || !(1..=1_440).contains(&text.wait_minutes) {
            return refuse(wording!(
                "every_minutes 和 wait_minutes 须在 1 至 1440 之间",
                "every_minutes and wait_minutes are between 1 and 1440"
            ));
        }
        let is_same = |known: &Canary| known.channel == channel && known.provider == text.provider;
        if canaries.iter().any(is_same) {
            return refuse(wording!(
                "服务商“{1}”的渠道 {0} 已有探测消息；请去掉一个",
                "{} of {:?} has a canary already; leave one of them out",
                channel,
                text.provider
            ));
        }
        canaries.push(Canary {
            channel,
            provider: text.provider.clone(),
            to: Personal::new(text.to.trim()),
            every_seconds: i64::from(text.every_minutes) * 60,
            wait_seconds: i64::from(text.wait_minutes) * 60,
            maildir: text.maildir.as_ref().map(|maildir| folder.join(maildir)),
        });
    }
    Ok(canaries)
}
