// SPDX-License-Identifier: Apache-2.0

public import SPIFFE
internal import SPIREAPI

/// A token of this process, to be shown to one of its audiences. Whoever has it can use it: keep it out of logs.
public struct JWTSVIDDocument: Sendable, CustomStringConvertible, CustomReflectable {
    /// Whom the token names.
    public let id: SPIFFEID
    /// The token, for `Authorization: Bearer …`.
    public let token: String
    /// What the identity is for, where there are several; empty for none.
    public let hint: String

    /// Reads an answer; all of it or nothing.
    static func all(
        in message: Workload_JWTSVIDResponse, subject: SPIFFEID?, limits: WorkloadAPIClient.Limits
    ) throws(WorkloadAPIError) -> [JWTSVIDDocument] {
        guard !message.svids.isEmpty, message.svids.count <= limits.identities else {
            throw WorkloadAPIError(.malformed, "no token, or too many, in the answer")
        }
        var hints: Set<String> = []
        var documents: [JWTSVIDDocument] = []
        for element in message.svids {
            let token: UnverifiedJWTSVID
            do {
                token = try UnverifiedJWTSVID(parsing: element.svid)
            } catch {
                throw WorkloadAPIError(.malformed, error.description)
            }
            guard token.subject.description == element.spiffeID, subject == nil || subject == token.subject else {
                throw WorkloadAPIError(.malformed, "a token of \(token.subject) is given for another ID")
            }
            guard element.hint.isEmpty || hints.insert(element.hint).inserted else { continue }
            documents.append(JWTSVIDDocument(id: token.subject, token: element.svid, hint: element.hint))
        }
        return documents
    }

    /// Whom it names; not the token.
    public var description: String { "JWT-SVID of \(id)" }
    /// Not the token.
    public var customMirror: Mirror { Mirror(self, children: ["id": id.description, "hint": hint]) }
}
