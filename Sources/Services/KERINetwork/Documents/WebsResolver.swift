// SPDX-License-Identifier: Apache-2.0

public import KERI
internal import KelmarkBytes

/// Resolves a `did:webs`: fetches both files, verifies the log, derives the document from it, and refuses what is
/// published when it is another one. Neither the web server nor TLS is trusted.
public struct WebsResolver: Sendable {
    private let transport: any PeerTransport
    private let clock: any NetworkClock
    private let scheme: PeerURL.Scheme
    private let timeout: Duration
    private let largestLog: Int
    private let allowsPrivateAddresses: Bool

    /// Most bytes of `did.json`.
    private static let largestDocument = 1 << 20

    /// Describes a resolver.
    ///
    /// - Parameters:
    ///   - transport: how servers are reached.
    ///   - clock: the time of day.
    ///   - scheme: `https` as the method demands; `http` for tests on one machine.
    ///   - timeout: how long one file may take.
    ///   - largestLog: most bytes of `keri.cesr`.
    ///   - allowsPrivateAddresses: whether servers at loopback and private addresses are asked.
    public init(
        transport: any PeerTransport, clock: any NetworkClock, scheme: PeerURL.Scheme = .https,
        timeout: Duration = .seconds(10), largestLog: Int = 16 << 20, allowsPrivateAddresses: Bool = false
    ) {
        self.transport = transport
        self.clock = clock
        self.scheme = scheme
        self.timeout = timeout
        self.largestLog = largestLog
        self.allowsPrivateAddresses = allowsPrivateAddresses
    }

    /// Resolves a DID.
    ///
    /// - Parameters:
    ///   - webs: the DID.
    ///   - known: the latest event of the AID that is known from elsewhere; a log that ends before it is refused.
    /// - Returns: the document, derived here.
    /// - Throws: ``DIDError``.
    public func resolve(_ webs: WebsIdentifier, known: EventSeal? = nil) async throws(DIDError) -> DIDDocument {
        async let document = fetch(webs, "did.json", limit: Self.largestDocument)
        async let log = fetch(webs, "keri.cesr", limit: largestLog)
        let (published, stream) = (try await document.get(), try await log.get())
        let derived = try derive(webs, stream, known: known)
        try PublishedDocument(published).check(against: derived)
        return derived
    }

    private func fetch(_ webs: WebsIdentifier, _ file: String, limit: Int) async -> Result<[UInt8], DIDError> {
        guard let url = webs.url(of: file, scheme: scheme) else {
            return .failure(DIDError(.unreachable, "\(webs.host) can't be asked for \(file)"))
        }
        guard allowsPrivateAddresses || !url.isPrivate else {
            return .failure(DIDError(.unreachable, "\(url) is a private address"))
        }
        do throws(TransportError) {
            let response = try await transport.send(
                PeerRequest(.get, url, target: url.path), timeout: timeout, limit: limit)
            guard response.status == 200 else {
                return .failure(DIDError(.notPublished, "\(url): status \(response.status)"))
            }
            return .success(response.body)
        } catch { return .failure(DIDError(.unreachable, "\(url): \(error)")) }
    }

    /// The document that follows from a log; the log must be accepted by the rules that any log is accepted by.
    func derive(_ webs: WebsIdentifier, _ stream: [UInt8], known: EventSeal?) throws(DIDError) -> DIDDocument {
        let aid = webs.aid
        let found: (state: KeyState?, services: [DIDDocument.Service], contradictions: Int, holdsKnown: Bool)
        do {
            let store = MemoryKeyEventStore()
            let now = clock.now()
            // What waits is of no use here; bounds keep a hostile stream from making work.
            let policy = ProcessingPolicy(escrowLimits: EscrowLimits(perAID: 256, total: 1024))
            var reader = StreamProcessor(EventProcessor(store: store, policy: policy), batch: 256)
            try reader.process(stream, now: now)
            _ = try reader.processor.resume(now: now)
            found = try store.read { transaction in
                guard let state = transaction.keyState(of: aid) else { return (nil, [], 0, false) }
                let holdsKnown =
                    known.map { seal in
                        seal.sn <= state.sn && transaction.record(of: aid, at: seal.sn)?.said == seal.said
                    } ?? true
                return (
                    state, try DIDDocument.services(of: state, in: transaction),
                    transaction.duplicities(of: aid).count, holdsKnown
                )
            }
        } catch { throw DIDError(.logRefused, "\(error)") }
        guard let state = found.state else { throw DIDError(.logRefused, "the stream has no log of \(aid)") }
        guard found.contradictions == 0 else {
            throw DIDError(.duplicitous, "the stream has two events for one place of \(aid)")
        }
        guard found.holdsKnown else {
            throw DIDError(.outdated, "the log ends at \(state.sn) and has not event \(known?.sn.hex ?? "")")
        }
        return try DIDDocument(.webs(webs), state: state, services: found.services)
    }
}

/// A document as somebody published it, to be held against the one that follows from the log.
struct PublishedDocument {
    private let content: OrderedMap

    init(_ bytes: [UInt8]) throws(DIDError) {
        guard let map = (try? OrderedValue(parsingJSON: bytes.span, strictness: .interoperable))?.mapValue else {
            throw DIDError(.documentUnreadable, "did.json is no JSON object")
        }
        content = map
    }

    /// Members that a document may have; those that are not needed may be missing.
    private static let members: Set<String> = [
        "@context", "id", "controller", "verificationMethod", "authentication", "assertionMethod", "service",
        "alsoKnownAs",
    ]

    /// Compares name, keys, thresholds and relationships by content, in any order, and services by their URLs: how those
    /// are written down, did:webs leaves open.
    /// - Throws: ``DIDError`` `mismatch`.
    func check(against derived: DIDDocument) throws(DIDError) {
        let name = derived.did.description
        func mismatch(_ member: String) -> DIDError {
            DIDError(.mismatch, "member \(member) of did.json is not what follows from the log")
        }
        if let unknown = content.labels.first(where: { !Self.members.contains($0) }) { throw mismatch(unknown) }
        guard let id = content["id"]?.textValue, Self.webs(id) == name else { throw mismatch("id") }
        if let controller = content["controller"] {
            guard let text = controller.textValue, Self.webs(text) == name else { throw mismatch("controller") }
        }
        for member in ["verificationMethod", "authentication", "assertionMethod"] {
            guard let published = content[member] else {
                // Some publishers leave the relationships out; the derived ones are what counts.
                if member == "verificationMethod" { throw mismatch(member) }
                continue
            }
            guard let mine = Self.canonical(derived.content[member], name), let other = Self.canonical(published, name),
                mine == other
            else { throw mismatch(member) }
        }
        guard Self.urls(in: content["service"]) == Self.urls(in: derived.content["service"]) else {
            throw mismatch("service")
        }
        if let aliases = content["alsoKnownAs"] {
            guard let list = aliases.listValue else { throw mismatch("alsoKnownAs") }
            for alias in list {
                // Further places are the controller's to name, but never another AID.
                guard let text = alias.textValue, text.hasSuffix(":\(derived.did.aid)") else {
                    throw mismatch("alsoKnownAs")
                }
            }
        }
    }

    /// A DID in its `did:webs` form with the port written as here.
    private static func webs(_ text: String) -> String {
        let text = text.replacing("%3a", with: "%3A")
        return text.hasPrefix("did:web:") ? "did:webs:" + text.dropFirst("did:web:".count) : text
    }

    /// The elements of a list in a form and order that content alone decides; nil when it is no list.
    private static func canonical(_ value: OrderedValue?, _ name: String) -> [[UInt8]]? {
        guard let list = value?.listValue else { return nil }
        var elements: [[UInt8]] = []
        for element in list {
            guard let bytes = try? CanonicalJSON.encode(plain(element, name)) else { return nil }
            elements.append(bytes)
        }
        return elements.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// The same with names of this DID written alike: `did:webs`, and references relative.
    private static func plain(_ value: OrderedValue, _ name: String) -> OrderedValue {
        switch value {
        case .text(let text):
            let text = webs(text)
            return .text(text.hasPrefix(name + "#") ? String(text.dropFirst(name.count)) : text)
        case .list(let list): return .list(list.map { plain($0, name) })
        case .map(let map):
            var result = OrderedMap()
            for member in map.members { result[member.label] = plain(member.value, name) }
            return .map(result)
        default: return value
        }
    }

    /// The URLs of services, wherever they stand in their endpoints; nil for anything but a list of services.
    private static func urls(in services: OrderedValue?) -> Set<String>? {
        guard let services else { return [] }
        guard let list = services.listValue else { return nil }
        var urls: Set<String> = []
        for service in list {
            guard let endpoint = service["serviceEndpoint"] else { return nil }
            var open = [endpoint]
            while let value = open.popLast() {
                switch value {
                case .text(let text): urls.insert(text)
                case .list(let list): open += list
                case .map(let map): open += map.members.map(\.value)
                default: return nil
                }
            }
        }
        return urls
    }
}
