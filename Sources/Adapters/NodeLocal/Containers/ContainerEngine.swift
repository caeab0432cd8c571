// SPDX-License-Identifier: Apache-2.0

internal import NodeAgent

/// Docker or Podman at its Unix socket: the Docker Engine API. Facts (SPIFFE) 20.5.
package struct ContainerEngine: ContainerEngineClient {
    private let socket: String
    private let http: LocalHTTPClient
    private let patience: Duration
    private let places = CallPlaces(8)

    /// - Parameters:
    ///   - socket: absolute path of the engine's socket. Whoever owns it is believed about every container.
    ///   - http: makes the requests.
    ///   - patience: how long one answer may take.
    package init(socket: String, http: LocalHTTPClient, patience: Duration = .seconds(5)) {
        self.socket = socket
        self.http = http
        self.patience = patience
    }

    /// The answer to `GET /containers/ID/json`; nil when the engine has no such container.
    /// - Throws: `AttestorError` for every other answer, and for none.
    package func inspect(_ containerID: String) async throws -> [UInt8]? {
        // The ID becomes part of a path.
        guard containerID.utf8.count == 64, containerID.utf8.allSatisfy(Self.isHexadecimal) else {
            throw AttestorError("a container ID of another form")
        }
        let url = LocalHTTPClient.url(ofSocket: socket, "/containers/\(containerID)/json")
        let answer: LocalHTTPClient.Answer
        do {
            answer = try await places.use {
                try await http.get(url, limit: DockerAttestor.largestAnswer, within: patience)
            }
        } catch {
            throw AttestorError("the container engine at \(socket) gives no answer: \(error)")
        }
        switch answer.status {
        case 200: return answer.body
        case 404: return nil
        default: throw AttestorError("the container engine at \(socket) answers \(answer.status)")
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
}
