//! The settings in the head of a strategy: trials, limits of channels, and what a complaint changes.

use dunlin_domain::contact::Channel;
use dunlin_domain::money::Rate;
use dunlin_domain::strategy::{AfterComplaint, Settings};
use dunlin_domain::strategy_check::ARM_COMBINATION_COUNT_MAX;
use dunlin_domain::trial::{Arm, Trial, WHOLE};
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;

use super::error::Complaints;
use super::header::HeaderFields;

/// Keys of the head for settings; each may be left out.
pub(super) const SETTING_KEYS: [&str; 3] = ["trials", "capacity", "after_complaint"];

/// Longest time for which channels rest after a complaint, in days.
const COMPLAINT_DAYS_MAX: u16 = 1_095;

/// Most contacts a day that a limit can name.
const CAPACITY_MAX: u32 = 1_000_000_000;

/// Reads the settings; what is wrong is complained of at its line.
pub(super) fn settings_of(fields: &HeaderFields, complaints: &mut Complaints<'_>) -> Settings {
    let mut settings = Settings::default();
    let mut keep = |key: &str, result: Result<(), Wording>| {
        if let Err(complaint) = result {
            complaints.add(fields.get(key).map(|(line, _)| *line), key, complaint);
        }
    };
    let text = |key: &str| fields.get(key).map(|(_, text)| text.as_str()).filter(|text| !text.is_empty());
    if let Some(text) = text("trials") {
        keep("trials", trials_of(text).map(|trials| settings.trials = trials));
    }
    if let Some(text) = text("capacity") {
        keep("capacity", capacity_of(text).map(|capacity| settings.capacity = capacity));
    }
    if let Some(text) = text("after_complaint") {
        let read = after_complaint_of(text);
        keep("after_complaint", read.map(|after| settings.after_complaint = Some(after)));
    }
    settings
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

/// Reads `quiet_first holdout 10% treated 90%; tone soft 50% firm 50%`.
fn trials_of(text: &str) -> Result<Vec<Trial>, Wording> {
    let mut trials: Vec<Trial> = Vec::new();
    for part in text.split([';', '；']).map(str::trim).filter(|part| !part.is_empty()) {
        let trial = trial_of(part)?;
        if trials.iter().any(|known| known.name == trial.name) {
            return Err(wording!("试验 {} 重复出现", "trial {} stands there twice", trial.name));
        }
        trials.push(trial);
    }
    let combinations = trials.iter().map(|trial| trial.arms.len()).try_fold(1_usize, usize::checked_mul);
    match combinations.filter(|count| *count <= ARM_COMBINATION_COUNT_MAX) {
        Some(_) => Ok(trials),
        None => Err(wording!(
            "组别的组合超过 {ARM_COMBINATION_COUNT_MAX} 种；请减少同时进行的试验",
            "has more than {ARM_COMBINATION_COUNT_MAX} combinations of arms; run fewer trials at once"
        )),
    }
}

fn trial_of(text: &str) -> Result<Trial, Wording> {
    let words: Vec<&str> = text.split([' ', ',', '，', ':']).filter(|word| !word.is_empty()).collect();
    let Some((name, pairs)) =
        words.split_first().filter(|(name, pairs)| is_name(name) && pairs.len() % 2 == 0)
    else {
        return Err(with_trial_form(wording!("“{text}”不是试验", "{text:?} is not a trial")));
    };
    let mut arms: Vec<Arm> = Vec::new();
    for pair in pairs.chunks(2) {
        let (arm, share) = (pair[0], pair[1]);
        let millionths =
            Rate::parse_percent(share).ok().and_then(|rate| u32::try_from(rate.millionths()).ok());
        let Some(share_millionths) = millionths.filter(|share| (1..=WHOLE).contains(share)) else {
            return Err(with_trial_form(wording!(
                "试验 {name}：“{share}”不是占比",
                "trial {name}: {share:?} is not a share"
            )));
        };
        if !is_name(arm) || arms.iter().any(|known| known.name == arm) {
            return Err(wording!(
                "试验 {name}：“{arm}”须为名称，且每个组别只写一次",
                "trial {name}: {arm:?} must be a name, and each arm stands once"
            ));
        }
        arms.push(Arm { name: arm.to_owned(), share_millionths });
    }
    let sum: u64 = arms.iter().map(|arm| u64::from(arm.share_millionths)).sum();
    if arms.len() < 2 || sum != u64::from(WHOLE) {
        return Err(wording!(
            "试验 {name}：须有两个或以上组别，占比合计 100%",
            "trial {name}: the shares of two arms or more must make 100%"
        ));
    }
    Ok(Trial { name: (*name).to_owned(), arms })
}

/// What is wrong with a trial, and how one is written.
fn with_trial_form(wrong: Wording) -> Wording {
    wrong.then(&wording!(
        "请写明名称、各组别及其占比，如 `quiet_first holdout 10% treated 90%`",
        "write a name, and its arms with their shares: quiet_first holdout 10% treated 90%"
    ))
}

fn channel_of(word: &str) -> Result<Channel, Wording> {
    let codes = Channel::ALL.iter().map(|channel| channel.code());
    Channel::parse(word).ok_or_else(|| Wording::not_one_of(word, codes))
}

/// Reads `voice 300; letter 50`.
fn capacity_of(text: &str) -> Result<Vec<(Channel, u32)>, Wording> {
    let mut limits: Vec<(Channel, u32)> = Vec::new();
    for part in text.split([';', '；', ',', '，']).map(str::trim).filter(|part| !part.is_empty()) {
        let (channel, count) = part.split_once(' ').unwrap_or((part, ""));
        let channel = channel_of(channel)?;
        let count = count.trim().parse().ok().filter(|count| *count <= CAPACITY_MAX);
        let count = count.ok_or_else(|| {
            wording!(
                "“{part}”没有写明每日联系次数；请写成 voice 300; letter 50 的形式",
                "{part:?} names no number of contacts a day; write for example voice 300; letter 50"
            )
        })?;
        if limits.iter().any(|(known, _)| *known == channel) {
            return Err(wording!("渠道 {channel} 重复出现", "{channel} stands there twice"));
        }
        limits.push((channel, count));
    }
    Ok(limits)
}

/// Reads `voice 90` or `voice,sms 90`.
fn after_complaint_of(text: &str) -> Result<AfterComplaint, Wording> {
    let (channels, days) = text.rsplit_once(' ').ok_or_else(|| {
        wording!(
            "“{text}”没有写明天数；请写明停用的渠道及天数，如 voice 90",
            "{text:?} has no days; write the channels that rest and for how many days: voice 90"
        )
    })?;
    let days = days.parse().ok().filter(|days| (1..=COMPLAINT_DAYS_MAX).contains(days));
    let days = days.ok_or_else(|| {
        wording!(
            "“{text}”没有写明 1 至 {COMPLAINT_DAYS_MAX} 的天数；请写明停用的渠道及天数，如 voice 90",
            "{text:?} has no days from 1 to {COMPLAINT_DAYS_MAX}; write the channels that rest and for how many \
             days: voice 90"
        )
    })?;
    Ok(AfterComplaint { channels: super::strategy::channels_of(channels)?, days })
}
