use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use oxg_protocol::{ErrorCode, SecretName};
use oxg_redact::Redactor;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Notify;

use super::leases::{MAX_LEASES, TTL};
use super::{
    CommandSource, EnvironmentSource, Fetching, FileSource, SecretSource, Secrets, SourceError,
};

fn name(text: &str) -> SecretName {
    text.parse().unwrap()
}

fn secrets() -> Secrets {
    let given = [(name("a"), "value-of-a".into())].into();
    Secrets::new("probe".into(), given, Vec::new(), Redactor::default())
}

fn from(source: impl SecretSource) -> Secrets {
    Secrets::new("probe".into(), BTreeMap::new(), vec![Arc::new(source)], Redactor::default())
}

async fn value(source: &impl SecretSource, text: &str) -> Option<String> {
    let value = source.fetch("probe", &name(text)).await.unwrap();
    value.map(|value| value.expose_secret().to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_lease_lives_for_its_time_and_no_renewal_reaches_past_the_longest() {
    let secrets = secrets();
    let id = secrets.lend(&name("a")).await.unwrap().lease.id;
    for _ in 0..11 {
        tokio::time::advance(TTL - Duration::from_secs(1)).await;
        secrets.renew(&id).unwrap();
    }
    tokio::time::advance(TTL - Duration::from_secs(1)).await;
    let last = secrets.renew(&id).unwrap();
    assert!(last.expires_in_ms < 60_000, "{last:?}");
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(secrets.renew(&id).unwrap_err().code(), ErrorCode::LeaseLost);
}

#[tokio::test]
async fn an_unknown_secret_is_a_secret_that_is_not_granted() {
    let refusal = secrets().lend(&name("b")).await.unwrap_err();
    assert_eq!(refusal.code(), ErrorCode::SecretNotGranted);
}

#[tokio::test(start_paused = true)]
async fn the_number_of_leases_is_limited_and_expiry_makes_room() {
    let (secrets, name) = (secrets(), name("a"));
    for _ in 0..MAX_LEASES {
        secrets.lend(&name).await.unwrap();
    }
    assert_eq!(secrets.lend(&name).await.unwrap_err().code(), ErrorCode::RateLimited);
    tokio::time::advance(TTL).await;
    assert!(secrets.lend(&name).await.is_ok());
}

#[tokio::test]
async fn a_lease_on_a_replaced_version_is_not_renewed_and_the_watcher_is_told() {
    let secrets = secrets();
    let mut versions = secrets.watch(&name("a")).await.unwrap();
    let first = secrets.lend(&name("a")).await.unwrap();
    secrets.rotate(name("a"), "value-of-a".into());
    assert!(!versions.has_changed().unwrap(), "the same value is no new version");
    secrets.rotate(name("a"), "another-value-of-a".into());
    assert_eq!(*versions.borrow_and_update(), 2);
    assert_eq!(secrets.renew(&first.lease.id).unwrap_err().code(), ErrorCode::LeaseLost);
    let second = secrets.lend(&name("a")).await.unwrap();
    assert_eq!((first.version, second.version), (1, 2));
}

#[tokio::test]
async fn a_revoked_secret_is_gone_with_its_leases() {
    let secrets = secrets();
    let lease = secrets.lend(&name("a")).await.unwrap().lease.id;
    secrets.revoke(&name("a"));
    assert_eq!(secrets.renew(&lease).unwrap_err().code(), ErrorCode::LeaseLost);
    assert!(secrets.lend(&name("a")).await.is_err());
}

#[tokio::test]
async fn the_environment_is_read_as_the_host_reads_it() {
    let variables = [
        ("0XGEN_SECRET_PROBE__API_TOKEN", "value-1"),
        ("0XGEN_SECRET_OTHER_PLUGIN__API_TOKEN", "value-2"),
        ("0XGEN_SECRET_PROBE", "value-3"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let source = EnvironmentSource::of(variables);
    assert_eq!(value(&source, "api-token").await.as_deref(), Some("value-1"));
    assert_eq!(value(&source, "api_token").await.as_deref(), Some("value-1"));
    assert_eq!(value(&source, "other").await, None);
    let other = source.fetch("other-plugin", &name("api-token")).await.unwrap().unwrap();
    assert_eq!(other.expose_secret(), "value-2");
    assert!(!format!("{source:?}").contains("value-"));
}

fn write(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_file_gives_a_plugin_its_own_value_first_and_an_edit_is_a_rotation() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secrets.json");
    write(&path, r#"{"a": "for-all", "b": "for-all", "probe": {"a": "for-probe"}}"#, 0o600);
    let source = FileSource::open(&path).unwrap();
    assert_eq!(value(&source, "a").await.as_deref(), Some("for-probe"));
    assert_eq!(value(&source, "b").await.as_deref(), Some("for-all"));
    assert_eq!(value(&source, "probe").await, None);
    let secrets = from(source);
    assert_eq!(secrets.lend(&name("b")).await.unwrap().version, 1);
    write(&path, r#"{"b": "another-for-all"}"#, 0o600);
    let grant = secrets.lend(&name("b")).await.unwrap();
    assert_eq!((grant.version, grant.value.expose_secret()), (2, "another-for-all"));
    write(&path, "{}", 0o600);
    assert_eq!(secrets.lend(&name("b")).await.unwrap_err().code(), ErrorCode::SecretNotGranted);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(secrets.lend(&name("b")).await.unwrap_err().code(), ErrorCode::Unavailable);
}

#[test]
fn a_file_that_others_can_read_or_that_is_a_link_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secrets.json");
    for mode in [0o640, 0o604, 0o620, 0o601] {
        write(&path, "{}", mode);
        assert!(matches!(FileSource::open(&path), Err(SourceError::Readable { .. })), "{mode:o}");
    }
    write(&path, "{}", 0o400);
    let link = directory.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(matches!(FileSource::open(&link), Err(SourceError::Read { .. })));
    write(&path, "{\n\"a\": \"hunter2-hunter2\" \"", 0o600);
    let error = FileSource::open(&path).unwrap_err().to_string();
    assert!(error.contains("line 2") && !error.contains("hunter2"), "{error}");
}

fn shell(script: &str) -> CommandSource {
    CommandSource::new("/bin/sh", ["-c", script, "sh"])
}

#[tokio::test]
async fn a_program_prints_the_value_and_is_bounded() {
    assert_eq!(value(&shell("echo \"$1-$2\""), "a").await.as_deref(), Some("probe-a"));
    assert_eq!(value(&shell("exit 1"), "a").await, None);
    let failure =
        async |source: CommandSource| source.fetch("probe", &name("a")).await.unwrap_err();
    let error = failure(shell("echo hunter2; echo hunter2 >&2; exit 3")).await;
    assert!(matches!(error, SourceError::Command { .. }) && !error.to_string().contains("hunter2"));
    assert!(matches!(failure(shell("yes")).await, SourceError::Value(_)));
    assert!(matches!(failure(shell("true")).await, SourceError::Value(_)));
    assert!(matches!(
        failure(CommandSource::new("/nowhere", [""; 0])).await,
        SourceError::Start { .. }
    ));
    let slow = shell("exec sleep 60").deadline(Duration::from_millis(50));
    assert!(matches!(failure(slow).await, SourceError::Deadline(_)));
}

/// Answers once it is let.
#[derive(Debug)]
struct Slow {
    answer: Option<SecretString>,
    asked: Arc<Notify>,
    go: Arc<Notify>,
}

impl SecretSource for Slow {
    fn fetch<'a>(&'a self, _: &'a str, _: &'a SecretName) -> Fetching<'a> {
        Box::pin(async {
            self.asked.notify_one();
            self.go.notified().await;
            Ok(self.answer.clone())
        })
    }
}

#[tokio::test]
async fn a_value_that_the_host_gives_while_a_source_is_asked_stays() {
    for answer in [None, Some("value-of-the-source".into())] {
        let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let secrets = from(Slow { answer, asked: asked.clone(), go: go.clone() });
        let a = name("a");
        let give = async {
            asked.notified().await;
            secrets.rotate(name("a"), "value-of-the-host".into());
            go.notify_one();
        };
        let (value, ()) = tokio::join!(secrets.value(&a), give);
        assert_eq!(value.unwrap().expose_secret(), "value-of-the-host");
        assert_eq!(secrets.value(&a).await.unwrap().expose_secret(), "value-of-the-host");
    }
}

#[tokio::test]
async fn a_secret_that_comes_back_has_a_version_of_its_own() {
    let secrets = secrets();
    assert_eq!(secrets.lend(&name("a")).await.unwrap().version, 1);
    secrets.revoke(&name("a"));
    secrets.rotate(name("a"), "another-value-of-a".into());
    assert_eq!(secrets.lend(&name("a")).await.unwrap().version, 2);
}
