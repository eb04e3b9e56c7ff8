//! What the string requires of a login, if the check does not log in.

use super::{Code, Finding, Stage, warning};
use crate::conninfo::{ChannelBinding, ConnInfo, Keyword, TargetSessionAttrs};
use crate::escape::escape;
use crate::probe::Task;

/// Demands that only a login can check; `None` if there are none.
pub fn login_not_checked(task: &Task) -> Option<Finding> {
    let conninfo = &task.conninfo;
    let demanded: Vec<String> = DEMANDS
        .into_iter()
        .filter(|(_, demands)| demands(conninfo))
        .filter_map(|(keyword, _)| {
            let setting = conninfo.parameter(keyword)?;
            let value = setting.value.to_string();
            Some(format!(
                "{}={} (from {})",
                keyword.as_str(),
                escape(&value),
                setting.origin
            ))
        })
        .collect();
    if demanded.is_empty() {
        return None;
    }
    let message = format!("not checked without --login: {}", demanded.join(", "));
    Some(
        warning(Code::LoginNotChecked, Stage::Conninfo, message)
            .hint("libpq may refuse this server because of it. Add --login to check it."),
    )
}

type Demand = (Keyword, fn(&ConnInfo) -> bool);

/// When each of them requires something.
const DEMANDS: [Demand; 4] = [
    (Keyword::ChannelBinding, |conninfo| {
        conninfo.channel_binding.value == ChannelBinding::Require
    }),
    (Keyword::RequireAuth, |conninfo| {
        conninfo.require_auth.is_some()
    }),
    (Keyword::TargetSessionAttrs, |conninfo| {
        match conninfo.target_session_attrs() {
            None | Some(TargetSessionAttrs::Any | TargetSessionAttrs::PreferStandby) => false,
            Some(
                TargetSessionAttrs::ReadWrite
                | TargetSessionAttrs::ReadOnly
                | TargetSessionAttrs::Primary
                | TargetSessionAttrs::Standby,
            ) => true,
        }
    }),
    // Every server speaks 3.0.
    (Keyword::MinProtocolVersion, |conninfo| {
        let setting = conninfo.parameter(Keyword::MinProtocolVersion);
        setting.is_some_and(|setting| !matches!(setting.value.as_bytes(), b"" | b"3.0"))
    }),
];
