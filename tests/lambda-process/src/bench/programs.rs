use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use lambda_process::Function;

use super::services::Services;

/// Where the programs of both sides lie.
pub(crate) struct Programs {
    binaries: PathBuf,
    python: PathBuf,
    pub(crate) cases: PathBuf,
}

impl Programs {
    pub(crate) fn new(binaries: &Path, python: &Path, cases: &Path) -> Result<Self> {
        let [binaries, python, cases] = [binaries, python, cases].map(std::path::absolute);
        Ok(Self { binaries: binaries?, python: python?, cases: cases? })
    }

    pub(crate) fn binary(&self, logical_id: &str) -> PathBuf {
        self.binaries.join(logical_id).join("bootstrap")
    }

    /// # Errors
    /// Naming those of these functions that are not built.
    pub(crate) fn ensure_built<'a>(&self, logical_ids: impl IntoIterator<Item = &'a str>) -> Result<()> {
        let missing: Vec<_> =
            logical_ids.into_iter().map(|id| self.binary(id)).filter(|path| !path.is_file()).collect();
        ensure!(missing.is_empty(), "these functions are not built: {missing:?}; run `sam build` first");
        Ok(())
    }

    /// The built function, told to call these services.
    pub(crate) fn rust(&self, name: &str, logical_id: &str, services: &Services) -> Function {
        connected(Function::new(self.binary(logical_id)), name, services)
    }

    /// The Python function whose module is `module`, below the folder `python` of the cases.
    pub(crate) fn python(&self, name: &str, module: &str, services: &Services) -> Function {
        let folder = self.cases.join("python").display().to_string();
        let handler = format!("{module}.handler");
        let function = Function::new(&self.python)
            .arguments(["-m", "awslambdaric", &handler])
            .env("_HANDLER", handler)
            .env("LAMBDA_TASK_ROOT", &folder)
            .env("PYTHONPATH", folder)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        connected(function, name, services)
    }
}

fn connected(function: Function, name: &str, services: &Services) -> Function {
    function.name(name).env("AWS_ENDPOINT_URL", services.url()).env("CUSTOM_RESOURCE_ALLOW_LOOPBACK", "1")
}
