use aws_json::{Client, DYNAMODB, EVENT_BRIDGE, SECURITY_HUB};
use aws_ports::Aws;
use control_records::RecordsInDynamoDb;
use findings::{EventBusInAws, Hub, SecurityHubInAws};

use super::SystemClock;
use super::by_role::AccountsByRole;
use super::document::DocumentInS3;
use crate::{Services, Settings};

/// The services themselves.
#[derive(Debug)]
pub struct Platform<'a> {
    accounts: AccountsByRole<'a>,
    records: RecordsInDynamoDb,
    security_hub: SecurityHubInAws,
    bus: EventBusInAws,
    document: DocumentInS3<'a>,
    clock: SystemClock,
}

impl<'a> Platform<'a> {
    /// Makes the clients that every event needs; the others are made when first called.
    pub async fn new(aws: &'a Aws, settings: &'a Settings, hub: Hub) -> Self {
        let config = aws.config().await;
        let client = |service| Client::new(config, service, &settings.partition);
        Self {
            accounts: AccountsByRole::new(aws, hub, &settings.target_role_name),
            records: RecordsInDynamoDb::new(client(&DYNAMODB), &settings.control_records_table),
            security_hub: SecurityHubInAws::new(client(&SECURITY_HUB)),
            bus: EventBusInAws::new(client(&EVENT_BRIDGE), &settings.event_bus_name),
            document: DocumentInS3::new(aws, &settings.controls_bucket),
            clock: SystemClock,
        }
    }

    /// What the function is handed.
    #[must_use]
    pub fn services(
        &self,
    ) -> Services<
        '_,
        AccountsByRole<'a>,
        RecordsInDynamoDb,
        SecurityHubInAws,
        EventBusInAws,
        DocumentInS3<'a>,
        SystemClock,
    > {
        Services {
            accounts: &self.accounts,
            records: &self.records,
            security_hub: &self.security_hub,
            bus: &self.bus,
            document: &self.document,
            clock: &self.clock,
        }
    }
}
