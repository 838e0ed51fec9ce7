use http::{Response, StatusCode};
use lambda_process::Reply;
use serde::Deserialize;
use serde_json::{Value, json};

const REQUEST_ID: &str = "4b1f3b60-6f2e-4a5e-8f0d-2f4f0c6f0e57";

/// What a service says, before it is put in the service's own wire form.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    /// It refuses.
    Refusal {
        /// Why.
        refusal: Refusal,
    },
    /// A model answers, in a form of its own.
    Model {
        /// What it says.
        model: ModelAnswer,
    },
    /// What lies within the result's element, or a body that is neither JSON nor XML.
    Text(String),
    /// A JSON document.
    Document(Value),
}

/// What an endpoint's container sends, unchanged by SageMaker.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct ModelAnswer {
    pub(crate) content_type: String,
    pub(crate) body: String,
}

/// An error of a service.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Refusal {
    #[serde(default = "bad_request")]
    pub(crate) status: u16,
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) message: String,
}

fn bad_request() -> u16 {
    400
}

impl Answer {
    /// A refusal with status 400, as the JSON services send all of theirs.
    pub(crate) fn refusal(code: &str, message: impl Into<String>) -> Self {
        Self::refusal_with(400, code, message)
    }

    pub(crate) fn refusal_with(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self::Refusal { refusal: Refusal { status, code: code.to_owned(), message: message.into() } }
    }

    /// Not an error that an SDK would try again: that would hide that the call has no answer here.
    pub(crate) fn unknown(operation: &str) -> Self {
        Self::refusal("UnknownOperationException", format!("nothing here answers {operation}"))
    }

    /// The answer as this service, by its signing name, sends it.
    pub(crate) fn reply(&self, service: &str, operation: &str) -> Reply {
        let protocol = Protocol::of(service);
        let mut content_type = protocol.content_type();
        let (status, code, body) = match self {
            Self::Refusal { refusal } => (refusal.status, Some(&refusal.code), protocol.error(refusal)),
            Self::Model { model } => {
                content_type = &model.content_type;
                (200, None, model.body.clone())
            }
            Self::Text(text) => (200, None, protocol.result(operation, text)),
            Self::Document(document) => (200, None, document.to_string()),
        };
        // Asynchronous invocations are accepted, not done.
        let status = if operation == "Invoke" && status == 200 { 202 } else { status };
        let mut response = Response::builder()
            .status(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
            .header("content-type", content_type)
            .header("x-amzn-requestid", REQUEST_ID);
        if let (Protocol::RestJson, Some(code)) = (protocol, code) {
            response = response.header("x-amzn-errortype", code);
        }
        response.body(body.into()).map_or_else(|error| Reply::status(500, error.to_string()), Reply::Answer)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Json,
    RestJson,
    Query,
    Ec2,
    S3,
}

impl Protocol {
    fn of(service: &str) -> Self {
        match service {
            "backup" | "elasticfilesystem" | "lambda" | "securityhub" => Self::RestJson,
            "cloudformation" | "iam" | "sts" => Self::Query,
            "ec2" => Self::Ec2,
            "s3" => Self::S3,
            _ => Self::Json,
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/x-amz-json-1.1",
            Self::RestJson => "application/json",
            Self::Query | Self::Ec2 | Self::S3 => "text/xml",
        }
    }

    fn result(self, operation: &str, text: &str) -> String {
        match self {
            Self::Query => format!(
                "<{operation}Response><{operation}Result>{text}</{operation}Result><ResponseMetadata><RequestId>\
                 {REQUEST_ID}</RequestId></ResponseMetadata></{operation}Response>"
            ),
            Self::Ec2 => {
                format!("<{operation}Response><requestId>{REQUEST_ID}</requestId>{text}</{operation}Response>")
            }
            Self::Json | Self::RestJson | Self::S3 => text.to_owned(),
        }
    }

    fn error(self, Refusal { code, message, .. }: &Refusal) -> String {
        let xml = format!("<Code>{code}</Code><Message>{message}</Message>");
        match self {
            Self::Json => json!({"__type": code, "message": message}).to_string(),
            // EFS spells both its own way; a reader of the others passes over them.
            Self::RestJson => {
                json!({"ErrorCode": code, "Message": message, "message": message, "code": code}).to_string()
            }
            Self::Query => format!(
                "<ErrorResponse><Error><Type>Sender</Type>{xml}</Error><RequestId>{REQUEST_ID}</RequestId>\
                 </ErrorResponse>"
            ),
            Self::Ec2 => {
                format!("<Response><Errors><Error>{xml}</Error></Errors><RequestID>{REQUEST_ID}</RequestID></Response>")
            }
            Self::S3 => format!("<Error>{xml}<RequestId>{REQUEST_ID}</RequestId></Error>"),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use http::{HeaderMap, HeaderValue, Method};
    use lambda_process::Request;

    use super::*;

    /// A call as an SDK would sign it for this service.
    pub(crate) fn request(service: &str, method: Method, target: &str, json: Option<&str>, body: &str) -> Request {
        let mut headers = HeaderMap::new();
        let scope = format!("AWS4-HMAC-SHA256 Credential=ASIA/20260101/eu-central-1/{service}/aws4_request");
        headers.insert("authorization", HeaderValue::from_str(&scope).unwrap());
        if let Some(target) = json {
            headers.insert("x-amz-target", HeaderValue::from_str(target).unwrap());
        }
        Request { method, target: target.to_owned(), headers, body: body.to_owned().into() }
    }

    fn sent(answer: &Answer, service: &str) -> (u16, String) {
        let Reply::Answer(response) = answer.reply(service, "GetThing") else { panic!("no answer") };
        (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())
    }

    #[test]
    fn each_protocol_has_its_own_envelope() {
        let text = Answer::Text("<a/>".to_owned());
        assert!(sent(&text, "iam").1.starts_with("<GetThingResponse><GetThingResult><a/></GetThingResult>"));
        assert!(sent(&text, "ec2").1.ends_with("</requestId><a/></GetThingResponse>"));
        assert_eq!(sent(&text, "s3").1, "<a/>");
        assert_eq!(sent(&Answer::Document(json!({"a": 1})), "ssm"), (200, r#"{"a":1}"#.to_owned()));
    }

    #[test]
    fn a_refusal_reads_as_one_in_each_protocol() {
        let refusal = Answer::refusal_with(404, "NoSuchThing", "no thing");
        for (service, part) in [
            ("ssm", r#""__type":"NoSuchThing""#),
            ("elasticfilesystem", r#""ErrorCode":"NoSuchThing""#),
            ("iam", "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchThing</Code>"),
            ("ec2", "<Response><Errors><Error><Code>NoSuchThing</Code>"),
            ("s3", "<Error><Code>NoSuchThing</Code><Message>no thing</Message>"),
        ] {
            let (status, body) = sent(&refusal, service);
            assert!(status == 404 && body.contains(part), "{service}: {status} {body}");
        }
    }

    #[test]
    fn a_case_says_what_is_refused_what_is_text_and_what_is_a_document() {
        let read = |text: &str| serde_json::from_str::<Answer>(text).unwrap();
        assert_eq!(read(r#"{"refusal": {"code": "NoSuchThing"}}"#), Answer::refusal("NoSuchThing", ""));
        assert_eq!(read(r#""<a/>""#), Answer::Text("<a/>".to_owned()));
        assert_eq!(read(r#"{"Refused": 1}"#), Answer::Document(json!({"Refused": 1})));
        let model = ModelAnswer { content_type: "text/csv".to_owned(), body: "0.5".to_owned() };
        let answer = read(r#"{"model": {"content_type": "text/csv", "body": "0.5"}}"#);
        assert_eq!(answer, Answer::Model { model });
        let Reply::Answer(response) = answer.reply("sagemaker", "InvokeEndpoint") else { panic!("no answer") };
        assert_eq!(
            (&response.headers()["content-type"], &response.body()[..]),
            (&"text/csv".parse().unwrap(), &b"0.5"[..])
        );
    }
}
