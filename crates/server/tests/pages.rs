//! The pages over made-up views: what must catch the eye does, and nothing is left in the wrong language.

#[path = "../examples/pages/samples.rs"]
mod samples;

use dunlin_domain::contact::Language;
use dunlin_server::page::{
    render_agreement, render_problem, render_reason, render_silence, render_today, render_why,
};
use dunlin_server::problem::Problem;

#[track_caller]
fn check(html: &str, present: &[&str], absent: &[&str]) {
    for text in present {
        assert!(html.contains(text), "{text} is missing");
    }
    for text in absent {
        assert!(!html.contains(text), "{text} is there");
    }
}

fn pages(language: Language) -> Vec<(&'static str, String)> {
    let ui = samples::reader(language);
    vec![
        ("today", render_today(&samples::today(3), &ui)),
        ("a quiet day", render_today(&samples::quiet_day(), &ui)),
        ("silence", render_silence(&samples::silence(28, 2), samples::span(), &ui)),
        ("reason", render_reason(&samples::reason_list(), &ui)),
        ("agreement", render_agreement(&samples::agreement(), &ui)),
        ("why", render_why(&samples::why_paused(), &ui)),
        ("why unexplained", render_why(&samples::why_unexplained(), &ui)),
        ("problem", render_problem(&Problem::NoDayYet, &ui)),
    ]
}

/// The text of a page without its tags and attributes.
fn visible(html: &str) -> String {
    let pieces = html.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text.trim());
    pieces.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn english_pages_hold_no_chinese_but_names_and_the_way_to_chinese() {
    let is_chinese = |letter: char| ('\u{3000}'..='\u{9fff}').contains(&letter) || letter > '\u{ff00}';
    for (name, html) in pages(Language::En) {
        let text = html.replace(">中文<", "><").replace("王****明", "");
        let left: String = text.chars().filter(|letter| is_chinese(*letter)).collect();
        assert_eq!(left, "", "on the page {name}");
    }
}

#[test]
fn chinese_pages_hold_no_english_but_names_and_codes() {
    let known = ["Dunlin", "English", "dunlin"];
    for (name, html) in pages(Language::Zh) {
        let text = visible(&html);
        // Ids and codes have a digit, an underscore, a point or a sign in them; words have none.
        let is_word = |word: &&str| word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
        let words = text.split(|letter: char| letter.is_whitespace() || "，。；：（）“”".contains(letter));
        let left: Vec<&str> = words.filter(is_word).filter(|word| !known.contains(word)).collect();
        assert!(left.is_empty(), "on the page {name}: {left:?}");
    }
}

#[test]
fn an_unexplained_agreement_raises_the_alarm_and_is_named() {
    let ui = samples::reader(Language::En);
    check(
        &render_today(&samples::today(3), &ui),
        &[
            r#"data-unexplained="3""#,
            "coverage is-alarm",
            "ring-arc arc-unexplained",
            "3 overdue agreements have no verdict: find out now",
            r#"<a href="/agreements/CL-011873/why?on=2026-03-12">"#,
        ],
        &["Every overdue agreement has its verdict"],
    );
    check(
        &render_today(&samples::today(0), &ui),
        &[r#"data-unexplained="0""#, "Every overdue agreement has its verdict"],
        &["is-alarm", "ring-arc arc-unexplained", "find out now"],
    );
}

#[test]
fn a_segment_without_a_reason_leads_to_the_day_and_the_others_to_their_list() {
    let html = render_silence(&samples::silence(28, 2), samples::span(), &samples::reader(Language::En));
    check(
        &html,
        &[
            r#"<a href="/today?on=2026-03-18" tabindex="-1"><title>18 Mar · Unexplained: 2</title><rect class="fill f-alarm""#,
            r#"<a href="/silence/2026-03-12/pause.upgrade" tabindex="-1"><title>12 Mar · Pause: upgrade: 148"#,
            // On a narrow screen a day is a block in which each number stands beside its name.
            r#"<td role="cell" class="number alarm" data-label="Unexplained">2</td>"#,
            r#"data-label="Pause: upgrade"><a href="/silence/2026-03-12/pause.upgrade""#,
        ],
        &[],
    );
    let calm = render_silence(&samples::silence(28, 0), samples::span(), &samples::reader(Language::En));
    check(&calm, &[], &["f-alarm", "number alarm"]);
}

#[test]
fn a_day_of_the_calendar_says_its_reason_and_what_became_of_the_message() {
    let html = render_agreement(&samples::agreement(), &samples::reader(Language::En));
    check(
        &html,
        &[
            r#"class="day f-contact" href="/agreements/CL-000731/why?on=2026-03-17" title="Tue 17 March 2026: Contacted, delivered""#,
            r#"class="day f-alarm" href="/agreements/CL-000731/why?on=2026-03-18" title="Wed 18 March 2026: Unexplained""#,
            r#"aria-current="date">30"#,
            "17 earlier entries",
            "<caption>February 2026</caption>",
        ],
        // Nothing happened in the month before the first verdict.
        &["<caption>January 2026</caption>"],
    );
}

#[test]
fn the_answer_to_why_begins_with_the_outcome_and_ends_with_what_the_customer_may_hear() {
    let html = render_why(&samples::why_paused(), &samples::reader(Language::Zh));
    let parts = [
        "为什么没有联系客户？",
        "系统升级停催",
        r#"<p class="stage">事实"#,
        r#"<p class="stage">策略"#,
        r#"<p class="stage">结果"#,
        "升级结束后已给您补发",
    ];
    let places = parts.map(|text| html.find(text).unwrap_or_else(|| panic!("{text} is missing")));
    assert!(places.is_sorted(), "the order is {places:?}");
}

#[test]
fn a_list_leads_back_and_forth() {
    check(
        &render_reason(&samples::reason_list(), &samples::reader(Language::En)),
        &[
            "51 – 100 of 148 agreements",
            r#"href="/silence/2026-03-12/pause.upgrade?offset=0" rel="prev""#,
            r#"href="/silence/2026-03-12/pause.upgrade?offset=100" rel="next""#,
        ],
        &[],
    );
}
