use std::net::IpAddr;

use proptest::prelude::*;

use super::{HostPattern, HostPatternError as E};

fn pattern(text: &str) -> HostPattern {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn error(text: &str) -> E {
    text.parse::<HostPattern>().expect_err(text)
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn every_form_reads_and_displays_in_its_shortest_form() {
    for (text, shown) in [
        ("example.com", "example.com"),
        ("Example.COM.", "example.com"),
        ("localhost:8080", "localhost:8080"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("1.2.3.example", "1.2.3.example"),
        ("0x7f.example", "0x7f.example"),
        ("example.com:443,80", "example.com"),
        ("example.com:443", "example.com:443"),
        ("example.com.:8443,8080,8443", "example.com:8080,8443"),
        ("*.example.com", "*.example.com"),
        ("*.Example.com.:1", "*.example.com:1"),
        ("*", "*"),
        ("*:65535", "*:65535"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("192.0.2.0/24:8080", "192.0.2.0/24:8080"),
        ("192.0.2.1/32", "192.0.2.1"),
        ("192.0.2.1:8080", "192.0.2.1:8080"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("2001:db8::1/32", "2001:db8::/32"),
        ("::/0", "::/0"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("[::1]:80,443", "::1"),
        ("[::1]:8080", "[::1]:8080"),
        ("[2001:DB8::/32]:443", "[2001:db8::/32]:443"),
        ("2001:db8:0:0::/32", "2001:db8::/32"),
    ] {
        assert_eq!(pattern(text).to_string(), shown, "{text}");
    }
}

#[test]
fn what_is_not_a_pattern_is_refused_with_its_own_reason() {
    for (text, reason) in [
        ("", E::Empty),
        ("https://example.com", E::Scheme),
        ("user@example.com", E::UserInfo),
        ("bücher.example", E::NotAscii('ü')),
        ("example.com\u{3002}evil.example", E::NotAscii('\u{3002}')),
        ("exa%6dple.com", E::Character('%')),
        ("example.com\\evil.example", E::Character('\\')),
        ("example.com\0", E::Character('\0')),
        ("example.com ", E::Character(' ')),
        ("example.com#x", E::Character('#')),
        ("a.*.example.com", E::Wildcard),
        ("*example.com", E::Wildcard),
        ("*.*.example.com", E::Wildcard),
        ("**", E::Wildcard),
        ("*.", E::EmptyLabel),
        (".", E::EmptyLabel),
        (":80", E::EmptyLabel),
        (".example.com", E::EmptyLabel),
        ("example..com", E::EmptyLabel),
        ("example.com..", E::EmptyLabel),
        ("-a.example", E::LabelHyphen("-a".into())),
        ("a-.example", E::LabelHyphen("a-".into())),
        ("2130706433", E::NumericName),
        ("0x7f000001", E::NumericName),
        ("0X7F000001", E::NumericName),
        ("127.1", E::NumericName),
        ("127.0.0.01", E::NumericName),
        ("127.0.0.1.", E::NumericName),
        ("example.0x", E::NumericName),
        ("*.1", E::NumericName),
        ("example.com/path", E::Address("example.com".into())),
        ("example.com:80:81", E::Address("example.com:80:81".into())),
        ("[fe80::1", E::Brackets),
        ("[::1]8080", E::Brackets),
        ("[192.0.2.1]", E::Brackets),
        ("[example.com]", E::Address("example.com".into())),
        ("2001:db8::/32:443", E::Brackets),
        ("a]", E::Character(']')),
        ("192.0.2.0/33", E::Prefix { max: 32 }),
        ("192.0.2.0/", E::Prefix { max: 32 }),
        ("192.0.2.0/+8", E::Character('+')),
        ("192.0.2.0/08", E::Prefix { max: 32 }),
        ("::/129", E::Prefix { max: 128 }),
        ("64:ff9b::192.0.2.33", E::MixedNotation { ipv6: "64:ff9b:0:0:0:0:c000:221/128".into() }),
        ("::ffff:192.0.2.1", E::Ipv4Mapped { ipv4: "192.0.2.1".into() }),
        ("[::ffff:10.0.0.0/104]:80", E::Ipv4Mapped { ipv4: "10.0.0.0/8".into() }),
        ("example.com:", E::Port("".into())),
        ("example.com:0", E::Port("0".into())),
        ("example.com:65536", E::Port("65536".into())),
        ("example.com:080", E::Port("080".into())),
        ("example.com:+80", E::Character('+')),
        ("example.com:80,", E::Port("".into())),
        ("example.com:http", E::Port("http".into())),
        ("[::1]:", E::Port("".into())),
    ] {
        assert_eq!(error(text), reason, "{text}");
    }
}

#[test]
fn lengths_are_limited_to_those_of_the_dns() {
    let label = "a".repeat(63);
    pattern(&format!("{label}.example"));
    assert_eq!(error(&format!("{label}a.example")), E::LabelTooLong);
    let name = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    assert_eq!(name.len(), 253);
    pattern(&name);
    assert_eq!(error(&format!("{name}a")), E::NameTooLong);
    assert_eq!(error(&"a".repeat(5000)), E::TooLong);
}

#[test]
fn a_wildcard_admits_names_below_its_suffix_but_not_the_suffix() {
    let below = pattern("*.example.com");
    assert!(below.matches_name("a.example.com", 443));
    assert!(below.matches_name("a.b.c.example.com", 80));
    assert!(!below.matches_name("example.com", 443));
    assert!(!below.matches_name("evilexample.com", 443));
    assert!(!below.matches_name(".example.com", 443));
    assert!(!below.matches_name("a..example.com", 443));
    assert!(!below.matches_name("evil.test/.example.com", 443));
    assert!(!below.matches_name("a.example.com", 8443));
}

#[test]
fn a_name_that_is_not_canonical_is_never_admitted() {
    for any in [pattern("*"), pattern("example.com")] {
        assert!(any.matches_name("example.com", 443));
        assert!(!any.matches_name("Example.com", 443));
        assert!(!any.matches_name("example.com.", 443));
        assert!(!any.matches_name("", 443));
    }
}

#[test]
fn a_name_never_admits_an_address_and_a_network_never_admits_a_name() {
    let any = pattern("*");
    for host in ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0x7f000001", "[::1]", "::1"] {
        assert!(!any.matches_name(host, 80), "{host}");
    }
    assert!(!any.matches_ip(ip("192.0.2.1"), 80));
    assert!(!pattern("example.com").matches_ip(ip("192.0.2.1"), 80));
    assert!(!pattern("0.0.0.0/0").matches_name("example.com", 80));
    assert!(!pattern("::/0").matches_name("example.com", 80));
}

#[test]
fn a_network_admits_its_own_addresses_only() {
    let network = pattern("192.0.2.0/25:8080");
    assert!(network.matches_ip(ip("192.0.2.0"), 8080));
    assert!(network.matches_ip(ip("192.0.2.127"), 8080));
    assert!(!network.matches_ip(ip("192.0.2.128"), 8080));
    assert!(!network.matches_ip(ip("192.0.2.1"), 80));
    assert!(pattern("0.0.0.0/0").matches_ip(ip("255.255.255.255"), 80));
    assert!(!pattern("0.0.0.0/0").matches_ip(ip("::"), 80));
    assert!(pattern("::/0").matches_ip(ip("ffff::1"), 80));
    assert!(pattern("2001:db8::/33").matches_ip(ip("2001:db8:7fff::1"), 80));
    assert!(!pattern("2001:db8::/33").matches_ip(ip("2001:db8:8000::1"), 80));
}

#[test]
fn an_ipv4_address_inside_ipv6_is_matched_as_ipv4() {
    let mapped = ip("::ffff:127.0.0.1");
    assert!(pattern("127.0.0.0/8").matches_ip(mapped, 80));
    assert!(!pattern("::/0").matches_ip(mapped, 80));
    let single = HostPattern::for_ip(mapped, 8080).unwrap();
    assert_eq!(single.to_string(), "127.0.0.1:8080");
}

#[test]
fn a_pattern_made_for_a_destination_admits_it() {
    let name = HostPattern::for_name("Shop.test.", 8443).unwrap();
    assert_eq!(name.to_string(), "shop.test:8443");
    assert_eq!(HostPattern::for_name("shop.test", 443).unwrap().to_string(), "shop.test");
    assert_eq!(HostPattern::for_name("shop.test", 0), Err(E::Port("0".into())));
    assert_eq!(HostPattern::for_name("127.0.0.1", 80), Err(E::NumericName));
    let address = HostPattern::for_ip(ip("::1"), 8080).unwrap();
    assert_eq!(address.to_string(), "[::1]:8080");
    assert!(address.matches_ip(ip("::1"), 8080));
}

#[test]
fn a_pattern_is_a_string_in_json() {
    let list: Vec<HostPattern> = serde_json::from_str(r#"["*.A.test", "::1"]"#).unwrap();
    assert_eq!(serde_json::to_string(&list).unwrap(), r#"["*.a.test","::1"]"#);
    let error = serde_json::from_str::<HostPattern>(r#""a b""#).unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"a b\" is not a host pattern: it contains ' '; a name is made of letters, digits, \"-\", \"_\" and \".\" at line 1 column 5"
    );
}

fn name() -> impl Strategy<Value = String> {
    "([a-z0-9_]([a-z0-9_-]{0,8}[a-z0-9_])?\\.){0,3}[a-z][a-z0-9]{0,8}"
}

fn ports() -> impl Strategy<Value = String> {
    proptest::collection::vec(1_u16.., 0..4).prop_map(|ports| {
        let ports: Vec<_> = ports.iter().map(u16::to_string).collect();
        if ports.is_empty() { String::new() } else { format!(":{}", ports.join(",")) }
    })
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        name(),
        name().prop_map(|name| format!("*.{name}")),
        Just("*".to_owned()),
        (any::<u32>(), 0_u8..=32).prop_map(|(bits, prefix)| {
            let keep = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            format!("{}/{prefix}", std::net::Ipv4Addr::from_bits(bits & keep))
        }),
        (any::<u128>(), 0_u8..=128).prop_map(|(bits, prefix)| {
            let keep = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            format!("[{}/{prefix}]", std::net::Ipv6Addr::from_bits(bits & keep))
        }),
    ]
}

proptest! {
    #[test]
    fn a_displayed_pattern_reads_back_as_an_equal_one(host in host(), ports in ports()) {
        let first = pattern(&format!("{host}{ports}"));
        let again = pattern(&first.to_string());
        prop_assert_eq!(&first, &again);
        prop_assert_eq!(first.to_string(), again.to_string());
    }

    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in "[*.:,/\\[\\]a-f0-9xX_-]{0,24}|.*") {
        if let Ok(pattern) = text.parse::<HostPattern>() {
            let again = pattern.to_string().parse::<HostPattern>();
            prop_assert_eq!(again.as_ref(), Ok(&pattern));
            prop_assert!(!pattern.ports().is_empty());
        }
    }

    #[test]
    fn no_address_is_ever_admitted_as_a_name(bits in any::<u32>(), host in host()) {
        let address = std::net::Ipv4Addr::from_bits(bits);
        let pattern = pattern(&host);
        prop_assert!(!pattern.matches_name(&address.to_string(), 80));
        prop_assert!(!pattern.matches_name(&bits.to_string(), 80));
        let hex = format!("{bits:#x}");
        prop_assert!(!pattern.matches_name(&hex, 80));
    }

    #[test]
    fn a_network_admits_exactly_the_addresses_that_share_its_prefix(
        base in any::<u32>(), flip in 0_u32..32, prefix in 0_u32..=32,
    ) {
        let keep = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
        let network = pattern(&format!("{}/{prefix}", std::net::Ipv4Addr::from_bits(base & keep)));
        let other = std::net::Ipv4Addr::from_bits(base ^ (1 << (31 - flip)));
        prop_assert_eq!(network.matches_ip(other.into(), 80), flip >= prefix);
    }

    #[test]
    fn letter_case_never_matters(host in host()) {
        prop_assert_eq!(pattern(&host.to_ascii_uppercase()), pattern(&host));
    }
}
