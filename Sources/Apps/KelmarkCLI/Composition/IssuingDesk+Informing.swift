// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

extension IssuingDesk {
    /// Tells the issuee that a credential was revoked, as keripy's issuers do: a holder asks nobody by itself.
    ///
    /// Who is not told can still ask the witnesses of the issuer, so this never fails the command.
    func inform(issueeOf said: SAID, by owner: AID, _ result: inout CommandResult, in context: CommandContext) async {
        guard result.data["outcome"] == "accepted", let issuee = try? credential(said)?.issuee,
            (try? wallet.identifiers().contains { $0.aid == issuee }) == false
        else { return }
        do {
            try await context.reachingPeers { transport in
                try await Desk(wallet, home: context.home, transport: transport).exchanges.inform(
                    of: said, to: issuee, as: owner.text)
            }
            result.data["informed"] = .text(issuee.text)
            result.text.append("  told     \(issuee)")
        } catch {
            result.data["informed"] = .null
            result.hints.append("\(issuee) was not told: \(ErrorTranslation.failure(for: error).cause)")
        }
    }
}
