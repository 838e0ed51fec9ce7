use std::fmt;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The lengths of prefix that EC2 takes for a subnet.
const PREFIXES: RangeInclusive<u8> = 16..=28;

/// An IPv4 network that a subnet can have: no host bits, a prefix of 16 to 28 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CidrBlock {
    network: Ipv4Addr,
    prefix: u8,
}

impl CidrBlock {
    /// The network that `address` lies in. `prefix` is at most 32.
    fn around(address: Ipv4Addr, prefix: u8) -> Self {
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or_default();
        Self { network: Ipv4Addr::from_bits(address.to_bits() & mask), prefix }
    }
}

/// What the text should have been; completes the sentence "expected ...".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCidrBlock {
    /// No address, no prefix, or one that no subnet has.
    #[error("an IPv4 CIDR block from /16 to /28 such as 10.0.1.0/24")]
    Form,
    /// An address inside a network.
    #[error("{0}, the network that it lies in")]
    HostBits(CidrBlock),
}

impl FromStr for CidrBlock {
    type Err = InvalidCidrBlock;

    fn from_str(text: &str) -> Result<Self, InvalidCidrBlock> {
        let (address, prefix) = text.split_once('/').ok_or(InvalidCidrBlock::Form)?;
        let address: Ipv4Addr = address.parse().map_err(|_| InvalidCidrBlock::Form)?;
        // A number's own parser would take "+16".
        let digits = prefix.len() == 2 && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|prefix| digits && PREFIXES.contains(prefix));
        let block = Self::around(address, prefix.ok_or(InvalidCidrBlock::Form)?);
        if block.network == address { Ok(block) } else { Err(InvalidCidrBlock::HostBits(block)) }
    }
}

impl fmt::Display for CidrBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn networks_of_a_subnets_size_and_nothing_else() {
        for good in ["10.0.0.0/16", "10.0.1.0/24", "192.168.255.240/28", "100.64.0.0/17", "0.0.0.0/16"] {
            assert_eq!(good.parse::<CidrBlock>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "10.0.1.0",
            "10.0.1.0/",
            "10.0.0.0/15",
            "10.0.1.0/29",
            "10.0.1.0/+24",
            "10.0.1.0/024",
            "10.0.1.0/24/24",
            "10.0.1/24",
            "10.0.1.256/24",
            "10.0.01.0/24",
            " 10.0.1.0/24",
            "fd00::/64",
        ] {
            assert_eq!(bad.parse::<CidrBlock>(), Err(InvalidCidrBlock::Form), "{bad}");
        }
    }

    #[test]
    fn host_bits_are_refused_with_the_network() {
        let error = "10.0.1.5/24".parse::<CidrBlock>().unwrap_err();
        assert_eq!(error.to_string(), "10.0.1.0/24, the network that it lies in");
    }

    proptest! {
        #[test]
        fn a_block_with_host_bits_names_one_that_is_taken(bits: u32, prefix in 16u8..=28) {
            let text = format!("{}/{prefix}", Ipv4Addr::from_bits(bits));
            let block = match text.parse::<CidrBlock>() {
                Ok(block) => block,
                Err(InvalidCidrBlock::HostBits(block)) => block,
                Err(InvalidCidrBlock::Form) => panic!("{text}"),
            };
            prop_assert_eq!(block.to_string().parse(), Ok(block));
            prop_assert_eq!(block.network.to_bits() >> (32 - prefix), bits >> (32 - prefix));
        }
    }
}
