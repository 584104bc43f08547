//! What two tables differ in, told as a strategist would tell it.

use std::collections::BTreeMap;
use std::fmt::Display;

use dunlin_domain::contact::{Channel, Language};
use dunlin_domain::money::Money;
use dunlin_domain::reason::Reason;
use dunlin_domain::strategy::{Outcome, Row, Settings, Span, StrategyTable};

use super::BothTexts;
use crate::policy::fallback_text;
use crate::why::channel_words;

/// What a row says, in words; of no row, that there is none.
#[must_use]
pub fn outcome_words(outcome: Option<&Outcome>) -> BothTexts {
    match outcome {
        Some(Outcome::Contact { channels, template, tone, next_contact_days, fallback: _ }) => {
            let zh = channels.iter().map(|channel| channel_words(Some(*channel)).0).collect::<Vec<_>>();
            let en = channels.iter().map(|channel| channel.code()).collect::<Vec<_>>();
            (
                format!("联系：{}，模板{template}，语气{tone}，{next_contact_days}天后再联系", zh.join("、")),
                format!(
                    "contact by {}, template {template}, {tone}, again after {next_contact_days} days",
                    en.join(", ")
                ),
            )
        }
        Some(Outcome::Silence { reason, review_days }) => silence_words(*reason, Some(*review_days)),
        None => silence_words(Reason::NoRow, None),
    }
}

fn silence_words(reason: Reason, review_days: Option<u16>) -> BothTexts {
    let (zh, en) = (reason.label(Language::Zh), reason.label(Language::En));
    match review_days {
        Some(days) => (
            format!("不联系：{zh}（{reason}），{days}天后再看"),
            format!("silent: {en} ({reason}), looked at again after {days} days"),
        ),
        None => (format!("不联系：{zh}（{reason}）"), format!("silent: {en} ({reason})")),
    }
}

/// All differences of two tables: settings, then rows that are gone, new, changed or moved.
pub(crate) fn changes(before: &StrategyTable, after: &StrategyTable) -> Vec<BothTexts> {
    let mut changes = Vec::new();
    let heads = [heads_of(before), heads_of(after)];
    for ((zh, en, old), (_, _, new)) in heads[0].iter().zip(&heads[1]) {
        if old != new {
            changes.push((format!("{zh}：由{old}改为{new}"), format!("{en}: {old} becomes {new}")));
        }
    }
    let rows = |table: &StrategyTable| -> BTreeMap<String, Row> {
        table.rows.iter().map(|row| (row.id.clone(), row.clone())).collect()
    };
    let (old_rows, new_rows) = (rows(before), rows(after));
    for row in before.rows.iter().filter(|row| !new_rows.contains_key(&row.id)) {
        let (zh, en) = outcome_words(Some(&row.outcome));
        changes.push((format!("删除行{}（{zh}）", row.id), format!("row {} is gone ({en})", row.id)));
    }
    for row in after.rows.iter().filter(|row| !old_rows.contains_key(&row.id)) {
        let (zh, en) = row_words(row, after);
        changes.push((format!("新增行{}：{zh}", row.id), format!("row {} is new: {en}", row.id)));
    }
    for row in &after.rows {
        if let Some(old) = old_rows.get(&row.id) {
            changes.extend(cell_changes(old, row, before, after));
        }
    }
    changes.extend(moved(before, after));
    changes
}

fn cell_changes(old: &Row, new: &Row, before: &StrategyTable, after: &StrategyTable) -> Vec<BothTexts> {
    let cells = cells_of(old, before).into_iter().zip(cells_of(new, after));
    let different = cells.filter(|((_, _, old), (_, _, new))| old != new);
    let words = different.map(|((zh, en, old), (_, _, new_text))| {
        (
            format!("行{}：{zh}由{old}改为{new_text}", new.id),
            format!("row {}: {en} {old} becomes {new_text}", new.id),
        )
    });
    words.collect()
}

fn row_words(row: &Row, table: &StrategyTable) -> BothTexts {
    let conditions = cells_of(row, table).into_iter().take(CONDITION_COUNT);
    let narrowed: Vec<_> = conditions.filter(|(_, _, text)| text != ANY).collect();
    let (zh, en) = outcome_words(Some(&row.outcome));
    if narrowed.is_empty() {
        return (format!("其余一律{zh}"), format!("everything else: {en}"));
    }
    let zh_conditions: Vec<String> = narrowed.iter().map(|(zh, _, text)| format!("{zh}{text}")).collect();
    let en_conditions: Vec<String> = narrowed.iter().map(|(_, en, text)| format!("{en} {text}")).collect();
    (format!("{}时{zh}", zh_conditions.join("，")), format!("with {}: {en}", en_conditions.join(", ")))
}

/// How a cell without a condition is written.
const ANY: &str = "-";

/// How many of [`cells_of`] are conditions.
const CONDITION_COUNT: usize = 7;

type Cell = (&'static str, &'static str, String);

/// The cells of a row as they are written in a file, with their names in both languages; the conditions first.
fn cells_of(row: &Row, table: &StrategyTable) -> Vec<Cell> {
    let matches = &row.matches;
    let names = |names: &Option<Vec<String>>| names.as_ref().map_or(ANY.to_owned(), |names| names.join(","));
    let money = |minor: i64| Money::new(minor, table.currency).to_string();
    let trial = matches.trial.as_ref().map(|wanted| format!("{}={}", wanted.trial, wanted.arms.join(",")));
    let reported = matches.reported_to_bureau.map(|reported| if reported { "yes" } else { "no" });
    let mut cells = vec![
        ("逾期阶段", "bucket", names(&matches.buckets)),
        ("逾期天数", "days_past_due", span_text(matches.days_past_due, |days| days.to_string())),
        ("余额", "balance", span_text(matches.balance_minor, money)),
        ("客群", "segment", names(&matches.segments)),
        ("已报送征信", "reported", reported.unwrap_or(ANY).to_owned()),
        ("已联系次数", "contacts", span_text(matches.contacts, |count| count.to_string())),
        ("试验", "trial", trial.unwrap_or_else(|| ANY.to_owned())),
    ];
    let (action, channels, template, tone, days, fallback) = match &row.outcome {
        Outcome::Contact { channels, template, tone, next_contact_days, fallback } => (
            "contact".to_owned(),
            channels.iter().map(|channel| channel.code()).collect::<Vec<_>>().join(","),
            template.clone(),
            tone.to_string(),
            *next_contact_days,
            if fallback.is_empty() { ANY.to_owned() } else { fallback_text(fallback) },
        ),
        Outcome::Silence { reason, review_days } => {
            let none = || ANY.to_owned();
            (reason.code().to_owned(), none(), none(), none(), *review_days, none())
        }
    };
    cells.extend([
        ("动作", "action", action),
        ("渠道", "channels", channels),
        ("模板", "template", template),
        ("语气", "tone", tone),
        ("间隔天数", "next_days", days.to_string()),
        ("渠道递补", "fallback", fallback),
    ]);
    cells
}

fn span_text<N: Copy + PartialEq>(span: Span<N>, text: impl Fn(N) -> String) -> String {
    match (span.from, span.through) {
        (None, None) => ANY.to_owned(),
        (Some(from), None) => format!(">={}", text(from)),
        (None, Some(through)) => format!("<={}", text(through)),
        (Some(from), Some(through)) if from == through => text(from),
        (Some(from), Some(through)) => format!("{}..{}", text(from), text(through)),
    }
}

/// What the heads say besides name and version, each with its name in both languages.
fn heads_of(table: &StrategyTable) -> [Cell; 5] {
    let Settings { trials, capacity, after_complaint } = &table.settings;
    let trials = trials.iter().map(|trial| {
        let arms = trial
            .arms
            .iter()
            .map(|arm| format!("{} {}%", arm.name, crate::why::percent(arm.share_millionths)));
        format!("{} {}", trial.name, arms.collect::<Vec<_>>().join(" "))
    });
    let limits = capacity.iter().map(|(channel, count)| format!("{channel} {count}"));
    let channels = |channels: &[Channel]| channels.iter().map(|it| it.code()).collect::<Vec<_>>().join(",");
    let after = after_complaint.iter().map(|after| format!("{} {}", channels(&after.channels), after.days));
    [
        ("客群清单", "segments", table.segments.join(", ")),
        ("适用天数", "days_past_due", span_text(table.days_past_due, |days| days.to_string())),
        ("试验", "trials", listed(trials)),
        ("渠道限额", "capacity", listed(limits)),
        ("投诉之后", "after_complaint", listed(after)),
    ]
}

fn listed<T: Display>(items: impl Iterator<Item = T>) -> String {
    let items: Vec<String> = items.map(|item| item.to_string()).collect();
    if items.is_empty() { ANY.to_owned() } else { items.join("; ") }
}

/// The rows that stand elsewhere among those that both tables have. The first row that matches decides, so it counts.
fn moved(before: &StrategyTable, after: &StrategyTable) -> Vec<BothTexts> {
    let place = |table: &StrategyTable, id: &str| table.rows.iter().position(|row| row.id == id);
    let common: Vec<(&str, usize)> = after
        .rows
        .iter()
        .filter_map(|row| place(before, &row.id).map(|place| (row.id.as_str(), place)))
        .collect();
    let kept = longest_rising(&common.iter().map(|(_, place)| *place).collect::<Vec<_>>());
    let elsewhere = common.iter().enumerate().filter(|(index, _)| !kept.contains(index));
    let words = elsewhere.map(|(index, (id, _))| match index.checked_sub(1).map(|before| common[before].0) {
        Some(above) => (format!("行{id}移到行{above}之后"), format!("row {id} now stands below row {above}")),
        None => (format!("行{id}移到最前"), format!("row {id} now stands first")),
    });
    words.collect()
}

/// The indices of a longest rising run of `places`, not necessarily neighbours.
fn longest_rising(places: &[usize]) -> Vec<usize> {
    let mut best: Vec<Vec<usize>> = Vec::with_capacity(places.len());
    for (index, place) in places.iter().enumerate() {
        let before = (0..index).filter(|earlier| places[*earlier] < *place);
        let longest = before.map(|earlier| &best[earlier]).max_by_key(|run| run.len());
        let mut run = longest.cloned().unwrap_or_default();
        run.push(index);
        best.push(run);
    }
    best.into_iter().max_by_key(Vec::len).unwrap_or_default()
}
