// SPDX-License-Identifier: Apache-2.0

/// A family of codes for values of any length (facts 1.3). The family's letter stands behind the digit `4`, `5` or `6`,
/// which tells zero, one or two lead bytes, or behind `7AA`, `8AA` or `9AA` for sizes above 4095 quadlets.
struct VariableFamily {
    /// The letter.
    let letter: Character
    /// What the value is.
    let name: StaticString
    /// The first table that has it.
    let since: CodeTable
}

/// All families.
let variableFamilies: [VariableFamily] = [
    VariableFamily(letter: "A", name: "Base64url text", since: .version1),
    VariableFamily(letter: "B", name: "bytes or text", since: .version1),
    VariableFamily(letter: "C", name: "sealed stream", since: .version1),
    VariableFamily(letter: "D", name: "sealed primitive, text", since: .version1),
    VariableFamily(letter: "E", name: "sealed primitive, binary", since: .version1),
    VariableFamily(letter: "F", name: "HPKE cipher text", since: .version2),
    VariableFamily(letter: "H", name: "decimal number", since: .version2),
]
