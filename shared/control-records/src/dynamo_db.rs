use aws_json::{Call, Client};
use aws_ports::AwsError;
use serde_json::{Value, json};

use crate::records::{Deleted, Item, Items, Version, Written};
use crate::{Records, Scope};

const CONFLICT: &str = "ConditionalCheckFailedException";

/// The table itself.
///
/// | attribute | type | holds |
/// |---|---|---|
/// | `scope` | S, partition key | `<account>/<region>` |
/// | `id` | S, sort key | `resource/...`, `mark/...`, `sweep/...` |
/// | `version` | N | another one with each write |
/// | `document` | S | the record in JSON |
/// | `expires` | N, the table's time to live | seconds since 1970 |
#[derive(Debug, Clone)]
pub struct RecordsInDynamoDb {
    client: Client,
    table: String,
}

impl RecordsInDynamoDb {
    /// `client` is one of [`aws_json::DYNAMODB`].
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    fn key(scope: &Scope, id: &str) -> Value {
        json!({"scope": {"S": scope.to_string()}, "id": {"S": id}})
    }
}

impl Records for RecordsInDynamoDb {
    async fn item(&self, scope: &Scope, id: &str) -> Result<Option<Item>, AwsError> {
        const CALL: Call = Call::named("dynamodb:GetItem");
        let input = json!({"TableName": self.table, "Key": Self::key(scope, id), "ConsistentRead": true});
        let answer = self.client.call(CALL, &input).await?;
        answer.get("Item").map(|item| read(CALL, item)).transpose()
    }

    async fn items(&self, scope: &Scope, prefix: &str, after: Option<&str>) -> Result<Items, AwsError> {
        const CALL: Call = Call::named("dynamodb:Query");
        let mut input = json!({
            "TableName": self.table,
            "KeyConditionExpression": "#scope = :scope AND begins_with(#id, :prefix)",
            // `scope` is one of DynamoDB's own words.
            "ExpressionAttributeNames": {"#scope": "scope", "#id": "id"},
            "ExpressionAttributeValues": {":scope": {"S": scope.to_string()}, ":prefix": {"S": prefix}},
            "ConsistentRead": true,
        });
        if let (Some(after), Some(input)) = (after, input.as_object_mut()) {
            input.insert("ExclusiveStartKey".to_owned(), Self::key(scope, after));
        }
        let answer = self.client.call(CALL, &input).await?;
        let items = answer.get("Items").and_then(Value::as_array).ok_or_else(|| unread(CALL, "Items"))?;
        let items = items.iter().map(|item| read(CALL, item)).collect::<Result<_, _>>()?;
        let next = match answer.get("LastEvaluatedKey") {
            None | Some(Value::Null) => None,
            Some(key) => Some(text(key, "/id/S").ok_or_else(|| unread(CALL, "LastEvaluatedKey"))?),
        };
        Ok(Items { items, next })
    }

    async fn put_item(&self, scope: &Scope, item: &Item, expected: Option<Version>) -> Result<Written, AwsError> {
        const CALL: Call = Call::named("dynamodb:PutItem");
        let mut written = Self::key(scope, &item.id);
        if let Some(members) = written.as_object_mut() {
            members.insert("version".to_owned(), number(item.version.0));
            members.insert("document".to_owned(), json!({"S": item.document}));
            if let Some(expires) = item.expires {
                members.insert("expires".to_owned(), number(expires));
            }
        }
        let mut input = json!({"TableName": self.table, "Item": written});
        condition(&mut input, expected);
        match self.client.call(CALL, &input).await {
            Ok(_) => Ok(Written::At(item.version)),
            // Where an answer was lost, the call was made again and met what it had written itself.
            Err(error) if error.code() == Some(CONFLICT) => Ok(match self.item(scope, &item.id).await? {
                Some(found) if found.version == item.version => Written::At(item.version),
                _ => Written::Conflict,
            }),
            Err(error) => Err(error),
        }
    }

    async fn delete_item(&self, scope: &Scope, id: &str, expected: Version) -> Result<Deleted, AwsError> {
        const CALL: Call = Call::named("dynamodb:DeleteItem");
        let mut input = json!({"TableName": self.table, "Key": Self::key(scope, id)});
        condition(&mut input, Some(expected));
        match self.client.call(CALL, &input).await {
            Ok(_) => Ok(Deleted::Gone),
            Err(error) if error.code() == Some(CONFLICT) => Ok(match self.item(scope, id).await? {
                None => Deleted::Gone,
                Some(_) => Deleted::Conflict,
            }),
            Err(error) => Err(error),
        }
    }
}

/// That the item is at that version, or not there.
fn condition(input: &mut Value, expected: Option<Version>) {
    let Some(input) = input.as_object_mut() else { return };
    let (expression, name, attribute) = match expected {
        Some(_) => ("#version = :version", "#version", "version"),
        None => ("attribute_not_exists(#id)", "#id", "id"),
    };
    input.insert("ConditionExpression".to_owned(), expression.into());
    input.insert("ExpressionAttributeNames".to_owned(), json!({name: attribute}));
    if let Some(Version(version)) = expected {
        input.insert("ExpressionAttributeValues".to_owned(), json!({":version": number(version)}));
    }
}

fn number(value: impl ToString) -> Value {
    json!({"N": value.to_string()})
}

fn read(call: Call, item: &Value) -> Result<Item, AwsError> {
    let id = text(item, "/id/S").ok_or_else(|| unread(call, "an item's id"))?;
    let version = text(item, "/version/N").and_then(|number| number.parse().ok());
    let version = version.ok_or_else(|| unread(call, &format!("the version of {id}")))?;
    let document = text(item, "/document/S").ok_or_else(|| unread(call, &format!("the document of {id}")))?;
    let expires = text(item, "/expires/N").and_then(|number| number.parse().ok());
    Ok(Item { id, version: Version(version), document, expires })
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer)?.as_str().map(str::to_owned)
}

fn unread(call: Call, what: &str) -> AwsError {
    AwsError::unread(call.name, format_args!("{what} cannot be read from the answer"))
}
