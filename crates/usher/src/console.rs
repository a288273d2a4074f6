//! The files of the console, compiled in with the feature `console`.
//!
//! `npm run build` in `console/` writes them and a list of them; without the feature there are none
//! and the program says how to build them.

use usher_api::assets::Files;

/// The built console, if the program has it.
#[cfg(feature = "console")]
pub(crate) const FILES: Option<Files> = Some(&include!("../../../console/dist/files.rs"));

/// The built console, if the program has it.
#[cfg(not(feature = "console"))]
pub(crate) const FILES: Option<Files> = None;
