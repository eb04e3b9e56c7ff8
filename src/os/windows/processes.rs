//! A program and all that it started.

use std::collections::HashMap;
use std::io;
use std::process::{Child, Command};

use winsafe::{HPROCESS, HPROCESSLIST, co};

/// There are no process groups: [`kill_group`] looks for the children.
pub fn lead_group(_: &mut Command) {}

/// Has it ended? Its process ID is not reused as long as `child` exists.
///
/// # Errors
/// Those of the system.
pub fn has_ended(child: &mut Child) -> io::Result<bool> {
    Ok(child.try_wait()?.is_some())
}

/// Kills the program, what it started, and what that started. A process whose parent ended before is not found, unless
/// that parent is the program itself.
pub fn kill_group(child: &mut Child) {
    let root = child.id();
    let Some(began) = creation(root) else {
        let _ = child.kill();
        return;
    };
    let mut family = HashMap::from([(root, began)]);
    // Again, because they may start others until they are dead.
    for _ in 0..ROUNDS {
        let born = descendants(&mut family);
        let _ = child.kill();
        if born.is_empty() {
            return;
        }
        for process in born {
            let opened = HPROCESS::OpenProcess(co::PROCESS::TERMINATE, false, process);
            let _ = opened.and_then(|process| process.TerminateProcess(1));
        }
    }
}

const ROUNDS: usize = 10;

/// Adds those whose parent is in the family, and returns them. An ID may have belonged to another process before: a
/// child is younger than its parent.
fn descendants(family: &mut HashMap<u32, u64>) -> Vec<u32> {
    let mut new = Vec::new();
    loop {
        let before = new.len();
        for (process, parent) in processes() {
            let Some(parent_began) = family.get(&parent).copied() else {
                continue;
            };
            if !family.contains_key(&process)
                && let Some(began) = creation(process)
                && began >= parent_began
            {
                family.insert(process, began);
                new.push(process);
            }
        }
        if new.len() == before {
            return new;
        }
    }
}

/// Every process with its parent.
fn processes() -> Vec<(u32, u32)> {
    let Ok(mut list) = HPROCESSLIST::CreateToolhelp32Snapshot(co::TH32CS::SNAPPROCESS, None) else {
        return Vec::new();
    };
    list.iter_processes()
        .map_while(Result::ok)
        .map(|entry| (entry.th32ProcessID, entry.th32ParentProcessID))
        .collect()
}

/// When it began, in units of 100 ns; `None` if it is gone or another user's.
fn creation(process: u32) -> Option<u64> {
    let access = co::PROCESS::QUERY_LIMITED_INFORMATION;
    let opened = HPROCESS::OpenProcess(access, false, process).ok()?;
    let (created, ..) = opened.GetProcessTimes().ok()?;
    Some(created.into())
}
