//! The settings that several findings ask for become one block for one reload.

use crate::diagnose::{Diagnosis, Finding, Fix, Hint, Program, Settled, Standing};

/// The settings of a program in all findings become one block, which one change and one reload apply. It stands where the
/// first of them stood; the other findings name that one.
pub(super) fn settings_in_one_place(diagnosis: &mut Diagnosis, program: Program) {
    let mut block: Vec<Fix> = Vec::new();
    let mut members: Vec<&mut Finding> = Vec::new();
    let error = diagnosis.error.iter_mut();
    for finding in error.chain(&mut diagnosis.findings) {
        if join(&mut block, &finding.hint, program) == Joined::Yes {
            members.push(finding);
        }
    }
    let mut members = members.into_iter();
    let (Some(first), 1..) = (members.next(), members.len()) else {
        return;
    };
    first.hint = std::mem::take(&mut first.hint).with_settings(&block, program);
    for finding in members {
        let rest =
            std::mem::take(&mut finding.hint).settled(|fix| match fix.is_setting_of(program) {
                true => Settled::LeftOut,
                false => Settled::Kept(fix),
            });
        let lead = format!(
            "The lines for {} under {} fix this, too.",
            program.file(),
            first.code.name()
        );
        finding.hint = Hint::say(lead).and(rest);
    }
}

/// Whether the lines of a hint are part of the block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joined {
    Yes,
    No,
}

/// Adds the lines of a hint for this program to the block. A hint that wants another value than the block stays out:
/// the block does not cure its finding. A line that any finding could not try is not tried.
fn join(block: &mut Vec<Fix>, hint: &Hint, program: Program) -> Joined {
    let lines: Vec<&Fix> = hint
        .fixes()
        .filter(|fix| fix.is_setting_of(program))
        .collect();
    let differs = |line: &&Fix| {
        let mut set = block.iter();
        set.any(|set| set.target == line.target && set.after != line.after)
    };
    if lines.is_empty() || lines.iter().any(differs) {
        return Joined::No;
    }
    for line in lines {
        match block.iter_mut().find(|set| set.target == line.target) {
            Some(set) if line.standing == Standing::Untried => set.standing = Standing::Untried,
            Some(_) => {}
            None => block.push(line.clone()),
        }
    }
    Joined::Yes
}
