// SPDX-License-Identifier: Apache-2.0

internal import NIOSSL
package import NodeAgent

/// The kubelet of the node. Facts (SPIFFE) 20.5.
package struct Kubelet: KubeletClient {
    /// How the kubelet proves that it is one.
    package enum Proof: Hashable, Sendable {
        /// By a certificate of an authority in a PEM file, for the host of the URL.
        case authority(file: String)
        /// Not at all; only at a loopback address, where nobody but the super user could take the place of a kubelet that
        /// runs.
        case none
    }

    /// Most bytes of a file with authorities, or a token.
    static let largestFile = 1 << 20

    private let place: KubeletPlace
    private let name: String?
    private let proof: Proof
    private let tokenFile: String?
    private let http: LocalHTTPClient
    private let threads: BlockingThreads
    private let patience: Duration
    private let places = CallPlaces(2)

    /// - Parameters:
    ///   - name: the name in the kubelet's certificate, where it is not the host of the URL: usually the node's.
    ///   - proof: whether it must prove itself; read anew for each request.
    ///   - tokenFile: the agent's service account token, read anew for each request and sent over TLS only.
    ///   - patience: how long one answer may take.
    /// - Throws: `AttestorError` for no proof beyond loopback, and for a name that is none.
    package init(
        at place: KubeletPlace, named name: String? = nil, proof: Proof, tokenFile: String?, clock: any AgentClock,
        threads: BlockingThreads, patience: Duration = .seconds(5)
    ) throws(AttestorError) {
        guard proof != .none || !place.isSecure || place.isLoopback else {
            throw AttestorError("a kubelet that proves nothing is asked at loopback addresses only")
        }
        guard name.map({ !$0.isEmpty && $0.utf8.allSatisfy(KubeletPlace.isNameByte) }) ?? true else {
            throw AttestorError("the kubelet's name is none")
        }
        self.place = place
        self.name = place.isSecure ? name : nil
        self.proof = proof
        self.tokenFile = place.isSecure ? tokenFile : nil
        self.threads = threads
        self.patience = patience
        http = LocalHTTPClient(clock: clock, places: self.name.map { [$0: place.host] } ?? [:])
    }

    /// Makes the requests; to be run beside the agent.
    package var connections: LocalHTTPClient { http }

    /// The answer to `GET /pods`.
    /// - Throws: `AttestorError`.
    package func pods() async throws -> [UInt8] {
        let answer: LocalHTTPClient.Answer
        do {
            answer = try await places.use {
                let (headers, tls) = try await threads.run { (try self.headers(), try self.tls()) }
                return try await http.get(
                    place.url(named: name) + "/pods", headers: headers, tls: tls,
                    limit: KubernetesAttestor.largestAnswer, within: patience)
            }
        } catch let error as AttestorError {
            throw error
        } catch {
            throw AttestorError("the kubelet at \(place) gives no answer: \(error)")
        }
        guard answer.status == 200 else { throw AttestorError("the kubelet at \(place) answers \(answer.status)") }
        return answer.body
    }

    private func headers() throws(AttestorError) -> [(name: String, value: String)] {
        guard let tokenFile else { return [] }
        let bytes = try OpenFile.contents(of: tokenFile, limit: Self.largestFile)
        guard let token = HeaderToken(bytes, longest: KubernetesTokenProof.largestToken) else {
            throw AttestorError("\(tokenFile) holds no token")
        }
        return [("Authorization", "Bearer \(token.text)")]
    }

    private func tls() throws(AttestorError) -> TLSConfiguration? {
        guard place.isSecure else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        switch proof {
        case .none: configuration.certificateVerification = .none
        case .authority(let file):
            let bytes = try OpenFile.contents(of: file, limit: Self.largestFile)
            guard let authorities = try? NIOSSLCertificate.fromPEMBytes(bytes), !authorities.isEmpty else {
                throw AttestorError("\(file) holds no certificates")
            }
            configuration.trustRoots = .certificates(authorities)
        }
        return configuration
    }
}
