//! Symbols of a Plan 9 executable: functions, files and lines, from its own tables. These know of
//! no inlined functions.

use core::ffi::c_void;
use core::marker::PhantomData;

use super::{BytesOrWideString, ResolveWhat, SymbolName};
use crate::vec::Vec;

pub unsafe fn resolve(what: ResolveWhat<'_>, cb: &mut dyn FnMut(&super::Symbol)) {
    if let Some(found) = crate::sys::symbols::find(what.address_or_ip() as usize) {
        let (address, name) = found.function;
        let inner = Symbol { address, name, source: found.source, _marker: PhantomData };
        cb(&super::Symbol { inner });
    }
}

pub struct Symbol<'a> {
    address: usize,
    name: &'static [u8],
    source: Option<(Vec<u8>, u32)>,
    _marker: PhantomData<&'a ()>,
}

impl Symbol<'_> {
    pub fn name(&self) -> Option<SymbolName<'_>> {
        Some(SymbolName::new(self.name))
    }

    pub fn addr(&self) -> Option<*mut c_void> {
        Some(self.address as *mut c_void)
    }

    pub fn filename_raw(&self) -> Option<BytesOrWideString<'_>> {
        self.source.as_ref().map(|(file, _)| BytesOrWideString::Bytes(file))
    }

    #[cfg(feature = "std")]
    pub fn filename(&self) -> Option<&::std::path::Path> {
        let (file, _) = self.source.as_ref()?;
        Some(::std::path::Path::new(::core::str::from_utf8(file).ok()?))
    }

    pub fn lineno(&self) -> Option<u32> {
        self.source.as_ref().map(|&(_, line)| line)
    }

    pub fn colno(&self) -> Option<u32> {
        None
    }
}

pub unsafe fn clear_symbol_cache() {}
