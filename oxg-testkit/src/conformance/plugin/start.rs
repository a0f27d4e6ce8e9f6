//! What a run begins with.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use oxg_broker::Session;
use oxg_broker::launch::Launch;
use oxg_protocol::{SecretName, env};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

use super::PluginSuite;
use super::case::{PluginCase, TaskInput, Token};
use super::socket::Socket;
use crate::process::nothing_redacted;
use crate::secrets::canary;

/// A value for each secret that the manifest names, found nowhere by chance.
pub(super) fn canaries(suite: &PluginSuite) -> BTreeMap<SecretName, String> {
    let declared = suite.manifest.capabilities.secrets.iter();
    let names = declared.flat_map(|secrets| secrets.names.iter().flatten());
    names
        .filter_map(|name| name.as_str().parse::<SecretName>().ok())
        .map(|name| (name.clone(), canary(&name)))
        .collect()
}

pub(super) fn launch(
    suite: &PluginSuite,
    case: &PluginCase,
    socket: &Socket,
    session: &Session,
    workspace: &Path,
    token_file: &Path,
) -> Launch {
    let mut launch = Launch::new(
        &suite.program,
        workspace,
        socket.endpoint(),
        session.token().clone(),
        token_file,
        nothing_redacted(),
    )
    .arguments(&suite.arguments);
    if let Some(path) = &suite.path {
        launch = launch.path(path);
    }
    if let Some(directory) = &suite.directory {
        launch = launch.directory(directory);
    }
    let token = session.token().expose_secret();
    match case.start.token {
        Token::File => launch,
        Token::Variable => launch
            .variable(env::TOKEN_FILE.name, None)
            .variable(env::TOKEN.name, Some(token.into())),
        Token::FileAndStaleVariable => {
            launch.variable(env::TOKEN.name, Some(OsString::from("oxg_stale")))
        }
        Token::None => launch.variable(env::TOKEN_FILE.name, None),
    }
}

impl PluginSuite {
    /// The input that a case means.
    pub(super) fn input(&self, input: &TaskInput) -> Value {
        let given = self.task.clone().unwrap_or(Value::Null);
        let with = |more: &mut dyn Iterator<Item = (String, Value)>| match given.clone() {
            Value::Object(mut members) => {
                members.extend(more);
                Value::Object(members)
            }
            other => other,
        };
        match input {
            TaskInput::Given => given,
            TaskInput::WithMembers(count) => {
                with(&mut (0..*count).map(|number| (format!("x-{number}"), number.into())))
            }
            TaskInput::WithBytes(count) => {
                let filler = "x".repeat(usize::try_from(*count).unwrap_or(usize::MAX));
                with(&mut std::iter::once(("x-filler".to_owned(), filler.into())))
            }
            TaskInput::Unusable => {
                let mut members = Map::new();
                members.insert("x-conformance".to_owned(), Value::Array(vec![Value::Null]));
                Value::Array(vec![Value::Object(members)])
            }
        }
    }
}
