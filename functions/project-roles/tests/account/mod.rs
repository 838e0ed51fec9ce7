//! IAM of an account in memory: its roles, who was looked at, and how a look at one fails.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_ports::AwsError;
use identifiers::RoleName;
use project_roles::{Ports, Role};

#[derive(Default)]
pub(crate) struct State {
    pub(crate) roles: BTreeMap<String, Role>,
    pub(crate) looks: Vec<String>,
    /// The role that cannot be looked at, the code of the answer, and how often.
    pub(crate) failing: Option<(String, &'static str, usize)>,
    looking: usize,
    pub(crate) most_at_a_time: usize,
}

/// Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Account(Arc<Mutex<State>>);

impl Account {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl Ports for Account {
    async fn get_role(&self, name: &RoleName) -> Result<Option<Role>, AwsError> {
        {
            let mut state = self.state();
            state.looking += 1;
            state.most_at_a_time = state.most_at_a_time.max(state.looking);
        }
        // Lets the others begin.
        tokio::task::yield_now().await;
        let mut state = self.state();
        state.looking -= 1;
        state.looks.push(name.to_string());
        match &mut state.failing {
            Some((failing, code, times)) if failing == name.as_str() && *times > 0 => {
                *times -= 1;
                Err(AwsError::answered("iam:GetRole", code, "arranged by the test"))
            }
            _ => Ok(state.roles.get(name.as_str()).cloned()),
        }
    }
}
