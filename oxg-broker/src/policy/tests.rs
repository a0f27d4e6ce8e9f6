use std::net::IpAddr;

use oxg_manifest::HttpCapability;
use oxg_protocol::{ErrorCode, Url};

use super::{Denial, Policy};

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn policy(hosts: &[&str]) -> Policy {
    let mut http = HttpCapability::default();
    http.hosts = Some(hosts.iter().map(|host| host.parse().unwrap()).collect());
    Policy::new(Some(http), vec![8080])
}

const PUBLIC: &str = "93.184.215.14";

#[test]
fn only_hosts_and_ports_of_the_manifest_are_reached() {
    let policy = policy(&["shop.test", "*.cdn.test:8443", "0.0.0.0/0"]);
    for (text, allowed) in [
        ("https://shop.test/", true),
        ("http://SHOP.test:80/", true),
        ("https://shop.test:8443/", false),
        ("https://shop.test.evil.test/", false),
        ("https://a.cdn.test:8443/", true),
        ("https://cdn.test:8443/", false),
        ("http://8.8.8.8/", true),
        ("http://[2606:4700::1]/", false),
    ] {
        assert_eq!(policy.check_manifest("GET", &url(text)).is_ok(), allowed, "{text}");
    }
}

#[test]
fn without_hosts_any_public_host_is_reached_on_the_usual_ports() {
    let policy = Policy::new(Some(HttpCapability::default()), Vec::new());
    assert_eq!(policy.check("GET", &url("https://any.test/"), &ips(&[PUBLIC])), Ok(()));
    assert!(policy.check("GET", &url("https://any.test:22/"), &ips(&[PUBLIC])).is_err());
    assert!(policy.check("GET", &url("http://localhost/"), &ips(&[PUBLIC])).is_err());
}

#[test]
fn one_address_that_is_not_public_denies_them_all() {
    let policy = policy(&["shop.test"]);
    let target = url("https://shop.test/");
    assert_eq!(policy.check_addresses(&target, &ips(&[PUBLIC])), Ok(()));
    assert!(matches!(
        policy.check_addresses(&target, &ips(&[PUBLIC, "::ffff:10.0.0.1"])),
        Err(Denial::NotPublic { .. })
    ));
    assert!(policy.check_addresses(&target, &[]).is_err());
}

#[test]
fn an_opened_port_opens_loopback_and_nothing_else() {
    let policy = policy(&["shop.test"]);
    for text in ["http://127.0.0.1:8080/", "http://localhost:8080/", "http://[::1]:8080/"] {
        assert_eq!(policy.check_manifest("GET", &url(text)), Ok(()), "{text}");
    }
    let local = url("http://localhost:8080/");
    assert_eq!(policy.check_addresses(&local, &ips(&["127.0.0.1", "::1"])), Ok(()));
    assert!(policy.check_addresses(&local, &ips(&[PUBLIC])).is_err());
    assert!(policy.check_manifest("GET", &url("http://127.0.0.1:8081/")).is_err());
    assert!(policy.check_addresses(&url("https://shop.test:8080/"), &ips(&["127.0.0.1"])).is_err());
    let undeclared = Policy::new(None, vec![8080]);
    assert_eq!(undeclared.check_manifest("GET", &local), Err(Denial::NotDeclared));
}

#[test]
fn a_denial_names_capability_destination_and_the_line_to_add() {
    let policy = policy(&["shop.test"]);
    let target = url("https://billing.test/invoices");
    let denial = policy.check_manifest("GET", &target).unwrap_err();
    let problem = policy.problem(&denial, &target);
    assert_eq!(problem.code(), ErrorCode::DestinationDenied);
    assert_eq!(problem.capability.as_deref(), Some("http"));
    assert_eq!(problem.destination.as_deref(), Some("https://billing.test:443"));
    assert_eq!(problem.manifest_hint.as_deref(), Some(r#""hosts": ["shop.test", "billing.test"]"#));
}

#[test]
fn methods_and_websocket_are_granted_by_the_manifest_alone() {
    let mut http = HttpCapability::default();
    http.methods = Some(vec!["GET".parse().unwrap()]);
    let policy = Policy::new(Some(http), Vec::new());
    let target = url("https://shop.test/");
    assert_eq!(policy.check_manifest("POST", &target), Err(Denial::Method("POST".to_owned())));
    assert_eq!(policy.check_manifest("GET", &url("wss://shop.test/")), Err(Denial::WebSocket));
    let problem = policy.problem(&Denial::Method("POST".to_owned()), &target);
    assert_eq!(problem.manifest_hint.as_deref(), Some(r#""methods": ["GET", "POST"]"#));
}
