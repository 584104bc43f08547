//! The table `[line]` of a product: what it says about the line at checkout.

use dunlin_domain::line::rule::{FreezeRule, HOLD_DAYS_DEFAULT, LineRules, Opening, Thaw};
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::terms::Bucket;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use serde::Deserialize;
use toml::Spanned;

use super::error::Complaints;

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LineText {
    opening: Option<Spanned<String>>,
    hold_days: Option<Spanned<i64>>,
    late_capture: Option<bool>,
    credit_adds: Option<bool>,
    amount_min: Option<Spanned<String>>,
    amount_max: Option<Spanned<String>>,
    #[serde(default)]
    excluded_categories: Vec<Spanned<String>>,
    freeze_from_days: Option<Spanned<i64>>,
    freeze_from_bucket: Option<Spanned<String>>,
    thaw: Option<Spanned<String>>,
    thaw_after_days: Option<Spanned<i64>>,
}

const THAWS: [&str; 3] = ["at_once", "after_days", "by_hand"];

/// The rules that the table says, the shipped ones where it says nothing.
pub(super) fn rules_of(
    line: Option<&LineText>,
    currency: Currency,
    buckets: &[Bucket],
    complaints: &mut Complaints<'_>,
) -> Option<LineRules> {
    let defaults = LineRules::default();
    let Some(line) = line else { return Some(defaults) };
    let opening = match &line.opening {
        None => Some(defaults.opening),
        Some(place) => {
            let codes = Opening::ALL.iter().map(|value| value.code());
            let found =
                Opening::parse(place.as_ref()).ok_or_else(|| Wording::not_one_of(place.as_ref(), codes));
            complaints.keep(place, "line.opening", found)
        }
    };
    let hold_days = match &line.hold_days {
        None => Some(HOLD_DAYS_DEFAULT),
        Some(place) => days_between(place, "line.hold_days", 1, 60, complaints),
    };
    let amount_min = amount(line.amount_min.as_ref(), "line.amount_min", currency, complaints);
    let amount_max = amount(line.amount_max.as_ref(), "line.amount_max", currency, complaints);
    if let (Some(Some(least)), Some(Some(most)), Some(place)) = (&amount_min, &amount_max, &line.amount_max)
        && most.minor() < least.minor()
    {
        complaints.add_at(
            place,
            "line.amount_max",
            wording!("{most} 低于 amount_min（{least}）", "{most} is below amount_min, {least}"),
        );
    }
    for category in &line.excluded_categories {
        if category.as_ref().trim().is_empty() {
            complaints.add_at(
                category,
                "line.excluded_categories",
                wording!("不得为空", "must not be empty"),
            );
        }
    }
    let categories = line.excluded_categories.iter().map(|category| category.as_ref().trim().to_owned());
    let freeze = freeze_of(line, buckets, complaints);
    Some(LineRules {
        opening: opening?,
        hold_days: hold_days?,
        takes_late_capture: line.late_capture.unwrap_or(defaults.takes_late_capture),
        credit_adds: line.credit_adds.unwrap_or(defaults.credit_adds),
        amount_min: amount_min?,
        amount_max: amount_max?,
        excluded_categories: categories.collect(),
        freeze: freeze?,
    })
}

fn days_between(
    place: &Spanned<i64>,
    field: &str,
    least: i32,
    most: i32,
    complaints: &mut Complaints<'_>,
) -> Option<i32> {
    let days = i32::try_from(*place.as_ref()).ok().filter(|days| (least..=most).contains(days));
    complaints.keep(
        place,
        field,
        days.ok_or_else(|| wording!("须为 {least} 至 {most} 天", "must be {least} to {most} days")),
    )
}

fn amount(
    place: Option<&Spanned<String>>,
    field: &str,
    currency: Currency,
    complaints: &mut Complaints<'_>,
) -> Option<Option<Money>> {
    let Some(place) = place else { return Some(None) };
    let amount = complaints.keep(place, field, Money::parse(place.as_ref(), currency))?;
    let is_positive = if amount.is_positive() {
        Ok(Some(amount))
    } else {
        Err(wording!("须大于 0", "must be above zero"))
    };
    complaints.keep(place, field, is_positive)
}

fn freeze_of(
    line: &LineText,
    buckets: &[Bucket],
    complaints: &mut Complaints<'_>,
) -> Option<Option<FreezeRule>> {
    let thaw = thaw_of(line, complaints);
    let from_days = match (&line.freeze_from_days, &line.freeze_from_bucket) {
        (None, None) => {
            if let Some(place) = &line.thaw {
                complaints.add_at(
                    place,
                    "line.thaw",
                    wording!(
                        "写了如何解冻，却没有冻结条件；请写明 freeze_from_days",
                        "says how to thaw, but nothing freezes; give freeze_from_days"
                    ),
                );
            }
            return Some(None);
        }
        (Some(place), None) => days_between(place, "line.freeze_from_days", 1, 3_650, complaints),
        (None, Some(place)) => {
            let name = place.as_ref();
            let overdue = || buckets.iter().filter(|bucket| bucket.from_days > 0);
            let found = overdue().find(|bucket| bucket.name == *name).map(|bucket| bucket.from_days);
            let names = overdue().map(|bucket| bucket.name.as_str());
            complaints.keep(
                place,
                "line.freeze_from_bucket",
                found.ok_or_else(|| Wording::not_one_of(name, names)),
            )
        }
        (Some(_), Some(place)) => {
            complaints.add_at(
                place,
                "line.freeze_from_bucket",
                wording!(
                    "与 freeze_from_days 同时出现；请去掉一个",
                    "is given together with freeze_from_days; leave one of them out"
                ),
            );
            None
        }
    };
    Some(Some(FreezeRule { from_days: from_days?, thaw: thaw? }))
}

fn thaw_of(line: &LineText, complaints: &mut Complaints<'_>) -> Option<Thaw> {
    let way = line.thaw.as_ref().map_or("at_once", |place| place.as_ref().as_str());
    match (way, &line.thaw_after_days) {
        ("after_days", Some(place)) => {
            days_between(place, "line.thaw_after_days", 1, 365, complaints).map(Thaw::AfterDays)
        }
        ("after_days", None) => {
            if let Some(place) = &line.thaw {
                complaints.add_at(
                    place,
                    "line.thaw",
                    wording!(
                        "after_days 须同时写明 thaw_after_days（1 至 365）",
                        "after_days needs thaw_after_days, 1 to 365"
                    ),
                );
            }
            None
        }
        (_, Some(place)) => {
            complaints.add_at(
                place,
                "line.thaw_after_days",
                wording!("只能与 thaw = \"after_days\" 一起使用", "goes with thaw = \"after_days\" only"),
            );
            None
        }
        ("at_once", None) => Some(Thaw::AtOnce),
        ("by_hand", None) => Some(Thaw::ByHand),
        (other, None) => {
            if let Some(place) = &line.thaw {
                complaints.add_at(place, "line.thaw", Wording::not_one_of(other, THAWS));
            }
            None
        }
    }
}
