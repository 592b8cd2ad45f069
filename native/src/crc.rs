//! CRC32C, which the catalogue of CRCs calls CRC-32/ISCSI.

use crc_fast::{CrcAlgorithm, Digest, crc32_iscsi};

pub fn checksum(bytes: &[u8]) -> u32 {
    crc32_iscsi(bytes)
}

/// Continues `seed`, the CRC of the bytes before.
pub fn continued(seed: u32, bytes: &[u8]) -> u32 {
    let mut digest = Digest::new_with_init_state(CrcAlgorithm::Crc32Iscsi, u64::from(!seed));
    digest.update(bytes);
    digest.finalize() as u32
}

/// The CRC of A followed by B, from their CRCs and B's length: A's, times x to the power of B's
/// bits, plus B's. (The crate's own function needs 33 us for 64 KiB, which is more than the CRC of
/// all the bytes; this one 0.2.)
pub fn combined(crc_a: u32, crc_b: u32, length_b: u64) -> u32 {
    let mut shifted = crc_a;
    let mut rest = length_b;
    let mut exponent = BITS_PER_BYTE_EXPONENT;
    while rest != 0 {
        if rest & 1 != 0 {
            shifted = multiply(POWERS[exponent], shifted);
        }
        rest >>= 1;
        exponent += 1;
    }
    shifted ^ crc_b
}

/// Castagnoli's polynomial, reflected: the highest bit is the coefficient of x^0.
const POLYNOMIAL: u32 = 0x82f6_3b78;
const BITS_PER_BYTE_EXPONENT: usize = 3;

/// x^(2^n) modulo the polynomial, for as many bits as 2^64 bytes have.
const POWERS: [u32; 64 + BITS_PER_BYTE_EXPONENT] = {
    let mut powers = [1 << 30; 64 + BITS_PER_BYTE_EXPONENT];
    let mut n = 1;
    while n < powers.len() {
        powers[n] = multiply(powers[n - 1], powers[n - 1]);
        n += 1;
    }
    powers
};

/// The product of two polynomials modulo `POLYNOMIAL`.
const fn multiply(a: u32, b: u32) -> u32 {
    let mut product = 0;
    let mut rest = a;
    let mut shifted = b;
    while rest != 0 {
        if rest & 1 << 31 != 0 {
            product ^= shifted;
        }
        rest <<= 1;
        shifted = if shifted & 1 != 0 { shifted >> 1 ^ POLYNOMIAL } else { shifted >> 1 };
    }
    product
}
