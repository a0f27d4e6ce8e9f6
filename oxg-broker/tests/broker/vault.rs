//! Secrets from Vault, against a double of its documented HTTP API on a socket of loopback.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use oxg_broker::secrets::{
    FetchedSecret, SecretSource as _, SourceError, VaultError, VaultSettings, VaultSource,
    VaultToken,
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

use crate::support::{read_head, target, within};

const TOKEN: &str = "hvs.0123456789abcdef";
const CANARY: &str = "s3cr3t-of-the-vault";

type Asked = Result<Option<FetchedSecret>, SourceError>;

/// A folder with a token file.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.write("token", &format!("{TOKEN}\n"), 0o600);
        home
    }

    fn write(&self, file: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.0.path().join(file);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn settings(&self, address: String) -> VaultSettings {
        VaultSettings::new(address, VaultToken::File(self.0.path().join("token")))
    }
}

async fn ask(source: &VaultSource) -> Asked {
    within(source.fetch("probe", &"api-token".parse().unwrap())).await
}

fn response(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// What a read of a version that is there answers.
fn version(data: Value) -> String {
    let body = json!({
        "request_id": "4d2e", "lease_id": "", "renewable": false, "lease_duration": 0,
        "data": {
            "data": data,
            "metadata": {
                "created_time": "2026-03-22T02:24:06.945319214Z", "custom_metadata": null,
                "deletion_time": "", "destroyed": false, "version": 7,
            },
        },
        "wrap_info": null, "warnings": null, "auth": null,
    });
    response("200", &body.to_string())
}

/// What comes of one call that is answered like this, and the call's head.
async fn answered_with(answer: String, change: impl FnOnce(&mut VaultSettings)) -> (Asked, String) {
    let (port, call) = target(async move |mut stream| {
        let head = read_head(&mut stream).await;
        // A client that has read enough hangs up.
        let _ = stream.write_all(answer.as_bytes()).await;
        head
    })
    .await;
    let home = Home::new();
    let mut settings = home.settings(format!("http://127.0.0.1:{port}"));
    change(&mut settings);
    let asked = ask(&VaultSource::new(settings).unwrap()).await;
    (asked, within(call).await.unwrap())
}

#[track_caller]
fn error_of(asked: Asked) -> VaultError {
    match asked {
        Err(SourceError::Vault(error)) => {
            assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
            error
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_secret_is_read_with_its_version() {
    let (asked, head) =
        answered_with(version(json!({ "value": CANARY, "user": "shop" })), |_| {}).await;
    let found = asked.unwrap().unwrap();
    assert_eq!(found.value.expose_secret(), CANARY);
    assert_eq!((found.version, found.ttl), (Some(7), None));
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("get /v1/secret/data/oxg/probe/api-token http/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("x-vault-token: {TOKEN}\r\n")), "{head}");
    assert!(head.contains("x-vault-request: true\r\n"), "{head}");
    assert!(!head.contains("x-vault-namespace"), "{head}");
}

#[tokio::test]
async fn mount_path_field_and_namespace_are_the_operators() {
    let data = json!({ "api-token": CANARY, "value": "another" });
    let (asked, head) = answered_with(version(data), |settings| {
        settings.mount = "team/kv".to_owned();
        settings.path = "plugins of ours/{plugin}".to_owned();
        settings.field = "{secret}".to_owned();
        settings.namespace = Some("red/blue".to_owned());
    })
    .await;
    assert_eq!(asked.unwrap().unwrap().value.expose_secret(), CANARY);
    let head = head.to_ascii_lowercase();
    let line = "get /v1/team/kv/data/plugins%20of%20ours/probe http/1.1\r\n";
    assert!(head.starts_with(line), "{head}");
    assert!(head.contains("x-vault-namespace: red/blue\r\n"), "{head}");
}

#[tokio::test]
async fn the_time_that_vault_gives_is_the_time_of_the_lease() {
    let body = json!({
        "lease_duration": 90,
        "data": { "data": { "value": CANARY }, "metadata": { "version": 1 } },
    });
    let (asked, _) = answered_with(response("200", &body.to_string()), |_| {}).await;
    assert_eq!(asked.unwrap().unwrap().ttl, Some(Duration::from_secs(90)));
}

#[tokio::test]
async fn what_is_absent_deleted_or_destroyed_is_no_secret() {
    let gone = |deleted: &str, destroyed: bool| {
        let metadata = json!({
            "created_time": "2026-03-22T02:24:06Z", "deletion_time": deleted,
            "destroyed": destroyed, "version": 3,
        });
        json!({ "data": { "data": null, "metadata": metadata } }).to_string()
    };
    for answer in [
        response("404", r#"{"errors":[]}"#),
        response("404", &gone("2026-03-22T02:36:33Z", false)),
        response("404", &gone("", true)),
        version(json!({ "another-field": CANARY })),
    ] {
        let (asked, _) = answered_with(answer.clone(), |_| {}).await;
        assert!(asked.unwrap().is_none(), "{answer}");
    }
}

#[tokio::test]
async fn each_refusal_is_an_error_of_its_own_that_repeats_nothing() {
    let errors = json!({ "errors": [format!("permission denied {CANARY}")] }).to_string();
    let error =
        async |status: &str| error_of(answered_with(response(status, &errors), |_| {}).await.0);
    assert!(matches!(error("403").await, VaultError::Denied));
    assert!(matches!(error("404").await, VaultError::NoRoute));
    assert!(matches!(error("429").await, VaultError::RateLimited));
    assert!(matches!(error("472").await, VaultError::Standby(472)));
    assert!(matches!(error("473").await, VaultError::Standby(473)));
    assert!(matches!(error("500").await, VaultError::Status(500)));
    assert!(matches!(error("503").await, VaultError::Sealed));
}

#[tokio::test]
async fn an_answer_that_is_not_the_apis_is_refused() {
    for body in [
        String::new(),
        "<html>".to_owned(),
        format!("{{\"data\": \"{CANARY}\"}}"),
        format!("{{\"data\": {{\"value\": \"{CANARY}\"}}}}"),
        format!("{{\"data\": {{\"data\": [\"{CANARY}\"], \"metadata\": {{\"version\": 1}}}}}}"),
        format!("{{\"data\": {{\"data\": {{}}, \"metadata\": {{\"version\": \"{CANARY}\"}}}}}}"),
        "{}".to_owned(),
        "[".repeat(100_000),
    ] {
        let error = error_of(answered_with(response("200", &body), |_| {}).await.0);
        assert!(matches!(error, VaultError::Answer { .. }), "{error:?}");
    }
    for value in [json!(5432), json!([CANARY]), json!({ "a": CANARY }), json!(""), json!(null)] {
        let (asked, _) = answered_with(version(json!({ "value": value })), |_| {}).await;
        assert!(matches!(asked, Err(SourceError::Value(_))), "{asked:?}");
    }
}

#[tokio::test]
async fn no_more_than_a_bounded_answer_is_read() {
    let long = "x".repeat(1 << 20);
    let error = error_of(answered_with(version(json!({ "value": long })), |_| {}).await.0);
    assert!(matches!(error, VaultError::TooLarge(_)), "{error:?}");
    let endless = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}", {
        let chunk = format!("8000\r\n{}\r\n", " ".repeat(0x8000));
        chunk.repeat(40)
    });
    let error = error_of(answered_with(endless, |_| {}).await.0);
    assert!(matches!(error, VaultError::TooLarge(_)), "{error:?}");
    let head = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(1 << 20));
    let error = error_of(answered_with(head, |_| {}).await.0);
    assert!(matches!(error, VaultError::Protocol(_)), "{error:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_token_stays() {
    let (elsewhere, call) = target(async |mut stream| read_head(&mut stream).await).await;
    for status in ["301", "307"] {
        let answer = format!(
            "HTTP/1.1 {status} -\r\nlocation: http://127.0.0.1:{elsewhere}/v1/secret/data/a\r\ncontent-length: 0\r\n\r\n"
        );
        let error = error_of(answered_with(answer, |_| {}).await.0);
        assert!(matches!(error, VaultError::Redirect(_)), "{error:?}");
    }
    assert!(!call.is_finished(), "nobody came");
}

#[tokio::test]
async fn a_vault_that_says_nothing_or_is_away_is_given_up() {
    let (port, _serving) = target(async |mut stream| {
        read_head(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let home = Home::new();
    let mut settings = home.settings(format!("http://127.0.0.1:{port}"));
    settings.deadline = Duration::from_millis(100);
    let asked = ask(&VaultSource::new(settings).unwrap()).await;
    assert!(matches!(asked, Err(SourceError::Deadline(_))), "{asked:?}");
    let error = error_of(
        answered_with("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".into(), |_| {}).await.0,
    );
    assert!(matches!(error, VaultError::Protocol(_)), "{error:?}");
    // Nobody listens there once the listener is gone.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let source = VaultSource::new(home.settings(format!("http://{free}"))).unwrap();
    assert!(matches!(error_of(ask(&source).await), VaultError::Unreachable(_)));
}

#[tokio::test]
async fn a_token_file_is_read_anew_and_must_be_private() {
    let home = Home::new();
    let answer = version(json!({ "value": CANARY }));
    let (port, call) = target(async move |mut stream| {
        let head = read_head(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        head
    })
    .await;
    let source = VaultSource::new(home.settings(format!("http://127.0.0.1:{port}"))).unwrap();
    home.write("token", "hvs.renewed", 0o600);
    assert!(ask(&source).await.is_ok());
    assert!(within(call).await.unwrap().contains("hvs.renewed\r\n"));
    home.write("token", "hvs.renewed", 0o640);
    assert!(matches!(ask(&source).await, Err(SourceError::Readable { mode: 0o640, .. })));
    home.write("token", "two\nlines", 0o600);
    assert!(matches!(error_of(ask(&source).await), VaultError::TokenText));
    assert!(!format!("{source:?}").contains("hvs."));
}

/// A double behind TLS whose certificate, for `localhost`, signs itself.
async fn behind_tls(home: &Home, answer: String) -> (u16, AbortOnDropHandle<()>, PathBuf) {
    let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let ca = home.write("ca.pem", &key.cert.pem(), 0o644);
    let private = rustls::pki_types::PrivatePkcs8KeyDer::from(key.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (port, serving) = target(async move |stream| {
        let Ok(mut stream) = acceptor.accept(stream).await else { return };
        read_head(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    })
    .await;
    (port, serving, ca)
}

#[tokio::test]
async fn over_tls_only_the_named_authorities_are_trusted() {
    for (named, host, trusted) in
        [(true, "localhost", true), (false, "localhost", false), (true, "127.0.0.1", false)]
    {
        let home = Home::new();
        let (port, _serving, ca) = behind_tls(&home, version(json!({ "value": CANARY }))).await;
        let mut settings = home.settings(format!("https://{host}:{port}"));
        settings.ca_file = named.then_some(ca);
        let asked = ask(&VaultSource::new(settings).unwrap()).await;
        if trusted {
            assert_eq!(asked.unwrap().unwrap().value.expose_secret(), CANARY);
        } else {
            assert!(matches!(error_of(asked), VaultError::Tls(_)));
        }
    }
}

#[test]
fn settings_that_cannot_be_used_are_refused_at_the_start() {
    let home = Home::new();
    for address in ["vault:8200", "http://vault.test:8200", "https://vault.test/ui", "wss://a.test"]
    {
        let error = VaultSource::new(home.settings(address.to_owned())).unwrap_err();
        let wrong =
            matches!(error, SourceError::Vault(VaultError::Setting { setting: "address", .. }));
        assert!(wrong, "{address}: {error}");
    }
    let refused = |change: fn(&mut VaultSettings)| {
        let mut settings = home.settings("https://vault.test".to_owned());
        change(&mut settings);
        VaultSource::new(settings).unwrap_err()
    };
    let setting = |error: SourceError| match error {
        SourceError::Vault(VaultError::Setting { setting, .. }) => setting,
        other => panic!("{other:?}"),
    };
    assert_eq!(setting(refused(|s| s.path = "a/../b".to_owned())), "path");
    assert_eq!(setting(refused(|s| s.mount = "/secret".to_owned())), "mount");
    assert_eq!(setting(refused(|s| s.field = String::new())), "field");
    assert_eq!(setting(refused(|s| s.namespace = Some("a\nb".to_owned()))), "namespace");
    let error = refused(|s| s.token = VaultToken::Environment("OXG_TEST_NO_SUCH".to_owned()));
    assert!(matches!(error, SourceError::Vault(VaultError::NoToken(_))), "{error:?}");
    let error = refused(|s| s.ca_file = Some("/nowhere/ca.pem".into()));
    assert!(matches!(error, SourceError::Vault(VaultError::Authorities(_))), "{error:?}");
}

#[test]
fn settings_are_read_from_a_file() {
    let home = Home::new();
    let read = |text: &str| {
        let path = home.write("vault.toml", text, 0o644);
        VaultSettings::read(Path::new(&path))
    };
    let text = "address = \"https://vault.test\"\ntoken_file = \"token\"\npath = \"p/{plugin}\"\n\
                field = \"{secret}\"\nca_file = \"ca.pem\"\ndeadline_ms = 1500\n";
    let settings = read(text).unwrap();
    assert_eq!((settings.mount.as_str(), settings.path.as_str()), ("secret", "p/{plugin}"));
    assert_eq!(settings.deadline, Duration::from_millis(1500));
    assert_eq!(settings.ca_file, Some(home.0.path().join("ca.pem")));
    assert!(
        matches!(settings.token, VaultToken::File(path) if path == home.0.path().join("token"))
    );
    for (text, part) in [
        ("address = \"https://a.test\"\ntoken_env = \"T\"\nnmae = 1\n", "unknown field"),
        ("address = \"https://a.test\"\ntoken_env = \"T\"\nnmae = 1\n", "line 3"),
        ("address = \"https://a.test\"\n", "token_file"),
        ("address = \"https://a.test\"\ntoken_env = \"T\"\ntoken_file = \"f\"\n", "token_file"),
        ("token_env = \"T\"\n", "address"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    assert!(VaultSettings::read(Path::new("/nowhere/vault.toml")).is_err());
}
