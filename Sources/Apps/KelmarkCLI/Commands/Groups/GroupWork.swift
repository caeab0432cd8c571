// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// How long a command waits for others.
struct WaitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Seconds to wait for others; 0 to look once.", valueName: "seconds"))
    var wait = 0

    func validate() throws {
        guard (0...86_400).contains(wait) else { throw ValidationError("--wait takes 0 to 86400.") }
    }
}

extension Desk {
    /// Brings the events of a group as far as they go now: reads our member's mail, signs, sends, asks the delegator,
    /// fetches receipts.
    ///
    /// - Parameter isFirst: whether requests to others are made again that were made by an earlier command.
    /// - Returns: how far each event has come.
    func advance(_ group: GroupRecord, isFirst: Bool, now: Timestamp) async throws -> [GroupProgress] {
        _ = try await readMail(for: group.member, now: now)
        var all = try await groups.resume(now: now, resending: false).filter { $0.event.aid == group.aid }
        var hasActed = false
        for progress in all {
            switch progress.next {
            case .approval(let delegator, let lead):
                if isFirst, lead == group.member {
                    // Some delegators seal only what is receipted.
                    _ = try await receiptor.collectAhead(group.aid)
                    _ = try await delegations.request(
                        group.aid.text, from: lead.text, now: now)
                }
                _ = try await introducer.refresh(delegator)
                hasActed = true
            case .receipts(let lead):
                // The others look whether the first has done it, and do it themselves when it has not.
                if lead == group.member || !isFirst {
                    _ = try await receiptor.deliver(group.aid)
                } else {
                    _ = try await introducer.refresh(group.aid)
                }
                hasActed = true
            case .nothing where progress.stage == .accepted && isFirst:
                _ = try await receiptor.deliver(group.aid)
            default: break
            }
        }
        if hasActed {
            let earlier = all
            let again = try await groups.resume(now: now).filter { $0.event.aid == group.aid }
            let settled = try groups.group(group.aid.text).proposals
            all = all.map { old in
                if let new = again.first(where: { $0.event == old.event }) { return new }
                guard settled.contains(where: { $0.event.said == old.event.said && $0.stage == .accepted }) else {
                    return old
                }
                return GroupProgress(accepted: old)
            }
            try await reportAccepted(earlier, all, of: group)
        }
        return all
    }

    /// Tells the delegator of a group, and its witnesses, about events that were approved and are complete now.
    private func reportAccepted(_ before: [GroupProgress], _ after: [GroupProgress], of group: GroupRecord) async throws
    {
        let settled = zip(before, after).filter { !$0.0.stage.isSettled && $0.1.stage == .accepted }
        guard settled.contains(where: { $0.0.kind.needsDelegator && $0.1.signed.first == group.member }) else { return }
        try await receiptor.bringSeal(of: group.aid)
        do {
            _ = try await delegations.report(group.aid.text, from: group.member.text)
        } catch is PostError {
            // It counts already; who approved it only learns of it later.
        }
    }

    /// Learns what is new of members whose keys an event needs.
    func refreshMembers(_ members: [AID]) async throws {
        let own = Set(try wallet.identifiers().map(\.aid))
        for member in members where !own.contains(member) { _ = try await introducer.refresh(member) }
    }
}

/// Groups as data and as text.
enum GroupView {
    static func data(of progress: GroupProgress) -> OrderedMap {
        [
            "i": .text(progress.event.aid.text), "s": .text(progress.event.sn.hex),
            "d": .text(progress.event.said.text),
            "t": .text(progress.kind.rawValue), "stage": .text(progress.stage.rawValue),
            "member": .text(progress.member.text), "signed": .list(progress.signed.map { .text($0.text) }),
            "missing": .list(progress.missing.map { .text($0.text) }),
            "undelivered": .list(
                progress.undelivered.map { ["member": .text($0.member.text), "reason": .text($0.reason)] }),
            "next": .text(words(progress)),
        ]
    }

    static func text(of progress: GroupProgress) -> [String] {
        var lines = [
            "  \(progress.kind.rawValue) at \(progress.event.sn.hex)  \(progress.event.said.text)  "
                + progress.stage.rawValue,
            "    signed   \(progress.signed.count) of \(progress.signed.count + progress.missing.count)",
        ]
        for one in progress.undelivered { lines.append("    not sent to \(one.member): \(printable(one.reason))") }
        lines.append("    next     \(words(progress))")
        return lines
    }

    static func data(of group: GroupRecord) -> OrderedMap {
        [
            "name": group.name.map { .text($0) } ?? .null, "aid": .text(group.aid.text),
            "member": .text(group.member.text), "signing": .list(group.signing.map { .text($0.text) }),
            "rotation": .list(group.rotation.map { .text($0.text) }),
            "proposals": .list(
                group.proposals.map { one in
                    [
                        "d": .text(one.event.said.text), "s": .text(one.event.sn.hex),
                        "t": .text(one.event.kind.rawValue), "stage": .text(one.stage.rawValue),
                        "proposer": .text(one.proposer.text), "since": .text(one.since.description),
                        "signing": .list(one.signing.map { .text($0.text) }),
                        "signed": .list(one.signers.map { .text($0.text) }),
                        "event": (try? OrderedValue(parsing: one.event.bytes.span, format: one.event.format)) ?? .null,
                    ]
                }),
        ]
    }

    static func text(of group: GroupRecord) -> [String] {
        var lines = ["\(group.name ?? "(without a name)")  \(group.aid)", "  our member  \(group.member)"]
        for (place, member) in group.signing.enumerated() { lines.append("  signs    \(place)  \(member)") }
        if group.rotation != group.signing {
            for (place, member) in group.rotation.enumerated() { lines.append("  rotates  \(place)  \(member)") }
        }
        for one in group.proposals {
            lines.append(
                "  \(one.event.kind.rawValue) at \(one.event.sn.hex)  \(one.event.said)  \(one.stage.rawValue), "
                    + "signed by \(one.signers.count) of \(one.signing.count)")
            if one.stage == .proposed { lines += details(of: one) }
        }
        return lines
    }

    /// What somebody should look at before signing.
    private static func details(of proposal: GroupProposal) -> [String] {
        var lines = ["    proposed by  \(proposal.proposer) at \(proposal.since)"]
        for (place, member) in proposal.signing.enumerated() { lines.append("    signs     \(place)  \(member)") }
        if proposal.event.establishment != nil, proposal.rotation != proposal.signing {
            for (place, member) in proposal.rotation.enumerated() {
                lines.append("    rotates   \(place)  \(member)")
            }
        }
        if let stated = proposal.event.establishment {
            lines.append("    threshold    \(stated.signingThreshold.summary), next \(stated.nextThreshold.summary)")
            lines.append("    receipts     \(stated.witnessThreshold) needed")
            for witness in stated.witnessesCut { lines.append("    cuts         witness \(witness)") }
            for witness in stated.witnessesAdded { lines.append("    adds         witness \(witness)") }
            if !stated.traits.isEmpty {
                lines.append("    traits       \(stated.traits.map(printable).joined(separator: " "))")
            }
        }
        if let delegator = proposal.event.delegator { lines.append("    delegator    \(delegator)") }
        for anchor in proposal.event.anchors {
            if let json = try? anchor.encoded(as: .json) {
                let rest = json.count - 400
                lines.append(
                    "    anchors      \(printable(String(decoding: json.prefix(400), as: UTF8.self)))"
                        + (rest > 0 ? " … and \(rest) more bytes: --json shows all" : ""))
            }
        }
        return lines
    }

    private static func words(_ progress: GroupProgress) -> String {
        switch progress.next {
        case .decision: "\(Product.command) id multisig approve \(progress.event.said)"
        case .signatures(let members): "signatures of \(members.map(\.text).joined(separator: ", "))"
        case .approval(let delegator, _): "the seal of \(delegator)"
        case .receipts: "receipts of the witnesses"
        case .escrow(let reason): "waits: \(reason.rawValue)"
        case .nothing: progress.undelivered.isEmpty ? "nothing" : "\(Product.command) id multisig resume"
        }
    }

    /// What a command that changed a group says.
    static func result(
        _ progress: [GroupProgress], group: GroupRecord, wallet: HomeWallet
    ) throws -> CommandResult {
        var data = self.data(of: group)
        data["progress"] = .list(progress.map { .map(self.data(of: $0)) })
        var text = ["\(group.name ?? "group")  \(group.aid)"]
        for one in progress { text += self.text(of: one) }
        if let state = try wallet.keyState(of: group.aid) {
            data["state"] = .map(state.record)
            text.append("  log ends at \(state.sn.hex), \(state.said)")
        }
        var result = CommandResult(data: data, text: text)
        if let open = progress.first(where: { !$0.stage.isSettled }) {
            result.concern = CommandFailure(
                code(for: open.next),
                "event \(open.event.sn.hex) of \(group.name ?? group.aid.text) needs \(words(open))",
                next: command(for: open, group), data: data)
        }
        return result
    }

    private static func code(for step: GroupProgress.Step) -> String {
        switch step {
        case .approval: ErrorTranslation.code(for: .partialDelegation)
        case .receipts: ErrorTranslation.code(for: .partialWitnesses)
        case .escrow(let reason): ErrorTranslation.code(for: reason)
        case .decision, .signatures, .nothing: ErrorTranslation.code(for: .partialSignatures)
        }
    }

    private static func command(for progress: GroupProgress, _ group: GroupRecord) -> String {
        if case .decision = progress.next { return words(progress) }
        return "\(Product.command) id multisig resume \(group.name ?? group.aid.text) --wait 60"
    }
}
