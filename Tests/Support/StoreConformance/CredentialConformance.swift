// SPDX-License-Identifier: Apache-2.0

public import ACDC

/// What every ``CredentialStore`` has to do, as named checks that run against an empty store.
public struct CredentialConformance<Store: CredentialStore>: Sendable {
    let makeStore: @Sendable () throws -> Store

    /// A suite over stores that `makeStore` makes; each must be empty and independent of the others.
    public init(_ makeStore: @escaping @Sendable () throws -> Store) { self.makeStore = makeStore }

    /// Runs one check against a fresh store.
    /// - Throws: ``ConformanceFailure`` with the place in this suite, and what the store throws.
    public func run(_ check: CredentialCheck) throws {
        let store = try makeStore()
        switch check {
        case .emptyStore: try emptyStore(store)
        case .registryLogs: try registryLogs(store)
        case .credentialLogs: try credentialLogs(store)
        case .gaps: try gaps(store)
        case .replacedEvents: try replacedEvents(store)
        case .backerSignatures: try backerSignatures(store)
        case .backedEvents: try backedEvents(store)
        case .registryLists: try registryLists(store)
        case .credentials: try credentials(store)
        case .fullerCopies: try fullerCopies(store)
        case .schemas: try schemas(store)
        case .escrowOrder: try escrowOrder(store)
        case .escrowReplacement: try escrowReplacement(store)
        case .escrowWaiting: try escrowWaiting(store)
        case .escrowQuotas: try escrowQuotas(store)
        case .escrowAges: try escrowAges(store)
        case .rollBack: try rollBack(store)
        case .attempts: try attempts(store)
        case .readsDoNotWrite: try readsDoNotWrite(store)
        case .togetherWithKeyEvents: try togetherWithKeyEvents(store)
        case .processing: try processing(store)
        }
    }
}

/// The checks of ``CredentialConformance``.
public enum CredentialCheck: String, CaseIterable, Sendable, CustomStringConvertible {
    case emptyStore = "an empty store answers everything"
    case registryLogs = "a registry is read back equal, with its log in pages"
    case credentialLogs = "the log of a credential belongs to one registry"
    case gaps = "a log has no gaps"
    case replacedEvents = "an event at an occupied place takes it"
    case backerSignatures = "backers' signatures are replaced"
    case backedEvents = "what a backer signed is kept for each place and backer"
    case registryLists = "registries and statuses come in pages, in order"
    case credentials = "credentials are read back equal, filtered and in pages"
    case fullerCopies = "a fuller copy keeps place and time"
    case schemas = "schemas are kept once, in order"
    case escrowOrder = "escrows come in order of arrival, filtered and limited"
    case escrowReplacement = "a replaced escrow keeps its place"
    case escrowWaiting = "escrows are found by what they wait for"
    case escrowQuotas = "escrows are counted, the oldest unverified is found"
    case escrowAges = "escrows are found by their age"
    case rollBack = "a throwing body undoes everything"
    case attempts = "an attempt that throws is undone alone"
    case readsDoNotWrite = "a read never changes anything"
    case togetherWithKeyEvents = "key events and credentials share a transaction"
    case processing = "a processor decides the same as over any other store"

    public var description: String { rawValue }
}
