//! Who acts and which process this is, as far as the system tells.

use std::fs;

/// The name that the audit log gives to whoever runs the program: the login name, else the user's number.
#[must_use]
pub fn actor() -> String {
    let named = ["USER", "LOGNAME", "USERNAME"].iter().filter_map(|name| std::env::var(name).ok());
    let named = named.map(|name| name.trim().to_owned()).find(|name| !name.is_empty());
    named.or_else(account_name).unwrap_or_else(|| "unknown".to_owned())
}

/// The name of the account that owns this process, where neither login nor service told it (containers).
fn account_name() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let number =
        status.lines().find_map(|line| line.strip_prefix("Uid:")?.split_whitespace().next())?.to_owned();
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1) == Some(number.as_str())).then(|| name.to_owned())
    });
    Some(name.unwrap_or_else(|| format!("uid {number}")))
}

/// `machine:process`, which names this process's leases.
///
/// Two workers of one machine can see each other's processes and take over at once when one is gone. So the
/// machine is named by what they share: this start of its kernel, and the space in which process numbers count.
#[must_use]
pub fn worker() -> String {
    let host = first_line("/proc/sys/kernel/hostname").unwrap_or_else(|| "localhost".to_owned());
    let boot = first_line("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let space = fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default();
    let space: String = space.chars().filter(char::is_ascii_digit).collect();
    let boot = boot.split('-').next().unwrap_or_default();
    format!("{}-{boot}-{space}:{}", host.replace(':', "-"), std::process::id())
}

fn first_line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_named_by_machine_and_process() {
        let worker = worker();
        let (machine, process) = worker.split_once(':').expect("both are named");
        assert!(!machine.is_empty());
        assert_eq!(process, std::process::id().to_string());
    }

    #[test]
    fn somebody_always_acts() {
        assert!(!actor().is_empty());
        assert!(account_name().is_none_or(|name| !name.is_empty()));
    }
}
