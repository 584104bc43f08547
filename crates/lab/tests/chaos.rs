//! A short rehearsal of faults, on a file: nothing is lost, sent twice, unlawful or unexplained, and the same seed does
//! the same again.

use dunlin_lab::chaos::{Options, Outcome, run};

fn rehearse(seed: u64) -> Outcome {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = Options { seed, days: 5, intents: 150, folder: folder.path().to_owned(), location: None };
    run(&options, &mut |_, _| {}).expect("only our own faults keep it from being done")
}

#[test]
fn under_faults_nothing_is_lost_or_sent_twice_or_unlawful_or_unexplained_and_a_seed_does_it_again() {
    let outcomes = [1, 1, 2].map(rehearse);
    for outcome in &outcomes {
        let judgement = &outcome.judgement;
        assert!(judgement.is_clean(), "{:?}\n{}", judgement.violations, judgement.told.join("\n"));
        // It was a rehearsal of something.
        assert!(judgement.taken > 50 && judgement.overdue_days > 100, "{judgement:?}");
        assert!(outcome.lost_commits > 10 && outcome.crashes > 3, "{outcome:?}");
    }
    let [one, again, _] = outcomes;
    assert_eq!(one.judgement.states, again.judgement.states);
    assert_eq!(
        (one.lost_commits, one.crashes, one.forged),
        (again.lost_commits, again.crashes, again.forged)
    );
    assert_eq!(one.judgement.requests, again.judgement.requests);
}
