//! Workers by name: whether one that left work behind can still come back for it.

use std::path::Path;

/// Whether `worker` is a process of this machine that has ended, so that what it held is free at once. Workers are
/// named `machine:process`, with or without more behind; `own` names one of this process.
///
/// `false` wherever that cannot be told: for another machine, and on systems without `/proc`. What such a worker
/// held becomes free when its time is up.
pub(crate) fn is_gone(worker: &str, own: &str) -> bool {
    let of = |name: &'_ str| -> Option<(String, u32)> {
        let mut parts = name.split(':');
        let machine = parts.next()?.to_owned();
        Some((machine, parts.next()?.parse().ok()?))
    };
    match (of(worker), of(own)) {
        (Some((machine, process)), Some((own_machine, _))) if machine == own_machine => {
            has_ended(Path::new("/proc"), process)
        }
        (Some(_) | None, _) => false,
    }
}

/// Whether the kernel knows of no such process, or only that it has ended and its parent did not ask how.
fn has_ended(processes: &Path, process: u32) -> bool {
    // Where we ourselves are not listed, nothing can be told from not being listed.
    if !processes.join(std::process::id().to_string()).exists() {
        return false;
    }
    let stat = processes.join(process.to_string()).join("stat");
    match std::fs::read_to_string(stat) {
        // `number (name) state …`; the name may hold brackets itself.
        Ok(text) => {
            let state = text.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
            matches!(state, Some('Z' | 'X'))
        }
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process list of our making: ourselves, and processes with a state each.
    fn processes(listed: &[(u32, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (process, stat) in listed.iter().chain(&[(std::process::id(), "R")]) {
            let own = folder.path().join(process.to_string());
            std::fs::create_dir_all(&own).expect("a folder");
            std::fs::write(own.join("stat"), format!("{process} (a) b (c)) {stat} 1 2")).expect("a file");
        }
        folder
    }

    #[test]
    fn a_process_has_ended_when_it_is_not_listed_or_waits_to_be_buried() {
        let list = processes(&[(7, "S"), (8, "Z")]);
        assert!(!has_ended(list.path(), 7));
        assert!(has_ended(list.path(), 8));
        assert!(has_ended(list.path(), 9));
    }

    #[test]
    fn without_a_process_list_nobody_is_held_to_have_ended() {
        let empty = tempfile::tempdir().expect("a temporary folder");
        assert!(!has_ended(empty.path(), 9));
    }

    #[test]
    fn only_workers_of_this_machine_are_looked_for() {
        let own = format!("here:{}", std::process::id());
        let check = |worker: &str, expected: bool| assert_eq!(is_gone(worker, &own), expected, "{worker}");
        check(&own, false);
        check(&format!("{own}:1"), false);
        // Process numbers end far below this one.
        check("here:4000000000", true);
        check("here:4000000000:1", true);
        check("there:4000000000", false);
        check("here", false);
        check("here:x", false);
        check("", false);
    }
}
