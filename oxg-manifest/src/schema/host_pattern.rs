//! The rule of host patterns as regular expressions, without look-around, so that they mean the
//! same to every validator. [`crate::HostPattern`] is the same rule in code.

/// All but what [`TOO_LONG_LABEL`], [`TOO_LONG_NAME`] and [`IPV4_IN_IPV6`] refuse.
pub(super) fn shape() -> String {
    let (name, ipv4, ipv6, ports) = (name(), ipv4(), ipv6(), ports());
    format!(r"^(?:(?:\*|(?:\*\.)?{name}|{ipv4}){ports}|{ipv6}|\[{ipv6}\]{ports})$")
}

/// A label of more than 63 characters. Nothing else in a pattern has such a run.
pub(super) const TOO_LONG_LABEL: &str = "[0-9A-Za-z_-]{64}";

/// A name of more than 253 characters, not counting the trailing dot.
pub(super) const TOO_LONG_NAME: &str =
    r"^(?:\*\.)?[0-9A-Za-z_.-]{253}(?:[0-9A-Za-z_-]|\.[0-9A-Za-z_.-])";

/// An address or network inside `::ffff:0:0/96`: five groups of zeros, `ffff`, and two more.
pub(super) const IPV4_IN_IPV6: &str = concat!(
    r"^\[?(?:(?::|(?:0{1,4}:){1,4}):(?:0{1,4}:){0,4}[Ff]{4}:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}",
    r"|(?:0{1,4}:){5}[Ff]{4}:[0-9A-Fa-f:]*)(?:/(?:9[6-9]|1[0-9]{2}))?(?:\]|$)"
);

fn ports() -> String {
    let port =
        "(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";
    format!("(?::{port}(?:,{port})*)?")
}

fn ipv4() -> String {
    let octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    format!(r"{octet}(?:\.{octet}){{3}}(?:/(?:[0-9]|[12][0-9]|3[0-2]))?")
}

fn ipv6() -> String {
    let group = "[0-9A-Fa-f]{1,4}";
    let mut forms = vec![format!("(?:{group}:){{7}}{group}"), format!("(?:{group}:){{1,7}}:")];
    // "::" between groups stands for at least one.
    for before in (1..=6).rev() {
        forms.push(format!("(?:{group}:){{1,{before}}}(?::{group}){{1,{}}}", 7 - before));
    }
    forms.push(format!(":(?:(?::{group}){{1,7}}|:)"));
    let prefix = "(?:/(?:[0-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))?";
    format!("(?:{}){prefix}", forms.join("|"))
}

fn name() -> String {
    let inner = "[0-9A-Za-z_-]*";
    let end = "[0-9A-Za-z_]";
    let label = format!("{end}(?:{inner}{end})?");
    // The last label is neither a number nor "0x" and hexadecimal digits.
    let rest = |alone: &str, first: &str| format!("(?:[{alone}]|[{first}]{inner}{end})");
    let not_digit = rest("A-Za-z_", "A-Za-z_-");
    let not_digit_nor_x = rest("A-WYZa-wyz_", "A-WYZa-wyz_-");
    let not_hex = rest("G-Zg-z_", "G-Zg-z_-");
    let last = format!(
        "(?:[A-Za-z_](?:{inner}{end})?|[1-9][0-9]*{not_digit}|0[0-9]+{not_digit}|0{not_digit_nor_x}|0[Xx][0-9A-Fa-f]*{not_hex})"
    );
    format!(r"(?:{label}\.)*{last}\.?")
}
