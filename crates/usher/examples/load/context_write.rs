//! How many context writes a node acknowledges after the sync, beside the store alone.

use anyhow::Result;

use crate::Options;

pub(crate) async fn run(_options: &Options) -> Result<()> {
    Ok(())
}
