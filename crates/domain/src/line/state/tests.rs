use super::*;
use crate::money::Currency;
use expect_test::expect;

fn cny(minor: i64) -> Money {
    Money::new(minor, Currency::CNY)
}

fn open() -> Line {
    Line::new(Life::Open, cny(100_000))
}

/// A line of each shown state.
fn line_in(state: LineState) -> Line {
    match state {
        LineState::Closed => Line::new(Life::Closed, cny(100_000)),
        LineState::NotOpened => Line::new(Life::NotOpened, cny(100_000)),
        LineState::FrozenRisk => Line { is_frozen_risk: true, ..open() },
        LineState::FrozenOverdue => Line { is_frozen_overdue: true, ..open() },
        LineState::SuspendedByCustomer => Line { is_suspended: true, ..open() },
        LineState::Reduced => Line { limit: cny(50_000), ..open() },
        LineState::Active => open(),
    }
}

#[test]
fn every_command_in_every_state_leads_where_the_table_says_or_is_refused() {
    let mut rows = Vec::new();
    for state in LineState::ALL {
        let line = line_in(*state);
        assert_eq!(line.state(), *state, "the case is what it says");
        let outcomes = LineCommand::ALL.iter().map(|command| match line.after(*command) {
            Ok(after) => format!("{command}: {}", after.state()),
            Err(refusal) => {
                assert_eq!(refusal, LineRefusal::NoSuchMove { command: *command, state: *state });
                format!("{command}: -")
            }
        });
        rows.push(format!("{state} | {}", outcomes.collect::<Vec<_>>().join(" | ")));
    }
    expect![[r#"
        closed | open: - | close: - | freeze_overdue: - | thaw_overdue: - | freeze_risk: - | thaw_risk: - | suspend: - | resume: - | lower: - | raise: -
        not_opened | open: active | close: closed | freeze_overdue: - | thaw_overdue: - | freeze_risk: - | thaw_risk: - | suspend: - | resume: - | lower: - | raise: -
        frozen_risk | open: - | close: closed | freeze_overdue: frozen_risk | thaw_overdue: - | freeze_risk: - | thaw_risk: active | suspend: frozen_risk | resume: - | lower: frozen_risk | raise: frozen_risk
        frozen_overdue | open: - | close: closed | freeze_overdue: - | thaw_overdue: active | freeze_risk: frozen_risk | thaw_risk: - | suspend: frozen_overdue | resume: - | lower: frozen_overdue | raise: frozen_overdue
        suspended_by_customer | open: - | close: closed | freeze_overdue: frozen_overdue | thaw_overdue: - | freeze_risk: frozen_risk | thaw_risk: - | suspend: - | resume: active | lower: suspended_by_customer | raise: suspended_by_customer
        reduced | open: - | close: closed | freeze_overdue: frozen_overdue | thaw_overdue: - | freeze_risk: frozen_risk | thaw_risk: - | suspend: suspended_by_customer | resume: - | lower: reduced | raise: reduced
        active | open: - | close: closed | freeze_overdue: frozen_overdue | thaw_overdue: - | freeze_risk: frozen_risk | thaw_risk: - | suspend: suspended_by_customer | resume: - | lower: active | raise: active"#]]
    .assert_eq(&rows.join("\n"));
}

#[test]
fn freezes_are_independent_and_the_strictest_is_shown() {
    let commands = [LineCommand::Suspend, LineCommand::FreezeOverdue, LineCommand::FreezeRisk];
    let line = commands.into_iter().fold(open(), |line, command| line.after(command).expect("a move"));
    assert_eq!(
        line.restrictions(),
        [LineState::FrozenRisk, LineState::FrozenOverdue, LineState::SuspendedByCustomer]
    );
    let cured = line.after(LineCommand::ThawOverdue).expect("a move");
    assert_eq!(cured.state(), LineState::FrozenRisk, "a cure does not lift the freeze for risk");
    let trusted = line.after(LineCommand::ThawRisk).expect("a move");
    assert_eq!(trusted.state(), LineState::FrozenOverdue, "nor the other way round");
    assert_eq!(line.after(LineCommand::Close).expect("a move").restrictions(), [LineState::Closed]);
}

fn check_limit(line: Line, minor: i64, expected: &str) {
    let found = match line.with_limit(cny(minor)) {
        Ok((after, command)) => {
            format!("{command} to {} of {}: {}", after.limit, after.granted, after.state())
        }
        Err(refusal) => refusal.code().to_owned(),
    };
    assert_eq!(found, expected);
}

#[test]
fn a_limit_moves_by_amount() {
    check_limit(open(), 99_999, "lower to 999.99 of 1000.00: reduced");
    check_limit(open(), 0, "lower to 0.00 of 1000.00: reduced");
    check_limit(open(), -1, "limit_negative");
    check_limit(open(), 100_000, "limit_unchanged");
    check_limit(open(), 100_001, "raise to 1000.01 of 1000.01: active");
    check_limit(line_in(LineState::Reduced), 99_999, "raise to 999.99 of 1000.00: reduced");
    check_limit(line_in(LineState::Reduced), 100_000, "raise to 1000.00 of 1000.00: active");
    check_limit(line_in(LineState::Closed), 1, "line_move_refused");
    check_limit(line_in(LineState::NotOpened), 1, "line_move_refused");
}
