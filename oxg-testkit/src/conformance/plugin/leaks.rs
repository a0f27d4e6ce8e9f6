//! Whether a token or a secret left the plugin where it must not.

use std::collections::BTreeSet;

use http::header::PROXY_AUTHORIZATION;
use oxg_redact::Redactor;
use secrecy::ExposeSecret as _;

use super::call::Call;
use super::run::Observed;
use super::transcript::Exchange;
use crate::conformance::Failure;

/// What must not be seen, and where it may be all the same.
struct Guarded {
    what: String,
    values: Redactor,
    /// A script keeps the token of its lease in a file of the workspace.
    in_files: bool,
    /// The broker gave it for a target.
    to_targets: bool,
}

/// Every place where a token or secret came out, in any encoding.
pub(super) fn find(observed: &Observed) -> Vec<Failure> {
    let mut found = BTreeSet::new();
    for guarded in guarded(observed) {
        for (place, bytes) in places(observed, &guarded) {
            if guarded.values.contains_known(bytes) {
                found.insert((guarded.what.clone(), place));
            }
        }
    }
    let failure = |(what, place)| {
        Failure::new(format!("{what} is nowhere to be seen"), format!("it is in {place}"))
    };
    found.into_iter().map(failure).collect()
}

fn guarded(observed: &Observed) -> Vec<Guarded> {
    let tokens = observed.tokens.iter().map(|token| token.expose_secret().to_owned());
    let deliveries = observed.exchanges.iter().flat_map(Exchange::deliveries);
    let leases =
        deliveries.filter_map(|delivery| Some(delivery.get("lease_token")?.as_str()?.to_owned()));
    let mut all = vec![
        Guarded {
            what: "the session's token".to_owned(),
            values: knows(tokens),
            in_files: false,
            to_targets: false,
        },
        Guarded {
            what: "the token of a lease".to_owned(),
            values: knows(leases),
            in_files: true,
            to_targets: false,
        },
    ];
    for (name, value) in &observed.secrets {
        all.push(Guarded {
            what: format!("the secret {name}"),
            values: knows([value.clone()]),
            in_files: false,
            to_targets: true,
        });
    }
    all
}

fn knows(values: impl IntoIterator<Item = String>) -> Redactor {
    let redactor = Redactor::default();
    for value in values {
        // Each is long and random; none is refused.
        let _ = redactor.register(&value);
    }
    redactor
}

fn places<'a>(observed: &'a Observed, guarded: &Guarded) -> Vec<(String, &'a [u8])> {
    let mut places: Vec<(String, &[u8])> = Vec::new();
    for line in &observed.output {
        places.push(("standard output or error".to_owned(), line.as_bytes()));
    }
    if !guarded.in_files {
        for (path, bytes) in &observed.files {
            places.push((format!("the file {} of the workspace", path.display()), bytes));
        }
    }
    for exchange in &observed.exchanges {
        match exchange.call {
            Call::Findings => places.push(("a finding".to_owned(), &exchange.body)),
            Call::Logs => places.push(("a log record".to_owned(), &exchange.body)),
            Call::Artifact => places.push(("an artifact".to_owned(), &exchange.body)),
            // They show the token of the lease, as they must.
            call if call.is_word() && !guarded.in_files => {
                places.push(("the result of the task".to_owned(), &exchange.body));
            }
            Call::Egress if !guarded.to_targets => {
                places.push(("the body of an outbound request".to_owned(), &exchange.body));
                let path =
                    exchange.uri.path_and_query().map_or("", http::uri::PathAndQuery::as_str);
                places.push(("the URL of an outbound request".to_owned(), path.as_bytes()));
                for (name, value) in &exchange.headers {
                    if *name != PROXY_AUTHORIZATION {
                        places.push((
                            format!("the field {name} of an outbound request"),
                            value.as_bytes(),
                        ));
                    }
                }
            }
            _ => {}
        }
    }
    places
}
