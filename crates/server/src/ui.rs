//! One reader's view: the language, the lender and zone shown, and numbers, amounts and dates in words.

use std::borrow::Cow;

use dunlin_domain::contact::{Channel, Language};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::message::MessageState;
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::reason::Reason;
use fluent_templates::fluent_bundle::FluentValue;
use jiff::tz::TimeZone;

use crate::family::Family;
use crate::number;
use crate::texts::{self, Arguments};

/// Whom a page is written for and where they are.
#[derive(Clone, Debug)]
pub struct Ui {
    /// The language of the page.
    pub language: Language,
    /// Path and query of the page, without the choice of a language.
    pub here: String,
    /// The lender's name in the language of the page.
    pub lender: String,
    /// The zone in which moments are shown.
    pub zone: TimeZone,
}

impl Ui {
    /// The text `key`. A key without a text is shown as it is, so that the gap is seen.
    #[must_use]
    pub fn t(&self, key: &str) -> String {
        self.find(key, &Arguments::new())
    }

    /// The text `key` with its gaps filled.
    #[must_use]
    pub fn with<const N: usize>(&self, key: &str, gaps: [(&'static str, &str); N]) -> String {
        let arguments =
            gaps.into_iter().map(|(name, value)| (Cow::Borrowed(name), FluentValue::from(value.to_owned())));
        self.find(key, &arguments.collect())
    }

    /// The text `key` for `count` things; its gaps are `n`, by which it chooses singular or plural, and `count`.
    #[must_use]
    pub fn counted(&self, key: &str, count: u64) -> String {
        let arguments = [
            (Cow::Borrowed("n"), FluentValue::from(count)),
            (Cow::Borrowed("count"), FluentValue::from(number::count(count))),
        ];
        self.find(key, &arguments.into_iter().collect())
    }

    fn find(&self, key: &str, arguments: &Arguments) -> String {
        texts::find(self.language, key, arguments).unwrap_or_else(|| key.to_owned())
    }

    /// The text for a code, such as a stage: `prefix` and code; the code itself while it has no text.
    #[must_use]
    pub fn word(&self, prefix: &str, code: &str) -> String {
        let key = format!("{prefix}{code}");
        texts::find(self.language, &key, &Arguments::new()).unwrap_or_else(|| code.to_owned())
    }

    /// The language tag of the page.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        match self.language {
            Language::Zh => "zh-CN",
            Language::En => "en",
        }
    }

    /// This page in another language.
    #[must_use]
    pub fn here_in(&self, language: &str) -> String {
        let joint = if self.here.contains('?') { '&' } else { '?' };
        format!("{}{joint}lang={language}", self.here)
    }

    /// Whether the page lies under `path`; marks the place in the navigation.
    #[must_use]
    pub fn is_under(&self, path: &str) -> bool {
        self.here.split('?').next().is_some_and(|here| here.starts_with(path))
    }

    /// One of two texts, by the language of the page.
    #[must_use]
    pub fn either<'a>(&self, zh_and_en: &'a (String, String)) -> &'a str {
        match self.language {
            Language::Zh => &zh_and_en.0,
            Language::En => &zh_and_en.1,
        }
    }

    /// A day in full: `2026年3月4日 星期三`, `Wed 4 March 2026`.
    #[must_use]
    pub fn date(&self, date: Date) -> String {
        let (year, month, day) = date.year_month_day();
        let weekday = self.word("weekday-", &weekday(date).to_string());
        match self.language {
            Language::Zh => format!("{year}年{month}月{day}日 星期{weekday}"),
            Language::En => format!("{weekday} {day} {} {year}", self.month(month)),
        }
    }

    /// A day of a year that is clear from the place: `3月4日`, `4 Mar`.
    #[must_use]
    pub fn day(&self, date: Date) -> String {
        let (_, month, day) = date.year_month_day();
        match self.language {
            Language::Zh => format!("{month}月{day}日"),
            Language::En => format!("{day} {}", self.month(month).chars().take(3).collect::<String>()),
        }
    }

    /// The month of a day: `2026年3月`, `March 2026`.
    #[must_use]
    pub fn month_of(&self, date: Date) -> String {
        let (year, month, _) = date.year_month_day();
        match self.language {
            Language::Zh => format!("{year}年{month}月"),
            Language::En => format!("{} {year}", self.month(month)),
        }
    }

    fn month(&self, month: i8) -> String {
        self.word("month-", &month.to_string())
    }

    /// A moment in the lender's zone: `2026-03-04 09:15`.
    #[must_use]
    pub fn moment(&self, moment: Timestamp) -> String {
        let civil = moment.civil(&self.zone);
        format!("{} {:02}:{:02}", Date::from_civil(civil.date()), civil.hour(), civil.minute())
    }

    /// An amount with its currency: `1,234.50 元`, `CNY 1,234.50`.
    #[must_use]
    pub fn money(&self, money: Money) -> String {
        self.total(i128::from(money.minor()), money.currency())
    }

    /// A total of minor units with its currency.
    #[must_use]
    pub fn total(&self, minor: i128, currency: Currency) -> String {
        let amount = number::minor(minor, currency);
        if currency == Currency::CNY {
            return self.with("money-cny", [("amount", &amount)]);
        }
        self.with("money-other", [("amount", &amount), ("currency", currency.code())])
    }

    /// The short name of a reason, beginning with a capital.
    #[must_use]
    pub fn reason_label(&self, reason: Reason) -> String {
        capital(reason.label(self.language))
    }

    /// The short name of a day's reason with what has become of its message, beginning with a capital.
    #[must_use]
    pub fn day_label(&self, reason: Reason, message: Option<MessageState>) -> String {
        capital(reason.label_of_day(message, self.language))
    }

    /// The sentence of a reason, beginning with a capital.
    #[must_use]
    pub fn reason_sentence(&self, reason: Reason) -> String {
        capital(reason.sentence(self.language))
    }

    /// The name of a family of reasons.
    #[must_use]
    pub fn family(&self, family: Family) -> String {
        self.word("family-", family.code())
    }

    /// The name of a channel.
    #[must_use]
    pub fn channel(&self, channel: Channel) -> String {
        self.word("channel-", channel.code())
    }

    /// What became of a message, in words.
    #[must_use]
    pub fn state(&self, state: MessageState) -> String {
        self.word("state-", state.code())
    }
}

/// The text with its first letter as a capital, where the script has capitals.
#[must_use]
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// Days since Monday, 0 to 6.
#[must_use]
pub fn weekday(date: Date) -> usize {
    usize::try_from(date.civil().weekday().to_monday_zero_offset()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(show: impl Fn(&Ui) -> String, zh: Expect, en: Expect) {
        let ui = |language| Ui {
            language,
            here: "/today?on=2026-03-04".to_owned(),
            lender: String::new(),
            zone: TimeZone::get("Asia/Shanghai").expect("a known zone"),
        };
        zh.assert_eq(&show(&ui(Language::Zh)));
        en.assert_eq(&show(&ui(Language::En)));
    }

    #[test]
    fn days_and_moments_are_written_as_the_language_does() {
        let date = Date::parse("2026-03-04").expect("a day of the calendar");
        check(|ui| ui.date(date), expect!["2026年3月4日 星期三"], expect!["Wed 4 March 2026"]);
        check(|ui| ui.day(date), expect!["3月4日"], expect!["4 Mar"]);
        check(|ui| ui.month_of(date), expect!["2026年3月"], expect!["March 2026"]);
        let evening = Timestamp::from_micros(1_772_640_000_000_000);
        check(|ui| ui.moment(evening), expect!["2026-03-05 00:00"], expect!["2026-03-05 00:00"]);
    }

    #[test]
    fn an_amount_never_stands_without_its_currency() {
        let yuan = Money::new(-123_450, Currency::CNY);
        check(|ui| ui.money(yuan), expect!["−1,234.50 元"], expect!["CNY −1,234.50"]);
        let dollars = Money::new(5, Currency::parse("USD").expect("a known currency"));
        check(|ui| ui.money(dollars), expect!["0.05 USD"], expect!["USD 0.05"]);
    }

    #[test]
    fn counted_things_have_the_right_number() {
        check(|ui| ui.counted("agreement-count", 1), expect!["1 份合约"], expect!["1 agreement"]);
        check(|ui| ui.counted("agreement-count", 1234), expect!["1,234 份合约"], expect!["1,234 agreements"]);
    }

    #[test]
    fn the_other_language_is_one_link_away_and_keeps_the_place() {
        check(
            |ui| ui.here_in("en"),
            expect!["/today?on=2026-03-04&lang=en"],
            expect!["/today?on=2026-03-04&lang=en"],
        );
    }

    #[test]
    fn reasons_begin_with_a_capital_where_there_is_one() {
        check(|ui| ui.reason_label(Reason::Wait), expect!["策略观察期"], expect!["Waiting"]);
        assert_eq!(capital(""), "");
    }

    #[test]
    fn a_code_without_a_text_is_shown_as_it_is() {
        check(|ui| ui.word("stage-", "a_new_stage"), expect!["a_new_stage"], expect!["a_new_stage"]);
    }
}
