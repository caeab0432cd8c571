// SPDX-License-Identifier: Apache-2.0

public import KERI

/// How copies of a group's events reach the other members. Also called Postman in KERIpy.
public protocol GroupCourier: Sendable {
    /// The form of exchange messages that a peer reads.
    func form(for peer: AID) async -> ExchangeForm

    /// Hands a message over to a peer or to where it looks for messages. When it returns, the message will not be lost
    /// by a crash of ours; it may arrive more than once.
    ///
    /// - Parameters:
    ///   - exchange: the body.
    ///   - attachments: what is attached to it, CESR text.
    ///   - recipient: the member.
    ///   - sender: our member, which signed it.
    ///   - topic: the topic of the mailbox, such as `multisig`.
    /// - Throws: when it could not be handed over; it is tried again by a later ``Groups/resume(now:resending:)``.
    func send(
        _ exchange: [UInt8], attachments: [UInt8], to recipient: AID, from sender: AID, topic: String
    ) async throws
}
