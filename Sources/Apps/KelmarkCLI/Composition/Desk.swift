// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import HTTPTransport
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import KelmarkCrypto
internal import StorageSQLite

/// A wallet with everything that reaches others for it.
struct Desk: Sendable {
    let wallet: HomeWallet
    let groups: Groups<SQLiteKeyEventStore>
    let challenges: Challenges<SQLiteKeyEventStore>
    let delegations: Delegations<SQLiteKeyEventStore>
    let exchanges: CredentialExchanges<SQLiteKeyEventStore>
    let refresher: CredentialRefresher<SQLiteCredentialStore>
    let mailroom: Mailroom<SQLiteKeyEventStore>
    let receiptor: Receiptor<SQLiteKeyEventStore>
    let introducer: Introducer<SQLiteKeyEventStore>
    let inquirer: Inquirer<SQLiteKeyEventStore>

    init(_ wallet: HomeWallet, home: HomeFolder, transport: NetworkTransport) {
        self.wallet = wallet
        let clock = SystemClock()
        // Whoever is away now is asked again in the next round, or by the next command.
        var policy = DeliveryPolicy()
        policy.attempts = 2
        let postman = Postman(wallet, transport: transport, clock: clock, policy: policy)
        let cursors = StateFile(cursorsOf: home)
        groups = Groups(wallet: wallet, book: StateFile(groupsOf: home), courier: postman)
        challenges = Challenges(wallet, book: StateFile(challengesOf: home), courier: postman)
        delegations = Delegations(wallet, courier: postman)
        exchanges = CredentialExchanges(
            wallet, custody: CredentialSafe(wallet, store: SQLiteCredentialStore(wallet.store)),
            book: StateFile(exchangesOf: home), courier: postman, clock: clock)
        refresher = CredentialRefresher(
            wallet, store: SQLiteCredentialStore(wallet.store), transport: transport, cursors: cursors, clock: clock,
            policy: policy)
        mailroom = Mailroom(
            groups: groups, challenges: challenges, transport: transport, cursors: cursors, clock: clock,
            intake: exchanges)
        receiptor = Receiptor(wallet, transport: transport, clock: clock, policy: policy)
        introducer = Introducer(wallet, transport: transport, clock: clock, policy: policy)
        inquirer = Inquirer(wallet, transport: transport, cursors: cursors, clock: clock, policy: policy)
    }
}

extension Desk {
    /// How a credential stands now, as far as this home knows.
    func verdict(of credential: SAID) throws -> CredentialVerdict {
        try SQLiteCredentialStore(wallet.store).read(credentials: { try $0.verdict(of: credential) })
    }

    /// Most logs that one look into a mailbox asks for, of each kind.
    private static var mostAsked: Int { 8 }

    /// Reads the mailboxes of one AID, fetches the logs that messages wait for, and goes on with what that allows.
    func readMail(for aid: AID, now: Timestamp) async throws -> [MailItem] {
        let items = try await mailroom.fetch(for: aid, idle: CommandContext.glance)
        // Strangers can name anybody whose log should be fetched; so only so many are asked for, each once.
        var asked: Set<AID> = []
        for item in items {
            guard case .delegation(let event) = item.content, asked.count < Self.mostAsked,
                asked.insert(event.aid).inserted
            else { continue }
            _ = try await introducer.refresh(event.aid)
        }
        // One log may show that another is needed.
        while asked.count < 2 * Self.mostAsked {
            let wanted = Set(try groups.book.load().unread.compactMap(\.reason.actor)).subtracting(asked).sorted()
            guard !wanted.isEmpty else { break }
            for one in wanted.prefix(Self.mostAsked) { _ = try await introducer.refresh(one) }
            asked.formUnion(wanted.prefix(Self.mostAsked))
            _ = try await groups.resume(now: now)
        }
        return items
    }
}

extension CommandContext {
    /// Runs `body` with a desk, while no other process changes the home folder.
    func atDesk<R>(_ body: (Desk) async throws -> R) async throws -> R {
        try await reachingPeers { transport in
            try await changing { wallet in
                try await body(Desk(wallet, home: home, transport: transport))
            }
        }
    }

    /// Runs `round` again and again until it is done or the time is over; the home folder is free in between.
    /// - Returns: what the last round returned.
    func rounds<R>(
        for seconds: Int, _ round: (_ desk: Desk, _ number: Int) async throws -> (result: R, isDone: Bool)
    ) async throws -> R {
        try home.requireUsable()
        let secret = try passphrase.read()
        let deadline = ContinuousClock.now + .seconds(seconds)
        return try await reachingPeers { transport in
            for number in 0... {
                let (result, isDone) = try await home.locked {
                    // Another process may have made keys since the last round.
                    let wallet = HomeWallet(
                        store: try SQLiteKeyEventStore(path: home.events),
                        vault: try SealedFileVault.open(at: home.vault, passphrase: secret),
                        book: FileWalletBook(path: home.book))
                    try wallet.refresh(now: now)
                    try settleCredentials(of: wallet)
                    return try await round(Desk(wallet, home: home, transport: transport), number)
                }
                guard !isDone, ContinuousClock.now < deadline else { return result }
                try await Task.sleep(for: .milliseconds(500))
            }
            throw CancellationError()
        }
    }

    /// How long a command reads mailboxes before it looks again whether it is done.
    static var glance: Duration { .milliseconds(1200) }
}

extension CommandContext {
    /// AIDs by their names, the names of contacts, or themselves.
    func aids(_ texts: [String], in wallet: HomeWallet) throws -> [AID] {
        try texts.map { try aid($0, in: wallet) }
    }
}
