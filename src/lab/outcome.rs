//! Was a client safe? Pure.

use serde::Serialize;

use super::fault::{Duty, Fault};
use super::observation::{Channel, Deed, Observation};

/// The verdict on what a client did at one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It did what it must do.
    Safe,
    /// It accepted what it must refuse.
    Unsafe,
    /// It refused an endpoint without a fault.
    RefusedGood,
    /// It did not connect, or its refusal proves nothing.
    Untested,
}

/// Why a client that accepted nothing has not shown that it never would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// It did not come to an end of its own: its next try may be a weaker one.
    NotEnded,
    /// It made fewer connections than at the endpoint without a fault: those that it left out may verify less.
    FewerConnections,
    /// It has several sessions at that endpoint: a second try may stand for one of them that did not come.
    NotToldApart,
}

/// All connections of a client to one endpoint.
#[derive(Clone, Debug, Serialize)]
pub struct Conduct {
    /// The endpoint's fault.
    #[serde(serialize_with = "by_name")]
    pub fault: Fault,
    /// The worst that the client did.
    pub deed: Deed,
    /// How its password was sent, if it was.
    pub password: Option<Channel>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is no better.
    pub doubt: Option<Doubt>,
    /// Every connection.
    pub connections: Vec<Observation>,
}

impl Conduct {
    /// Judges what a client did at one endpoint.
    pub fn new(fault: Fault, connections: Vec<Observation>) -> Self {
        let deeds = connections.iter().map(Observation::deed);
        let deed = deeds.max().unwrap_or(Deed::Nothing);
        Self::of_deed(fault, deed, connections)
    }

    /// Judges a program whose exit status says whether it accepts an endpoint. It must have
    /// connected, and its exit status does not excuse plain text.
    pub fn of_gate(fault: Fault, accepts: Deed, connections: Vec<Observation>) -> Self {
        let deeds = connections.iter().map(Observation::deed);
        let deed = match deeds.max().unwrap_or(Deed::Nothing) {
            deed @ (Deed::Nothing | Deed::Plaintext) => deed,
            Deed::Refused | Deed::Looked | Deed::Accepted => accepts,
        };
        Self::of_deed(fault, deed, connections)
    }

    /// The same, if there is this doubt. What the client accepted it has done, whatever would have come next.
    #[must_use]
    pub fn doubted(self, doubt: Option<Doubt>) -> Self {
        match (doubt, self.verdict, self.deed) {
            (Some(_), Verdict::Safe, Deed::Nothing | Deed::Refused | Deed::Looked) => Self {
                verdict: Verdict::Untested,
                doubt,
                ..self
            },
            _ => self,
        }
    }

    /// How many connections asked for a session.
    pub fn tries(&self) -> usize {
        let deeds = self.connections.iter().map(Observation::deed);
        deeds.filter(|deed| *deed != Deed::Nothing).count()
    }

    /// How many sessions there were.
    pub fn sessions(&self) -> usize {
        let deeds = self.connections.iter().map(Observation::deed);
        deeds.filter(|deed| *deed >= Deed::Accepted).count()
    }

    fn of_deed(fault: Fault, deed: Deed, connections: Vec<Observation>) -> Self {
        Self {
            fault,
            deed,
            password: connections.iter().filter_map(|one| one.password).max(),
            verdict: judge(fault.duty(), deed),
            doubt: None,
            connections,
        }
    }
}

/// The verdict on a deed, given the duty.
///
/// Plain text is never safe, not even with a server that has no fault: the client cannot know.
pub fn judge(duty: Duty, deed: Deed) -> Verdict {
    match (deed, duty) {
        (Deed::Nothing, Duty::Accept | Duty::Refuse) | (Deed::Looked, Duty::Accept) => {
            Verdict::Untested
        }
        (Deed::Plaintext, _) | (Deed::Accepted, Duty::Refuse) => Verdict::Unsafe,
        (Deed::Refused, Duty::Accept) => Verdict::RefusedGood,
        (Deed::Accepted, Duty::Accept | Duty::Either)
        | (Deed::Refused | Deed::Looked, Duty::Refuse | Duty::Either)
        // Some clients refuse because of their settings, without connecting.
        | (Deed::Nothing, Duty::Either) => Verdict::Safe,
    }
}

fn by_name<S: serde::Serializer>(fault: &Fault, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(fault.name())
}

#[cfg(test)]
mod tests {
    use super::super::observation::Opening;
    use super::*;

    #[test]
    fn a_client_is_judged_by_its_deed_and_its_duty() {
        use Deed::{Accepted, Looked, Nothing, Plaintext, Refused};
        use Duty::{Accept, Either, Refuse};
        for (duty, deed, expected) in [
            (Accept, Accepted, Verdict::Safe),
            (Accept, Refused, Verdict::RefusedGood),
            (Accept, Plaintext, Verdict::Unsafe),
            (Accept, Nothing, Verdict::Untested),
            (Accept, Looked, Verdict::Untested),
            (Refuse, Looked, Verdict::Safe),
            (Either, Looked, Verdict::Safe),
            (Refuse, Accepted, Verdict::Unsafe),
            (Refuse, Refused, Verdict::Safe),
            (Refuse, Plaintext, Verdict::Unsafe),
            (Refuse, Nothing, Verdict::Untested),
            (Either, Accepted, Verdict::Safe),
            (Either, Refused, Verdict::Safe),
            (Either, Plaintext, Verdict::Unsafe),
            (Either, Nothing, Verdict::Safe),
        ] {
            assert_eq!(judge(duty, deed), expected, "{duty:?} {deed:?}");
        }
    }

    #[test]
    fn the_worst_of_several_connections_counts() {
        let tried = Observation {
            opening: Opening::SslRequest,
            ..Observation::new(1)
        };
        let fell_back = Observation {
            opening: Opening::Plaintext,
            startup: Some(Channel::Plaintext),
            password: Some(Channel::Plaintext),
            ..Observation::new(2)
        };
        let conduct = Conduct::new(Fault::UnknownCa, vec![fell_back, tried.clone()]);
        assert_eq!(conduct.verdict, Verdict::Unsafe);
        assert_eq!(conduct.password, Some(Channel::Plaintext));
        let conduct = Conduct::new(Fault::UnknownCa, vec![tried]);
        assert_eq!(conduct.verdict, Verdict::Safe);
    }

    #[test]
    fn a_gate_is_judged_by_its_exit_status_if_it_connected() {
        let looked = Observation {
            opening: Opening::SslRequest,
            ..Observation::new(1)
        };
        let verdict = |fault, says, seen: &[&Observation]| {
            let seen = seen.iter().map(|&seen| seen.clone()).collect();
            Conduct::of_gate(fault, says, seen).verdict
        };
        let (good, bad) = (Fault::Good, Fault::UnknownCa);
        assert_eq!(verdict(good, Deed::Accepted, &[&looked]), Verdict::Safe);
        assert_eq!(verdict(bad, Deed::Accepted, &[&looked]), Verdict::Unsafe);
        assert_eq!(verdict(bad, Deed::Refused, &[&looked]), Verdict::Safe);
        assert_eq!(
            verdict(good, Deed::Refused, &[&looked]),
            Verdict::RefusedGood
        );
        assert_eq!(verdict(bad, Deed::Refused, &[]), Verdict::Untested);
        let plain = Observation {
            startup: Some(Channel::Plaintext),
            ..looked
        };
        assert_eq!(verdict(bad, Deed::Refused, &[&plain]), Verdict::Unsafe);
    }

    #[test]
    fn a_refusal_that_proves_nothing_is_not_safe() {
        let seen = |startup| Observation {
            opening: Opening::SslRequest,
            startup,
            ..Observation::new(1)
        };
        let verdict = |fault, startup, doubt| {
            let conduct = Conduct::new(fault, vec![seen(startup)]);
            let conduct = conduct.doubted(Some(doubt));
            (conduct.verdict, conduct.doubt.is_some())
        };
        for doubt in [
            Doubt::NotEnded,
            Doubt::FewerConnections,
            Doubt::NotToldApart,
        ] {
            for (fault, startup, expected) in [
                (Fault::UnknownCa, None, (Verdict::Untested, true)),
                (
                    Fault::UnknownCa,
                    Some(Channel::Tls),
                    (Verdict::Unsafe, false),
                ),
                (Fault::Good, Some(Channel::Tls), (Verdict::Safe, false)),
                (Fault::Good, None, (Verdict::RefusedGood, false)),
            ] {
                let found = verdict(fault, startup, doubt);
                assert_eq!(found, expected, "{fault:?} {startup:?} {doubt:?}");
            }
        }
    }

    #[test]
    fn who_only_knocked_was_not_tested() {
        let conduct = Conduct::new(Fault::UnknownCa, vec![Observation::new(1)]);
        assert_eq!(conduct.verdict, Verdict::Untested);
    }
}
