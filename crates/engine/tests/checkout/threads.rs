use std::sync::Barrier;

use super::*;

const THREAD_COUNT: usize = 16;

/// What each of sixteen threads makes of its turn, all of them let go at once.
fn at_once<T: Send>(work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(THREAD_COUNT);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREAD_COUNT)
            .map(|thread| {
                let (barrier, work) = (&barrier, &work);
                scope.spawn(move || {
                    barrier.wait();
                    work(thread)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread")).collect()
    })
}

#[test]
fn sixteen_threads_never_draw_more_than_the_line_has() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        // 6759.65 are free: 67 purchases of 100.00 fit, of 96 that are tried.
        let approved: usize = at_once(|thread| {
            let tries = (0..6).map(|number| authorise(&engine, "100.00", &format!("O-{thread}-{number}")));
            tries.filter(|answer| answer.decline.is_none()).count()
        })
        .into_iter()
        .sum();
        let view = line(&engine).available;
        assert_eq!((approved, view.held.to_string().as_str()), (67, "6700.00"), "{}", ground.name);
        assert_eq!((view.amount.to_string(), view.over.is_zero()), ("59.65".into(), true), "{}", ground.name);
    });
}

#[test]
fn captures_voids_and_new_purchases_at_once_keep_the_line_whole() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        for number in 0..THREAD_COUNT {
            authorise(&engine, "400.00", &format!("O-{number}"));
        }
        assert_eq!(available(&engine), "359.65");
        let approved: usize = at_once(|thread| {
            let own = format!("O-{thread}");
            match thread % 4 {
                0 => void(&engine, &own).map(|_| ()).expect("a void"),
                1 => capture(&engine, &own, Some("150.00"), None).map(|_| ()).expect("a part"),
                _ => capture(&engine, &own, None, None).map(|_| ()).expect("a capture"),
            }
            usize::from(authorise(&engine, "300.00", &format!("P-{thread}")).decline.is_none())
        })
        .into_iter()
        .sum();
        let view = line(&engine).available;
        let used = view.used().expect("amounts");
        assert_eq!(used.to_string(), "5040.35", "{}: 1240.35, eight of 400.00, four of 150.00", ground.name);
        let held = 250 * 4 + 300 * approved;
        assert_eq!(view.held.to_string(), format!("{held}.00"), "{}", ground.name);
        assert!(view.over.is_zero(), "{}", ground.name);
    });
}

#[test]
fn one_request_by_sixteen_threads_is_one_hold() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        let answers = at_once(|_| authorise(&engine, "6000.00", "O-1"));
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{}", ground.name);
        assert_eq!((decision(&answers[0]), available(&engine).as_str()), ("approved", "759.65"));
        let captures = at_once(|_| capture(&engine, "O-1", None, None).expect("a capture"));
        assert!(captures.iter().all(|report| *report == captures[0]), "{}", ground.name);
        let refunds = at_once(|_| refund(&engine, "O-1", Some("500.00"), "R-1").expect("a refund"));
        assert!(refunds.iter().all(|report| *report == refunds[0]), "{}", ground.name);
        assert_eq!(available(&engine), "1259.65", "{}: captured once, refunded once", ground.name);
        let many =
            at_once(|thread| refund(&engine, "O-1", Some("1000.00"), &format!("R-1-{thread}")).is_ok());
        let taken = many.into_iter().filter(|is_taken| *is_taken).count();
        assert_eq!(taken, 5, "{}: refunds never exceed the purchase", ground.name);
    });
}
