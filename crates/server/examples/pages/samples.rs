//! Made-up views with everything that a page can show. No customer is like this.

use dunlin_domain::ageing::{Ageing, CustomerAge};
use dunlin_domain::circumstance::{Circumstance, Content};
use dunlin_domain::compliance::HoldKind;
use dunlin_domain::contact::{Channel, Language, ProofKind};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::{FactKind, FreezeReason};
use dunlin_domain::id::{CircumstanceId, CustomerId};
use dunlin_domain::incident::IncidentCode;
use dunlin_domain::line::available::Available;
use dunlin_domain::line::hold::HoldState;
use dunlin_domain::line::state::LineState;
use dunlin_domain::message::MessageState;
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::reason::Reason;
use dunlin_domain::terms::Tier;
use dunlin_engine::circumstances::CircumstanceRow;
use dunlin_engine::line::{HoldLine, LineView};
use dunlin_engine::servicing::holds::Hold;
use dunlin_engine::tiers::AgeingView;
use dunlin_engine::view::{
    AgreementLine, AgreementView, BucketLine, CalendarDay, ContactPointLine, Coverage, IncidentLine,
    MessageCounts, PauseLine, ReasonCount, SilenceDay, SilenceView, StatementLine, TimelineItem, TodayView,
    WatchIncidentLine, Why, WhyLink,
};
use dunlin_server::page::{ReasonList, SilenceSpan};
use dunlin_server::ui::Ui;
use jiff::tz::TimeZone;

/// A reader at the start page.
pub fn reader(language: Language) -> Ui {
    let lender = match language {
        Language::Zh => "示例消费金融",
        Language::En => "Sample Consumer Finance",
    };
    Ui {
        language,
        here: "/today".to_owned(),
        lender: lender.to_owned(),
        zone: TimeZone::get("Asia/Shanghai").expect("a known zone"),
    }
}

/// A day written as `YYYY-MM-DD`.
pub fn day(text: &str) -> Date {
    Date::parse(text).expect("a day of the calendar")
}

fn yuan(minor: i64) -> Money {
    Money::new(minor, Currency::CNY)
}

fn both(zh: &str, en: &str) -> (String, String) {
    (zh.to_owned(), en.to_owned())
}

/// The days that were run.
pub fn span() -> SilenceSpan {
    SilenceSpan { first_day: day("2025-12-02"), last_day: day("2026-03-31") }
}

/// *Today* with a pause, an incident and `unexplained` agreements without a verdict.
pub fn today(unexplained: u64) -> TodayView {
    let by_reason = reasons_of(day("2026-03-12"));
    let contacted = by_reason.iter().filter(|row| row.reason.is_contact()).map(|row| row.count).sum();
    let explained: u64 = by_reason.iter().map(|row| row.count).sum();
    let sms =
        MessageCounts { held: 96, delivered: 231, sent: 14, failed: 22, unknown: 3, ..Default::default() };
    let email = MessageCounts { delivered: 118, pending: 6, withdrawn: 2, ..Default::default() };
    let messages = MessageCounts {
        pending: 6,
        held: 96,
        sent: 14,
        delivered: 349,
        failed: 22,
        unknown: 3,
        withdrawn: 2,
    };
    let examples = ["CL-000204", "CL-011873", "CL-016002"];
    let examples = examples.iter().take(usize::try_from(unexplained).unwrap_or(usize::MAX));
    TodayView {
        date: day("2026-03-12"),
        first_day: span().first_day,
        last_day: span().last_day,
        coverage: Coverage {
            overdue_days: explained + unexplained,
            contacted,
            silent: explained - contacted,
            unexplained,
            delivered: 349,
            pending: 20,
            failed: 25,
            by_reason,
            unexplained_examples: examples.map(|id| ((*id).to_owned(), day("2026-03-12"))).collect(),
        },
        messages,
        by_channel: vec![(Channel::Sms, sms), (Channel::Email, email)],
        buckets: ["M1", "M2", "M3", "M4+"]
            .into_iter()
            .zip([(812, 48_230_055), (267, 30_118_800), (101, 19_870_410), (88, 31_004_127)])
            .map(|(bucket, (agreements, overdue_minor))| BucketLine {
                bucket: bucket.to_owned(),
                currency: Currency::CNY,
                agreements,
                overdue_minor,
            })
            .collect(),
        pauses: vec![PauseLine {
            id: "pau_5f0c2a9be41d7c3388f1a0de6b7c9921".to_owned(),
            from: day("2026-03-10"),
            through: day("2026-03-16"),
            reason: both("核心系统升级，短信暂停一周", "core system upgrade, text messages rest for a week"),
            author: "wang.min".to_owned(),
        }],
        incidents: vec![IncidentLine {
            id: "inc_a81be5f0c2a9b41d7c3388f1a0de6b7c".to_owned(),
            channel: Channel::Sms,
            provider: "sms-main".to_owned(),
            opened_at: Timestamp::from_micros(1_773_277_440_000_000),
            closed_at: None,
            failures: 25,
        }],
        agreement_incidents: Vec::new(),
        watch_incidents: vec![watch_incident()],
        watched_at: Some(Timestamp::from_micros(1_773_800_000_000_000)),
    }
}

/// Half of the texts of one kind do not arrive.
fn watch_incident() -> WatchIncidentLine {
    let evidence = [("handed", "200"), ("missing", "104"), ("usual", "5.2%")];
    WatchIncidentLine {
        id: "inc_0de6b7c9921a81be5f0c2a9b41d7c338".to_owned(),
        code: IncidentCode::FailureRate,
        stream: "sms/sms-main/day1_notice".to_owned(),
        opened_at: Timestamp::from_micros(1_773_277_800_000_000),
        last_seen_at: Timestamp::from_micros(1_773_278_400_000_000),
        closed_at: None,
        first_affected: "msg_03308671cc50d5e7db540b7f9cbeead2".to_owned(),
        affected: 104,
        evidence: evidence.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        report: None,
    }
}

/// 25 days past due, and nothing else of the customer is.
fn ageing() -> AgeingView {
    AgeingView {
        ageing: Ageing {
            calendar_days: 25,
            paused_days: 0,
            days_past_due: 25,
            behind_from: Some(day("2026-03-05")),
            overdue: yuan(128_450),
            bucket_index: 1,
            tier: Tier::SpecialMention,
            is_paused: false,
            obligations: Vec::new(),
        },
        days_after_due: 25,
        days_from_due: 26,
        plans: Vec::new(),
        customer: CustomerAge {
            days_past_due: 25,
            overdue_due_on: Some(day("2026-03-05")),
            overdue_count: 1,
            tier: Some(Tier::SpecialMention),
        },
    }
}

/// *Today* on a day on which nothing happened.
pub fn quiet_day() -> TodayView {
    TodayView {
        coverage: Coverage::default(),
        messages: MessageCounts::default(),
        by_channel: Vec::new(),
        buckets: Vec::new(),
        pauses: Vec::new(),
        incidents: Vec::new(),
        agreement_incidents: Vec::new(),
        watch_incidents: Vec::new(),
        watched_at: None,
        ..today(0)
    }
}

/// Reasons that wax and wane over the days, with a week of pause and two days of a failing channel.
fn reasons_of(date: Date) -> Vec<ReasonCount> {
    let wave = |base: i32, swing: i32, period: i32| {
        let phase = date.days().rem_euclid(period);
        u64::try_from(base + swing * (phase - period / 2).abs() / period).unwrap_or(0)
    };
    let is_between = |from: &str, through: &str| day(from) <= date && date <= day(through);
    let mut rows = vec![
        (Reason::Contacted, wave(280, 240, 7)),
        (Reason::Interval, wave(520, 260, 13)),
        (Reason::Wait, wave(60, 40, 9)),
        (Reason::SmallBalance, wave(35, 20, 11)),
        (Reason::LearnedLate, wave(9, 8, 10)),
        (Reason::CallsReduced, wave(40, 16, 17)),
        (Reason::HardshipPlan, wave(31, 6, 23)),
        (Reason::Complaint, wave(6, 4, 8)),
        (Reason::QuietHours, wave(12, 9, 6)),
        (Reason::NoContactPoint, wave(14, 8, 19)),
    ];
    if is_between("2026-03-10", "2026-03-16") {
        rows.push((Reason::PauseUpgrade, 148));
    }
    if is_between("2026-03-12", "2026-03-13") {
        rows.push((Reason::ChannelFailed, 64));
    }
    if is_between("2026-03-20", "2026-03-27") {
        rows.push((Reason::ContactPointRemoved, 52));
    }
    let mut rows: Vec<ReasonCount> =
        rows.into_iter().map(|(reason, count)| ReasonCount { reason, count }).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.count));
    rows
}

/// *Silence* over so many days, with so many unexplained agreements on one of them.
pub fn silence(days: i32, unexplained: u64) -> SilenceView {
    let through = span().last_day;
    let from = through.plus_days(1 - days);
    let day_of = |date: Date| SilenceDay {
        date,
        by_reason: reasons_of(date),
        unexplained: if date == day("2026-03-18") { unexplained } else { 0 },
    };
    SilenceView { from, through, days: (0..days).map(|index| day_of(from.plus_days(index))).collect() }
}

/// The second page of a list.
pub fn reason_list() -> ReasonList {
    let line = |index: i64| AgreementLine {
        external_id: format!("CL-{:06}", index * 137 + 204),
        product: "baitiao@1".to_owned(),
        bucket: "M1".to_owned(),
        days_past_due: i32::try_from(index % 28 + 1).unwrap_or(1),
        overdue: yuan(index * 38_177 % 900_000 + 5_000),
        reason: Reason::PauseUpgrade,
    };
    ReasonList {
        date: day("2026-03-12"),
        reason: Reason::PauseUpgrade,
        total: 148,
        offset: 50,
        limit: 50,
        lines: (50..100).map(line).collect(),
    }
}

fn holds() -> Vec<Hold> {
    vec![Hold {
        kind: FactKind::FeeFreeze,
        reference: "freeze-1".to_owned(),
        from: day("2026-03-20"),
        through: Some(day("2026-04-20")),
        ended_on: None,
        freeze: Some(FreezeReason::Dispute),
        note: "D-2026-031".to_owned(),
    }]
}

/// A complaint that is looked into, and a channel that the customer does not want.
fn circumstances() -> Vec<CircumstanceRow> {
    let row = |id: u8, content: Content, from: &str, through: Option<&str>, reason: &str, evidence: &str| {
        let entry = Circumstance {
            id: CircumstanceId([id; 16]),
            customer: CustomerId([1; 16]),
            agreement: None,
            contact_point: None,
            content,
            from: day(from),
            through: through.map(day),
            ended_on: None,
            recorded_at: Timestamp::from_micros(0),
        };
        CircumstanceRow {
            entry,
            reason: reason.to_owned(),
            evidence: evidence.to_owned(),
            recorded_by: "agent-07".to_owned(),
            ended_by: None,
            end_reason: None,
        }
    };
    vec![
        row(1, Content::OptOut(Channel::Sms), "2026-02-11", None, "", "sms-8812"),
        row(2, Content::Hold(HoldKind::Complaint), "2026-03-24", Some("2026-04-08"), "12378", "T-2026-0318"),
    ]
}

/// An agreement that saw a contact, a pause, a failure, a removed number and a day without a verdict.
pub fn agreement() -> AgreementView {
    AgreementView {
        external_id: "CL-000731".to_owned(),
        id: "agr_5f0c2a9be41d7c3388f1a0de6b7c9921".to_owned(),
        customer_masked: "王****明".to_owned(),
        product: "baitiao@1".to_owned(),
        opened_on: day("2024-06-18"),
        on: day("2026-03-30"),
        bucket: "M1".to_owned(),
        days_past_due: 25,
        ageing: ageing(),
        overdue: yuan(128_450),
        late_fee: yuan(1_612),
        owed: yuan(486_200),
        credit_limit: yuan(1_500_000),
        available_credit: yuan(975_800),
        credit: yuan(0),
        line: line(),
        statements: statements(),
        holds: holds(),
        circumstances: circumstances(),
        timeline: timeline(),
        calendar: calendar(),
        contact_points: vec![
            ContactPointLine {
                kind: "phone",
                masked: "138****5678".to_owned(),
                state: "active",
                place: "may/contact_points.csv line 12".to_owned(),
                verified: Some((day("2026-02-20"), ProofKind::Code)),
            },
            ContactPointLine {
                kind: "phone",
                masked: "139****0042".to_owned(),
                state: "removed",
                place: "".to_owned(),
                verified: None,
            },
            ContactPointLine {
                kind: "email",
                masked: "wan***@example.com".to_owned(),
                state: "invalid",
                place: "may/contact_points.csv line 13".to_owned(),
                verified: None,
            },
        ],
    }
}

/// A frozen and lowered line with an open hold.
fn line() -> LineView {
    let hold = HoldLine {
        id: "hld_7a1c2a9be41d7c3388f1a0de6b7c9921".to_owned(),
        merchant: "shop-0042".to_owned(),
        reference: "20260327-0042".to_owned(),
        amount: yuan(38_000),
        captured: yuan(0),
        held: yuan(38_000),
        instalment_count: 0,
        state: HoldState::Open,
        decline_reason: None,
        authorised_on: day("2026-03-27"),
        expires_on: day("2026-04-03"),
    };
    LineView {
        agreement: "CL-000731".to_owned(),
        on: day("2026-03-30"),
        state: LineState::FrozenOverdue,
        restrictions: vec![LineState::FrozenOverdue, LineState::Reduced],
        granted: yuan(2_000_000),
        available: Available {
            limit: yuan(1_500_000),
            billed: yuan(386_200),
            unbilled: yuan(0),
            plan_rest: yuan(100_000),
            held: yuan(38_000),
            credit: yuan(0),
            amount: yuan(975_800),
            over: yuan(0),
        },
        holds: vec![hold],
        changes: Vec::new(),
    }
}

fn statements() -> Vec<StatementLine> {
    let line = |cut: &str, due: &str, billed, paid, is_overdue| StatementLine {
        cut_off_on: day(cut),
        due_on: day(due),
        billed: yuan(billed),
        paid: yuan(paid),
        rest: yuan(billed - paid),
        minimum: yuan(billed / 10),
        is_overdue,
        late_fee: yuan(if is_overdue { 1_612 } else { 0 }),
    };
    vec![
        line("2026-02-15", "2026-03-05", 168_450, 40_000, true),
        line("2026-03-15", "2026-04-05", 357_750, 0, false),
    ]
}

fn timeline() -> Vec<TimelineItem> {
    let item = |on: &str, kind, zh: &str, en: &str, amount: Option<i64>| TimelineItem {
        on: day(on),
        kind,
        text: both(zh, en),
        amount: amount.map(yuan),
    };
    let mut items = vec![
        item(
            "2026-03-29",
            "message",
            "短信催收通知，已送达",
            "text message, notice of arrears: delivered",
            None,
        ),
        item(
            "2026-03-27",
            "contact_point",
            "撤销批量删除，号码恢复",
            "bulk removal undone, number restored",
            None,
        ),
        item(
            "2026-03-17",
            "message",
            "停催结束后补发一次，已送达",
            "one fresh notice after the pause: delivered",
            None,
        ),
        item("2026-03-10", "verdict", "系统升级停催，至 3 月 16 日", "pause: upgrade, until 16 March", None),
        item(
            "2026-03-06",
            "missed",
            "2 月账单到期未还清",
            "February statement not paid in full",
            Some(128_450),
        ),
        item("2026-03-04", "payment", "客户还款", "payment by the customer", Some(40_000)),
        item("2026-02-15", "statement", "2 月账单", "February statement", Some(168_450)),
    ];
    for index in 0..40 {
        let on = day("2026-02-10").plus_days(-index * 4);
        let text = both("在线商城消费", "purchase at an online shop");
        items.push(TimelineItem {
            on,
            kind: "purchase",
            text,
            amount: Some(yuan(3_990 + i64::from(index) * 777)),
        });
    }
    items
}

fn calendar() -> Vec<CalendarDay> {
    let first = day("2026-01-15");
    (0..75).map(|index| calendar_day(first.plus_days(index))).collect()
}

fn calendar_day(date: Date) -> CalendarDay {
    let age = date.days_since(day("2026-03-05"));
    let (reason, message) = match age {
        1 | -30 => (Some(Reason::Contacted), Some(MessageState::Delivered)),
        -29..=-26 => (Some(Reason::Interval), None),
        5..=11 => (Some(Reason::PauseUpgrade), (age == 7).then_some(MessageState::Held)),
        12 => (Some(Reason::Contacted), Some(MessageState::Delivered)),
        13 => (None, None),
        15 => (Some(Reason::ChannelFailed), Some(MessageState::Failed)),
        16..=22 => (Some(Reason::ContactPointRemoved), None),
        23 => (Some(Reason::Complaint), None),
        24 => (Some(Reason::Contacted), Some(MessageState::Accepted)),
        25 => (Some(Reason::OutcomeUnknown), Some(MessageState::Unknown)),
        2.. => (Some(Reason::Interval), None),
        _ => (None, None),
    };
    CalendarDay { date, reason, is_overdue: age > 0 || reason.is_some(), message }
}

/// A day that fell into a pause.
pub fn why_paused() -> Why {
    let link = |stage, zh: &str, en: &str, evidence: &[&str]| WhyLink {
        stage,
        text: both(zh, en),
        evidence: evidence.iter().map(|id| (*id).to_owned()).collect(),
    };
    Why {
        agreement: "CL-000731".to_owned(),
        date: day("2026-03-12"),
        is_overdue: true,
        reason: Some(Reason::PauseUpgrade),
        message: Some(MessageState::Held),
        links: vec![
            link(
                "facts",
                "2 月账单 1,684.50 元，到期日 2026-03-05，截至当日已还 400.00 元",
                "February statement CNY 1,684.50, due 2026-03-05, CNY 400.00 paid by that day",
                &["fct_0d1e5f0c2a9be41d7c3388f1a0de6b7c", "fct_77aa5f0c2a9be41d7c3388f1a0de6b7c"],
            ),
            link(
                "position",
                "逾期 7 天，逾期金额 1,284.50 元，阶段 M1",
                "7 days past due, CNY 1,284.50 overdue, bucket M1",
                &[],
            ),
            link(
                "strategy",
                "策略 standard-cny@1 第 m1-sms 行：发短信，语气平和，3 天后再联系",
                "strategy standard-cny@1, row m1-sms: a text message, calm, again after 3 days",
                &["standard-cny@1"],
            ),
            link(
                "pause",
                "2026-03-10 至 2026-03-16 核心系统升级，短信暂停；设置人 wang.min",
                "2026-03-10 to 2026-03-16, core system upgrade, text messages rest; set by wang.min",
                &["pau_5f0c2a9be41d7c3388f1a0de6b7c9921"],
            ),
            link(
                "outcome",
                "通知留存，停催结束后以一条新消息补发（2026-03-17 已送达）",
                "the notice was held; one fresh message replaced it after the pause (delivered 2026-03-17)",
                &["msg_c0ffee0c2a9be41d7c3388f1a0de6b7c"],
            ),
        ],
        customer_sentence: both(
            "当时我们正在升级系统，暂停了通知；升级结束后已给您补发。",
            "We were upgrading our systems at the time and had paused our notices; one was sent to you afterwards.",
        ),
    }
}

/// An overdue day without a verdict.
pub fn why_unexplained() -> Why {
    Why {
        reason: None,
        message: None,
        links: why_paused().links.into_iter().take(2).collect(),
        customer_sentence: both(
            "我们正在核实当日未联系您的原因。",
            "We are finding out why you did not hear from us.",
        ),
        ..why_paused()
    }
}
