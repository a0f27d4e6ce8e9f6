use crate::Redactor;
use crate::policy::Policy;

/// Each text beside what is left of it.
fn check(cases: &[(&str, &str)]) {
    let redactor = Redactor::default();
    let wrong: Vec<String> = cases
        .iter()
        .filter(|(text, expected)| redactor.redact(&text.replace('`', "")) != *expected)
        .map(|(text, _)| format!("{text:?} became {:?}", redactor.redact(&text.replace('`', ""))))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check_clean(texts: &[&str]) {
    check(&texts.iter().map(|t| (*t, *t)).collect::<Vec<_>>());
}

#[test]
fn values_of_sensitive_keys_are_removed_in_every_notation() {
    check(&[
        ("password=hunter2!", "password=[REDACTED_SECRET]"),
        ("DB_PASSWORD: s3cret-pw", "DB_PASSWORD: [REDACTED_SECRET]"),
        (r#"{"password":"correcthorse"}"#, r#"{"password":"[REDACTED_SECRET]"}"#),
        (r#"{\"password\":\"correcthorse\"}"#, r#"{\"password\":\"[REDACTED_SECRET]\"}"#),
        ("<password>tr0ub4dor</password>", "<password>[REDACTED_SECRET]</password>"),
        ("run --password hunter22 --verbose", "run --password [REDACTED_SECRET] --verbose"),
        ("/cb?access_token=a8f5f167f44f&x=1", "/cb?access_token=[REDACTED_SECRET]&x=1"),
        ("Server=db;Password=p@55word;Timeout=3", "Server=db;Password=[REDACTED_SECRET];Timeout=3"),
        ("os.environ['API_KEY'] = 'a8f5f167f44f'", "os.environ['API_KEY'] = '[REDACTED_SECRET]'"),
        ("set(\"api_key\", \"a8f5f167f44f\")", "set(\"api_key\", \"[REDACTED_SECRET]\")"),
        ("api_key: str = \"a8f5f167f44f\"", "api_key: str = \"[REDACTED_SECRET]\""),
        ("password:\n    hunter22\nnext: 1", "password:\n    [REDACTED_SECRET]\nnext: 1"),
        (
            "<add name=\"Password\" value=\"tr0ub4dor\"/>",
            "<add name=\"Password\" value=\"[REDACTED_SECRET]\"/>",
        ),
        (
            "curl -u jo:opensesame https://a.example",
            "curl -u jo:[REDACTED_SECRET] https://a.example",
        ),
        ("X-Api-Key: a8f5f167f44f4964", "X-Api-Key: [REDACTED_SECRET]"),
        ("token=a8f5f167-f44f-4964-e6c9-98dee827110c", "token=[REDACTED_SECRET]"),
    ]);
}

#[test]
fn keys_that_name_no_secret_and_values_that_are_none_stay() {
    check_clean(&[
        "tokenizer=cl100k_base_v2",
        "keyboard: qwertz-12345",
        "author: jane99doe88",
        "token_count=123456789",
        "max_tokens: 4096",
        "passwordless=enabled123",
        "primary_key: order_id_2024",
        "password=${DB_PASSWORD}",
        "password: <your password>",
        "\"password\": null",
        "password=****",
        "token = request.headers.get(1)",
        "let secret = Secrets::new(1);",
        "server_key: ActiveCertifiedKey<'_>,",
        "invalid password: user unknown",
        "The password must be at least 8 characters",
        "secret: true",
        "api_key = os.environ[\"API_KEY\"]",
        "password: string",
        "token: identifier",
        "token_url=https://id.example/oauth2/token",
        "key=value123456",
        "let secrets = ExtractedSecrets {",
        "MasterSecret => \"exporter_secret\"",
        "password_reset: 2024-01-31T10:00:00Z",
        "secretName: my-db-secret-2",
        "passed: 12 failed: 3",
    ]);
}

#[test]
fn names_in_backticks_side_by_side_are_a_list() {
    let text = "that `secret`, `label`, and `seed` are set";
    assert_eq!(Redactor::default().redact(text), text);
}

#[test]
fn authorization_values_go_and_their_scheme_stays() {
    check(&[
        ("Authorization: Bearer abcdef0123456789", "Authorization: Bearer [REDACTED_SECRET]"),
        ("authorization: basic dXNlcjpwYXNz", "authorization: basic [REDACTED_SECRET]"),
        ("sent Bearer abcdef0123456789.", "sent Bearer [REDACTED_SECRET]."),
        ("Authorization: Token abcdef0123456789abcdef", "Authorization: Token [REDACTED_SECRET]"),
    ]);
    check_clean(&[
        "a bearer token is needed",
        "Basic authentication",
        "token expired",
        "Bearer realm=\"example\"",
    ]);
}

#[test]
fn passwords_in_urls_go_and_the_rest_of_the_url_stays() {
    check(&[
        ("postgres://app:p%40ss@db:5432/main", "postgres://app:[REDACTED_SECRET]@db:5432/main"),
        ("redis://:opensesame@cache/0", "redis://:[REDACTED_SECRET]@cache/0"),
        ("amqp://u:p@ss@mq/v", "amqp://u:[REDACTED_SECRET]@mq/v"),
        ("https://0123456789abcdef0123@git.example/r", "https://[REDACTED_SECRET]@git.example/r"),
    ]);
    check_clean(&[
        "https://example.com/a@b",
        "ssh://git@git.example:22/repo",
        "https://jo@example.com/",
        "http://u:${PW}@h/",
        "https://example.com:8443/x",
        "git@git.example:org/repo.git",
    ]);
}

#[test]
fn private_keys_go_over_many_lines_escaped_and_without_an_end() {
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n";
    for label in
        ["PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK"]
    {
        let begin = format!("-----BEGIN {label}-----");
        let end = format!("-----END {label}-----");
        let redactor = Redactor::default();
        for (text, expected) in [
            (format!("a\n{begin}\n{body}{end}\nb"), "a\n[REDACTED_SECRET]\nb"),
            (
                format!("a\n{begin}\n{body}\nhello, world b"),
                "a\n[REDACTED_SECRET]\n\nhello, world b",
            ),
            (format!("{begin}\nProc-Type: 4,ENCRYPTED\n\n{body}"), "[REDACTED_SECRET]\n"),
            (format!("k='{begin}{}{end}'", body.replace('\n', "\\n")), "k='[REDACTED_SECRET]'"),
        ] {
            assert_eq!(redactor.redact(&text), expected, "{text}");
        }
    }
    check_clean(&[
        "-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END CERTIFICATE-----",
        "expected -----BEGIN PRIVATE KEY----- at line 1",
    ]);
}

#[test]
fn web_tokens_go_with_and_without_a_signature() {
    check(&[
        ("t eyJ`hbGciOiJIUzI1NiJ9.eyJ`zdWIiOiIxMjM0In0.c2lnbmF0dXJl x", "t [REDACTED_SECRET] x"),
        ("eyJ`hbGciOiJub25lIn0.eyJ`zdWIiOiIxMjM0In0.", "[REDACTED_SECRET]"),
    ]);
    check_clean(&["eyJ.foo.bar", "eyJhbGciOiJIUzI1NiJ9"]);
}

#[test]
fn personal_data_goes_by_kind() {
    check(&[
        ("jo.doe+x@mail.example.org,", "[REDACTED_EMAIL],"),
        ("card 4111 1111 1111 1111 ok", "card [REDACTED_CARD] ok"),
        ("4111-1111-1111-1111", "[REDACTED_CARD]"),
        ("amex 3782 822463 10005", "amex [REDACTED_CARD]"),
        ("pan=5555555555554444", "pan=[REDACTED_CARD]"),
        ("IBAN DE89 3704 0044 0532 0130 00.", "IBAN [REDACTED_IBAN]."),
        ("GB82WEST12345698765432", "[REDACTED_IBAN]"),
        ("ssn 536-22-8145", "ssn [REDACTED_SSN]"),
        ("AB 12 34 56 C", "[REDACTED_NINO]"),
        ("nino=AB123456C", "nino=[REDACTED_NINO]"),
        ("call +49 30 123456-78", "call [REDACTED_PHONE]"),
        ("(415) 555-0132 or 415-555-0132", "[REDACTED_PHONE] or [REDACTED_PHONE]"),
        ("phone: 030 1234567", "phone: [REDACTED_PHONE]"),
    ]);
}

#[test]
fn numbers_that_only_resemble_personal_data_stay() {
    check_clean(&[
        "4111 1111 1111 1112",
        "1234567890123456",
        "1699999999999",
        "DE89 3704 0044 0532 0130 01",
        "000-12-3456",
        "666-12-3456",
        "900-12-3456",
        "2024-01-31T10:00:00+02:00",
        "10.0.0.1:8080",
        "1.2.3-rc.4",
        "icon@2x.png",
        "lodash@4.17.21",
        "getty@tty1.service",
        "@scope/package",
        "foo@bar",
        "order 123-45-67890",
        "0.4111111111111111",
        "+0200",
        "hotel 20240131",
        "555-0132",
        "BG123456A",
        "ff02::1",
        "192.168.0.1",
    ]);
}

#[test]
fn digests_ids_paths_and_traces_are_no_secrets() {
    check_clean(&[
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "integrity sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
        "id=0f8fad5b-d9cb-469f-a165-70867728950e",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4",
        "at com.example.auth.TokenProvider.refresh(TokenProvider.java:118)",
        "/usr/lib/x86_64-linux-gnu/libsecret-1.so.0.0.0",
        "org.apache.kafka.common.security.JaasContext",
        "Bearer authentication failed for 10.0.0.1",
        "checksum = \"9fceb02d0ae598e95dc970b74767f19372d61af8\"",
        "ETag: \"33a64df551425fcc55e4d42a148795d9f25f89d4\"",
        "thread 'main' panicked at src/token.rs:12:5",
    ]);
}

#[test]
fn strict_trusts_names_and_takes_addresses() {
    let strict = Redactor::builder().policy(Policy::Strict).build().unwrap();
    assert_eq!(strict.redact("from 10.1.2.3"), "from [REDACTED_IP]");
    assert_eq!(strict.redact("from 2001:db8::1, x"), "from [REDACTED_IP], x");
    assert_eq!(strict.redact("token=abcdef"), "token=[REDACTED_SECRET]");
    assert_eq!(strict.redact("12:30:45 a::b std::io"), "12:30:45 [REDACTED_IP] std::io");
}

#[test]
fn logs_only_leaves_phones_and_national_ids() {
    let logs = Redactor::builder().policy(Policy::LogsOnly).build().unwrap();
    let text = "536-22-8145 (415) 555-0132 10.0.0.1";
    assert_eq!(logs.redact(text), text);
    assert_eq!(logs.redact("jo@example.org"), "[REDACTED_EMAIL]");
}

#[test]
fn an_allowed_text_stays_where_a_detector_finds_exactly_it() {
    let redactor = Redactor::builder().allow("help@example.org").build().unwrap();
    assert_eq!(redactor.redact("help@example.org"), "help@example.org");
    assert_eq!(redactor.redact("xhelp@example.org"), "[REDACTED_EMAIL]");
}

#[test]
fn words_beside_the_name_of_a_secret_are_not_its_value() {
    for text in [
        r#"["http","secrets","artifacts","tasks"]"#,
        r#"{"type":"urn:oxg:error:secret_not_granted","title":"not granted"}"#,
        r#"the secret "other" is not granted to this plugin"#,
    ] {
        assert_eq!(Redactor::default().redact(text), text);
    }
    for text in [
        r#"define('DB_PASSWORD', 'hunter2');"#,
        "  password \"hunter2\"",
        r#"["api_key", "k9XvQ2mZ81LpRt0w"]"#,
    ] {
        let redacted = Redactor::default().redact(text).into_owned();
        assert!(redacted.contains("[REDACTED_SECRET]"), "{redacted}");
    }
}

#[test]
fn a_key_between_another_and_its_value_is_judged_too() {
    let text = "name: \"token\"\npasswd=xdefault9 default = dXNlcjpwYXNz";
    let once = Redactor::default().redact(text).into_owned();
    assert!(!once.contains("xdefault9"), "{once}");
    assert_eq!(Redactor::default().redact(&once), once);
}

#[test]
fn what_is_found_does_not_depend_on_where_in_a_text_it_stands() {
    let redactor = Redactor::default();
    for text in ["xpwd=hunter22x", "mytoken=9fK2mQ8zL1pX", "passport 123456789", "ok ssn 536228145"]
    {
        let alone = redactor.redact(text).into_owned();
        for shift in 0..200 {
            let blank = " ".repeat(shift);
            assert_eq!(redactor.redact(&format!("{blank}{text}")), format!("{blank}{alone}"));
        }
    }
}
