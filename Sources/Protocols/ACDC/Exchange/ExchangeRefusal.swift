// SPDX-License-Identifier: Apache-2.0

/// Why a message of an exchange was not taken. The raw values are stable codes, documented in
/// `docs/reference/errors.md`.
public enum ExchangeRefusal: String, Error, Sendable, Hashable, CaseIterable {
    /// The message lacks a member that its route needs, or has one that is none of them.
    case malformed = "exchange-malformed"
    /// The digest of the embedded messages is not theirs.
    case forgedEmbeds = "exchange-forged-embeds"
    /// An embedded message is none, or does not belong to the credential.
    case badEmbed = "exchange-bad-embed"
    /// The message is larger than what is read.
    case tooLarge = "exchange-too-large"
    /// An exchange can't begin with this message.
    case cannotOpen = "exchange-cannot-open"
    /// The message answers one that is not known here.
    case unknownPrior = "exchange-unknown-prior"
    /// The message can't answer the one that it names.
    case wrongPrior = "exchange-wrong-prior"
    /// The message that it names has an answer.
    case answered = "exchange-answered"
    /// Somebody answers who was not asked.
    case wrongSender = "exchange-wrong-sender"
    /// The message names somebody else as its recipient.
    case wrongRecipient = "exchange-wrong-recipient"
    /// Another schema than the one that was asked for.
    case wrongSchema = "exchange-wrong-schema"
    /// Another credential than the one that was agreed on.
    case otherCredential = "exchange-other-credential"
    /// Who hands over is neither the issuer of the credential nor the one to whom it was issued.
    case wrongDiscloser = "exchange-wrong-discloser"
    /// Nothing shows that the sender made the message with its current keys.
    case unsigned = "exchange-unsigned"
    /// Too many exchanges with this sender, or at all, are open.
    case tooMany = "exchange-too-many"
}
