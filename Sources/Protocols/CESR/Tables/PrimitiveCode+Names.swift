// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AlwaysUseLowerCamelCase

// Names of the codes (facts 1.2, 1.3).

extension PrimitiveCode {
    /// `A`: Ed25519 seed (private).
    public static var ed25519Seed: PrimitiveCode { PrimitiveCode(packed: 0x41000000) }
    /// `B`: Ed25519 public key of a prefix that can't rotate.
    public static var ed25519NonTransferable: PrimitiveCode { PrimitiveCode(packed: 0x42000000) }
    /// `C`: X25519 public key.
    public static var x25519: PrimitiveCode { PrimitiveCode(packed: 0x43000000) }
    /// `D`: Ed25519 public key.
    public static var ed25519: PrimitiveCode { PrimitiveCode(packed: 0x44000000) }
    /// `E`: BLAKE3 digest, 32 bytes; the default of SAIDs.
    public static var blake3_256: PrimitiveCode { PrimitiveCode(packed: 0x45000000) }
    /// `F`: BLAKE2b digest, 32 bytes.
    public static var blake2b_256: PrimitiveCode { PrimitiveCode(packed: 0x46000000) }
    /// `G`: BLAKE2s digest, 32 bytes.
    public static var blake2s_256: PrimitiveCode { PrimitiveCode(packed: 0x47000000) }
    /// `H`: SHA3-256 digest.
    public static var sha3_256: PrimitiveCode { PrimitiveCode(packed: 0x48000000) }
    /// `I`: SHA-256 digest.
    public static var sha2_256: PrimitiveCode { PrimitiveCode(packed: 0x49000000) }
    /// `J`: secp256k1 seed (private).
    public static var secp256k1Seed: PrimitiveCode { PrimitiveCode(packed: 0x4a000000) }
    /// `K`: Ed448 seed (private).
    public static var ed448Seed: PrimitiveCode { PrimitiveCode(packed: 0x4b000000) }
    /// `L`: X448 public key.
    public static var x448: PrimitiveCode { PrimitiveCode(packed: 0x4c000000) }
    /// `M`: Unsigned number of 2 bytes.
    public static var short: PrimitiveCode { PrimitiveCode(packed: 0x4d000000) }
    /// `N`: Unsigned number of 8 bytes.
    public static var big: PrimitiveCode { PrimitiveCode(packed: 0x4e000000) }
    /// `O`: X25519 private key.
    public static var x25519Private: PrimitiveCode { PrimitiveCode(packed: 0x4f000000) }
    /// `P`: X25519 sealed box of a seed's text.
    public static var x25519CipherSeed: PrimitiveCode { PrimitiveCode(packed: 0x50000000) }
    /// `Q`: P-256 seed (private).
    public static var secp256r1Seed: PrimitiveCode { PrimitiveCode(packed: 0x51000000) }
    /// `R`: Unsigned number of 5 bytes.
    public static var tall: PrimitiveCode { PrimitiveCode(packed: 0x52000000) }
    /// `S`: Unsigned number of 11 bytes.
    public static var large: PrimitiveCode { PrimitiveCode(packed: 0x53000000) }
    /// `T`: Unsigned number of 14 bytes.
    public static var great: PrimitiveCode { PrimitiveCode(packed: 0x54000000) }
    /// `U`: Unsigned number of 17 bytes.
    public static var vast: PrimitiveCode { PrimitiveCode(packed: 0x55000000) }
    /// `V`: Label of 1 byte.
    public static var label1: PrimitiveCode { PrimitiveCode(packed: 0x56000000) }
    /// `W`: Label of 2 bytes.
    public static var label2: PrimitiveCode { PrimitiveCode(packed: 0x57000000) }
    /// `X`: Tag of 3 characters.
    public static var tag3: PrimitiveCode { PrimitiveCode(packed: 0x58000000) }
    /// `Y`: Tag of 7 characters.
    public static var tag7: PrimitiveCode { PrimitiveCode(packed: 0x59000000) }
    /// `Z`: Tag of 11 characters; version 2.
    public static var tag11: PrimitiveCode { PrimitiveCode(packed: 0x5a000000) }
    /// `a`: Random value of 32 bytes; version 2.
    public static var salt256: PrimitiveCode { PrimitiveCode(packed: 0x61000000) }
    /// `b`: Head of a memogram; version 2.
    public static var gramHead: PrimitiveCode { PrimitiveCode(packed: 0x62000000) }
    /// `0A`: Random value of 16 bytes; also the 16-byte number that carries sequence and first-seen numbers.
    public static var salt128: PrimitiveCode { PrimitiveCode(packed: 0x30410000) }
    /// `0B`: Ed25519 signature.
    public static var ed25519Signature: PrimitiveCode { PrimitiveCode(packed: 0x30420000) }
    /// `0C`: secp256k1 signature, r then s.
    public static var secp256k1Signature: PrimitiveCode { PrimitiveCode(packed: 0x30430000) }
    /// `0D`: BLAKE3 digest, 64 bytes.
    public static var blake3_512: PrimitiveCode { PrimitiveCode(packed: 0x30440000) }
    /// `0E`: BLAKE2b digest, 64 bytes.
    public static var blake2b_512: PrimitiveCode { PrimitiveCode(packed: 0x30450000) }
    /// `0F`: SHA3-512 digest.
    public static var sha3_512: PrimitiveCode { PrimitiveCode(packed: 0x30460000) }
    /// `0G`: SHA-512 digest.
    public static var sha2_512: PrimitiveCode { PrimitiveCode(packed: 0x30470000) }
    /// `0H`: Unsigned number of 4 bytes.
    public static var long: PrimitiveCode { PrimitiveCode(packed: 0x30480000) }
    /// `0I`: P-256 signature, r then s.
    public static var secp256r1Signature: PrimitiveCode { PrimitiveCode(packed: 0x30490000) }
    /// `0J`: Tag of 1 character.
    public static var tag1: PrimitiveCode { PrimitiveCode(packed: 0x304a0000) }
    /// `0K`: Tag of 2 characters.
    public static var tag2: PrimitiveCode { PrimitiveCode(packed: 0x304b0000) }
    /// `0L`: Tag of 5 characters.
    public static var tag5: PrimitiveCode { PrimitiveCode(packed: 0x304c0000) }
    /// `0M`: Tag of 6 characters.
    public static var tag6: PrimitiveCode { PrimitiveCode(packed: 0x304d0000) }
    /// `0N`: Tag of 9 characters; version 2.
    public static var tag9: PrimitiveCode { PrimitiveCode(packed: 0x304e0000) }
    /// `0O`: Tag of 10 characters; version 2.
    public static var tag10: PrimitiveCode { PrimitiveCode(packed: 0x304f0000) }
    /// `1AAA`: secp256k1 public key of a prefix that can't rotate.
    public static var secp256k1NonTransferable: PrimitiveCode { PrimitiveCode(packed: 0x31414141) }
    /// `1AAB`: secp256k1 public key.
    public static var secp256k1: PrimitiveCode { PrimitiveCode(packed: 0x31414142) }
    /// `1AAC`: Ed448 public key of a prefix that can't rotate.
    public static var ed448NonTransferable: PrimitiveCode { PrimitiveCode(packed: 0x31414143) }
    /// `1AAD`: Ed448 public key.
    public static var ed448: PrimitiveCode { PrimitiveCode(packed: 0x31414144) }
    /// `1AAE`: Ed448 signature; its size in version 1 is an error of that table (facts 1.2).
    public static var ed448Signature: PrimitiveCode { PrimitiveCode(packed: 0x31414145) }
    /// `1AAF`: Tag of 4 characters.
    public static var tag4: PrimitiveCode { PrimitiveCode(packed: 0x31414146) }
    /// `1AAG`: Date and time.
    public static var dateTime: PrimitiveCode { PrimitiveCode(packed: 0x31414147) }
    /// `1AAH`: X25519 sealed box of a salt's text.
    public static var x25519CipherSalt: PrimitiveCode { PrimitiveCode(packed: 0x31414148) }
    /// `1AAI`: P-256 public key of a prefix that can't rotate.
    public static var secp256r1NonTransferable: PrimitiveCode { PrimitiveCode(packed: 0x31414149) }
    /// `1AAJ`: P-256 public key.
    public static var secp256r1: PrimitiveCode { PrimitiveCode(packed: 0x3141414a) }
    /// `1AAK`: Absent value.
    public static var null: PrimitiveCode { PrimitiveCode(packed: 0x3141414b) }
    /// `1AAL`: False.
    public static var no: PrimitiveCode { PrimitiveCode(packed: 0x3141414c) }
    /// `1AAM`: True.
    public static var yes: PrimitiveCode { PrimitiveCode(packed: 0x3141414d) }
    /// `1AAN`: Tag of 8 characters; version 2.
    public static var tag8: PrimitiveCode { PrimitiveCode(packed: 0x3141414e) }
    /// `1AAO`: Escape of a map label; version 2.
    public static var escape: PrimitiveCode { PrimitiveCode(packed: 0x3141414f) }
    /// `1AAP`: Empty value; version 2.
    public static var empty: PrimitiveCode { PrimitiveCode(packed: 0x31414150) }
    /// `4A`: Text of Base64url characters without lead bytes; the variants by lead bytes and size are chosen while encoding.
    public static var text: PrimitiveCode { PrimitiveCode(packed: 0x34410000) }
    /// `4B`: Bytes or UTF-8 text without lead bytes.
    public static var bytes: PrimitiveCode { PrimitiveCode(packed: 0x34420000) }
    /// `4C`: X25519 sealed box of a stream.
    public static var x25519Cipher: PrimitiveCode { PrimitiveCode(packed: 0x34430000) }
    /// `4D`: X25519 sealed box of a primitive's text.
    public static var x25519CipherText: PrimitiveCode { PrimitiveCode(packed: 0x34440000) }
    /// `4E`: X25519 sealed box of a primitive's binary form.
    public static var x25519CipherBinary: PrimitiveCode { PrimitiveCode(packed: 0x34450000) }
    /// `4F`: HPKE base mode cipher text; version 2.
    public static var hpkeCipher: PrimitiveCode { PrimitiveCode(packed: 0x34460000) }
    /// `4H`: Decimal number text; version 2.
    public static var decimal: PrimitiveCode { PrimitiveCode(packed: 0x34480000) }
}
