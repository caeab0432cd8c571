// SPDX-License-Identifier: Apache-2.0

extension CESRError: CustomStringConvertible {
    /// The rule and the place, in words.
    public var description: String { "\(explanation) (offset \(offset))" }

    /// The rule, in words.
    public var explanation: String { kind.explanation }
}

extension CESRError.Kind {
    /// The rule, in words.
    public var explanation: String {
        switch self {
        case .truncated(let missing):
            "the input ends; at least \(missing) more \(missing == 1 ? "byte is" : "bytes are") needed"
        case .invalidCharacter: "not a Base64url character"
        case .unknownCode: "no table has this code"
        case .counter: "a counter stands where a primitive is due"
        case .notACounter: "this is no counter"
        case .opCode: "op codes are not in use"
        case .nonZeroPad: "the pad bits behind the code are not zero"
        case .nonZeroLead: "the lead bytes of the value are not zero"
        case .nonZeroFiller: "the unused characters of the code do not have their one value"
        case .wrongLength(let expected, let found): "\(found) bytes where \(expected) are due"
        case .trailingBytes(let count): "\(count) bytes are left behind the value"
        case .misplacedCode: "this code has no place here"
        case .outOfRange: "the number is outside of what is allowed here"
        case .invalidDateTime: "not a date and time as KERI spells it"
        case .invalidNumber: "not a number as KERI spells it"
        case .invalidThreshold: "not a threshold"
        case .invalidText: "the text has a character that is not allowed"
        case .invalidVersion: "not a version string"
        case .tooDeep: "groups are nested too deep"
        case .tooLarge: "larger than the limit"
        }
    }
}

extension StreamFault.Kind {
    /// The rule, in words.
    public var explanation: String {
        switch self {
        case .coldStart: "no message starts here"
        case .invalidVersion: "the body has no valid version string at its start"
        case .unsupportedVersion: "the version of the protocol is not known"
        case .bodyTooLarge: "the body is larger than the limit"
        case .attachment(let kind): "attachment: \(kind.explanation)"
        case .truncated: "the input ends inside a message"
        case .bufferFull: "the message is larger than the buffer"
        }
    }
}

extension StreamFault: CustomStringConvertible {
    /// The rule and the place, in words.
    public var description: String { "\(kind.explanation) (offset \(offset))" }
}
