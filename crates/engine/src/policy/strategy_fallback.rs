//! The cell of a strategy that says which channel takes the place of one that did not get through.
//!
//! `sms no_receipt_after 10m: email; failed: email letter; no_contact_point: letter`: rules with semicolons between
//! them, each a cause, with a channel before it where it holds for that one only, and the channels to take behind the
//! colon.

use dunlin_domain::contact::Channel;
use dunlin_domain::fallback::{FallbackCause, FallbackRule, WAIT_MINUTES_MAX, find_loop};
use dunlin_domain::strategy::Settings;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;

use super::strategy::channels_of;

/// Reads the cell.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub(super) fn fallback_of(cell: &str) -> Result<Vec<FallbackRule>, Wording> {
    let mut rules: Vec<FallbackRule> = Vec::new();
    for text in cell.split([';', '；']).map(str::trim).filter(|text| !text.is_empty()) {
        let rule = rule_of(text)?;
        if rules.iter().any(|other| (other.from, other.cause) == (rule.from, rule.cause)) {
            return Err(wording!(
                "“{text}”重复规定了 {} 之后的渠道",
                "{text:?} says a second time what follows on {}",
                rule.cause
            ));
        }
        rules.push(rule);
    }
    Ok(rules)
}

/// Refuses rules that lead back to a channel when they begin with the row's channels, and those that pass a limit.
///
/// # Errors
/// The way that leads back, or the channel with a limit.
pub(super) fn fallback_fits(
    rules: &[FallbackRule],
    channels: &[Channel],
    settings: &Settings,
) -> Result<(), Wording> {
    // A limit is shared out by the day's run, which a message that falls back later has no part in.
    let later = rules.iter().filter(|rule| rule.cause != FallbackCause::NoContactPoint);
    let mut later = later.flat_map(|rule| &rule.channels);
    if let Some(channel) = later.find(|channel| settings.capacity_of(**channel).is_some()) {
        return Err(wording!(
            "渠道 {channel} 在 `capacity` 中设有每日限额；请取消限额，或改用其他递补渠道",
            "{channel} has a limit a day in `capacity`; take the limit out, or fall back to another channel"
        ));
    }
    let Some(way) = find_loop(rules, channels) else { return Ok(()) };
    let way: Vec<&str> = way.iter().map(|channel| channel.code()).collect();
    Err(Wording {
        zh: format!("渠道递补成环：{}；一个渠道只能递补一次", way.join(" → ")),
        en: format!(
            "goes round in a circle: {}; a channel can take the place of others once",
            way.join(" to ")
        ),
    })
}

fn rule_of(text: &str) -> Result<FallbackRule, Wording> {
    let Some((before, channels)) = text.split_once([':', '：']) else {
        return Err(with_form(wording!(
            "“{text}”的冒号后没有渠道",
            "{text:?} names no channels behind a colon"
        )));
    };
    let channels = channels_of(channels).map_err(|Wording { zh, en }| Wording {
        zh: format!("“{text}”：{zh}"),
        en: format!("{text:?}: {en}"),
    })?;
    let mut words = before.split_whitespace().peekable();
    let from = words.peek().and_then(|word| Channel::parse(word));
    if from.is_some() {
        words.next();
    }
    let codes = FallbackCause::ALL.iter().map(|cause| cause.code());
    let word =
        words.next().ok_or_else(|| with_form(wording!("“{text}”没有写明原因", "{text:?} names no cause")))?;
    let cause = FallbackCause::parse(word).ok_or_else(|| Wording::not_one_of(word, codes))?;
    let wait_minutes = match (cause.waits(), words.next()) {
        (true, Some(wait)) => minutes_of(wait)?,
        (true, None) => {
            return Err(wording!(
                "“{text}”没有写明等待多久，如“{cause} 10m”",
                "{text:?} does not say how long it waits, such as \"{cause} 10m\""
            ));
        }
        (false, None) => 0,
        (false, Some(extra)) => {
            return Err(wording!(
                "{cause} 无需等待，其后不能写“{extra}”",
                "{extra:?} has no place behind {cause}, which does not wait"
            ));
        }
    };
    match words.next() {
        Some(extra) => Err(with_form(wording!(
            "“{text}”中的“{extra}”多余",
            "{extra:?} is one word too many in {text:?}"
        ))),
        None => Ok(FallbackRule { from, cause, wait_minutes, channels }),
    }
}

/// What is wrong with a rule, and how one is written.
fn with_form(wrong: Wording) -> Wording {
    wrong.then(&wording!(
        "请写成“sms no_receipt_after 10m: email”或“failed: email letter”的形式",
        "write for example \"sms no_receipt_after 10m: email\" or \"failed: email letter\""
    ))
}

/// Reads `10m`, `2h` or `1d`.
fn minutes_of(text: &str) -> Result<u32, Wording> {
    let unit = text.chars().last().and_then(|unit| match unit {
        'm' => Some(1),
        'h' => Some(60),
        'd' => Some(24 * 60),
        _ => None,
    });
    let number = text.get(..text.len().saturating_sub(1)).and_then(|number| number.parse::<u32>().ok());
    let minutes = unit.zip(number).and_then(|(unit, number): (u32, u32)| number.checked_mul(unit));
    minutes.filter(|minutes| (1..=WAIT_MINUTES_MAX).contains(minutes)).ok_or_else(|| {
        wording!(
            "“{text}”不是等待时长；请写 10m、2h 或 1d，最长 7d",
            "{text:?} is not a time to wait; write 10m, 2h or 1d, at most 7d"
        )
    })
}

/// The cell as it is written in a file, for the comparison of two versions.
#[must_use]
pub(crate) fn fallback_text(rules: &[FallbackRule]) -> String {
    let texts = rules.iter().map(|rule| {
        let from = rule.from.map_or_else(String::new, |from| format!("{from} "));
        let wait =
            if rule.cause.waits() { format!(" {}", wait_text(rule.wait_minutes)) } else { String::new() };
        let channels: Vec<&str> = rule.channels.iter().map(|channel| channel.code()).collect();
        format!("{from}{}{wait}: {}", rule.cause, channels.join(" "))
    });
    texts.collect::<Vec<_>>().join("; ")
}

/// A wait in the largest unit that says it exactly.
fn wait_text(minutes: u32) -> String {
    match minutes {
        days if days % (24 * 60) == 0 => format!("{}d", days / (24 * 60)),
        hours if hours % 60 == 0 => format!("{}h", hours / 60),
        minutes => format!("{minutes}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(cell: &str, expected: Expect) {
        let limited = Settings { capacity: vec![(Channel::Voice, 9)], ..Settings::default() };
        let read = fallback_of(cell).and_then(|rules| {
            fallback_fits(&rules, &[Channel::Sms, Channel::Email], &limited)?;
            Ok(fallback_text(&rules))
        });
        expected.assert_eq(&read.unwrap_or_else(|error| format!("refused: {}", error.en)));
    }

    #[test]
    fn a_cell_says_the_same_when_it_is_written_again() {
        check(
            "sms no_receipt_after 10m: email; failed: email,letter;no_contact_point:letter",
            expect!["sms no_receipt_after 10m: email; failed: email letter; no_contact_point: letter"],
        );
        check("unknown_after 120m: letter", expect!["unknown_after 2h: letter"]);
        check("unknown_after 7d: letter；", expect!["unknown_after 7d: letter"]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_the_remedy() {
        check(
            "failed email",
            expect![[
                r#"refused: "failed email" names no channels behind a colon; write for example "sms no_receipt_after 10m: email" or "failed: email letter""#
            ]],
        );
        check(
            "sms: email",
            expect![[
                r#"refused: "sms: email" names no cause; write for example "sms no_receipt_after 10m: email" or "failed: email letter""#
            ]],
        );
        check(
            "lost: email",
            expect![[
                r#"refused: "lost" is unknown; use one of failed, no_receipt_after, unknown_after, no_contact_point"#
            ]],
        );
        check(
            "failed: fax",
            expect![[
                r#"refused: "failed: fax": "fax" is unknown; use one of sms, voice, email, push, letter"#
            ]],
        );
        check(
            "no_receipt_after: email",
            expect![[
                r#"refused: "no_receipt_after: email" does not say how long it waits, such as "no_receipt_after 10m""#
            ]],
        );
        check(
            "no_receipt_after 8d: email",
            expect![[r#"refused: "8d" is not a time to wait; write 10m, 2h or 1d, at most 7d"#]],
        );
        check(
            "failed 10m: email",
            expect![[r#"refused: "10m" has no place behind failed, which does not wait"#]],
        );
        check(
            "failed: letter; failed: email",
            expect![[r#"refused: "failed: email" says a second time what follows on failed"#]],
        );
        check(
            "failed: voice",
            expect![
                "refused: voice has a limit a day in `capacity`; take the limit out, or fall back to another channel"
            ],
        );
        check("no_contact_point: voice", expect!["no_contact_point: voice"]);
        check(
            "sms failed: sms",
            expect![
                "refused: goes round in a circle: sms to sms; a channel can take the place of others once"
            ],
        );
        check(
            "sms failed: letter; letter failed: email; email failed: sms",
            expect![
                "refused: goes round in a circle: sms to letter to email to sms; a channel can take the place of others once"
            ],
        );
    }
}
