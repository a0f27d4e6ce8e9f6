use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use oxg_protocol::{ErrorCode, SecretName};
use oxg_redact::{Redactor, RefusedValue};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Notify;

use super::leases::{LeaseTimes, MAX_LEASES};
use super::session::cannot_be_hidden;
use super::{
    Borrower, CommandSource, EnvironmentSource, FetchedSecret, Fetching, FileSource, SecretSource,
    Secrets, SourceError,
};
use crate::audit::Audit;
use crate::jsonl::JsonLines;

const TTL: Duration = Duration::from_secs(300);

fn name(text: &str) -> SecretName {
    text.parse().unwrap()
}

fn secrets() -> Secrets {
    made([(name("a"), "value-of-a".into())].into(), Vec::new(), LeaseTimes::default())
}

fn from(source: impl SecretSource) -> Secrets {
    made(BTreeMap::new(), vec![Arc::new(source)], LeaseTimes::default())
}

fn made(
    given: BTreeMap<SecretName, SecretString>,
    sources: Vec<Arc<dyn SecretSource>>,
    times: LeaseTimes,
) -> Secrets {
    let borrower = Borrower { plugin: "probe".into(), plugin_id: "probe-1".into() };
    let audit = Audit::new(JsonLines::in_memory(), Redactor::default());
    Secrets::new(borrower, given, sources, times, Arc::new(audit))
}

async fn value(source: &impl SecretSource, text: &str) -> Option<String> {
    let value = source.fetch("probe", &name(text)).await.unwrap();
    value.map(|found| found.value.expose_secret().to_owned())
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
    secrets.rotate(&name("a"), "value-of-a".into());
    assert!(!versions.has_changed().unwrap(), "the same value is no new version");
    secrets.rotate(&name("a"), "another-value-of-a".into());
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
    assert_eq!(other.value.expose_secret(), "value-2");
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
    answer: Option<FetchedSecret>,
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
    for answer in [None, Some(FetchedSecret::new("value-of-the-source".into()))] {
        let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let secrets = from(Slow { answer, asked: asked.clone(), go: go.clone() });
        let a = name("a");
        let give = async {
            asked.notified().await;
            secrets.rotate(&name("a"), "value-of-the-host".into());
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
    secrets.rotate(&name("a"), "another-value-of-a".into());
    assert_eq!(secrets.lend(&name("a")).await.unwrap().version, 2);
}

/// Says what it is told, and counts how often it is asked.
#[derive(Debug, Default)]
struct Scripted {
    answer: Arc<Mutex<Option<FetchedSecret>>>,
    asked: Arc<AtomicUsize>,
}

impl Scripted {
    fn saying(secret: FetchedSecret) -> Self {
        let source = Self::default();
        source.say(secret);
        source
    }

    fn say(&self, secret: FetchedSecret) {
        *self.answer.lock().unwrap() = Some(secret);
    }

    /// Another handle of the same.
    fn twin(&self) -> Self {
        Self { answer: self.answer.clone(), asked: self.asked.clone() }
    }
}

impl SecretSource for Scripted {
    fn fetch<'a>(&'a self, _: &'a str, _: &'a SecretName) -> Fetching<'a> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answer.lock().unwrap().clone();
        Box::pin(async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(answer)
        })
    }
}

fn secret(value: &str) -> FetchedSecret {
    FetchedSecret::new(value.into())
}

#[tokio::test(start_paused = true)]
async fn callers_at_the_same_time_share_one_look_and_later_ones_look_anew() {
    let source = Scripted::saying(secret("value-of-a"));
    let (secrets, a) = (from(source.twin()), name("a"));
    let (first, second, third) =
        tokio::join!(secrets.lend(&a), secrets.value(&a), secrets.watch(&a));
    assert!(first.is_ok() && second.is_ok() && third.is_ok());
    assert_eq!(source.asked.load(Ordering::SeqCst), 1);
    let b = name("b");
    let (again, other) = tokio::join!(secrets.lend(&a), secrets.lend(&b));
    assert!(again.is_ok() && other.is_ok());
    assert_eq!(source.asked.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_look_that_is_given_up_does_not_take_others_with_it() {
    let source = Scripted::saying(secret("value-of-a"));
    let (secrets, a) = (from(source.twin()), name("a"));
    let impatient = tokio::time::timeout(Duration::from_millis(500), secrets.value(&a));
    let (gone, patient) = tokio::join!(impatient, secrets.value(&a));
    assert!(gone.is_err());
    assert_eq!(patient.unwrap().expose_secret(), "value-of-a");
    assert_eq!(source.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn the_version_of_a_source_counts_as_long_as_it_grows() {
    let source = Scripted::saying(secret("value-1").version(7));
    let (secrets, a) = (from(source.twin()), name("a"));
    let version = async || secrets.lend(&a).await.unwrap().version;
    assert_eq!(version().await, 7);
    for (answer, expected) in [
        (secret("value-2").version(9), 9),
        (secret("value-2").version(9), 9),
        // Written anew with the same value: a version by the source's word.
        (secret("value-2").version(10), 10),
        // Begun anew at the source.
        (secret("value-3").version(1), 11),
        (secret("value-4"), 12),
    ] {
        source.say(answer);
        assert_eq!(version().await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn leases_last_as_the_broker_is_told_or_the_source_says() {
    let times = LeaseTimes { ttl: Duration::from_secs(20), max_ttl: Duration::from_secs(50) };
    let source = Scripted::saying(secret("value-of-a"));
    let secrets = made(BTreeMap::new(), vec![Arc::new(source.twin())], times);
    let a = name("a");
    let lease = secrets.lend(&a).await.unwrap().lease;
    assert_eq!((lease.expires_in_ms, lease.max_ttl_ms, lease.renewable), (20_000, 50_000, true));
    tokio::time::advance(Duration::from_secs(19)).await;
    assert_eq!(secrets.renew(&lease.id).unwrap().expires_in_ms, 20_000);
    tokio::time::advance(Duration::from_secs(16)).await;
    let last = secrets.renew(&lease.id).unwrap();
    assert_eq!((last.expires_in_ms, last.renewable), (15_000, false));
    for (ttl, expected) in [(5, 5_000), (0, 1_000), (500, 50_000)] {
        source.say(secret("value-of-a").ttl(Duration::from_secs(ttl)));
        assert_eq!(secrets.lend(&a).await.unwrap().lease.expires_in_ms, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_revoked_secret_stays_away_whatever_its_source_says_until_it_is_given() {
    let source = Scripted::saying(secret("value-of-a"));
    let (secrets, a) = (from(source.twin()), name("a"));
    let lease = secrets.lend(&a).await.unwrap().lease.id;
    let mut versions = secrets.watch(&a).await.unwrap();
    secrets.revoke(&a);
    assert!(versions.changed().await.is_err(), "the watcher hears the end");
    assert_eq!(secrets.renew(&lease).unwrap_err().code(), ErrorCode::LeaseLost);
    assert_eq!(secrets.lend(&a).await.unwrap_err().code(), ErrorCode::SecretNotGranted);
    secrets.rotate(&a, "another-value-of-a".into());
    let grant = secrets.lend(&a).await.unwrap();
    assert_eq!((grant.version, grant.value.expose_secret()), (2, "another-value-of-a"));
}

#[tokio::test(start_paused = true)]
async fn the_host_sees_the_leases_and_can_end_one() {
    let (secrets, a) = (secrets(), name("a"));
    let (first, second) = (secrets.lend(&a).await.unwrap(), secrets.lend(&a).await.unwrap());
    assert_eq!(secrets.leases().len(), 2);
    assert!(secrets.give_back(&first.lease.id) && !secrets.give_back(&first.lease.id));
    assert_eq!(secrets.renew(&first.lease.id).unwrap_err().code(), ErrorCode::LeaseLost);
    let open = secrets.leases();
    assert_eq!((&open[0].id, &open[0].secret, open[0].version), (&second.lease.id, &a, 1));
    tokio::time::advance(TTL).await;
    assert!(secrets.leases().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_value_that_the_redactor_does_not_take_is_not_lent() {
    let source = Scripted::saying(secret("abc"));
    let (secrets, a) = (from(source.twin()), name("a"));
    let refusal = secrets.lend(&a).await.unwrap_err();
    assert_eq!(refusal.code(), ErrorCode::SecretNotGranted);
    assert!(refusal.detail.contains("longer") && !refusal.detail.contains("abc"), "{refusal:?}");
    assert!(secrets.value(&a).await.is_err(), "nor is it filled in");
    assert!(secrets.leases().is_empty());
    source.say(secret("value-of-a"));
    assert!(secrets.lend(&a).await.is_ok());
}

#[test]
fn a_full_redactor_is_a_trouble_that_passes_and_a_bad_value_is_not() {
    let full = cannot_be_hidden(&name("a"), RefusedValue::Full);
    assert_eq!(full.code(), ErrorCode::Unavailable);
    assert!(full.detail.contains("start it anew"), "{full:?}");
    for why in [RefusedValue::TooShort { len: 4711 }, RefusedValue::Commonplace] {
        let refusal = cannot_be_hidden(&name("a"), why);
        assert_eq!(refusal.code(), ErrorCode::SecretNotGranted);
        assert!(!refusal.detail.contains("4711"), "{refusal:?}");
    }
}

/// One that fails as badly as a source can.
#[derive(Debug)]
struct Failing;

impl SecretSource for Failing {
    fn fetch<'a>(&'a self, _: &'a str, _: &'a SecretName) -> Fetching<'a> {
        Box::pin(async {
            Err(SourceError::Command { program: "vault-helper".into(), status: "exit 3".into() })
        })
    }
}

#[tokio::test]
async fn why_a_source_fails_is_for_the_operator_and_not_for_the_plugin() {
    let secrets = from(Failing);
    let refusal = secrets.lend(&name("a")).await.unwrap_err();
    assert_eq!(refusal.code(), ErrorCode::Unavailable);
    assert!(!format!("{refusal:?}").contains("vault-helper"));
    let records = secrets.audit().read().unwrap();
    assert_eq!(records.len(), 1);
    assert!(records[0].reason.contains("vault-helper gave no secret"), "{:?}", records[0]);
    assert_eq!(records[0].metadata["secret"], "a");
}

#[tokio::test]
async fn no_error_and_no_debug_text_of_a_source_has_a_part_of_a_value() {
    const CANARY: &str = "canary-5f1d9e";
    let directory = tempfile::tempdir().unwrap();
    let mut texts = Vec::new();
    for (file, content) in [
        ("a.json", format!("{{\"a\": \"{CANARY}\" \"b\"}}")),
        ("b.json", format!("{{\"a\": \"{CANARY}\", \"a\": \"{CANARY}\"}}")),
        ("c.json", format!("[\"{CANARY}\"]")),
        ("d.json", format!("{{\"a\": [\"{CANARY}\"]}}")),
        ("e.toml", format!("a = \"{CANARY}\" b")),
        ("f.toml", format!("a = \"{CANARY}\"\na = \"{CANARY}\"")),
        ("g.toml", format!("a = '{CANARY}\n")),
        ("h.toml", format!("[[probe]]\na = \"{CANARY}\"")),
        ("i.toml", format!("\"{CANARY} \" = \"x\"")),
    ] {
        let path = directory.path().join(file);
        write(&path, &content, 0o600);
        let error = FileSource::open(&path).unwrap_err();
        texts.extend([error.to_string(), format!("{error:?}")]);
    }
    for script in ["{}; exit 3", "{}; exit 1", "{} >&2; exit 2", "printf '\\377{}'", "yes {}"] {
        let script = script.replace("{}", &format!("echo {CANARY}"));
        let source = shell(&script).deadline(Duration::from_secs(20));
        let secrets = from(source);
        let refusal = secrets.lend(&name("a")).await.unwrap_err();
        texts.push(format!("{refusal:?} {:?}", secrets.audit().read().unwrap()));
    }
    let good = from(Scripted::saying(secret(CANARY)));
    good.lend(&name("a")).await.unwrap();
    texts.push(format!("{good:?}"));
    let variable = ("0XGEN_SECRET_PROBE__A".to_owned(), CANARY.to_owned());
    texts.push(format!("{:?}", EnvironmentSource::of([variable])));
    for text in texts {
        assert!(!text.contains(CANARY), "{text}");
    }
}

#[tokio::test]
async fn a_toml_file_is_read_as_a_json_file_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secrets.toml");
    let text = "a = \"for-all\"\nb = \"for-all\"\n\n[probe]\na = \"for-probe\"\n";
    write(&path, text, 0o600);
    let source = FileSource::open(&path).unwrap();
    assert_eq!(value(&source, "a").await.as_deref(), Some("for-probe"));
    assert_eq!(value(&source, "b").await.as_deref(), Some("for-all"));
    assert_eq!(value(&source, "probe").await, None);
    write(&path, "a = \"x\"\n\nb = 3\n", 0o600);
    let error = FileSource::open(&path).unwrap_err().to_string();
    assert!(error.contains("is not TOML") && error.contains("line 3"), "{error}");
    write(&path, text, 0o644);
    assert!(matches!(FileSource::open(&path), Err(SourceError::Readable { mode: 0o644, .. })));
}
