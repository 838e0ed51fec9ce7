//! What the name of a SageMaker instance type (`ml.<family>.<size>`) says.

/// Whether it is the name of one, which need not exist.
#[must_use]
pub fn is_instance_type(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.strip_prefix("ml.")
        .and_then(|text| text.split_once('.'))
        .is_some_and(|(family, size)| is_part(family) && is_part(size))
}

/// Whether it has disks of its own (an NVMe instance store) beside or instead of a volume.
///
/// A `d` among the letters after the generation says so (`m5d`, `r7gd`, `g4dn`, `p4de`); the accelerated families below
/// have them without saying so.
#[must_use]
pub fn has_instance_store(instance_type: &str) -> bool {
    const ACCELERATED: [&str; 12] =
        ["dl1", "g5", "g6", "g6e", "g7", "g7e", "p5", "p5e", "p5en", "trn1", "trn1n", "trn2"];
    let family = family(instance_type);
    let attributes =
        family.trim_start_matches(|c: char| !c.is_ascii_digit()).trim_start_matches(|c: char| c.is_ascii_digit());
    attributes.contains('d') || ACCELERATED.contains(&family) || family.starts_with("p6")
}

/// Whether SageMaker shifts no traffic to it in steps.
#[must_use]
pub fn is_without_traffic_shift(instance_type: &str) -> bool {
    family(instance_type) == "inf1"
}

fn family(instance_type: &str) -> &str {
    instance_type.split('.').nth(1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every family that endpoints had in 2026, from EC2's lists of instance stores.
    #[test]
    fn families_with_and_without_an_instance_store() {
        for family in [
            "m5d",
            "c5d",
            "r5d",
            "m6gd",
            "c6gd",
            "r6gd",
            "r7gd",
            "g4dn",
            "g5",
            "g6",
            "g6e",
            "g7",
            "g7e",
            "p4d",
            "p4de",
            "p5",
            "p5e",
            "p5en",
            "p6-b200",
            "p6-b300",
            "p6e-gb200",
            "trn1",
            "trn1n",
            "trn2",
            "dl1",
        ] {
            assert!(has_instance_store(&format!("ml.{family}.24xlarge")), "{family}");
        }
        for family in [
            "t2", "m4", "m5", "c4", "c5", "r5", "p2", "p3", "m6i", "c6i", "r6i", "c6in", "m7i", "c7i", "r7i", "m6g",
            "c6g", "c6gn", "r6g", "c7g", "m8g", "c8g", "r8g", "inf1", "inf2",
        ] {
            assert!(!has_instance_store(&format!("ml.{family}.24xlarge")), "{family}");
        }
    }

    #[test]
    fn names() {
        for good in ["ml.m5.large", "ml.p6-b200.48xlarge", "ml.x.metal-16xl"] {
            assert!(is_instance_type(good), "{good}");
        }
        for bad in ["", "m5.large", "ml.m5", "ml..large", "ml.m5.", "ml.M5.large", "ml.m5.large.x", "ml.m5.large "] {
            assert!(!is_instance_type(bad), "{bad}");
        }
    }
}
