//! Which addresses are public unicast.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 blocks of the IANA special-purpose registry, multicast, and one address that clouds route
/// to the machine's own host. None is reached without an explicit grant.
const V4: &[([u8; 4], u32, &str)] = &[
    ([0, 0, 0, 0], 8, "this network (0.0.0.0/8)"),
    ([10, 0, 0, 0], 8, "private (10.0.0.0/8)"),
    ([100, 64, 0, 0], 10, "shared address space (100.64.0.0/10)"),
    ([127, 0, 0, 0], 8, "loopback (127.0.0.0/8)"),
    ([168, 63, 129, 16], 32, "a cloud's host service (168.63.129.16)"),
    ([169, 254, 0, 0], 16, "link-local (169.254.0.0/16)"),
    ([172, 16, 0, 0], 12, "private (172.16.0.0/12)"),
    ([192, 0, 0, 0], 24, "protocol assignments (192.0.0.0/24)"),
    ([192, 0, 2, 0], 24, "documentation (192.0.2.0/24)"),
    ([192, 31, 196, 0], 24, "AS112 (192.31.196.0/24)"),
    ([192, 52, 193, 0], 24, "AMT (192.52.193.0/24)"),
    ([192, 88, 99, 0], 24, "6to4 relay (192.88.99.0/24)"),
    ([192, 168, 0, 0], 16, "private (192.168.0.0/16)"),
    ([192, 175, 48, 0], 24, "AS112 (192.175.48.0/24)"),
    ([198, 18, 0, 0], 15, "benchmarking (198.18.0.0/15)"),
    ([198, 51, 100, 0], 24, "documentation (198.51.100.0/24)"),
    ([203, 0, 113, 0], 24, "documentation (203.0.113.0/24)"),
    ([224, 0, 0, 0], 4, "multicast (224.0.0.0/4)"),
    ([240, 0, 0, 0], 4, "reserved (240.0.0.0/4)"),
];

/// Blocks inside 2000::/3 that are not public. What lies outside it never is, IPv4 in IPv6 included.
const V6: &[([u16; 8], u32, &str)] = &[
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "protocol assignments (2001::/23)"),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "documentation (2001:db8::/32)"),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "6to4 (2002::/16)"),
    ([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48, "AS112 (2620:4f:8000::/48)"),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "documentation (3fff::/20)"),
];

/// The block that makes `ip` other than public unicast, in words; `None` for a public address.
#[must_use]
pub fn special_block(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => V4
            .iter()
            .find(|(base, length, _)| {
                let mask = u32::MAX << (32 - length);
                u32::from(ip) & mask == u32::from(Ipv4Addr::from(*base))
            })
            .map(|(_, _, block)| *block),
        IpAddr::V6(ip) if ip.segments()[0] >> 13 != 1 => Some("outside 2000::/3"),
        IpAddr::V6(ip) => V6
            .iter()
            .find(|(base, length, _)| {
                let mask = u128::MAX << (128 - length);
                u128::from(ip) & mask == u128::from(Ipv6Addr::from(*base))
            })
            .map(|(_, _, block)| *block),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_edges_of_every_block_are_special_and_their_neighbours_only_where_another_block_says_so()
    {
        for (base, length, _) in V4 {
            let first = u32::from(Ipv4Addr::from(*base));
            let last = first | (u32::MAX.checked_shr(*length).unwrap_or(0));
            for edge in [first, last] {
                assert!(special_block(Ipv4Addr::from(edge).into()).is_some());
            }
        }
        for public in [
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "168.63.129.17",
            "172.15.255.255",
            "172.32.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
        ] {
            assert_eq!(special_block(public.parse().unwrap()), None, "{public}");
        }
    }

    #[test]
    fn ipv4_inside_ipv6_is_never_public() {
        for text in [
            "::ffff:8.8.8.8",
            "::8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "2001:1ff::",
            "3fff::1",
            "2001:db8::1",
        ] {
            assert!(special_block(text.parse().unwrap()).is_some(), "{text}");
        }
        for text in ["2001:200::1", "2606:4700::1", "2620:4f:8001::1", "3ffe::1"] {
            assert_eq!(special_block(text.parse().unwrap()), None, "{text}");
        }
    }
}
