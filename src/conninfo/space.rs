//! The white space that separates words.

/// The bytes that C's `isspace` takes for spaces in the "C" locale.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}
