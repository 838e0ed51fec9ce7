use checked_document::{Node, Object};
use identifiers::AccountId;
use serde::{Deserialize, Serialize};

/// In which order a stage's accounts get a version, and what has to hold before the next ones do.
///
/// ```json
/// {"canary": {"accounts": 1, "bakeSeconds": 900, "alarmNames": ["churn-business-errors"]},
///  "rest": {"maxConcurrentPercentage": 25, "failureTolerancePercentage": 0}}
/// ```
///
/// Without a canary all accounts are one wave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waves {
    /// Who goes first, and how.
    pub canary: Option<(Canary, WaveSettings)>,
    /// How everybody else follows.
    pub rest: WaveSettings,
}

/// Who goes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Canary {
    /// As many of the stage's accounts, in the order of their ids. At least 1.
    Accounts(usize),
    /// These of the stage's accounts.
    AccountIds(Vec<AccountId>),
}

/// How one wave is deployed and watched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaveSettings {
    /// How many accounts at once, and how many may fail before the rest is not tried.
    pub operation_preferences: OperationPreferences,
    /// How long the wave serves before it is looked at once more, in seconds. At most a day.
    pub bake_seconds: u32,
    /// CloudWatch alarms in the hub account and region, none of which may be in ALARM after that time.
    pub alarm_names: Vec<String>,
}

/// CloudFormation's operation preferences of a stack set, in percent of a wave's accounts in a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationPreferences {
    /// From 1 to 100.
    pub max_concurrent_percentage: u32,
    /// From 0 to 100; beyond it the remaining accounts are not tried. A stage with a failed account has failed either way.
    pub failure_tolerance_percentage: u32,
}

impl Default for OperationPreferences {
    fn default() -> Self {
        Self { max_concurrent_percentage: 100, failure_tolerance_percentage: 0 }
    }
}

/// Accounts that get a version together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wave {
    /// Which one.
    pub name: WaveName,
    /// Sorted.
    pub accounts: Vec<AccountId>,
    /// Of its stack set operations.
    pub operation_preferences: OperationPreferences,
    /// How long it serves before it is looked at once more.
    pub bake_seconds: u32,
    /// In the hub account and region.
    pub alarm_names: Vec<String>,
}

/// Which wave of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WaveName {
    /// The first of two.
    Canary,
    /// The second of two.
    Rest,
    /// The only one.
    All,
}

impl WaveName {
    /// As the documents have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Canary => "canary",
            Self::Rest => "rest",
            Self::All => "all",
        }
    }
}

impl Waves {
    /// The stage's accounts, which are sorted, divided into its waves. None is empty unless the stage is.
    ///
    /// # Errors
    /// The accounts that shall go first and are not in the stage.
    pub fn of(&self, accounts: &[AccountId]) -> Result<Vec<Wave>, Vec<AccountId>> {
        let Some((canary, settings)) = &self.canary else {
            return Ok(vec![self.rest.wave(WaveName::All, accounts.to_vec())]);
        };
        let first: Vec<_> = match canary {
            Canary::Accounts(count) => accounts.iter().take(*count).cloned().collect(),
            Canary::AccountIds(ids) => {
                let missing: Vec<_> = ids.iter().filter(|id| !accounts.contains(id)).cloned().collect();
                if !missing.is_empty() {
                    return Err(missing);
                }
                accounts.iter().filter(|account| ids.contains(account)).cloned().collect()
            }
        };
        let others: Vec<_> = accounts.iter().filter(|account| !first.contains(account)).cloned().collect();
        let mut waves = vec![settings.wave(WaveName::Canary, first)];
        if !others.is_empty() {
            waves.push(self.rest.wave(WaveName::Rest, others));
        }
        Ok(waves)
    }
}

impl Wave {
    /// All at once, and each is tried whatever becomes of the others.
    pub fn everybody(accounts: Vec<AccountId>) -> Self {
        let operation_preferences =
            OperationPreferences { max_concurrent_percentage: 100, failure_tolerance_percentage: 100 };
        WaveSettings { operation_preferences, ..WaveSettings::default() }.wave(WaveName::All, accounts)
    }
}

impl Waves {
    /// The alarms of both waves.
    pub(crate) fn alarm_names(&self) -> impl Iterator<Item = &str> {
        let settings = self.canary.iter().map(|(_, settings)| settings).chain([&self.rest]);
        settings.flat_map(|settings| settings.alarm_names.iter().map(String::as_str))
    }
}

impl WaveSettings {
    fn wave(&self, name: WaveName, accounts: Vec<AccountId>) -> Wave {
        Wave {
            name,
            accounts,
            operation_preferences: self.operation_preferences,
            bake_seconds: self.bake_seconds,
            alarm_names: self.alarm_names.clone(),
        }
    }
}

const LONGEST_BAKE: u32 = 86_400;
/// `DescribeAlarms` takes so many names.
pub(crate) const MOST_ALARMS: usize = 100;

pub(crate) fn waves(node: &Node<'_>) -> Option<Waves> {
    let mut waves = node.object()?;
    let canary = waves.optional("canary").map_or(Some(None), |node| canary(&node).map(Some));
    let rest = waves.optional("rest").map_or_else(
        || Some(WaveSettings::default()),
        |node| {
            let mut rest = node.object()?;
            let read = settings(&mut rest);
            rest.close();
            read
        },
    );
    waves.close();
    Some(Waves { canary: canary?, rest: rest? })
}

fn canary(node: &Node<'_>) -> Option<(Canary, WaveSettings)> {
    let mut canary = node.object()?;
    let who = match (canary.optional("accounts"), canary.optional("accountIds")) {
        (Some(count), None) => {
            count.integer(1..=10_000).and_then(|count| usize::try_from(count).ok()).map(Canary::Accounts)
        }
        (None, Some(ids)) => ids.some(Node::text).map(Canary::AccountIds),
        (Some(_), Some(_)) => canary.fault("has both \"accounts\" and \"accountIds\"; expected one of them"),
        (None, None) => canary.fault("has neither \"accounts\" nor \"accountIds\"; expected one of them"),
    };
    let settings = settings(&mut canary);
    canary.close();
    who.zip(settings)
}

fn settings(wave: &mut Object<'_>) -> Option<WaveSettings> {
    let default = OperationPreferences::default();
    let concurrent = wave
        .optional("maxConcurrentPercentage")
        .map_or(Some(default.max_concurrent_percentage), |node| node.integer(1..=100));
    let tolerance = wave
        .optional("failureTolerancePercentage")
        .map_or(Some(default.failure_tolerance_percentage), |node| node.integer(0..=100));
    let bake_seconds = wave.optional("bakeSeconds").map_or(Some(0), |node| node.integer(0..=LONGEST_BAKE));
    let alarm_names = wave.optional("alarmNames").map_or(Some(Vec::new()), |node| {
        let names = node.any(|node| node.text::<AlarmName>().map(|name| name.0))?;
        if names.len() > MOST_ALARMS {
            return node.fault(format_args!("expected at most {MOST_ALARMS} names, found {}", names.len()));
        }
        Some(names)
    });
    Some(WaveSettings {
        operation_preferences: OperationPreferences {
            max_concurrent_percentage: concurrent?,
            failure_tolerance_percentage: tolerance?,
        },
        bake_seconds: bake_seconds?,
        alarm_names: alarm_names?,
    })
}

struct AlarmName(String);

impl std::str::FromStr for AlarmName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let accepted = (1..=255).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        accepted.then(|| Self(text.to_owned())).ok_or("an alarm's name of 1 to 255 characters")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(ids: &[&str]) -> Vec<AccountId> {
        ids.iter().map(|id| id.parse().unwrap()).collect()
    }

    fn divided(canary: Option<Canary>) -> Result<Vec<(WaveName, usize)>, Vec<AccountId>> {
        let waves = Waves { canary: canary.map(|who| (who, WaveSettings::default())), rest: WaveSettings::default() };
        let stage = accounts(&["111111111111", "222222222222", "333333333333"]);
        Ok(waves.of(&stage)?.into_iter().map(|wave| (wave.name, wave.accounts.len())).collect())
    }

    #[test]
    fn every_account_is_in_one_wave() {
        use WaveName::{All, Canary as First, Rest};
        assert_eq!(divided(None), Ok(vec![(All, 3)]));
        assert_eq!(divided(Some(Canary::Accounts(1))), Ok(vec![(First, 1), (Rest, 2)]));
        assert_eq!(divided(Some(Canary::Accounts(9))), Ok(vec![(First, 3)]));
        assert_eq!(divided(Some(Canary::AccountIds(accounts(&["333333333333"])))), Ok(vec![(First, 1), (Rest, 2)]));
        let strangers = accounts(&["444444444444"]);
        assert_eq!(divided(Some(Canary::AccountIds(strangers.clone()))), Err(strangers));
    }
}
