//! What two versions of a pack of contact rules differ in, told to whoever approves the second.

use dunlin_domain::compliance::{
    AppliesTo, CallFrequency, Clocks, ContactRules, ForbiddenWords, HoldKind, Rule, Strength,
};
use dunlin_domain::contact::Language;
use jiff::tz::TimeZone;

use crate::strategy_diff::BothTexts;

/// What one cell of a pack says: its name and its content, in both languages.
struct Cell {
    name: BothTexts,
    says: BothTexts,
}

fn cell(zh: &str, en: &str, says: BothTexts) -> Cell {
    Cell { name: (zh.to_owned(), en.to_owned()), says }
}

fn both(text: impl ToString) -> BothTexts {
    (text.to_string(), text.to_string())
}

/// All differences of two versions; where there is no earlier one, against a pack in which every rule is off.
pub(super) fn of_rules(before: Option<&ContactRules>, after: &ContactRules) -> Vec<BothTexts> {
    let nothing = ContactRules::unlimited(&after.name, after.zone.clone());
    let (old, new) = (cells_of(before.unwrap_or(&nothing)), cells_of(after));
    let mut changes = Vec::new();
    if before.is_none() {
        changes.push((
            format!("新规则包{}；以下规则由不适用改为适用", after.name),
            format!("the pack {} is new; it switches on what follows", after.name),
        ));
    }
    for (old, new) in old.iter().zip(&new).filter(|(old, new)| old.says != new.says) {
        let ((zh, en), (old, new)) = (&new.name, (&old.says, &new.says));
        changes.push((
            format!("{zh}：由“{}”改为“{}”", old.0, new.0),
            format!("{en}: {:?} becomes {:?}", old.1, new.1),
        ));
    }
    changes.extend(word_changes(&before.unwrap_or(&nothing).wording, &after.wording));
    changes
}

/// Every cell of a pack but the forbidden words, always in the same order.
fn cells_of(rules: &ContactRules) -> Vec<Cell> {
    let mut cells = applies_cells(&rules.applies_to);
    cells.push(cell("所在时区", "zone of its place", both(rules.zone.iana_name().unwrap_or("-"))));
    cells.extend(clock_cells(&rules.clocks));
    let mut rule = |zh, en, says, basis| {
        cells.push(cell(zh, en, says));
        cells.push(Cell { name: (format!("{zh}的依据"), format!("{en}, its source")), says: basis });
    };
    macro_rules! rules {
        ($($field:ident $zh:literal $en:literal $words:expr;)*) => {
            $(rule($zh, $en, says(&rules.$field, $words), basis(&rules.$field));)*
        };
    }
    rules! {
        quiet_hours "休息时段" "hours of rest" |window| both(window);
        effective_calls "每日有效通话" "calls taken a day" at_most;
        unanswered_calls "同一号码每日未接来电" "calls a day to one number that nobody takes" at_most;
        interval_days "两次联系的间隔" "days between two contacts" |days| {
            (format!("{days}天"), format!("{days} days"))
        };
        message_caps "每日消息上限" "messages a day" |caps| {
            both(list(caps.iter().map(|(channel, cap)| format!("{channel} {cap}"))))
        };
        may_be_told "可告知债务的人" "who may be told of the debt" |parties| both(list(parties));
        locating "可向联系人询问下落的情形" "when a contact person may be asked" |states| both(list(states));
        visits "外访人员" "collectors on a visit" |least| {
            (format!("至少{least}人"), format!("at least {least}"))
        };
        opt_out "尊重退订" "opting out is kept" |()| applies();
        attorney "有律师的不直接联系" "a person with an attorney is not contacted" |()| applies();
        inconvenient_times "避开不便时段" "inconvenient times are kept free" |()| applies();
        call_frequency "呼叫频次" "how often a person is called" frequency;
        number_proof_days "短信号码的验证期限" "days within which a number was proved" |days| {
            (format!("{days}天"), format!("{days} days"))
        };
    }
    for kind in HoldKind::ALL.iter().copied() {
        let hold = rules.holds.iter().find(|hold| hold.parameters == kind);
        let (zh, en) = hold_words(kind);
        let off = || ("不适用".to_owned(), "off".to_owned());
        cells.push(cell(zh, en, hold.map_or_else(off, |hold| says(hold, |_| applies()))));
    }
    cells
}

fn applies_cells(to: &AppliesTo) -> Vec<Cell> {
    let all = |texts: String| {
        if texts.is_empty() { ("全部".to_owned(), "all".to_owned()) } else { both(texts) }
    };
    let rest = if to.otherwise { ("是", "yes") } else { ("否", "no") };
    vec![
        cell("适用产品", "products", all(list(&to.products))),
        cell("适用地区", "places", all(list(&to.places))),
        cell("适用时区", "zones", all(list(&to.zones))),
        cell(
            "兼适用于其他规则包未覆盖的人",
            "all whom no other pack reaches",
            (rest.0.into(), rest.1.into()),
        ),
    ]
}

fn clock_cells(clocks: &Clocks) -> [Cell; 3] {
    let names = |zones: &[TimeZone]| list(zones.iter().map(|zone| zone.iana_name().unwrap_or("-")));
    let of_places = clocks.of_places.iter().map(|(place, zones)| format!("{place}: {}", names(zones)));
    [
        cell("一律兼按的时钟", "clocks that always count too", both(names(&clocks.always))),
        cell("所在地不明细时兼按的时钟", "clocks where no region says more", both(names(&clocks.otherwise))),
        cell("按所在地兼按的时钟", "clocks of places", both(of_places.collect::<Vec<_>>().join("; "))),
    ]
}

fn hold_words(kind: HoldKind) -> (&'static str, &'static str) {
    match kind {
        HoldKind::HardshipPlan => ("个性化分期期间停止联系", "contact rests during a hardship plan"),
        HoldKind::Complaint => ("投诉处理期间停止联系", "contact rests while a complaint is open"),
        HoldKind::Dispute => ("异议核实期间停止联系", "contact rests while the debt is disputed"),
        HoldKind::Promise => ("承诺还款期内停止联系", "contact rests until a promised day"),
    }
}

/// What a rule says: nothing while it is off, and whether it only advises.
fn says<P>(rule: &Rule<P>, words: impl Fn(&P) -> BothTexts) -> BothTexts {
    let Some(parameters) = rule.enabled() else { return ("不适用".to_owned(), "off".to_owned()) };
    let (zh, en) = words(parameters);
    match rule.strength {
        Strength::MustNot => (zh, en),
        Strength::ShouldNot => (format!("{zh}（不宜）"), format!("{en} (advised against)")),
    }
}

/// Where a rule stands written; of one that is off nothing, since nobody relies on it.
fn basis<P>(rule: &Rule<P>) -> BothTexts {
    match rule.enabled() {
        Some(_) => both(format!("{} ({}) {}", rule.id, rule.confidence, rule.source)),
        None => both("-"),
    }
}

fn applies() -> BothTexts {
    ("适用".to_owned(), "on".to_owned())
}

fn at_most(most: &u32) -> BothTexts {
    (format!("至多{most}次"), format!("at most {most}"))
}

fn frequency(rule: &CallFrequency) -> BothTexts {
    let CallFrequency { calls_max, window_days, gap_days, consent_days_max, counts_texts } = rule;
    let (texts_zh, texts_en) = if *counts_texts { ("（含短信）", " with texts") } else { ("", "") };
    (
        format!(
            "{window_days}天内至多{calls_max}次{texts_zh}，通话后{gap_days}天内不再拨打，同意{consent_days_max}天内有效"
        ),
        format!(
            "at most {calls_max}{texts_en} in {window_days} days, none for {gap_days} days after a conversation, a consent holds for \
             {consent_days_max} days"
        ),
    )
}

fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

/// Words that are allowed now, and words that are forbidden now.
fn word_changes(before: &Rule<ForbiddenWords>, after: &Rule<ForbiddenWords>) -> Vec<BothTexts> {
    let words = |rule: &Rule<ForbiddenWords>| -> Vec<(Language, String)> {
        let known = rule.enabled().into_iter().flat_map(ForbiddenWords::iter);
        known.map(|wording| (wording.language(), wording.text().to_owned())).collect()
    };
    let (old, new) = (words(before), words(after));
    let missing = |from: &[(Language, String)], of: &[(Language, String)]| {
        list(of.iter().filter(|word| !from.contains(word)).map(|(_, text)| text))
    };
    let mut changes = Vec::new();
    let allowed = missing(&new, &old);
    if !allowed.is_empty() {
        changes.push((format!("不再禁用的词语：{allowed}"), format!("words no longer forbidden: {allowed}")));
    }
    let forbidden = missing(&old, &new);
    if !forbidden.is_empty() {
        changes.push((format!("新禁用的词语：{forbidden}"), format!("words newly forbidden: {forbidden}")));
    }
    changes
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::of_rules;
    use crate::policy::{ContactRulesDocument, PolicyDocument, PolicyKind, cost_ceiling_default, parse};

    const CN: &str = include_str!("../../../../policies/contact-rules/cn.toml");

    fn pack(text: &str) -> ContactRulesDocument {
        match parse(PolicyKind::ContactRules, "cn.toml", text, cost_ceiling_default()) {
            Ok(PolicyDocument::ContactRules(document)) => document,
            other => panic!("{other:?}"),
        }
    }

    /// The shipped Chinese pack with `from` replaced, told against the pack as it is.
    fn check(from: &str, to: &str, expected: Expect) {
        assert!(CN.contains(from), "{from:?} is not in the pack");
        let changes = of_rules(Some(&pack(CN).rules), &pack(&CN.replacen(from, to, 1)).rules);
        let lines = changes.iter().map(|(zh, en)| format!("{zh} | {en}\n"));
        expected.assert_eq(&lines.collect::<String>());
    }

    #[test]
    fn what_a_version_changes_is_told_in_words() {
        check("days = 7", "days = 7", expect![""]);
        check(
            "start = \"22:00\"",
            "start = \"23:30\"",
            expect![[r#"
            休息时段：由“22:00-08:00”改为“23:30-08:00” | hours of rest: "22:00-08:00" becomes "23:30-08:00"
        "#]],
        );
        check(
            "max_per_day = 3",
            "max_per_day = 9",
            expect![[r#"
            每日有效通话：由“至多3次”改为“至多9次” | calls taken a day: "at most 3" becomes "at most 9"
        "#]],
        );
        check(
            "days = 7",
            "days = 7\nenabled = true",
            expect![[r#"
                两次联系的间隔：由“不适用”改为“7天（不宜）” | days between two contacts: "off" becomes "7 days (advised against)"
                两次联系的间隔的依据：由“-”改为“CN-2b (C) m.csai.cn/wenda/1022378，疑为标准早期征求意见稿：同一信贷产品的催收间隔周期不宜少于7个自然日” | days between two contacts, its source: "-" becomes "CN-2b (C) m.csai.cn/wenda/1022378，疑为标准早期征求意见稿：同一信贷产品的催收间隔周期不宜少于7个自然日"
            "#]],
        );
        check(
            "sms = 1",
            "sms = 5",
            expect![[r#"
            每日消息上限：由“sms 1, voice 2, email 1, push 1, letter 1”改为“sms 5, voice 2, email 1, push 1, letter 1” | messages a day: "sms 1, voice 2, email 1, push 1, letter 1" becomes "sms 5, voice 2, email 1, push 1, letter 1"
        "#]],
        );
        check(
            "\"guarantor\", ",
            "",
            expect![[r#"
            可告知债务的人：由“borrower, co_borrower, guarantor, related_third_party”改为“borrower, co_borrower, related_third_party” | who may be told of the debt: "borrower, co_borrower, guarantor, related_third_party" becomes "borrower, co_borrower, related_third_party"
        "#]],
        );
        check(
            "hold = \"complaint\"",
            "hold = \"complaint\"\nenabled = false",
            expect![[r#"
            投诉处理期间停止联系：由“适用”改为“不适用” | contact rests while a complaint is open: "on" becomes "off"
        "#]],
        );
        check(
            "    \"立案\",\n",
            "    \"立即\",\n",
            expect![[r#"
            不再禁用的词语：立案 | words no longer forbidden: 立案
            新禁用的词语：立即 | words newly forbidden: 立即
        "#]],
        );
        check(
            "otherwise = true",
            "otherwise = false",
            expect![[r#"
            兼适用于其他规则包未覆盖的人：由“是”改为“否” | all whom no other pack reaches: "yes" becomes "no"
        "#]],
        );
        check(
            "confidence = \"A\"\n\n[[holds]]",
            "confidence = \"A\"\nenabled = false\n\n[[holds]]",
            expect![[r#"
                尊重退订：由“适用”改为“不适用” | opting out is kept: "on" becomes "off"
                尊重退订的依据：由“PIPL-15 (A) 《个人信息保护法》第15条（便捷撤回同意）；《民法典》第1033条（私人生活安宁）”改为“-” | opting out is kept, its source: "PIPL-15 (A) 《个人信息保护法》第15条（便捷撤回同意）；《民法典》第1033条（私人生活安宁）" becomes "-"
            "#]],
        );
    }

    #[test]
    fn a_new_pack_is_told_as_all_that_it_switches_on() {
        let changes = of_rules(None, &pack(CN).rules);
        assert!(changes[0].1.contains("new") && changes.len() > 15, "{changes:?}");
    }
}
