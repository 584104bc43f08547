//! A short rehearsal of faults, on a file: nothing is lost, sent twice, unlawful or unexplained, and the same seed does
//! the same again.

use dunlin_lab::chaos::{Options, Outcome, run};

fn rehearse(seed: u64) -> Outcome {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = Options { seed, days: 8, intents: 120, folder: folder.path().to_owned(), location: None };
    run(&options, &mut |_, _| {}).expect("only our own faults keep it from being done")
}

#[test]
fn under_faults_nothing_is_lost_or_sent_twice_or_unlawful_or_unexplained() {
    for seed in [1, 2] {
        let outcome = rehearse(seed);
        let judgement = &outcome.judgement;
        assert!(
            judgement.is_clean(),
            "seed {seed}: {:?}\n{}",
            judgement.violations,
            judgement.told.join("\n")
        );
        // It was a rehearsal of something.
        assert!(judgement.taken > 50 && judgement.overdue_days > 100, "{judgement:?}");
        assert!(outcome.lost_commits > 10 && outcome.crashes > 3 && outcome.forged > 3, "{outcome:?}");
    }
}

#[test]
fn the_same_seed_does_the_same_again() {
    let (one, two) = (rehearse(3), rehearse(3));
    assert_eq!(one.judgement.states, two.judgement.states);
    assert_eq!((one.lost_commits, one.crashes), (two.lost_commits, two.crashes));
    assert_eq!(one.judgement.requests, two.judgement.requests);
}
