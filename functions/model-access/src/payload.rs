use crate::aws::{Located, Ports};
use crate::error::{Error, concerns};
use crate::fault::Fault;
use crate::input::StoredPayload;
use crate::survey::Survey;

/// Looking at the sample payload.
impl<A: Ports> Survey<'_, A> {
    /// Whether the sample payload is there and no larger than every endpoint takes.
    pub(crate) async fn payload(&mut self, payload: &StoredPayload) -> Result<(), Error> {
        let (at, payload) = (&payload.s3_uri, payload.clone());
        match self.aws.head_object(at.bucket(), at.key(), self.hub.account.as_str()).await {
            Ok(Located::Here(size)) if size <= payload.limit => {}
            Ok(Located::Here(size)) => self.faults.push(Fault::PayloadTooLarge { payload, size }),
            Ok(Located::Elsewhere(region)) => self.faults.push(Fault::PayloadElsewhere { payload, region }),
            Err(source) if concerns(&source) => self.faults.push(Fault::PayloadUnreadable { payload, source }),
            Err(source) => return Err(Error::Aws(source)),
        }
        Ok(())
    }
}
